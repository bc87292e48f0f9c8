"""Runs one call of one operation for a connector, with credentials from the vault."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec

from airbyte_agent_hubspot._catalog import CATALOG, DEFAULT_VERSION
from airbyte_agent_hubspot._describe import describe_connector
from airbyte_agent_hubspot._executor import Call
from airbyte_agent_hubspot._limits import SharedBudget
from airbyte_agent_hubspot._local import LocalExecutor
from airbyte_agent_hubspot._operation import Operation
from airbyte_agent_hubspot._retry import Retrier
from airbyte_agent_hubspot._sansio import unreadable
from airbyte_agent_hubspot._shape import Metadata
from airbyte_agent_hubspot.errors import ConnectorError, FieldError, ReauthorizationRequiredError
from airbyte_agent_server.bounded import BoundedCache
from airbyte_agent_server.connectors.service import ConnectorService
from airbyte_agent_server.connectors.store import Connector, Status
from airbyte_agent_server.execute.permission import check_call
from airbyte_agent_server.execute.request import (
    CONNECTOR,
    ExecuteRequest,
    check_context_store,
    find_action,
)
from airbyte_agent_server.execute.shaping import shape_result
from airbyte_agent_server.ports import Clock
from airbyte_agent_server.problems import ProblemError, problem_from_connector_error
from airbyte_agent_server.tokens.claims import Claims
from airbyte_agent_server.vault.refresh import TokenRefresher, VaultTokens

_NO_METADATA = Metadata()
_BUDGETS = 10_000
_BUDGET_LIFE_S = 3600.0


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


class ExecuteService:
    """Finds the operation, checks the token's permissions, runs it at HubSpot, shapes the answer."""

    def __init__(
        self,
        connectors: ConnectorService,
        refresher: TokenRefresher,
        *,
        retrier: Retrier,
        api_base_url: str,
        limits: ExecuteLimits,
        clock: Clock,
    ) -> None:
        self._connectors = connectors
        self._refresher = refresher
        self._retrier = retrier
        self._api_base_url = api_base_url
        self._limits = limits
        self._clock = clock
        self._budgets: BoundedCache[tuple[int | None, str], SharedBudget] = BoundedCache(
            size=_BUDGETS, life_s=_BUDGET_LIFE_S, clock=clock
        )

    async def execute(self, claims: Claims, connector_id: str, request: ExecuteRequest, *, request_id: str) -> bytes:
        """The answer's body.

        Raises:
            ProblemError, ConnectorError: whatever keeps the call from succeeding.
        """
        started_at = self._clock.now()
        connector = await self._connectors.find(claims, connector_id)
        outcome = await self._run(claims, connector, request)
        result = shape_result(
            outcome.result,
            select_fields=request.select_fields,
            exclude_fields=request.exclude_fields,
            truncate=request.skip_truncation is False,
        )
        if len(result) > self._limits.result_bytes:
            raise ProblemError(
                "result_too_large",
                f"The result has {len(result)} bytes, more than the {self._limits.result_bytes} allowed: "
                "ask for fewer records or fewer properties.",
            )
        return _envelope(
            replace(outcome, result=result),
            {
                "connector_instance_id": connector.id,
                "execution_time_ms": round((self._clock.now() - started_at).total_seconds() * 1000),
                "request_id": request_id,
                "upstream_calls": outcome.upstream_calls,
                "source": outcome.source,
            },
        )

    async def _run(self, claims: Claims, connector: Connector, request: ExecuteRequest) -> Outcome:
        entity = request.entity or CONNECTOR
        params = request.params or {}
        action = find_action(entity, request.action, params)
        check_context_store(entity, action)
        if entity == CONNECTOR and action == "describe":
            check_call(claims, connector, entity=entity, action=action, writes=False, params={})
            described = msgspec.json.encode(describe_connector(CATALOG))
            return Outcome(described, _NO_METADATA, upstream_calls=0, source="catalog")
        operation = CATALOG.find(entity, action)
        valid = operation.reader.read(params)
        check_call(claims, connector, entity=entity, action=action, writes=operation.writes, params=valid)
        return await self._call(connector, operation, valid)

    async def _call(self, connector: Connector, operation: Operation, params: dict[str, object]) -> Outcome:
        executor = LocalExecutor(
            retrier=self._retrier,
            base_url=self._api_base_url,
            tokens=VaultTokens(self._refresher, connector.id),
            version=DEFAULT_VERSION,
            budget=self._budget_of(connector),
        )
        call = Call(operation, params, timeout_s=self._limits.deadline_s)
        try:
            answer = await executor.send(call)
        except ConnectorError as error:
            problem = await self._noted(connector, error)
            if operation.recover is None:
                raise problem from error
            return Outcome(msgspec.json.encode(operation.recover(error)), _NO_METADATA, 1, "hubspot")
        await self._connectors.set_status(connector, Status.ACTIVE)
        try:
            result, metadata = operation.shape.to_envelope(answer.body, params)
        except msgspec.DecodeError as error:
            raise unreadable(operation, answer.body) from error
        return Outcome(result, metadata, answer.upstream_calls, "hubspot")

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
