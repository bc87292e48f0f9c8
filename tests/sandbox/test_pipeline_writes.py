"""Creating, changing and deleting pipelines and stages."""

from typing import Any

import pytest
from starlette.applications import Starlette

from hubspot_sandbox import Portal
from sandbox.asgi import Client, created, results

DEALS = "/crm/v3/pipelines/deals"
NEW = {
    "label": "Partners",
    "displayOrder": 2,
    "pipelineId": "Partner Sales",
    "stages": [
        {"label": "Open", "displayOrder": 0, "metadata": {"probability": 0.50, "colour": "red"}, "stageId": "p-open"},
        {"label": "Won", "displayOrder": 1, "metadata": {"probability": "1"}, "stageId": "p-won"},
    ],
}


def shape(pipeline: Any) -> list[tuple[str, str, dict[str, str]]]:
    return [(stage["id"], stage["label"], stage["metadata"]) for stage in pipeline["stages"]]


async def test_a_write_echoes_the_request_and_a_read_shows_what_is_stored(client: Client) -> None:
    made = await client.send("POST", DEALS, body=NEW)
    read = await client.send("GET", f"{DEALS}/Partner%20Sales".replace("%20", " "))

    assert made.status == 201
    assert list(made.json()) == ["label", "displayOrder", "id", "stages", "createdAt", "updatedAt", "archived"]
    assert shape(made.json())[0][2] == {"isClosed": "false", "probability": "0.5", "colour": "red"}
    assert shape(made.json())[1][2] == {"isClosed": "true", "probability": "1"}
    assert shape(read.json()) == [
        ("p-open", "Open", {"isClosed": "false", "probability": "0.5"}),
        ("p-won", "Won", {"isClosed": "true", "probability": "1.0"}),
    ]


async def test_deals_move_through_a_new_pipeline(client: Client) -> None:
    await client.send("POST", DEALS, body=NEW)

    deal = await created(client, "deals", {"dealname": "Big", "dealstage": "p-won"})

    read = await client.send("GET", f"/crm/v3/objects/deals/{deal}?properties=pipeline,hs_is_closed_won")
    assert read.json()["properties"]["pipeline"] == "Partner Sales"
    assert read.json()["properties"]["hs_is_closed_won"] == "true"


def changed(**fields: object) -> dict[str, object]:
    return {**NEW, **fields}


def with_stage(**fields: object) -> dict[str, object]:
    return {**NEW, "stages": [{**NEW["stages"][0], **fields}, NEW["stages"][1]]}  # type: ignore[index] # a literal


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (changed(stages=[]), 400),
        (changed(label="sales PIPELINE"), 400),
        (changed(pipelineId="default"), 400),
        (changed(pipelineId="x" * 37), 500),
        (with_stage(stageId="x" * 101), 500),
        (with_stage(label=" won "), 400),
        (with_stage(metadata={}), 400),
        (with_stage(metadata={"probability": 1.5}), 400),
        (with_stage(metadata={"probability": "high"}), 400),
        (with_stage(stageId="closedwon"), 409),
        (with_stage(stageId="p-won"), 409),
        (changed(label=None), 400),
        (
            changed(
                stages=[{"label": f"S{n}", "displayOrder": n, "metadata": {"probability": "0"}} for n in range(101)]
            ),
            400,
        ),
    ],
)
async def test_a_pipeline_that_does_not_fit_is_refused(client: Client, body: dict[str, object], status: int) -> None:
    before = await client.send("GET", DEALS)

    reply = await client.send("POST", DEALS, body=body)
    after = await client.send("GET", DEALS)

    assert reply.status == status
    assert before.json() == after.json()


async def test_ids_are_made_where_none_are_sent(client: Client) -> None:
    stages = [{"label": "Open", "displayOrder": 0, "metadata": {"probability": "0.1"}}]

    reply = await client.send("POST", DEALS, body={"label": "Bare", "displayOrder": 5, "stages": stages})

    body: Any = reply.json()
    assert body["id"].isdecimal()
    assert body["stages"][0]["id"].isdecimal()


