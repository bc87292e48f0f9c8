"""The page on which a person lets an app into the portal.

Source: https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/oauth/working-with-oauth
"""

from dataclasses import dataclass
from html import escape
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from hubspot_sandbox.calls import Answer, Call, Door
from hubspot_sandbox.data import read_data
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.scopes import ALWAYS_GRANTED, known_scopes
from hubspot_sandbox.tokens import App
from hubspot_sandbox.versions import UNVERSIONED

_HTML: Final = "text/html;charset=utf-8"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_KEPT: Final = ("client_id", "redirect_uri", "scope", "optional_scope", "state", "code_challenge")
_GUARDS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True, slots=True)
class _Request:
    """An authorization request that may be shown to a person."""

    app: App
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str
    code_challenge: str


class _RefusedError(Exception):
    """Why no redirect may happen."""


def show(call: Call) -> Answer:
    """The consent page, or at once the redirect where approval is automatic; an error page never redirects."""
    fields = {name: values[0] for name, values in call.query.items()}
    try:
        request = _read(call.portal, fields)
    except _RefusedError as error:
        return _page(400, "Can't connect this app", f'<p role="alert">{escape(str(error))}</p>')
    if call.portal.behaviour.auto_approve or call.flag("auto_approve"):
        return _approve(call.portal, request)
    return _page(200, f"Connect {request.app.name}", _consent(call, request, fields))


def decide(call: Call) -> Answer:
    """The redirect that follows from pressing a button on the page."""
    fields = dict(parse_qsl(call.body.decode(errors="replace"), keep_blank_values=True))
    try:
        request = _read(call.portal, fields)
    except _RefusedError as error:
        return _page(400, "Can't connect this app", f'<p role="alert">{escape(str(error))}</p>')
    if fields.get("decision") == "approve":
        return _approve(call.portal, request)
    # choice: what HubSpot sends after a denial is not documented.
    denial = {"error": "access_denied", "error_description": "The user denied the request"}
    return _redirect(request, denial)


def _read(portal: Portal, fields: dict[str, str]) -> _Request:
    app = portal.tokens.find_app(fields.get("client_id", ""))
    if app is None:
        raise _RefusedError("There is no app with this client id in the portal.")
    redirect_uri = fields.get("redirect_uri", "")
    if not is_allowed_redirect(app, redirect_uri):
        raise _RefusedError(
            f"The redirect URL {redirect_uri or '(none)'} is not registered for this app. "
            "Loopback addresses are always allowed."
        )
    required, optional = fields.get("scope", "").split(), fields.get("optional_scope", "").split()
    known = set(known_scopes())
    unknown = [scope for scope in required if scope not in known]
    if unknown or not required:
        what = f"asks for scopes this account cannot grant: {', '.join(unknown)}" if unknown else "asks for no scope"
        raise _RefusedError(f"{app.name} {what}.")
    method = fields.get("code_challenge_method", "S256")
    if fields.get("code_challenge") and method != "S256":
        # choice: PKCE is optional for ordinary apps, and S256 is the only method.
        raise _RefusedError(f"The code challenge method {method} is not supported, S256 is.")
    granted = {ALWAYS_GRANTED, *required, *(scope for scope in optional if scope in known)}
    return _Request(
        app, redirect_uri, tuple(sorted(granted)), fields.get("state", ""), fields.get("code_challenge", "")
    )


def is_allowed_redirect(app: App, redirect_uri: str) -> bool:
    """Whether the app may be answered there: a registered address, or any http one on this machine."""
    if redirect_uri in app.redirect_uris:
        return True
    parts = urlsplit(redirect_uri)
    return parts.scheme in {"http", "https"} and parts.hostname in _LOOPBACK and not parts.fragment


def _approve(portal: Portal, request: _Request) -> Answer:
    code = portal.tokens.mint_code(
        request.app,
        redirect_uri=request.redirect_uri,
        scopes=request.scopes,
        code_challenge=request.code_challenge,
    )
    return _redirect(request, {"code": code.code})


def _redirect(request: _Request, fields: dict[str, str]) -> Answer:
    state = {"state": request.state} if request.state else {}
    separator = "&" if urlsplit(request.redirect_uri).query else "?"
    target = f"{request.redirect_uri}{separator}{urlencode(fields | state)}"
    return Answer(302, headers={"Location": target, "Cache-Control": "no-store"})


def _consent(call: Call, request: _Request, fields: dict[str, str]) -> str:
    hidden = "".join(f'<input type="hidden" name="{name}" value="{escape(fields.get(name, ""))}">' for name in _KEPT)
    scopes = "".join(f"<li><code>{escape(scope)}</code></li>" for scope in request.scopes)
    host = escape(urlsplit(request.redirect_uri).netloc)
    return (
        f"<p><strong>{escape(request.app.name)}</strong> wants to use the account "
        f"<strong>{escape(call.portal.name)}</strong> ({call.portal.hub_id}).</p>"
        f'<h2 id="scopes">It will be able to use</h2><ul aria-labelledby="scopes">{scopes}</ul>'
        f"<p>You will be sent back to <code>{host}</code>.</p>"
        f'<form method="post" action="/oauth/authorize">{hidden}'
        '<button class="approve" name="decision" value="approve">Connect app</button> '
        '<button name="decision" value="deny">Cancel</button></form>'
    )


def _page(status: int, title: str, content: str) -> Answer:
    template = read_data("page.html")
    text = template.replace("{title}", escape(title)).replace("{content}", content)
    return Answer(status, text, content_type=_HTML, headers=_GUARDS)


DOORS: Final = tuple(
    Door(method, path, handle, versions=UNVERSIONED)
    for path in ("/oauth/authorize", "/oauth/{hub}/authorize")
    for method, handle in (("GET", show), ("POST", decide))
)
