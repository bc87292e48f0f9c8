"""Where calls go: HubSpot or a server, decided from arguments and environment. Pure but for the given environment."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from .errors import ConfigurationError
from .models.auth import AirbyteAuthConfig, HubspotAuthConfig, HubspotPrivateAppAuthConfig

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

HUBSPOT_API_URL: Final = "https://api.hubapi.com"
AIRBYTE_API_URL: Final = "https://api.airbyte.ai"
DEFAULT_WORKSPACE: Final = "default"
_SERVER_VARIABLES: Final = ("AIRBYTE_API_URL", "AIRBYTE_API_HOST", "SDK_DEV_ADP_API_HOST")
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_ADDRESS: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[^\s/?#:\[\]]+)(?::(?P<port>\d{1,5}))?(?:/[^\s?#]*)?", re.IGNORECASE
)
_LAST_PORT: Final = 65_535

GivenToken: TypeAlias = "str | Callable[[], Awaitable[str]]"
AuthConfig: TypeAlias = "HubspotAuthConfig | HubspotPrivateAppAuthConfig | AirbyteAuthConfig"


@dataclass(frozen=True, slots=True)
class LocalTarget:
    """HubSpot itself."""

    base_url: str
    auth_config: HubspotAuthConfig | HubspotPrivateAppAuthConfig


@dataclass(frozen=True, slots=True)
class HostedTarget:
    """A server, and whom it should take us for."""

    base_url: str
    workspace_name: str | None
    connector_id: str | None
    organization_id: str | None
    client_id: str | None
    client_secret: str | None = field(repr=False)
    token: GivenToken | None = field(repr=False)


def find_target(
    auth_config: AuthConfig | None,
    hosted: AirbyteAuthConfig,
    *,
    token: GivenToken | None,
    base_url: str | None,
    allow_insecure_http: bool,
    environment: Mapping[str, str],
) -> LocalTarget | HostedTarget:
    """Where to send calls. `hosted` has the arguments of hosted execution that were given one by one.

    Raises:
        ConfigurationError: arguments are missing or contradict each other.
    """
    hosted_given = hosted != AirbyteAuthConfig() or token is not None
    if isinstance(auth_config, HubspotAuthConfig | HubspotPrivateAppAuthConfig):
        if hosted_given:
            raise ConfigurationError(
                f"{type(auth_config).__name__} means open source execution, the other arguments mean hosted execution. "
                "Pass auth_config alone, or external_user_id with airbyte_client_id and airbyte_client_secret."
            )
        address = base_url or environment.get("HUBSPOT_API_URL") or HUBSPOT_API_URL
        return LocalTarget(
            checked_url(address, "HUBSPOT_API_URL", allow_insecure_http=allow_insecure_http), auth_config
        )
    if auth_config is not None:
        if hosted_given:
            raise ConfigurationError(
                "Hosted execution is configured twice: pass either auth_config=AirbyteAuthConfig(...) or the single "
                "arguments, not both."
            )
        hosted = _as_airbyte_config(auth_config)
    elif not hosted_given:
        raise ConfigurationError(
            "Say how to run. Open source execution: auth_config=HubspotAuthConfig(refresh_token=...). Hosted "
            "execution: external_user_id=... with airbyte_client_id=... and airbyte_client_secret=... "
            "(or the variables AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET)."
        )
    return _hosted_target(
        hosted,
        token=token,
        base_url=_server_url(base_url, environment, allow_insecure_http=allow_insecure_http),
        default_workspace=DEFAULT_WORKSPACE if auth_config is not None else None,
        environment=environment,
    )


def check_token_store(target: LocalTarget | HostedTarget, *, given: bool) -> None:
    """Nothing, if the target can be run with a token store where one is given, and without where none is.

    Raises:
        ConfigurationError: it cannot.
    """
    config = target.auth_config if isinstance(target, LocalTarget) else None
    if isinstance(config, HubspotAuthConfig) and not given and not config.refresh_token:
        raise ConfigurationError(
            "refresh_token is missing: pass the refresh token of the HubSpot account, "
            "HubspotAuthConfig(refresh_token=...), or token_store= with a store that holds it."
        )
    if given and not (isinstance(config, HubspotAuthConfig) and config.client_id):
        raise ConfigurationError(
            "token_store keeps OAuth grants of open source execution: it goes with "
            "auth_config=HubspotAuthConfig(client_id=..., client_secret=...)."
        )


def _hosted_target(
    config: AirbyteAuthConfig,
    *,
    token: GivenToken | None,
    base_url: str,
    default_workspace: str | None,
    environment: Mapping[str, str],
) -> HostedTarget:
    names = {name for name in (config.workspace_name, config.external_user_id, config.customer_name) if name}
    if len(names) > 1:
        raise ConfigurationError(
            f"workspace_name, external_user_id and customer_name are spellings of one thing, but name different "
            f"workspaces: {', '.join(sorted(names))}. Pass one of them."
        )
    workspace = next(iter(names), default_workspace)
    client_id = config.airbyte_client_id or environment.get("AIRBYTE_CLIENT_ID") or None
    client_secret = config.airbyte_client_secret or environment.get("AIRBYTE_CLIENT_SECRET") or None
    if token is None:
        _require_pair(client_id, client_secret)
    if token is None and workspace is None and not config.connector_id:
        raise ConfigurationError("Hosted execution needs to know whose connector to use: pass external_user_id=...")
    return HostedTarget(
        base_url,
        workspace,
        config.connector_id or None,
        config.organization_id or environment.get("AIRBYTE_ORGANIZATION_ID") or None,
        client_id,
        client_secret,
        token,
    )


def _require_pair(client_id: str | None, client_secret: str | None) -> None:
    missing = [
        f"{argument} (or the variable {argument.upper()})"
        for argument, value in (("airbyte_client_id", client_id), ("airbyte_client_secret", client_secret))
        if not value
    ]
    if missing:
        raise ConfigurationError(
            f"Hosted execution needs {' and '.join(missing)}: pass the organization's client pair."
        )


def _as_airbyte_config(config: object) -> AirbyteAuthConfig:
    """The config itself, or a copy of another package's class of the same name, which people migrate from."""
    if isinstance(config, AirbyteAuthConfig):
        return config
    if type(config).__name__ != "AirbyteAuthConfig":
        raise ConfigurationError(
            f"auth_config must be HubspotAuthConfig, HubspotPrivateAppAuthConfig or AirbyteAuthConfig, "
            f"not {type(config).__name__}."
        )
    return AirbyteAuthConfig(
        airbyte_client_id=_text_of(config, "airbyte_client_id"),
        airbyte_client_secret=_text_of(config, "airbyte_client_secret"),
        workspace_name=_text_of(config, "workspace_name"),
        external_user_id=_text_of(config, "external_user_id"),
        customer_name=_text_of(config, "customer_name"),
        connector_id=_text_of(config, "connector_id"),
        organization_id=_text_of(config, "organization_id"),
    )


