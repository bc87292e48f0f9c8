"""Metrics, named as OpenTelemetry's conventions and Prometheus have it.

None has an organization, a workspace or a connector as a label: their number has no bound, and a scrape is no place
to learn whose accounts a server holds.

Source: https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
"""

from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Info,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from airbyte_agent_server.telemetry.durations import Durations

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 25)
"""The bounds that the conventions advise, and the deadline of an execute."""
_JOB_SECONDS: Final = (0.01, 0.1, 1, 10, 60, 600)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """Everything that is counted in one process. Safe for threads."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.active_requests = 0
        self._requests = Durations(
            "http_server_request_duration_seconds",
            "Duration of requests to this server.",
            ["http_request_method", "http_route", "http_response_status_code"],
            _SECONDS,
            registry,
        )
        self._sent = Durations(
            "http_client_request_duration_seconds",
            "Duration of requests to HubSpot, each attempt by itself.",
            ["http_request_method", "server_address", "http_response_status_code", "error_type"],
            _SECONDS,
            registry,
        )
        self._executes = Durations(
            "agent_server_execute_duration_seconds",
            "Duration of calls on connectors, waits and refresh included.",
            ["status", "code"],
            _SECONDS,
            registry,
        )
        self._budget = Durations(
            "agent_server_budget_wait_seconds",
            "How long requests to HubSpot were held back to keep its limits.",
            ["limit"],
            _SECONDS,
            registry,
        )
        self._jobs = Durations(
            "agent_server_job_duration_seconds",
            "Duration of runs of background work.",
            ["job", "outcome"],
            _JOB_SECONDS,
            registry,
        )
        self._refused = Counter(
            "agent_server_budget_refusals",
            "Requests to HubSpot that were given up, as their turn would have come after their deadline.",
            ["limit"],
            registry=registry,
        )
        self._refreshes = Counter(
            "agent_server_token_refreshes", "Refreshes of access tokens, by outcome.", ["outcome"], registry=registry
        )
        self._events = Counter(
            "agent_server_events",
            "What happened to connectors; `connector.needs_reauth` among it.",
            ["kind"],
            registry=registry,
        )
        active = Gauge("http_server_active_requests", "Requests that are being served.", registry=registry)
        active.set_function(lambda: self.active_requests)
        Info("agent_server_build", "What runs here.", registry=registry).info(
            {"version": version("airbyte-agent-hubspot")}
        )
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)

    def request_ended(self, method: str, route: str, status: int, duration_s: float) -> None:
        """A request was answered. `route` is the template of its path, empty if there is none."""
        self._requests.add(duration_s, method if method in _METHODS else "_OTHER", route, str(status))

    def hubspot_answered(self, method: str, address: str, status: int, duration_s: float) -> None:
        """HubSpot answered a request."""
        self._sent.add(duration_s, method, address, str(status), "")

    def hubspot_failed(self, method: str, address: str, error_type: str, duration_s: float) -> None:
        """No answer of HubSpot came."""
        self._sent.add(duration_s, method, address, "", error_type)

    def execute_ended(self, status: str, code: str, duration_s: float) -> None:
        """A call on a connector ended; `code` is empty unless it failed."""
        self._executes.add(duration_s, status, code)

    def budget_waited(self, limit: str, wait_s: float) -> None:
        """A request to HubSpot was held back."""
        self._budget.add(wait_s, limit)

    def budget_refused(self, limit: str) -> None:
        """A request to HubSpot was given up before it was sent."""
        self._refused.labels(limit).inc()

    def refresh_ended(self, outcome: str) -> None:
        """A refresh ended: `success`, or the code of its error."""
        self._refreshes.labels(outcome).inc()

    def event_happened(self, kind: str) -> None:
        """Something happened to a connector, of the kinds that webhooks tell of."""
        self._events.labels(kind).inc()

    def job_ended(self, job: str, outcome: str, duration_s: float) -> None:
        """A run of background work ended."""
        self._jobs.add(duration_s, job, outcome)

    def gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Have a scrape ask `value`."""
        Gauge(name, text, registry=self.registry).set_function(value)

    def gauge_of_states(self, name: str, text: str, values: Callable[[], dict[str, float]]) -> None:
        """Have a scrape ask `values`, one for each state."""
        self.registry.register(_States(name, text, values))

    def render(self, accept: str) -> tuple[bytes, str]:
        """What a scrape gets, and its media type: the one of `accept` that is understood."""
        encode, media_type = choose_encoder(accept)
        return encode(self.registry), media_type


class _States(Collector):
    def __init__(self, name: str, text: str, values: Callable[[], dict[str, float]]) -> None:
        self._name = name
        self._text = text
        self._values = values

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(self._name, self._text, labels=["state"])
        for state, value in self._values().items():
            family.add_metric([state], value)
        yield family
