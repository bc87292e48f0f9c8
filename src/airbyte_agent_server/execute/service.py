"""Runs one call of one operation for a connector, with credentials from the vault."""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import msgspec

from airbyte_agent_hubspot._catalog import CATALOG, DEFAULT_VERSION
from airbyte_agent_hubspot._describe import describe_connector
from airbyte_agent_hubspot._executor import Call
from airbyte_agent_hubspot._limits import SharedBudget
from airbyte_agent_hubspot._local import LocalExecutor
from airbyte_agent_hubspot._operation import Operation
from airbyte_agent_hubspot._retry import Retrier
from airbyte_agent_hubspot._sansio import outcome_unknown, unreadable
from airbyte_agent_hubspot._shape import Metadata
from airbyte_agent_hubspot._wire import UNREADABLE
from airbyte_agent_hubspot.errors import ConnectorError, FieldError, ReauthorizationRequiredError
from airbyte_agent_server.bounded import BoundedCache
from airbyte_agent_server.connectors.service import ConnectorService
from airbyte_agent_server.connectors.store import Connector, Status
from airbyte_agent_server.execute.keyed import KeyedWrites, Reply
from airbyte_agent_server.execute.permission import check_connector, check_token, is_limited
from airbyte_agent_server.execute.reach import Reach, reach_of, reach_of_list, touches_members
from airbyte_agent_server.execute.request import (
    CONNECTOR,
    ExecuteRequest,
    check_context_store,
    find_action,
)
from airbyte_agent_server.execute.shaping import shape_result
from airbyte_agent_server.execute.verification import verification_of
from airbyte_agent_server.idempotency.keys import KeyedRequest, check_key
from airbyte_agent_server.ports import Clock
from airbyte_agent_server.problems import ProblemError, problem_from_connector_error
from airbyte_agent_server.tokens.claims import Claims
from airbyte_agent_server.vault.refresh import TokenRefresher, VaultTokens

_log = logging.getLogger(__name__)

_NO_METADATA = Metadata()
_BUDGETS = 10_000
_BUDGET_LIFE_S = 3600.0


class _List(msgspec.Struct, frozen=True):
    objectTypeId: str  # noqa: N815  # HubSpot's name


@dataclass(frozen=True, slots=True)
class ExecuteLimits:
    """What one execute may cost."""

    deadline_s: float
    result_bytes: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """A result as JSON, and where it came from."""

    result: bytes
    metadata: Metadata
    upstream_calls: int
    source: str


@dataclass(frozen=True, slots=True)
class Task:
    """A call that the token and the connector allow. `operation` is None for the description of the connector."""

    connector: Connector
    operation: Operation | None
    params: dict[str, object]
    request: ExecuteRequest
    request_id: str
    started_at: datetime

    @property
    def writes(self) -> bool:
        """Whether it changes anything in HubSpot."""
        return self.operation is not None and self.operation.writes

    def with_way_to_verify(self, problem: ProblemError) -> ProblemError:
        """The problem; if it leaves open what happened, with the call that tells."""
        if self.operation is not None and problem.type.code == "upstream_outcome_unknown":
            verify = verification_of(self.operation, self.params)
            problem.errors = (FieldError("", problem.message, problem.type.code, {"verify": asdict(verify)}),)
        return problem


