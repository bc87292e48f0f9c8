"""The spans of a request, and what they do not tell."""

import sys
from collections.abc import AsyncIterator

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from airbyte_agent_hubspot._http import AnswerTimeoutError
from airbyte_agent_hubspot._wire import HttpResponse
from airbyte_agent_server.admin import Administration
from airbyte_agent_server.app import build_server
from airbyte_agent_server.settings import Settings
from airbyte_agent_server.telemetry.otel import OtelTraces
from airbyte_agent_server.telemetry.traces import build_traces
from hubspot_sandbox import Portal
from secret_scan import find_secrets
from server.jobs import SteppedEngine
from server.sockets import kept_connection
from server.world import CONNECTORS, Client, CountingIds, TestClock, Wiretap, World, documented

EXECUTE = f"{CONNECTORS}/{{connector_id}}/execute"
CONTACTS = "/crm/objects/2026-03/contacts"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def share() -> float:
    return 1.0


@pytest.fixture
async def world(
    settings: Settings,
    clock: TestClock,
    ids: CountingIds,
    portal: Portal,
    hubspot: Wiretap,
    engine: SteppedEngine,
    spans: InMemorySpanExporter,
    share: float,
) -> AsyncIterator[World]:
    """A started server whose spans are kept."""
    pair = await Administration(settings, clock, ids).create_organization("Acme", redirect_origins=[])
    traces = OtelTraces(SimpleSpanProcessor(spans), share=share)
    server = build_server(settings, clock=clock, ids=ids, upstream=hubspot, engine=engine, traces=traces)
    await server.start()
    yield World(settings, clock, server, Client(server.app, documented()), portal, hubspot, pair)
    await server.stop()


def chain(spans: InMemorySpanExporter) -> list[tuple[str, SpanKind, str | None]]:
    """Name, kind and parent's name of each span that ended, in the order of beginnings."""
    found = spans.get_finished_spans()
    names = {span.context.span_id: span.name for span in found}
    ordered = sorted(found, key=lambda span: span.start_time or 0)
    return [(span.name, span.kind, span.parent and names.get(span.parent.span_id)) for span in ordered]


@pytest.mark.requirement("traces")
async def test_a_call_is_a_tree_of_request_execute_refresh_and_what_hubspot_was_asked(
    world: World, spans: InMemorySpanExporter
) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    world.clock.advance(7200)
    token = await world.scoped_token()
    spans.clear()
    body = {"entity": "contacts", "action": "list", "params": {"limit": 1}}
    answer = await world.client.post(
        f"{CONNECTORS}/{connector_id}/execute", body, token=token, headers={"traceparent": PARENT, "tracestate": "a=b"}
    )
    assert answer.status == 200
    execute = "execute contacts.list"
    assert chain(spans) == [
        (f"POST {EXECUTE}", SpanKind.SERVER, None),
        (execute, SpanKind.INTERNAL, f"POST {EXECUTE}"),
        ("refresh token", SpanKind.INTERNAL, execute),
        ("POST", SpanKind.CLIENT, "refresh token"),
        ("GET", SpanKind.CLIENT, execute),
    ]
    found = spans.get_finished_spans()
    assert {f"{span.context.trace_id:032x}" for span in found} == {TRACE}
    request = next(span for span in found if span.kind == SpanKind.SERVER)
    workspace = await world.server.core.accounts.ensure_workspace(world.pair.organization_id, "user-123")
    assert dict(request.attributes or {}) == {
        "http.request.method": "POST",
        "http.route": EXECUTE,
        "http.response.status_code": 200,
        "url.scheme": "http",
        "agent_server.request_id": answer.headers["x-request-id"],
        "agent_server.organization_id": world.pair.organization_id,
        "agent_server.workspace_id": workspace.id,
    }
    asked = world.hubspot.seen[-1]
    assert asked.headers["traceparent"].startswith(f"00-{TRACE}-")
    assert "tracestate" not in asked.headers


@pytest.mark.requirement("traces")
async def test_a_call_whose_head_is_known_makes_the_same_spans(world: World, spans: InMemorySpanExporter) -> None:
    token = await world.scoped_token()
    path = f"{CONNECTORS}/{await world.create_connector(token)}/execute"
    body = {"entity": "contacts", "action": "list", "params": {"limit": 1}}
    found: list[object] = []
    async with kept_connection(world.server.app) as kept:
        for _ in range(2):
            spans.clear()
            assert (await kept.post(path, body, token=token, headers={"traceparent": PARENT})).status == 200
            found.append(chain(spans))
    assert found[0] == found[1]
    assert {f"{span.context.trace_id:032x}" for span in spans.get_finished_spans()} == {TRACE}


@pytest.mark.requirement("traces")
async def test_spans_hold_no_secrets_no_addresses_and_no_texts_of_errors(
    world: World, spans: InMemorySpanExporter
) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    world.clock.advance(7200)
    token = await world.scoped_token()
    await world.execute(token, connector_id, "contacts", "api_search", {"query": "needle@example.com"})
    await world.execute(token, connector_id, "contacts", "get", {"contactId": "987654321"})
    await world.client.get(f"{CONNECTORS}/oauth/callback?code=authorization-code&state=a-state")
    await world.client.get("/somewhere/private")
    shown = [span.to_json() for span in spans.get_finished_spans()]
    assert find_secrets(shown) == []
    hidden = ("needle", "987654321", "authorization-code", "a-state", "private", "user-123", "code=")
    assert [text for text in hidden if any(text in span for span in shown)] == []
    assert spans.get_finished_spans()[-1].name == "GET"


async def test_what_fails_is_marked_with_the_kind_of_its_error(world: World, spans: InMemorySpanExporter) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    spans.clear()
    world.hubspot.answers[CONTACTS] = HttpResponse(500, {}, b"")
    await world.execute(token, connector_id, "contacts", "create", {"properties": {"email": "a@example.com"}})
    world.hubspot.answers[CONTACTS] = AnswerTimeoutError("nothing came")
    await world.execute(token, connector_id, "contacts", "create", {"properties": {"email": "a@example.com"}})
    failed = [span for span in spans.get_finished_spans() if span.status.status_code == StatusCode.ERROR]
    kinds = [(span.name, (span.attributes or {})["error.type"]) for span in failed]
    call = "execute contacts.create"
    assert kinds == [
        ("POST", "500"),
        (call, "OutcomeUnknownError"),
        (f"POST {EXECUTE}", "500"),
        ("POST", "AnswerTimeoutError"),
        (call, "OutcomeUnknownError"),
        (f"POST {EXECUTE}", "500"),
    ]
    assert all(span.events == () for span in failed)


class TestOfNone:
    """Nothing is kept unless a caller asks for it."""

    @pytest.fixture
    def share(self) -> float:
        return 0.0

    async def test_traces_that_callers_keep_are_kept_whatever_the_share(
        self, world: World, spans: InMemorySpanExporter
    ) -> None:
        await world.client.get("/healthz")
        assert spans.get_finished_spans() == ()
        await world.client.get("/healthz", headers={"traceparent": PARENT})
        assert chain(spans) == [("GET /healthz", SpanKind.SERVER, None)]


def test_traces_that_are_asked_for_need_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = Settings(traces_url="http://127.0.0.1:9/v1/traces")
    build_traces(wanted).close()
    monkeypatch.setitem(sys.modules, "airbyte_agent_server.telemetry.otel", None)
    with pytest.raises(ValueError, match="telemetry"):
        build_traces(wanted)
