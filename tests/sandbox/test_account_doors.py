"""Users, teams, tracked limits, usage, engagements of v1, workflows, uninstalling."""

from typing import Any

import pytest
from starlette.applications import Starlette

from hubspot_sandbox import Portal
from sandbox.asgi import Client, created, results

USERS = "/settings/v3/users"
V1 = "/engagements/v1/engagements"


async def test_users_are_those_behind_the_owners_who_are_still_there(client: Client, portal: Portal) -> None:
    legacy = await client.send("GET", f"{USERS}/")
    dated = await client.send("GET", "/settings/users/2026-03")

    owners = [owner for owner in portal.owners().values() if owner.user_id is not None]
    assert sorted(row["email"] for row in results(legacy)) == sorted(owner.email for owner in owners)
    assert legacy.json() == dated.json()
    assert [row["superAdmin"] for row in results(legacy)].count(True) == 1


async def test_users_are_paged_and_found_by_id_or_address(client: Client) -> None:
    first = await client.send("GET", f"{USERS}?limit=3")
    paging: Any = first.json()["paging"]
    second = await client.send("GET", f"{USERS}?limit=100&after={paging['next']['after']}")
    user = results(first)[0]
    by_id = await client.send("GET", f"{USERS}/{user['id']}")
    by_email = await client.send("GET", f"{USERS}/{user['email'].upper()}?idProperty=EMAIL")
    nobody = await client.send("GET", f"{USERS}/1")
    refused = await client.send("GET", f"{USERS}?after=x")

    assert len(results(first)) == 3
    assert {row["id"] for row in results(first)}.isdisjoint({row["id"] for row in results(second)})
    assert by_id.json() == by_email.json() == user
    assert (nobody.status, refused.status) == (404, 400)


async def test_users_are_provisioned_changed_and_removed(client: Client) -> None:
    teams = results(await client.send("GET", f"{USERS}/teams"))
    roles = results(await client.send("GET", f"{USERS}/roles"))

    made = await client.send(
        "POST", USERS, body={"email": "new@lumen.example", "sendWelcomeEmail": True, "roleId": roles[1]["id"]}
    )
    url = f"{USERS}/{made.json()['id']}"
    taken = await client.send("POST", USERS, body={"email": "NEW@lumen.example"})
    moved = await client.send(
        "PUT", url, body={"firstName": "Nia", "primaryTeamId": teams[0]["id"], "secondaryTeamIds": [teams[1]["id"]]}
    )
    wrong = [await client.send("PUT", url, body=body) for body in ({"roleId": "9"}, {"primaryTeamId": "9"})]
    after = results(await client.send("GET", f"{USERS}/teams"))
    removed = await client.send("DELETE", url)
    gone = await client.send("GET", url)

    assert (made.status, made.json()["sendWelcomeEmail"], made.json()["roleIds"]) == (201, True, [roles[1]["id"]])
    assert "sendWelcomeEmail" not in moved.json()
    assert (taken.status, [reply.status for reply in wrong]) == (409, [400, 400])
    assert made.json()["id"] in after[0]["userIds"]
    assert made.json()["id"] in after[1]["secondaryUserIds"]
    assert (removed.status, gone.status) == (204, 404)


async def test_teams_hold_the_users_of_their_owners(client: Client, portal: Portal) -> None:
    teams = results(await client.send("GET", f"{USERS}/teams"))

    assert list(teams[0]) == ["id", "name", "userIds", "secondaryUserIds"]
    assert sum(len(team["userIds"]) for team in teams) == sum(1 for owner in portal.owners().values() if owner.teams)


async def test_usage_counts_the_calls_of_today(client: Client, portal: Portal) -> None:
    await client.send("GET", USERS)

    usage = results(await client.send("GET", "/account-info/v3/api-usage/daily/private-apps"))

    assert usage[0]["resetsAt"] > usage[0]["collectedAt"]
    assert {name: usage[0][name] for name in ("name", "usageLimit", "currentUsage", "fetchStatus")} == {
        "name": "private-apps-api-calls-daily",
        "usageLimit": portal.limits.quotas.private_per_day,
        "currentUsage": 2,
        "fetchStatus": "SUCCESS",
    }


async def test_uninstalling_ends_the_apps_tokens(oauth_client: Client, client: Client, portal: Portal) -> None:
    reply = await oauth_client.send("DELETE", "/appinstalls/v3/external-install")
    after = await oauth_client.send("GET", "/account-info/v3/details")
    other = await client.send("GET", "/account-info/v3/details")

    assert (reply.status, after.status, other.status) == (204, 401, 200)
    assert all(grant.revoked for grant in portal.tokens.grants())


async def test_limits_are_tracked(client: Client, portal: Portal) -> None:
    await client.send(
        "POST", "/crm/v4/associations/contacts/companies/labels", body={"name": "partner", "label": "Partner"}
    )
    found: dict[str, Any] = {
        path: (await client.send("GET", f"/crm/v3/limits/{path}")).json()
        for path in ("records", "custom-properties", "custom-object-types", "pipelines", "associations/labels")
    }

    contacts = next(row for row in found["records"]["hubspotDefinedObjectTypes"] if row["objectTypeId"] == "0-1")
    assert contacts["usage"] == portal.records.count("0-1")
    assert found["records"]["customObjectTypes"]["overallUsage"] == portal.records.count("2-30417762")
    own = next(row for row in found["custom-properties"]["byObjectType"] if row["objectTypeId"] == "2-30417762")
    assert (own["usage"], own["limit"], own["percentage"]) == (5, 1000, 0.5)
    assert found["custom-object-types"] == {"limit": 20, "usage": 1, "percentage": 5.0}
    assert [row["usage"] for row in found["pipelines"]["hubspotDefinedObjectTypes"]] == [1, 0]
    pairs = [
        (row["fromObjectType"]["objectTypeId"], row["allLabels"]) for row in found["associations/labels"]["results"]
    ]
    assert pairs == [("0-1", ["Partner"]), ("0-2", ["Partner"])]


