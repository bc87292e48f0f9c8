"""The calls whose results every framework must pass on, and how to compare what a model reads with them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airbyte_agent_hubspot.models import Result


@dataclass(frozen=True)
class ToolCall:
    """What a model asks for."""

    entity: str
    action: str
    params: dict[str, object]

    @property
    def arguments(self) -> dict[str, object]:
        return {"entity": self.entity, "action": self.action, "params": self.params}

    def __str__(self) -> str:
        return f"{self.entity}.{self.action}"


CONTACTS = ToolCall(
    "contacts", "list", {"limit": 2, "properties": ["email", "lastname"], "associations": ["companies"]}
)
MISSPELT = ToolCall("contacts", "list", {"limt": 2})
CALLS = [
    CONTACTS,
    ToolCall("contacts", "get", {"contactId": "601200300401", "propertiesWithHistory": "email"}),
    ToolCall("deals", "api_search", {"query": "a", "limit": 3}),
    ToolCall("schemas", "list", {}),
    ToolCall("schemas", "get", {"objectType": "contacts"}),
    ToolCall("*", "check", {}),
]


def without_nulls(value: object) -> object:
    """The same without members that are null: some frameworks write them, some do not."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def says(text: str, result: Result) -> bool:
    """Whether a model that reads `text` reads the result as JSON."""
    return without_nulls(json.loads(text)) == without_nulls(result.to_dict())
