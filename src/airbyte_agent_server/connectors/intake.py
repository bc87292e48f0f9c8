"""Where the secret of a connector comes from: credentials in the request, or a grant of the OAuth flow."""

from dataclasses import dataclass
from typing import Self

from airbyte_agent_server.accounts.store import Workspace
from airbyte_agent_server.connectors.bodies import SecretFields
from airbyte_agent_server.connectors.grants import Grant, GrantStore
from airbyte_agent_server.connectors.registry import ConnectorType
from airbyte_agent_server.connectors.validation import CredentialValidator, Validated
from airbyte_agent_server.hubspot import AccountFacts
from airbyte_agent_server.problems import ProblemError, field_problem
from airbyte_agent_server.vault.secrets import ConnectorSecret, OAuthSecret
from airbyte_agent_server.vault.store import SuppliedBy


@dataclass(frozen=True, slots=True)
class Offer:
    """A secret for a connector. `facts` is None where it was not tried; a `grant` is used up with it."""

    secret: ConnectorSecret
    facts: AccountFacts | None
    supplied_by: SuppliedBy
    grant: Grant | None = None

    @classmethod
    def consented(cls, validated: Validated, grant: Grant | None = None) -> Self:
        """What our own OAuth flow obtained."""
        return cls(validated.secret, validated.facts, "consent", grant)

    @property
    def auth_scheme(self) -> str:
        """What kind of secret it is, as connectors show it."""
        return "oauth2" if isinstance(self.secret, OAuthSecret) else "private_app"


@dataclass(frozen=True, slots=True)
class Taker:
    """For whom a secret is taken. No `workspace`: it does not exist yet."""

    organization_id: str
    workspace: Workspace | None

    @classmethod
    def of(cls, workspace: Workspace) -> Self:
        """An existing workspace."""
        return cls(workspace.organization_id, workspace)


@dataclass(frozen=True, slots=True)
class Intake:
    """Reads what requests offer."""

    grants: GrantStore
    validator: CredentialValidator

    async def take(self, fields: SecretFields, kind: ConnectorType, taker: Taker, *, validate: bool = True) -> Offer:
        """What a request offers; a grant stays usable until its connector is stored.

        Raises:
            ProblemError: nothing is offered, or it is refused.
            ConnectorError: HubSpot is down or throttles.
        """
        offer = await self.take_if_offered(fields, kind, taker, validate=validate)
        if offer is None:
            raise field_problem(
                "credentials_required",
                "credentials",
                "credentials or server_side_oauth_secret_id is required: send one of them.",
            )
        return offer

    async def take_if_offered(
        self, fields: SecretFields, kind: ConnectorType, taker: Taker, *, validate: bool = True
    ) -> Offer | None:
        """Like `take`; None where the request offers nothing."""
        if fields.server_side_oauth_secret_id is not None:
            if fields.credentials is not None:
                raise field_problem(
                    "conflicting_fields",
                    "credentials",
                    "credentials and server_side_oauth_secret_id exclude each other: send one of them.",
                )
            secret_id = fields.server_side_oauth_secret_id.get_secret_value()
            grant = await self.grants.find(secret_id, taker.workspace, kind.slug)
            return Offer.consented(grant.validated, grant)
        credentials = fields.offered_credentials
        if credentials is None:
            return None
        if not validate:
            return Offer(await self.validator.accept_untried(credentials, taker.organization_id, kind), None, "caller")
        validated = await self.validator.validate(credentials, taker.organization_id, kind)
        return Offer(validated.secret, validated.facts, "caller")


def check_account(known: int | None, offer: Offer, *, allow_change: bool) -> None:
    """Raise when the offer opens another HubSpot account than the one known.

    Raises:
        ProblemError: `invalid_credentials`, with `account_mismatch` as its `error_code`.
    """
    found = None if offer.facts is None else offer.facts.hub_id
    if known in {None, found} or allow_change:
        return
    raise field_problem(
        "invalid_credentials",
        "credentials",
        "The credentials open another HubSpot account than the connector's: connect the same account, "
        "or send allow_account_change: true.",
        error_code="account_mismatch",
    )


def is_account_mismatch(problem: ProblemError) -> bool:
    """Whether `check_account` raised it."""
    return any(error.error_code == "account_mismatch" for error in problem.errors)
