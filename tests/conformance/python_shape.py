"""What HubSpot's Python client does with the shape of a portal: definitions, lists, people, tokens."""

from typing import Any

import pytest
from hubspot import HubSpot
from hubspot.crm.lists import ListCreateRequest, ListFilterUpdateRequest, ListSearchRequest, MembershipChangeRequest
from hubspot.crm.pipelines import (
    ApiException,
    PipelineInput,
    PipelinePatchInput,
    PipelineStageInput,
    PipelineStagePatchInput,
)
from hubspot.crm.properties import (
    BatchInputPropertyCreate,
    BatchInputPropertyName,
    BatchReadInputPropertyName,
    OptionInput,
    PropertyCreate,
    PropertyGroupCreate,
    PropertyGroupUpdate,
    PropertyName,
    PropertyUpdate,
)
from hubspot.crm.schemas import (
    AssociationDefinitionEgg,
    ObjectSchemaEgg,
    ObjectTypeDefinitionLabels,
    ObjectTypeDefinitionPatch,
    ObjectTypePropertyCreate,
)
from hubspot.settings.users import PublicUserUpdate, UserProvisionRequest

from conformance.python_records import created
from conformance.served import Served


def new_property(name: str, group: str = "contactinformation") -> PropertyCreate:
    options = [OptionInput(label=text.title(), value=text, display_order=0, hidden=False) for text in ("free", "paid")]
    return PropertyCreate(
        name=name, label="Tier", type="enumeration", field_type="select", group_name=group, options=options
    )


def properties(hubspot: Any, served: Served) -> None:
    api, groups, batch = (getattr(hubspot.crm.properties, f"{name}_api") for name in ("core", "groups", "batch"))
    groups.create("contacts", PropertyGroupCreate(name="billing", label="Billing", display_order=1))
    made = api.create("contacts", new_property("tier", "billing"))
    changed = api.update("contacts", "tier", PropertyUpdate(label="Plan"))
    read = api.get_by_name("contacts", "tier")
    everything = api.get_all("contacts").results
    batch.create("contacts", BatchInputPropertyCreate(inputs=[new_property("tier_two")]))
    both = batch.read(
        "contacts",
        BatchReadInputPropertyName(archived=False, inputs=[PropertyName(name="tier"), PropertyName(name="tier_two")]),
    )
    batch.archive("contacts", BatchInputPropertyName(inputs=[PropertyName(name="tier_two")]))
    api.archive("contacts", "tier")
    renamed = groups.update("contacts", "billing", PropertyGroupUpdate(label="Bills"))
    found = groups.get_by_name("contacts", "billing")
    groups.archive("contacts", "billing")

    assert (made.name, changed.label, read.options[1].value) == ("tier", "Plan", "paid")
    assert (len(everything) > 280, len(both.results)) == (True, 2)
    assert (renamed.label, found.label) == ("Bills", "Bills")
    assert "billing" not in {group.name for group in groups.get_all("contacts").results}
    assert "tier" in served.portal.archived_definitions(served.portal.types.find("contacts"))


def stage(label: str, probability: str, place: int = 0) -> PipelineStageInput:
    return PipelineStageInput(label=label, display_order=place, metadata={"probability": probability})


def pipelines(hubspot: Any, served: Served) -> None:
    api, stages = hubspot.crm.pipelines.pipelines_api, hubspot.crm.pipelines.pipeline_stages_api
    audits = hubspot.crm.pipelines.pipeline_audits_api
    made = api.create("deals", PipelineInput(label="New", display_order=5, stages=[stage("Open", "0.2")]))
    changed = api.update("deals", made.id, PipelinePatchInput(label="Newer"))
    added = stages.create("deals", made.id, stage("Won", "1.0", 1))
    moved = stages.update("deals", made.id, added.id, PipelineStagePatchInput(metadata={"probability": "0.9"}))
    swapped = stages.replace("deals", made.id, added.id, stage("Lost", "0.0", 1))
    one = stages.get_by_id("deals", made.id, added.id)
    listed = stages.get_all("deals", made.id).results
    stages.archive("deals", made.id, added.id)
    replaced = api.replace(
        "deals", made.id, PipelineInput(label="Last", display_order=5, stages=[stage("Only", "0.5")])
    )
    read = api.get_by_id("deals", made.id)
    history = audits.get_audit("deals", made.id).results
    api.archive("deals", made.id)
    with pytest.raises(ApiException) as missing:
        api.get_by_id("deals", made.id)

    assert (changed.label, moved.metadata["probability"], swapped.label, one.metadata["isClosed"]) == (
        "Newer",
        "0.9",
        "Lost",
        "true",
    )
    assert (len(listed), replaced.label, read.stages[0].label, missing.value.status) == (2, "Last", "Only", 404)
    assert [row.action for row in history] == ["UPDATE", "UPDATE", "CREATE"]
    assert len(api.get_all("deals").results) == len(served.portal.pipelines(served.portal.types.find("deals")))


def schemas(hubspot: Any, served: Served) -> None:
    api = hubspot.crm.schemas.core_api
    plate = ObjectTypePropertyCreate(name="plate", label="Plate", type="string", field_type="text")
    made = api.create(
        ObjectSchemaEgg(
            name="vehicle",
            labels=ObjectTypeDefinitionLabels(singular="Vehicle", plural="Vehicles"),
            primary_display_property="plate",
            required_properties=["plate"],
            properties=[plate],
            associated_objects=["CONTACT"],
        )
    )
    type_id = made.object_type_id
    changed = api.update(
        type_id,
        ObjectTypeDefinitionPatch(
            labels=ObjectTypeDefinitionLabels(singular="Car", plural="Cars"), clear_description=False
        ),
    )
    linked = api.create_association(
        type_id, AssociationDefinitionEgg(from_object_type_id=type_id, to_object_type_id="0-3", name="vehicle_to_deal")
    )
    vehicle = created(hubspot, type_id, plate="AB 12")
    read = api.get_by_id(type_id)
    api.archive_association(type_id, linked.id)
    hubspot.crm.objects.basic_api.archive(type_id, vehicle.id)
    api.archive(type_id)

    assert (changed.labels.singular, changed.portal_id) == ("Car", served.portal.hub_id)
    assert "vehicle_to_deal" in {row.name for row in read.associations}
    assert [schema.name for schema in api.get_all().results] == ["installation"]