def _text_of(config: object, name: str) -> str | None:
    value: object = getattr(config, name, None)  # the class is not ours: it may lack newer fields
    return value if isinstance(value, str) and value else None


def _server_url(base_url: str | None, environment: Mapping[str, str], *, allow_insecure_http: bool) -> str:
    given: Iterable[str] = (environment.get(name, "") for name in _SERVER_VARIABLES)
    address = base_url or next((value for value in given if value), AIRBYTE_API_URL)
    return checked_url(address, "AIRBYTE_API_URL", allow_insecure_http=allow_insecure_http)


def checked_url(address: str, variable: str, *, allow_insecure_http: bool) -> str:
    """The address without the ends that people paste along."""
    if "@" in address:
        raise ConfigurationError("The address must not contain a user name or password. Leave them out.")
    url = address.strip().rstrip("/")
    for end in ("/api/v1", "/v1"):
        url = url.removesuffix(end)
    parts = _ADDRESS.fullmatch(url)
    if parts is None or int(parts["port"] or 0) > _LAST_PORT:
        raise ConfigurationError(
            f"{address!r} is not an address: write it as https://host, in base_url= or {variable}."
        )
    if parts["scheme"].lower() == "http" and parts["host"].lower() not in _LOOPBACK and not allow_insecure_http:
        raise ConfigurationError(
            f"{url} would send secrets unencrypted: use https, or pass allow_insecure_http=True if you must."
        )
    return url
