"""The connector that options and environment mean: to HubSpot itself, or through a server.

Secrets come from the environment only: what stands on a command line is in the shell's history, and other users of the
machine can see it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from .._target import HUBSPOT_API_URL
from ..connector import HubspotConnector
from ..errors import ConfigurationError
from ..models.auth import HubspotAuthConfig, HubspotPrivateAppAuthConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..oauth import OAuthApp
    from ..token_store import EncryptedTokenFile
    from ._options import Options

_LOCAL_WAYS: Final = (
    "set HUBSPOT_PRIVATE_APP_TOKEN; or HUBSPOT_REFRESH_TOKEN, HUBSPOT_CLIENT_ID and HUBSPOT_CLIENT_SECRET; or the last "
    "two alone, after `hubspot-agent login`"
)
_HOSTED_WAY: Final = (
    "set AIRBYTE_API_URL, AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET, and add --workspace NAME or --connector-id ID"
)
_NEITHER: Final = (
    f"Say which HubSpot account is meant. Straight to HubSpot: {_LOCAL_WAYS}. Through a server: {_HOSTED_WAY}."
)
_APP: Final = (
    "Set HUBSPOT_CLIENT_ID and HUBSPOT_CLIENT_SECRET to the client id and secret of your HubSpot OAuth app. (A private "
    "app needs no login: set HUBSPOT_PRIVATE_APP_TOKEN.)"
)


def is_hosted(options: Options, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether calls go through a server: if that is said, else if a workspace or connector of a server is named."""
    if options.hosted is not None:
        return options.hosted
    return bool(options.workspace or options.connector_id or environment.get("AIRBYTE_TOKEN"))


def connect(options: Options, environment: Mapping[str, str] = os.environ) -> HubspotConnector:
    """The connector that is meant. Nothing is opened yet.

    Raises:
        ConfigurationError: what is given is not enough, or contradicts itself.
    """
    if not is_hosted(options, environment):
        return _local(options, environment)
    token = environment.get("AIRBYTE_TOKEN")
    if not token and not (environment.get("AIRBYTE_CLIENT_ID") and environment.get("AIRBYTE_CLIENT_SECRET")):
        raise ConfigurationError(
            f"The server must know who asks: {_HOSTED_WAY}. Or straight to HubSpot: {_LOCAL_WAYS}."
        )
    if not token and not (options.workspace or options.connector_id):
        raise ConfigurationError("Say whose HubSpot account is meant: add --workspace NAME or --connector-id ID.")
    return HubspotConnector(
        workspace_name=options.workspace,
        connector_id=options.connector_id,
        airbyte_token=token,
        base_url=options.server_url,
        timeout_s=options.timeout_s,
    )


def _local(options: Options, environment: Mapping[str, str]) -> HubspotConnector:
    private, refresh = environment.get("HUBSPOT_PRIVATE_APP_TOKEN"), environment.get("HUBSPOT_REFRESH_TOKEN")
    client_id, client_secret = options.client_id, environment.get("HUBSPOT_CLIENT_SECRET", "")
    if private:
        return HubspotConnector(
            auth_config=HubspotPrivateAppAuthConfig(private_app_token=private),
            base_url=options.api_url,
            timeout_s=options.timeout_s,
        )
    if not (client_id and client_secret):
        raise ConfigurationError(_NEITHER)
    kept = options.token_file is not None or not refresh
    return HubspotConnector(
        auth_config=HubspotAuthConfig(client_id=client_id, client_secret=client_secret, refresh_token=refresh or ""),
        base_url=options.api_url,
        timeout_s=options.timeout_s,
        token_store=token_file(options) if kept else None,
    )


def oauth_app(options: Options, authorize_url: str, environment: Mapping[str, str] = os.environ) -> OAuthApp:
    """The app that one logs in to.

    Raises:
        ConfigurationError: it is not named.
    """
    from ..oauth import OAuthApp  # noqa: PLC0415 - only a login needs it

    client_secret = environment.get("HUBSPOT_CLIENT_SECRET", "")
    if not options.client_id or not client_secret:
        raise ConfigurationError(_APP)
    return OAuthApp(options.client_id, client_secret, options.api_url or HUBSPOT_API_URL, authorize_url)


def token_file(options: Options) -> EncryptedTokenFile:
    """Where the login is kept."""
    from ..token_store import EncryptedTokenFile  # noqa: PLC0415 - only a login needs it

    return EncryptedTokenFile(options.token_file or Path(typer.get_app_dir("hubspot-agent")) / "token")


def winning_variable(environment: Mapping[str, str] = os.environ) -> str | None:
    """The variable that wins over a login, if one is set."""
    names = ("HUBSPOT_PRIVATE_APP_TOKEN", "HUBSPOT_REFRESH_TOKEN")
    return next((name for name in names if environment.get(name)), None)
