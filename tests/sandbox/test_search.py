"""Search: what matches, in which order, and what is refused."""

import json
from typing import Any

import pytest

from hubspot_sandbox import Behaviour, Portal, VirtualClock, create_app
from sandbox.asgi import Client, Reply, created, results

PATH = "/crm/v3/objects/contacts/search"


@pytest.fixture
def behaviour() -> Behaviour:
    return Behaviour(rate_limits=False)


@pytest.fixture
async def people(client: Client) -> dict[str, str]:
    """Ids of four contacts by first name, in a town of their own."""
    rows: list[dict[str, object]] = [
        {"firstname": "Ava", "company": "Blue Cross Clinics", "hs_email_open": None, "closedate": "2026-01-05"},
        {"firstname": "ben", "company": "blue-cross", "closedate": "1767657600000"},
        {"firstname": "Örjan", "lead": None, "company": "Clinic of Cardiology", "numemployees": "5-25"},
        {"firstname": "Dag"},
    ]
    found: dict[str, str] = {}
    for row in rows:
        values = {name: value for name, value in row.items() if value is not None}
        found[str(row["firstname"])] = await created(
            client, "contacts", {"city": "Atlantis", "hs_persona": None, **values}
        )
    return found


def where(name: str, operator: str, **rest: object) -> dict[str, object]:
    return {"propertyName": name, "operator": operator, **rest}


async def search(client: Client, *filters: dict[str, object], path: str, **rest: object) -> Reply:
    town = [where("city", "EQ", value="atlantis")] if path == PATH else []
    groups = [{"filters": [*town, *filters]}]
    return await client.send("POST", path, body={"filterGroups": groups, "limit": 100, **rest})


async def names(client: Client, *filters: dict[str, object], **rest: object) -> list[str]:
    reply = await search(client, *filters, path=PATH, **rest)
    assert reply.status == 200, reply.text
    return [record["properties"]["firstname"] for record in results(reply)]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (where("company", "EQ", value="BLUE-CROSS"), ["ben"]),
        (where("firstname", "EQ", value="öRJAN"), ["Örjan"]),
        (where("company", "NEQ", value="blue-cross"), ["Ava", "Örjan", "Dag"]),
        (where("company", "IN", values=["blue-cross", "nobody"]), ["ben"]),
        (where("company", "IN", values=["Blue-Cross"]), []),
        (where("company", "NOT_IN", values=["blue-cross"]), ["Ava", "Örjan", "Dag"]),
        (where("company", "HAS_PROPERTY"), ["Ava", "ben", "Örjan"]),
        (where("company", "NOT_HAS_PROPERTY"), ["Dag"]),
        (where("company", "CONTAINS_TOKEN", value="Clin"), []),
        (where("company", "CONTAINS_TOKEN", value="clinics"), ["Ava"]),
        (where("company", "CONTAINS_TOKEN", value="Clin*"), ["Ava", "Örjan"]),
        (where("company", "CONTAINS_TOKEN", value="*lini*"), ["Ava", "Örjan"]),
        (where("company", "CONTAINS_TOKEN", value="Cl*cs"), ["Ava"]),
        (where("company", "CONTAINS_TOKEN", value="cross blue"), ["Ava", "ben"]),
        (where("company", "CONTAINS_TOKEN", value="clini?s"), []),
        (where("company", "CONTAINS_TOKEN", value="*"), ["Ava", "ben", "Örjan"]),
        (where("company", "NOT_CONTAINS_TOKEN", value="blue"), ["Örjan", "Dag"]),
        (where("company", "GT", value="blue-"), ["ben", "Örjan"]),
        (where("company", "LTE", value="Blue Cross Clinics"), ["Ava"]),
        (where("closedate", "EQ", value="2026-01-05"), ["Ava"]),
        (where("closedate", "GTE", value="2026-01-06T00:00:00Z"), ["ben"]),
        (where("closedate", "LT", value="1767571200001"), ["Ava"]),
        (where("closedate", "BETWEEN", value="2026-01-01", highValue="2026-01-05"), ["Ava"]),
        (where("numemployees", "EQ", value="5-25"), ["Örjan"]),
        (where("numemployees", "IN", values=["5-25"]), ["Örjan"]),
        (where("numemployees", "NOT_IN", values=["5-25"]), ["Ava", "ben", "Dag"]),
        (where("firstname", "9"), ["Ava", "ben", "Örjan", "Dag"]),
        (where("firstname", " EQ\n", value="dag"), ["Dag"]),
    ],
)
async def test_an_operator_matches(client: Client, condition: dict[str, object], expected: list[str]) -> None:
    assert await names(client, condition) == expected


