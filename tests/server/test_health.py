import re

import pytest
from sqlalchemy import text

from airbyte_agent_hubspot._http import AsgiTransport
from airbyte_agent_hubspot._wire import HttpRequest
from airbyte_agent_server.app import build_server, create_app
from airbyte_agent_server.settings import Settings
from airbyte_agent_server.tokens import access
from airbyte_agent_server.tokens.access import ACCESS, OPEN
from server.world import Client, CountingIds, TestClock, World


async def test_a_started_server_is_healthy_and_ready(world: World) -> None:
    answer = await world.client.get("/healthz")
    assert (answer.status, answer.json) == (200, {"status": "ok"})
    answer = await world.client.get("/readyz")
    assert answer.json == {
        "status": "ok",
        "checks": {"database": "ok", "migrations": "ok", "signing_key": "ok", "vault_key": "ok"},
    }
    assert answer.headers["cache-control"] == "no-cache"


async def test_a_server_that_was_not_started_is_healthy_but_not_ready(
    settings: Settings, clock: TestClock, ids: CountingIds
) -> None:
    server = build_server(settings, clock=clock, ids=ids)
    client = Client(server.app)
    assert (await client.get("/healthz")).status == 200
    answer = await client.get("/readyz")
    assert (answer.status, answer.json["checks"]) == (
        503,
        {"database": "ok", "migrations": "failed", "signing_key": "failed", "vault_key": "failed"},
    )
    await server.stop()


async def test_a_server_without_its_database_is_not_ready(
    settings: Settings, clock: TestClock, ids: CountingIds
) -> None:
    away = settings.model_copy(update={"database_url": "postgresql://nobody@127.0.0.1:9/none"})
    server = build_server(away, clock=clock, ids=ids)
    answer = await Client(server.app).get("/readyz")
    assert (answer.status, answer.json["checks"]["database"]) == (503, "failed")
    await server.stop()


async def test_migrations_of_another_version_make_it_unready(world: World) -> None:
    async with world.server.core.database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    answer = await world.client.get("/readyz")
    assert (answer.status, answer.json["checks"]["migrations"]) == (503, "failed")


async def test_the_lifespan_starts_and_stops_the_server(settings: Settings) -> None:
    async with AsgiTransport(create_app(settings)) as transport:
        answer = await transport.send(HttpRequest("GET", "http://127.0.0.1/readyz"))
        assert answer.status == 200


async def test_the_default_database_lies_in_the_data_directory(settings: Settings) -> None:
    server = build_server(settings.model_copy(update={"database_url": None}))
    await server.start()
    await server.stop()
    assert (settings.data_dir / "server.db").exists()


async def test_openapi_documents_canonical_routes_with_their_tokens_and_the_catalog(world: World) -> None:
    answer = await world.client.get("/openapi.json")
    document = answer.json
    assert document["openapi"] == "3.1.0"
    assert answer.headers["cache-control"] == "no-cache"
    documented = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    access_of = {(method, path.replace(":path}", "}")): row for (method, path), row in ACCESS.items()}
    unlisted = {("GET", path) for path in ("/openapi.json", "/widget", "/widget-bridge", "/authorize")}
    unlisted |= {("POST", path) for path in ("/authorize", "/mcp", "/mcp/{connector_id}")}  # itself, pages, MCP
    assert documented == access_of.keys() - unlisted
    for method, path in documented:
        operation = document["paths"][path][method.lower()]
        assert ("security" in operation) == (access_of[method, path] != OPEN)
        assert ("401" in operation["responses"]) == ("security" in operation or path.endswith(("/token", "/metrics")))
        named = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))
    calls = document["paths"]["/api/v1/integrations/connectors/{connector_id}/execute"]["post"]["requestBody"]
    titles = [call["title"] for call in calls["content"]["application/json"]["schema"]["anyOf"]]
    assert "contacts.list" in titles
    assert {
        "method": "POST",
        "alias": "/api/v1/applications/token",
        "canonical": "/api/v1/account/applications/token",
        "list_member": None,
    } in (document["x-aliases"]["paths"])
    assert (await world.client.get("/openapi.json")).body == answer.body


async def test_a_route_without_a_row_of_access_keeps_the_server_from_starting(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = {key: value for key, value in ACCESS.items() if key[1] != "/healthz"}
    monkeypatch.setattr("airbyte_agent_server.app.ACCESS", changed)
    with pytest.raises(ValueError, match="healthz"):
        build_server(settings)
    assert access.ACCESS is ACCESS
