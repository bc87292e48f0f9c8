"""What the server writes to its log, and what it never does."""

import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy.exc import SQLAlchemyError

from airbyte_agent_hubspot._wire import HttpResponse
from airbyte_agent_server.settings import Settings
from airbyte_agent_server.telemetry.logs import LogFormat, LogLevel, configure_logs
from airbyte_agent_server.telemetry.redaction import HIDDEN, redact, redact_fields
from server.world import CONNECTORS, World

EXECUTE = f"{CONNECTORS}/{{connector_id}}/execute"
CONTACTS = "/crm/objects/2026-03/contacts"
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLWxvbmctZW5vdWdo"
REFRESH = "na1-0123-4567-89ab-cdef-0123456789ab"
LOGGERS = ("", "airbyte_agent_server", "alembic", "dbos", "sqlalchemy", "uvicorn", "uvicorn.error", "py.warnings")


class Log:
    """What was written."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Every line, read as JSON."""
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The lines on requests, without what differs from run to run."""
        hidden = ("event", "logger", "timestamp", "request_id")
        found = [line for line in self.lines if line["event"] == "request"]
        return [{name: value for name, value in line.items() if name not in hidden} for line in found]


Start = Callable[..., Log]


@pytest.fixture
def start() -> Iterator[Start]:
    """Begins to write the log as `serve` does."""
    before = [
        (logger, logger.handlers[:], logger.level, logger.propagate) for logger in map(logging.getLogger, LOGGERS)
    ]

    def started(log_format: LogFormat = "json", level: LogLevel = "info") -> Log:
        log = Log()
        configure_logs(log_format, level, stream=log.stream)
        return log

    yield started
    logging.captureWarnings(capture=False)
    for logger, handlers, level, propagate in before:
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)


@pytest.mark.requirement("logs-show-no-secret")
async def test_a_request_is_one_line_with_its_route_and_whose_it_is(world: World, start: Start) -> None:
    token = await world.scoped_token()
    workspace = await world.server.core.accounts.ensure_workspace(world.pair.organization_id, "user-123")
    log = start()
    answer = await world.client.get("/v1/integrations/connectors?external_user_id=user-123", token=token)
    await world.client.get("/nowhere/eyJzZWNyZXQ?code=secret")
    assert log.requests == [
        {
            "level": "info",
            "method": "GET",
            "route": CONNECTORS,
            "status": 200,
            "duration_ms": 0,
            "organization_id": world.pair.organization_id,
            "workspace_id": workspace.id,
        },
        {"level": "info", "method": "GET", "route": "", "status": 404, "duration_ms": 0},
    ]
    assert log.lines[0]["request_id"] == answer.headers["x-request-id"]
    assert log.lines[0]["timestamp"].endswith("Z")
    written = log.stream.getvalue()
    assert not [shown for shown in ("user-123", "secret", "eyJ", "nowhere") if shown in written]


async def test_probes_are_not_worth_a_line_unless_all_is_wanted(world: World, start: Start) -> None:
    log = start()
    await world.client.get("/healthz")
    assert log.lines == []
    log = start(level="debug")
    await world.client.get("/healthz")
    assert [line["level"] for line in log.requests] == ["debug"]


async def test_of_executes_only_failures_of_ours_or_hubspots_are_written(world: World, start: Start) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    log = start()
    await world.execute(token, connector_id, "contacts", "list")
    await world.execute(token, connector_id, "contacts", "nonsense")
    assert log.lines == []
    world.hubspot.answers[CONTACTS] = HttpResponse(500, {}, b"")
    await world.execute(token, connector_id, "contacts", "list")
    assert [(line["level"], line["route"], line["status"]) for line in log.requests] == [("warning", EXECUTE, 502)]


class TestWithShare:
    """A share of executes is written."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"log_execute_share": 0.5})

    async def test_the_share_of_executes_that_the_settings_say_gets_lines(self, world: World, start: Start) -> None:
        token = await world.scoped_token()
        connector_id = await world.create_connector(token)
        log = start()
        for _ in range(4):
            await world.execute(token, connector_id, "contacts", "list", {"limit": 1})
        assert [(line["route"], line["status"]) for line in log.requests] == [(EXECUTE, 200)] * 2