async def test_numbers_compare_as_numbers(client: Client) -> None:
    for amount in ("900", "1200.50", "10000"):
        await created(client, "deals", {"dealname": "Numbers", "amount": amount})
    path = "/crm/v3/objects/deals/search"
    mine = where("dealname", "EQ", value="numbers")

    async def amounts(*filters: dict[str, object], **rest: object) -> list[str]:
        reply = await search(client, mine, *filters, path=path, **rest)
        return [record["properties"]["amount"] for record in results(reply)]

    assert await amounts(where("amount", "GT", value="999")) == ["1200.50", "10000"]
    assert await amounts(where("amount", "EQ", value="1200.5")) == ["1200.50"]
    assert await amounts(where("amount", "IN", values=["900", "10000"])) == ["900", "10000"]
    descending = [{"propertyName": "amount", "direction": "DESCENDING"}]
    assert await amounts(sorts=descending) == ["10000", "1200.50", "900"]


async def test_days_and_many_valued_options_match(client: Client) -> None:
    path = "/crm/v3/objects/installations/search"
    record_id = await created(client, "installations", {"installation_name": "Day", "installed_on": "2026-03-01"})
    ticket = await created(
        client,
        "tickets",
        {"subject": "Two", "hs_pipeline_stage": "1", "hs_ticket_category": "PRODUCT_ISSUE;BILLING_ISSUE"},
    )

    by_day = await search(client, where("installed_on", "EQ", value="1772323200000"), path=path)
    by_option = await search(
        client,
        where("subject", "EQ", value="two"),
        where("hs_ticket_category", "IN", values=["BILLING_ISSUE", "FEATURE_REQUEST"]),
        path="/crm/v3/objects/tickets/search",
    )

    assert [record["id"] for record in results(by_day)] == [record_id]
    assert [record["id"] for record in results(by_option)] == [ticket]


async def test_groups_are_alternatives_and_filters_need_no_group(client: Client, people: dict[str, str]) -> None:
    groups = [
        {"filters": [where("firstname", "EQ", value="ava")]},
        {"filters": [where("firstname", "EQ", value="dag")]},
    ]

    either = await client.send("POST", PATH, body={"filterGroups": groups})
    bare = await client.send("POST", PATH, body={"filters": [where("hs_object_id", "EQ", value=people["Dag"])]})
    everything = await client.send("POST", PATH, body={})

    assert {record["id"] for record in results(either)} >= {people["Ava"], people["Dag"]}
    assert [record["id"] for record in results(bare)] == [people["Dag"]]
    assert (everything.json()["total"], len(results(everything))) == (64, 10)


@pytest.mark.usefixtures("people")
async def test_sorting_puts_empty_values_last_and_the_oldest_first_by_default(client: Client) -> None:
    assert await names(client) == ["Ava", "ben", "Örjan", "Dag"]
    assert await names(client, sorts=["company"]) == ["Ava", "ben", "Örjan", "Dag"]
    assert await names(client, sorts=["-company"]) == ["Örjan", "ben", "Ava", "Dag"]
    assert await names(client, sorts=[{"propertyName": "hs_object_id", "direction": "DESCENDING"}]) == [
        "Dag",
        "Örjan",
        "ben",
        "Ava",
    ]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("query", "expected"),
    [("clin", ["Ava", "Örjan"]), ("card CLIN", ["Örjan"]), ("inics", []), ("örj", ["Örjan"])],
)
async def test_a_query_matches_beginnings_of_words(client: Client, query: str, expected: list[str]) -> None:
    assert await names(client, query=query) == expected


