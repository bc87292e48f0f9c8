"""Fixtures every test may use."""

import pytest
from hypothesis import settings

settings.register_profile("project", deadline=None, max_examples=50)
settings.load_profile("project")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
