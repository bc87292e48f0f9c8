"""Turns what a caller gives into a secret that HubSpot was seen to accept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot.errors import AuthenticationError, ConnectorError, FieldError, ReauthorizationRequiredError
from airbyte_agent_server.connectors.apps import OAuthApps
from airbyte_agent_server.connectors.registry import ConnectorType
from airbyte_agent_server.hubspot import AccountFacts, HubspotOAuth
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.vault.refresh import granted
from airbyte_agent_server.vault.secrets import ConnectorSecret, OAuthSecret, PrivateAppSecret

_PRIVATE = "private_app_token"


class Credentials(BaseModel):
    """Credentials of one HubSpot account: an OAuth grant, or the token of a private app. Never shown again."""

    model_config = ConfigDict(extra="forbid")

    refresh_token: SecretStr | None = Field(None, min_length=1, description="HubSpot OAuth refresh token.")
    client_id: str | None = Field(
        None, min_length=1, description="Its OAuth app; default: the organization's or the server's."
    )
    client_secret: SecretStr | None = Field(None, min_length=1, description="Secret of that OAuth app.")
    access_token: SecretStr | None = Field(None, description="Accepted; a fresh one is fetched anyway.")
    private_app_token: SecretStr | None = Field(None, min_length=1, description="Alone: a private app's token.")
    auth_type: str | None = Field(None, description="Ignored.")
    credentials_title: str | None = Field(None, description="Ignored.")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.refresh_token is None) == (self.private_app_token is None):
            raise ValueError("send either refresh_token or private_app_token")
        if (self.client_id is None) != (self.client_secret is None):
            raise ValueError("client_id and client_secret come together: send both or neither")
        if self.private_app_token is not None and self.client_id is not None:
            raise ValueError("private_app_token stands alone: leave client_id and client_secret out")
        return self


@dataclass(frozen=True, slots=True)
class Validated:
    """A secret that HubSpot was seen to accept, and what it opens."""

    secret: ConnectorSecret
    facts: AccountFacts


@dataclass(frozen=True, slots=True)
class CredentialValidator:
    """Tries credentials against HubSpot."""

    oauth: HubspotOAuth
    apps: OAuthApps

    async def validate(self, credentials: Credentials, organization_id: str, kind: ConnectorType) -> Validated:
        """The secret to keep, with a fresh access token, and whose account it opens.

        Raises:
            ProblemError: `invalid_credentials`, or `oauth_app_not_configured`.
            ConnectorError: HubSpot is down or throttles.
        """
        secret = await self.accept_untried(credentials, organization_id, kind)
        try:
            return await self.try_secret(secret)
        except (ReauthorizationRequiredError, AuthenticationError) as error:
            raise _invalid(error, private=isinstance(secret, PrivateAppSecret)) from error

    async def try_secret(self, secret: ConnectorSecret) -> Validated:
        """The same secret, with a fresh access token, and whose account it opens.

        Raises:
            ReauthorizationRequiredError, AuthenticationError: HubSpot does not accept it.
            ConnectorError: HubSpot is down or throttles.
        """
        if isinstance(secret, PrivateAppSecret):
            return Validated(secret, await self.oauth.read_private_app(secret.token))
        app = await self.apps.app_of(secret)
        grant = await self.oauth.refresh(app, secret.refresh_token)
        return Validated(granted(secret, grant), await self.oauth.read_account(app, grant))

    async def accept_untried(
        self, credentials: Credentials, organization_id: str, kind: ConnectorType
    ) -> ConnectorSecret:
        """The secret to keep, untried. A refresh token alone is taken for one of the current OAuth app.

        Raises:
            ProblemError: `oauth_app_not_configured`.
        """
        if credentials.private_app_token is not None:
            return PrivateAppSecret(credentials.private_app_token)
        refresh_token = credentials.refresh_token or SecretStr("")
        if credentials.client_id is not None and credentials.client_secret is not None:
            return OAuthSecret(refresh_token, credentials.client_id, credentials.client_secret)
        current = await self.apps.current_app(organization_id, kind)
        return OAuthSecret(refresh_token, current.app.client_id, app_id=current.id)


def _invalid(error: ConnectorError, *, private: bool) -> ProblemError:
    fault = error.errors[0] if error.errors else FieldError("", error.message, "refresh_token_invalid")
    field, error_code = fault.field or "credentials.refresh_token", fault.error_code
    if private:
        field, error_code = f"credentials.{_PRIVATE}", "private_app_token_invalid"
    refused = fault.message.rstrip(".")
    if not refused.startswith("HubSpot does not accept"):
        refused = f"HubSpot does not accept the credentials: {refused}"
    message = f"{refused}. Replace what is wrong and try again."
    return ProblemError(
        "invalid_credentials",
        message,
        errors=[FieldError(field, message, error_code)],
        upstream=error.upstream,
    )


def missing_scope_warnings(scopes: Sequence[str]) -> tuple[str, ...]:
    """One sentence for each entity that the granted scopes leave unreadable."""
    granted_scopes = set(scopes)
    needed: dict[str, str] = {}
    for operation in CATALOG:
        if operation.scopes and not granted_scopes.intersection(operation.scopes):
            needed.setdefault(operation.entity, " or ".join(operation.scopes))
    return tuple(f"{entity} cannot be used: the account did not grant {scopes}." for entity, scopes in needed.items())
