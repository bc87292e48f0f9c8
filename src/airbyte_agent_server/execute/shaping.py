"""Results cut to what the caller asked for. Without a wish HubSpot's bytes pass through untouched."""

from collections.abc import Sequence

import msgspec

from airbyte_agent_hubspot._fields import for_each_record, records_of, selected, with_short_texts, without


def shape_result(
    result: bytes,
    *,
    select_fields: Sequence[str] | None,
    exclude_fields: Sequence[str] | None,
    truncate: bool,
) -> bytes:
    """JSON of the result, with only the wished fields of each record, and long texts of lists cut."""
    if select_fields is None and exclude_fields is None and not truncate:
        return result
    value: object = msgspec.json.decode(result)
    if select_fields is not None:
        value = for_each_record(value, lambda record: selected(record, select_fields))
    elif exclude_fields is not None:
        value = for_each_record(value, lambda record: without(record, exclude_fields))
    if truncate and records_of(value) is not None:
        value = for_each_record(value, with_short_texts)
    return msgspec.json.encode(value)
