"""Puts calls on record: a place before anything is done, a row before the answer."""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from airbyte_agent_server.audit.log import AuditLog
from airbyte_agent_server.audit.record import (
    LONGEST_NAME,
    CallNotes,
    CallRow,
    encode_row,
    interface_of,
    kind_of,
    short,
    status_of,
    timed_id,
)
from airbyte_agent_server.audit.store import params_identity
from airbyte_agent_server.connectors.registry import get_connector_type
from airbyte_agent_server.connectors.store import Connector
from airbyte_agent_server.ports import Clock, IdSource, Sealer
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.telemetry.metrics import Metrics
from airbyte_agent_server.tokens.claims import Claims

KeptParams = Literal["names", "none", "full"]
"""What is recorded of a call's parameters; `full` keeps them sealed under the workspace's key."""

_ID_RANDOM_BYTES = 10
_INTERRUPTED = ProblemError("internal_error", "The call did not come to its end.")


class OpenCall:
    """A call that is on its way. It goes on record once, whatever becomes of it."""

    def __init__(self, recorder: "CallRecorder", claims: Claims, connector: Connector) -> None:
        self._recorder = recorder
        self.claims = claims
        self.connector = connector
        self.notes = CallNotes()
        self.began_at_s = recorder.clock.monotonic_s()
        self.id = timed_id(int(recorder.clock.now_s() * 1000), recorder.ids.random_bytes(_ID_RANDOM_BYTES))


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
        self._kept_params = kept_params

    async def begin(self, claims: Claims, connector: Connector) -> OpenCall:
        """A call on a connector; its row has a place from now on.

        Raises:
            ProblemError: `unavailable`: too many rows wait for the database.
        """
        if not self._log.take_free_place():
            await self._log.take_place()
        return OpenCall(self, claims, connector)

    async def note_params(self, call: OpenCall, params: Mapping[str, object]) -> None:
        """Write down what the settings allow of a call's parameters, before it is carried out."""
        if self._kept_params == "none" or not params:
            return
        call.notes.param_names = short(params)
        if self._kept_params == "full":
            sealed = await self._sealer.seal(
                msgspec.json.encode(params), owner=call.connector.workspace_id, identity=params_identity(call.id)
            )
            call.notes.sealed_params = sealed

    async def finish(
        self,
        call: OpenCall,
        *,
        request_id: str,
        headers: Iterable[tuple[bytes, bytes]],
        problem: ProblemError | None,
    ) -> None:
        """Put the call on record; when this returns, its answer may be sent."""
        notes, connector = call.notes, call.connector
        entity, action = notes.entity[:LONGEST_NAME], notes.action[:LONGEST_NAME]
        duration_s, status = self.clock.monotonic_s() - call.began_at_s, status_of(problem)
        code = None if problem is None else problem.type.code
        self._metrics.execute_ended(status, code or "", duration_s)
        row = CallRow(
            id=call.id,
            organization_id=connector.organization_id,
            workspace_id=connector.workspace_id,
            workspace_name=connector.workspace_name,
            connector_id=connector.id,
            connector_name=connector.name,
            connector_type=get_connector_type(connector.connector_type).name,
            client_id=call.claims.client_id,
            token_kind=call.claims.kind,
            request_id=request_id,
            interface=interface_of(headers),
            entity=entity,
            action=action,
            kind=kind_of(entity, action),
            param_names=notes.param_names,
            sealed_params=notes.sealed_params,
            intent=notes.intent,
            status=status,
            http_status=200 if problem is None else problem.type.status,
            code=code,
            duration_ms=round(duration_s * 1000),
            record_count=notes.record_count if problem is None else None,
            result_bytes=notes.result_bytes if problem is None else None,
            upstream_calls=notes.upstream_calls,
            retries=notes.retries,
            idempotency_replayed=notes.replayed,
        )
        self._log.add(encode_row(row))
        if self._log.durable:
            await self._log.settled()

    async def interrupt(self, call: OpenCall, *, request_id: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Put on record that a call was cancelled or failed in a way that nobody foresaw."""
        await self.finish(call, request_id=request_id, headers=headers, problem=_INTERRUPTED)
