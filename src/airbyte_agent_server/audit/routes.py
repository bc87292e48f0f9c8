"""Routes that show tool calls."""

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Annotated, Self

import msgspec
from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import StreamingResponse

from airbyte_agent_server.aliases import API
from airbyte_agent_server.audit.log import AuditLog
from airbyte_agent_server.audit.record import CallRow, CallStatus, Kind
from airbyte_agent_server.audit.store import CallFilter, CallStore, params_identity
from airbyte_agent_server.audit.views import ToolCall, ToolCallList, ToolCallWithParams
from airbyte_agent_server.cursors import Cursors
from airbyte_agent_server.ports import LEAST_ID, Clock, SealBrokenError, Sealer, timed_id
from airbyte_agent_server.problems import ProblemError, may_answer
from airbyte_agent_server.tokens.bearer import claims_of
from airbyte_agent_server.tokens.tenant import WorkspaceName

_PREFIX = f"{API}/tool-calls"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of a request."""

    calls: CallFilter

    @classmethod
    def read(  # noqa: PLR0913, PLR0917  # one argument for each filter
        cls,
        workspace_name: WorkspaceName | None = None,
        connector_id: str | None = None,
        entity: str | None = None,
        action: str | None = None,
        kind: Kind | None = None,
        status: CallStatus | None = None,
        code: str | None = None,
        client_id: str | None = None,
        request_id: str | None = None,
        since: Annotated[AwareDatetime | None, Query(description="Calls that began at this instant or later.")] = None,
        until: Annotated[AwareDatetime | None, Query(description="Calls that began before this instant.")] = None,
    ) -> Self:
        """The filters in the query."""
        return cls(
            CallFilter(
                workspace_name=workspace_name,
                connector_id=connector_id,
                entity=entity,
                action=action,
                kind=kind,
                status=status,
                code=code,
                client_id=client_id,
                request_id=request_id,
                first_id=None if since is None else first_id_at(since),
                end_id=None if until is None else first_id_at(until),
            )
        )


def first_id_at(instant: datetime) -> str:
    """The smallest id of a call that began then."""
    return timed_id(max(0, round(instant.timestamp() * 1000)), LEAST_ID)


class AuditRoutes:
    """List, show and export tool calls."""

    def __init__(self, log: AuditLog, store: CallStore, sealer: Sealer, *, cursors: Cursors, clock: Clock) -> None:
        self._log = log
        self._store = store
        self._sealer = sealer
        self._cursors = cursors
        self._clock = clock

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        paged, known = may_answer("invalid_cursor"), may_answer("tool_call_not_found")
        lines = {"description": "One object on each line.", "content": {"application/x-ndjson": {}}}
        router.add_api_route(_PREFIX, self.list, methods=["GET"], response_model=ToolCallList, openapi_extra=paged)
        router.add_api_route(
            f"{_PREFIX}/export",
            self.export,
            methods=["GET"],
            response_class=StreamingResponse,
            responses={200: lines},
        )
        router.add_api_route(f"{_PREFIX}/{{call_id}}", self.get, methods=["GET"], openapi_extra=known)

    async def list(
        self,
        request: Request,
        wanted: Annotated[Wanted, Depends(Wanted.read)],
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: str | None = None,
    ) -> ToolCallList:
        """List tool calls, newest first."""
        organization_id = claims_of(request).organization_id
        calls, query = wanted.calls, {"organization_id": organization_id, **asdict(wanted.calls)}
        if cursor is not None:
            calls = replace(calls, end_id=self._cursors.decode(query, cursor)[0])
        await self._log.flush()
        found = await self._store.list(organization_id, calls, limit=limit + 1)
        shown = found[:limit]
        following = self._cursors.encode(query, [shown[-1].id]) if len(found) > limit else None
        return ToolCallList(data=[ToolCall.of(row) for row in shown], next_cursor=following)

    async def get(self, request: Request, call_id: str) -> ToolCallWithParams:
        """Show one tool call."""
        await self._log.flush()
        row = await self._store.find(claims_of(request).organization_id, call_id)
        if row is None:
            raise ProblemError("tool_call_not_found", f"There is no tool call {call_id}: list the tool calls.")
        return ToolCallWithParams.of(row, params=await self._params(row))

    async def _params(self, row: CallRow) -> dict[str, object] | None:
        if row.sealed_params is None:
            return None
        try:
            opened = await self._sealer.open(row.sealed_params, identity=params_identity(row.id))
        except SealBrokenError:
            return None  # its workspace's key was destroyed, and what it sealed with it
        return msgspec.json.decode(opened, type=dict[str, object])

    async def export(self, request: Request, wanted: Annotated[Wanted, Depends(Wanted.read)]) -> StreamingResponse:
        """Export tool calls, oldest first, one JSON object on each line; the last says that it is whole."""
        calls = wanted.calls
        if calls.end_id is None:  # calls that are made meanwhile would let it go on for ever
            calls = replace(calls, end_id=timed_id(int(self._clock.now_s() * 1000) + 1, LEAST_ID))
        await self._log.flush()
        lines = self._lines(claims_of(request).organization_id, calls)
        return StreamingResponse(lines, media_type="application/x-ndjson")

    async def _lines(self, organization_id: str, calls: CallFilter) -> AsyncIterator[bytes]:
        count = 0
        async for rows in self._store.export(organization_id, calls):
            yield b"".join(ToolCall.of(row).model_dump_json().encode() + b"\n" for row in rows)
            count += len(rows)
        yield msgspec.json.encode({"end": True, "count": count}) + b"\n"
