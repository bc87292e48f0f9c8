"""Spans by OpenTelemetry: the only module that knows it."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import version

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from airbyte_agent_server.telemetry.spans import Attribute, Headers, Span

_TRACEPARENT = "traceparent"
_INCOMING = frozenset({b"traceparent", b"tracestate"})
_DISTRIBUTION = "airbyte-agent-hubspot"


class _OtelSpan:
    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self.recording = span.is_recording()

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def note(self, attributes: Mapping[str, Attribute]) -> None:
        self._span.set_attributes(attributes)

    def fail(self, error_type: str) -> None:
        self._span.set_attribute("error.type", error_type)
        self._span.set_status(Status(StatusCode.ERROR))


class OtelTraces:
    """Spans that go to `processor`: of traces that begin here a `share`, of others what their caller wants."""

    on = True

    def __init__(self, processor: SpanProcessor, *, share: float = 1.0) -> None:
        resource = Resource.create({"service.name": "agent-server", "service.version": version(_DISTRIBUTION)})
        sampler = ParentBased(TraceIdRatioBased(share))
        self._provider = TracerProvider(sampler, resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer(_DISTRIBUTION, version(_DISTRIBUTION))
        self._propagator = TraceContextTextMapPropagator()

    def server(self, headers: Headers) -> AbstractContextManager[Span]:
        """A request to this server."""
        given = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in headers if name.startswith(b"trace")
        }
        return self._span("request", SpanKind.SERVER, self._propagator.extract(given))

    def client(self, name: str) -> AbstractContextManager[Span]:
        """A request to somebody else."""
        return self._span(name, SpanKind.CLIENT)

    def step(self, name: str) -> AbstractContextManager[Span]:
        """Something that this process does."""
        return self._span(name, SpanKind.INTERNAL)

    def outgoing(self) -> Mapping[str, str]:
        """The header that tells whoever is asked which span it is a part of. What a caller added to it stays here."""
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return {_TRACEPARENT: carrier[_TRACEPARENT]} if _TRACEPARENT in carrier else {}

    def close(self) -> None:
        """Hand over the spans that are left."""
        self._provider.shutdown()

    @contextmanager
    def _span(self, name: str, kind: SpanKind, parent: Context | None = None) -> Iterator[Span]:
        # What an exception says is nobody's business but the log's: only its class is noted.
        with self._tracer.start_as_current_span(
            name, parent, kind, record_exception=False, set_status_on_exception=False
        ) as span:
            watched = _OtelSpan(span)
            try:
                yield watched
            except BaseException as error:
                watched.fail(type(error).__name__)
                raise


def export_traces(url: str, *, share: float) -> OtelTraces:
    """Spans that go to a collector, as OTLP over HTTP; in batches, from a thread."""
    return OtelTraces(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)), share=share)