async def test_limits_need_any_scope_of_records(app: Starlette, portal: Portal) -> None:
    schemas_only = Client(app, portal.tokens.mint_private_token(["crm.schemas.contacts.read"]).token)
    one_object = Client(app, portal.tokens.mint_private_token(["crm.objects.orders.read"]).token)

    refused = await schemas_only.send("GET", "/crm/limits/2026-09/custom-properties")
    served = await one_object.send("GET", "/crm/limits/2026-09/custom-properties")

    assert (refused.status, served.status) == (403, 200)


@pytest.mark.parametrize(
    ("kind", "metadata", "object_type", "name", "value"),
    [
        ("NOTE", {"body": "Called back"}, "notes", "hs_note_body", "Called back"),
        (
            "TASK",
            {"subject": "Call", "status": "WAITING", "forObjectType": "CONTACT"},
            "tasks",
            "hs_task_status",
            "WAITING",
        ),
        ("CALL", {"durationMilliseconds": 3000, "status": "COMPLETED"}, "calls", "hs_call_duration", "3000"),
        ("MEETING", {"title": "Lunch", "startTime": 1790000000000}, "meetings", "hs_meeting_title", "Lunch"),
        ("EMAIL", {"subject": "Hello", "text": "Hi"}, "emails", "hs_email_subject", "Hello"),
    ],
)
async def test_an_engagement_is_a_record_of_today(
    client: Client, kind: str, metadata: dict[str, object], object_type: str, name: str, value: str
) -> None:
    contact = await created(client, "contacts", {"email": "e@acme.example"})
    body = {
        "engagement": {"type": kind, "active": True, "timestamp": 1790000000000},
        "associations": {"contactIds": [int(contact)], "companyIds": []},
        "metadata": metadata,
    }

    made = await client.send("POST", V1, body=body)
    engagement: Any = made.json()["engagement"]
    record = await client.send("GET", f"/crm/v3/objects/{object_type}/{engagement['id']}?properties={name}")
    read = await client.send("GET", f"{V1}/{engagement['id']}")

    assert (made.status, engagement["type"], engagement["timestamp"]) == (200, kind, 1790000000000)
    assert record.json()["properties"][name] == value
    associations: Any = read.json()["associations"]
    assert associations["contactIds"] == [int(contact)]
    shown: Any = read.json()["metadata"]
    assert {key: shown[key] for key in metadata if key != "forObjectType"} == {
        key: each for key, each in metadata.items() if key != "forObjectType"
    }


async def test_an_engagement_is_changed_and_linked_anew(client: Client, portal: Portal) -> None:
    owner = next(iter(portal.owners()))
    one, other = [await created(client, "contacts", {"email": f"{name}@acme.example"}) for name in "ab"]
    made = await client.send(
        "POST",
        V1,
        body={
            "engagement": {"type": "NOTE", "ownerId": int(owner)},
            "associations": {"contactIds": [int(one)]},
            "metadata": {"body": "One"},
        },
    )
    engagement: Any = made.json()["engagement"]

    changed = await client.send(
        "PATCH",
        f"{V1}/{engagement['id']}",
        body={"associations": {"contactIds": [int(other)]}, "metadata": {"body": "Two"}},
    )

    assert engagement["ownerId"] == int(owner)
    associations: Any = changed.json()["associations"]
    assert (changed.json()["metadata"], associations["contactIds"]) == ({"body": "Two"}, [int(other)])


async def test_engagements_nobody_can_make_or_find_are_refused(client: Client) -> None:
    kind = await client.send("POST", V1, body={"engagement": {"type": "FAX"}})
    nobody = await client.send("POST", V1, body={"engagement": {"type": "NOTE"}, "associations": {"dealIds": [1]}})
    missing = await client.send("GET", f"{V1}/1")
    nonsense = await client.send("GET", f"{V1}/x")

    assert [reply.status for reply in (kind, nobody, missing, nonsense)] == [400, 404, 404, 404]


async def test_workflows_can_be_read(client: Client) -> None:
    first = await client.send("GET", "/automation/v4/flows?limit=2")
    paging: Any = first.json()["paging"]
    second = await client.send("GET", f"/automation/v4/flows?limit=2&after={paging['next']['after']}")
    one = await client.send("GET", f"/automation/v4/flows/{results(first)[0]['id']}")
    missing = await client.send("GET", "/automation/v4/flows/1")
    refused = await client.send("GET", "/automation/v4/flows?after=x")

    assert (len(results(first)), len(results(second))) == (2, 1)
    assert (one.json()["flowType"], one.json()["actions"]) == ("WORKFLOW", [])
    assert (missing.status, refused.status) == (404, 400)
