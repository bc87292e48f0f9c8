"""The page of errors: each row is a mistake that was made for it, against a running sandbox and server."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airbyte_agent_hubspot import ConnectorError, HubspotAuthConfig, HubspotConnector, errors
from greeting import WORKSPACE
from services import call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from airbyte_agent_hubspot.models import Result
    from greeting import Running

_SERVER: Final = "http://127.0.0.1:8000"
_SANDBOX: Final = "http://127.0.0.1:8100"
_STOPPED: Final = "http://127.0.0.1:9"
"""Nobody listens on the port of the discard service."""
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_INTRO = """\
# Errors

Every error is a `ConnectorError` with a text that says what to do, a stable `code`, and where it helps `errors` (one
entry for each field), `upstream` (what HubSpot answered) and `retry_after_s`. Classes and codes are the same in open
source and hosted execution.

`make pages` writes this page: it makes each mistake below and notes what comes. The tests make them again.

| What was wrong | Class | `code` | Text |
|---|---|---|---|
"""
_TREE = """
## All classes

```text
{tree}
```

Codes of the server that have no class of their own come as the class of their status. `GET /problems/{{code}}` on the
server describes each.
"""


@dataclass(frozen=True)
class Mistakes:
    """What a user may get wrong, each as a call that raises."""

    running: Running

    def all(self) -> Mapping[str, Callable[[], Awaitable[object]]]:
        """In the order of the page."""
        return {
            "No arguments at all": self._no_arguments,
            "No refresh token": self._no_refresh_token,
            "Client id without its secret": self._half_a_pair,
            "An address that would send secrets in the clear": self._insecure_address,
            "A misspelt parameter": lambda: self._local("contacts", "list", {"limits": 3}),
            "An unknown entity": lambda: self._local("contact", "list"),
            "An unknown action": lambda: self._local("contacts", "lists"),
            "A parameter of the wrong type": lambda: self._local("contacts", "list", {"limit": "three"}),
            "A parameter out of range": lambda: self._local("contacts", "list", {"limit": 500}),
            "A required parameter left out": lambda: self._local("contacts", "get"),
            "A record that does not exist": lambda: self._local("contacts", "get", {"contactId": "1"}),
            "A filter on a property that does not exist": lambda: self._local("contacts", "api_search", _BAD_FILTER),
            "A tool that is not async": self._sync_tool,
            "An expired access token, and no client id and secret": self._expired_token,
            "A dead refresh token": self._dead_refresh_token,
            "A wrong client secret": self._wrong_client_secret,
            "A scope that the account did not grant": self._missing_scope,
            "HubSpot cannot be reached": self._stopped_hubspot,
            "The server cannot be reached": self._stopped_server,
            "A wrong client secret of the server": self._wrong_server_secret,
            "A server token that has expired": self._expired_server_token,
            "A user without a HubSpot connector": self._no_connector,
            "A user with several": self._two_connectors,
            "A call after `close()`": self._closed,
        }

    def _config(self, refresh_token: str | None = None, client_secret: str | None = None) -> HubspotAuthConfig:
        return HubspotAuthConfig(
            client_id=self.running.hubspot_client_id,
            client_secret=client_secret or self.running.hubspot_client_secret,
            refresh_token=refresh_token or self.running.hubspot_refresh_token,
        )

    async def _local(
        self,
        entity: str,
        action: str,
        params: Mapping[str, object] | None = None,
        config: HubspotAuthConfig | None = None,
        base_url: str | None = None,
    ) -> Result:
        address = base_url or self.running.sandbox_url
        async with HubspotConnector(auth_config=config or self._config(), base_url=address) as connector:
            return await connector.execute(entity, action, params)

    async def _hosted(
        self, *, user: str = WORKSPACE, client_secret: str | None = None, base_url: str | None = None
    ) -> Result:
        async with HubspotConnector(
            external_user_id=user,
            airbyte_client_id=self.running.airbyte_client_id,
            airbyte_client_secret=client_secret or self.running.airbyte_client_secret,
            base_url=base_url or self.running.server_url,
        ) as connector:
            return await connector.execute("contacts", "list")

    async def _no_arguments(self) -> object:
        return HubspotConnector()

    async def _no_refresh_token(self) -> object:
        return HubspotConnector(auth_config=HubspotAuthConfig(client_id="...", client_secret="..."))

    async def _half_a_pair(self) -> object:
        return HubspotAuthConfig(client_id="...", refresh_token="...")

    async def _insecure_address(self) -> object:
        return HubspotConnector(auth_config=self._config(), base_url="http://hubspot.example.com")

    async def _sync_tool(self) -> object:
        def hubspot_execute() -> Awaitable[object]:
            raise AssertionError

        return HubspotConnector.tool_utils(hubspot_execute)

    async def _expired_token(self) -> object:
        return await self._local("contacts", "list", config=HubspotAuthConfig(refresh_token="...", access_token="..."))

    async def _dead_refresh_token(self) -> object:
        return await self._local("contacts", "list", config=self._config(refresh_token="no longer valid"))

    async def _wrong_client_secret(self) -> object:
        return await self._local("contacts", "list", config=self._config(client_secret="wrong"))

    async def _missing_scope(self) -> object:
        body = {"scopes": ["oauth", "crm.objects.contacts.read"]}
        granted = call("POST", f"{self.running.sandbox_url}/_sandbox/refresh-tokens", body=body)
        return await self._local("deals", "list", config=self._config(str(granted["refresh_token"])))

    async def _stopped_hubspot(self) -> object:
        return await self._local("contacts", "list", base_url=_STOPPED)

    async def _stopped_server(self) -> object:
        return await self._hosted(base_url=_STOPPED)

    async def _wrong_server_secret(self) -> object:
        return await self._hosted(client_secret="wrong")

    async def _expired_server_token(self) -> object:
        async with HubspotConnector(airbyte_token="...", base_url=self.running.server_url) as connector:
            return await connector.execute("contacts", "list")

    async def _no_connector(self) -> object:
        return await self._hosted(user="nobody")

    async def _two_connectors(self) -> object:
        user = "twice"
        pair = {"client_id": self.running.airbyte_client_id, "client_secret": self.running.airbyte_client_secret}
        answer = call("POST", f"{self.running.server_url}/api/v1/account/applications/token", body=pair)
        for name in ("Sales", "Support"):
            body = {
                "external_user_id": user,
                "connector_type": "Hubspot",
                "name": name,
                "credentials": {"refresh_token": self.running.hubspot_refresh_token},
            }
            connectors = f"{self.running.server_url}/v1/integrations/connectors"
            call("POST", connectors, body=body, token=str(answer["access_token"]))
        return await self._hosted(user=user)

    async def _closed(self) -> object:
        connector = HubspotConnector(auth_config=self._config())
        await connector.close()
        return await connector.execute("contacts", "list")


_BAD_FILTER: Final = {"filterGroups": [{"filters": [{"propertyName": "colour", "operator": "EQ", "value": "red"}]}]}


async def render_errors(running: Running) -> str:
    """The page."""
    made = (_row(what, mistake, running) for what, mistake in Mistakes(running).all().items())
    rows = await asyncio.gather(*made)
    tree = (errors.__doc__ or "").split("```")[1].strip()
    return _INTRO + "\n".join(rows) + "\n" + _TREE.format(tree=tree)


async def _row(what: str, mistake: Callable[[], Awaitable[object]], running: Running) -> str:
    try:
        await mistake()
    except ConnectorError as error:
        text = error.message.replace(running.server_url, _SERVER).replace(running.sandbox_url, _SANDBOX)
        text = text.replace(_STOPPED, _SANDBOX if "HubSpot could" in text else _SERVER)
        shown_ids = iter(("3f1c...", "8e2a..."))
        text = _UUID.sub(lambda _: next(shown_ids), text)
        cell = text.replace("|", "\\|").replace("<", "&lt;")
        return f"| {what} | `{type(error).__name__}` | `{error.code}` | {cell} |"
    raise AssertionError(f"{what}: no error was raised")
