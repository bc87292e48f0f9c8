"""What is recorded of one tool call. Pure."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice

import msgspec

from airbyte_agent_server.problems import ProblemError

LONGEST_NAME = 100
LONGEST_INTERFACE = 255
MOST_NAMES = 50

_HEADERS = (b"x-adp-agent-sdk", b"x-adp-agent-cli", b"user-agent")
_DENIALS = frozenset(
    {
        "connector_not_found",
        "organization_mismatch",
        "origin_mismatch",
        "permission_denied",
        "token_not_allowed",
        "workspace_inactive",
        "workspace_mismatch",
    }
)
_NUL = b"\\u0000"
_ENCODER = msgspec.json.Encoder()
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


class Kind(StrEnum):
    """What sort of call it was."""

    DIRECT = "direct"
    SEARCH = "search"
    SQL = "sql"
    CHECK = "check"
    DESCRIBE = "describe"


_CONNECTOR = frozenset({"*", ""})
_OF_CONNECTOR = {"check": Kind.CHECK, "describe": Kind.DESCRIBE}
_OF_STORE = {"context_store_search": Kind.SEARCH, "context_store_sql_query": Kind.SQL}


class CallStatus(StrEnum):
    """How it ended."""

    SUCCESS = "success"
    ERROR = "error"
    DENIED = "denied"


class CallRow(msgspec.Struct, frozen=True, array_like=True):
    """One tool call as it lies on disk and in the database. The id, a UUID of version 7, holds when it began.

    Fields are in the order of the table's columns: on disk only their places tell which is which.
    """

    id: str
    organization_id: str
    workspace_id: str
    workspace_name: str
    connector_id: str
    connector_name: str
    connector_type: str
    client_id: str
    token_kind: str
    request_id: str
    interface: str | None
    entity: str
    action: str
    kind: Kind
    param_names: list[str]
    sealed_params: bytes | None
    intent: str | None
    status: CallStatus
    http_status: int
    code: str | None
    duration_ms: int
    record_count: int | None
    result_bytes: int | None
    upstream_calls: int
    retries: int
    idempotency_replayed: bool


class CallNotes(msgspec.Struct):
    """What becomes known of a call while it runs: whoever learns something writes it down here."""

    entity: str = ""
    action: str = ""
    param_names: list[str] = []
    intent: str | None = None
    sealed_params: bytes | None = None
    record_count: int | None = None
    result_bytes: int | None = None
    upstream_calls: int = 0
    retries: int = 0
    replayed: bool = False


def kind_of(entity: str, action: str) -> Kind:
    """What sort of call it is."""
    if entity in _CONNECTOR:
        return _OF_CONNECTOR.get(action, Kind.DIRECT)
    return _OF_STORE.get(action, Kind.DIRECT)


def failure_of(problem: ProblemError) -> CallStatus:
    """How a call ended that was answered with this problem."""
    return CallStatus.DENIED if problem.type.code in _DENIALS else CallStatus.ERROR


def short(names: Iterable[str]) -> list[str]:
    """Names of a caller's, cut to what is kept of them."""
    return [name[:LONGEST_NAME] for name in islice(names, MOST_NAMES)]


def interface_of(said: Mapping[bytes, bytes]) -> str | None:
    """Which program called: what it says of itself in its headers."""
    for name in _HEADERS:
        if name in said:
            shown = _UNPRINTABLE.sub(" ", said[name].decode("latin-1")).strip()
            if shown:
                return shown[:LONGEST_INTERFACE]
    return None


def encode_row(row: CallRow) -> bytes:
    """The row as one line of JSON, an array. PostgreSQL stores no U+0000: it is left out."""
    line = _ENCODER.encode(row)
    return line if _NUL not in line else msgspec.json.encode(_without_nul(msgspec.json.decode(line)))


def _without_nul(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_nul(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    return value.replace("\0", "") if isinstance(value, str) else value


def time_of(call_id: str) -> datetime:
    """When the call began, to the millisecond."""
    return datetime.fromtimestamp(int(call_id[:8] + call_id[9:13], 16) / 1000, UTC)
