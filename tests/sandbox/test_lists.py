"""Lists ("segments"): kinds, conditions, members, search."""

from typing import Any

import pytest

from hubspot_sandbox import Portal, VirtualClock
from sandbox.asgi import Client, created, results

URL = "/crm/v3/lists"


def branch(*filters: dict[str, object], **more: object) -> dict[str, object]:
    inner = {"filterBranchType": "AND", "filters": list(filters), **more}
    return {"filterBranchType": "OR", "filterBranches": [inner]}


def on(name: str, kind: str, operator: str, **operation: object) -> dict[str, object]:
    return {
        "filterType": "PROPERTY",
        "property": name,
        "operation": {"operationType": kind, "operator": operator, **operation},
    }


async def make(client: Client, name: str, kind: str = "MANUAL", **more: object) -> str:
    body = {"name": name, "objectTypeId": "0-1", "processingType": kind, **more}
    reply = await client.send("POST", f"{URL}/", body=body)
    assert reply.status == 200, reply.text
    made: Any = reply.json()["list"]
    return str(made["listId"])


async def members(client: Client, list_id: str) -> list[str]:
    return [row["recordId"] for row in results(await client.send("GET", f"{URL}/{list_id}/memberships"))]


@pytest.fixture
async def people(client: Client) -> dict[str, str]:
    """Three contacts apart from the generated ones."""
    rows: dict[str, dict[str, object]] = {
        "ada": {"jobtitle": "Zoo keeper", "numemployees": "1-5", "hs_lead_status": "NEW", "annualrevenue": "100"},
        "bob": {"jobtitle": "zoo director_x", "hs_lead_status": "OPEN", "closedate": "2026-03-01"},
        "cyd": {"jobtitle": "Zookeeper of 50%", "closedate": "2026-05-01"},
    }
    return {
        name: await created(client, "contacts", {"email": f"{name}@zoo.example", "city": "Zooville", **values})
        for name, values in rows.items()
    }


async def test_a_manual_list_is_filled_and_emptied_by_hand(client: Client, people: dict[str, str]) -> None:
    list_id = await make(client, "Friends")
    url = f"{URL}/{list_id}/memberships"

    added = await client.send("PUT", f"{url}/add", body=[people["ada"], people["bob"], "1", "x"])
    again = await client.send("PUT", f"{url}/add", body=[people["ada"]])
    both = await client.send(
        "PUT",
        f"{url}/add-and-remove",
        body={"recordIdsToAdd": [people["cyd"]], "recordIdsToRemove": [people["bob"], people["bob"]]},
    )
    removed = await client.send("PUT", f"{url}/remove", body=[people["ada"], people["bob"]])
    left = await members(client, list_id)
    cleared = await client.send("DELETE", url)

    assert added.json() == {
        "recordIdsRemoved": [],
        "recordsIdsAdded": [people["ada"], people["bob"]],
        "recordIdsMissing": ["1", "x"],
    }
    assert again.json()["recordsIdsAdded"] == []
    assert (both.json()["recordsIdsAdded"], both.json()["recordIdsRemoved"]) == ([people["cyd"]], [people["bob"]])
    assert removed.json()["recordIdsRemoved"] == [people["ada"]]
    assert (left, cleared.status, await members(client, list_id)) == ([people["cyd"]], 204, [])


async def test_members_are_paged_by_id_or_by_when_they_came(
    client: Client, people: dict[str, str], clock: VirtualClock
) -> None:
    list_id = await make(client, "Friends")
    for name in ("cyd", "ada", "bob"):
        await client.send("PUT", f"{URL}/{list_id}/memberships/add", body=[people[name]])
        clock.advance(60)
    by_join = results(await client.send("GET", f"{URL}/{list_id}/memberships/join-order"))

    first = await client.send("GET", f"{URL}/{list_id}/memberships?limit=2")
    paging: Any = first.json()["paging"]
    second = await client.send("GET", f"{URL}/{list_id}/memberships?limit=2&after={paging['next']['after']}")
    refused = await client.send("GET", f"{URL}/{list_id}/memberships?after=x")

    assert [row["recordId"] for row in results(first)] == [people["ada"], people["bob"]]
    assert ([row["recordId"] for row in results(second)], "paging" in second.json()) == ([people["cyd"]], False)
    assert [row["recordId"] for row in by_join] == [people["cyd"], people["ada"], people["bob"]]
    assert by_join[0]["membershipTimestamp"] < by_join[1]["membershipTimestamp"]
    assert refused.status == 400


