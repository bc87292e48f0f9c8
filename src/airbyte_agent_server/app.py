"""The composition root: everything the server is made of, put together once."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route

from airbyte_agent_hubspot._http import PyqwestTransport, Transport
from airbyte_agent_hubspot._retry import Retrier
from airbyte_agent_server.accounts.store import AccountStore
from airbyte_agent_server.connectors.apps import OAuthApps
from airbyte_agent_server.connectors.grants import GrantStore
from airbyte_agent_server.connectors.routes import ConnectorRoutes
from airbyte_agent_server.connectors.service import ConnectorService
from airbyte_agent_server.connectors.store import ConnectorStore
from airbyte_agent_server.connectors.validation import CredentialValidator
from airbyte_agent_server.db.engine import Database, open_database
from airbyte_agent_server.db.schema import migrate
from airbyte_agent_server.execute.keyed import KeyedWrites
from airbyte_agent_server.execute.routes import build_execute_route
from airbyte_agent_server.execute.service import ExecuteLimits, ExecuteService
from airbyte_agent_server.health import HealthRoutes
from airbyte_agent_server.hubspot import HubspotOAuth, OAuthApp
from airbyte_agent_server.idempotency.store import IdempotencyStore
from airbyte_agent_server.oauth.broker import BrokerParts, OAuthBroker
from airbyte_agent_server.oauth.routes import OAuthRoutes
from airbyte_agent_server.oauth.states import StateStore
from airbyte_agent_server.openapi import add_document_route
from airbyte_agent_server.ports import Clock, IdSource, RandomIds, SystemClock
from airbyte_agent_server.settings import Settings
from airbyte_agent_server.tokens.access import ACCESS
from airbyte_agent_server.tokens.bearer import Gate
from airbyte_agent_server.tokens.routes import TokenRoutes
from airbyte_agent_server.tokens.service import TokenService
from airbyte_agent_server.tokens.signer import TokenSigner
from airbyte_agent_server.tokens.signing_keys import SigningKeys
from airbyte_agent_server.tokens.tenant import Tenants
from airbyte_agent_server.vault.master_key import MasterKey, read_master_key
from airbyte_agent_server.vault.refresh import TokenRefresher
from airbyte_agent_server.vault.sealer import EnvelopeSealer
from airbyte_agent_server.vault.store import SecretStore
from airbyte_agent_server.wire.canonical import CanonicalRequests
from airbyte_agent_server.wire.entrance import Entrance, raise_http_problem, raise_validation_problem


def create_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    ids: IdSource | None = None,
    upstream: Transport | None = None,
) -> FastAPI:
    """The server as an ASGI application; its lifespan starts and stops it. `upstream` is how HubSpot is reached."""
    return build_server(settings, clock=clock, ids=ids, upstream=upstream).app


class Server:
    """Everything alive. `start` and `stop` may be called more than once."""

    def __init__(self, app: FastAPI, core: "Core") -> None:
        self.app = app
        self.core = core
        self._started = False

    async def start(self) -> None:
        """Bring the database up to date and open the vault.

        Raises:
            SchemaError: the database was made by a newer server.
            MasterKeyError: the master key is missing or does not open the database.
        """
        if not self._started:
            await migrate(self.core.database)
            await self.core.sealer.unlock()
            await self.core.keys.load()
            self._started = True

    async def stop(self) -> None:
        """Let refreshes that are under way finish, then close all connections."""
        self._started = False
        await self.core.refresher.close()
        await self.core.retrier.close()
        await self.core.database.close()


@dataclass(frozen=True, slots=True)
class Core:
    """The parts that several features share."""

    settings: Settings
    clock: Clock
    ids: IdSource
    database: Database
    accounts: AccountStore
    sealer: EnvelopeSealer
    keys: SigningKeys
    secrets: SecretStore
    retrier: Retrier
    oauth: HubspotOAuth
    apps: OAuthApps
    refresher: TokenRefresher


def build_core(settings: Settings, *, clock: Clock, ids: IdSource, upstream: Transport) -> Core:
    """The shared parts. Nothing is opened yet."""

    def read_key(fresh: bool) -> MasterKey:  # noqa: FBT001  # the shape of ReadMasterKey
        return read_master_key(settings.master_key, settings.data_dir, ids=ids, fresh=fresh)

    if settings.database_url is None:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = open_database(settings.effective_database_url)
    sealer = EnvelopeSealer(database, read_key, clock=clock, ids=ids)
    secrets = SecretStore(database, sealer, clock=clock)
    retrier = Retrier(upstream, clock=clock)
    oauth = HubspotOAuth(retrier, settings.hubspot_api_base_url, settings.hubspot_token_path, clock)
    own_app = None
    if settings.hubspot_client_id is not None and settings.hubspot_client_secret is not None:
        own_app = OAuthApp(settings.hubspot_client_id, settings.hubspot_client_secret)
    apps = OAuthApps(own_app)
    return Core(
        settings=settings,
        clock=clock,
        ids=ids,
        database=database,
        accounts=AccountStore(database, clock=clock, ids=ids),
        sealer=sealer,
        keys=SigningKeys(database, sealer, clock=clock),
        secrets=secrets,
        retrier=retrier,
        oauth=oauth,
        apps=apps,
        refresher=TokenRefresher(secrets, oauth, app_of=apps.app_of, clock=clock),
    )


def build_server(
    settings: Settings,
    *,
    clock: Clock | None = None,
    ids: IdSource | None = None,
    upstream: Transport | None = None,
) -> Server:
    """The server. Nothing is opened before `start`."""
    core = build_core(
        settings,
        clock=clock or SystemClock(),
        ids=ids or RandomIds(),
        upstream=upstream or PyqwestTransport(read_timeout_s=settings.upstream_timeout_s),
    )
    signer = TokenSigner(core.keys, settings.effective_public_url, settings.token_audience, core.clock)
    tokens = TokenService(core.accounts, signer, clock=core.clock, ids=core.ids)
    gate = Gate(tokens)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await server.start()
        yield
        await server.stop()

    app = _build_app(core, gate, lifespan)
    server = Server(app, core)
    _add_routes(app, core, tokens, gate)
    return server


def _build_app(core: Core, gate: Gate, lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]) -> FastAPI:
    settings = core.settings
    return FastAPI(
        title="Agent connectors",
        version=version("airbyte-agent-hubspot"),
        description="Hosted execution of agent connectors. Errors are problem+json with a stable `code`.",
        dependencies=[Depends(gate)],
        openapi_url=None,  # served by our own route, from our own document
        redirect_slashes=False,
        strict_content_type=False,
        lifespan=lifespan,
        middleware=[
            Middleware(Entrance, ids=core.ids, public_url=settings.effective_public_url),
            Middleware(
                CanonicalRequests,
                limit_bytes=settings.body_limit_bytes,
                login_limit_bytes=settings.login_body_limit_bytes,
            ),
        ],
        exception_handlers={
            HTTPException: raise_http_problem,
            RequestValidationError: raise_validation_problem,
        },
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )


def _add_routes(app: FastAPI, core: Core, tokens: TokenService, gate: Gate) -> None:
    settings, clock, ids = core.settings, core.clock, core.ids
    tenants = Tenants(core.accounts)
    grants = GrantStore(core.database, core.sealer, clock=clock, ids=ids)
    store = ConnectorStore(core.database)
    keys = IdempotencyStore(core.database, core.sealer, clock=clock, ids=ids)
    connectors = ConnectorService(
        core.database, store, core.secrets, grants, keys, oauth=core.oauth, apps=core.apps, clock=clock, ids=ids
    )
    execute = ExecuteService(
        connectors,
        core.refresher,
        KeyedWrites(keys, deadline_s=settings.execute_deadline_s),
        retrier=core.retrier,
        api_base_url=settings.hubspot_api_base_url,
        limits=ExecuteLimits(settings.execute_deadline_s, settings.result_limit_bytes),
        clock=clock,
    )
    parts = BrokerParts(
        core.accounts,
        StateStore(core.database, clock=clock),
        grants,
        connectors,
        store,
        core.oauth,
        core.apps,
        core.sealer,
    )
    broker = OAuthBroker(parts, settings, clock=clock, ids=ids)
    router = app.router
    # Routes are tried in order: the hot one comes first.
    router.routes.insert(0, build_execute_route(execute, gate, limit_bytes=settings.body_limit_bytes))
    TokenRoutes(tokens, tenants).add_to(router)
    OAuthRoutes(broker, connectors, tenants).add_to(router)
    validator = CredentialValidator(core.oauth, core.apps)
    ConnectorRoutes(connectors, tenants, keys, grants=grants, validator=validator).add_to(router)
    HealthRoutes(core.database, core.sealer, core.keys).add_to(router)
    add_document_route(app)
    _check_access(app)


def _check_access(app: FastAPI) -> None:
    """Every route must say who is admitted."""
    served = {
        (method, route.path)
        for route in app.routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    if served != ACCESS.keys():
        raise ValueError(f"routes and the table of access differ: {sorted(served ^ ACCESS.keys())}")