async def test_a_patch_changes_a_pipeline_and_a_put_replaces_its_stages(client: Client) -> None:
    await client.send("POST", DEALS, body=NEW)
    url = f"{DEALS}/Partner Sales"

    label = await client.send("PATCH", url, body={"label": "Allies"})
    order = await client.send("PATCH", url, body={"displayOrder": 9})
    taken = await client.send("PATCH", url, body={"label": "Renewals"})
    put = await client.send(
        "PUT",
        url,
        body={
            "label": "Allies",
            "displayOrder": 1,
            "stages": [
                {"id": "p-won", "label": "Signed", "displayOrder": 0, "metadata": {}},
                {"label": "Lost", "displayOrder": 1, "metadata": {"probability": "0.0"}},
            ],
        },
    )

    assert (label.json()["label"], label.json()["displayOrder"]) == ("Allies", 2)
    assert (order.json()["label"], order.json()["displayOrder"]) == ("Allies", 9)
    assert taken.status == 400
    assert [row[1] for row in shape(put.json())] == ["Signed", "Lost"]
    assert shape(put.json())[0][2]["probability"] == "1.0"


async def test_a_pipeline_in_use_stays_on_2026_09_and_where_asked(client: Client) -> None:
    await client.send("POST", DEALS, body=NEW)
    deal = await created(client, "deals", {"dealname": "Big", "dealstage": "p-open"})
    newest = DEALS.replace("/v3/pipelines", "/pipelines/2026-09")

    kept = await client.send("DELETE", f"{newest}/Partner Sales")
    asked = await client.send("DELETE", f"{DEALS}/Partner Sales?validateReferencesBeforeDelete=true")
    stage = await client.send("DELETE", f"{newest}/Partner Sales/stages/p-open")
    dropped = await client.send("PUT", f"{newest}/Partner Sales", body={**NEW, "stages": NEW["stages"][1:]})  # type: ignore[index] # a literal
    gone = await client.send("DELETE", f"{DEALS}/Partner Sales")
    again = await client.send("DELETE", f"{DEALS}/Partner Sales")

    assert [reply.status for reply in (kept, asked, stage, dropped)] == [400, 400, 400, 400]
    assert kept.json()["message"] == f"Stage IDs: [p-open] are being referenced by object IDs: [{deal}]"
    assert (kept.json()["subCategory"], kept.json()["context"]) == (
        "PipelineError.STAGE_ID_IN_USE",
        {"stageIds": ["[p-open]"], "objectIds": [f"[{deal}]"]},
    )
    assert (gone.status, again.status, again.json()["category"]) == (204, 404, "OBJECT_NOT_FOUND")


async def test_stages_are_added_moved_and_deleted(client: Client) -> None:
    await client.send("POST", DEALS, body=NEW)
    url = f"{DEALS}/Partner Sales/stages"
    between = {"label": "Talks", "displayOrder": 0, "metadata": {"probability": "0.7"}, "stageId": "p-talks"}

    made = await client.send("POST", url, body=between)
    order = [row["id"] for row in results(await client.send("GET", url))]
    taken = await client.send("POST", url, body={**between, "label": "Other"})
    label_taken = await client.send("POST", url, body={**between, "stageId": "p-2"})
    free = await client.send("PATCH", f"{url}/p-open", body={"displayOrder": 7})
    moved = [(row["id"], row["displayOrder"]) for row in results(await client.send("GET", url))]
    gone = await client.send("DELETE", f"{url}/p-talks")
    again = await client.send("DELETE", f"{url}/p-talks")
    elsewhere = await client.send("DELETE", f"{DEALS}/nowhere/stages/p-talks")

    assert (made.status, order) == (201, ["p-open", "p-talks", "p-won"])
    assert (taken.status, "category" in taken.json()) == (400, False)
    assert (label_taken.status, label_taken.json()["subCategory"]) == (400, "PipelineError.STAGE_LABEL_EXISTS")
    assert free.status == 200
    assert moved == [("p-talks", 1), ("p-won", 2), ("p-open", 7)]
    assert (gone.status, again.status, elsewhere.status) == (204, 204, 204)


async def test_a_stages_metadata_is_merged(client: Client) -> None:
    await client.send("POST", DEALS, body=NEW)
    url = f"{DEALS}/Partner Sales/stages/p-open"

    label = await client.send("PATCH", url, body={"label": "Begun"})
    empty = await client.send("PATCH", url, body={"metadata": {}})
    null = await client.send("PATCH", url, body={"metadata": {"probability": None}})
    put = await client.send("PUT", url, body={"label": "Begun", "displayOrder": 0, "metadata": {"probability": 0.25}})

    assert (label.json()["label"], label.json()["metadata"]) == ("Begun", {"isClosed": "false", "probability": "0.5"})
    assert (empty.status, null.status) == (200, 400)
    assert put.json()["metadata"]["probability"] == "0.25"