async def test_archived_records_are_in_no_list(client: Client, people: dict[str, str]) -> None:
    list_id = await make(client, "Friends")
    await client.send("PUT", f"{URL}/{list_id}/memberships/add", body=list(people.values()))

    await client.send("DELETE", f"/crm/v3/objects/contacts/{people['bob']}")

    assert await members(client, list_id) == [people["ada"], people["cyd"]]


IN_ZOO = on("city", "STRING", "IS_EQUAL_TO", value="zooVILLE")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (on("jobtitle", "MULTISTRING", "IS_EQUAL_TO", values=["ZOO KEEPER", "other"]), ["ada"]),
        (on("jobtitle", "MULTISTRING", "IS_NOT_EQUAL_TO", values=["zoo keeper"]), ["bob", "cyd"]),
        (on("jobtitle", "MULTISTRING", "CONTAINS", values=["keeper"]), ["ada", "cyd"]),
        (on("jobtitle", "STRING", "CONTAINS", value="50%"), ["cyd"]),
        (on("jobtitle", "STRING", "CONTAINS", value="r_x"), ["bob"]),
        (on("jobtitle", "STRING", "DOES_NOT_CONTAIN", value="keeper"), ["bob"]),
        (on("jobtitle", "STRING", "STARTS_WITH", value="zoo "), ["ada", "bob"]),
        (on("jobtitle", "STRING", "ENDS_WITH", value="KEEPER"), ["ada"]),
        (on("closedate", "ALL_PROPERTY", "IS_KNOWN"), ["bob", "cyd"]),
        (on("closedate", "ALL_PROPERTY", "IS_UNKNOWN"), ["ada"]),
        (on("num_notes", "NUMBER", "IS_GREATER_THAN_OR_EQUAL_TO", value=0), ["ada", "bob", "cyd"]),
        (on("num_notes", "NUMBER", "IS_NOT_EQUAL_TO", value=0), []),
        (on("hs_object_id", "NUMBER_RANGED", "IS_BETWEEN", lowerBound=1, upperBound=2), []),
        (on("hs_object_id", "NUMBER_RANGED", "IS_NOT_BETWEEN", lowerBound=1, upperBound=2), ["ada", "bob", "cyd"]),
        (on("hs_is_unworked", "BOOL", "IS_EQUAL_TO", value=True), ["ada", "bob", "cyd"]),
        (on("hs_is_unworked", "BOOL", "IS_NOT_EQUAL_TO", value=True), []),
        (on("hs_lead_status", "ENUMERATION", "IS_ANY_OF", values=["NEW", "CONNECTED"]), ["ada"]),
        (on("hs_lead_status", "ENUMERATION", "IS_NONE_OF", values=["NEW"]), ["bob"]),
        (
            on("hs_lead_status", "ENUMERATION", "IS_NONE_OF", values=["NEW"], includeObjectsWithNoValueSet=True),
            ["bob", "cyd"],
        ),
        (on("hs_lead_status", "ENUMERATION", "IS_EXACTLY", values=["OPEN"]), ["bob"]),
        (on("hs_lead_status", "ENUMERATION", "CONTAINS_ALL", values=["OPEN"]), ["bob"]),
        (
            on(
                "closedate",
                "TIME_POINT",
                "IS_BEFORE",
                timePoint={"timeType": "DATE", "year": 2026, "month": 4, "day": 1},
            ),
            ["bob"],
        ),
        (
            on(
                "closedate",
                "TIME_POINT",
                "IS_AFTER",
                timePoint={"timeType": "DATE", "year": 2026, "month": 4, "day": 1},
            ),
            ["cyd"],
        ),
    ],
)
async def test_a_dynamic_list_holds_what_meets_its_conditions(
    client: Client, people: dict[str, str], condition: dict[str, object], expected: list[str]
) -> None:
    list_id = await make(client, "Zoo", "DYNAMIC", filterBranch=branch(IN_ZOO, condition))

    names = {record_id: name for name, record_id in people.items()}
    assert [names[each] for each in await members(client, list_id)] == expected


