"""The server's settings: read once from the environment, frozen, checked before anything starts."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, model_validator

PREFIX = "AGENT_SERVER_"
CALLBACK_PATH = "/api/v1/integrations/connectors/oauth/callback"


class SettingsError(Exception):
    """The server cannot start with these settings; the text has one line for each thing to mend."""


def _split(value: object) -> object:
    """Environment variables hold lists as text, separated by blanks or commas."""
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def _without_slash(value: object) -> object:
    return value.rstrip("/") if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_split)]
Url = Annotated[str, BeforeValidator(_without_slash), Field(pattern=r"^https?://[^\s?#]+$")]


class Settings(BaseModel):
    """Everything an operator can decide. The environment variable is the field in capitals after the prefix."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 lets the system choose.")
    public_url: Url | None = Field(
        None,
        description="How clients and browsers reach this server; issuer of its tokens. Default: host and port.",
    )
    data_dir: Path = Field(Path("agent-server-data"), description="Holds the database file and the key file.")
    database_url: str | None = Field(
        None,
        pattern=r"^(sqlite|postgresql)://",
        description="`sqlite:///path` or `postgresql://user@host/name`; default: `server.db` in `data_dir`.",
    )
    master_key: SecretStr | None = Field(
        None, description="32 bytes in base64 that wrap all data keys; default: `master.key` in `data_dir`."
    )
    token_audience: str = Field("agent-server", min_length=1, description="`aud` of the tokens.")

    hubspot_api_base_url: Url = Field("https://api.hubapi.com", description="HubSpot's API.")
    hubspot_authorize_url: Url = Field("https://app.hubspot.com/oauth/authorize", description="HubSpot's consent page.")
    hubspot_token_path: str = Field(
        "/oauth/2026-03/token", pattern=r"^/\S+$", description="Token endpoint; `/introspect` hangs below it."
    )
    hubspot_client_id: str | None = Field(None, min_length=1, description="Client id of the server's OAuth app.")
    hubspot_client_secret: SecretStr | None = Field(None, description="Client secret of the server's OAuth app.")
    hubspot_pkce: Literal["never", "s256"] = Field("never", description="`s256` for app kinds that support PKCE.")
    hubspot_scopes: Words = Field(
        ("oauth", "crm.objects.contacts.read"), description="Scopes that every connection must grant."
    )
    hubspot_optional_scopes: Words | None = Field(
        None,
        description="Scopes that are asked for and may be missing; default: all that the operations need.",
    )
    oauth_callback_url: Url | None = Field(
        None, description=f"Callback registered in the HubSpot app; default: `public_url` + `{CALLBACK_PATH}`."
    )
    redirect_origins: Words = Field(
        ("loopback",),
        description="Origins that every organization may redirect to after consent; `loopback` is any local port.",
    )

    execute_deadline_s: float = Field(25, gt=0, le=290, description="One execute, waits and refresh included.")
    upstream_timeout_s: float = Field(20, gt=0, description="One request to HubSpot.")
    body_limit_bytes: int = Field(1024 * 1024, gt=0, description="Largest request body.")
    login_body_limit_bytes: int = Field(64 * 1024, gt=0, description="Largest body of token and OAuth requests.")
    result_limit_bytes: int = Field(10 * 1024 * 1024, gt=0, description="Largest result of an execute.")

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if (self.hubspot_client_id is None) != (self.hubspot_client_secret is None):
            raise ValueError("hubspot_client_id and hubspot_client_secret come together: set both or neither")
        return self

    @property
    def callback_url(self) -> str:
        """Where HubSpot sends the browser after consent."""
        return self.oauth_callback_url or self.effective_public_url + CALLBACK_PATH

    @property
    def effective_public_url(self) -> str:
        """How clients reach this server, the default filled in."""
        if self.public_url is not None:
            return self.public_url
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104  # compared, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def effective_database_url(self) -> str:
        """The database's address, the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'server.db'}"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings in `environment`. Variables without our prefix are ignored, empty ones count as absent.

    Raises:
        SettingsError: a variable with our prefix is unknown, or a value is wrong.
    """
    names = {PREFIX + name.upper(): name for name in Settings.model_fields}
    given = {key: value for key, value in environment.items() if key.startswith(PREFIX) and value}
    faults = [_unknown(key, names) for key in sorted(given) if key not in names]
    try:
        settings = Settings.model_validate({names[key]: value for key, value in given.items() if key in names})
    except ValidationError as error:
        faults += [_fault(item["loc"], item["msg"]) for item in error.errors(include_input=False)]
        raise SettingsError("\n".join(faults)) from None
    if faults:
        raise SettingsError("\n".join(faults))
    return settings


def _unknown(key: str, names: Mapping[str, str]) -> str:
    nearest = difflib.get_close_matches(key, names, n=1, cutoff=0)
    return f"{key} is not a setting. The nearest one is {nearest[0]}."


def _fault(location: tuple[int | str, ...], message: str) -> str:
    name = "".join(PREFIX + str(part).upper() for part in location[:1])
    return f"{name}: {message}." if name else f"{message.removeprefix('Value error, ')}."
