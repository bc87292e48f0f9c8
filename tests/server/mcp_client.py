"""What an MCP client does at the OAuth door, step by step, so that tests can do a step wrong."""

import hashlib
import re
from base64 import urlsafe_b64encode
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from server.world import PUBLIC_URL, Answer, World

CODES = "/api/v1/account/applications/connect-code"
CALLBACK = "http://127.0.0.1:8976/callback"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-00"
RESOURCE = f"{PUBLIC_URL}/mcp"
_FORM = {"content-type": "application/x-www-form-urlencoded"}


def challenge_of(verifier: str) -> str:
    """PKCE's S256."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class McpClient:
    """One MCP client at one server."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.client_id = ""

    async def register(self, **fields: object) -> Answer:
        """Register, and remember the id."""
        body = {"client_name": "Agent", "redirect_uris": [CALLBACK], **fields}
        answer = await self.world.client.post("/register", body)
        if answer.status == 201:
            self.client_id = answer.json["client_id"]
        return answer

    def asked(self, **changed: str) -> dict[str, str]:
        """What the browser is sent with."""
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
            "state": "opaque",
            "resource": RESOURCE,
            **changed,
        }
        return {name: value for name, value in asked.items() if value}

    async def ask(self, **changed: str) -> Answer:
        """The page that the user sees, or what the client gets instead."""
        return await self.world.client.get(f"/authorize?{urlencode(self.asked(**changed))}")

    async def answer(self, connect_code: str, *, decision: str = "allow", **changed: str) -> Answer:
        """What comes of the user's answer: the page's form, as a browser sends it."""
        page = await self.ask(**changed)
        assert page.status == 200, page.body
        found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.body.decode())
        form = {name: unescape(value) for name, value in found}
        return await self.post("/authorize", {**form, "connect_code": connect_code, "decision": decision})

    async def code(self, connect_code: str, **changed: str) -> str:
        """An authorization code."""
        return answer_of(await self.answer(connect_code, **changed))["code"]

    async def redeem(self, code: str, **changed: str) -> Answer:
        """Tokens for a code."""
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            "resource": RESOURCE,
        }
        return await self.post("/token", {**body, **changed})

    async def refresh(self, refresh_token: str, **changed: str) -> Answer:
        """Tokens for a refresh token."""
        body = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": self.client_id}
        return await self.post("/token", {**body, **changed})

    async def post(self, path: str, form: dict[str, str]) -> Answer:
        """A form, as RFC 6749 wants it."""
        return await self.world.client.call("POST", path, body=urlencode(form).encode(), headers=_FORM)


async def connect_code(world: World, **fields: object) -> str:
    """A connect code for the workspace `user-123`."""
    body = {"workspace_name": "user-123", **fields}
    answer = await world.client.post(CODES, body, token=await world.application_token())
    assert answer.status == 200, answer.body
    code: str = answer.json["connect_code"]
    return code


async def let_in(world: World, **fields: Any) -> tuple[McpClient, dict[str, Any]]:
    """A client that was let in, and its tokens. `permissions` and `workspace_name` are those of the connect code."""
    invited = {name: fields.pop(name) for name in ("permissions", "workspace_name") if name in fields}
    client = McpClient(world)
    await client.register()
    resource = fields.get("resource", RESOURCE)
    code = await client.code(await connect_code(world, **invited), **fields)
    answer = await client.redeem(code, resource=resource)
    assert answer.status == 200, answer.body
    return client, answer.json


def answer_of(answer: Answer) -> dict[str, str]:
    """What the browser carries back to the client."""
    assert answer.status == 303, answer.body
    location = urlsplit(answer.headers["location"])
    assert answer.headers["location"].startswith(CALLBACK)
    return dict(parse_qsl(location.query))
