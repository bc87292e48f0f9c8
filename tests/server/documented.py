"""What the server says about itself, `/openapi.json`, held against what it answers."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jsonschema import Draft202012Validator

from airbyte_agent_server.aliases import resolve_path
from airbyte_agent_server.problems import ProblemError

_OUTSIDE = frozenset({"route_not_found", "method_not_allowed"})
"""Codes of requests that reach no operation."""

_JSON = frozenset({"application/json", "application/problem+json"})


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    described: Mapping[str, Any]
    components: Mapping[str, Any]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches the paths it serves."""
        parts = re.split(r"\{(\w+)\}", self.path)
        names = {"rest": ".+"}
        return re.compile(
            "".join(names.get(part, "[^/]+") if index % 2 else re.escape(part) for index, part in enumerate(parts))
        )

    def validator(self, status: int, media_type: str) -> Draft202012Validator | None:
        """What a body of that status and type must fit; None if it is not documented."""
        content = self.described["responses"].get(str(status), {}).get("content", {})
        if media_type not in content:
            return None
        return Draft202012Validator({**content[media_type].get("schema", {}), "components": self.components})


class Documented:
    """Every operation of a document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.operations = list(_operations(document))
        self._validators: dict[tuple[str, str, int, str], Draft202012Validator | None] = {}

    def find(self, method: str, path: str) -> Operation | None:
        """The operation that serves a request, historical paths included. Plain paths win over those with names."""
        try:
            canonical = resolve_path(method, path).path
        except ProblemError:
            return None
        found = [row for row in self.operations if row.method == method and row.pattern.fullmatch(canonical)]
        return min(found, key=lambda row: (row.path.count("{"), -len(row.path)), default=None)

    def check(self, method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Fail unless the answer is one that the document tells of: its status, its type, its body."""
        media_type = headers.get("content-type", "").partition(";")[0]
        value: Any = json.loads(body) if media_type in _JSON and body else None
        code = value["code"] if media_type == "application/problem+json" else None
        if code is None and isinstance(value, dict):
            value = {"data" if name == _list_member(method, path) else name: item for name, item in value.items()}
        operation = self.find(method, path)
        if operation is None or (code in _OUTSIDE and operation.path != "/problems/{code}"):
            return
        where = f"{method} {operation.path}"
        assert str(status) in operation.described["responses"], (
            f"{where} answered {status} {code or media_type}, which its documentation does not have: "
            "add the code to the route's openapi_extra=may_answer(...)."
        )
        if not media_type:
            return
        key = (method, operation.path, status, media_type)
        if key not in self._validators:
            self._validators[key] = operation.validator(status, media_type)
        validator = self._validators[key]
        assert validator is not None, f"{where} answered {status} as {media_type}, which is not documented."
        faults = [error.message for error in validator.iter_errors(value)]
        assert not faults, f"{where} answered {status} {code or ''}, and not as documented: {faults}"


def _list_member(method: str, path: str) -> str:
    """How the caller's path names `data`."""
    try:
        return resolve_path(method, path).list_member
    except ProblemError:
        return "data"


def _operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            yield Operation(method.upper(), path, described, document["components"])
