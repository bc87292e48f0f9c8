"""A sandbox on a port for clients that are not ours, and where they find it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hubspot_sandbox import Behaviour, Portal, create_app
from hubspot_sandbox.serving import serve_in_thread


@dataclass(frozen=True)
class Served:
    """A portal that listens: its address, its state, and a token that may do everything."""

    url: str
    portal: Portal
    token: str

    def kinds_of_calls(self) -> int:
        """How many different operations (method and route) were answered with a success."""
        counts = self.portal.log.counts()
        return len({(method, route) for method, route, status, _ in counts if route and 200 <= status < 300})


@contextmanager
def served_portal() -> Iterator[Served]:
    """The small portal on a free port, without rate limits."""
    app = create_app(portal="small", behaviour=Behaviour(rate_limits=False))
    portal: Portal = app.state.portal
    token = portal.tokens.mint_private_token(portal.tokens.apps()[0].scopes).token
    with serve_in_thread(app) as url:
        yield Served(url, portal, token)
