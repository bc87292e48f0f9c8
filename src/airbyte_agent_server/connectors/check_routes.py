"""Routes that try whether a connector works."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request

from airbyte_agent_server.aliases import API
from airbyte_agent_server.connectors.bodies import CheckBody, ConnectorBody, names_of
from airbyte_agent_server.connectors.checks import ConnectorChecks, Finding, Outcome
from airbyte_agent_server.connectors.intake import Taker
from airbyte_agent_server.connectors.routes import find_type
from airbyte_agent_server.connectors.service import ConnectorService
from airbyte_agent_server.ports import Clock, IdSource
from airbyte_agent_server.problems import CONNECTOR_CODES, SECRET_CODES, TENANT_CODES, TYPE_CODES, may_answer
from airbyte_agent_server.tokens.bearer import claims_of
from airbyte_agent_server.tokens.tenant import Tenant, Tenants

_PREFIX = f"{API}/integrations/connectors"


class EntityCheck(BaseModel):
    """Whether one entity could be read."""

    entity: str
    status: Outcome
    status_code: int | None
    error_message: str | None


class FailureReason(BaseModel):
    """Why a check did not succeed."""

    failure_type: Literal["config_error", "transient_error"]
    failure_origin: Literal["source"] = "source"
    external_message: str
    retryable: bool
    timestamp: datetime


class CheckResult(BaseModel):
    """Whether a connector works. A failed check is an answer like any other."""

    id: str
    status: Outcome
    error_message: str | None
    failure_reason: FailureReason | None
    entity_check_results: list[EntityCheck]

    @classmethod
    def of(cls, check_id: str, findings: Sequence[Finding], *, at: datetime) -> "CheckResult":
        """The view of what was found; the first failure speaks for all."""
        status = next((item for item in (Outcome.FAILED, Outcome.INCONCLUSIVE) if _has(findings, item)), None)
        worst = next((finding for finding in findings if finding.outcome == status), None)
        message = None if worst is None else worst.message
        passing = status == Outcome.INCONCLUSIVE
        return cls(
            id=check_id,
            status=status or Outcome.SUCCEEDED,
            error_message=message,
            failure_reason=None
            if message is None
            else FailureReason(
                failure_type="transient_error" if passing else "config_error",
                external_message=message,
                retryable=passing,
                timestamp=at,
            ),
            entity_check_results=[
                EntityCheck(
                    entity=item.entity,
                    status=item.outcome,
                    status_code=item.status_code,
                    error_message=item.message,
                )
                for item in findings
                if item.entity is not None
            ],
        )


class CheckRoutes:
    """Try a connector, stored or only described."""

    def __init__(
        self, checks: ConnectorChecks, service: ConnectorService, tenants: Tenants, *, clock: Clock, ids: IdSource
    ) -> None:
        self._checks = checks
        self._service = service
        self._tenants = tenants
        self._clock = clock
        self._ids = ids

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        router.add_api_route(
            f"{_PREFIX}/check",
            self.check_new,
            methods=["POST"],
            openapi_extra=may_answer(*TENANT_CODES, *TYPE_CODES, *SECRET_CODES, "unknown_operation"),
        )
        router.add_api_route(
            f"{_PREFIX}/{{connector_id}}/check",
            self.check,
            methods=["POST"],
            openapi_extra=may_answer(*CONNECTOR_CODES, "unknown_operation"),
        )

    async def check_new(self, request: Request, body: ConnectorBody) -> CheckResult:
        """Try what could become a connector. Nothing is stored, and no workspace is made."""
        kind = find_type(body)
        claims = claims_of(request)
        workspace = await self._tenants.find(claims, Tenant.of(body.workspace_name, body.workspace_id))
        findings = await self._checks.check_new(body, kind, Taker(claims.organization_id, workspace))
        return CheckResult.of(self._ids.new_id(), findings, at=self._clock.now())

    async def check(self, request: Request, connector_id: str, body: CheckBody) -> CheckResult:
        """Try a connector, and the entities that are named. Its status follows."""
        connector = await self._service.find(claims_of(request), connector_id)
        findings = await self._checks.check(connector, names_of(body.entities))
        return CheckResult.of(connector.id, findings, at=self._clock.now())


def _has(findings: Sequence[Finding], outcome: Outcome) -> bool:
    return any(finding.outcome == outcome for finding in findings)
