"""Examples of what a type allows: the parameters of an operation, the objects that HubSpot sends."""

from __future__ import annotations

import types
from typing import (
    TYPE_CHECKING,
    Annotated,
    Literal,
    Required,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import msgspec
import msgspec.inspect
from hypothesis import strategies as st

from airbyte_agent_hubspot._shape import ConvertedPageShape, ConvertedShape, ItemShape, PageShape
from airbyte_agent_hubspot.models import (
    AccountDetails,
    AssociatedRecords,
    Association,
    AssociationLink,
    BatchResult,
    CheckResult,
    Deleted,
    MembershipChange,
    Record,
    Restored,
    SegmentList,
    SubscriptionStatus,
    Team,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airbyte_agent_hubspot._operation import Operation
    from airbyte_agent_hubspot._shape import Shape
    from airbyte_agent_hubspot.models import Result

NAMES = st.text("abcxyz019_-", min_size=1, max_size=8)
"""Text that fits into a path, a query and a comma-separated list."""
TEXT = st.text(max_size=8)
_INT64 = 2**63
_ALWAYS_GIVEN = {"types"}
"""Keys without which the meaning depends on the portal."""
_MEANINGFUL: dict[str, st.SearchStrategy[object]] = {
    "from_object_type": st.just("contacts"),
    "object_type": st.sampled_from(["contacts", "0-1", "p123_cars"]),
    "to_object_type": st.sampled_from(["companies", "deals"]),
    "after": st.integers(0, 10_000).map(str),
}
"""Keys whose values are not just any text."""


def values_of(annotation: object, text: st.SearchStrategy[str] = NAMES) -> st.SearchStrategy[object]:
    """Values of a type, within what its `Meta` allows."""
    meta: dict[str, int] = {}
    if get_origin(annotation) is Annotated:
        annotation, *notes = get_args(annotation)
        for note in notes:
            limits = {name: getattr(note, name) for name in ("ge", "le", "min_length", "max_length")}
            meta |= {name: value for name, value in limits.items() if value is not None}
    origin, parts = get_origin(annotation), get_args(annotation)
    least, most = meta.get("min_length", 0), min(2, meta.get("max_length", 2))
    if origin in {Union, types.UnionType}:
        return st.one_of([values_of(part, text) for part in parts])
    if origin is Literal:
        return st.sampled_from(parts)
    if origin is list:
        return st.lists(values_of(parts[0], text), min_size=least, max_size=most)
    if origin is dict:
        return st.dictionaries(text, values_of(parts[1], text), min_size=least, max_size=2)
    plain: dict[object, st.SearchStrategy[object]] = {
        str: text.filter(lambda one: len(one) >= least),
        bool: st.booleans(),
        int: st.integers(meta.get("ge", -_INT64), meta.get("le", _INT64 - 1)),
        float: st.floats(allow_nan=False, allow_infinity=False, width=32),
        type(None): st.none(),
        object: text | st.integers(-9, 9) | st.booleans(),
    }
    return plain[annotation] if annotation in plain else _objects_of(annotation, text)


def _objects_of(annotation: object, text: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    kind = cast("type", get_origin(annotation) or annotation)
    hints = {name: _bare(hint) for name, hint in get_type_hints(kind, include_extras=True).items()}
    for record in get_args(annotation):  # of a generic, such as `Found[Contact]`
        hints = {name: _filled(hint, record) for name, hint in hints.items()}
    if is_typeddict(kind):
        required = cast("frozenset[str]", kind.__required_keys__)  # type: ignore[attr-defined]
    else:
        described = cast("msgspec.inspect.DataclassType", msgspec.inspect.type_info(kind))
        required = frozenset(field.name for field in described.fields if field.required)
    strategies = {
        name: _MEANINGFUL[name] if name in _MEANINGFUL and is_typeddict(kind) else values_of(hint, text)
        for name, hint in hints.items()
    }
    always = required | _ALWAYS_GIVEN
    return st.fixed_dictionaries(
        {name: strategy for name, strategy in strategies.items() if name in always},
        optional={name: strategy for name, strategy in strategies.items() if name not in always},
    )


def _filled(hint: object, record: object) -> object:
    """The hint with `record` in place of a type variable."""
    if isinstance(hint, TypeVar):
        return record
    return list[record] if get_origin(hint) is list and isinstance(get_args(hint)[0], TypeVar) else hint  # type: ignore[valid-type]


def _bare(hint: object) -> object:
    return cast("object", get_args(hint)[0]) if get_origin(hint) is Required else hint


def params_of(operation: Operation) -> st.SearchStrategy[dict[str, object]]:
    """Parameters of an operation, under their snake_case names."""
    return cast("st.SearchStrategy[dict[str, object]]", values_of(operation.params))


def bodies_of(shape: Shape[Result], params: Mapping[str, object]) -> st.SearchStrategy[object]:
    """What HubSpot may answer where a result has this shape."""
    if isinstance(shape, ItemShape):
        return values_of(shape.item, TEXT)
    if isinstance(shape, PageShape):
        return _pages_of(shape.record)
    if isinstance(shape, ConvertedPageShape):
        return _pages_of(shape.record) if shape.record is Association else _LISTS
    assert isinstance(shape, ConvertedShape)
    result = get_origin(shape.result) or shape.result
    if result is BatchResult:
        return _batches_of(get_args(shape.result)[0], params)
    if isinstance(result, type) and issubclass(result, Record):
        return st.fixed_dictionaries({"results": st.lists(values_of(result, TEXT), min_size=1, max_size=1)})
    named = values_of(result, TEXT)
    wanted: dict[object, st.SearchStrategy[object]] = {
        SegmentList: st.fixed_dictionaries({"list": named}),
        Team: st.fixed_dictionaries({"results": st.tuples(_with(named, id=str(params.get("teamId"))), named)}),
        SubscriptionStatus: st.fixed_dictionaries(
            {"results": st.tuples(_with(named, subscriptionId=params.get("subscriptionId")), named)}
        ),
        AssociationLink: st.just({}) | st.fixed_dictionaries({"labels": st.lists(TEXT, max_size=2)}),
        CheckResult: values_of(AccountDetails, TEXT),
        MembershipChange: named,
        Deleted: st.none(),
        Restored: st.none(),
    }
    return wanted[result]


def _with(objects: st.SearchStrategy[object], **values: object) -> st.SearchStrategy[object]:
    return objects.map(lambda one: {**cast("dict[str, object]", one), **values})


_PAGINGS = st.sampled_from([{}, {"next": {"after": "102"}}, {"next": {"after": "102", "link": "https://x"}}])
_LISTS = st.fixed_dictionaries(
    {
        "lists": st.lists(values_of(SegmentList, TEXT), max_size=2),
        "hasMore": st.booleans(),
        "offset": st.integers(0, 9),
    },
    optional={"total": st.integers(0, 9)},
)


def _pages_of(record: object) -> st.SearchStrategy[object]:
    return st.fixed_dictionaries(
        {"results": st.lists(values_of(record, TEXT), max_size=3)},
        optional={"paging": _PAGINGS, "total": st.integers(0, 10_000)},
    )


def _batches_of(record: type, params: Mapping[str, object]) -> st.SearchStrategy[object]:
    """Answers to a batch: of each input nothing, a record or an error, in any order."""
    ids = [str(one) for one in cast("list[object]", params.get("ids", []))]
    keys = ids or [str(place) for place in range(len(cast("list[object]", params.get("inputs", []))))]
    answered: list[st.SearchStrategy[object]] = []
    if record is AssociatedRecords:
        to = values_of(Association, TEXT)
        answered = [
            st.fixed_dictionaries({"from": st.just({"id": key}), "to": st.lists(to, max_size=2), "paging": _PAGINGS})
            for key in keys
        ]
    elif issubclass(record, Record):
        records = values_of(record, TEXT)
        answered = [_with(records, id=key, **({} if ids else {"objectWriteTraceId": key})) for key in keys]
    errors = [
        st.fixed_dictionaries(
            {"message": TEXT, "context": st.just({"ids" if ids else "objectWriteTraceId": [key]})},
            optional={"category": TEXT, "subCategory": TEXT},
        )
        for key in keys
    ]
    return st.fixed_dictionaries(
        {
            "results": st.tuples(*answered).flatmap(st.permutations).flatmap(_beginning_of),
            "errors": st.tuples(*errors).flatmap(lambda all_of_them: st.sampled_from([[], all_of_them])),
        }
    )


def _beginning_of(items: list[object]) -> st.SearchStrategy[list[object]]:
    return st.integers(0, len(items)).map(lambda count: items[:count])
