"""Spans of requests, calls, refreshes and of what is asked of HubSpot. Off unless the settings say where they go.

Attributes are those of OpenTelemetry's conventions, without addresses: a path or a query can hold ids, searches and
codes. Errors are named by their class or code, as their texts can hold anything.

Source: https://opentelemetry.io/docs/specs/semconv/http/http-spans/
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from airbyte_agent_server.telemetry.metrics import Metrics

Attribute = str | int | bool
Headers = Iterable[tuple[bytes, bytes]]


class Span(Protocol):
    """Something that takes time."""

    @property
    def recording(self) -> bool:
        """Whether anybody will see what is noted; if not, it is not worth the work."""
        ...

    def rename(self, name: str) -> None:
        """Call it otherwise, now that more is known."""
        ...

    def note(self, attributes: Mapping[str, Attribute]) -> None:
        """Say more of it."""
        ...

    def fail(self, error_type: str) -> None:
        """It failed; `error_type` is a class, a code or a status."""
        ...


class Traces(Protocol):
    """Makes spans. One that is made inside another is a part of it, in tasks that begin there too."""

    @property
    def on(self) -> bool:
        """Whether anybody will see a span; what comes with every call makes none if not."""
        ...

    def server(self, headers: Headers) -> AbstractContextManager[Span]:
        """A request to this server, part of its caller's span if its headers name one."""
        ...

    def client(self, name: str) -> AbstractContextManager[Span]:
        """A request to somebody else."""
        ...

    def step(self, name: str) -> AbstractContextManager[Span]:
        """Something that this process does."""
        ...

    def outgoing(self) -> Mapping[str, str]:
        """The header that tells whoever is asked which span it is a part of."""
        ...

    def close(self) -> None:
        """Hand over the spans that are left."""
        ...


class _NoSpan:
    recording = False

    def rename(self, name: str) -> None:
        pass

    def note(self, attributes: Mapping[str, Attribute]) -> None:
        pass

    def fail(self, error_type: str) -> None:
        pass


_NOTHING: AbstractContextManager[Span] = nullcontext(_NoSpan())


class NoTraces:
    """No spans at all."""

    on = False

    def server(self, headers: Headers) -> AbstractContextManager[Span]:
        """Nothing."""
        del headers
        return _NOTHING

    def client(self, name: str) -> AbstractContextManager[Span]:
        """Nothing."""
        del name
        return _NOTHING

    def step(self, name: str) -> AbstractContextManager[Span]:
        """Nothing."""
        del name
        return _NOTHING

    def outgoing(self) -> Mapping[str, str]:
        """Nothing."""
        return {}

    def close(self) -> None:
        """Nothing to hand over."""


@dataclass(frozen=True, slots=True)
class Watch:
    """All that looks at what happens."""

    metrics: Metrics
    traces: Traces
