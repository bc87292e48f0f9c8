"""Fixtures every test may use."""

import pytest
from hypothesis import settings

from secret_scan import pytest_runtest_makereport  # noqa: F401  # the hook

settings.register_profile("project", deadline=None, max_examples=50)
settings.load_profile("project")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
