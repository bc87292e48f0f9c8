"""A portal for the length of a test: everything a test needs to use it, spoil it and look into it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Final

from starlette.applications import Starlette

from hubspot_sandbox.app import create_app
from hubspot_sandbox.clock import VirtualClock
from hubspot_sandbox.doors.admin import credentials_of
from hubspot_sandbox.errors import JsonObject
from hubspot_sandbox.faults import Faults
from hubspot_sandbox.portal import Behaviour, Portal
from hubspot_sandbox.request_log import RequestLog
from hubspot_sandbox.serving import serve_in_thread

IN_PROCESS_URL: Final = "http://sandbox.test"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A portal in use. `url` is where it answers; in process, an address for an ASGI client to use with `app`."""

    app: Starlette
    url: str
    clock: VirtualClock

    @property
    def portal(self) -> Portal:
        """The account's state."""
        portal: Portal = self.app.state.portal
        return portal

    @property
    def credentials(self) -> JsonObject:
        """`client_id`, `client_secret`, `refresh_token`, `private_app_token` and the addresses they work at."""
        return credentials_of(self.portal, self.url)

    @property
    def access_token(self) -> str:
        """A fresh OAuth access token with every scope."""
        grant = self.portal.tokens.grants()[0]
        return self.portal.tokens.mint_access_token(grant, grant.scopes).token

    @property
    def faults(self) -> Faults:
        """What goes wrong."""
        return self.portal.faults

    @property
    def requests(self) -> RequestLog:
        """What was asked so far."""
        return self.portal.log

    def set_index_lag(self, low_s: float, high_s: float | None = None) -> None:
        """Let search see writes late."""
        span = (low_s, low_s if high_s is None else high_s)
        self.portal.behave(replace(self.portal.behaviour, search_index_lag_s=span))

    def set_quotas(self, **quotas: int) -> None:
        """Allow more or fewer calls; the names are those of `Quotas`."""
        behaviour = self.portal.behaviour
        self.portal.behave(replace(behaviour, quotas=replace(behaviour.quotas, **quotas)))


def build_sandbox(*, seed: int = 7, portal: str = "small", rate_limits: bool = True) -> Sandbox:
    """A portal in this process on a clock that stands still."""
    clock = VirtualClock()
    app = create_app(seed=seed, portal=portal, clock=clock, behaviour=Behaviour(rate_limits=rate_limits))
    return Sandbox(app, IN_PROCESS_URL, clock)


@contextmanager
def running(sandbox: Sandbox, *, in_process: bool = False) -> Iterator[Sandbox]:
    """The portal on a port, or still in process, until the context ends; then it is closed."""
    with ExitStack() as stack:
        stack.callback(sandbox.portal.store.close)
        if in_process:
            yield sandbox
        else:
            yield replace(sandbox, url=stack.enter_context(serve_in_thread(sandbox.app)))
