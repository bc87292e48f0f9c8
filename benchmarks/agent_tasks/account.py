"""An account of the sandbox with a connector to it, locally or through a server."""

from __future__ import annotations

import json
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot._http import AsgiTransport
from airbyte_agent_hubspot._wire import HttpRequest
from airbyte_agent_hubspot.models import HubspotAuthConfig
from hubspot_sandbox import Behaviour, VirtualClock, create_app

from ..virtual_time import PassingTime

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from starlette.applications import Starlette

    from hubspot_sandbox import Portal
    from hubspot_sandbox.tokens import App, Grant

    Json = dict[str, object]

_HUBSPOT: Final = "https://hubspot.test"
_SERVER: Final = "https://agents.test"
_API: Final = "/api/v1/account/applications"
_CONNECTORS: Final = "/api/v1/integrations/connectors"
_WORKSPACE: Final = "agent-tasks"


@dataclass(frozen=True)
class Account:
    """The account's state, the connector that is under test, and a way in that has nothing to do with it."""

    app: Starlette
    connector: HubspotConnector

    @property
    def portal(self) -> Portal:
        """What the account holds."""
        portal: Portal = self.app.state.portal
        return portal

    async def send(self, method: str, path: str, body: object = None) -> Json:
        """What HubSpot answers to one request: for what a task needs before it begins.

        Raises:
            RuntimeError: HubSpot refuses it.
        """
        token = next(token for token in self.portal.tokens.access_tokens() if token.expires_at_ms is None)
        return await _send(AsgiTransport(self.app), method, _HUBSPOT + path, body, token.token)


@asynccontextmanager
async def open_account(portal: str, *, without: Collection[str] = (), hosted: bool = False) -> AsyncIterator[Account]:
    """A fresh account. The connector lacks the scopes in `without`; its time passes when somebody waits."""
    clock = VirtualClock()
    app = create_app(portal=portal, clock=clock, behaviour=Behaviour())
    state: Portal = app.state.portal
    oauth = state.tokens.apps()[0]
    kept = [scope for scope in oauth.scopes if scope not in without]
    grant = state.tokens.mint_refresh_token(oauth, kept) if without else state.tokens.grants()[0]
    time = PassingTime(clock)
    try:
        if hosted:
            async with _hosted(app, time, oauth, grant) as connector:
                yield Account(app, connector)
        else:
            config = HubspotAuthConfig(
                client_id=oauth.client_id, client_secret=oauth.client_secret, refresh_token=grant.refresh_token
            )
            transport = AsgiTransport(app)
            async with HubspotConnector(
                auth_config=config, base_url=_HUBSPOT, transport=transport, clock=time
            ) as connector:
                yield Account(app, connector)
    finally:
        state.store.close()


@asynccontextmanager
async def _hosted(app: Starlette, time: PassingTime, oauth: App, grant: Grant) -> AsyncIterator[HubspotConnector]:
    """A connector through a server of its own, where the account is connected."""
    from pydantic import SecretStr  # noqa: PLC0415 - the server is heavy, and most runs do without

    from airbyte_agent_server.admin import Administration  # noqa: PLC0415
    from airbyte_agent_server.app import build_server  # noqa: PLC0415
    from airbyte_agent_server.ports import RandomIds  # noqa: PLC0415
    from airbyte_agent_server.settings import Settings  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            public_url=_SERVER,
            data_dir=Path(folder),
            organization_rate_limit=0,
            workspace_rate_limit=0,
            hubspot_api_base_url=_HUBSPOT,
            hubspot_authorize_url=f"{_HUBSPOT}/oauth/authorize",
            hubspot_client_id=oauth.client_id,
            hubspot_client_secret=SecretStr(oauth.client_secret),
        )
        pair = await Administration(settings, time, RandomIds()).create_organization("Tasks", redirect_origins=[])
        server = build_server(settings, clock=time, ids=RandomIds(), upstream=AsgiTransport(app))
        await server.start()
        try:
            client_secret = pair.client_secret.get_secret_value()
            await _connect(AsgiTransport(server.app), pair.client_id, client_secret, grant.refresh_token)
            async with HubspotConnector(
                external_user_id=_WORKSPACE,
                airbyte_client_id=pair.client_id,
                airbyte_client_secret=client_secret,
                base_url=_SERVER,
                transport=AsgiTransport(server.app),
            ) as connector:
                yield connector
        finally:
            await server.stop()


async def _connect(server: AsgiTransport, client_id: str, client_secret: str, refresh_token: str) -> None:
    body: Json = {"client_id": client_id, "client_secret": client_secret}
    application = await _send(server, "POST", f"{_SERVER}{_API}/token", body)
    scoped = await _send(
        server,
        "POST",
        f"{_SERVER}{_API}/scoped-token",
        {"workspace_name": _WORKSPACE},
        str(application["access_token"]),
    )
    connector: Json = {"connector_type": "Hubspot", "credentials": {"refresh_token": refresh_token}}
    await _send(server, "POST", _SERVER + _CONNECTORS, connector, str(scoped["token"]))


async def _send(transport: AsgiTransport, method: str, url: str, body: object, token: str = "") -> Json:
    headers = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
    sent = None if body is None else json.dumps(body).encode()
    answer = await transport.send(HttpRequest(method, url, headers, sent))
    if answer.status >= 300:
        raise RuntimeError(f"{method} {url}: {answer.status} {answer.body.decode()}")
    found: Json = json.loads(answer.body) if answer.body else {}
    return found
