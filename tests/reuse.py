"""What libraries work out anew for each server, worked out once: tests make some thousand servers in one process."""

import inspect
from collections.abc import Callable, Hashable
from typing import Any

from fastapi import routing
from fastapi._compat.v2 import asdict
from fastapi.dependencies import utils as dependencies
from fastapi.utils import create_model_field
from pydantic.fields import FieldInfo
from sqlalchemy import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

_signatures: dict[object, inspect.Signature] = {}
_fields: dict[object, Any] = {}


def install() -> None:
    """Share it from now on."""
    _share_compiled_statements()
    _share_routes()


def _share_compiled_statements() -> None:
    """Two engines for one kind of database compile a statement to the same SQL, and keep it by their dialects."""
    compiled: LRUCache[Any, Any] = LRUCache(5000)
    # mypy would have these be as they were.
    DefaultDialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]
    DefaultDialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
    Engine._compiled_cache = property(lambda _: compiled, lambda *_: None)  # type: ignore[assignment]


def _share_routes() -> None:
    """The signature of a route's method, and what pydantic makes of its parameters, are the same for all servers."""
    signature_of, make_field = dependencies._get_signature, create_model_field

    def signature(call: Callable[..., Any]) -> inspect.Signature:
        if (inspect.isroutine(call) and not inspect.ismethod(call)) or inspect.isclass(call):
            return signature_of(call)
        key = call.__func__ if inspect.ismethod(call) else type(call)  # not what belongs to one server
        if key not in _signatures:
            _signatures[key] = signature_of(call)
        return _signatures[key]

    def field(name: str, type_: Any, field_info: FieldInfo | None = None, **named: Any) -> Any:
        told = None if field_info is None else (type(field_info), repr(asdict(field_info)))
        key = name, type_, told, repr(named)
        if not isinstance(type_, Hashable):
            return make_field(name, type_, field_info=field_info, **named)
        if key not in _fields:
            _fields[key] = make_field(name, type_, field_info=field_info, **named)
        return _fields[key]

    dependencies._get_signature = signature
    for module in (dependencies, routing):
        vars(module)["create_model_field"] = field
