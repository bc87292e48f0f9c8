"""What HubSpot's Python client does with records, batches, search and associations."""

from typing import Any

import pytest
from hubspot.crm.associations import (
    BatchInputPublicAssociation,
    BatchInputPublicObjectId,
    PublicAssociation,
    PublicObjectId,
)
from hubspot.crm.associations.v4 import (
    AssociationSpec,
    BatchInputPublicAssociationMultiArchive,
    BatchInputPublicAssociationMultiPost,
    BatchInputPublicDefaultAssociationMultiPost,
    BatchInputPublicFetchAssociationsBatchRequest,
    PublicAssociationMultiArchive,
    PublicAssociationMultiPost,
    PublicDefaultAssociationMultiPost,
    PublicFetchAssociationsBatchRequest,
)
from hubspot.crm.contacts import (
    ApiException,
    PublicGdprDeleteInput,
    PublicMergeInput,
    PublicObjectSearchRequest,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)
from hubspot.crm.objects import (
    BatchInputSimplePublicObjectBatchInput,
    BatchInputSimplePublicObjectBatchInputForCreate,
    BatchInputSimplePublicObjectBatchInputUpsert,
    BatchInputSimplePublicObjectId,
    BatchReadInputSimplePublicObjectId,
    SimplePublicObjectBatchInput,
    SimplePublicObjectBatchInputForCreate,
    SimplePublicObjectBatchInputUpsert,
    SimplePublicObjectId,
)

from conformance.served import Served


def created(hubspot: Any, object_type: str, **values: str) -> Any:
    new = SimplePublicObjectInputForCreate(properties=values, associations=[])
    return hubspot.crm.objects.basic_api.create(object_type, simple_public_object_input_for_create=new)


def records(hubspot: Any, served: Served) -> None:
    api = hubspot.crm.contacts.basic_api
    page = api.get_page(limit=7, properties=["email"], associations=["companies"])
    new = SimplePublicObjectInputForCreate(properties={"email": "new@foreign.example"}, associations=[])
    contact = api.create(simple_public_object_input_for_create=new)
    with pytest.raises(ApiException) as conflict:
        api.create(simple_public_object_input_for_create=new)
    changed = api.update(contact.id, SimplePublicObjectInput(properties={"firstname": "Nova"}))
    read = api.get_by_id("new@foreign.example", id_property="email", properties=["firstname"])
    loser = created(hubspot, "contacts", email="old@foreign.example")
    survivor = api.merge(PublicMergeInput(primary_object_id=contact.id, object_id_to_merge=loser.id))
    api.archive(contact.id)
    with pytest.raises(ApiException) as missing:
        api.get_by_id(contact.id)
    other = created(hubspot, "contacts", email="erase@foreign.example")
    api.purge(PublicGdprDeleteInput(object_id=other.id))

    assert (len(page.results), page.paging.next.after) == (7, str(int(page.results[-1].id) + 1))
    assert (conflict.value.status, missing.value.status) == (409, 404)
    assert (changed.properties["firstname"], read.properties["firstname"]) == ("Nova", "Nova")
    assert survivor.id == contact.id
    assert len(hubspot.crm.companies.get_all()) == served.portal.records.count("0-2")


def every_object_type(hubspot: Any, served: Served) -> None:
    for name in ("companies", "deals", "tickets", "products", "line_items", "quotes"):
        assert getattr(hubspot.crm, name).basic_api.get_page(limit=1).results[0].id
    for name in ("notes", "tasks", "calls", "emails", "meetings"):
        assert getattr(hubspot.crm.objects, name).basic_api.get_page(limit=1).results[0].id
    for name in ("leads", "communications"):
        assert hubspot.crm.objects.basic_api.get_page(name, limit=1).results is not None
    assert served.portal.records.count("0-136") == len(hubspot.crm.objects.get_all("leads"))


def search(hubspot: Any, served: Served) -> None:
    contact = hubspot.crm.contacts.basic_api.get_page(limit=1).results[0]
    email = contact.properties["email"]
    request = PublicObjectSearchRequest(
        filter_groups=[{"filters": [{"propertyName": "email", "operator": "EQ", "value": email.upper()}]}],
        properties=["email"],
        limit=5,
    )
    found = hubspot.crm.contacts.search_api.do_search(public_object_search_request=request)
    by_query = hubspot.crm.objects.search_api.do_search("contacts", {"query": email.partition("@")[0]})

    assert (found.total, found.results[0].id) == (1, contact.id)
    assert contact.id in {row.id for row in by_query.results}
    assert served.portal.limits.usage()["day"] >= 2


