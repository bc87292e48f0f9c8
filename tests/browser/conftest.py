"""A server, HubSpot's stand-in and an application's page on ports, and a browser."""

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import create_server, socket
from typing import Any

import pytest
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from airbyte_agent_server.admin import Administration
from airbyte_agent_server.app import build_server
from airbyte_agent_server.ports import RandomIds, SystemClock
from airbyte_agent_server.settings import Settings
from browser.chromium import EXECUTABLE, Browser, running_chromium
from hubspot_sandbox import Behaviour
from hubspot_sandbox import create_app as create_sandbox
from server.world import Client

APPLICATION = """<!doctype html><title>Application</title><iframe src="{widget}" width="600" height="500"></iframe>
<script>
  const heard = [], waiting = [];
  addEventListener("message", (event) => {{
    if (event.origin !== "{server}") return;
    if (event.data === "auth_token_request") event.source.postMessage({{ scopedAuthToken: "{token}" }}, event.origin);
    else {{ heard.push(event.data); waiting.splice(0).forEach((wake) => wake()); }}
  }});
  const nth = async (n) => {{
    while (heard.length < n) await new Promise((wake) => waiting.push(wake));
    return heard[n - 1];
  }};
</script>"""


@dataclass
class Site:
    """Everything a browser meets, and the client of an organization."""

    server: str
    application: str
    client: Client
    pair: dict[str, str]
    frame: dict[str, str] = field(default_factory=dict)
    """What the application's page puts into its frame: `widget`, `server`, `token`."""

    async def post(self, path: str, body: object, token: str | None = None) -> Any:
        """The decoded answer of the server."""
        answer = await self.client.post(f"{self.server}/api/v1{path}", body, token=token)
        assert answer.status == 200, answer.body
        return answer.json

    async def get(self, path: str, token: str) -> Any:
        """The decoded answer of the server."""
        answer = await self.client.get(f"{self.server}/api/v1{path}", token=token)
        assert answer.status == 200, answer.body
        return answer.json

    async def application_token(self) -> str:
        """A token of the organization."""
        token: str = (await self.post("/applications/token", self.pair))["access_token"]
        return token

    async def widget_token(self) -> dict[str, str]:
        """`token`, `widgetUrl` and, as it was handed out, `envelope`."""
        body = {"workspace_name": "user-123", "allowed_origin": self.application}
        envelope = (await self.post("/embedded/widget-token", body, await self.application_token()))["token"]
        carried: dict[str, str] = json.loads(b64decode(envelope))
        return {**carried, "envelope": envelope}


@asynccontextmanager
async def serving(app: Any, listener: socket) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        await task
        listener.close()


def url_of(listener: socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A server with its OAuth app at HubSpot's stand-in, whose user consents at once."""
    own, hubspot, application = (create_server(("127.0.0.1", 0)) for _ in range(3))
    sandbox = create_sandbox(portal="small", behaviour=Behaviour(auto_approve=True, rate_limits=False))
    app = sandbox.state.portal.tokens.apps()[0]
    settings = Settings(
        public_url=url_of(own),
        data_dir=tmp_path / "data",
        hubspot_api_base_url=url_of(hubspot),
        hubspot_authorize_url=f"{url_of(hubspot)}/oauth/authorize",
        hubspot_client_id=app.client_id,
        hubspot_client_secret=SecretStr(app.client_secret),
    )
    pair = await Administration(settings, SystemClock(), RandomIds()).create_organization("Acme", redirect_origins=[])
    server = build_server(settings)
    await server.start()
    secret = pair.client_secret.get_secret_value()
    site = Site(
        url_of(own), url_of(application), Client(server.app), {"client_id": pair.client_id, "client_secret": secret}
    )

    async def page(_request: Request) -> Response:
        return HTMLResponse(APPLICATION.format(**site.frame))

    async with AsyncExitStack() as stack:
        for served, listener in (
            (sandbox, hubspot),
            (server.app, own),
            (Starlette(routes=[Route("/", page)]), application),
        ):
            await stack.enter_async_context(serving(served, listener))
        yield site
    await server.stop()


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    """A fresh browser."""
    if not EXECUTABLE:
        pytest.skip("there is no Chromium on this machine")
    async with running_chromium(tmp_path / "profile") as running:
        yield running
