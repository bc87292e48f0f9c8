"""Tool calls as answers show them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from airbyte_agent_server.audit.record import CallRow, CallStatus, Kind, time_of


class Actor(BaseModel):
    """Whose token it was."""

    client_id: str
    token_kind: str


class ToolCall(BaseModel):
    """One tool call. Names are those that counted when it was made."""

    id: str
    started_at: datetime
    duration_ms: int
    workspace_id: str
    workspace_name: str
    connector_id: str
    connector_name: str
    connector_type: str
    entity: str
    action: str
    kind: Kind
    status: CallStatus
    http_status: int
    code: str | None
    param_names: list[str]
    intent: str | None
    record_count: int | None
    result_bytes: int | None
    upstream_calls: int
    retries: int
    idempotency_replayed: bool
    actor: Actor
    interface: str | None
    request_id: str

    @classmethod
    def of(cls, row: CallRow, **more: object) -> Self:
        """The call as it is shown."""
        return cls.model_validate(
            {
                **{name: getattr(row, name) for name in row.__struct_fields__ if name in cls.model_fields},
                "started_at": time_of(row.id),
                "actor": {"client_id": row.client_id, "token_kind": row.token_kind},
                **more,
            }
        )


class ToolCallWithParams(ToolCall):
    """One tool call; with its parameters, if the server keeps them."""

    params: Mapping[str, object] | None = None


class ToolCallList(BaseModel):
    """Some calls, newest first."""

    data: list[ToolCall]
    next_cursor: str | None = Field(description="Where the list goes on; null at its end.")
