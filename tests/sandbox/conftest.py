"""A small portal on a clock that stands still, and clients with its credentials."""

import pytest
from starlette.applications import Starlette

from hubspot_sandbox import Behaviour, Portal, VirtualClock, create_app
from sandbox.asgi import Client


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def behaviour() -> Behaviour:
    return Behaviour()


@pytest.fixture
def app(clock: VirtualClock, behaviour: Behaviour) -> Starlette:
    return create_app(portal="small", clock=clock, behaviour=behaviour)


@pytest.fixture
def portal(app: Starlette) -> Portal:
    portal: Portal = app.state.portal
    return portal


@pytest.fixture
def anonymous(app: Starlette) -> Client:
    return Client(app)


@pytest.fixture
def client(app: Starlette, portal: Portal) -> Client:
    """A private app that may do everything."""
    return Client(app, portal.tokens.mint_private_token(portal.tokens.apps()[0].scopes).token)


@pytest.fixture
def oauth_client(app: Starlette, portal: Portal) -> Client:
    """An OAuth app that may do everything, with a fresh access token."""
    grant = portal.tokens.grants()[0]
    return Client(app, portal.tokens.mint_access_token(grant, grant.scopes).token)
