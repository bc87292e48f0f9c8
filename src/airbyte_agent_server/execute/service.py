"""Runs one call of one operation for a connector, with credentials from the vault."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from functools import cache
from typing import TypeAlias, TypeVar

import msgspec

from airbyte_agent_hubspot._catalog import CATALOG, DEFAULT_VERSION
from airbyte_agent_hubspot._composer import DONE, Allow
from airbyte_agent_hubspot._describe import describe_connector
from airbyte_agent_hubspot._executor import Call
from airbyte_agent_hubspot._local import LocalExecutor
from airbyte_agent_hubspot._memory import SharedMemory
from airbyte_agent_hubspot._operation import Operation
from airbyte_agent_hubspot._retry import Progress, Retrier
from airbyte_agent_hubspot._sansio import outcome_unknown
from airbyte_agent_hubspot._shape import NO_METADATA, Metadata
from airbyte_agent_hubspot.errors import (
    ConnectorError,
    FieldError,
    MissingScopesError,
    PermissionDeniedError,
    ReauthorizationRequiredError,
)
from airbyte_agent_hubspot.models import GrantedScopes
from airbyte_agent_server.audit.record import CallNotes
from airbyte_agent_server.bounded import BoundedCache
from airbyte_agent_server.budgets.exchange import HubspotBudgets
from airbyte_agent_server.connectors.health import cause_of
from airbyte_agent_server.connectors.service import ConnectorService
from airbyte_agent_server.connectors.store import Connector, Status
from airbyte_agent_server.execute.caller import Caller
from airbyte_agent_server.execute.keyed import KeyedWrites
from airbyte_agent_server.execute.permission import check_connector, check_token, disabled, is_limited
from airbyte_agent_server.execute.reach import Reach, reach_of, reach_of_list, touches_members
from airbyte_agent_server.execute.request import CONNECTOR, ExecuteRequest, find_operation
from airbyte_agent_server.execute.shaping import shape_result
from airbyte_agent_server.execute.verification import verification_of
from airbyte_agent_server.idempotency.keys import KeyedRequest, check_key
from airbyte_agent_server.ports import Clock
from airbyte_agent_server.problems import ProblemError, problem_from_connector_error
from airbyte_agent_server.telemetry.spans import Watch
from airbyte_agent_server.vault.refresh import TokenRefresher, VaultTokens

_log = logging.getLogger(__name__)

_PLAIN_METADATA = msgspec.json.encode(NO_METADATA)
_EXECUTORS = 10_000
_EXECUTOR_LIFE_S = 60.0
"""Shorter than what executors share lives: the budget of an account must stay the one of all its connectors."""
_MEMORIES = 500
_MEMORY_LIFE_S = 3600.0

T = TypeVar("T")
_Account: TypeAlias = tuple[int | None, str]
"""A HubSpot account and, where not all its connectors are meant, a connector."""


class _List(msgspec.Struct, frozen=True):
    objectTypeId: str  # noqa: N815  # HubSpot's name


class _Part(msgspec.Struct, frozen=True):
    entity: str
    action: str
    params: dict[str, object]


@dataclass(frozen=True, slots=True)
class ExecuteLimits:
    """What one execute may cost."""

    deadline_s: float
    result_bytes: int


class Outcome(msgspec.Struct):
    """A result as JSON, and where it came from."""

    result: bytes
    metadata: Metadata
    upstream_calls: int
    source: str
    records: int | None = None


class Task(msgspec.Struct, frozen=True):
    """A call that the token and the connector allow. `operation` is None for the description of the connector."""

    caller: Caller
    operation: Operation | None
    params: dict[str, object]
    request: ExecuteRequest
    request_id: str
    began_at_s: float
    notes: CallNotes

    @property
    def writes(self) -> bool:
        """Whether it changes anything in HubSpot."""
        return self.operation is not None and self.operation.writes

    def with_way_to_verify(self, problem: ProblemError) -> ProblemError:
        """The problem; if it leaves open what happened, with the call that tells."""
        if self.operation is None or problem.type.code != "upstream_outcome_unknown":
            return problem
        call = next((item.details["call"] for item in problem.errors if "call" in item.details), None)
        if call is None:
            verify = verification_of(self.operation, self.params)
        else:  # one of the writes that the operation is made of
            part = msgspec.convert(call, _Part)
            verify = verification_of(CATALOG.find(part.entity, part.action), part.params)
        done = [item for item in problem.errors if item.error_code == DONE]
        problem.errors = (FieldError("", problem.message, problem.type.code, {"verify": asdict(verify)}), *done)
        return problem


class ExecuteService:
    """Finds the operation, checks the token's permissions, runs it at HubSpot, shapes the answer."""

    def __init__(  # noqa: PLR0913  # one argument for each part
        self,
        connectors: ConnectorService,
        refresher: TokenRefresher,
        keyed: KeyedWrites,
        *,
        retrier: Retrier,
        budgets: HubspotBudgets,
        watch: Watch,
        api_base_url: str,
        limits: ExecuteLimits,
        clock: Clock,
    ) -> None:
        self._connectors = connectors
        self.known_connector = connectors.known
        self.find_connector = connectors.find_in_organization
        self._refresher = refresher
        self._keyed = keyed
        self._retrier = retrier
        self._watch = watch
        self._api_base_url = api_base_url
        self._limits = limits
        self._clock = clock
        self._budgets = budgets
        self._executors: BoundedCache[str, tuple[Connector, LocalExecutor]] = BoundedCache(
            size=_EXECUTORS, life_s=_EXECUTOR_LIFE_S, clock=clock
        )
        self._memories: BoundedCache[_Account, SharedMemory] = BoundedCache(
            size=_MEMORIES, life_s=_MEMORY_LIFE_S, clock=clock
        )

    def execute(  # who, on what, which call, and what is said of it
        self,
        caller: Caller,
        request: ExecuteRequest,
        *,
        request_id: str,
        notes: CallNotes,
        began_at_s: float,
        key: str | None = None,
    ) -> Awaitable[bytes]:
        """The body of the answer. `key` counts for writes: such a request is carried out once, however often it comes.

        Raises:
            ProblemError, ConnectorError: whatever keeps the call from succeeding.
        """
        if caller.connector.status == Status.DISABLED:
            raise disabled()
        operation, params = find_operation(request, notes)
        task = Task(caller, operation, params, request, request_id, began_at_s, notes)
        if operation is None:
            check_token(caller.claims, [Reach((CONNECTOR,), notes.action, writes=False)])
            return self._answer(task)
        if caller.may_do_all and (key is None or not operation.writes):
            return self._answer(task)
        return self._checked(task, operation, key)

    async def _checked(self, task: Task, operation: Operation, key: str | None) -> bytes:
        """The body of the answer to a call that may not be allowed, or that carries a key."""
        caller, request, notes = task.caller, task.request, task.notes
        connector = caller.connector
        if not caller.may_do_all:
            await self._check(caller, operation, task.params, notes)
        if key is None or not operation.writes:
            return await self._answer(task)
        check_key(key)
        content = msgspec.json.encode((connector.id, request), order="deterministic")
        reply = await self._keyed.run(
            KeyedRequest(connector.organization_id, connector.workspace_id, "execute", key, content, connector.id),
            lambda: self._answer(task),
            repeatable=operation.resendable,
            unknown=lambda why: task.with_way_to_verify(problem_from_connector_error(outcome_unknown(operation, why))),
        )
        notes.replayed = reply.replayed
        return reply.body

    async def _check(self, caller: Caller, operation: Operation, params: dict[str, object], notes: CallNotes) -> None:
        """Raise unless both the token and the connector allow the call, of which one may not do all."""
        claims, connector = caller.claims, caller.connector
        reached = reach_of(operation, params)
        check_token(claims, reached)
        if operation.entity != CONNECTOR:
            check_connector(connector, reached)
        if touches_members(operation) and is_limited(claims, connector):
            reached = [reach_of_list(await self._type_of_list(caller, params["listId"], notes))]
            check_token(claims, reached)
            check_connector(connector, reached)

    async def _type_of_list(self, caller: Caller, list_id: object, notes: CallNotes) -> str:
        """The object type of a list's members: HubSpot alone knows."""
        try:
            outcome = await self._call(caller, CATALOG.find("lists", "get"), {"listId": list_id}, notes)
        except ConnectorError as error:
            raise await self._noted(caller.connector, error) from error
        return msgspec.json.decode(outcome.result, type=_List).objectTypeId

    async def _answer(self, task: Task) -> bytes:
        """The body of the answer.

        Raises:
            ProblemError: nothing else, so that what is kept under a key is what is answered.
        """
        request = task.request
        try:
            outcome = await self._outcome(task)
        except ConnectorError as error:
            problem = await self._noted(task.caller.connector, error)
            raise task.with_way_to_verify(problem) from error
        result = shape_result(
            outcome.result,
            select_fields=request.select_fields,
            exclude_fields=request.exclude_fields,
            truncate=request.skip_truncation is False,
        )
        if len(result) > self._limits.result_bytes:
            done = "The write was carried out, but its" if task.writes else "The"
            raise ProblemError(
                "result_too_large",
                f"{done} result has {len(result)} bytes, more than the {self._limits.result_bytes} allowed: "
                "ask for fewer records or fewer properties.",
            )
        task.notes.result_bytes = len(result)
        if task.request.entity not in {CONNECTOR, ""}:
            task.notes.record_count = outcome.records
        return _envelope(task, result, outcome, took_s=self._clock.monotonic_s() - task.began_at_s)

    def _outcome(self, task: Task) -> Awaitable[Outcome]:
        if task.operation is None:
            return _description()
        # Only what an operation is made of has to be asked about: the operation itself is allowed.
        allow = self._gate_of(task) if task.operation.is_composed else None
        call = self._call(task.caller, task.operation, task.params, task.notes, allow=allow)
        recover = task.operation.recover
        return call if recover is None else self._recovered(task.caller.connector, call, recover)

    async def _recovered(
        self, connector: Connector, call: Awaitable[Outcome], recover: Callable[[ConnectorError], object]
    ) -> Outcome:
        try:
            return await call
        except ConnectorError as error:
            await self._noted(connector, error)
            return Outcome(msgspec.json.encode(recover(error)), NO_METADATA, 1, "hubspot")

    def _gate_of(self, task: Task) -> Allow:
        """What each call that an operation is made of has to pass, as if it had been made directly."""

        async def allow(operation: Operation, params: dict[str, object]) -> None:
            if task.caller.may_do_all:
                return
            try:
                await self._check(task.caller, operation, params, task.notes)
            except ProblemError as problem:
                raise PermissionDeniedError(problem.message, code=problem.type.code, errors=problem.errors) from problem

        return allow

    async def _call(
        self,
        caller: Caller,
        operation: Operation,
        params: dict[str, object],
        notes: CallNotes,
        *,
        allow: Allow | None = None,
    ) -> Outcome:
        connector, progress = caller.connector, Progress()
        call = Call(operation, params, timeout_s=self._limits.deadline_s)
        executor = caller.executor
        if executor is None:
            executor = caller.executor = self._executor_of(connector)
        sent = executor.send(call, operation.shape.to_envelope, progress, allow=allow)
        traces = self._watch.traces
        try:
            if not traces.on:
                envelope = await sent
            else:
                with traces.step(f"execute {operation.entity}.{operation.action}") as span:
                    span.note({"agent_server.connector_id": connector.id})
                    envelope = await sent
        finally:
            notes.upstream_calls += progress.upstream_calls
            notes.retries += progress.retries
        if connector.status != Status.ACTIVE:
            await self._mark_active(connector)
        return Outcome(envelope.result, envelope.metadata, progress.upstream_calls, "hubspot", envelope.records)

    def _executor_of(self, connector: Connector) -> LocalExecutor:
        """What calls on the connector go through, as long as it stays as it is."""
        kept = self._executors.get(connector.id)
        if kept is not None and kept[0] is connector:
            return kept[1]
        executor = LocalExecutor(
            retrier=self._retrier,
            base_url=self._api_base_url,
            tokens=VaultTokens(self._refresher, connector.id),
            version=DEFAULT_VERSION,
            budget=self._budgets.of(str(connector.hub_id or connector.id), connector.auth_scheme),
            memory=_shared(self._memories, (connector.hub_id, connector.id), SharedMemory),
            introspect=_granted_to(connector),
        )
        self._executors.put(connector.id, (connector, executor), drops=self._executors.drops)
        return executor

    async def _mark_active(self, connector: Connector) -> None:
        """Remember that the credentials work. That this fails must not make a failure of what HubSpot did."""
        try:
            await self._connectors.set_status(connector, Status.ACTIVE)
        except ProblemError as problem:
            _log.warning("the status of connector %s could not be stored: %s", connector.id, problem.message)

    async def _noted(self, connector: Connector, error: ConnectorError) -> ProblemError:
        """The error as it is answered, a dead credential noted; with the id for connecting the account anew."""
        problem = problem_from_connector_error(error)
        if not isinstance(error, ReauthorizationRequiredError | MissingScopesError):
            return problem
        if isinstance(error, ReauthorizationRequiredError):
            await self._connectors.set_status(connector, Status.NEEDS_REAUTH, cause=cause_of(error))
        problem.errors = tuple(
            FieldError(item.field, item.message, item.error_code, {**item.details, "connector_id": connector.id})
            for item in problem.errors
        )
        return problem


