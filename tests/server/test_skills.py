from uuid import uuid4

from airbyte_agent_hubspot._catalog import CATALOG
from server.world import World

SKILLS = "/api/v1/skills"


async def test_a_skill_stands_for_a_connector(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token, name="My CRM")
    listed = await world.client.get(SKILLS, token=token)
    assert (listed.status, listed.json["next_cursor"]) == (200, None)
    [skill] = listed.json["data"]
    assert skill == {
        "id": f"connector-source:{connector_id}",
        "kind": "connector_source",
        "title": "My CRM",
        "summary": f"HubSpot account {world.portal.hub_id} of user-123: {len(CATALOG.entities) - 1} entities.",
        "tags": ["hubspot"],
        "provenance": "catalog",
        "version": skill["version"],
        "freshness": "2026-11-23T10:00:00Z",
        "warnings": [],
    }
    document = (await world.client.get(f"{SKILLS}/docs?id={skill['id']}", token=token)).json
    assert document["metadata"] == skill
    assert document["section_id"] == "overview"
    assert document["content"][0] == {"type": "heading", "level": 1, "text": "My CRM"}
    assert [item["id"] for item in document["outline"]] == ["overview", *(set_of_entities())]
    assert all(item["available"] for item in document["outline"])


def set_of_entities() -> list[str]:
    return [entity for entity in CATALOG.entities if entity != "*"]


async def test_every_section_of_the_outline_names_every_action_and_parameter(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    for entity in ("contacts", "lists", "account"):
        path = f"{SKILLS}/docs?id=connector-source:{connector_id}&section={entity}"
        content = (await world.client.get(path, token=token)).json["content"]
        headings = [block["text"].partition("(")[0] for block in content if block["type"] == "heading"]
        assert headings == [entity, *CATALOG.find_entity(entity)]
        tables = [block for block in content if block["type"] == "table"]
        operations = [operation for operation in CATALOG.find_entity(entity).values() if operation.reader.wire_names]
        assert [[row[0] for row in table["rows"]] for table in tables] == [
            list(operation.reader.wire_names.values()) for operation in operations
        ]


async def test_what_an_account_did_not_grant_is_marked(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    core = world.server.core
    async with core.database.write() as connection:
        await connection.exec_driver_sql(
            "UPDATE connectors SET granted_scopes = '[\"crm.objects.contacts.read\"]', warnings = '[\"Deals: no.\"]'"
        )
    path = f"{SKILLS}/docs?id=connector-source:{connector_id}"
    document = (await world.client.get(path, token=token)).json
    available = {item["id"]: item["available"] for item in document["outline"]}
    assert (available["contacts"], available["deals"]) == (True, False)
    assert document["content"][-1] == {"type": "list", "items": ["Deals: no."]}
    deals = (await world.client.get(f"{path}&section=deals", token=token)).json["content"]
    assert any("did not grant" in block.get("text", "") for block in deals)


async def test_every_word_of_a_search_must_occur(world: World) -> None:
    token = await world.scoped_token()
    await world.create_connector(token, name="Sales CRM")

    async def found(query: str) -> list[str]:
        answer = await world.client.get(f"{SKILLS}/search?query={query}", token=token)
        return [skill["title"] for skill in answer.json["data"]]

    assert await found("sales+contacts") == ["Sales CRM"]
    assert await found("SALES+spreadsheet") == []
    empty = await world.client.get(f"{SKILLS}/search?query=", token=token)
    assert (empty.status, empty.code) == (422, "validation_error")


async def test_each_token_lists_what_it_may_use(world: World) -> None:
    first = await world.scoped_token("one")
    mine = await world.create_connector(first, name="Mine")
    await world.create_connector(first, name="Other")
    await world.create_connector(await world.scoped_token("two"), name="Theirs")
    application = await world.application_token()

    async def titles(token: str, query: str = "") -> list[str]:
        return [skill["title"] for skill in (await world.client.get(SKILLS + query, token=token)).json["data"]]

    assert await titles(application) == ["Mine", "Other", "Theirs"]
    assert await titles(application, "?external_user_id=two") == ["Theirs"]
    assert await titles(application, "?workspace_name=nobody") == []
    assert await titles(first) == ["Mine", "Other"]
    narrowed = await world.scoped_token("one", permissions={"connector_ids": [mine]})
    assert await titles(narrowed) == ["Mine"]


async def test_what_there_is_not_to_read_is_said_so(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    faults = {
        f"{SKILLS}/docs?id=connector-source:{uuid4()}": (404, "connector_not_found"),
        f"{SKILLS}/docs?id={connector_id}": (422, "validation_error"),
        f"{SKILLS}/docs?id=connector-source:{connector_id}&section=nope": (422, "validation_error"),
        f"{SKILLS}/docs": (422, "validation_error"),
    }
    for path, expected in faults.items():
        answer = await world.client.get(path, token=token)
        assert (answer.status, answer.code) == expected
