"""Credentials: what a user gives, and what HubSpot grants for it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, ClassVar

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from dataclasses import Field


class _Shown:
    """Gives a dataclass a repr in which the fields named in `_secret` show only whether they are set."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Field[object]]]
    _secret: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        shown = ((item.name, getattr(self, item.name)) for item in fields(self))
        parts = (f"{name}={'***' if name in self._secret else repr(value)}" for name, value in shown if value)
        return f"{type(self).__name__}({', '.join(parts)})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class HubspotAuthConfig(_Shown):
    """OAuth credentials of one HubSpot account, for open source execution.

    Only `refresh_token` is required. `client_id` and `client_secret` are what a new access token is fetched with;
    without them the connector works as long as `access_token` does. With both, `refresh_token` may be left out where
    a token store holds it.

    Raises:
        ConfigurationError: `refresh_token` is empty, or only one of client id and secret is given.
    """

    _secret = frozenset({"client_secret", "refresh_token", "access_token"})

    refresh_token: str = ""
    client_id: str | None = None
    client_secret: str | None = None
    access_token: str | None = None

    def __post_init__(self) -> None:
        if not self.refresh_token and not (self.client_id and self.client_secret):
            raise ConfigurationError(
                "refresh_token is missing: pass the refresh token of the HubSpot account, "
                "HubspotAuthConfig(refresh_token=...)."
            )
        if bool(self.client_id) != bool(self.client_secret):
            missing = "client_secret" if self.client_id else "client_id"
            raise ConfigurationError(
                f"{missing} is missing: client_id and client_secret belong together. Pass both, or neither."
            )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class HubspotPrivateAppAuthConfig(_Shown):
    """The token of a private app or a service key, for open source execution. It does not expire.

    Raises:
        ConfigurationError: the token is empty.
    """

    _secret = frozenset({"private_app_token"})

    private_app_token: str = ""

    def __post_init__(self) -> None:
        if not self.private_app_token:
            raise ConfigurationError("private_app_token is missing: pass the token, which begins with `pat-`.")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AirbyteAuthConfig(_Shown):
    """Credentials of hosted execution. `external_user_id` and `customer_name` are spellings of `workspace_name`."""

    _secret = frozenset({"airbyte_client_secret"})

    airbyte_client_id: str | None = None
    airbyte_client_secret: str | None = None
    workspace_name: str | None = None
    external_user_id: str | None = None
    customer_name: str | None = None
    connector_id: str | None = None
    organization_id: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class TokenGrant(_Shown):
    """What HubSpot's token endpoint granted. `expires_at_s` is in epoch seconds."""

    _secret = frozenset({"access_token", "refresh_token"})

    access_token: str
    refresh_token: str
    expires_at_s: float
    hub_id: int | None = None
    scopes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, repr=False)
class StoredGrant(_Shown):
    """A grant as a token store keeps it.

    `generation` grows by one with each refresh. `origin` names the refresh token that was configured or logged in with,
    without telling it: a grant whose refresh token was rotated since keeps its origin.
    """

    grant: TokenGrant
    client_id: str
    generation: int
    origin: str
