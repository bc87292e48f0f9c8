"""What `make up` prints: addresses, credentials, and lines to paste."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

WORKSPACE: Final = "demo"
"""The workspace that the printed lines use."""

LAST_LINE: Final = "Ctrl-C stops both."
"""How the last line of the greeting begins."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """What `up.json` holds."""

    server_url: str
    sandbox_url: str
    organization_id: str
    airbyte_client_id: str
    airbyte_client_secret: str
    hubspot_client_id: str
    hubspot_client_secret: str
    hubspot_refresh_token: str
    pids: dict[str, int]


def variables(running: Running) -> str:
    """The values as a file for the shell: variables that the connector and the examples read."""
    values = {
        "AIRBYTE_API_URL": running.server_url,
        "AIRBYTE_CLIENT_ID": running.airbyte_client_id,
        "AIRBYTE_CLIENT_SECRET": running.airbyte_client_secret,
        "AIRBYTE_ORGANIZATION_ID": running.organization_id,
        "HUBSPOT_API_URL": running.sandbox_url,
        "HUBSPOT_CLIENT_ID": running.hubspot_client_id,
        "HUBSPOT_CLIENT_SECRET": running.hubspot_client_secret,
        "HUBSPOT_REFRESH_TOKEN": running.hubspot_refresh_token,
    }
    return "".join(f"export {name}={quote(value)}\n" for name, value in values.items())


def _python() -> str:
    """The interpreter as one would type it here."""
    from os.path import relpath  # noqa: PLC0415 - pathlib has no walk_up before 3.12

    path = relpath(sys.executable)
    return sys.executable if path.startswith("..") else path


def curl_lines(running: Running, connector_id: str) -> str:
    """A token, then a call: for bash and zsh."""
    return f"""\
TOKEN=$(curl -s {running.server_url}/api/v1/account/applications/token \\
  -H 'Content-Type: application/json' \\
  -d '{{"client_id": "{running.airbyte_client_id}", "client_secret": "{running.airbyte_client_secret}"}}' \\
  | sed -E 's/.*"access_token": ?"([^"]+)".*/\\1/')
curl -s -X POST {running.server_url}/api/v1/connectors/sources/{connector_id}/execute \\
  -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' \\
  -d '{{"entity": "contacts", "action": "list", "params": {{"limit": 3}}}}'"""


def hosted_lines(running: Running) -> str:
    """The same call from Python, through the server."""
    return _python_lines(
        f"""\
external_user_id="{WORKSPACE}",
        airbyte_client_id="{running.airbyte_client_id}",
        airbyte_client_secret="{running.airbyte_client_secret}",
        base_url="{running.server_url}","""
    )


def open_source_lines(running: Running) -> str:
    """The same call from Python, straight to the sandbox."""
    return _python_lines(
        f"""\
auth_config=HubspotAuthConfig(
            client_id="{running.hubspot_client_id}",
            client_secret="{running.hubspot_client_secret}",
            refresh_token="{running.hubspot_refresh_token}",
        ),
        base_url="{running.sandbox_url}",""",
        names="HubspotAuthConfig, HubspotConnector",
    )


def _python_lines(arguments: str, names: str = "HubspotConnector") -> str:
    return f"""\
{_python()} - <<'PY'
import asyncio
from airbyte_agent_hubspot import {names}

async def main():
    async with HubspotConnector(
        {arguments}
    ) as connector:
        for contact in await connector.contacts.list(limit=3):
            print(contact.id, contact.email)

asyncio.run(main())
PY"""


def greeting(running: Running, connector_id: str, *, run_dir: Path) -> str:
    """Everything a person needs after `make up`."""
    return f"""
Sandbox        {running.sandbox_url}  (a HubSpot portal on this machine)
Server         {running.server_url}  (hosted execution; {running.server_url}/openapi.json)

Organization   {running.organization_id}
  client id      {running.airbyte_client_id}
  client secret  {running.airbyte_client_secret}
HubSpot app    {running.hubspot_client_id}
  client secret  {running.hubspot_client_secret}
  refresh token  {running.hubspot_refresh_token}

For scripts: {run_dir}/up.json, and {run_dir}/up.env for the shell. Logs: {run_dir}/sandbox.log, {run_dir}/server.log.

Try it in another terminal, in this directory. The user "{WORKSPACE}" has a connector already.

Hosted execution, with curl:

{curl_lines(running, connector_id)}

Hosted execution, from Python:

{hosted_lines(running)}

Open source execution, without the server:

{open_source_lines(running)}

{LAST_LINE} What they know is kept for the next time.
"""
