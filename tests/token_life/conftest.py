"""A small account on a port, on a clock that stands still until a test moves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from hubspot_sandbox import Behaviour, Portal, VirtualClock, create_app
from hubspot_sandbox.serving import serve_in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hubspot_sandbox.tokens import App


@dataclass(frozen=True)
class Sandbox:
    """A HubSpot account, and where it answers."""

    portal: Portal
    url: str
    clock: VirtualClock

    @property
    def app(self) -> App:
        return self.portal.tokens.apps()[0]

    @property
    def refresh_token(self) -> str:
        """The first refresh token that was ever granted, dead or alive."""
        return self.portal.tokens.grants()[0].refresh_token

    @property
    def refreshes(self) -> int:
        return self.portal.log.count("POST", "/oauth/token", 200)

    @property
    def now_s(self) -> float:
        return self.clock.now_ms() / 1000

    def variables(self) -> dict[str, str]:
        """What the command line reads."""
        return {
            "HUBSPOT_API_URL": self.url,
            "HUBSPOT_AUTHORIZE_URL": f"{self.url}/oauth/authorize",
            "HUBSPOT_CLIENT_ID": self.app.client_id,
            "HUBSPOT_CLIENT_SECRET": self.app.client_secret,
        }


@pytest.fixture(params=[True, False], ids=["rotating", "lasting"])
def rotates(request: pytest.FixtureRequest) -> bool:
    """Whether each refresh gives another refresh token and ends the old one."""
    return bool(request.param)


@pytest.fixture
def sandbox(rotates: bool) -> Iterator[Sandbox]:
    clock = VirtualClock()
    behaviour = Behaviour(rotate_refresh_tokens=rotates, auto_approve=True, rate_limits=False)
    app = create_app(portal="small", clock=clock, behaviour=behaviour)
    with serve_in_thread(app) as url:
        yield Sandbox(app.state.portal, url, clock)