class ExecuteService:
    """Finds the operation, checks the token's permissions, runs it at HubSpot, shapes the answer."""

    def __init__(
        self,
        connectors: ConnectorService,
        refresher: TokenRefresher,
        keyed: KeyedWrites,
        *,
        retrier: Retrier,
        api_base_url: str,
        limits: ExecuteLimits,
        clock: Clock,
    ) -> None:
        self._connectors = connectors
        self._refresher = refresher
        self._keyed = keyed
        self._retrier = retrier
        self._api_base_url = api_base_url
        self._limits = limits
        self._clock = clock
        self._budgets: BoundedCache[tuple[int | None, str], SharedBudget] = BoundedCache(
            size=_BUDGETS, life_s=_BUDGET_LIFE_S, clock=clock
        )

    async def execute(
        self, claims: Claims, connector_id: str, request: ExecuteRequest, *, request_id: str, key: str | None = None
    ) -> Reply:
        """The answer. `key` counts for writes: such a request is carried out once, however often it is sent.

        Raises:
            ProblemError, ConnectorError: whatever keeps the call from succeeding.
        """
        started_at = self._clock.now()
        connector = await self._connectors.find(claims, connector_id)
        operation, params = await self._allowed(claims, connector, request)
        task = Task(connector, operation, params, request, request_id, started_at)
        if key is None or operation is None or not operation.writes:
            return Reply(await self._answer(task))
        check_key(key)
        content = msgspec.json.encode((connector.id, request), order="deterministic")
        return await self._keyed.run(
            KeyedRequest(connector.organization_id, connector.workspace_id, "execute", key, content, connector.id),
            lambda: self._answer(task),
            repeatable=operation.resendable,
            unknown=lambda why: task.with_way_to_verify(problem_from_connector_error(outcome_unknown(operation, why))),
        )

    async def _allowed(
        self, claims: Claims, connector: Connector, request: ExecuteRequest
    ) -> tuple[Operation | None, dict[str, object]]:
        """The operation and its valid parameters, once it is certain that the call may be made."""
        entity = request.entity or CONNECTOR
        params = request.params or {}
        action = find_action(entity, request.action, params)
        check_context_store(entity, action)
        if entity == CONNECTOR and action == "describe":
            check_token(claims, [Reach((CONNECTOR,), action, writes=False)])
            return None, {}
        operation = CATALOG.find(entity, action)
        valid = operation.reader.read(params)
        reached = reach_of(operation, valid)
        check_token(claims, reached)
        if entity != CONNECTOR:
            check_connector(connector, reached)
        if touches_members(operation) and is_limited(claims, connector):
            reached = [reach_of_list(await self._type_of_list(connector, valid["listId"]))]
            check_token(claims, reached)
            check_connector(connector, reached)
        return operation, valid

    async def _type_of_list(self, connector: Connector, list_id: object) -> str:
        """The object type of a list's members: HubSpot alone knows."""
        try:
            outcome = await self._call(connector, CATALOG.find("lists", "get"), {"listId": list_id})
        except ConnectorError as error:
            raise await self._noted(connector, error) from error
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
            problem = await self._noted(task.connector, error)
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
        return _envelope(
            replace(outcome, result=result),
            {
                "connector_instance_id": task.connector.id,
                "execution_time_ms": round((self._clock.now() - task.started_at).total_seconds() * 1000),
                "request_id": task.request_id,
                "upstream_calls": outcome.upstream_calls,
                "source": outcome.source,
            },
        )

    async def _outcome(self, task: Task) -> Outcome:
        if task.operation is None:
            described = msgspec.json.encode(describe_connector(CATALOG))
            return Outcome(described, _NO_METADATA, upstream_calls=0, source="catalog")
        try:
            return await self._call(task.connector, task.operation, task.params)
        except ConnectorError as error:
            if task.operation.recover is None:
                raise
            await self._noted(task.connector, error)
            return Outcome(msgspec.json.encode(task.operation.recover(error)), _NO_METADATA, 1, "hubspot")

    async def _call(self, connector: Connector, operation: Operation, params: dict[str, object]) -> Outcome:
        executor = LocalExecutor(
            retrier=self._retrier,
            base_url=self._api_base_url,
            tokens=VaultTokens(self._refresher, connector.id),
            version=DEFAULT_VERSION,
            budget=self._budget_of(connector),
        )
        answer = await executor.send(Call(operation, params, timeout_s=self._limits.deadline_s))
        await self._mark_active(connector)
        try:
            result, metadata = operation.shape.to_envelope(answer.body, params)
        except UNREADABLE as error:
            raise unreadable(operation, answer.body) from error
        return Outcome(result, metadata, answer.upstream_calls, "hubspot")

    async def _mark_active(self, connector: Connector) -> None:
        """Remember that the credentials work. That this fails must not make a failure of what HubSpot did."""
        try:
            await self._connectors.set_status(connector, Status.ACTIVE)
        except ProblemError as problem:
            _log.warning("the status of connector %s could not be stored: %s", connector.id, problem.message)

    def _budget_of(self, connector: Connector) -> SharedBudget:
        """The request budget of the connector's account, shared by its connectors in this process."""
        key = (connector.hub_id, connector.id if connector.hub_id is None else "")
        budget = self._budgets.get(key)
        if budget is None:
            budget = SharedBudget()
            self._budgets.put(key, budget, drops=self._budgets.drops)
        return budget

    async def _noted(self, connector: Connector, error: ConnectorError) -> ProblemError:
        """The error as it is answered, after a dead credential was noted."""
        problem = problem_from_connector_error(error)
        if not isinstance(error, ReauthorizationRequiredError):
            return problem
        await self._connectors.set_status(connector, Status.NEEDS_REAUTH)
        problem.errors = tuple(
            FieldError(item.field, item.message, item.error_code, {**item.details, "connector_id": connector.id})
            for item in problem.errors
        )
        return problem


def _envelope(outcome: Outcome, execution: Mapping[str, object]) -> bytes:
    return b"".join(
        (
            b'{"status":"success","result":',
            outcome.result,
            b',"connector_metadata":',
            msgspec.json.encode(outcome.metadata),
            b',"execution_metadata":',
            msgspec.json.encode(execution),
            b"}",
        )
    )