async def test_a_dynamic_list_follows_its_records(client: Client, people: dict[str, str]) -> None:
    list_id = await make(client, "Zoo", "DYNAMIC", filterBranch=branch(IN_ZOO))
    refused = await client.send("PUT", f"{URL}/{list_id}/memberships/add", body=[people["ada"]])

    await client.send("PATCH", f"/crm/v3/objects/contacts/{people['ada']}", body={"properties": {"city": "Oslo"}})
    after = await members(client, list_id)
    other = branch(
        on("city", "STRING", "IS_EQUAL_TO", value="Oslo"), on("email", "STRING", "ENDS_WITH", value="zoo.example")
    )
    changed = await client.send("PUT", f"{URL}/{list_id}/update-list-filters", body={"filterBranch": other})

    updated: Any = changed.json()["updatedList"]
    assert (refused.status, after) == (400, [people["bob"], people["cyd"]])
    assert (updated["listVersion"], updated["processingStatus"]) == (2, "PROCESSING")
    assert updated["filterBranch"]["filterBranches"][0]["filters"][0]["operation"] == {
        "includeObjectsWithNoValueSet": False,
        "operationType": "STRING",
        "operator": "IS_EQUAL_TO",
        "value": "Oslo",
    }
    assert await members(client, list_id) == [people["ada"]]


async def test_days_compare_with_dates(client: Client) -> None:
    made = await client.send(
        "POST",
        f"{URL}/",
        body={
            "name": "Old roofs",
            "objectTypeId": "2-30417762",
            "processingType": "DYNAMIC",
            "filterBranch": branch(
                on(
                    "installed_on",
                    "TIME_POINT",
                    "IS_BEFORE",
                    timePoint={"timeType": "DATE", "year": 2100, "month": 1, "day": 1},
                )
            ),
        },
    )
    roofs: Any = made.json()["list"]

    everything = results(await client.send("GET", "/crm/v3/objects/installations?limit=100&properties=installed_on"))

    assert sorted(await members(client, roofs["listId"])) == sorted(
        row["id"] for row in everything if row["properties"]["installed_on"]
    )


async def test_conditions_reach_through_associations_and_other_lists(client: Client, people: dict[str, str]) -> None:
    deal = await created(client, "deals", {"dealname": "Zoo extension", "dealstage": "closedwon"})
    await client.send("PUT", f"/crm/v4/objects/deals/{deal}/associations/default/contacts/{people['bob']}")
    linked = {
        "filterBranchType": "ASSOCIATION",
        "objectTypeId": "0-3",
        "operator": "IN_LIST",
        "associationTypeId": 4,
        "associationCategory": "HUBSPOT_DEFINED",
        "filters": [on("dealname", "STRING", "CONTAINS", value="zoo")],
    }
    buyers = await make(client, "Buyers", "DYNAMIC", filterBranch=branch(filterBranches=[linked]))
    friends = await make(client, "Friends")
    await client.send("PUT", f"{URL}/{friends}/memberships/add", body=[people["ada"]])

    inside = await make(
        client, "Both", "DYNAMIC", filterBranch=branch(IN_ZOO, {"filterType": "IN_LIST", "listId": friends})
    )
    outside = await make(
        client,
        "Rest",
        "DYNAMIC",
        filterBranch=branch(IN_ZOO, {"filterType": "IN_LIST", "listId": buyers, "operator": "NOT_IN_LIST"}),
    )

    assert await members(client, buyers) == [people["bob"]]
    assert await members(client, inside) == [people["ada"]]
    assert await members(client, outside) == [people["ada"], people["cyd"]]


async def test_a_snapshot_is_taken_once_and_then_changed_by_hand(client: Client, people: dict[str, str]) -> None:
    list_id = await make(client, "Zoo then", "SNAPSHOT", filterBranch=branch(IN_ZOO))
    await client.send("PATCH", f"/crm/v3/objects/contacts/{people['ada']}", body={"properties": {"city": "Oslo"}})

    kept = await members(client, list_id)
    await client.send("PUT", f"{URL}/{list_id}/memberships/remove", body=[people["bob"]])
    copy = await make(client, "Copy")
    copied = await client.send("PUT", f"{URL}/{copy}/memberships/add-from/{list_id}")
    fixed = await client.send("PUT", f"{URL}/{list_id}/update-list-filters", body={"filterBranch": branch(IN_ZOO)})

    assert kept == list(people.values())
    assert (copied.status, await members(client, copy)) == (204, [people["ada"], people["cyd"]])
    assert fixed.status == 400


