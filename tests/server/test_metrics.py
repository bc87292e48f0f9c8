"""What a scrape of `/metrics` shows."""

import asyncio
import threading

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text
from pydantic import SecretStr

from airbyte_agent_hubspot._http import AnswerTimeoutError
from airbyte_agent_hubspot._windows import BURST_CALLS
from airbyte_agent_hubspot._wire import HttpResponse
from airbyte_agent_server.settings import Settings
from airbyte_agent_server.telemetry.durations import Durations
from server.jobs import SteppedEngine
from server.world import CONNECTORS, World

EXECUTE = f"{CONNECTORS}/{{connector_id}}/execute"
CONTACTS = "/crm/objects/2026-03/contacts"
SERVER = "http_server_request_duration_seconds_count"
CLIENT = "http_client_request_duration_seconds_count"
CALLS = "agent_server_execute_duration_seconds_count"

Labels = tuple[tuple[str, str], ...]


async def scraped(world: World, *, token: str | None = None) -> dict[tuple[str, Labels], float]:
    """Every sample by its name and labels."""
    answer = await world.client.get("/metrics", token=token)
    assert answer.status == 200, answer.body
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in read_text(answer.body.decode())
        for sample in family.samples
    }


def labels(**named: object) -> Labels:
    return tuple(sorted((name, str(value)) for name, value in named.items()))


def served(method: str, route: str, status: int) -> tuple[str, Labels]:
    named = {"http_request_method": method, "http_route": route, "http_response_status_code": status}
    return SERVER, labels(**named)


def sent(method: str, status: object, error_type: str = "") -> tuple[str, Labels]:
    named = {
        "http_request_method": method,
        "server_address": "hubspot.test",
        "http_response_status_code": status,
        "error_type": error_type,
    }
    return CLIENT, labels(**named)


@pytest.mark.requirement("metrics-name-no-tenant")
async def test_requests_calls_and_what_hubspot_answers_are_counted_without_naming_whose_they_are(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    await world.execute(token, connector_id, "contacts", "list", {"limit": 1})
    await world.execute(token, connector_id, "contacts", "nonsense")
    await world.client.post(
        f"/v1/connectors/sources/{connector_id}/execute", {"entity": "contacts", "action": "other"}, token=token
    )
    await world.client.get("/api/v1/nowhere/secret-in-a-path")
    await world.client.call("BREW", "/healthz")
    found = await scraped(world)
    assert found[served("POST", EXECUTE, 200)] == 1
    assert found[served("POST", EXECUTE, 422)] == 2  # the historical path counts where it leads
    assert found[served("POST", CONNECTORS, 200)] == 1
    assert found[served("GET", "", 404)] == 1
    assert found[served("_OTHER", "/healthz", 405)] == 1
    assert found[CALLS, labels(status="success", code="")] == 1
    assert found[CALLS, labels(status="error", code="unknown_operation")] == 2
    assert found[sent("GET", 200)] == 1
    assert found["http_server_active_requests", ()] == 1  # this one
    shown = str(found)
    workspace = await world.server.core.accounts.ensure_workspace(world.pair.organization_id, "user-123")
    for name in (world.pair.organization_id, workspace.id, "user-123", connector_id, "secret-in-a-path"):
        assert name not in shown


async def test_failures_of_hubspot_are_counted_by_status_and_by_what_went_wrong(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    world.hubspot.answers[CONTACTS] = HttpResponse(500, {}, b"")
    await world.execute(token, connector_id, "contacts", "list")
    world.hubspot.answers[CONTACTS] = AnswerTimeoutError("nothing came")
    await world.execute(token, connector_id, "contacts", "list")
    found = await scraped(world)
    assert found[sent("GET", 500)] > 1
    assert found[sent("GET", "", "AnswerTimeoutError")] > 1
    assert found[CALLS, labels(status="error", code="upstream_error")] == 1
    assert found[CALLS, labels(status="error", code="upstream_timeout")] == 1


async def test_a_refresh_that_is_refused_and_the_connector_that_needs_reauthorization_are_counted(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    world.clock.advance(7200)
    token = await world.scoped_token()
    assert (await world.execute(token, connector_id, "contacts", "list", {"limit": 1})).status == 200
    world.portal.tokens.revoke(world.refresh_token)
    world.clock.advance(7200)
    token = await world.scoped_token()
    answer = await world.execute(token, connector_id, "contacts", "list")
    assert answer.code == "reauthorization_required"
    found = await scraped(world)
    assert found["agent_server_token_refreshes_total", labels(outcome="success")] == 1
    assert found["agent_server_token_refreshes_total", labels(outcome="reauthorization_required")] == 1
    assert found["agent_server_events_total", labels(kind="connector.needs_reauth")] == 1
    assert found["agent_server_events_total", labels(kind="connector.created")] == 1


async def test_waits_for_a_turn_at_hubspot_and_calls_that_get_none_are_measured(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    calls = [world.execute(token, connector_id, "contacts", "list", {"limit": 1}) for _ in range(BURST_CALLS * 4)]
    await asyncio.gather(*calls)
    found = await scraped(world)
    waits = [value for (name, _), value in found.items() if name == "agent_server_budget_wait_seconds_count"]
    assert sum(waits) > 0


async def test_runs_of_background_work_are_counted(world: World, engine: SteppedEngine) -> None:
    await world.server.worker.turn()
    await engine.run("housekeeping")
    found = await scraped(world)
    assert found["agent_server_job_duration_seconds_count", labels(job="housekeeping", outcome="done")] == 1


async def test_rows_of_the_record_and_connections_to_the_database_are_shown(world: World) -> None:
    found = await scraped(world)
    assert found["agent_server_audit_rows", ()] == 0
    assert found["db_client_connection_count", labels(state="used")] == 0
    assert found["db_client_connection_count", labels(state="idle")] > 0


async def test_a_scraper_that_prefers_openmetrics_gets_it(world: World) -> None:
    headers = {"accept": "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4"}
    answer = await world.client.get("/metrics", headers=headers)
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    names = {family.name for family in read_openmetrics(answer.body.decode())}
    assert {"http_server_request_duration_seconds", "agent_server_build", "agent_server_token_refreshes"} <= names


class TestWithToken:
    """Metrics that need a token."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"metrics_token": SecretStr("scrape-me-if-you-can")})

    async def test_metrics_are_for_whoever_has_the_token_of_the_settings(self, world: World) -> None:
        assert (await world.client.get("/metrics")).code == "missing_token"
        assert (await world.client.get("/metrics", token="another")).code == "invalid_token"
        basic = {"authorization": "Basic scrape-me-if-you-can"}
        assert (await world.client.get("/metrics", headers=basic)).code == "invalid_token"
        found = await scraped(world, token="scrape-me-if-you-can")
        assert found[served("GET", "/metrics", 401)] == 3


def test_durations_of_many_threads_are_all_counted() -> None:
    registry = CollectorRegistry()
    durations = Durations("waits_seconds", "How long.", ["who"], (0.1, 1.0), registry)

    def wait(who: str) -> None:
        for number in range(1000):
            durations.add((0.05, 0.5, 5.0, 0.1)[number % 4], who)

    threads = [threading.Thread(target=wait, args=(who,)) for who in "aabb"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for who in "ab":
        counts = [registry.get_sample_value("waits_seconds_bucket", {"who": who, "le": le}) for le in ("0.1", "1.0")]
        assert [*counts, registry.get_sample_value("waits_seconds_count", {"who": who})] == [1000, 1500, 2000]
        assert registry.get_sample_value("waits_seconds_sum", {"who": who}) == pytest.approx(2825)
