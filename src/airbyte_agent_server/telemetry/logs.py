"""Logs: one line for each event, as JSON or for people, secrets removed. All libraries' lines come this way, too."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO, TypeAlias

if "rich" not in sys.modules:
    sys.modules["rich"] = None  # type: ignore[assignment]  # Python's way to say that there is none
    import structlog

    del sys.modules["rich"]
else:
    import structlog

from airbyte_agent_server.telemetry.redaction import redact_fields
from airbyte_agent_server.telemetry.requests import facts_of_request

LogFormat: TypeAlias = Literal["json", "console"]
LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]

_OURS = "airbyte_agent_server"
_OTHERS = ("alembic", "dbos", "sqlalchemy", "uvicorn", "uvicorn.error")
"""Libraries that would write to the console by themselves, or not at all."""
_Line: TypeAlias = MutableMapping[str, Any]


def configure_logs(log_format: LogFormat, level: LogLevel, *, stream: TextIO | None = None) -> None:
    """Write what is logged in this process to `stream`, by default standard error.

    `level` is that of the server's own lines; libraries are heard from warnings on.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(log_format))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(_OURS).setLevel(level.upper())
    for name in _OTHERS:
        logger = logging.getLogger(name)
        logger.handlers[:] = [logging.NullHandler()]  # a handler of its own keeps DBOS from adding one
        logger.propagate = True
        logger.setLevel(logging.NOTSET)
    logging.captureWarnings(capture=True)


def _formatter(log_format: LogFormat) -> logging.Formatter:
    structured = log_format == "json"
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _add_request,
            structlog.processors.format_exc_info,
            _without_secrets,
            structlog.processors.JSONRenderer()
            if structured
            else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0),
        ],
    )


def _add_request(_logger: object, _method: str, line: _Line) -> _Line:
    """Say which request a line belongs to."""
    for name, value in facts_of_request().items():
        line.setdefault(name, value)
    return line


def _without_secrets(_logger: object, _method: str, line: _Line) -> _Line:
    return redact_fields(line)