async def test_ticket_pipelines_keep_a_closed_stage(client: Client) -> None:
    tickets = "/crm/v3/pipelines/tickets"

    last = await client.send("DELETE", f"{tickets}/0/stages/4?validateReferencesBeforeDelete=false")
    state = await client.send("PATCH", f"{tickets}/0/stages/1", body={"metadata": {"ticketState": "open"}})
    default = await client.send("POST", f"{tickets}/0/stages", body={"label": "Later", "displayOrder": 9})

    assert (last.status, last.json()["subCategory"]) == (400, "PipelineError.MISSING_CLOSED_STAGE")
    errors: Any = state.json()["errors"]
    assert errors[0]["code"] == "INVALID_PIPELINE_STAGE_METADATA"
    assert default.json()["metadata"] == {"ticketState": "OPEN", "isClosed": "false"}


async def test_the_first_pipeline_of_a_custom_type_brings_two_properties(client: Client) -> None:
    url = "/crm/v3/pipelines/2-30417762"
    stages = [{"label": "Planned", "displayOrder": 0, "stageId": "plan"}]

    made = await client.send("POST", url, body={"label": "Works", "displayOrder": 0, "stages": stages})
    names = [row["name"] for row in results(await client.send("GET", "/crm/v3/properties/2-30417762"))]
    record = await client.send(
        "POST",
        "/crm/v3/objects/2-30417762",
        body={"properties": {"installation_name": "Roof", "hs_pipeline_stage": "plan"}},
    )
    again = await client.send("POST", url, body={"label": "More", "displayOrder": 0, "stages": stages})
    gone = await client.send("DELETE", f"{url}/{made.json()['id']}")

    assert made.json()["stages"][0]["metadata"] == {"state": "OPEN", "isClosed": "false"}
    assert {"hs_pipeline", "hs_pipeline_stage"} <= set(names)
    assert record.json()["properties"]["hs_pipeline"] == made.json()["id"]
    assert (again.status, gone.status) == (409, 204)


async def test_order_pipelines_open_to_their_own_scope(app: Starlette, portal: Portal) -> None:
    orders = Client(app, portal.tokens.mint_private_token(["crm.pipelines.orders.write"]).token)
    stages = [{"label": f"S{place}", "displayOrder": place} for place in range(31)]

    made = await orders.send(
        "POST", "/crm/v3/pipelines/orders", body={"label": "A", "displayOrder": 0, "stages": stages[:30]}
    )
    too_many = await orders.send(
        "POST", "/crm/v3/pipelines/orders", body={"label": "B", "displayOrder": 0, "stages": stages}
    )
    deals = await orders.send("POST", DEALS, body=NEW)
    gone = await orders.send("DELETE", f"/crm/pipelines/2026-09/orders/{made.json()['id']}")

    assert (made.status, too_many.status, deals.status, gone.status) == (201, 400, 403, 204)


async def test_changes_are_audited(client: Client) -> None:
    await client.send("POST", DEALS, body=NEW)
    await client.send("PATCH", f"{DEALS}/Partner Sales", body={"label": "Allies"})
    await client.send("PATCH", f"{DEALS}/Partner Sales/stages/p-open", body={"label": "Begun"})

    pipeline = await client.send("GET", f"{DEALS}/Partner Sales/audit")
    stage = await client.send("GET", f"{DEALS}/Partner Sales/stages/p-open/audit")

    assert [(row["action"], row["rawObject"]["label"]) for row in results(pipeline)] == [
        ("UPDATE", "Allies"),
        ("CREATE", "Partners"),
    ]
    assert [(row["action"], row["identifier"]) for row in results(stage)] == [("UPDATE", "p-open")]


async def test_missing_pipelines_and_stages_answer_in_four_ways(client: Client) -> None:
    html = await client.send("GET", f"{DEALS}/none/stages/x")
    empty = await client.send("GET", f"{DEALS}/default/stages/none", headers={"accept": "application/json"})
    json_reply = await client.send("GET", f"{DEALS}/none/stages")
    writes = [
        await client.send("PATCH", f"{DEALS}/none", body={"label": "X"}),
        await client.send("PUT", f"{DEALS}/none", body=NEW),
        await client.send("POST", f"{DEALS}/none/stages", body={"label": "X", "displayOrder": 0}),
        await client.send("PATCH", f"{DEALS}/default/stages/none", body={"label": "X"}),
        await client.send("PUT", f"{DEALS}/default/stages/none", body={"label": "X", "displayOrder": 0}),
    ]

    assert (html.status, html.headers["content-type"]) == (404, "text/html;charset=iso-8859-1")
    assert (empty.status, empty.content) == (404, b"")
    assert (json_reply.status, json_reply.json()["message"]) == (404, "resource not found")
    assert [(reply.status, reply.content) for reply in writes] == [(404, b"")] * 5
