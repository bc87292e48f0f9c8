"""Every route with every kind of token, compared with the matrix of the contract, which is written out here again."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from airbyte_agent_server.tokens.access import ACCESS
from airbyte_agent_server.tokens.claims import DEFAULT_SCOPES, Claims, Scope, TokenKind
from airbyte_agent_server.tokens.signer import TokenSigner
from server.world import CONNECTORS, Answer, World

if TYPE_CHECKING:
    from collections.abc import Mapping

API = "/api/v1"
ORIGIN = "http://localhost:3000"  # from which MCP may be spoken, too
UNKNOWN = str(uuid4())
MATRIX: list[tuple[str, str, str, str | None]] = [
    # methods, path, kinds (A application, S scoped, W widget, M of an MCP client, - none needed), scope
    ("POST", f"{API}/account/applications/token", "-", None),
    ("POST", f"{API}/account/applications/(scoped|widget)-token", "A", "tokens:mint"),
    ("GET", f"{API}/account/applications/scoped-token/info", "SW", None),
    ("GET", f"{CONNECTORS}(/ID(/inspect)?)?", "ASW", "connectors:read"),
    ("POST", f"{CONNECTORS}(/check|/ID/check)?", "ASW", "connectors:write"),
    ("PUT PATCH DELETE", f"{CONNECTORS}/ID", "ASW", "connectors:write"),
    ("POST", f"{CONNECTORS}/oauth/initiate", "ASW", "oauth:initiate"),
    ("GET", f"{CONNECTORS}/oauth/callback", "-", None),
    ("POST", f"{CONNECTORS}/ID/execute", "AS", None),  # execute:read or execute:write, by the operation
    ("GET", f"{API}/integrations/(definitions|templates)/.*", "ASW", "meta:read"),
    ("GET", f"{API}/skills(/search|/docs)?", "AS", "meta:read"),
    ("PUT GET DELETE", f"{API}/oauth/credentials(/.*)?", "A", "org:admin"),
    ("GET PUT DELETE POST", f"{API}/workspaces(/.*)?", "A", "org:admin"),
    ("GET", f"{API}/organizations/ID/credentials", "A", "org:admin"),
    ("GET POST PATCH DELETE", f"{API}/organizations/ID/webhooks(/.*)?", "A", "org:admin"),
    ("GET", f"{API}/internal/account/organizations", "A", "org:admin"),
    ("GET POST PATCH", f"{API}/internal/mcp_oauth/.*", "A", "org:admin"),
    ("GET", f"{API}/tool-calls(/.*)?", "A", "audit:read"),
    ("GET", r"/healthz|/readyz|/metrics|/openapi\.json|/\.well-known/jwks\.json|/problems/ID", "-", None),
    ("GET", "/widget|/widget-bridge", "-", None),
    # the door for MCP clients, beyond the contract's matrix
    ("POST", f"{API}/account/applications/connect-code", "A", "tokens:mint"),
    ("POST", "/mcp(/ID)?", "ASM", None),  # execute:read or execute:write, by the tool that is called
    ("GET", r"/\.well-known/oauth-protected-resource(/mcp(/ID)?)?|/\.well-known/oauth-authorization-server", "-", None),
    ("GET POST", "/(register|authorize|token|revoke)", "-", None),
    # what is not built, beyond the contract's matrix
    ("POST PUT PATCH DELETE", f"{API}/integrations/templates/.*", "AS", None),
    ("GET POST PUT PATCH DELETE", f"{API}/internal/workflows(/.*)?", "AS", None),
    ("POST", f"{API}/(responses|messages)", "AS", None),
    ("GET POST PUT PATCH DELETE", f"{CONNECTORS}/ID/(execute/prepare|discover|streams.*|catalog/query)", "AS", None),
]
REFUSALS = {"missing_token", "invalid_token", "token_expired", "token_not_allowed", "origin_mismatch"}
KINDS = {"A": TokenKind.APPLICATION, "S": TokenKind.SCOPED, "W": TokenKind.WIDGET, "M": TokenKind.MCP}
ROUTES = sorted(ACCESS)


def row_of(method: str, path: str) -> tuple[str, str | None]:
    """Kinds and scope by the matrix."""
    named = re.sub(r"\{\w+(:path)?\}", "ID", path)
    found = [row for row in MATRIX if method in row[0].split() and re.fullmatch(row[1], named)]
    assert found, f"{method} {path} is not in the matrix: add the contract's row."
    return found[0][2], found[0][3]


def refusal(answer: Answer) -> str | None:
    """The code, if the token was not admitted; what is wrong besides does not matter here."""
    if answer.headers.get("content-type") != "application/problem+json":
        return None
    return answer.code if answer.code in REFUSALS else None


class Walker:
    """Asks one route with tokens of all kinds. Ids are unknown ones, so that nothing happens."""

    def __init__(self, world: World, claims: Mapping[TokenKind, Claims]) -> None:
        self._world = world
        self._claims = claims
        core = world.server.core
        self._signer = TokenSigner(
            core.keys, world.settings.effective_public_url, world.settings.token_audience, core.clock
        )

    def token(self, kind: TokenKind, scopes: frozenset[Scope] | None = None) -> str:
        claims = self._claims[kind]
        changed = claims if scopes is None else replace(claims, scopes=scopes)
        return self._signer.sign(changed, issued_at=self._world.clock.now())

    async def ask(self, route: tuple[str, str], token: str | None, *, origin: str = ORIGIN) -> str | None:
        method, path = route
        filled = re.sub(r"\{\w+(:path)?\}", UNKNOWN, path)
        body: dict[str, object] | None = {} if method in {"POST", "PUT", "PATCH"} else None
        if path.endswith("/execute"):
            body = {"entity": "contacts", "action": "list"}
        answer = await self._world.client.call(method, filled, body, token=token, headers={"origin": origin})
        return refusal(answer)


async def walker(world: World) -> Walker:
    core = world.server.core
    workspace = await core.accounts.ensure_workspace(world.pair.organization_id, "user-123")
    claims = {}
    for kind in TokenKind:
        own = None if kind == TokenKind.APPLICATION else workspace.id
        expires_at = world.clock.now().replace(year=2027)
        origin = ORIGIN if kind == TokenKind.WIDGET else None
        claims[kind] = Claims(
            kind,
            world.pair.organization_id,
            world.pair.client_id,
            own,
            DEFAULT_SCOPES[kind],
            None,
            str(uuid4()),
            expires_at,
            origin,
            f"{world.settings.effective_public_url}/mcp" if kind == TokenKind.MCP else None,
        )
    return Walker(world, claims)


async def test_each_route_admits_the_kinds_of_tokens_that_the_matrix_has(world: World) -> None:
    walk = await walker(world)
    tokens = {letter: walk.token(kind) for letter, kind in KINDS.items()}
    differing = []
    for route in ROUTES:
        kinds, _scope = row_of(*route)
        expected = {letter: None if letter in kinds or kinds == "-" else "token_not_allowed" for letter in KINDS}
        found = {letter: await walk.ask(route, token) for letter, token in tokens.items()}
        if found != expected:
            differing.append((route, expected, found))
    assert differing == []


async def test_each_route_wants_the_scope_that_the_matrix_has_and_no_other(world: World) -> None:
    walk = await walker(world)
    everything = frozenset(Scope)
    differing = []
    for route in ROUTES:
        kinds, name = row_of(*route)
        if name is None:
            continue
        scope = Scope(name)
        kind = KINDS[kinds[0]]
        found = (
            await walk.ask(route, walk.token(kind, everything - {scope})),
            await walk.ask(route, walk.token(kind, frozenset({scope}))),
        )
        if found != ("token_not_allowed", None):
            differing.append((route, found))
    assert differing == []


async def test_a_token_that_is_missing_broken_expired_or_used_elsewhere_opens_nothing(world: World) -> None:
    walk = await walker(world)
    expired = await world.scoped_token()
    world.clock.advance(1200 + 30)
    widget = walk.token(TokenKind.WIDGET)
    differing = []
    for route in ROUTES:
        kinds, _scope = row_of(*route)
        if route == ("POST", f"{API}/account/applications/token") or kinds == "-":
            found = [await walk.ask(route, token) for token in (None, "x.y.z", expired)]
            expected: list[str | None] = [None, None, None]
        else:
            found = [await walk.ask(route, token) for token in (None, "x.y.z", expired)]
            expected = ["missing_token", "invalid_token", "token_expired"]
            found.append(await walk.ask(route, widget, origin="https://elsewhere.example"))
            expected.append("origin_mismatch" if "W" in kinds else "token_not_allowed")
        if found != expected:
            differing.append((route, found))
    assert differing == []


async def test_narrowed_permissions_close_management_and_nothing_else(world: World) -> None:
    walk = await walker(world)
    narrowed = await world.scoped_token(permissions={"read_only": True})
    kept = await world.scoped_token(permissions={"manage": True})
    managing = {"connectors:write", "oauth:initiate"}
    for route in ROUTES:
        kinds, scope = row_of(*route)
        admitted = "S" in kinds or kinds == "-"
        expected = None if admitted and scope not in managing else "token_not_allowed"
        assert await walk.ask(route, narrowed) == expected, route
        assert await walk.ask(route, kept) == (None if admitted else "token_not_allowed"), route


async def test_execute_wants_the_scope_of_its_operation(world: World) -> None:
    walk = await walker(world)
    connector_id = await world.create_connector(await world.scoped_token())
    calls = {
        Scope.EXECUTE_READ: ("list", {}),
        Scope.EXECUTE_WRITE: ("create", {"properties": {"email": "a@b.example"}}),
    }
    for wanted, (action, params) in calls.items():
        for kind in (TokenKind.APPLICATION, TokenKind.SCOPED):
            without = walk.token(kind, frozenset(Scope) - {wanted})
            refused = await world.execute(without, connector_id, "contacts", action, params)
            assert (refused.status, refused.code) == (403, "token_not_allowed")
        alone = walk.token(TokenKind.SCOPED, frozenset({wanted}))
        assert (await world.execute(alone, connector_id, "contacts", action, params)).status == 200
