"""What a developer may do to the sandbox itself: credentials, tokens, time, the request log. Not part of HubSpot."""

import re
from dataclasses import asdict
from typing import Final

from hubspot_sandbox.calls import Answer, Call, Door, texts
from hubspot_sandbox.clock import VirtualClock
from hubspot_sandbox.errors import JsonObject, ValidationError
from hubspot_sandbox.instants import format_instant
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.tokens import App, TokenKind
from hubspot_sandbox.versions import UNVERSIONED

LATEST_REQUESTS: Final = 1_000
_DECIMAL: Final = re.compile(r"[0-9]{1,9}(\.[0-9]+)?")


def credentials_of(portal: Portal, base_url: str) -> JsonObject:
    """Everything a client needs to work with the portal; a token is null once all of its kind are revoked."""
    app = default_app(portal)
    grants = (grant.refresh_token for grant in portal.tokens.grants() if not grant.revoked)
    private_tokens = (
        token.token
        for token in portal.tokens.access_tokens()
        if token.kind is TokenKind.PRIVATE_APP and not token.revoked
    )
    return {
        "base_url": base_url,
        "authorize_url": f"{base_url}/oauth/authorize",
        "token_url": f"{base_url}/oauth/2026-03/token",
        "hub_id": portal.hub_id,
        "seed": portal.origin.seed,
        "portal": portal.origin.portal,
        "app_id": app.app_id,
        "app_name": app.name,
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "redirect_uris": app.redirect_uris,
        "scopes": app.scopes,
        "refresh_token": next(grants, None),
        "private_app_token": next(private_tokens, None),
    }


def default_app(portal: Portal) -> App:
    """The OAuth app every portal has."""
    return portal.tokens.apps()[0]


def credentials(call: Call) -> Answer:
    """The ready credentials."""
    return Answer(200, credentials_of(call.portal, call.base_url))


def mint_refresh_token(call: Call) -> Answer:
    """A further refresh token, with fewer scopes if the body names some."""
    app = default_app(call.portal)
    scopes = texts(_body(call).get("scopes")) or list(app.scopes)
    grant = call.portal.tokens.mint_refresh_token(app, scopes)
    return Answer(201, {"refresh_token": grant.refresh_token, "scopes": grant.scopes})


def mint_private_token(call: Call) -> Answer:
    """A further private app, with fewer scopes if the body names some."""
    scopes = texts(_body(call).get("scopes")) or list(default_app(call.portal).scopes)
    token = call.portal.tokens.mint_private_token(scopes)
    return Answer(201, {"private_app_token": token.token, "scopes": token.scopes})


def revoke_token(call: Call) -> Answer:
    """End a refresh, access or private-app token."""
    token = str(_body(call).get("token", ""))
    return Answer(200, {"revoked": call.portal.tokens.revoke(token)})


def expire_tokens(call: Call) -> Answer:
    """Let every OAuth access token expire now."""
    return Answer(200, {"expired": call.portal.tokens.expire_access_tokens()})


def _now(call: Call) -> JsonObject:
    now_ms = call.portal.clock.now_ms()
    virtual = isinstance(call.portal.clock, VirtualClock)
    return {"now": format_instant(now_ms), "now_ms": now_ms, "virtual": virtual}


def read_clock(call: Call) -> Answer:
    """What time it is in the portal."""
    return Answer(200, _now(call))


def advance_clock(call: Call) -> Answer:
    """Move a virtual clock forward."""
    clock, seconds = call.portal.clock, _body(call).get("seconds")
    if not isinstance(clock, VirtualClock):
        raise ValidationError("The portal runs on the machine's clock, which cannot be moved")
    if not isinstance(seconds, int | str) or not _DECIMAL.fullmatch(str(seconds)):
        raise ValidationError("seconds must be a number from 0 to 999999999")
    clock.advance(float(seconds))
    return Answer(200, _now(call))


def read_requests(call: Call) -> Answer:
    """The newest requests, oldest of them first."""
    limit = call.number("limit", 100, at_most=LATEST_REQUESTS)
    entries = list(call.portal.log.entries)[-limit:]
    return Answer(200, {"total": call.portal.log.total, "requests": [asdict(entry) for entry in entries]})


def count_requests(call: Call) -> Answer:
    """How many requests of each method, route and status."""
    counts = [
        {"method": method, "route": route, "status": status, "count": number}
        for method, route, status, number in call.portal.log.counts()
    ]
    return Answer(200, {"total": call.portal.log.total, "counts": counts})


def clear_requests(call: Call) -> Answer:
    """Forget the requests so far."""
    call.portal.log.clear()
    return Answer(204)


def _body(call: Call) -> JsonObject:
    return call.json() if call.body else {}


DOORS: Final = tuple(
    Door(method, f"/_sandbox/{path}", handle, versions=UNVERSIONED)
    for method, path, handle in (
        ("GET", "credentials", credentials),
        ("POST", "refresh-tokens", mint_refresh_token),
        ("POST", "private-app-tokens", mint_private_token),
        ("POST", "tokens/revoke", revoke_token),
        ("POST", "tokens/expire", expire_tokens),
        ("GET", "clock", read_clock),
        ("POST", "clock/advance", advance_clock),
        ("GET", "requests", read_requests),
        ("GET", "requests/counts", count_requests),
        ("DELETE", "requests", clear_requests),
    )
)