@pytest.mark.parametrize(
    "body",
    [
        {"processingType": "MAGIC"},
        {"processingType": "DYNAMIC"},
        {"processingType": "DYNAMIC", "filterBranch": {"filterBranchType": "AND", "filters": [IN_ZOO]}},
        {"processingType": "DYNAMIC", "filterBranch": {"filterBranchType": "OR", "filterBranches": []}},
        {"processingType": "DYNAMIC", "filterBranch": {"filterBranchType": "OR", "filterBranches": [branch(IN_ZOO)]}},
        {"processingType": "DYNAMIC", "filterBranch": branch(filterBranches=[{"filterBranchType": "UNIFIED_EVENTS"}])},
        {"processingType": "DYNAMIC", "filterBranch": branch({"filterType": "CTA"})},
        {"processingType": "DYNAMIC", "filterBranch": branch(on("nothing", "STRING", "IS_EQUAL_TO", value="x"))},
        {"processingType": "DYNAMIC", "filterBranch": branch(on("city", "STRING", "RHYMES_WITH", value="x"))},
        {"processingType": "DYNAMIC", "filterBranch": branch(on("city", "COLOUR", "IS_EQUAL_TO", value="x"))},
        {"processingType": "DYNAMIC", "filterBranch": branch(on("num_notes", "NUMBER", "IS_ODD", value=1))},
        {"processingType": "DYNAMIC", "filterBranch": branch(on("num_notes", "NUMBER", "IS_EQUAL_TO", value="x"))},
        {
            "processingType": "DYNAMIC",
            "filterBranch": branch(on("hs_lead_status", "ENUMERATION", "HAS", values=["NEW"])),
        },
        {"processingType": "DYNAMIC", "filterBranch": branch(on("closedate", "TIME_POINT", "IS_BEFORE", timePoint={}))},
        {
            "processingType": "DYNAMIC",
            "filterBranch": branch(
                on("closedate", "TIME_POINT", "IS_AFTER", timePoint={"timeType": "DATE", "year": 1})
            ),
        },
        {"name": "taken"},
        {"objectTypeId": "9-9"},
    ],
)
async def test_a_list_that_cannot_be_is_refused(client: Client, body: dict[str, object]) -> None:
    await make(client, "Taken")
    base = {"name": "New", "objectTypeId": "0-1", "processingType": "MANUAL"}

    reply = await client.send("POST", f"{URL}/", body={**base, **body})

    assert reply.status == 400


async def test_lists_are_read_by_id_by_name_and_many_at_once(client: Client, portal: Portal) -> None:
    list_id = await make(client, "Zoo", "DYNAMIC", filterBranch=branch(IN_ZOO))
    other = await make(client, "Friends")

    one: Any = (await client.send("GET", f"{URL}/{list_id}")).json()["list"]
    full: Any = (await client.send("GET", f"{URL}/{list_id}?includeFilters=true")).json()["list"]
    by_name = await client.send("GET", f"{URL}/object-type-id/contacts/name/zoo")
    nobody = await client.send("GET", f"{URL}/object-type-id/contacts/name/none")
    missing = await client.send("GET", f"{URL}/999")
    many = await client.send("GET", f"{URL}/?listIds={list_id}&listIds={other}&listIds=99")

    assert ("filterBranch" in one, full["filterBranch"]["filterBranchOperator"]) == (False, "OR")
    assert (one["processingStatus"], one["createdById"]) == ("COMPLETE", str(portal.identifiers.user_id(0)))
    assert by_name.json()["list"] == one
    assert (nobody.status, missing.status) == (404, 404)
    lists: Any = many.json()["lists"]
    assert [row["listId"] for row in lists] == [list_id, other]


