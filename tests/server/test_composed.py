"""Operations made of others, through the server: each part passes the checks of a call of its own."""

import pytest

from airbyte_agent_hubspot._http import AnswerTimeoutError
from server.test_reach import allowing
from server.world import World


async def test_plain_http_may_ask_what_was_granted(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    world.hubspot.seen.clear()
    answer = await world.execute(token, connector_id, "account", "granted_scopes")
    granted = world.portal.tokens.grants()[0]
    assert (answer.json["result"]["hub_id"], answer.json["result"]["scopes"]) == (
        world.portal.hub_id,
        sorted(granted.scopes),
    )
    assert (answer.json["execution_metadata"]["upstream_calls"], world.hubspot.seen) == (0, [])


async def test_the_upstream_calls_of_all_parts_add_up_and_what_is_known_is_not_asked_again(world: World) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    made = []
    for _ in range(2):
        answer = await world.execute(token, connector_id, "deals", "find", {"where": {"stage": "contract sent"}})
        assert answer.status == 200, answer.body
        made.append(answer.json["execution_metadata"]["upstream_calls"])
    first, second = made
    assert second == 1 < first


@pytest.mark.parametrize(
    ("allow", "params", "denied"),
    [
        (["deals.find"], {}, "properties.list"),
        (["deals.find", "properties.list"], {}, "deals.list"),
        (["deals.find", "deals.list", "properties.list", "account.details"], {}, "deals.api_search"),
        (["deals.*", "properties.list", "account.details"], {}, None),
        (["deals.*", "properties.list", "account.details"], {"where": {"owner": "x"}}, "owners.list"),
        (["deals.*", "properties.list", "account.details"], {"where": {"company": "x"}}, "companies.api_search"),
        (["deals.*", "properties.list", "account.details"], {"where": {"company": "602200300"}}, "companies.list"),
    ],
)
async def test_each_part_needs_the_right_that_it_needs_by_itself(
    world: World, allow: list[str], params: dict[str, object], denied: str | None
) -> None:
    connector_id = await world.create_connector(await world.scoped_token())
    token = await world.scoped_token(permissions={"allow": allowing(*allow)})
    answer = await world.execute(token, connector_id, "deals", "find", params)
    if denied is None:
        assert answer.status == 200, answer.body
        assert "hubspot_owner_id" not in answer.json["result"]["labels"]
        return
    assert (answer.status, answer.code) == (403, "permission_denied")
    assert denied in answer.json["message"]


async def test_what_others_remember_is_not_told_to_who_may_not_ask(world: World) -> None:
    owner = await world.scoped_token()
    connector_id = await world.create_connector(owner)
    assert (await world.execute(owner, connector_id, "deals", "find", {})).json["result"]["labels"]["hubspot_owner_id"]
    allow = allowing("deals.*", "properties.list", "account.details", "pipelines.list")
    token = await world.scoped_token(permissions={"allow": allow})
    labels = (await world.execute(token, connector_id, "deals", "find", {})).json["result"]["labels"]
    assert "hubspot_owner_id" not in labels


async def test_a_token_that_only_reads_moves_nothing(world: World) -> None:
    owner = await world.scoped_token()
    connector_id = await world.create_connector(owner)
    token = await world.scoped_token(permissions={"read_only": True})
    world.hubspot.seen.clear()
    params = {"record": "603200300", "stage": "Closed won"}
    answer = await world.execute(token, connector_id, "deals", "move_stage", params)
    assert (answer.status, answer.code, world.hubspot.seen) == (403, "token_not_allowed", [])


async def test_an_overview_names_what_a_limited_connector_does_not_show(world: World) -> None:
    owner = await world.scoped_token()
    names = ["contacts", "properties", "account", "owners"]
    rows = [{"entity": name, "modes": ["read"]} for name in names]
    connector_id = await world.create_connector(owner, entities=rows)
    contact = (await world.execute(owner, connector_id, "contacts", "list", {"limit": 1})).json["result"][0]
    answer = await world.execute(owner, connector_id, "contacts", "overview", {"record": contact["id"]})
    assert answer.status == 200, answer.body
    assert answer.json["result"]["record"]["id"] == contact["id"]
    assert answer.json["result"]["not_read"] == [
        *("companies", "deals", "tickets", "notes", "calls", "emails", "meetings", "tasks")
    ]


async def test_an_unknown_outcome_of_a_part_says_how_to_look_it_up(world: World) -> None:
    owner = await world.scoped_token()
    connector_id = await world.create_connector(owner)
    contact = (await world.execute(owner, connector_id, "contacts", "list", {"limit": 1})).json["result"][0]

    params = {"title": "Call back", "records": {"contact": contact["id"]}}
    world.hubspot.answers["/crm/objects/2026-03/tasks"] = AnswerTimeoutError("lost")
    answer = await world.execute_keyed(owner, connector_id, "k-1", "tasks", "create_task", params)
    assert (answer.status, answer.code) == (500, "upstream_outcome_unknown")
    verify = answer.json["errors"][0]["details"]["verify"]
    assert (verify["entity"], verify["action"]) == ("tasks", "api_search")
    again = await world.execute_keyed(owner, connector_id, "k-1", "tasks", "create_task", params)
    assert (again.status, again.code) == (500, "upstream_outcome_unknown")
