"""One served portal for each test: clients change it."""

from collections.abc import Iterator

import pytest

from conformance.served import Served, served_portal


@pytest.fixture
def served() -> Iterator[Served]:
    with served_portal() as found:
        yield found
