"""Tool calls in the database."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import msgspec
from sqlalchemy import ColumnElement, Row, delete, select

from airbyte_agent_server.audit.record import CallRow, CallStatus, Kind
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import tool_calls as rows
from airbyte_agent_server.db.tables import workspaces
from airbyte_agent_server.db.types import identity_of

_EXPORTED_AT_ONCE = 1000
_ROWS_AT_ONCE = 250
_COLUMNS = tuple(column.name for column in rows.columns)
_NAMES = ", ".join(_COLUMNS)
_POSTGRESQL_VALUES = {
    "param_names": "line->{}",
    "sealed_params": "decode(line->>{}, 'base64')",
    "http_status": "(line->>{})::integer",
    "duration_ms": "(line->>{})::integer",
    "record_count": "(line->>{})::integer",
    "result_bytes": "(line->>{})::integer",
    "upstream_calls": "(line->>{})::integer",
    "retries": "(line->>{})::integer",
    "idempotency_replayed": "(line->>{})::boolean",
}
_SQLITE_VALUES = {
    # A function of ours needs Python's lock: it is asked only where there is something to decode.
    "sealed_params": "CASE json_type(value, '$[{0}]') WHEN 'text' THEN from_base64(json_extract(value, '$[{0}]')) END",
}


def _insert(values: Mapping[str, str], other: str, lines: str, *, given: str = "") -> str:
    """SQL that stores lines of JSON: the database reads them by itself."""
    picked = ", ".join(values.get(name, other).format(place) for place, name in enumerate(_COLUMNS))
    return f"{given}INSERT INTO tool_calls ({_NAMES}) SELECT {picked} FROM {lines} ON CONFLICT (id) DO NOTHING"  # noqa: S608


_POSTGRESQL_INSERT = _insert(_POSTGRESQL_VALUES, "line->>{}", "jsonb_array_elements($1::jsonb) AS given(line)")
_SQLITE_INSERT = _insert(
    _SQLITE_VALUES,
    "json_extract(value, '$[{}]')",
    "given WHERE true",
    given="WITH given AS MATERIALIZED (SELECT value FROM json_each(?)) ",
)
"""To bind values, SQLite's thread would have to take Python's lock from the event loop.

The text of each row is written out once; not `MATERIALIZED`, it would be for each column, in thrice the time.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls of an organization are wanted. Ids from `first_id` on, and before `end_id`."""

    workspace_name: str | None = None
    connector_id: str | None = None
    entity: str | None = None
    action: str | None = None
    kind: Kind | None = None
    status: CallStatus | None = None
    code: str | None = None
    client_id: str | None = None
    request_id: str | None = None
    first_id: str | None = None
    end_id: str | None = None


def params_identity(call_id: str) -> str:
    """What sealed parameters are bound to."""
    return identity_of(rows.c.sealed_params, id=call_id)


class CallStore:
    """Writes calls in batches, and reads them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = _SQLITE_INSERT if database.engine.dialect.name == "sqlite" else _POSTGRESQL_INSERT

    async def insert(self, lines: Sequence[bytes]) -> None:
        """Store rows as `encode_row` made them. Those that are there already stay as they are."""
        async with self._database.write() as connection:
            for first in range(0, len(lines), _ROWS_AT_ONCE):
                part = b",".join(lines[first : first + _ROWS_AT_ONCE])
                await connection.exec_driver_sql(self._insert, (f"[{part.decode()}]",))

    async def find(self, organization_id: str, call_id: str) -> CallRow | None:
        """The organization's call with that id."""
        query = select(rows).where(rows.c.organization_id == organization_id, rows.c.id == call_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _row(row)

    async def export(self, organization_id: str, wanted: CallFilter) -> AsyncIterator[list[CallRow]]:
        """All of the organization's calls, oldest first, some at a time."""
        query = select(rows).order_by(rows.c.id).limit(_EXPORTED_AT_ONCE)
        after: tuple[ColumnElement[bool], ...] = ()
        found: list[CallRow] | None = None
        while found is None or len(found) == _EXPORTED_AT_ONCE:
            async with self._database.read() as connection:
                page = await connection.execute(query.where(*_conditions(organization_id, wanted), *after))
                found = [_row(row) for row in page.all()]
            if found:
                yield found
                after = (rows.c.id > found[-1].id,)

    async def list(self, organization_id: str, wanted: CallFilter, *, limit: int) -> list[CallRow]:
        """The organization's calls, newest first."""
        query = select(rows).where(*_conditions(organization_id, wanted)).order_by(rows.c.id.desc()).limit(limit)
        async with self._database.read() as connection:
            return [_row(row) for row in (await connection.execute(query)).all()]

    async def delete_before(self, end_id: str, *, at_most: int) -> int:
        """Delete the oldest calls with smaller ids; how many there were."""
        old = select(rows.c.id).where(rows.c.id < end_id).order_by(rows.c.id).limit(at_most)
        async with self._database.write() as connection:
            return (await connection.execute(delete(rows).where(rows.c.id.in_(old)))).rowcount


def _conditions(organization_id: str, wanted: CallFilter) -> list[ColumnElement[bool]]:
    found = [rows.c.organization_id == organization_id]
    for name, value in asdict(wanted).items():
        if value is None:
            continue
        if name == "workspace_name":
            named = select(workspaces.c.id).where(
                workspaces.c.organization_id == organization_id, workspaces.c.name == value
            )
            found.append(rows.c.workspace_id.in_(named))
        elif name == "first_id":
            found.append(rows.c.id >= value)
        elif name == "end_id":
            found.append(rows.c.id < value)
        else:
            found.append(rows.c[name] == value)
    return found


def _row(row: Row[tuple[object, ...]]) -> CallRow:
    return msgspec.convert(tuple(row), CallRow)