async def test_a_failure_nobody_foresaw_is_written_with_its_trace_and_the_request_it_belongs_to(
    world: World, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await world.scoped_token()

    async def fail(*_: object, **__: object) -> None:
        raise SQLAlchemyError(f"refresh_token={REFRESH}")

    monkeypatch.setattr(world.server.core.accounts, "ensure_workspace", fail)
    log = start()
    answer = await world.client.post(
        "/api/v1/account/applications/scoped-token",
        {"workspace_name": "user-123"},
        token=await world.application_token(),
    )
    assert answer.code == "internal_error"
    (failure,) = [line for line in log.lines if "exception" in line]
    assert failure["level"] == "error"
    assert failure["request_id"] == answer.headers["x-request-id"]
    assert failure["organization_id"] == world.pair.organization_id
    assert "SQLAlchemyError" in failure["exception"]
    assert REFRESH not in log.stream.getvalue()
    assert token not in log.stream.getvalue()


async def test_libraries_lines_come_in_the_same_form_from_warnings_on(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("uvicorn.error", "dbos", "sqlalchemy.pool", "alembic.runtime.migration")
    for name in names:
        monkeypatch.setattr(logging.getLogger(name), "disabled", False)
        logging.getLogger(name).setLevel(logging.NOTSET)
    log = start()
    for name in names:
        logging.getLogger(name).info("unheard")
        logging.getLogger(name).warning("heard, with %s", f"Bearer {JWT}")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    lines = log.lines
    ours = [(line["logger"], line["event"]) for line in lines if "heard" in line["event"]]  # threads may log, too
    assert ours == [(name, f"heard, with Bearer {HIDDEN}") for name in names]
    assert lines[-1]["logger"] == "py.warnings"


async def test_the_console_form_is_for_people(start: Start) -> None:
    log = start("console")
    logging.getLogger("airbyte_agent_server.anything").warning("ready", extra={"count": 3, "token": "abc"})
    written = log.stream.getvalue()
    assert "[warning  ] ready" in written
    assert "count=3" in written
    assert f"token={HIDDEN}" in written
    assert "\x1b" not in written


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"authorization: Bearer {JWT}", f"authorization: Bearer {HIDDEN}"),
        (f"got {JWT}!", f"got {HIDDEN}!"),
        (f"token {REFRESH} is dead", f"token {HIDDEN} is dead"),
        ("pat-na1-01234567-89ab-cdef-0123-456789abcdef", HIDDEN),
        ("C" + "x" * 400, HIDDEN),
        ("postgresql://server:hunter22@db/agents", f"postgresql://server:{HIDDEN}@db/agents"),
        ("/callback?code=abcdefgh&state=12345678", f"/callback?code={HIDDEN}&state={HIDDEN}"),
        ('{"client_secret": "hunter2hunter2"}', f'{{"client_secret": "{HIDDEN}"}}'),
        ("refresh_token=***", "refresh_token=***"),
        ("error code: 7", "error code: 7"),
        ("contact 0190a1b2-0000-4000-8000-000000000001", "contact 0190a1b2-0000-4000-8000-000000000001"),
    ],
)
def test_what_has_the_form_of_a_secret_is_hidden_and_nothing_else(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_fields_are_cleaned_at_any_depth_and_hidden_by_name() -> None:
    fields = {
        "client_secret": "x",
        "headers": {"Authorization": "x", "accept": "y", "seen": [f"Bearer {JWT}", 1, None]},
        "param_names": ("token_kind", "limit"),
        "duration_ms": 1.5,
        "error": ValueError(REFRESH),
    }
    assert redact_fields(fields) == {
        "client_secret": HIDDEN,
        "headers": {"Authorization": HIDDEN, "accept": "y", "seen": [f"Bearer {HIDDEN}", 1, None]},
        "param_names": ["token_kind", "limit"],
        "duration_ms": 1.5,
        "error": HIDDEN,
    }