def lists(hubspot: Any, served: Served) -> None:
    api, members = hubspot.crm.lists.lists_api, hubspot.crm.lists.memberships_api
    ids = [row.id for row in hubspot.crm.contacts.basic_api.get_page(limit=3).results]
    made = api.create(ListCreateRequest(name="Friends", object_type_id="0-1", processing_type="MANUAL")).list
    added = members.add(made.list_id, [*ids[:2], "1"])
    swapped = members.add_and_remove(
        made.list_id, MembershipChangeRequest(record_ids_to_add=[ids[2]], record_ids_to_remove=[ids[0]])
    )
    page = members.get_page(made.list_id)
    joined = members.get_page_ordered_by_added_to_list_date(made.list_id)
    members.remove(made.list_id, [ids[1]])
    other = api.create(ListCreateRequest(name="Others", object_type_id="0-1", processing_type="MANUAL")).list
    members.add_all_from_list(other.list_id, made.list_id)
    mine = members.get_lists("0-1", ids[2])
    members.remove_all(other.list_id)
    renamed = api.update_name(made.list_id, list_name="Best friends").updated_list
    by_name = api.get_by_name("Best friends", "0-1").list
    found = api.do_search(ListSearchRequest(query="friends", offset=0, count=10, additional_properties=[]))
    several = api.get_all(list_ids=[made.list_id, other.list_id]).lists
    api.remove(made.list_id)
    api.restore(made.list_id)

    assert (added.records_ids_added, added.record_ids_missing) == (ids[:2], ["1"])
    assert (swapped.records_ids_added, swapped.record_ids_removed) == ([ids[2]], [ids[0]])
    assert [row.record_id for row in page.results] == sorted(ids[1:])
    assert (len(joined.results), len(mine.results), len(several)) == (2, 2, 2)
    assert (renamed.name, by_name.list_id, found.lists[0].additional_properties["hs_list_size"]) == (
        "Best friends",
        made.list_id,
        "1",
    )
    assert api.get_by_id(made.list_id).list.name == "Best friends"
    assert served.portal.hub_id


def dynamic_lists(hubspot: Any, served: Served) -> None:
    def conditions(value: str) -> dict[str, object]:
        known = {"operationType": "MULTISTRING", "operator": "CONTAINS", "values": [value]}
        only = {"filterType": "PROPERTY", "property": "email", "operation": known}
        return {
            "filterBranchType": "OR",
            "filterBranchOperator": "OR",
            "filters": [],
            "filterBranches": [
                {"filterBranchType": "AND", "filterBranchOperator": "AND", "filterBranches": [], "filters": [only]}
            ],
        }

    api, members = hubspot.crm.lists.lists_api, hubspot.crm.lists.memberships_api
    made = api.create(
        ListCreateRequest(name="All", object_type_id="0-1", processing_type="DYNAMIC", filter_branch=conditions("@"))
    ).list
    before = len(members.get_page(made.list_id, limit=250).results)
    api.update_list_filters(made.list_id, ListFilterUpdateRequest(filter_branch=conditions("nobody@nowhere")))

    assert before == served.portal.records.count("0-1")
    assert members.get_page(made.list_id).results == []


def people(hubspot: Any, served: Served) -> None:
    owners = hubspot.crm.owners.get_all()
    one = hubspot.crm.owners.owners_api.get_by_id(int(owners[0].id), id_property="id")
    users, teams = hubspot.settings.users.users_api, hubspot.settings.users.teams_api.get_all().results
    made = users.create(UserProvisionRequest(email="new@foreign.example", send_welcome_email=False))
    moved = users.replace(made.id, PublicUserUpdate(primary_team_id=teams[0].id))
    read = users.get_by_id("new@foreign.example", id_property="EMAIL")
    users.archive(made.id)

    assert (one.id, len(teams)) == (owners[0].id, 3)
    assert moved.primary_team_id == read.primary_team_id == teams[0].id
    assert len(users.get_page().results) == len(owners)
    assert len(hubspot.settings.users.roles_api.get_all().results) == 2
    assert len(served.portal.owners()) == len(owners) + 1


def tokens(hubspot: Any, served: Served) -> None:
    app, grant = served.portal.tokens.apps()[0], served.portal.tokens.grants()[0]
    api = HubSpot(host=served.url).oauth
    granted = api.tokens_api.create(
        grant_type="refresh_token",
        client_id=app.client_id,
        client_secret=app.client_secret,
        refresh_token=grant.refresh_token,
    )
    access = api.access_tokens_api.get(granted.access_token)
    refresh = api.refresh_tokens_api.get(grant.refresh_token)
    mine = HubSpot(access_token=granted.access_token, host=served.url).crm.contacts.basic_api.get_page(limit=1)
    api.refresh_tokens_api.archive(grant.refresh_token)

    assert (granted.expires_in, access.hub_id, refresh.client_id) == (1800, served.portal.hub_id, app.client_id)
    assert len(mine.results) == len(hubspot.crm.contacts.basic_api.get_page(limit=1).results)


SCENARIOS = (properties, pipelines, schemas, lists, dynamic_lists, people, tokens)
