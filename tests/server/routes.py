"""FastAPI's look at the functions of routes, taken once: a server has a hundred, and these tests make thousands."""

from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import cache
from typing import Any
from unittest.mock import patch

from fastapi import routing
from fastapi.dependencies import utils
from fastapi.dependencies.models import Dependant
from fastapi.utils import create_model_field

_look = utils.get_dependant
_looked_at: dict[Hashable, Dependant] = {}


def _dependant(*, path: str, call: Callable[..., Any], **given: Any) -> Dependant:
    """What `call` wants, as known from a method of the same name of another object."""
    function = call.__func__ if hasattr(call, "__func__") else call if hasattr(call, "__name__") else type(call)
    key = (path, function, repr(given))
    found = _looked_at.get(key)
    if found is None:
        found = _looked_at[key] = _look(path=path, call=call, **given)
    return replace(found, call=call, dependencies=[*found.dependencies])


def remember_routes() -> None:
    """Remember what was found out, from now on."""
    for module in (utils, routing):
        patch.object(module, "get_dependant", new=_dependant).start()
    patch.object(routing, "create_model_field", new=cache(create_model_field)).start()
