"""What holds for all routes: the first section of the contract, row by row; the others are in test_wire.py."""

from __future__ import annotations

import re

import pytest

from airbyte_agent_server.tokens.access import ACCESS
from server.world import CONNECTORS, World

CACHED = {"/.well-known/jwks.json", "/healthz", "/readyz", "/openapi.json"}
TOKENS = "/api/v1/account/applications"
ELSEWHERE = "5f0e3c1a-9b1d-4c55-8f6e-2a7d90c4e1b3"


async def test_every_answer_forbids_to_be_kept_and_guessed_at_and_carries_its_id(world: World) -> None:
    token = await world.application_token()
    for method, path in sorted(ACCESS):
        filled = re.sub(r"\{\w+(:path)?\}", ELSEWHERE, path)
        answer = await world.client.call(method, filled, token=token, headers={"x-request-id": "mine"})
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["x-request-id"] == "mine", path
        assert (answer.headers["cache-control"] == "no-store") == (path not in CACHED), path
        assert not 300 <= answer.status < 400, path
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("", (200, None)),
        ("OWN", (200, None)),
        (ELSEWHERE, (403, "organization_mismatch")),
        ("nonsense", (400, "invalid_request")),
    ],
)
async def test_the_organization_may_be_named_and_must_be_ones_own(
    world: World, named: str, expected: tuple[int, str | None]
) -> None:
    headers = {"x-organization-id": world.pair.organization_id.upper() if named == "OWN" else named}
    pair = {"client_id": world.pair.client_id, "client_secret": world.pair.client_secret.get_secret_value()}
    answers = [
        await world.client.get("/api/v1/workspaces", token=await world.application_token(), headers=headers),
        await world.client.post(f"{TOKENS}/token", pair, headers=headers),
    ]
    for answer in answers:
        assert (answer.status, answer.code if answer.status >= 400 else None) == expected


async def test_unknown_fields_are_ignored_at_the_top_and_refused_where_a_slip_would_cost(world: World) -> None:
    token = await world.application_token()
    scoped = f"{TOKENS}/scoped-token"
    assert (await world.client.post(scoped, {"workspace_name": "w", "region_id": 7}, token=token)).status == 200
    slips = [
        (scoped, {"workspace_name": "w", "permissions": {"readonly": True}}),
        (CONNECTORS, {"workspace_name": "w", "connector_type": "hubspot", "credentials": {"refresh_tokn": "x"}}),
    ]
    for path, body in slips:
        answer = await world.client.post(path, body, token=token)
        assert (answer.status, answer.code) == (422, "validation_error")
    configuration = {"client_id": "a", "client_secret": "b", "scope": []}
    body = {"connector_type": "hubspot", "configuration": configuration}
    answer = await world.client.call("PUT", "/api/v1/oauth/credentials", body, token=token)
    assert (answer.status, answer.code) == (422, "validation_error")


async def test_null_says_the_same_as_absence_and_an_empty_list_clears(world: World) -> None:
    token = await world.scoped_token()
    entities = [{"entity": "contacts", "modes": ["read"]}]
    connector_id = await world.create_connector(token, entities=entities, name="n")
    path = f"{CONNECTORS}/{connector_id}"
    kept = await world.client.call("PUT", path, {"entities": None, "name": None}, token=token)
    assert (kept.json["entities"], kept.json["name"]) == (entities, "n")
    cleared = await world.client.call("PUT", path, {"entities": []}, token=token)
    assert cleared.json["entities"] in (None, [])


async def test_ids_are_plain_lowercase_uuids_and_times_end_in_z(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    shown = (await world.client.get(f"{CONNECTORS}/{connector_id}", token=token)).json
    for name in ("id", "workspace_id"):
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", shown[name])
    for name in ("created_at", "updated_at", "validated_at"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", shown[name])