def batches(hubspot: Any, served: Served) -> None:
    api = hubspot.crm.objects.batch_api
    made = api.create(
        "companies",
        BatchInputSimplePublicObjectBatchInputForCreate(
            inputs=[SimplePublicObjectBatchInputForCreate(properties={"name": name}, associations=[]) for name in "AB"]
        ),
    )
    ids = [row.id for row in made.results]
    changed = api.update(
        "companies",
        BatchInputSimplePublicObjectBatchInput(
            inputs=[SimplePublicObjectBatchInput(id=each, properties={"city": "Oslo"}) for each in ids]
        ),
    )
    read = api.read(
        "companies",
        BatchReadInputSimplePublicObjectId(
            inputs=[SimplePublicObjectId(id=each) for each in [*ids, "1"]],
            properties=["city"],
            properties_with_history=[],
        ),
    )
    upserted = api.upsert(
        "contacts",
        BatchInputSimplePublicObjectBatchInputUpsert(
            inputs=[
                SimplePublicObjectBatchInputUpsert(
                    id="upsert@foreign.example", id_property="email", properties={"firstname": "Uma"}
                )
            ]
        ),
    )
    api.archive("companies", BatchInputSimplePublicObjectId(inputs=[SimplePublicObjectId(id=ids[0])]))

    assert [row.properties["name"] for row in made.results] == ["B", "A"]
    assert len(changed.results) == 2
    assert ([row.properties["city"] for row in read.results], read.num_errors) == (["Oslo", "Oslo"], 1)
    assert upserted.results[0].new is True
    assert served.portal.records.find("0-2", int(ids[0])) is None


def associations(hubspot: Any, served: Served) -> None:
    contact, company = (
        created(hubspot, "contacts", email="link@foreign.example"),
        created(hubspot, "companies", name="L"),
    )
    pair = ("contacts", contact.id, "companies", company.id)
    api = hubspot.crm.associations.v4.basic_api
    default = api.create_default(*pair)
    plain = AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=279)
    labelled = api.create(*pair, association_spec=[plain])
    page = api.get_page("contacts", contact.id, "companies")
    api.archive(*pair)

    assert len(default.results) == 2
    assert (labelled.from_object_type_id, labelled.labels) == ("0-1", [])
    assert [kind.label for kind in page.results[0].association_types] == [None, "Primary"]
    assert served.portal.associations.links(int(contact.id), "0-2") == []


def association_batches(hubspot: Any, served: Served) -> None:
    contact, company = (
        created(hubspot, "contacts", email="many@foreign.example"),
        created(hubspot, "companies", name="M"),
    )
    api, types = hubspot.crm.associations.v4.batch_api, ("contacts", "companies")
    start, end = PublicObjectId(id=contact.id), PublicObjectId(id=company.id)
    primary = AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=1)
    typed = BatchInputPublicAssociationMultiPost(
        inputs=[PublicAssociationMultiPost(_from=start, to=end, types=[primary])]
    )
    made = api.create(*types, batch_input_public_association_multi_post=typed)
    read = api.get_page(
        *types,
        batch_input_public_fetch_associations_batch_request=BatchInputPublicFetchAssociationsBatchRequest(
            inputs=[PublicFetchAssociationsBatchRequest(id=contact.id), PublicFetchAssociationsBatchRequest(id="1")]
        ),
    )
    api.archive_labels(*types, batch_input_public_association_multi_post=typed)
    api.archive(
        *types,
        batch_input_public_association_multi_archive=BatchInputPublicAssociationMultiArchive(
            inputs=[PublicAssociationMultiArchive(_from=start, to=[end])]
        ),
    )
    default = api.create_default(
        *types,
        batch_input_public_default_association_multi_post=BatchInputPublicDefaultAssociationMultiPost(
            inputs=[PublicDefaultAssociationMultiPost(_from=start, to=end)]
        ),
    )

    assert made.results[0].labels == ["Primary"]
    assert (read.results[0]._from.id, read.num_errors) == (contact.id, 1)
    assert len(default.results) == 2
    assert served.portal.associations.count(int(contact.id), "0-2") == 1


def legacy_associations(hubspot: Any, served: Served) -> None:
    contact, deal = created(hubspot, "contacts", email="old@foreign2.example"), created(hubspot, "deals", dealname="D")
    types = ("contacts", "deals")
    one = PublicAssociation(_from=PublicObjectId(id=contact.id), to=PublicObjectId(id=deal.id), type="contact_to_deal")
    api = hubspot.crm.associations.batch_api
    made = api.create(*types, batch_input_public_association=BatchInputPublicAssociation(inputs=[one]))
    read = api.read(
        *types, batch_input_public_object_id=BatchInputPublicObjectId(inputs=[PublicObjectId(id=contact.id)])
    )
    kinds = hubspot.crm.associations.schema.types_api.get_all(*types)
    api.archive(*types, batch_input_public_association=BatchInputPublicAssociation(inputs=[one]))

    assert [row.type for row in made.results] == ["contact_to_deal", "deal_to_contact"]
    assert read.results[0].to[0].id == deal.id
    assert {kind.name for kind in kinds.results} >= {"contact_to_deal"}
    assert served.portal.associations.count(int(contact.id), "0-3") == 0


SCENARIOS = (
    records,
    every_object_type,
    search,
    batches,
    associations,
    association_batches,
    legacy_associations,
)
