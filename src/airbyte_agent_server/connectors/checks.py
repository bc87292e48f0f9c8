"""Tries whether a connector works: its credentials, and reading what it is for."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from airbyte_agent_hubspot._auth import FixedToken, Tokens
from airbyte_agent_hubspot._catalog import CATALOG, DEFAULT_VERSION
from airbyte_agent_hubspot._executor import Call
from airbyte_agent_hubspot._limits import SharedBudget
from airbyte_agent_hubspot._local import LocalExecutor
from airbyte_agent_hubspot._operation import Operation
from airbyte_agent_hubspot._retry import Retrier
from airbyte_agent_hubspot._sansio import reauthorization_required
from airbyte_agent_hubspot.errors import (
    ConnectorError,
    RateLimitedError,
    ReauthorizationRequiredError,
    UnavailableError,
)
from airbyte_agent_server.connectors.bodies import ConnectorBody, names_of
from airbyte_agent_server.connectors.health import cause_of
from airbyte_agent_server.connectors.intake import Intake, Offer, Taker
from airbyte_agent_server.connectors.registry import ConnectorType
from airbyte_agent_server.connectors.service import ConnectorService
from airbyte_agent_server.connectors.store import Change, Connector, Status
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.vault.refresh import TokenRefresher, VaultTokens, token_of
from airbyte_agent_server.vault.store import SecretStore

_ACCOUNT = CATALOG.find("*", "check")
_OK = 200


class Outcome(StrEnum):
    """How a check ended. `inconclusive`: HubSpot could not be asked, or there is nothing to ask for."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one attempt showed. No `entity`: it was about the account."""

    outcome: Outcome
    entity: str | None = None
    status_code: int | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class HubspotProbe:
    """Makes the attempts."""

    retrier: Retrier
    api_base_url: str
    timeout_s: float

    async def try_account(self, tokens: Tokens) -> Finding:
        """Whether HubSpot accepts the token.

        Raises:
            ConnectorError: it does not, or cannot be asked.
        """
        await self._send(tokens, _ACCOUNT, SharedBudget())
        return Finding(Outcome.SUCCEEDED, None, _OK)

    async def try_entities(self, tokens: Tokens, entities: Sequence[str]) -> list[Finding]:
        """Whether each can be read, in the given order."""
        budget = SharedBudget()
        return await asyncio.gather(*(self._try_entity(tokens, entity, budget) for entity in entities))

    async def _try_entity(self, tokens: Tokens, entity: str, budget: SharedBudget) -> Finding:
        try:
            operations = CATALOG.find_entity(entity).values()
            reads = (item for item in operations if not item.writes and not item.reader.required)
            operation = next(reads, None)
            if operation is None:
                message = f"{entity} has nothing that could be read without parameters: call execute instead."
                return Finding(Outcome.INCONCLUSIVE, entity, None, message)
            await self._send(tokens, operation, budget)
        except ConnectorError as error:
            return finding_of(error, entity)
        return Finding(Outcome.SUCCEEDED, entity, _OK)

    async def _send(self, tokens: Tokens, operation: Operation, budget: SharedBudget) -> None:
        executor = LocalExecutor(
            retrier=self.retrier, base_url=self.api_base_url, tokens=tokens, version=DEFAULT_VERSION, budget=budget
        )
        given = {"limit": 1} if "limit" in operation.reader.annotations else {}
        await executor.execute(Call(operation, operation.reader.read(given), timeout_s=self.timeout_s))


class ConnectorChecks:
    """Checks connectors, stored or only described."""

    def __init__(
        self,
        service: ConnectorService,
        secrets: SecretStore,
        refresher: TokenRefresher,
        intake: Intake,
        probe: HubspotProbe,
    ) -> None:
        self._service = service
        self._secrets = secrets
        self._refresher = refresher
        self._intake = intake
        self._probe = probe

    async def check_new(self, body: ConnectorBody, kind: ConnectorType, taker: Taker) -> list[Finding]:
        """What creating this connector would meet; nothing is stored or used up.

        Raises:
            ProblemError, UnknownOperationError: the request is wrong, rather than the credentials.
        """
        entities = _known(names_of(body.entities))
        try:
            offer = await self._intake.take(body, kind, taker)
            tokens = FixedToken(token_of(offer.secret), refused=_refused)
            return await self._findings(tokens, entities)
        except ProblemError as problem:
            if problem.type.code != "invalid_credentials":
                raise
            upstream = problem.upstream
            return [Finding(Outcome.FAILED, None, upstream.status if upstream else None, problem.message)]
        except ConnectorError as error:
            return [finding_of(error, None)]

    async def check(self, connector: Connector, entities: Sequence[str]) -> list[Finding]:
        """Whether a stored connector works; its status follows.

        Raises:
            UnknownOperationError: there is no such entity.
        """
        _known(entities)
        if connector.status == Status.DISABLED:
            message = 'The connector is disabled: enable it with PUT and {"disabled": false}.'
            return [Finding(Outcome.FAILED, None, None, message)]
        limits = [str(row["entity"]) for row in connector.entities or ()]
        try:
            if connector.validated_at is None:
                await self._learn(connector)
            findings = await self._findings(VaultTokens(self._refresher, connector.id), entities or limits)
        except ReauthorizationRequiredError as error:
            await self._service.set_status(connector, Status.NEEDS_REAUTH, cause=cause_of(error))
            return [finding_of(error, None)]
        except ConnectorError as error:
            return [finding_of(error, None)]
        except ProblemError as problem:
            if problem.type.code != "oauth_app_not_configured":
                raise
            return [Finding(Outcome.FAILED, None, None, problem.message)]
        await self._service.set_status(connector, Status.ACTIVE)
        return findings

    async def _learn(self, connector: Connector) -> None:
        """Find out whose account a connector opens that was stored untried."""
        opened = await self._secrets.reload(connector.id)
        if opened is not None:
            validated = await self._intake.validator.try_secret(opened.secret)
            offer = Offer(validated.secret, validated.facts, opened.supplied_by)
            await self._service.change(connector, Change(), offer)

    async def _findings(self, tokens: Tokens, entities: Sequence[str]) -> list[Finding]:
        """About the account first, then about the entities."""
        return [await self._probe.try_account(tokens), *await self._probe.try_entities(tokens, entities)]


def _known(entities: Sequence[str]) -> Sequence[str]:
    for entity in entities:
        CATALOG.find_entity(entity)
    return entities


def finding_of(error: ConnectorError, entity: str | None) -> Finding:
    """What an error says about what was tried."""
    passing = isinstance(error, UnavailableError | RateLimitedError)
    outcome = Outcome.INCONCLUSIVE if passing else Outcome.FAILED
    return Finding(outcome, entity, None if error.upstream is None else error.upstream.status, error.message)


def _refused() -> ConnectorError:
    return reauthorization_required("the access token was not accepted")
