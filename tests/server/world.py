"""A whole server in this process, with a clock that tests move, and a client to talk to it."""

import json
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from joserfc.jwk import ECKey

from airbyte_agent_hubspot._http import AsgiTransport, Transport
from airbyte_agent_hubspot._wire import HttpRequest, HttpResponse
from airbyte_agent_server.accounts.store import ClientPair
from airbyte_agent_server.admin import Administration
from airbyte_agent_server.app import Server, build_server
from airbyte_agent_server.openapi import build_document
from airbyte_agent_server.settings import Settings
from airbyte_agent_server.tokens.signing_keys import SigningKeys
from hubspot_sandbox import Portal, VirtualClock
from secret_scan import find_secrets
from server.documented import Documented

PUBLIC_URL = "http://127.0.0.1:8000"
HUBSPOT_URL = "http://hubspot.test"
CONNECTORS = "/api/v1/integrations/connectors"
START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class TestClock:
    """Stands still until it is told to move; HubSpot's moves with it."""

    __test__ = False

    def __init__(self) -> None:
        self.hubspot = VirtualClock(START)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.hubspot.now_ms() / 1000, UTC)

    def now_s(self) -> float:
        return self.hubspot.now_ms() / 1000

    def monotonic_s(self) -> float:
        return self.now_s()

    def advance(self, seconds: float) -> None:
        self.hubspot.advance(seconds)

    async def sleep(self, seconds: float) -> None:
        """Time passes at once."""
        self.advance(seconds)


class CountingIds:
    """Identifiers and randomness that are the same in every run."""

    def __init__(self, *, first: int = 0) -> None:
        self._count = first

    def new_id(self) -> str:
        self._count += 1
        return f"00000000-0000-4000-8000-{self._count:012d}"

    def random_bytes(self, count: int) -> bytes:
        self._count += 1
        return self._count.to_bytes(4, "big") + b"\x00" * (count - 4)


class Wiretap:
    """Hands requests on to HubSpot, remembers them, and can answer in HubSpot's place."""

    def __init__(self, hubspot: Transport) -> None:
        self._hubspot = hubspot
        self.seen: list[HttpRequest] = []
        self.answers: dict[str, HttpResponse | Exception] = {}
        """Path -> what to answer instead of HubSpot."""
        self.before: dict[str, Callable[[], Awaitable[object]]] = {}
        """Path -> what happens while HubSpot's answer is under way, once."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.seen.append(request)
        path = request.url.partition("://")[2].partition("/")[2].partition("?")[0]
        meanwhile = self.before.pop(f"/{path}", None)
        if meanwhile is not None:
            await meanwhile()
        answer = self.answers.get(f"/{path}")
        if isinstance(answer, Exception):
            raise answer
        return answer if answer is not None else await self._hubspot.send(request)

    async def close(self) -> None:
        await self._hubspot.close()

    def count(self, path: str) -> int:
        """How often HubSpot was asked for `path`."""
        return sum(path in request.url for request in self.seen)


@cache
def documented() -> Documented:
    """What a server tells of itself; the same for all."""
    return Documented(build_document(build_server(Settings(database_url="sqlite:///:memory:")).app))


@dataclass(frozen=True)
class Answer:
    """An answer of the server. `json` is what its body decodes to."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a problem."""
        assert self.headers["content-type"] == "application/problem+json"
        code: str = self.json["code"]
        return code


