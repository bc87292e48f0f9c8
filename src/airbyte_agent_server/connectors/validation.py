"""Turns what a caller gives into a secret that HubSpot was seen to accept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot.errors import AuthenticationError, ConnectorError, FieldError, ReauthorizationRequiredError
from airbyte_agent_server.connectors.apps import OAuthApps
from airbyte_agent_server.hubspot import AccountFacts, HubspotOAuth, OAuthApp
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.vault.refresh import granted
from airbyte_agent_server.vault.secrets import ConnectorSecret, OAuthSecret, PrivateAppSecret

_PRIVATE = "private_app_token"


class Credentials(BaseModel):
    """Credentials of one HubSpot account: an OAuth grant, or the token of a private app. Never shown again."""

    model_config = ConfigDict(extra="forbid")

    refresh_token: SecretStr | None = Field(None, min_length=1, description="HubSpot OAuth refresh token.")
    client_id: str | None = Field(None, min_length=1, description="Its OAuth app; default: the server's own.")
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

    async def validate(self, credentials: Credentials) -> Validated:
        """The secret to keep, with a fresh access token, and whose account it opens.

        Raises:
            ProblemError: `invalid_credentials`, or `oauth_app_not_configured`.
            ConnectorError: HubSpot is down or throttles.
        """
        try:
            if credentials.private_app_token is not None:
                facts = await self.oauth.read_private_app(credentials.private_app_token)
                return Validated(PrivateAppSecret(credentials.private_app_token), facts)
            app, secret = self._oauth_secret(credentials)
            grant = await self.oauth.refresh(app, secret.refresh_token)
            facts = await self.oauth.read_account(app, grant)
        except (ReauthorizationRequiredError, AuthenticationError) as error:
            raise _invalid(error, private=credentials.private_app_token is not None) from error
        return Validated(granted(secret, grant), facts)

    def accept_untried(self, credentials: Credentials) -> ConnectorSecret:
        """The secret to keep, untried."""
        if credentials.private_app_token is not None:
            return PrivateAppSecret(credentials.private_app_token)
        return self._oauth_secret(credentials)[1]

    def _oauth_secret(self, credentials: Credentials) -> tuple[OAuthApp, OAuthSecret]:
        refresh_token = credentials.refresh_token or SecretStr("")
        if credentials.client_id is not None and credentials.client_secret is not None:
            app = OAuthApp(credentials.client_id, credentials.client_secret)
            return app, OAuthSecret(refresh_token, app.client_id, app.client_secret)
        app = self.apps.default_app()
        return app, OAuthSecret(refresh_token, app.client_id)


def _invalid(error: ConnectorError, *, private: bool) -> ProblemError:
    fault = error.errors[0] if error.errors else FieldError("", error.message, "refresh_token_invalid")
    field, error_code = fault.field or "credentials.refresh_token", fault.error_code
    if private:
        field, error_code = f"credentials.{_PRIVATE}", "private_app_token_invalid"
    message = f"HubSpot does not accept the credentials: {fault.message.rstrip('.')}. Replace them and try again."
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
