"""Puts calls on record: a place before anything is done, a row before the answer."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from airbyte_agent_server.audit.log import AuditLog
from airbyte_agent_server.audit.record import (
    LONGEST_NAME,
    CallNotes,
    CallRow,
    CallStatus,
    encode_row,
    failure_of,
    kind_of,
    short,
)
from airbyte_agent_server.audit.store import params_identity
from airbyte_agent_server.connectors.registry import get_connector_type
from airbyte_agent_server.connectors.store import Connector
from airbyte_agent_server.ports import Clock, IdSource, Sealer, timed_id
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.telemetry.metrics import Metrics
from airbyte_agent_server.tokens.claims import Claims

KeptParams = Literal["names", "none", "full"]
"""What is recorded of a call's parameters; `full` keeps them sealed under the workspace's key."""

_INTERRUPTED = ProblemError("internal_error", "The call did not come to its end.")


class OpenCall(msgspec.Struct, frozen=True):
    """A call that is on its way. It goes on record once, whatever becomes of it."""

    id: str
    claims: Claims
    connector: Connector
    began_at_s: float
    request_id: str
    interface: str | None
    """Which program calls."""
    notes: CallNotes


class CallRecorder:
    """Makes the rows of the audit log."""

    def __init__(
        self,
        log: AuditLog,
        sealer: Sealer,
        metrics: Metrics,
        *,
        kept_params: KeptParams,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self.clock = clock
        self.ids = ids
        self._log = log
        self._sealer = sealer
        self._metrics = metrics
        self._names_params = kept_params != "none"
        self.keeps_params = kept_params == "full"
        """Whether the parameters themselves do, sealed."""
        self.durable = log.durable
        """Whether a record counts only once the disk has it: `settled` waits for that."""
        self.settled = log.settled
        self.write_out = log.write_out
        self.take_free_place = log.take_free_place
        self.take_place = log.take_place

    def begin(self, claims: Claims, connector: Connector, *, request_id: str, interface: str | None) -> OpenCall:
        """A call on a connector, whose row has a place already."""
        call_id = timed_id(int(self.clock.now_s() * 1000), self.ids.new_id())
        return OpenCall(call_id, claims, connector, self.clock.monotonic_s(), request_id, interface, CallNotes())

    def note(
        self, call: OpenCall, entity: str, action: str, params: Mapping[str, object] | None, intent: str | None
    ) -> None:
        """Write down what is asked for; of the parameters, what the settings allow."""
        notes = call.notes
        notes.entity, notes.action, notes.intent = entity, action, intent
        if params and self._names_params:
            notes.param_names = short(params)

    async def seal_params(self, call: OpenCall, params: Mapping[str, object]) -> None:
        """Keep a call's parameters as they are, before it is carried out: only where `keeps_params`."""
        call.notes.sealed_params = await self._sealer.seal(
            msgspec.json.encode(params), owner=call.connector.workspace_id, identity=params_identity(call.id)
        )

    def finish(self, call: OpenCall, problem: ProblemError | None = None) -> None:
        """Put the call on record; its answer may be sent after `write_out`, if need be after `settled`."""
        notes, connector = call.notes, call.connector
        entity, action = notes.entity[:LONGEST_NAME], notes.action[:LONGEST_NAME]
        duration_s = self.clock.monotonic_s() - call.began_at_s
        status, code = (CallStatus.SUCCESS, None) if problem is None else (failure_of(problem), problem.type.code)
        self._metrics.execute_ended(status, code or "", duration_s)
        # In their order, as names take six times as long.
        row = CallRow(
            call.id,
            connector.organization_id,
            connector.workspace_id,
            connector.workspace_name,
            connector.id,
            connector.name,
            get_connector_type(connector.connector_type).name,
            call.claims.client_id,
            call.claims.kind,
            call.request_id,
            call.interface,
            entity,
            action,
            kind_of(entity, action),
            notes.param_names,
            notes.sealed_params,
            notes.intent,
            status,
            200 if problem is None else problem.type.status,
            code,
            round(duration_s * 1000),
            notes.record_count if problem is None else None,
            notes.result_bytes if problem is None else None,
            notes.upstream_calls,
            notes.retries,
            notes.replayed,
        )
        self._log.add(encode_row(row))

    def interrupt(self, call: OpenCall) -> None:
        """Put on record that a call was cancelled or failed in a way that nobody foresaw."""
        self.finish(call, _INTERRUPTED)
