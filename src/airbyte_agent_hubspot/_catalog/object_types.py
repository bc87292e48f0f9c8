"""Standard object types: their names, and the unlabelled associations between them.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/associations/associate-records/guide
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..errors import FieldError, InvalidParamsError

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFAULT_TYPE_IDS: Final[Mapping[str, Mapping[str, int]]] = {
    "contacts": {
        "deals": 4,
        "tickets": 15,
        "quotes": 70,
        "communications": 82,
        "calls": 193,
        "emails": 197,
        "meetings": 199,
        "notes": 201,
        "tasks": 203,
        "companies": 279,
        "contacts": 449,
        "leads": 609,
    },
    "companies": {
        "quotes": 72,
        "communications": 88,
        "calls": 181,
        "emails": 185,
        "meetings": 187,
        "notes": 189,
        "tasks": 191,
        "contacts": 280,
        "tickets": 340,
        "deals": 342,
        "companies": 450,
        "leads": 611,
    },
    "deals": {
        "contacts": 3,
        "line_items": 19,
        "tickets": 27,
        "quotes": 63,
        "communications": 86,
        "calls": 205,
        "emails": 209,
        "meetings": 211,
        "notes": 213,
        "tasks": 215,
        "companies": 341,
        "deals": 451,
        "leads": 1038,
    },
    "tickets": {
        "contacts": 16,
        "deals": 28,
        "communications": 84,
        "calls": 219,
        "emails": 223,
        "meetings": 225,
        "notes": 227,
        "tasks": 229,
        "companies": 339,
        "tickets": 452,
    },
    "line_items": {"deals": 20, "quotes": 68},
    "quotes": {"deals": 64, "line_items": 67, "contacts": 69, "companies": 71, "tasks": 217},
    "leads": {
        "calls": 596,
        "emails": 598,
        "meetings": 600,
        "communications": 602,
        "contacts": 608,
        "companies": 610,
        "tasks": 646,
        "notes": 854,
        "deals": 1037,
    },
    "notes": {"companies": 190, "contacts": 202, "deals": 214, "tickets": 228, "leads": 855},
    "calls": {"companies": 182, "contacts": 194, "deals": 206, "tickets": 220, "leads": 597},
    "emails": {"companies": 186, "contacts": 198, "deals": 210, "tickets": 224},
    "meetings": {"companies": 188, "contacts": 200, "deals": 212, "tickets": 226, "leads": 601},
    "tasks": {"companies": 192, "contacts": 204, "deals": 216, "quotes": 218, "tickets": 230, "leads": 647},
    "communications": {"contacts": 81, "tickets": 83, "deals": 85, "companies": 87, "leads": 603},
}
_NAMES: Final = {
    "contact": "contacts",
    "0-1": "contacts",
    "company": "companies",
    "0-2": "companies",
    "deal": "deals",
    "0-3": "deals",
    "ticket": "tickets",
    "0-5": "tickets",
    "product": "products",
    "0-7": "products",
    "line_item": "line_items",
    "0-8": "line_items",
    "quote": "quotes",
    "0-14": "quotes",
    "lead": "leads",
    "0-136": "leads",
    "note": "notes",
    "0-46": "notes",
    "call": "calls",
    "0-48": "calls",
    "email": "emails",
    "0-49": "emails",
    "meeting": "meetings",
    "0-47": "meetings",
    "task": "tasks",
    "0-27": "tasks",
    "communication": "communications",
    "0-18": "communications",
}
"""Other names of the standard types: singular and type id."""
_LONGEST_NAME: Final = 60
_ALIKE: Final = 0.7


def entity_of_type(object_type: str) -> str:
    """The entity that an object type is, whether named in the singular, the plural or by its type id."""
    lowered = object_type.strip().lower()
    return _NAMES.get(lowered, lowered)


def nearest_type(name: str) -> str | None:
    """The standard type that looks most like `name`."""
    from difflib import get_close_matches  # noqa: PLC0415 - seldom needed

    known = {**_NAMES, **{entity: entity for entity in _NAMES.values()}}
    close = get_close_matches(name[:_LONGEST_NAME].lower(), known, n=1, cutoff=_ALIKE)
    return known[close[0]] if close else None


def default_association(from_type: str, to_type: str) -> dict[str, object]:
    """The unlabelled association from one standard type to another.

    Raises:
        InvalidParamsError: no such default is known, as for custom objects.
    """
    type_id = _DEFAULT_TYPE_IDS.get(entity_of_type(from_type), {}).get(entity_of_type(to_type))
    if type_id is None:
        sentence = (
            f"The default association from {from_type} to {to_type} is not known: create the record first and use "
            "associations.create, or give `types` from association_labels.list."
        )
        raise InvalidParamsError(sentence, errors=[FieldError("params.associations", sentence, "unknown_association")])
    return {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}
