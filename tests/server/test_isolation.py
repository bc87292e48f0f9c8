"""What belongs to one tenant is to every other like what does not exist: asked of every route that takes an id."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airbyte_agent_server.connectors.registry import HUBSPOT
from airbyte_agent_server.tokens.access import ACCESS
from server.mcp_client import let_in
from server.world import CONNECTORS, Answer, World, documented, other_organization

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from server.documented import Operation

PUBLIC = {
    "definition_id",
    "template_id",
    "source_template_id",
    "connector_type",
    "code",
    "rest",
    "source_definition_id",
    "state",
    "client_id",
}
"""Names of what belongs to nobody, or is given by the caller."""
SECRET = {"server_side_oauth_secret_id"}
"""Secrets, whose tests are those of the OAuth flow."""
IDS = {
    "webhook_id",
    "delivery_id",
    "connector_id",
    "workspace_id",
    "organization_id",
    "call_id",
    "session_id",
    "source_id",
    "mcp_client_id",
    "id",
}
FILTERS = {"client_id", "request_id"}
CALL: dict[str, object] = {"entity": "contacts", "action": "list"}
WEBHOOKS = "/api/v1/organizations/{organization_id}/webhooks"
BODIES: Mapping[tuple[str, str], dict[str, object]] = {
    ("POST", f"{CONNECTORS}/{{connector_id}}/execute"): CALL,
    ("POST", CONNECTORS): {"connector_type": "hubspot", "credentials": {"refresh_token": "unused"}},
    ("POST", f"{CONNECTORS}/check"): {"connector_type": "hubspot", "credentials": {"refresh_token": "unused"}},
    ("POST", f"{CONNECTORS}/oauth/initiate"): {"connector_type": "hubspot", "redirect_url": "http://127.0.0.1:1/"},
    ("POST", "/api/v1/account/applications/widget-token"): {"allowed_origin": "https://yourapp.com"},
    ("POST", "/api/v1/internal/mcp_oauth/sessions"): {"source_definition_id": HUBSPOT.definition_id},
    ("POST", WEBHOOKS): {"url": "https://hooks.example.com/"},
    ("PUT", "/api/v1/workspaces/{workspace_id}"): {"cache_enabled": True},
}
NOTHING: list[object] = [{"data": []}, {"data": [], "next_cursor": None}, {"end": True, "count": 0}]
"""Answers of success that show nothing."""
EXEMPT = {
    f"POST {CONNECTORS}/check body.workspace_id",
    "GET /.well-known/oauth-protected-resource/mcp/{connector_id} path.connector_id",
}
"""They look into no workspace: one tries what the caller sends, the other says the same of every id."""


@dataclass(frozen=True)
class Probe:
    """One place of one route where an id can stand."""

    operation: Operation
    place: str
    name: str

    def __str__(self) -> str:
        return f"{self.operation.method} {self.operation.path} {self.place}.{self.name}"

    def request(self, value: str, own: Mapping[str, str]) -> tuple[str, dict[str, object] | None]:
        """Path with query, and body, with `value` in that place; other ids are the caller's own."""
        method, template = self.operation.method, self.operation.path
        body = dict(BODIES.get((method, template), {})) if method in {"POST", "PUT", "PATCH"} else None
        filled = {**own, self.name: value} if self.place == "path" else own
        path = re.sub(r"\{(\w+)\}", lambda found: filled.get(found[1], "7"), template)
        if method == "PATCH" and "mcp_oauth" in template:
            body = {"source_id": own["connector_id"]}
        if self.place == "body":
            body = {**(body or {}), self.name: value}
        if self.place == "query":
            path += f"?{self.name}={f'connector-source:{value}' if self.name == 'id' else value}"
        return path, body


def probes() -> Iterator[Probe]:
    """Every place of every route, from the document of the server itself."""
    for operation in documented().operations:
        for parameter in operation.described.get("parameters", []):
            if parameter["in"] in {"path", "query"} and is_id(parameter["name"]):
                yield Probe(operation, parameter["in"], parameter["name"])
        content = operation.described.get("requestBody", {}).get("content", {})
        for name in body_fields(content.get("application/json", {}).get("schema", {}), operation.components):
            if is_id(name):
                yield Probe(operation, "body", name)


def body_fields(schema: Mapping[str, Any], components: Mapping[str, Any]) -> set[str]:
    if "$ref" in schema:
        schema = components["schemas"][schema["$ref"].rpartition("/")[2]]
    return set(schema.get("properties", {}))


def is_id(name: str) -> bool:
    return (name == "id" or name.endswith("_id")) and name not in PUBLIC | SECRET | FILTERS


PROBES = list(probes())


def test_every_name_of_an_id_is_known() -> None:
    """A new name of an id belongs into one of the sets above."""
    assert {probe.name for probe in PROBES} <= IDS
    paths = {name for _, path in ACCESS for name in re.findall(r"\{(\w+)", path)}
    assert paths <= IDS | PUBLIC


