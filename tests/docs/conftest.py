"""One `make up` for all tests of the documentation."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.made_up import MadeUp
from docs.pages import Shell


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MadeUp]:
    """A sandbox and a server that run for all of them."""
    with MadeUp(tmp_path_factory.mktemp("up") / "run") as made_up:
        yield made_up


@pytest.fixture(autouse=True)
def _no_variables_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("AIRBYTE_", "AGENT_SERVER_", "HUBSPOT_", "OPENAI_", "SDK_DEV_")):
            monkeypatch.delenv(name)


@pytest.fixture
def shell(tmp_path: Path, up: MadeUp) -> Shell:
    """A shell with the variables that `make up` offers."""
    return Shell(tmp_path, up.variables())
