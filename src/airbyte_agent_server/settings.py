"""The server's settings: read once from the environment and a file, frozen, checked before anything starts."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

PREFIX = "AGENT_SERVER_"
CONFIG = f"{PREFIX}CONFIG"
"""Names the settings file, which is itself no setting."""
CALLBACK_PATH = "/api/v1/integrations/connectors/oauth/callback"


_URL = r"^https?://[^\s?#]+$"
_SAID = {
    f"String should match pattern '{_URL}'": "It must be an address like https://agents.example.com, without ? and #"
}
"""What the checks of values say, for people."""


class SettingsError(Exception):
    """The server cannot start with these settings; the text has one line for each thing to mend."""


def _split(value: object) -> object:
    """Environment variables hold lists as text, separated by blanks or commas."""
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def _without_slash(value: object) -> object:
    return value.rstrip("/") if isinstance(value, str) else value


def _checked_proxy(value: str) -> str:
    try:
        ip_network(value, strict=False)
    except ValueError:
        raise ValueError(f"{value} is no IP address and no network: write it like 10.0.0.7 or 10.0.0.0/8") from None
    return value


def _checked_database(value: str) -> str:
    if not value.startswith(("sqlite://", "postgresql://")):
        raise ValueError("it must begin with sqlite:/// or postgresql://")
    try:
        _ = urlsplit(value).port
    except ValueError:
        raise ValueError(
            "its port is not a number; characters of a password like / @ : # are written %2F %40 %3A %23"
        ) from None
    return value


Words = Annotated[tuple[str, ...], BeforeValidator(_split)]
Secrets = Annotated[tuple[SecretStr, ...], BeforeValidator(_split)]
Proxies = Annotated[tuple[Annotated[str, AfterValidator(_checked_proxy)], ...], BeforeValidator(_split)]
DatabaseUrl = Annotated[str, AfterValidator(_checked_database)]
Url = Annotated[str, BeforeValidator(_without_slash), Field(pattern=_URL)]


class Settings(BaseModel):
    """Everything an operator can decide. The environment variable is the field in capitals after the prefix."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 lets the system choose.")
    public_url: Url | None = Field(
        None,
        description="How clients and browsers reach this server; issuer of its tokens. Default: host and port.",
    )
    trusted_proxies: Proxies = Field(
        ("127.0.0.1",),
        description="Addresses and networks of proxies, whose `X-Forwarded-For` tells the address of a client.",
    )
    data_dir: Path = Field(Path("agent-server-data"), description="Holds the database file and the key file.")
    database_url: DatabaseUrl | None = Field(
        None,
        description="`sqlite:///path` or `postgresql://user@host/name`; default: `server.db` in `data_dir`.",
    )
    master_key: SecretStr | None = Field(
        None,
        description="Wraps all data keys: 32 bytes in base64, `file:/path`, or `kms:` and an AWS KMS key's id, ARN or "
        "alias; default: `master.key` in `data_dir`.",
    )
    other_master_keys: Secrets = Field(
        (), description="Master keys that only unwrap, while they are being changed: former ones and the next one."
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

    mcp_redirect_origins: Words = Field(
        ("loopback",),
        description="Origins of MCP clients, pages included, that may be let in; `loopback` is any local port.",
    )

    execute_deadline_s: float = Field(25, gt=0, le=290, description="One execute, waits and refresh included.")
    upstream_timeout_s: float = Field(20, gt=0, description="One request to HubSpot.")
    body_limit_bytes: int = Field(1024 * 1024, gt=0, description="Largest request body.")
    login_body_limit_bytes: int = Field(64 * 1024, gt=0, description="Largest body of token and OAuth requests.")
    result_limit_bytes: int = Field(10 * 1024 * 1024, gt=0, description="Largest result of an execute.")

    organization_rate_limit: int = Field(
        600, ge=0, description="Requests of an organization in a minute; 0: any number."
    )
    workspace_rate_limit: int = Field(300, ge=0, description="Requests of a workspace in a minute; 0: any number.")
    login_failure_limit: int = Field(
        10, ge=1, description="Failed logins in a minute, for each client id and each address, before more are refused."
    )
    drain_delay_s: float = Field(
        0, ge=0, description="After SIGTERM, `/readyz` says 503 for so long before connections are refused."
    )
    drain_timeout_s: float = Field(30, gt=0, description="After SIGTERM, how long running requests may take to finish.")

    audit_params: Literal["names", "none", "full"] = Field(
        "names", description="What the record of calls keeps of parameters; `full` is sealed like credentials."
    )
    audit_retention_days: int = Field(90, ge=1, description="How long calls stay on record.")
    audit_fsync: bool = Field(
        default=False, description="Answer only when the disk has the call's record: it survives a power failure."
    )
    audit_dir: Path | None = Field(
        None, description="Holds records on their way to the database, on a local disk; default: `audit` in `data_dir`."
    )

    log_format: Literal["json", "console"] = Field(
        "json", description="`json`: a line for machines; `console`: one for people."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="From which level on the server's lines are written; libraries are heard from `warning` on."
    )
    log_execute_share: float = Field(
        0, ge=0, le=1, description="Share of executes that get a line in the log; failures (5xx) always get one."
    )
    metrics_token: SecretStr | None = Field(
        None, description="Bearer token that `/metrics` asks for; default: anybody who reaches it may read it."
    )

    traces_url: Url | None = Field(
        None,
        description="Where traces go, OTLP over HTTP, like `http://127.0.0.1:4318/v1/traces`; needs extra `telemetry`.",
    )
    traces_share: float = Field(
        1, ge=0, le=1, description="Share of requests that are traced, of those whose caller does not say."
    )

    webhooks_to_loopback: bool = Field(
        False, description="Whether webhooks may go to this machine, over plain http too; for trying things out."
    )
    jobs: bool = Field(True, description="Whether this process runs background work; at least one must.")
    jobs_schema: str = Field(
        "agent_jobs",
        pattern=r"^[a-z_][a-z0-9_]{0,62}$",
        description="PostgreSQL schema of the job engine's own tables; SQLite has them in a file of their own.",
    )
    job_silence_s: float = Field(
        20, ge=1, description="A process silent for so long is taken for dead, and others continue its jobs."
    )

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
    def effective_audit_dir(self) -> Path:
        """Where the journal of calls lies, the default filled in."""
        return self.audit_dir or self.data_dir / "audit"

    @property
    def effective_database_url(self) -> str:
        """The database's address, the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'server.db'}"


def read_settings(environment: Mapping[str, str], *, config: Path | None = None) -> Settings:
    """The settings in `environment` and, behind it, in a file: `config`, else the one that AGENT_SERVER_CONFIG names.

    Variables without our prefix are ignored, empty ones count as absent.

    Raises:
        SettingsError: a name is unknown, a value is wrong, or the file cannot be read.
    """
    variables = {PREFIX + name.upper(): name for name in Settings.model_fields}
    given = {key: value for key, value in environment.items() if key.startswith(PREFIX) and value}
    named = given.pop(CONFIG, None)
    file = config or (Path(named) if named else None)
    written = {} if file is None else _read_file(file)
    faults = [_unknown(key, variables) for key in sorted(given) if key not in variables]
    faults += [f"{file}: {_unknown(key, Settings.model_fields)}" for key in written if key not in Settings.model_fields]
    values = {key: value for key, value in written.items() if key in Settings.model_fields}
    values |= {variables[key]: value for key, value in given.items() if key in variables}
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        sources = {name: f"{file}: {name}" for name in written} | {
            variables[key]: key for key in given if key in variables
        }
        faults += [_fault(item["loc"], item["msg"], sources) for item in error.errors(include_input=False)]
        raise SettingsError("\n".join(faults)) from None
    if faults:
        raise SettingsError("\n".join(faults))
    return settings


def make_data_dir(settings: Settings) -> None:
    """Make the directory that the embedded database lies in, for its owner alone; another database needs none.

    Raises:
        SettingsError: it cannot be made, or is no directory.
    """
    if settings.database_url is not None:
        return
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"The data directory {settings.data_dir} cannot be made ({error.strerror}): name one that the server may "
            f"write to, in data_dir or {PREFIX}DATA_DIR."
        ) from None


def _read_file(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"The settings file {file} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings file {file} is not TOML: {error}.") from None


def _unknown(key: str, names: Iterable[str]) -> str:
    nearest = difflib.get_close_matches(key, names, n=1, cutoff=0)
    return f"{key} is not a setting. The nearest one is {nearest[0]}."


def _fault(location: tuple[int | str, ...], message: str, sources: Mapping[str, str]) -> str:
    name = str(location[0]) if location else ""
    message = _SAID.get(message, message.removeprefix("Value error, "))
    return f"{sources.get(name, name)}: {message}." if name else f"{message}."
