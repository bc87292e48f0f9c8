"""The search for secrets in what a server leaves behind finds what is planted."""

import logging

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import insert
from starlette.types import Receive, Scope, Send

from airbyte_agent_server.app import build_server
from airbyte_agent_server.db.tables import organizations
from airbyte_agent_server.settings import Settings
from airbyte_agent_server.telemetry.otel import OtelTraces
from hubspot_sandbox import Portal
from server.leaks import find_leaks
from server.world import Client, CountingIds, TestClock

KIND = "a refresh token of HubSpot"


@pytest.mark.requirement("server-leaves-no-secret")
async def test_a_secret_in_the_database_the_metrics_the_journal_or_a_span_is_found(
    settings: Settings,
    clock: TestClock,
    ids: CountingIds,
    portal: Portal,
    spans: InMemorySpanExporter,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)  # the driver logs what it is given, and logs are searched, too
    secret = portal.tokens.grants()[0].refresh_token
    traces = OtelTraces(SimpleSpanProcessor(spans))
    server = build_server(settings, clock=clock, ids=ids, traces=traces)
    await server.start()
    known = ("a secret without a form",)
    assert await find_leaks(server, settings, spans, known=known) == []
    async with server.core.database.write() as connection:
        await connection.execute(
            insert(organizations).values(id=ids.new_id(), name=secret, redirect_origins=[], created_at=clock.now())
        )
    server.core.watch.metrics.refresh_ended(secret)
    with traces.step(f"{secret} {known[0]}"):
        pass
    await server.stop()
    (settings.effective_audit_dir / "left.jsonl").write_text(secret)
    found = await find_leaks(server, settings, spans, known=known)
    places = ("the database", "files", "metrics", "spans")
    assert sorted(found) == sorted([*(f"{KIND} in {place}" for place in places), "a known secret in spans"])


@pytest.mark.requirement("server-leaves-no-secret")
async def test_an_error_that_shows_a_secret_fails_the_test_that_meets_it(portal: Portal) -> None:
    body = f'{{"detail": "{portal.tokens.grants()[0].refresh_token}"}}'

    async def show(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/problem+json")]
        await send({"type": "http.response.start", "status": 500, "headers": headers})
        await send({"type": "http.response.body", "body": body.encode()})

    with pytest.raises(AssertionError, match="secret"):
        await Client(show).get("/")
