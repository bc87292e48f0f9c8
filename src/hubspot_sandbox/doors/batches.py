"""Records by the hundred: batch read, create, update, upsert, archive.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/using-object-apis
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from hubspot_sandbox.calls import Answer, Call, Door, mapping, objects, texts
from hubspot_sandbox.doors.access import reads_records, writes_records
from hubspot_sandbox.doors.checked_writes import create_checked, update_checked, with_warnings
from hubspot_sandbox.doors.objects import locate, portal_record, read_links, require_unique
from hubspot_sandbox.errors import ApiError, JsonObject, NotFoundError, ValidationError
from hubspot_sandbox.instants import format_instant
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.records import Record
from hubspot_sandbox.rendering import View, render, view, written_view
from hubspot_sandbox.writes import Written, archive_record

LARGEST_BATCH: Final = 100
LARGEST_HISTORY_BATCH: Final = 50
TRACE: Final = "objectWriteTraceId"
_CONTACTS: Final = "0-1"


def read_inputs(body: JsonObject, largest: int = LARGEST_BATCH) -> list[JsonObject]:
    """The inputs of a batch.

    Raises: ValidationError for none or too many.
    """
    if "inputs" not in body:
        raise ValidationError("Invalid input JSON on line 1, column 1: Some required fields were not set: [inputs]")
    inputs = objects(body["inputs"])
    if len(inputs) > largest:
        raise ValidationError(
            f"The maximum number of inputs supported in a batch is {largest}. "
            "Please reduce the number of items and try again"
        )
    return inputs


def completed(
    call: Call, status: int, results: Sequence[object], errors: Sequence[JsonObject], started_ms: int
) -> Answer:
    """The answer to a batch: 207 instead of `status` if some inputs failed."""
    body: JsonObject = {"status": "COMPLETE", "results": list(results)}
    if errors:
        body["numErrors"] = len(errors)
        body["errors"] = list(errors)
    body["startedAt"] = format_instant(started_ms)
    body["completedAt"] = format_instant(call.portal.clock.now_ms())
    return Answer(207 if errors else status, body)


def read_batch(call: Call) -> Answer:
    """The records of up to 100 ids or unique values; 207 names those that do not exist."""
    started_ms = call.portal.clock.now_ms()
    object_type = call.object_type()
    body = call.json()
    history = texts(body.get("propertiesWithHistory"))
    inputs = read_inputs(body, LARGEST_HISTORY_BATCH if history else LARGEST_BATCH)
    wanted = view(call.portal, object_type, texts(body.get("properties")), history)
    id_property = str(body.get("idProperty") or "")
    archived = call.flag("archived")
    found: dict[int, Record] = {}
    missing: list[str] = []
    for item in inputs:
        reference = str(item.get("id", ""))
        record = _find(call, object_type, reference, id_property, archived=archived)
        if record is None:
            missing.append(reference)
        else:
            found[record.id] = record
    results = [render(call.portal, object_type, record, wanted) for record in found.values()]
    errors = [_misses(object_type, missing)] if missing else []
    return completed(call, 200, results, errors, started_ms)


def _find(call: Call, object_type: ObjectType, reference: str, id_property: str, *, archived: bool) -> Record | None:
    try:
        return locate(call.portal, object_type, reference, id_property, archived=archived)
    except NotFoundError:
        return None


def _misses(object_type: ObjectType, ids: Sequence[str]) -> JsonObject:
    # choice: the context key is `ids`, as in the guides.
    return NotFoundError(
        f"Could not get some {object_type.name.upper()} objects, they may be deleted or not exist. "
        "Check that ids are valid.",
        category="OBJECT_NOT_FOUND",
        context={"ids": list(ids)},
    ).item()


def _written(call: Call, object_type: ObjectType, written: Written, item: JsonObject, shown: View) -> JsonObject:
    body = render(call.portal, object_type, written.record, shown)
    if TRACE in item:
        body[TRACE] = str(item[TRACE])
    return body


def _write_each(
    call: Call, inputs: Sequence[JsonObject], places: Iterable[int], write: Callable[[int], JsonObject]
) -> tuple[list[JsonObject], list[JsonObject]]:
    """Results and errors of writing the inputs at these places.

    Without a trace id of its own on every input, the first refusal fails the whole batch.
    """
    traces = [str(item[TRACE]) for item in inputs if TRACE in item]
    partial = len(set(traces)) == len(inputs)
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for place in places:
        try:
            with call.portal.store.savepoint():
                results.append(write(place))
        except ApiError as error:
            if not partial:
                raise
            errors.append(error.item() | {"context": {TRACE: [str(inputs[place][TRACE])]}})
    return results, errors


def create_batch(call: Call) -> Answer:
    """Up to 100 new records. The results come in reverse order of the inputs.

    # choice: reversed, as recorded in 2022; nobody measured 2026.
    """
    started_ms = call.portal.clock.now_ms()
    object_type = call.object_type()
    inputs = read_inputs(call.json())

    def write(place: int) -> JsonObject:
        item = inputs[place]
        links = read_links(call.portal, object_type, item.get("associations"))
        written, warnings = create_checked(call, object_type, mapping(item.get("properties")), links)
        shown = written_view(object_type, written.names)
        return with_warnings(_written(call, object_type, written, item, shown), warnings)

    results, errors = _write_each(call, inputs, range(len(inputs)), write)
    return completed(call, 201, results[::-1], errors, started_ms)


def update_batch(call: Call) -> Answer:
    """Up to 100 changed records; ids nobody has are named in the errors."""
    started_ms = call.portal.clock.now_ms()
    object_type = call.object_type()
    inputs = read_inputs(call.json())
    missing: list[str] = []
    known: dict[int, str] = {}
    for place, item in enumerate(inputs):
        reference, id_property = str(item.get("id", "")), str(item.get("idProperty") or "")
        record = (
            _find(call, object_type, reference, id_property, archived=False)
            if id_property
            else portal_record(call.portal, object_type, reference)
        )
        if record is None:
            missing.append(reference)
        else:
            known[place] = str(record.id)

    def write(place: int) -> JsonObject:
        properties = mapping(inputs[place].get("properties"))
        record = locate(call.portal, object_type, known[place])
        written, warnings = update_checked(call, object_type, record, properties)
        body = _written(call, object_type, written, inputs[place], _updated_view(object_type, written))
        return with_warnings(body, warnings)

    results, errors = _write_each(call, inputs, known, write)
    if missing:
        errors.append(_misses(object_type, missing))
    return completed(call, 200, results, errors, started_ms)


def _updated_view(object_type: ObjectType, written: Written) -> View:
    if object_type.type_id == _CONTACTS:
        return View(sorted(written.names | {object_type.modified_property}))
    return written_view(object_type, written.names)


def upsert_batch(call: Call) -> Answer:
    """Up to 100 records changed or created by a unique property, each result with `new`."""
    started_ms = call.portal.clock.now_ms()
    object_type = call.object_type()
    inputs = read_inputs(call.json())
    id_properties = {str(item.get("idProperty") or "") for item in inputs}
    if len(id_properties) > 1:
        # choice: the text is not documented.
        raise ValidationError("All inputs of an upsert must have the same idProperty")

    def write(place: int) -> JsonObject:
        item = inputs[place]
        reference, id_property = str(item.get("id", "")), str(item.get("idProperty") or "")
        record = _find(call, object_type, reference, id_property, archived=False)
        properties = mapping(item.get("properties"))
        if record is None:
            require_unique(call.portal, object_type, id_property)
            known = {id_property: reference, **properties}
            written, warnings = create_checked(call, object_type, known)
        else:
            written, warnings = update_checked(call, object_type, record, properties)
        shown = written_view(object_type, written.names)
        return with_warnings(_written(call, object_type, written, item, shown) | {"new": record is None}, warnings)

    results, errors = _write_each(call, inputs, range(len(inputs)), write)
    return completed(call, 200, results, errors, started_ms)


def archive_batch(call: Call) -> Answer:
    """204; ids nobody has are ignored."""
    object_type = call.object_type()
    for item in read_inputs(call.json()):
        record = portal_record(call.portal, object_type, str(item.get("id", "")))
        if record is not None:
            archive_record(call.portal, record)
    return Answer(204)


_BATCH: Final = "/crm/objects/{type}/batch"
DOORS: Final = (
    Door("POST", f"{_BATCH}/read", read_batch, reads_records),
    Door("POST", f"{_BATCH}/create", create_batch, writes_records),
    Door("POST", f"{_BATCH}/update", update_batch, writes_records),
    Door("POST", f"{_BATCH}/upsert", upsert_batch, writes_records),
    Door("POST", f"{_BATCH}/archive", archive_batch, writes_records),
)
