"""Which HubSpot OAuth app a grant belongs to: the organization's own, else the server's."""

from dataclasses import dataclass, field
from typing import Literal

from airbyte_agent_server.connectors.app_store import OAuthAppStore
from airbyte_agent_server.connectors.registry import ConnectorType
from airbyte_agent_server.hubspot import OAuthApp
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.vault.secrets import OAuthSecret

Pkce = Literal["never", "s256"]


@dataclass(frozen=True, slots=True)
class ConfiguredApp:
    """An OAuth app and how it asks for consent. `id` is None for the server's; None for scopes: the server's."""

    app: OAuthApp
    id: str | None = None
    scopes: tuple[str, ...] | None = None
    optional_scopes: tuple[str, ...] | None = None
    pkce: Pkce = "never"


@dataclass(frozen=True, slots=True)
class OAuthApps:
    """The OAuth apps whose secrets this server knows: its own, if it has one, and those of organizations."""

    own: ConfiguredApp | None
    store: OAuthAppStore = field(repr=False)

    async def current_app(self, organization_id: str, kind: ConnectorType) -> ConfiguredApp:
        """The app that new connections of an organization use.

        Raises:
            ProblemError: `oauth_app_not_configured`.
        """
        found = await self.store.find_current(organization_id, kind.slug)
        if found is not None:
            app = OAuthApp(found.client_id, await self.store.open_secret(found))
            return ConfiguredApp(app, found.id, found.scopes, found.optional_scopes, found.pkce)
        if self.own is None:
            raise ProblemError(
                "oauth_app_not_configured",
                "Neither the organization nor the server has a HubSpot OAuth app: send client_id and client_secret "
                "with the credentials, PUT the organization's own app to /api/v1/oauth/credentials, or have the "
                "operator set AGENT_SERVER_HUBSPOT_CLIENT_ID and AGENT_SERVER_HUBSPOT_CLIENT_SECRET.",
            )
        return self.own

    async def app_of(self, secret: OAuthSecret) -> OAuthApp:
        """The app that a stored grant is pinned to, whatever is current now.

        Raises:
            ProblemError: `oauth_app_not_configured`: the server knew this app once, and does no longer.
        """
        if secret.client_secret is not None:
            return OAuthApp(secret.client_id, secret.client_secret)
        if secret.app_id is not None:
            found = await self.store.find(secret.app_id)
            if found is not None:
                return OAuthApp(found.client_id, await self.store.open_secret(found))
        elif self.own is not None and self.own.app.client_id == secret.client_id:
            return self.own.app
        raise ProblemError(
            "oauth_app_not_configured",
            "The connector belongs to an OAuth app that the server no longer has: have the operator bring "
            "it back, or connect the account again.",
        )