async def test_a_query_on_a_type_without_searchable_text_finds_nothing(client: Client) -> None:
    reply = await client.send("POST", "/crm/v3/objects/invoices/search", body={"query": "x"})

    assert reply.json() == {"total": 0, "results": []}


async def test_records_are_found_by_what_they_are_linked_to(client: Client) -> None:
    page = await client.send("GET", "/crm/v3/objects/deals?associations=companies&limit=1")
    deal = results(page)[0]
    company = deal["associations"]["companies"]["results"][0]["id"]
    path = "/crm/v3/objects/deals/search"

    one = await search(client, where("associations.company", "EQ", value=company), path=path)
    many = await search(client, where("associations.companies", "IN", values=[company, "1"]), path=path)
    refused = await search(client, where("associations.company", "GT", value=company), path=path)

    assert deal["id"] in {record["id"] for record in results(one)}
    assert results(one) == results(many)
    assert refused.status == 400


async def test_pages_follow_offsets_and_total_stays(client: Client) -> None:
    seen: list[str] = []
    body: dict[str, Any] | None = {"limit": 25, "properties": ["email"]}
    while body:
        reply = await client.send("POST", PATH, body=body)
        seen += [record["id"] for record in results(reply)]
        assert reply.json()["total"] == 60
        paging: Any = reply.json().get("paging")
        body = {**body, "after": paging["next"]["after"]} if paging else None

    assert len(set(seen)) == len(seen) == 60


async def test_the_column_of_a_bad_operator_is_told_on_the_raw_body(client: Client) -> None:
    body = {"filterGroups": [{"filters": [where("jobtitle", "neq", value="Salesperson")]}]}
    tail = (
        "Enum type must be one of: [IN, NOT_HAS_PROPERTY, LT, EQ, GT, NOT_IN, GTE, CONTAINS_TOKEN, HAS_PROPERTY, "
        "LTE, NOT_CONTAINS_TOKEN, BETWEEN, NEQ]"
    )

    compact = await client.send("POST", PATH, raw=json.dumps(body, separators=(",", ":")).encode())
    spaced = await client.send("POST", PATH, raw=json.dumps(body).encode())
    lines = await client.send("POST", PATH, raw=json.dumps(body, indent=1).encode())

    assert compact.json()["message"] == f"Invalid input JSON on line 1, column 68: {tail}"
    assert spaced.json()["message"] == f"Invalid input JSON on line 1, column 73: {tail}"
    assert lines.json()["message"] == f"Invalid input JSON on line 7, column 18: {tail}"


@pytest.mark.parametrize("operator", ["13", "01", "+1", "Eq", "\u00a0EQ", 99])
async def test_operators_are_read_as_strictly_as_jackson_does(client: Client, operator: object) -> None:
    reply = await client.send("POST", PATH, body={"filters": [{"propertyName": "email", "operator": operator}]})

    assert reply.status == 400
    assert str(reply.json()["message"]).startswith("Invalid input JSON on line 1, column ")


async def test_a_blank_operator_and_a_missing_high_value_have_texts_of_their_own(client: Client) -> None:
    blank = await client.send("POST", PATH, body={"filterGroups": [{"filters": [where("email", " ")]}]})
    open_ended = await client.send(
        "POST", PATH, raw=b'{"filters":[{"propertyName":"createdate","operator":"BETWEEN","value":"1"}]}'
    )

    assert blank.json()["message"] == (
        'Invalid input JSON: unable to deserialize field "filterGroups[0].filters[0].operator". Invalid value: '
    )
    assert open_ended.json() == {
        "status": "error",
        "message": "Invalid input JSON on line 1, column 74: Cannot construct instance of "
        "`com.hubspot.inbounddb.publicobject.core.v3.search.Filter`, "
        "problem: operator BETWEEN requires a highValue",
        "correlationId": open_ended.headers["x-hubspot-correlation-id"],
    }


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"limit": "x"},
        {"after": "x"},
        {"after": "9900", "limit": 101},
        {"sorts": ["email", "city"]},
        {"sorts": ["nonsense"]},
        {"query": "x" * 3000},
        {"filters": [where("nonsense", "EQ", value="x")]},
        {"filters": [where("email", "EQ")]},
        {"filters": [where("email", "IN")]},
        {"filters": [where("hs_email_open", "EQ", value="many")]},
        {"filters": [where("createdate", "GT", value="soon")]},
        {"filters": [where("associations.company", "EQ", value="x")]},
        {"filters": [where("associations.widgets", "EQ", value="1")]},
        {"filterGroups": [{"filters": [where("email", "HAS_PROPERTY")]}] * 6},
        {"filterGroups": [{"filters": [where("email", "HAS_PROPERTY")] * 7}]},
        {"filterGroups": [{"filters": [where("email", "HAS_PROPERTY")] * 4}] * 5},
    ],
)
async def test_a_request_beyond_the_limits_is_refused(client: Client, body: dict[str, object]) -> None:
    reply = await client.send("POST", PATH, body=body)

    assert (reply.status, reply.json()["status"]) == (400, "error")


