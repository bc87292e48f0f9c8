"""Creating, changing, merging and archiving records with everything that follows from it.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/using-object-apis
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hubspot_sandbox.association_limits import check_limits
from hubspot_sandbox.associations import AssociationType
from hubspot_sandbox.calculations import Change, derive
from hubspot_sandbox.errors import ConflictError, ValidationError
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.pipelines import Pipeline, Stage
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.records import Author, Record, Value
from hubspot_sandbox.recounts import recount
from hubspot_sandbox.validation import check_values, refused_option

CONTACTS: Final = "0-1"
COMPANIES: Final = "0-2"

_FIRST_STAGE: Final = "lead"


@dataclass(frozen=True, slots=True)
class Written:
    """A record after a write, and the names of the properties that the write set or recomputed."""

    record: Record
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """A link wanted for a record."""

    to_id: int
    kinds: Sequence[AssociationType]


def create_record(
    portal: Portal,
    object_type: ObjectType,
    properties: Mapping[str, object],
    author: Author,
    links: Sequence[LinkRequest] = (),
) -> Written:
    """A new record.

    Raises: ValidationError, ConflictError (a contact with that e-mail exists).
    """
    wanted = check_values(portal, object_type, properties, {})
    values: dict[str, Value] = {name: value for name, value in wanted.items() if value is not None}
    _require(object_type, values)
    stage = _place_in_pipeline(portal, object_type, values)
    _check_unique(portal, object_type, values, None)
    now_ms = portal.clock.now_ms()
    record_id = portal.records.take_ids(object_type.type_id)[0]
    values |= _source(author)
    values |= _owner_values(portal, values, now_ms)
    change = Change(record_id, values, values.keys(), stage, now_ms, now_ms, is_new=True)
    values = values | _present(derive(object_type, change))
    record = Record(record_id, object_type.type_id, now_ms, now_ms, None, values)
    portal.records.insert([record])
    _delay_search(portal, record, None)
    for link in links:
        portal.associations.connect(record_id, link.to_id, link.kinds)
        ends = (object_type.type_id, record_id), (link.kinds[0].to_type, link.to_id)
        check_limits(portal.associations, portal.store, *ends)
    touched = recount(portal, [(object_type.type_id, record_id), *_ends(links)])
    record = touched.get(record_id, record)
    return Written(record, frozenset(record.properties) | set(object_type.base_properties))


def update_record(
    portal: Portal, object_type: ObjectType, before: Record, properties: Mapping[str, object], author: Author
) -> Written:
    """The record with some values changed; "" and null clear.

    Raises: ValidationError.
    """
    wanted = check_values(portal, object_type, properties, before.properties)
    _keep_lifecycle_order(portal, object_type, before, wanted)
    values = _merged(before.properties, wanted)
    stage = _place_in_pipeline(portal, object_type, values, moved=object_type.stage_property in wanted)
    _check_unique(portal, object_type, _present(wanted), before.id)
    now_ms = portal.clock.now_ms()
    names = {name for name in {*wanted, *values} if values.get(name) != before.properties.get(name)}
    change = Change(before.id, values, names, stage, before.created_ms, now_ms, is_new=False)
    derived = derive(object_type, change)
    # Recorded 2022: the answer shows what follows from every value that was sent, changed or not.
    shown = derive(object_type, replace(change, names=wanted.keys()))
    if "hubspot_owner_id" in names:
        derived |= _owner_values(portal, values, now_ms)
    values = _merged(values, derived)
    record = replace(before, updated_ms=now_ms, properties=values)
    portal.records.replace(record)
    portal.history.note_change(before, {name: values.get(name) for name in names}, author, now_ms)
    _delay_search(portal, record, before)
    return Written(record, frozenset({*wanted, *names, *derived, *shown}))


def archive_record(portal: Portal, record: Record) -> None:
    """Move a record to the recycle bin; its links go."""
    now_ms = portal.clock.now_ms()
    archived = replace(record, archived_ms=now_ms)
    portal.records.replace(archived)
    _delay_search(portal, archived, record)
    recount(portal, portal.associations.erase(record.id))


def erase_record(portal: Portal, record: Record) -> None:
    """Remove a record for good, as a GDPR deletion does."""
    others = portal.associations.erase(record.id)
    portal.records.erase(record)
    recount(portal, others)


def merge_records(portal: Portal, object_type: ObjectType, winner: Record, loser: Record, author: Author) -> Record:
    """The winner with the loser's values where it had none, its links, and its id as an alias.

    # choice: the winner keeps its id.
    """
    now_ms = portal.clock.now_ms()
    merged_ids = [str(winner.properties.get("hs_merged_object_ids", "")), str(loser.id)]
    values = {**loser.properties, **winner.properties, "hs_merged_object_ids": ";".join(filter(None, merged_ids))}
    if object_type.type_id == CONTACTS:
        values["hs_calculated_merged_vids"] = f"{loser.id}:{now_ms}"
        values["hs_all_contact_vids"] = f"{winner.id};{loser.id}"
    record = replace(winner, updated_ms=now_ms, properties=values)
    names = {name for name in values if values[name] != winner.properties.get(name)}
    portal.associations.move(object_type.type_id, loser.id, winner.id)
    portal.records.erase(loser)
    portal.records.redirect(loser.id, winner.id)
    portal.records.replace(record)
    portal.history.note_change(winner, {name: values[name] for name in names}, author, now_ms)
    _delay_search(portal, record, winner)
    return recount(portal, [(object_type.type_id, winner.id)]).get(winner.id, record)


_ONE_OF: Final[Mapping[str, Sequence[str]]] = {
    CONTACTS: ("email", "firstname", "lastname"),
    COMPANIES: ("name", "domain"),
}


def _ends(links: Sequence[LinkRequest]) -> list[tuple[str, int]]:
    return [(link.kinds[0].to_type, link.to_id) for link in links]


def _present(values: Mapping[str, Value | None]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if value is not None}


def _merged(base: Mapping[str, Value], changes: Mapping[str, Value | None]) -> dict[str, Value]:
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def _source(author: Author) -> dict[str, Value]:
    return {
        "hs_object_source": author.source_type,
        "hs_object_source_label": author.source_type,
        "hs_object_source_id": author.source_id,
    }


def _owner_values(portal: Portal, values: Mapping[str, Value], now_ms: int) -> dict[str, Value]:
    owner = portal.owners().get(str(values.get("hubspot_owner_id", "")))
    if owner is None:
        return {}
    return {
        "hubspot_owner_assigneddate": now_ms,
        "hs_all_owner_ids": owner.id,
        "hs_user_ids_of_all_owners": str(owner.user_id_including_inactive),
    }


def _require(object_type: ObjectType, values: dict[str, Value]) -> None:
    if object_type.type_id in {CONTACTS, COMPANIES}:
        values.setdefault("lifecyclestage", _FIRST_STAGE)
    missing = [name for name in object_type.required if name not in values]
    one_of = _ONE_OF.get(object_type.type_id, ())
    if not missing and one_of and values.keys().isdisjoint(one_of):
        missing = [" or ".join(one_of)]
    if missing:
        # choice: the text for missing required properties on v3 is not documented.
        raise ValidationError(
            f"Error creating {object_type.name.upper()}. Some required properties were not set.",
            context={"properties": [f"[{', '.join(missing)}]"]},
        )


def _check_unique(portal: Portal, object_type: ObjectType, values: Mapping[str, Value], own_id: int | None) -> None:
    email = values.get("email")
    if object_type.type_id == CONTACTS and email is not None:
        other = portal.records.find_by_value(CONTACTS, "email", str(email))
        if other is not None and other.id != own_id:
            raise ConflictError(f"Contact already exists. Existing ID: {other.id}", category="CONFLICT")
    definitions = portal.definitions(object_type)
    for name, value in values.items():
        if name in definitions and definitions[name].has_unique_value:
            other = portal.records.find_by_value(object_type.type_id, name, str(value))
            if other is not None and other.id != own_id:
                # choice: only the words "already has that value" are known.
                raise ValidationError(
                    f"Cannot set PropertyValueCoordinates{{portalId={portal.hub_id}, "
                    f"objectTypeId={object_type.type_id}, propertyName={name}, value={value}}}. "
                    f"{other.id} already has that value."
                )


def _keep_lifecycle_order(
    portal: Portal, object_type: ObjectType, before: Record, wanted: dict[str, Value | None]
) -> None:
    """Drop a step back in the life cycle: it moves forward only, unless it was cleared first."""
    new, old = wanted.get("lifecyclestage"), before.properties.get("lifecyclestage")
    if object_type.stage_property != "lifecyclestage" or new is None or old is None:
        return
    order = [option.value for option in portal.definitions(object_type)["lifecyclestage"].options]
    if order.index(str(new)) < order.index(str(old)):
        # choice: the answer is a success that shows the old stage.
        wanted["lifecyclestage"] = old


def _place_in_pipeline(
    portal: Portal, object_type: ObjectType, values: dict[str, Value], *, moved: bool = True
) -> Stage | None:
    """The record's stage; a stage alone tells the pipeline.

    Raises: ValidationError for a stage of another pipeline.
    """
    name = object_type.stage_property
    stage_id, pipeline_id = values.get(name), values.get(object_type.pipeline_property)
    if not name or stage_id is None:
        return None
    pipelines = portal.pipelines(object_type)
    own = [line for line in pipelines if line.id == pipeline_id]
    stage = _stage(own or pipelines, str(stage_id))
    if stage is None:
        options = [option for option in portal.definitions(object_type)[name].options if _allows(own, option.value)]
        raise refused_option(portal.hub_id, name, str(stage_id), options)
    if moved and not own:
        line = next(line for line in pipelines if stage in line.stages)
        values[object_type.pipeline_property] = line.id
    return stage


def _stage(pipelines: Sequence[Pipeline], stage_id: str) -> Stage | None:
    return next((stage for line in pipelines for stage in line.stages if stage.id == stage_id), None)


def _allows(pipelines: Sequence[Pipeline], stage_id: str) -> bool:
    return _stage(pipelines, stage_id) is not None


def _delay_search(portal: Portal, record: Record, before: Record | None) -> None:
    lag_ms = portal.next_index_lag_ms()
    if lag_ms:
        portal.records.remember_stale(record.id, before, record.type_id, portal.clock.now_ms() + lag_ms)
