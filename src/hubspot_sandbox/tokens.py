"""What the portal knows of apps, grants, codes and tokens.

Source: https://developers.hubspot.com/docs/api-reference/latest/authentication/manage-oauth-tokens
"""

from collections.abc import Sequence
from enum import Enum
from typing import Final

import msgspec

from hubspot_sandbox.clock import Clock
from hubspot_sandbox.identifiers import Identifiers
from hubspot_sandbox.store import Store

ACCESS_TOKEN_LIFETIME_S: Final = 1800
# choice: HubSpot says a code is short lived and gives no number.
CODE_LIFETIME_S: Final = 300


class TokenKind(Enum):
    """What a credential is; rate limits depend on it."""

    OAUTH = "oauth"
    PRIVATE_APP = "private_app"


class App(msgspec.Struct, frozen=True, kw_only=True):
    """A registered OAuth app. Loopback redirects are always allowed beside the listed ones."""

    app_id: int
    name: str
    client_id: str
    client_secret: str
    scopes: tuple[str, ...]
    redirect_uris: tuple[str, ...] = ()


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """An authorization code waiting to be exchanged."""

    code: str
    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    expires_at_ms: int
    code_challenge: str = ""
    used: bool = False


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A refresh token and what it stands for."""

    refresh_token: str
    client_id: str
    app_id: int
    user_id: int
    scopes: tuple[str, ...]
    serial: int = 0
    revoked: bool = False


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """A credential for API calls; a private app's never expires."""

    token: str
    kind: TokenKind
    app_id: int
    user_id: int
    scopes: tuple[str, ...]
    client_id: str = ""
    refresh_token: str = ""
    expires_at_ms: int | None = None
    revoked: bool = False


class Tokens:
    """Mints, finds and ends credentials."""

    def __init__(self, store: Store, identifiers: Identifiers, clock: Clock) -> None:
        self._store = store
        self._identifiers = identifiers
        self._clock = clock

    def register_app(self, app: App) -> None:
        """Make an app known."""
        self._store.put("app", app.client_id, app)

    def apps(self) -> list[App]:
        """Every app of the portal."""
        return self._store.all("app", App)

    def find_app(self, client_id: str) -> App | None:
        """The app of that client id, or None."""
        return self._store.find("app", client_id, App)

    def mint_code(self, app: App, *, redirect_uri: str, scopes: Sequence[str], code_challenge: str = "") -> Code:
        """A fresh authorization code."""
        code = Code(
            code=self._identifiers.hyphenated("code", self._store.next_serial("code")),
            client_id=app.client_id,
            redirect_uri=redirect_uri,
            scopes=tuple(scopes),
            expires_at_ms=self._clock.now_ms() + CODE_LIFETIME_S * 1000,
            code_challenge=code_challenge,
        )
        self._store.put("code", code.code, code)
        return code

    def find_code(self, code: str) -> Code | None:
        """The code, used or not, or None."""
        return self._store.find("code", code, Code)

    def use_code(self, code: Code) -> None:
        """A code works once."""
        self._store.put("code", code.code, msgspec.structs.replace(code, used=True))

    def mint_refresh_token(self, app: App, scopes: Sequence[str]) -> Grant:
        """A fresh refresh token, granted by the portal's first user."""
        serial = self._store.next_serial("refresh_token")
        grant = Grant(
            refresh_token=self._identifiers.hyphenated("refresh", serial),
            serial=serial,
            client_id=app.client_id,
            app_id=app.app_id,
            user_id=self._identifiers.user_id(0),
            scopes=tuple(scopes),
        )
        self._store.put("grant", grant.refresh_token, grant)
        return grant

    def find_grant(self, refresh_token: str) -> Grant | None:
        """The live grant of a refresh token, or None."""
        grant = self._store.find("grant", refresh_token, Grant)
        return None if grant is None or grant.revoked else grant

    def grants(self) -> list[Grant]:
        """Every grant in the order of minting, revoked ones too; a rotated one keeps its place."""
        return sorted(self._store.all("grant", Grant), key=lambda grant: grant.serial)

    def rotate(self, grant: Grant) -> Grant:
        """The same grant under a new refresh token; the old one dies."""
        serial = self._store.next_serial("refresh_token")
        rotated = msgspec.structs.replace(grant, refresh_token=self._identifiers.hyphenated("refresh", serial))
        self._store.put("grant", rotated.refresh_token, rotated)
        self._revoke_grant(grant)
        return rotated

    def mint_access_token(self, grant: Grant, scopes: Sequence[str]) -> AccessToken:
        """A fresh OAuth access token of 30 minutes."""
        token = AccessToken(
            token=self._identifiers.access_token(self._store.next_serial("access_token")),
            kind=TokenKind.OAUTH,
            app_id=grant.app_id,
            user_id=grant.user_id,
            scopes=tuple(scopes),
            client_id=grant.client_id,
            refresh_token=grant.refresh_token,
            expires_at_ms=self._clock.now_ms() + ACCESS_TOKEN_LIFETIME_S * 1000,
        )
        self._store.put("access_token", token.token, token)
        return token

    def mint_private_token(self, scopes: Sequence[str]) -> AccessToken:
        """A fresh private app with its token."""
        serial = self._store.next_serial("private_token")
        token = AccessToken(
            token=f"pat-na1-{self._identifiers.uuid('private token', serial)}",
            kind=TokenKind.PRIVATE_APP,
            app_id=1_500_000 + serial,
            user_id=self._identifiers.user_id(0),
            scopes=tuple(scopes),
        )
        self._store.put("access_token", token.token, token)
        return token

    def find_access_token(self, token: str) -> AccessToken | None:
        """The credential, expired or not, or None once it is revoked."""
        found = self._store.find("access_token", token, AccessToken)
        return None if found is None or found.revoked else found

    def access_tokens(self) -> list[AccessToken]:
        """Every credential, dead ones too; private apps by the order of their making."""
        return sorted(self._store.all("access_token", AccessToken), key=lambda token: token.app_id)

    def expire_access_tokens(self) -> int:
        """Let every living OAuth access token end now; how many there were."""
        now_ms = self._clock.now_ms()
        living = [token for token in self.access_tokens() if (token.expires_at_ms or 0) > now_ms]
        ended = [(token.token, msgspec.structs.replace(token, expires_at_ms=now_ms)) for token in living]
        self._store.put_all("access_token", ended)
        return len(living)

    def revoke(self, token: str) -> bool:
        """End a refresh token or an access token; False if there is none.

        # choice: access tokens of a revoked refresh token live on until they expire, as v1's DELETE leaves them.
        """
        grant = self.find_grant(token)
        if grant is not None:
            self._revoke_grant(grant)
        access = self.find_access_token(token)
        if access is not None:
            self._store.put("access_token", access.token, msgspec.structs.replace(access, revoked=True))
        return grant is not None or access is not None

    def _revoke_grant(self, grant: Grant) -> None:
        self._store.put("grant", grant.refresh_token, msgspec.structs.replace(grant, revoked=True))