async def test_lists_are_renamed_deleted_and_restored(client: Client, clock: VirtualClock) -> None:
    list_id = await make(client, "Friends")
    await make(client, "Taken")

    renamed = await client.send("PUT", f"{URL}/{list_id}/update-list-name?listName=FRIENDS")
    taken = await client.send("PUT", f"{URL}/{list_id}/update-list-name?listName=Taken")
    nameless = await client.send("PUT", f"{URL}/{list_id}/update-list-name")
    deleted = await client.send("DELETE", f"{URL}/{list_id}")
    gone = await client.send("GET", f"{URL}/{list_id}")
    restored = await client.send("PUT", f"{URL}/{list_id}/restore")
    twice = await client.send("PUT", f"{URL}/{list_id}/restore")
    back = await client.send("GET", f"{URL}/{list_id}")
    await client.send("DELETE", f"{URL}/{list_id}")
    clock.advance(91 * 86_400)
    too_late = await client.send("PUT", f"{URL}/{list_id}/restore")

    updated: Any = renamed.json()["updatedList"]
    assert (updated["name"], updated["listVersion"]) == ("FRIENDS", 2)
    assert [reply.status for reply in (taken, nameless, deleted, gone, restored, twice, back, too_late)] == [
        400,
        400,
        204,
        404,
        204,
        404,
        200,
        404,
    ]


async def test_lists_are_searched_by_name_with_offsets(client: Client, people: dict[str, str]) -> None:
    for name in ("Zoo A", "Zoo B", "Other"):
        await make(client, name)
    await make(client, "Zoo C", "DYNAMIC", filterBranch=branch(IN_ZOO))

    first = (await client.send("POST", f"{URL}/search", body={"query": "zoo", "count": 2, "offset": 0})).json()
    second = (await client.send("POST", f"{URL}/search", body={"query": "zoo", "count": 2, "offset": 2})).json()
    dynamic = (
        await client.send("POST", f"{URL}/search", body={"processingTypes": ["DYNAMIC"], "objectTypeId": "0-1"})
    ).json()
    by_id = (await client.send("POST", f"{URL}/search", body={"listIds": ["3"]})).json()
    refused = await client.send("POST", f"{URL}/search", body={"count": 501})

    found: Any = first["lists"]
    assert (first["offset"], first["hasMore"], first["total"], [row["name"] for row in found]) == (
        2,
        True,
        3,
        ["Zoo A", "Zoo B"],
    )
    assert (second["offset"], second["hasMore"]) == (3, False)
    sized: Any = dynamic["lists"]
    assert sized[0]["additionalProperties"] == {"hs_list_size": str(len(people)), "hs_list_reference_count": "0"}
    third: Any = by_id["lists"]
    assert ([row["name"] for row in third], refused.status) == (["Other"], 400)


async def test_2026_09_lists_everything_by_cursor(client: Client) -> None:
    for name in ("A", "B", "C"):
        await make(client, name)
    url = "/crm/lists/2026-09/all"

    first = await client.send("POST", url, body={"count": 2})
    paging: Any = first.json()["paging"]
    second = await client.send("POST", url, body={"count": 2, "after": paging["next"]["after"]})
    cursor = await client.send("POST", url, body={"after": "x"})
    kind = await client.send("POST", url, body={"processingTypes": ["MAGIC"]})
    older = await client.send("POST", "/crm/lists/2026-03/all", body={})

    assert [row["name"] for row in results(first)] + [row["name"] for row in results(second)] == ["A", "B", "C"]
    codes: list[Any] = [reply.json()["errors"] for reply in (cursor, kind)]
    assert [errors[0]["code"] for errors in codes] == ["INVALID_CURSOR", "INVALID_PROCESSING_TYPE"]
    assert older.status == 404


async def test_the_lists_of_a_record_are_known(client: Client, people: dict[str, str]) -> None:
    list_id = await make(client, "Zoo", "DYNAMIC", filterBranch=branch(IN_ZOO))
    await make(client, "Empty")

    mine = await client.send("GET", f"{URL}/records/0-1/{people['ada']}/memberships")
    nobody = await client.send("GET", f"{URL}/records/0-1/x/memberships")

    assert [(row["listId"], row["listVersion"]) for row in results(mine)] == [(list_id, 1)]
    assert results(nobody) == []