@dataclass
class Stage:
    """A victim with everything that has an id, and those who must not see it."""

    world: World
    owned: dict[str, str]
    own_of: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    async def ask(self, who: str, probe: Probe, value: str) -> Answer:
        path, body = probe.request(value, self.own_of[who])
        headers = {"origin": "https://yourapp.com"} if "widget" in who else None
        return await self.world.client.call(probe.operation.method, path, body, token=self.tokens[who], headers=headers)


async def stage(world: World) -> Stage:
    connector_id = await world.create_connector(await world.scoped_token("victim"))
    accounts = world.server.core.accounts
    victim = await accounts.ensure_workspace(world.pair.organization_id, "victim")
    owned = {
        "connector_id": connector_id,
        "id": connector_id,
        "workspace_id": victim.id,
        "organization_id": world.pair.organization_id,
        "source_id": connector_id,
    }
    owner = await world.application_token()
    await world.execute(owner, connector_id, "contacts", "list")
    owned["call_id"] = (await world.client.get("/api/v1/tool-calls", token=owner)).json["data"][0]["id"]
    session = {"source_definition_id": HUBSPOT.definition_id, "workspace_id": victim.id}
    started = await world.client.post("/api/v1/internal/mcp_oauth/sessions", session, token=owner)
    owned["session_id"] = started.json["session_id"]
    webhooks = WEBHOOKS.format(**owned)
    owned["webhook_id"] = (await world.client.post(webhooks, BODIES["POST", WEBHOOKS], token=owner)).json["id"]
    _, tokens = await let_in(world, workspace_name="victim")
    owned["mcp_client_id"] = tokens["refresh_token"].partition(".")[0]
    other = await other_organization(world)
    built = Stage(world, owned)
    foreign = await world.application_token(other)
    path = "/api/v1/account/applications/scoped-token"
    scoped = (await world.client.post(path, {"workspace_name": "victim"}, token=foreign)).json
    built.tokens = {
        "another workspace": await world.scoped_token("attacker"),
        "another workspace's widget": await world.widget_token("attacker"),
        "another organization": foreign,
        "another organization's workspace": scoped["token"],
    }
    neighbour = await accounts.ensure_workspace(world.pair.organization_id, "attacker")
    for who in built.tokens:
        organization = other.organization_id if "organization" in who else world.pair.organization_id
        workspace = scoped["workspace_id"] if "organization" in who else neighbour.id
        built.own_of[who] = {"organization_id": organization, "workspace_id": workspace, "connector_id": str(uuid4())}
    built.tokens["owner"] = await world.application_token()
    built.own_of["owner"] = owned
    return built


def told(answer: Answer, value: str) -> tuple[int, object]:
    """All that an answer tells, but for the id asked for and that of the request."""
    text = answer.body.decode().replace(value, "<id>")
    body = json.loads(text) if text else None
    if isinstance(body, dict):
        for name in ("request_id", "instance"):
            body.pop(name, None)
    return answer.status, body


async def test_what_others_own_is_like_what_does_not_exist(world: World) -> None:
    staged = await stage(world)
    telling: list[tuple[object, ...]] = []
    for probe in PROBES:
        owned = staged.owned.get(probe.name)
        if owned is None or str(probe) in EXEMPT:
            continue
        unknown = str(uuid4())
        for who in staged.tokens:
            if who == "owner":
                continue
            of_victim = told(await staged.ask(who, probe, owned), owned)
            of_nobody = told(await staged.ask(who, probe, unknown), unknown)
            names_own_tenant = probe.name == "organization_id" and who == "another workspace"
            if of_victim != of_nobody and not names_own_tenant:
                telling.append((str(probe), who, of_victim, of_nobody))
            if of_victim[0] < 400 and of_victim[1] not in NOTHING:
                telling.append((str(probe), who, of_victim))
    assert telling == []
    async with world.server.core.database.read() as connection:
        left = await connection.exec_driver_sql("SELECT count(*) FROM credentials")
        assert left.scalar_one() == 1


async def test_the_owner_gets_what_the_others_do_not(world: World) -> None:
    """Else the test above might compare errors about something else."""
    staged = await stage(world)
    refused = []
    asked: list[Operation] = []
    for probe in sorted(PROBES, key=lambda probe: (probe.operation.method == "DELETE", "workspaces" in str(probe))):
        owned = staged.owned.get(probe.name)
        if probe.place != "path" or owned is None or "delivery_id" in probe.operation.path:
            continue
        if probe.operation in asked:
            continue
        asked.append(probe.operation)
        answer = await staged.ask("owner", probe, owned)
        if answer.status >= 400 and answer.status != 501:
            refused.append((str(probe), answer.status, answer.code))
    assert refused == []
