"""Folders of lists, and the ids lists had in API v1."""

from typing import Any

from sandbox.asgi import Client
from sandbox.test_lists import URL, make

FOLDERS = f"{URL}/folders"


async def folder(client: Client, name: str, parent: str = "0") -> str:
    reply = await client.send("POST", FOLDERS, body={"name": name, "parentFolderId": parent})
    assert reply.status == 200, reply.text
    made: Any = reply.json()["folder"]
    return str(made["id"])


async def tree(client: Client, folder_id: str = "0") -> Any:
    return (await client.send("GET", FOLDERS, query={"folderId": folder_id})).json()["folder"]


async def test_folders_make_a_tree_below_the_root(client: Client) -> None:
    outer = await folder(client, "Events")
    inner = await folder(client, "2026", outer)

    root = await tree(client)
    renamed = await client.send("PUT", f"{FOLDERS}/{inner}/rename", query={"newFolderName": "2027"})
    moved = await client.send("PUT", f"{FOLDERS}/{inner}/move/0")

    assert (root["id"], root["parentFolderId"], [each["id"] for each in root["childNodes"]]) == ("0", "0", [outer])
    assert root["childNodes"][0]["childNodes"][0]["name"] == "2026"
    assert (renamed.status, renamed.json()["folder"]["name"]) == (200, "2027")
    assert (moved.status, moved.json()["folder"]["parentFolderId"]) == (200, "0")
    assert [each["id"] for each in (await tree(client))["childNodes"]] == [outer, inner]
    names = ("id", "parentFolderId", "createdAt", "updatedAt", "updatedContentsAt", "name", "userId")
    assert tuple(root["childNodes"][0]) == (*names, "childNodes", "childLists")


async def test_a_list_has_one_place(client: Client) -> None:
    list_id, first, second = await make(client, "Guests"), await folder(client, "A"), await folder(client, "B")
    before = (await tree(client))["childLists"]

    places = []
    for target in (first, second, "0"):
        reply = await client.send("PUT", f"{FOLDERS}/move-list", body={"listId": list_id, "newFolderId": target})
        assert (reply.status, reply.content) == (204, b"")
        places.append([(await tree(client, each))["childLists"] for each in (first, second)])
    after = (await tree(client))["childLists"]

    number = int(list_id)
    assert places == [[[number], []], [[], [number]], [[], []]]
    assert (number in before, after == before) == (True, True)


async def test_a_folder_goes_once_it_is_empty(client: Client) -> None:
    list_id, folder_id = await make(client, "Guests"), await folder(client, "A")
    await client.send("PUT", f"{FOLDERS}/move-list", body={"listId": list_id, "newFolderId": folder_id})

    full = await client.send("DELETE", f"{FOLDERS}/{folder_id}")
    await client.send("DELETE", f"{URL}/{list_id}")
    empty = await client.send("DELETE", f"{FOLDERS}/{folder_id}")
    again = await client.send("DELETE", f"{FOLDERS}/{folder_id}")

    assert [reply.status for reply in (full, empty, again)] == [400, 204, 404]


async def test_folders_that_cannot_be_are_refused(client: Client) -> None:
    outer = await folder(client, "Events")
    inner = await folder(client, "2026", outer)

    def move(what: str, where: str) -> tuple[str, str, None]:
        return ("PUT", f"{FOLDERS}/{what}/move/{where}", None)

    calls = [
        ("POST", FOLDERS, {"name": "events"}),
        ("POST", FOLDERS, {"name": " "}),
        ("POST", FOLDERS, {"name": "Lost", "parentFolderId": "99"}),
        move(outer, inner),
        move("0", outer),
        move("99", "0"),
        ("PUT", f"{FOLDERS}/{inner}/rename", None),
        ("PUT", f"{FOLDERS}/move-list", {"listId": "99", "newFolderId": "0"}),
        ("DELETE", f"{FOLDERS}/0", None),
    ]
    statuses = [(await client.send(method, path, body=body)).status for method, path, body in calls]

    assert statuses == [400, 400, 404, 400, 400, 404, 400, 404, 400]


async def test_ids_of_the_oldest_lists_lead_to_those_of_today(client: Client) -> None:
    contacts, deals = await make(client, "People"), await make(client, "Deals", objectTypeId="0-3")

    one = await client.send("GET", f"{URL}/idmapping", query={"legacyListId": contacts})
    unknown = await client.send("GET", f"{URL}/idmapping", query={"legacyListId": deals})
    many = await client.send("POST", f"{URL}/idmapping", body=[contacts, deals, "x"])

    pair = {"listId": contacts, "legacyListId": contacts}
    assert (one.status, one.json(), unknown.status) == (200, pair, 404)
    assert many.json() == {"missingLegacyListIds": [deals, "x"], "legacyListIdsToIdsMapping": [pair]}
