"""Routes for machines that watch the server, and for people who look an error up."""

import asyncio
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.schema import HEAD, read_revision
from airbyte_agent_server.ports import SealBrokenError, Sealer
from airbyte_agent_server.problems import PROBLEM_TYPES, ProblemError, may_answer
from airbyte_agent_server.tokens.signing_keys import SigningKeys

_PROBE_OWNER = "server"
_NO_CACHE = {"cache-control": "no-cache"}
Check = Literal["ok", "failed"]


class Health(BaseModel):
    """Whether the process serves."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """Whether requests can be served, and what keeps them from it."""

    status: Literal["ok", "failed", "draining"]
    checks: dict[str, Check]


class PublicKey(BaseModel):
    """A key that tokens are verified with."""

    kty: str
    crv: str
    x: str
    y: str
    kid: str
    use: Literal["sig"]
    alg: str


class KeySet(BaseModel):
    """The keys that count now, and the next one."""

    keys: list[PublicKey]


class ProblemDescription(BaseModel):
    """What an error code means."""

    code: str
    status: int
    title: str
    remedy: str
    retryable: bool


class HealthRoutes:
    """Health, readiness, public keys, descriptions of errors."""

    def __init__(self, database: Database, sealer: Sealer, keys: SigningKeys, draining: asyncio.Event) -> None:
        self._draining = draining
        self._database = database
        self._sealer = sealer
        self._keys = keys

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        router.add_api_route("/healthz", self.health, methods=["GET"], response_model=Health)
        router.add_api_route(
            "/readyz", self.readiness, methods=["GET"], response_model=Readiness, responses={503: {"model": Readiness}}
        )
        router.add_api_route("/.well-known/jwks.json", self.public_keys, methods=["GET"], response_model=KeySet)
        router.add_api_route(
            "/problems/{code}", self.describe_problem, methods=["GET"], openapi_extra=may_answer("route_not_found")
        )

    async def health(self) -> Response:
        """Say that the process serves."""
        return JSONResponse(Health().model_dump(), headers=_NO_CACHE)

    async def readiness(self) -> Response:
        """Say whether requests can be served: database, migrations, keys."""
        checks = {
            **await self._database_checks(),
            "signing_key": _named(ok=bool(self._keys.public_keys())),
            "vault_key": _named(ok=await self._opens()),
        }
        ready = all(check == "ok" for check in checks.values()) and not self._draining.is_set()
        body = {"status": "draining" if self._draining.is_set() else "ok" if ready else "failed", "checks": checks}
        return JSONResponse(body, 200 if ready else 503, headers=_NO_CACHE)

    async def _database_checks(self) -> dict[str, Check]:
        try:
            async with self._database.read() as connection:
                revision = await connection.run_sync(read_revision)
        except ProblemError:
            return {"database": "failed", "migrations": "failed"}
        return {"database": "ok", "migrations": _named(ok=revision == HEAD)}

    async def _opens(self) -> bool:
        try:
            sealed = await self._sealer.seal(b"probe", owner=_PROBE_OWNER, identity="probe")
            return await self._sealer.open(sealed, identity="probe") == b"probe"
        except (SealBrokenError, ProblemError):
            return False

    async def public_keys(self) -> Response:
        """Show the keys that tokens are signed with."""
        await self._keys.refresh()
        return JSONResponse({"keys": self._keys.public_keys()}, headers={"cache-control": "max-age=300"})

    async def describe_problem(self, code: str) -> ProblemDescription:
        """Say what an error code means and what to do about it."""
        kind = PROBLEM_TYPES.get(code)
        if kind is None:
            raise ProblemError("route_not_found", f"There is no error code {code}: see /openapi.json.")
        return ProblemDescription(
            code=kind.code, status=kind.status, title=kind.title, remedy=kind.remedy, retryable=kind.retryable
        )


def _named(*, ok: bool) -> Check:
    return "ok" if ok else "failed"