async def test_true_and_false_may_be_json_booleans(client: Client) -> None:
    filters = [where("hs_is_closed_won", "EQ", value=True)]
    won = await client.send("POST", "/crm/v3/objects/deals/search", body={"filters": filters})
    filters = [where("hs_is_closed_won", "EQ", value=False)]
    others = await client.send("POST", "/crm/v3/objects/deals/search", body={"filters": filters})

    assert (won.json()["total"], others.json()["total"]) != (0, 0)
    assert int(str(won.json()["total"])) + int(str(others.json()["total"])) == 30


async def test_the_index_lags_behind_writes(clock: VirtualClock) -> None:
    app = create_app(portal="small", clock=clock, behaviour=Behaviour(rate_limits=False, search_index_lag_s=3))
    client = Client(app, app.state.portal.tokens.access_tokens()[0].token)
    old = results(await client.send("POST", "/crm/v3/objects/companies/search", body={"limit": 2}))
    renamed, archived = old[0]["id"], old[1]["id"]

    fresh = await created(client, "companies", {"name": "Brand New"})
    for name in ("Renamed", "Renamed twice"):
        body = {"properties": {"name": name}}
        await client.send("PATCH", f"/crm/v3/objects/companies/{renamed}", body=body)
    await client.send("DELETE", f"/crm/v3/objects/companies/{archived}")

    async def shown() -> dict[str, str]:
        reply = await client.send("POST", "/crm/v3/objects/companies/search", body={"limit": 200})
        return {record["id"]: record["properties"]["name"] for record in results(reply)}

    before = await shown()
    clock.advance(3)
    after = await shown()

    assert (before.get(fresh), before[renamed], archived in before) == (None, old[0]["properties"]["name"], True)
    assert (after[fresh], after[renamed], archived in after) == ("Brand New", "Renamed twice", False)


async def test_where_there_are_very_many_records_a_search_makes_the_index_it_needs(
    client: Client, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    cities = ["boston", "austin", "chicago", "denver", "seattle", "toronto", "atlanta", "portland"]
    filters: list[dict[str, object]] = [
        {"propertyName": "city", "operator": "IN", "values": cities},
        {"propertyName": "department", "operator": "EQ", "value": "sales"},
        {"propertyName": "email", "operator": "GT", "value": "a"},
        {"propertyName": "createdate", "operator": "GT", "value": "0"},
        {"propertyName": "jobtitle", "operator": "CONTAINS_TOKEN", "value": "*e*"},
    ]

    async def found() -> tuple[int, list[str]]:
        reply = await client.send("POST", PATH, body={"filterGroups": [{"filters": filters}], "limit": 100})
        return int(str(reply.json()["total"])), [record["id"] for record in results(reply)]

    def indexes() -> list[str]:
        rows = portal.store.connection.execute("SELECT name FROM sqlite_master WHERE name LIKE 'searched%'")
        return sorted(name for (name,) in rows)

    few = await found()
    none = indexes()
    monkeypatch.setattr("hubspot_sandbox.search_indexes.MANY", 10)
    many, again = await found(), await found()

    assert (none, indexes()) == ([], ["searched 0-1 city", "searched 0-1 department"])
    assert few == many == again
    assert few[0] > 0
