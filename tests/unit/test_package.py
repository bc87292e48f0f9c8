"""Importing the package and constructing a connector: what they load, and that they touch nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import airbyte_agent_hubspot
from airbyte_agent_hubspot import errors, filters, models, transports

if TYPE_CHECKING:
    from types import ModuleType

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
root = "airbyte_agent_hubspot."
ours = sorted(name.removeprefix(root) for name in sys.modules if name.startswith(root))
loaded = sorted({name.partition(".")[0] for name in set(sys.modules) - before})
print(json.dumps({"touched": touched, "loaded": loaded, "ours": ours, "threads": len(sys._current_frames())}))
"""


@pytest.fixture(scope="module")
def seen() -> dict[str, object]:
    """What a fresh interpreter does with the snippets of the front page, but for a call."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTHON"))}
    environment["PYTHONPATH"] = str(Path(airbyte_agent_hubspot.__file__).parents[1])
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


@pytest.mark.requirement("pure-import")
def test_records_and_the_catalog_are_loaded_when_they_are_first_used(seen: dict[str, object]) -> None:
    ours = seen["ours"]
    assert isinstance(ours, list)
    assert [name for name in ours if name.startswith(("_catalog", "params", "filters", "_reader", "_shape"))] == []
    assert [name for name in ours if name.startswith("models.")] == ["models.auth"]


@pytest.mark.parametrize("package", [airbyte_agent_hubspot, models, errors, filters, transports])
def test_the_public_names_are_sorted_and_there(package: ModuleType) -> None:
    names = package.__all__
    assert names == sorted(names)
    assert [name for name in names if not hasattr(package, name)] == []


def test_each_public_type_is_that_of_its_module() -> None:
    for name in models.__all__:
        kind = getattr(models, name)
        assert (kind.__name__, kind.__module__.rpartition(".")[0]) == (name, models.__name__)
        assert kind.__doc__


def test_what_is_not_a_model_is_said_as_python_says_it() -> None:
    with pytest.raises(AttributeError) as caught:
        models.Contakt  # noqa: B018
    assert str(caught.value) == "module 'airbyte_agent_hubspot.models' has no attribute 'Contakt'"
