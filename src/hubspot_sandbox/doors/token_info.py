"""What tokens are, and their end: introspection, revocation, v1's token information, private apps.

Source: https://developers.hubspot.com/docs/api-reference/latest/authentication/manage-oauth-tokens
"""

from typing import Final

from hubspot_sandbox.calls import Answer, Call, Door
from hubspot_sandbox.doors.oauth import V1, find_app, read_fields
from hubspot_sandbox.errors import JsonObject, NotFoundError
from hubspot_sandbox.tokens import AccessToken, Grant, TokenKind
from hubspot_sandbox.versions import DATED


def introspect(call: Call) -> Answer:
    """What a token is. An unknown one is not active.

    # choice: unknown tokens answer `{"active": false}` with 200.
    """
    fields = read_fields(call)
    find_app(call, fields)
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
    find_app(call, fields)
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
