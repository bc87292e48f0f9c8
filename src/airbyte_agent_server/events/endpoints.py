"""Where organizations want webhooks sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import msgspec
from pydantic import SecretStr
from sqlalchemy import ColumnElement, Row, delete, func, insert, select, update

from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import webhook_deliveries, webhook_endpoints
from airbyte_agent_server.db.types import identity_of
from airbyte_agent_server.egress import Egress
from airbyte_agent_server.events.outbox import EventKind
from airbyte_agent_server.events.signature import LIVE_SECRETS, new_secret
from airbyte_agent_server.ports import Clock, IdSource, Sealer
from airbyte_agent_server.problems import ProblemError, field_problem

MAX_ENDPOINTS = 20


class DisabledBecause(StrEnum):
    """Why nothing is sent to an endpoint."""

    REQUEST = "request"
    FAILURES = "failures"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where webhooks go. No `kinds`: all."""

    id: str
    organization_id: str
    url: str
    description: str | None
    kinds: tuple[EventKind, ...] | None
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_because: DisabledBecause | None
    created_at: datetime
    updated_at: datetime
    sealed_secrets: bytes = field(repr=False)


class EndpointStore:
    """Keeps endpoints and their secrets."""

    def __init__(self, database: Database, sealer: Sealer, egress: Egress, *, clock: Clock, ids: IdSource) -> None:
        self._database = database
        self._sealer = sealer
        self._egress = egress
        self._clock = clock
        self._ids = ids

    async def create(
        self, organization_id: str, url: str, *, description: str | None, kinds: Sequence[EventKind] | None
    ) -> tuple[Endpoint, SecretStr]:
        """A new endpoint and its secret.

        Raises:
            ProblemError: `validation_error`: the URL cannot be used, or there are too many endpoints.
        """
        self._check(url)
        endpoint_id, secret, now = self._ids.new_id(), new_secret(self._ids), self._clock.now()
        row = {
            "id": endpoint_id,
            "organization_id": organization_id,
            "url": url,
            "description": description,
            "kinds": None if kinds is None else list(kinds),
            "sealed_secrets": await self._seal(organization_id, endpoint_id, [secret]),
            "created_at": now,
            "updated_at": now,
        }
        count = select(func.count()).where(webhook_endpoints.c.organization_id == organization_id)
        async with self._database.write() as connection:
            if (await connection.scalar(count) or 0) >= MAX_ENDPOINTS:
                raise field_problem(
                    "validation_error",
                    "url",
                    f"There are {MAX_ENDPOINTS} endpoints, the most there can be: delete one.",
                )
            await connection.execute(insert(webhook_endpoints).values(row))
        return await self.find(organization_id, endpoint_id), secret

    async def list(self, organization_id: str) -> list[Endpoint]:
        """The organization's endpoints, oldest first."""
        columns = webhook_endpoints.c
        query = (
            select(webhook_endpoints)
            .where(columns.organization_id == organization_id)
            .order_by(columns.created_at, columns.id)
        )
        async with self._database.read() as connection:
            return [_endpoint(row) for row in await connection.execute(query)]

    async def find(self, organization_id: str, endpoint_id: str) -> Endpoint:
        """One endpoint.

        Raises:
            ProblemError: `webhook_not_found`, for another organization's too.
        """
        query = select(webhook_endpoints).where(_is(organization_id, endpoint_id))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise not_found(endpoint_id)
        return _endpoint(row)

    async def change(self, endpoint: Endpoint, values: Mapping[str, object]) -> Endpoint:
        """Change some columns. Whatever was wrong with it counts no longer once it is enabled again.

        Raises:
            ProblemError: `validation_error`, `webhook_not_found`.
        """
        if isinstance(url := values.get("url"), str):
            self._check(url)
        await self._update(endpoint, {**values, "updated_at": self._clock.now()})
        return await self.find(endpoint.organization_id, endpoint.id)

    async def rotate(self, endpoint: Endpoint) -> SecretStr:
        """A new secret; the one before signs too, until the next rotation."""
        fresh = new_secret(self._ids)
        secrets = [fresh, *await self.secrets(endpoint)][:LIVE_SECRETS]
        sealed = await self._seal(endpoint.organization_id, endpoint.id, secrets)
        await self._update(endpoint, {"sealed_secrets": sealed, "updated_at": self._clock.now()})
        return fresh

    async def delete(self, endpoint: Endpoint) -> None:
        """Delete it with its deliveries."""
        async with self._database.write() as connection:
            await connection.execute(delete(webhook_deliveries).where(webhook_deliveries.c.endpoint_id == endpoint.id))
            await connection.execute(delete(webhook_endpoints).where(webhook_endpoints.c.id == endpoint.id))

    async def secrets(self, endpoint: Endpoint) -> Sequence[SecretStr]:
        """The secrets that sign, the newest first."""
        opened = await self._sealer.open(endpoint.sealed_secrets, identity=_identity(endpoint.id))
        return [SecretStr(text) for text in msgspec.json.decode(opened, type=list[str])]

    async def _seal(self, organization_id: str, endpoint_id: str, secrets: Sequence[SecretStr]) -> bytes:
        plaintext = msgspec.json.encode([secret.get_secret_value() for secret in secrets])
        return await self._sealer.seal(plaintext, owner=organization_id, identity=_identity(endpoint_id))

    async def _update(self, endpoint: Endpoint, values: Mapping[str, object]) -> None:
        changed = update(webhook_endpoints).where(_is(endpoint.organization_id, endpoint.id)).values(values)
        async with self._database.write() as connection:
            if (await connection.execute(changed)).rowcount == 0:
                raise not_found(endpoint.id)

    def _check(self, url: str) -> None:
        try:
            self._egress.check(url)
        except ValueError as error:
            raise field_problem("validation_error", "url", str(error)) from None


def not_found(endpoint_id: str) -> ProblemError:
    """The error for an endpoint that is not there."""
    return ProblemError("webhook_not_found", f"There is no webhook {endpoint_id}: list the organization's webhooks.")


def _is(organization_id: str, endpoint_id: str) -> ColumnElement[bool]:
    return (webhook_endpoints.c.id == endpoint_id) & (webhook_endpoints.c.organization_id == organization_id)


def _identity(endpoint_id: str) -> str:
    return identity_of(webhook_endpoints.c.sealed_secrets, id=endpoint_id)


def _endpoint(row: Row[tuple[object, ...]]) -> Endpoint:
    return Endpoint(
        row.id,
        row.organization_id,
        row.url,
        row.description,
        None if row.kinds is None else tuple(EventKind(kind) for kind in row.kinds),
        row.failing_since,
        row.disabled_at,
        None if row.disabled_because is None else DisabledBecause(row.disabled_because),
        row.created_at,
        row.updated_at,
        row.sealed_secrets,
    )
