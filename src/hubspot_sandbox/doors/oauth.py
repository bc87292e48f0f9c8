"""The token endpoint: codes, refresh tokens and client credentials in, access tokens out.

Source: https://developers.hubspot.com/docs/api-reference/latest/authentication/manage-oauth-tokens
"""

import base64
import hashlib
import hmac
from typing import Final
from urllib.parse import parse_qsl

from hubspot_sandbox.calls import Answer, Call, Door, mapping, parse_json
from hubspot_sandbox.errors import ApiError, JsonObject
from hubspot_sandbox.tokens import ACCESS_TOKEN_LIFETIME_S, AccessToken, App, Code, Grant
from hubspot_sandbox.versions import OAUTH_VERSIONS

V1: Final = "v1"


class OAuthError(ApiError):
    """A refusal of the token endpoints: v1's shape, or since 2026 the one of RFC 6749 beside it."""

    def __init__(self, call: Call, code: str, message: str, error: str, *, correlated: bool = True) -> None:
        super().__init__(message)
        self._legacy = call.version == V1
        self._code = code
        self._error = error
        self._correlated = correlated

    def body(self, correlation_id: str) -> JsonObject:
        """The answer's JSON."""
        body: JsonObject = {"status": self._code, "message": self.message}
        if self._legacy:
            return body | {"correlationId": correlation_id}
        body = {"error": self._error, "error_description": self.message, **body}
        return body | {"correlationId": correlation_id} if self._correlated else body


def read_fields(call: Call) -> dict[str, str]:
    """The fields of a form, or of a JSON object.

    # choice: JSON is taken as well, since `hubspot-sdk` sends it; HubSpot documents the form alone.
    """
    if call.content_type.startswith("application/json"):
        return {name: str(value) for name, value in mapping(parse_json(call.body)).items() if value is not None}
    return dict(parse_qsl(call.body.decode(errors="replace"), keep_blank_values=True))


def exchange(call: Call) -> Answer:
    """An access token for a code or a refresh token."""
    fields = read_fields(call)
    app = find_app(call, fields)
    match fields.get("grant_type"):
        case "authorization_code":
            grant, scopes = _redeem_code(call, app, fields)
        case "refresh_token":
            grant, scopes = _refresh(call, app, fields)
        case "client_credentials":
            return _client_credentials(call, app, fields)
        case grant_type:
            # choice: code and text are not documented.
            message = f"missing or unknown grant type {grant_type or ''}".strip()
            raise OAuthError(call, "BAD_GRANT_TYPE", message, "unsupported_grant_type")
    token = call.portal.tokens.mint_access_token(grant, scopes)
    return Answer(200, _granted(call, grant, token))


def _granted(call: Call, grant: Grant, token: AccessToken) -> JsonObject:
    body: JsonObject = {
        "token_type": "bearer",
        "refresh_token": grant.refresh_token,
        "access_token": token.token,
        "expires_in": ACCESS_TOKEN_LIFETIME_S,
    }
    if call.version == V1:
        return body
    return body | {
        "hub_id": call.portal.hub_id,
        "user_id": token.user_id,
        "scopes": token.scopes,
        "token_use": "access_token",
    }


def find_app(call: Call, fields: dict[str, str]) -> App:
    """The app of the client id and secret in the fields.

    Raises: OAuthError.
    """
    app = call.portal.tokens.find_app(fields.get("client_id", ""))
    if app is None:
        # choice: status is known from clients, the text is not.
        raise OAuthError(call, "BAD_CLIENT_ID", "missing or unknown client id", "invalid_client")
    if not hmac.compare_digest(app.client_secret.encode(), fields.get("client_secret", "").encode()):
        # choice: as above.
        raise OAuthError(call, "BAD_CLIENT_SECRET", "missing or invalid client secret", "invalid_client")
    return app


def _redeem_code(call: Call, app: App, fields: dict[str, str]) -> tuple[Grant, tuple[str, ...]]:
    tokens = call.portal.tokens
    code = tokens.find_code(fields.get("code", ""))
    if code is None or code.used or code.client_id != app.client_id:
        raise OAuthError(call, "BAD_AUTH_CODE", "missing or unknown auth code", "invalid_grant")
    if code.expires_at_ms <= call.portal.clock.now_ms():
        raise OAuthError(call, "EXPIRED_AUTH_CODE", "auth code is expired", "invalid_grant")
    if code.redirect_uri != fields.get("redirect_uri"):
        # choice: the text is not documented.
        message = "redirect uri does not match the one of the auth code"
        raise OAuthError(call, "MISMATCH_REDIRECT_URI_AUTH_CODE", message, "invalid_grant")
    if not _proves(code, fields.get("code_verifier", "")):
        # choice: code and text are not documented.
        message = "missing or invalid code verifier"
        raise OAuthError(call, "BAD_CODE_VERIFIER", message, "invalid_grant")
    tokens.use_code(code)
    return tokens.mint_refresh_token(app, code.scopes), code.scopes


def _proves(code: Code, verifier: str) -> bool:
    """Whether the verifier fits the challenge; a verifier is wanted only if a challenge came."""
    if not code.code_challenge:
        return True
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == code.code_challenge.rstrip("=")


def _refresh(call: Call, app: App, fields: dict[str, str]) -> tuple[Grant, tuple[str, ...]]:
    tokens = call.portal.tokens
    grant = tokens.find_grant(fields.get("refresh_token", ""))
    if grant is None or grant.client_id != app.client_id:
        if call.version == V1:
            raise OAuthError(call, "BAD_REFRESH_TOKEN", "missing or invalid refresh token", "invalid_grant")
        message = "refresh token is invalid, expired or revoked"
        raise OAuthError(call, "BAD_REFRESH_TOKEN", message, "invalid_grant", correlated=False)
    wanted = fields.get("scope", "").split()
    # choice: `scope` narrows the access token to what was granted.
    scopes = tuple(scope for scope in grant.scopes if scope in wanted) if wanted else grant.scopes
    return (tokens.rotate(grant) if call.portal.behaviour.rotate_refresh_tokens else grant), scopes


def _client_credentials(call: Call, app: App, fields: dict[str, str]) -> Answer:
    grant = Grant(
        refresh_token="",
        client_id=app.client_id,
        app_id=app.app_id,
        user_id=call.portal.identifiers.user_id(0),
        scopes=tuple(fields.get("scope", "").split()),
    )
    body = _granted(call, grant, call.portal.tokens.mint_access_token(grant, grant.scopes))
    del body["refresh_token"]
    return Answer(200, body if call.version == V1 else body | {"token_use": "client_credentials"})


DOORS: Final = (Door("POST", "/oauth/token", exchange, versions=OAUTH_VERSIONS),)
