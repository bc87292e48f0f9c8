"""Times every request to HubSpot, and says how it ended: as a metric, and as a span."""

from urllib.parse import urlsplit

import msgspec

from airbyte_agent_hubspot._http import Transport, TransportError
from airbyte_agent_hubspot._wire import HttpRequest, HttpResponse
from airbyte_agent_server.ports import Clock
from airbyte_agent_server.telemetry.metrics import Metrics
from airbyte_agent_server.telemetry.spans import Traces

_REFUSALS_FROM = 400


class WatchedTransport:
    """A transport whose requests are measured."""

    def __init__(self, transport: Transport, *, base_url: str, metrics: Metrics, traces: Traces, clock: Clock) -> None:
        self._transport = transport
        self._address = urlsplit(base_url).hostname or ""
        self._metrics = metrics
        self._traces = traces
        self._clock = clock
        self.send = self._traced if traces.on else self._timed
        """Gives the whole answer, whatever its status."""

    async def _traced(self, request: HttpRequest) -> HttpResponse:
        with self._traces.client(request.method) as span:
            parent = self._traces.outgoing()
            if parent:
                request = msgspec.structs.replace(request, headers={**request.headers, **parent})
            response = await self._timed(request)
            if span.recording:
                span.note(
                    {
                        "http.request.method": request.method,
                        "server.address": self._address,
                        "http.response.status_code": response.status,
                    }
                )
            if response.status >= _REFUSALS_FROM:
                span.fail(str(response.status))
            return response

    async def _timed(self, request: HttpRequest) -> HttpResponse:
        began_at_s = self._clock.monotonic_s()
        try:
            response = await self._transport.send(request)
        except TransportError as error:
            took_s = self._clock.monotonic_s() - began_at_s
            self._metrics.hubspot_failed(request.method, self._address, type(error).__name__, took_s)
            raise
        took_s = self._clock.monotonic_s() - began_at_s
        self._metrics.hubspot_answered(request.method, self._address, response.status, took_s)
        return response

    async def close(self) -> None:
        """Gives up connections."""
        await self._transport.close()
