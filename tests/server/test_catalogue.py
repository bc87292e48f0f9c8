import pytest
from jsonschema import Draft202012Validator

from airbyte_agent_server.unbuilt import UNBUILT
from server.world import World

DEFINITION_ID = "36c891d9-4bd9-43ac-bad2-10e12756272c"
TEMPLATE_ID = "7aff03a7-5185-5afd-baae-df10c4af272d"
INTEGRATIONS = "/api/v1/integrations"
DEFINITION = {
    "sourceDefinitionId": DEFINITION_ID,
    "name": "HubSpot",
    "dockerRepository": None,
    "iconUrl": None,
    "custom": False,
    "supportLevel": "community",
}
SUMMARY: dict[str, object] = {
    "id": TEMPLATE_ID,
    "name": "HubSpot",
    "icon": None,
    "connector_name": "hubspot",
    "organization_id": None,
    "actor_definition_id": DEFINITION_ID,
    "tags": [],
    "customization": None,
    "mode": "DIRECT",
}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/definitions/sources", {"definitions": [DEFINITION]}),
        ("/definitions/sources?name=ubSP", {"definitions": [DEFINITION]}),
        ("/definitions/sources?name=salesforce", {"definitions": []}),
        ("/definitions/destinations", {"destinations": []}),
        ("/templates/sources?tags=crm&tags=x&tags_mode=any&use_global=true", {"data": [SUMMARY]}),
        ("/templates/sources/global", {"data": [SUMMARY]}),
        ("/templates/connections", {"data": []}),
    ],
)
async def test_what_can_be_connected_is_listed(world: World, path: str, body: object) -> None:
    for token in (await world.application_token(), await world.scoped_token()):
        answer = await world.client.get(INTEGRATIONS + path, token=token)
        assert (answer.status, answer.json) == (200, body)


async def test_a_definition_comes_with_a_schema_that_fits_real_credentials_and_hides_them(world: World) -> None:
    path = f"{INTEGRATIONS}/definitions/sources/{DEFINITION_ID.upper()}"
    found = (await world.client.get(path, token=await world.scoped_token())).json
    specification = found["definition"].pop("spec")
    assert found == {
        "id": DEFINITION_ID,
        "definition": DEFINITION,
        "example_questions": {"direct": [], "search": []},
    }
    schema = specification["connectionSpecification"]
    validator = Draft202012Validator(schema)
    assert validator.is_valid({"refresh_token": "r", "client_id": "a", "client_secret": "b"})
    assert validator.is_valid({"private_app_token": "p"})
    assert not validator.is_valid({"refresh_tokn": "r"})
    assert sorted(schema["properties"]) == [
        "access_token",
        "client_id",
        "client_secret",
        "private_app_token",
        "refresh_token",
    ]
    assert "writeOnly" in str(schema["properties"]["refresh_token"])
    assert specification["advanced_auth"]["auth_flow_type"] == "oauth2.0"


async def test_a_template_is_shown_as_connectors_show_theirs(world: World) -> None:
    token = await world.scoped_token()
    connector = await world.create_connector(token)
    shown = (await world.client.get(f"{INTEGRATIONS}/connectors/{connector}", token=token)).json["source_template"]
    template = (await world.client.get(f"{INTEGRATIONS}/templates/sources/{TEMPLATE_ID}", token=token)).json
    assert template == {**shown, "auth_tooltip": None}


async def test_an_unknown_definition_or_template_is_not_found(world: World) -> None:
    token = await world.application_token()
    definition = await world.client.get(f"{INTEGRATIONS}/definitions/sources/{TEMPLATE_ID}", token=token)
    template = await world.client.get(f"{INTEGRATIONS}/templates/sources/{DEFINITION_ID}", token=token)
    assert (definition.status, definition.code) == (404, "definition_not_found")
    assert (template.status, template.code) == (404, "template_not_found")


async def test_what_is_not_built_says_why_and_what_to_use(world: World) -> None:
    token = await world.application_token()
    for route in UNBUILT:
        path = route.path.replace("{rest:path}", "a/b").replace("{connector_id}", "7").replace("{template_id}", "7")
        for method in route.methods:
            answer = await world.client.call(method, path, token=token)
            assert (answer.status, answer.code, answer.json["message"]) == (501, "not_implemented", route.reason)
    refused = await world.client.post("/api/v1/responses")
    assert (refused.status, refused.code) == (401, "missing_token")