async def _description() -> Outcome:
    return Outcome(_described(), NO_METADATA, upstream_calls=0, source="catalog")


@cache
def _described() -> bytes:
    """The description of the connector, which takes a tenth of a second to make."""
    return msgspec.json.encode(describe_connector(CATALOG))


def _shared(cache: BoundedCache[_Account, T], account: _Account, make: Callable[[], T]) -> T:
    """What the calls on an account share in this process: its limits belong to all its connectors, answers to one."""
    shared = cache.get(account)
    if shared is None:
        shared = make()
        cache.put(account, shared, drops=cache.drops)
    return shared


def _granted_to(connector: Connector) -> Callable[[], Awaitable[GrantedScopes]]:
    """Tells what was granted when the connector was last connected."""

    async def granted() -> GrantedScopes:
        return GrantedScopes(connector.hub_id, sorted(connector.granted_scopes))

    return granted


def _envelope(task: Task, result: bytes, outcome: Outcome, *, took_s: float) -> bytes:
    metadata = _PLAIN_METADATA if outcome.metadata is NO_METADATA else msgspec.json.encode(outcome.metadata)
    # Ids of connectors and requests hold nothing that JSON would escape.
    return b"".join(
        (
            b'{"status":"success","result":',
            result,
            b',"connector_metadata":',
            metadata,
            f',"execution_metadata":{{"connector_instance_id":"{task.caller.connector.id}",'
            f'"execution_time_ms":{round(took_s * 1000)},"request_id":"{task.request_id}",'
            f'"upstream_calls":{outcome.upstream_calls},"source":"{outcome.source}"}}}}'.encode(),
        )
    )
