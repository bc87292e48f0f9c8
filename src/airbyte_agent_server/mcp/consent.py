"""The page on which a user lets an MCP client in."""

from base64 import b64encode
from functools import cache
from html import escape
from importlib.resources import files
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, Response

from airbyte_agent_server.mcp.authorization import Request
from airbyte_agent_server.mcp.programs import redirect_origin
from airbyte_agent_server.origins import DEFAULT_PORTS, LOOPBACK_HOSTS
from airbyte_agent_server.ports import IdSource
from airbyte_agent_server.tokens.claims import MCP_PATH, Scope

_NONCE_BYTES = 16


def render_consent(request: Request, *, ids: IdSource, refusal: str = "", status: int = 200) -> Response:
    """The page. `refusal` says why the form comes back."""
    nonce = b64encode(ids.random_bytes(_NONCE_BYTES)).decode()
    target = urlsplit(request.asked.redirect_uri)
    origin = redirect_origin(target)
    fields = "\n".join(
        f'<input type="hidden" name="{name}" value="{escape(getattr(request.asked, name))}">'
        for name in request.asked.__dataclass_fields__
    )
    page = _page().format(
        nonce=nonce,
        name=escape(request.program.name),
        where="a program on this computer" if target.hostname in LOOPBACK_HOSTS else escape(origin),
        what=_what(request),
        connector=escape(request.resource.rpartition(MCP_PATH)[2].strip("/")),
        refusal=escape(refusal),
        fields=fields,
    )
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {origin if target.scheme in DEFAULT_PORTS else f'{target.scheme}:'}"
    )
    headers = {"content-security-policy": policy, "referrer-policy": "no-referrer"}
    return HTMLResponse(page, status, headers=headers)


def _what(request: Request) -> str:
    only = " of one connector" if request.resource.rpartition(MCP_PATH)[2] else ""
    verb = "read and change" if Scope.EXECUTE_WRITE in request.scopes else "read"
    return f"{verb} the HubSpot records{only} of your workspace"


@cache
def _page() -> str:
    return (files("airbyte_agent_server.mcp") / "consent.html").read_text(encoding="utf-8")
