"""Which HubSpot OAuth app a grant belongs to."""

from dataclasses import dataclass

from airbyte_agent_server.hubspot import OAuthApp
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.vault.secrets import OAuthSecret


@dataclass(frozen=True, slots=True)
class OAuthApps:
    """The OAuth apps whose secrets this server knows: its own, if it has one."""

    own: OAuthApp | None

    def default_app(self) -> OAuthApp:
        """The app that new connections use.

        Raises:
            ProblemError: `oauth_app_not_configured`.
        """
        if self.own is None:
            raise ProblemError(
                "oauth_app_not_configured",
                "The server has no HubSpot OAuth app: send client_id and client_secret with the credentials, or "
                "have the operator set AGENT_SERVER_HUBSPOT_CLIENT_ID and AGENT_SERVER_HUBSPOT_CLIENT_SECRET.",
            )
        return self.own

    def app_of(self, secret: OAuthSecret) -> OAuthApp:
        """The app that a stored grant is pinned to.

        Raises:
            ProblemError: `oauth_app_not_configured`: the server knew this app once, and does no longer.
        """
        if secret.client_secret is not None:
            return OAuthApp(secret.client_id, secret.client_secret)
        app = self.default_app()
        if app.client_id != secret.client_id:
            raise ProblemError(
                "oauth_app_not_configured",
                "The connector belongs to an OAuth app that the server no longer has: have the operator bring "
                "it back, or connect the account again.",
            )
        return app
