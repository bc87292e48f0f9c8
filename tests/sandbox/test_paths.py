"""Every spelling of a path, and what is said about paths nobody serves."""

import pytest

from hubspot_sandbox import Portal
from sandbox.asgi import Client, results


@pytest.mark.parametrize(
    "path",
    [
        "/crm/v3/objects/contacts",
        "/crm/v3/objects/contacts/",
        "/crm/v4/objects/contacts",
        "/crm/objects/v3/contacts",
        "/crm/objects/2026-03/contacts",
        "/crm/objects/2026-09/contacts",
        "/crm/v3/objects/contact",
        "/crm/v3/objects/CONTACT",
        "/crm/v3/objects/0-1",
        "/crm/objects/2026-03/0-1",
    ],
)
async def test_all_spellings_lead_to_the_same_records(client: Client, path: str) -> None:
    plain = await client.send("GET", "/crm/v3/objects/contacts?limit=3")

    reply = await client.send("GET", f"{path}?limit=3")

    assert (reply.status, results(reply)) == (200, results(plain))


@pytest.mark.parametrize(
    "name", ["installations", "installation", "2-30417762", "p_installation", "INSTALLATION", "p{hub}_installation"]
)
async def test_a_custom_type_has_many_names(client: Client, portal: Portal, name: str) -> None:
    reply = await client.send("GET", f"/crm/v3/objects/{name.format(hub=portal.hub_id)}")

    assert len(results(reply)) == 6


@pytest.mark.parametrize(
    "name",
    ["company", "companies", "deal", "lead", "leads", "invoices", "orders", "subscriptions", "appointments"],
)
async def test_measured_type_names_resolve(client: Client, name: str) -> None:
    assert (await client.send("GET", f"/crm/v3/objects/{name}")).status == 200


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("widgets", "Unable to infer object type from: widgets"),
        ("appointment", "Unable to infer object type from: appointment"),
        ("0-9999", "Invalid object or event type id: 0-9999"),
    ],
)
async def test_unknown_types_are_refused_without_a_category(client: Client, name: str, message: str) -> None:
    reply = await client.send("GET", f"/crm/v3/objects/{name}")

    assert reply.status == 400
    assert reply.json() == {
        "status": "error",
        "message": message,
        "correlationId": reply.headers["x-hubspot-correlation-id"],
    }


async def test_unknown_paths_methods_and_versions(client: Client) -> None:
    path = await client.send("GET", "/crm/v3/nothing/here")
    method = await client.send("PUT", "/crm/v3/objects/contacts")
    version = await client.send("GET", "/crm/v1/objects/contacts")
    undated = await client.send("GET", "/crm/objects/contacts")

    assert [reply.status for reply in (path, method, version, undated)] == [404, 405, 404, 404]
    assert path.json()["correlationId"] == path.headers["x-hubspot-correlation-id"]
    assert method.headers["content-type"] == "text/html;charset=iso-8859-1"
    assert sorted(method.headers["allow"].split(", ")) == ["GET", "HEAD", "POST"]


async def test_a_head_request_is_answered_like_a_get(client: Client) -> None:
    assert (await client.send("HEAD", "/crm/v3/objects/contacts")).status == 200


async def test_an_address_may_be_sixteen_thousand_characters_long(client: Client) -> None:
    long = await client.send("GET", f"/crm/v3/objects/contacts?properties={'x' * 16_000}")
    too_long = await client.send("GET", f"/crm/v3/objects/contacts?properties={'x' * 16_200}")

    assert (long.status, too_long.status) == (200, 414)