class Client:
    """Sends requests to an application in this process. With `documented`, every answer is held against it."""

    def __init__(self, app: Any, documented: Documented | None = None) -> None:
        self._transport = AsgiTransport(app)
        self._documented = documented

    async def call(
        self,
        method: str,
        path: str,
        json_body: object = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        sent = dict(headers or {})
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        if json_body is not None:
            body = json.dumps(json_body).encode()
            sent.setdefault("content-type", "application/json")
        url = path if path.startswith("http") else PUBLIC_URL + path
        answer = await self._transport.send(HttpRequest(method, url, sent, body))
        if self._documented is not None:
            self._documented.check(method, urlsplit(url).path, answer.status, answer.headers, answer.body)
        if answer.headers.get("content-type") == "application/problem+json":
            assert find_secrets([answer.body.decode()]) == [], "An error shows a secret."
        return Answer(answer.status, answer.headers, answer.body)

    async def get(self, path: str, *, token: str | None = None, **options: Any) -> Answer:
        return await self.call("GET", path, token=token, **options)

    async def post(self, path: str, json_body: object = None, *, token: str | None = None, **options: Any) -> Answer:
        return await self.call("POST", path, json_body, token=token, **options)

    async def put(self, path: str, json_body: object = None, *, token: str | None = None, **options: Any) -> Answer:
        return await self.call("PUT", path, json_body, token=token, **options)

    async def delete(self, path: str, *, token: str | None = None, **options: Any) -> Answer:
        return await self.call("DELETE", path, token=token, **options)


@dataclass(frozen=True)
class World:
    """A started server with one organization."""

    settings: Settings
    clock: TestClock
    server: Server
    client: Client
    portal: Portal
    hubspot: Wiretap
    pair: ClientPair

    @property
    def refresh_token(self) -> str:
        """A live refresh token of the server's own OAuth app."""
        return self.portal.tokens.grants()[0].refresh_token

    async def application_token(self, pair: ClientPair | None = None) -> str:
        """A token of the organization."""
        pair = pair or self.pair
        body = {"client_id": pair.client_id, "client_secret": pair.client_secret.get_secret_value()}
        answer = await self.client.post("/api/v1/account/applications/token", body)
        assert answer.status == 200, answer.body
        token: str = answer.json["access_token"]
        return token

    async def scoped_token(self, workspace_name: str = "user-123", **fields: object) -> str:
        """A token of one workspace."""
        answer = await self.client.post(
            "/api/v1/account/applications/scoped-token",
            {"workspace_name": workspace_name, **fields},
            token=await self.application_token(),
        )
        assert answer.status == 200, answer.body
        token: str = answer.json["token"]
        return token

    async def widget_token(
        self, workspace_name: str = "user-123", *, allowed_origin: str = "https://yourapp.com", **fields: object
    ) -> str:
        """A token for pages of one origin."""
        answer = await self.client.post(
            "/api/v1/account/applications/widget-token",
            {"workspace_name": workspace_name, "allowed_origin": allowed_origin, **fields},
            token=await self.application_token(),
        )
        assert answer.status == 200, answer.body
        token: str = json.loads(b64decode(answer.json["token"], validate=True))["token"]
        return token

    async def create_connector(self, token: str, **fields: object) -> str:
        """The id of a connector made from the refresh token."""
        body = {"connector_type": "Hubspot", "credentials": {"refresh_token": self.refresh_token}, **fields}
        answer = await self.client.post(CONNECTORS, body, token=token)
        assert answer.status == 200, answer.body
        connector_id: str = answer.json["id"]
        return connector_id

    async def execute(
        self, token: str, connector_id: str, entity: str, action: str, params: object = None, **fields: object
    ) -> Answer:
        """The answer to one call."""
        body = {"entity": entity, "action": action, "params": params, **fields}
        return await self.client.post(f"{CONNECTORS}/{connector_id}/execute", body, token=token)

    async def execute_keyed(
        self, token: str, connector_id: str, key: str, entity: str, action: str, params: object = None
    ) -> Answer:
        """The answer to one call under an idempotency key."""
        body = {"entity": entity, "action": action, "params": params}
        headers = {"idempotency-key": key}
        return await self.client.post(f"{CONNECTORS}/{connector_id}/execute", body, token=token, headers=headers)

    async def consent(self, consent_url: str) -> str:
        """Where HubSpot sends the browser of a user who consents."""
        answer = await self.hubspot.send(HttpRequest("GET", consent_url))
        assert answer.status == 302, answer.body
        return answer.headers["location"]

    async def signing_key(self) -> ECKey:
        """The private key that the server signs with, from its database."""
        core = self.server.core
        keys = SigningKeys(core.database, core.sealer, clock=core.clock)
        await keys.load()
        return keys.signing_key().private


async def other_organization(world: World) -> ClientPair:
    """A second organization on the same server, and its client pair."""
    ids = CountingIds(first=1_000_000)
    return await Administration(world.settings, world.clock, ids).create_organization("Other", redirect_origins=[])
