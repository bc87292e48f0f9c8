"""Where traces go, by the settings."""

from airbyte_agent_server.settings import Settings
from airbyte_agent_server.telemetry.spans import NoTraces, Traces


def build_traces(settings: Settings) -> Traces:
    """The traces that the settings ask for.

    Raises:
        ValueError: what they need is not installed.
    """
    if settings.traces_url is None:
        return NoTraces()
    try:
        from airbyte_agent_server.telemetry.otel import export_traces  # noqa: PLC0415  # an extra
    except ImportError:
        raise ValueError(
            "AGENT_SERVER_TRACES_URL is set, but OpenTelemetry is not installed: install the extra `telemetry`."
        ) from None
    return export_traces(settings.traces_url, share=settings.traces_share)
