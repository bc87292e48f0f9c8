"""Importing the package and constructing a connector: what they load, and that they touch nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

import airbyte_agent_hubspot

SPY = """
import sys
touched = []
def spy(event, arguments):
    if event.startswith("socket.") or event == "_thread.start_new_thread":
        touched.append(event)
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & 0o1103:
        touched.append(f"open {arguments[0]} for writing")
    if event in ("os.mkdir", "os.rename", "os.remove", "subprocess.Popen", "os.system", "os.putenv"):
        touched.append(event)
sys.addaudithook(spy)
before = set(sys.modules)
from airbyte_agent_hubspot import HubspotConnector, HubspotPrivateAppAuthConfig
from airbyte_agent_hubspot.models import AirbyteAuthConfig, HubspotAuthConfig
HubspotConnector(auth_config=HubspotAuthConfig(client_id="i", client_secret="s", refresh_token="r", access_token="a"))
HubspotConnector(auth_config=HubspotPrivateAppAuthConfig(private_app_token="pat-1"))
HubspotConnector(auth_config=AirbyteAuthConfig(airbyte_client_id="i", airbyte_client_secret="s"))
connector = HubspotConnector(external_user_id="u", airbyte_client_id="i", airbyte_client_secret="s")
repr(connector)
import json
loaded = sorted({name.partition(".")[0] for name in set(sys.modules) - before})
print(json.dumps({"touched": touched, "loaded": loaded, "threads": len(sys._current_frames())}))
"""


@pytest.fixture(scope="module")
def seen() -> dict[str, object]:
    """What a fresh interpreter does with the snippets of the front page, but for a call."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTHON"))}
    finished = subprocess.run(  # noqa: S603 - our own interpreter, our own text
        [sys.executable, "-B", "-c", SPY], env=environment, capture_output=True, check=True, text=True
    )
    assert finished.stderr == ""
    found: dict[str, object] = json.loads(finished.stdout)
    return found


@pytest.mark.requirement("pure-import")
def test_importing_and_constructing_open_no_socket_write_no_file_and_start_no_thread(seen: dict[str, object]) -> None:
    assert (seen["touched"], seen["threads"]) == ([], 1)


@pytest.mark.requirement("pure-import")
def test_importing_and_constructing_load_nothing_heavy(seen: dict[str, object]) -> None:
    heavy = {"asyncio", "msgspec", "pyqwest", "ssl", "socket", "logging", "http", "urllib", "httpx2", "pydantic"}
    loaded = seen["loaded"]
    assert isinstance(loaded, list)
    assert heavy.intersection(loaded) == set()


def test_the_public_names_are_sorted_and_there() -> None:
    names = airbyte_agent_hubspot.__all__
    assert names == sorted(names)
    assert [name for name in names if not hasattr(airbyte_agent_hubspot, name)] == []
