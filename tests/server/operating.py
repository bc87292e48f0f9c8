"""Runs `hubspot-agent` in this process, on a test's database."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
from typer.testing import CliRunner

from airbyte_agent_hubspot.cli._commands import app
from airbyte_agent_server.settings import Settings


@dataclass(frozen=True)
class Done:
    """How a command ended, what it printed, and what it said to people."""

    code: int
    printed: str
    said: str

    @property
    def json(self) -> Any:
        return json.loads(self.printed)


@dataclass(frozen=True)
class Operator:
    """Someone at the command line of a server. Its commands need no variables of HubSpot."""

    settings: Settings
    variables: Mapping[str, str] | None = None

    async def run(self, *arguments: str, text: str | None = None) -> Done:
        """Run a command, whatever comes of it."""
        variables = {
            "AGENT_SERVER_DATA_DIR": str(self.settings.data_dir),
            "AGENT_SERVER_DATABASE_URL": self.settings.database_url or "",
            "AGENT_SERVER_HUBSPOT_API_BASE_URL": "http://127.0.0.1:9",
            "HUBSPOT_CLIENT_ID": "",
            "HUBSPOT_CLIENT_SECRET": "",
            **(self.variables or {}),
        }

        def invoke() -> Done:
            result = CliRunner().invoke(app, arguments, input=text, env=variables, terminal_width=200)
            if result.exception is not None and not isinstance(result.exception, SystemExit):
                raise result.exception
            return Done(result.exit_code, result.stdout, result.stderr)

        return await anyio.to_thread.run_sync(invoke)

    async def get(self, *arguments: str) -> Any:
        """What a command that must succeed printed."""
        done = await self.run(*arguments)
        assert done.code == 0, done.said
        return done.json
