"""The token endpoints: exchange, refresh, introspect, revoke, and v1's token information.

Source: https://developers.hubspot.com/docs/api-reference/latest/authentication/manage-oauth-tokens
"""

import base64
import hashlib
import hmac
from typing import Final
from urllib.parse import parse_qsl

from hubspot_sandbox.calls import Answer, Call, Door, mapping, parse_json
from hubspot_sandbox.errors import ApiError, JsonObject, NotFoundError
from hubspot_sandbox.tokens import ACCESS_TOKEN_LIFETIME_S, AccessToken, App, Code, Grant, TokenKind
from hubspot_sandbox.versions import DATED, OAUTH_VERSIONS

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
    app = _find_app(call, fields)
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


def _find_app(call: Call, fields: dict[str, str]) -> App:
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


def introspect(call: Call) -> Answer:
    """What a token is. An unknown one is not active.

    # choice: unknown tokens answer `{"active": false}` with 200.
    """
    fields = read_fields(call)
    _find_app(call, fields)
    value = _token_field(fields)
    access = call.portal.tokens.find_access_token(value)
    if access is not None and (access.expires_at_ms or 0) > call.portal.clock.now_ms():
        return Answer(200, {"active": True, **_access_information(call, access, "Bearer", "access_token")})
    grant = call.portal.tokens.find_grant(value)
    if grant is None:
        return Answer(200, {"active": False})
    body = {"active": True, "token": grant.refresh_token, "token_type": "Bearer", "token_use": "refresh_token"}
    return Answer(200, body | _grant_information(call, grant) | {"app_id": grant.app_id})


def _token_field(fields: dict[str, str]) -> str:
    """The reference names the field `token`, the guide `access_token` or `refresh_token`."""
    return fields.get("token") or fields.get("access_token") or fields.get("refresh_token") or ""


def revoke(call: Call) -> Answer:
    """End a token.

    # choice: 204 with an empty body, for unknown tokens too, as RFC 7009 has it.
    """
    fields = read_fields(call)
    _find_app(call, fields)
    call.portal.tokens.revoke(_token_field(fields))
    return Answer(204)


def _access_information(call: Call, token: AccessToken, token_type: str, token_use: str = "") -> JsonObject:
    now_ms = call.portal.clock.now_ms()
    use: JsonObject = {"token_use": token_use, "client_id": token.client_id} if token_use else {}
    return {
        "token": token.token,
        "user": _user(call),
        "hub_domain": _hub_domain(call),
        "scopes": token.scopes,
        "signed_access_token": _signed(call, token),
        "token_type": token_type,
        **use,
        "user_id": token.user_id,
        "is_private_distribution": False,
        "hub_id": call.portal.hub_id,
        "expires_in": max(0, ((token.expires_at_ms or now_ms) - now_ms) // 1000),
        "app_id": token.app_id,
    }


def _signed(call: Call, token: AccessToken) -> JsonObject:
    return {
        "expiresAt": token.expires_at_ms,
        "scopes": "",
        "hubId": call.portal.hub_id,
        "userId": token.user_id,
        "appId": token.app_id,
        "signature": "",
        "scopeToScopeGroupPks": "",
        "newSignature": "",
        "hublet": "na1",
        "trialScopes": "",
        "trialScopeToScopeGroupPks": "",
        "isUserLevel": False,
        "installingUserId": token.user_id,
        "isServiceAccount": False,
        "isPrivateDistribution": False,
        "appInstallId": token.app_id,
        "audience": None,
    }


def _grant_information(call: Call, grant: Grant) -> JsonObject:
    return {
        "user": _user(call),
        "hub_domain": _hub_domain(call),
        "scopes": grant.scopes,
        "client_id": grant.client_id,
        "hub_id": call.portal.hub_id,
        "user_id": grant.user_id,
    }


def _user(call: Call) -> str:
    return next((owner.email for owner in call.portal.owners().values()), "")


def _hub_domain(call: Call) -> str:
    return f"sandbox-{call.portal.hub_id}.com"


def access_token_information(call: Call) -> Answer:
    """v1's information on an access token."""
    token = call.portal.tokens.find_access_token(call.path["token"])
    if token is None or token.kind is not TokenKind.OAUTH:
        # choice: the text is not documented.
        raise NotFoundError("access token not found", category="OBJECT_NOT_FOUND")
    return Answer(200, _access_information(call, token, "access"))


def refresh_token_information(call: Call) -> Answer:
    """v1's information on a refresh token."""
    grant = _known_grant(call)
    return Answer(200, {"token": grant.refresh_token, **_grant_information(call, grant), "token_type": "refresh"})


def delete_refresh_token(call: Call) -> Answer:
    """204; access tokens live on and the app stays installed."""
    call.portal.tokens.revoke(_known_grant(call).refresh_token)
    return Answer(204)


def _known_grant(call: Call) -> Grant:
    grant = call.portal.tokens.find_grant(call.path["token"])
    if grant is None:
        # choice: the text is not documented.
        raise NotFoundError("refresh token not found", category="OBJECT_NOT_FOUND")
    return grant


def private_app_information(call: Call) -> Answer:
    """What a private app's token may do."""
    wanted = str(call.json().get("tokenKey", ""))
    token = call.portal.tokens.find_access_token(wanted)
    if token is None:
        # choice: the text is not documented.
        raise NotFoundError("token not found", category="OBJECT_NOT_FOUND")
    return Answer(
        200,
        {
            "userId": token.user_id,
            "hubId": call.portal.hub_id,
            "appId": token.app_id,
            "scopes": token.scopes,
        },
    )


_NEW: Final = frozenset({"v3"}) | DATED
_ONLY_V1: Final = frozenset({V1})
DOORS: Final = (
    Door("POST", "/oauth/token", exchange, versions=OAUTH_VERSIONS),
    Door("POST", "/oauth/token/introspect", introspect, versions=_NEW),
    Door("POST", "/oauth/token/revoke", revoke, versions=_NEW),
    Door("GET", "/oauth/access-tokens/{token}", access_token_information, versions=_ONLY_V1),
    Door("GET", "/oauth/refresh-tokens/{token}", refresh_token_information, versions=_ONLY_V1),
    Door("DELETE", "/oauth/refresh-tokens/{token}", delete_refresh_token, versions=_ONLY_V1),
    Door(
        "POST",
        "/oauth/private-apps/get/access-token-info",
        private_app_information,
        versions=frozenset({"v2"}),
    ),
)
