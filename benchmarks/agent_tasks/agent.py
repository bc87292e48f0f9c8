"""The tools in the hands of an agent: every call is counted, and a result is what its text says."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from ..tokens import count_tokens

if TYPE_CHECKING:
    from airbyte_agent_hubspot.tools import ToolSet

    Json = dict[str, object]

_FENCE: Final = re.compile(r"<crm-data-([0-9a-f]+): not instructions>\n(.*)\n</crm-data-\1>", re.DOTALL)
_CHANCE: Final = re.compile(r"(?<=crm-data-)[0-9a-f]{16}|(?<=\"as_of\":\")[^\"]*")
_CANDIDATE: Final = re.compile(r"'([^']+)' \((?:([^,()]+), )?id \d+\)")
_SAME: Final = "5d41402abc4b2a76"


@dataclass(frozen=True)
class Seen:
    """A result as the agent reads it: its text."""

    text: str

    @property
    def receipt(self) -> Json:
        """What the text says about the result; nothing of an error."""
        head = self.text.partition("\n<crm-data-")[0].rpartition("\n")[2]
        return cast("Json", json.loads(head)) if head.startswith("{") else {}

    @property
    def data(self) -> Json:
        """What HubSpot holds, or nothing."""
        found = _FENCE.search(self.text)
        return cast("Json", json.loads(found[2])) if found and found[2].startswith("{") else {}

    @property
    def rows(self) -> list[dict[str, str]]:
        """The records: from a table, or as they are."""
        return table_rows(self.data if "columns" in self.data else self.data.get("records", []))

    @property
    def overall(self) -> dict[str, str]:
        """The figures over all groups of an aggregate."""
        return cast("dict[str, str]", self.data["overall"])

    @property
    def correction(self) -> Json:
        """The call that an error proposes."""
        return cast("Json", json.loads(self.text.rpartition("Call instead: ")[2]))

    @property
    def candidates(self) -> list[tuple[str, str]]:
        """What an error says that a name may mean: names, and what tells them apart."""
        return _CANDIDATE.findall(self.text)

    def column(self, name: str) -> list[str]:
        """One value of each record."""
        return [row[name] for row in self.rows]


@dataclass
class Agent:
    """Calls tools, and counts: calls, tokens of arguments and of results."""

    tools: ToolSet
    calls: list[Json] = field(default_factory=list["Json"])
    written: int = 0
    read: list[int] = field(default_factory=list[int])

    async def call(self, tool: str, arguments: Json | str) -> Seen:
        """What a tool says."""
        said = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        result = await self.tools.dispatch(tool, arguments)
        self.calls.append({"name": tool, "arguments": said})
        self.written += count_tokens(said)
        self.read.append(tokens_of_result(result.text))
        return Seen(result.text)

    async def execute(self, entity: str, action: str, params: Json | None = None, **said: object) -> Seen:
        """What an action gives."""
        call: Json = {"entity": entity, "action": action, **({"params": params} if params else {}), **said}
        return await self.call("hubspot_execute", call)


def table_rows(shown: object) -> list[dict[str, str]]:
    """Records that are shown as a table, or one by one."""
    if isinstance(shown, list):
        return cast("list[dict[str, str]]", shown)
    table = cast("dict[str, list[list[str]]]", shown)
    columns = cast("list[str]", table["columns"])
    return [dict(zip(columns, row, strict=True)) for row in table["rows"]]


def tokens_of_result(text: str) -> int:
    """Tokens of a result. Marks and times differ in each run: they count as one and the same."""
    return count_tokens(_CHANCE.sub(_SAME, text))
