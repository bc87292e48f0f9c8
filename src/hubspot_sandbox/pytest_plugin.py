"""Fixtures for tests of agents: a HubSpot portal per test.

`hubspot_sandbox`      on a port of this machine; in process with the mark below
`hubspot_sandbox_app`  the ASGI app of the same portal

    @pytest.mark.hubspot_sandbox(portal="default", seed=3, rate_limits=False, in_process=True)

pytest imports this module at every start, so it imports nothing itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.applications import Starlette

    from hubspot_sandbox.testing import Sandbox


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line(
        "markers",
        "hubspot_sandbox(portal='small', seed=7, rate_limits=True, in_process=False): which portal a test gets",
    )


@pytest.fixture
def hubspot_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A HubSpot portal for one test: url, credentials, portal, faults, clock, requests."""
    from hubspot_sandbox.testing import build_sandbox, running  # noqa: PLC0415 - see the module's docstring

    mark = request.node.get_closest_marker("hubspot_sandbox")
    wanted = dict(mark.kwargs) if mark else {}
    in_process = wanted.pop("in_process", False)
    with running(build_sandbox(**wanted), in_process=in_process) as sandbox:
        yield sandbox


@pytest.fixture
def hubspot_sandbox_app(hubspot_sandbox: Sandbox) -> Starlette:
    """The ASGI app of the test's portal."""
    return hubspot_sandbox.app
