"""The composition root: everything the server is made of, put together once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from starlette.routing import Route

from airbyte_agent_hubspot._http import Transport
from airbyte_agent_server.application import Application, build_application, put_in_front
from airbyte_agent_server.audit.recorder import CallRecorder
from airbyte_agent_server.audit.routes import AuditRoutes
from airbyte_agent_server.background import build_engine, build_plan, build_worker
from airbyte_agent_server.catalogue.routes import CatalogueRoutes
from airbyte_agent_server.connectors.check_routes import CheckRoutes
from airbyte_agent_server.connectors.checks import ConnectorChecks, HubspotProbe
from airbyte_agent_server.connectors.grants import GrantStore
from airbyte_agent_server.connectors.intake import Intake
from airbyte_agent_server.connectors.routes import ConnectorRoutes
from airbyte_agent_server.connectors.service import ConnectorService
from airbyte_agent_server.connectors.store import ConnectorStore
from airbyte_agent_server.connectors.validation import CredentialValidator
from airbyte_agent_server.core import Core, build_connectors, build_core
from airbyte_agent_server.cursors import Cursors
from airbyte_agent_server.db.expired import sweep_expired
from airbyte_agent_server.db.schema import migrate
from airbyte_agent_server.events.delivery import Deliverer
from airbyte_agent_server.events.outbox import sweep_events
from airbyte_agent_server.events.routes import WebhookRoutes
from airbyte_agent_server.execute.keyed import KeyedWrites
from airbyte_agent_server.execute.routes import ExecuteEndpoint, ShortCut
from airbyte_agent_server.execute.service import ExecuteLimits, ExecuteService
from airbyte_agent_server.health import HealthRoutes
from airbyte_agent_server.idempotency.store import IdempotencyStore
from airbyte_agent_server.jobs.engine import Engine
from airbyte_agent_server.jobs.housekeeping import Sweep
from airbyte_agent_server.jobs.worker import Plan, Queue, Schedule, Worker
from airbyte_agent_server.mcp.authorization import Authorization
from airbyte_agent_server.mcp.client_routes import McpClientRoutes
from airbyte_agent_server.mcp.grants import GrantStore as McpGrantStore
from airbyte_agent_server.mcp.oauth_routes import McpOAuthRoutes
from airbyte_agent_server.mcp.programs import Programs
from airbyte_agent_server.mcp.route import McpEndpoint
from airbyte_agent_server.oauth.app_routes import OAuthAppRoutes
from airbyte_agent_server.oauth.broker import BrokerParts, OAuthBroker
from airbyte_agent_server.oauth.routes import OAuthRoutes
from airbyte_agent_server.oauth.session_routes import SessionRoutes
from airbyte_agent_server.oauth.states import StateStore
from airbyte_agent_server.openapi import add_document_route
from airbyte_agent_server.organizations.routes import OrganizationRoutes
from airbyte_agent_server.organizations.store import CredentialList
from airbyte_agent_server.origins import own_origin
from airbyte_agent_server.ports import Clock, IdSource, RandomIds, SystemClock
from airbyte_agent_server.settings import Settings, make_data_dir
from airbyte_agent_server.skills.routes import SkillRoutes
from airbyte_agent_server.telemetry.routes import MetricsRoutes
from airbyte_agent_server.telemetry.spans import Traces
from airbyte_agent_server.telemetry.traces import build_traces
from airbyte_agent_server.tokens.access import ACCESS
from airbyte_agent_server.tokens.bearer import Gate, RateLimits
from airbyte_agent_server.tokens.routes import TokenRoutes
from airbyte_agent_server.tokens.service import TokenService
from airbyte_agent_server.tokens.signer import TokenSigner
from airbyte_agent_server.tokens.tenant import Tenants
from airbyte_agent_server.unbuilt import UnbuiltRoutes
from airbyte_agent_server.upstream import UpstreamTransport
from airbyte_agent_server.vault.sweep import SWEEP_EVERY_S, RefreshSweep
from airbyte_agent_server.widget.routes import WidgetRoutes
from airbyte_agent_server.workspaces.routes import WorkspaceRoutes
from airbyte_agent_server.workspaces.service import WorkspaceService
from airbyte_agent_server.workspaces.store import WorkspaceStore


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

    def __init__(self, app: FastAPI, core: Core, worker: Worker) -> None:
        self.app = app
        self.core = core
        self.worker = worker
        self._started = False

    async def start(self) -> None:
        """Bring the database up to date and open the vault.

        Raises:
            SchemaError: the database was made by a newer server.
            MasterKeyError: the master key is missing or does not open the database.
            OSError: the journal of calls cannot be written.
        """
        if not self._started:
            await migrate(self.core.database)
            await self.core.sealer.unlock()
            await self.core.keys.load()
            await self.core.audit.start()
            self.core.changes.begin()
            self._started = True

    def drain(self) -> None:
        """Tell whoever asks that this process takes no more work soon."""
        self.core.draining.set()

    async def stop(self) -> None:
        """Let refreshes that are under way finish, put all calls on record, then close all connections."""
        self._started = False
        await self.worker.close()
        await self.core.changes.stop()
        await self.core.audit.stop()
        await self.core.budgets.close()
        await self.core.refresher.close()
        await self.core.retrier.close()
        await self.core.database.close()
        await asyncio.to_thread(self.core.watch.traces.close)


def build_server(
    settings: Settings,
    *,
    clock: Clock | None = None,
    ids: IdSource | None = None,
    upstream: Transport | None = None,
    engine: Engine | None = None,
    traces: Traces | None = None,
) -> Server:
    """The server. Nothing is opened before `start`.

    Raises:
        SettingsError: the data directory cannot be made.
    """
    make_data_dir(settings)
    core = build_core(
        settings,
        clock=clock or SystemClock(),
        ids=ids or RandomIds(),
        upstream=upstream or UpstreamTransport(read_timeout_s=settings.upstream_timeout_s),
        traces=traces or build_traces(settings),
    )
    signer = TokenSigner(core.keys, settings.effective_public_url, settings.token_audience, core.clock)
    tokens = TokenService(core.accounts, signer, clock=core.clock, ids=core.ids)
    limits = RateLimits(settings.organization_rate_limit, settings.workspace_rate_limit)
    gate = Gate(tokens, core.rates, limits, own_origin=own_origin(settings.effective_public_url))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await server.start()
        if settings.jobs:
            server.worker.begin()
        yield
        await server.stop()

    app = build_application(core, gate, lifespan)
    node_id = core.ids.new_id()
    engine = engine or build_engine(settings, node_id)
    plan = _plan(core, engine)
    worker = build_worker(settings, core.database, engine, plan, node_id=node_id, clock=core.clock)
    server = Server(app, core, worker)
    _add_routes(app, core, tokens, gate)
    return server


def _plan(core: Core, engine: Engine) -> Plan:
    """All background work."""
    refreshes = RefreshSweep(core.database, core.refresher, clock=core.clock)
    deliverer = Deliverer(core.database, core.endpoints, core.egress, clock=core.clock, ids=core.ids)
    return build_plan(
        engine,
        _sweeps(core),
        [Schedule(refreshes.job, SWEEP_EVERY_S)],
        [Queue(deliverer.job, deliverer.rows), Queue(core.revocations.job, core.revocations.rows)],
        metrics=core.watch.metrics,
        clock=core.clock,
    )


def _sweeps(core: Core) -> dict[str, Sweep]:
    """What deletes the things that have had their time."""
    return {
        "OAuth apps": core.apps.store.purge,
        "connect sessions": core.sessions.sweep,
        "tool calls": core.audit.expire,
        "events": lambda: sweep_events(core.database, core.clock),
        "HubSpot's windows": core.budgets.forget_idle,
        "what has expired": lambda: sweep_expired(core.database, core.clock),
    }


def _add_routes(app: Application, core: Core, tokens: TokenService, gate: Gate) -> None:
    settings, clock, ids = core.settings, core.clock, core.ids
    tenants = Tenants(core.accounts)
    grants = GrantStore(core.database, core.sealer, clock=clock, ids=ids)
    store = ConnectorStore(core.database)
    keys = IdempotencyStore(core.database, core.sealer, clock=clock, ids=ids)
    connectors = build_connectors(core)
    core.changes.listen("connector", connectors.forget)
    core.changes.listen("credentials", core.secrets.forget)
    core.changes.listen("tenant", lambda _: connectors.forget_all())
    core.changes.listen("tenant", lambda _: tokens.forget_all())
    execute = ExecuteService(
        connectors,
        core.refresher,
        KeyedWrites(keys, deadline_s=settings.execute_deadline_s),
        retrier=core.retrier,
        budgets=core.budgets,
        watch=core.watch,
        api_base_url=settings.hubspot_api_base_url,
        limits=ExecuteLimits(settings.execute_deadline_s, settings.result_limit_bytes),
        clock=clock,
    )
    parts = BrokerParts(
        core.accounts,
        StateStore(core.database, clock=clock),
        core.sessions,
        grants,
        connectors,
        store,
        core.oauth,
        core.apps,
        core.sealer,
    )
    broker = OAuthBroker(parts, settings, clock=clock, ids=ids)
    router = app.router
    recorder = CallRecorder(
        core.audit, core.sealer, core.watch.metrics, kept_params=settings.audit_params, clock=clock, ids=ids
    )
    endpoint = ExecuteEndpoint(execute, gate, recorder, limit_bytes=settings.body_limit_bytes)
    router.routes.insert(0, endpoint.route)
    put_in_front(
        app, core, lambda rest: ShortCut(rest, endpoint, ids=ids, clock=clock, public_url=settings.effective_public_url)
    )
    _add_mcp(
        router,
        core,
        tokens,
        McpEndpoint(
            endpoint,
            gate,
            connectors,
            public_url=settings.effective_public_url,
            origins=settings.mcp_redirect_origins,
            limit_bytes=settings.body_limit_bytes,
            clock=clock,
        ),
    )
    TokenRoutes(
        tokens,
        tenants,
        core.rates,
        failure_limit=settings.login_failure_limit,
        public_url=settings.effective_public_url,
    ).add_to(router)
    OAuthRoutes(broker, core.sessions, connectors, tenants).add_to(router)
    SessionRoutes(core.sessions, connectors, tenants).add_to(router)
    WidgetRoutes(public_url=settings.effective_public_url, ids=ids).add_to(router)
    OAuthAppRoutes(core.apps.store).add_to(router)
    intake = Intake(grants, CredentialValidator(core.oauth, core.apps))
    probe = HubspotProbe(core.retrier, settings.hubspot_api_base_url, settings.execute_deadline_s)
    checks = ConnectorChecks(connectors, core.secrets, core.refresher, intake, probe)
    ConnectorRoutes(connectors, tenants, keys, intake).add_to(router)
    CheckRoutes(checks, connectors, tenants, clock=clock, ids=ids).add_to(router)
    cursors = Cursors(core.sealer.keyed_hash)
    AuditRoutes(core.audit, core.calls, core.sealer, cursors=cursors, clock=clock).add_to(router)
    _add_administration(router, core, tenants, connectors)
    HealthRoutes(core.database, core.sealer, core.keys, core.draining).add_to(router)
    MetricsRoutes(core.watch.metrics, settings.metrics_token).add_to(router)
    add_document_route(app)
    _check_access(app)


def _add_mcp(router: APIRouter, core: Core, tokens: TokenService, endpoint: McpEndpoint) -> None:
    """The door for MCP clients, and how they are let in."""
    settings = core.settings
    router.routes.extend((endpoint.of_workspace, endpoint.of_connector))
    grants = McpGrantStore(core.database, clock=core.clock, ids=core.ids)
    McpClientRoutes(core.accounts, grants).add_to(router)
    programs = Programs(core.sealer.keyed_hash, settings.mcp_redirect_origins)
    McpOAuthRoutes(
        Authorization(grants, programs, tokens, public_url=settings.effective_public_url),
        programs,
        grants,
        Tenants(core.accounts),
        core.rates,
        failure_limit=settings.login_failure_limit,
        public_url=settings.effective_public_url,
        ids=core.ids,
    ).add_to(router)


def _add_administration(router: APIRouter, core: Core, tenants: Tenants, connectors: ConnectorService) -> None:
    """What can be connected, what agents read about it, and whose it is."""
    CatalogueRoutes().add_to(router)
    SkillRoutes(connectors, tenants).add_to(router)
    cursors = Cursors(core.sealer.keyed_hash)
    workspaces = WorkspaceService(WorkspaceStore(core.database), core.accounts, connectors, cursors, clock=core.clock)
    WorkspaceRoutes(workspaces).add_to(router)
    OrganizationRoutes(core.accounts, CredentialList(core.database)).add_to(router)
    WebhookRoutes(core.database, core.endpoints, core.outbox, cursors, clock=core.clock).add_to(router)
    UnbuiltRoutes().add_to(router)


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
