"""One served portal for each test: clients change it. And what programs for Node.js need."""

from collections.abc import Iterator

import pytest

from conformance.node_programs import install_packages
from conformance.served import Served, served_portal


@pytest.fixture
def served() -> Iterator[Served]:
    with served_portal() as found:
        yield found


@pytest.fixture(scope="session")
def node_packages() -> None:
    install_packages()
