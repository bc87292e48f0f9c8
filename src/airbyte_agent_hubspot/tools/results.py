"""What a tool gives: text for the model, the same as JSON for programs, and a receipt."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ..errors import ConflictError, InvalidRequestError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._describe import Json
    from ..errors import ConnectorError
    from ..shaping import Receipt

MENDABLE: Final = (InvalidRequestError, NotFoundError, ConflictError)
"""Errors that another call by the model can avoid."""
_LONGEST_CALL: Final = 1_200
"""Characters of a call that is worth repeating."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gives. `text` is for the model; `data` has the same as JSON.

    `error` is set if the call failed: `text` then says what was wrong and what to call instead.
    """

    text: str
    data: dict[str, object] = field(default_factory=dict[str, object])
    receipt: Receipt | None = None
    error: ConnectorError | None = None

    @property
    def is_error(self) -> bool:
        """Whether the call failed."""
        return self.error is not None

    @property
    def is_mendable(self) -> bool:
        """Whether the call failed and another call by the model can do better."""
        return isinstance(self.error, MENDABLE)

    def __str__(self) -> str:
        return self.text


def failed(
    error: ConnectorError,
    call: Json | None = None,
    *,
    words: Callable[[str], str] = str,
    clean: Callable[[str], str] = str,
) -> ToolResult:
    """The error as a model should read it, with the call to make instead.

    `words` gives its sentence the form of text from the CRM, `clean` takes out what the model must not see.
    """
    said = f"{error.code}: {words(error.message)}"
    data: Json = {"error": error.code, "message": clean(error.message), "retryable": error.retryable}
    text = "" if call is None else json.dumps(call, ensure_ascii=False, separators=(",", ":"))
    if not text or len(text) > _LONGEST_CALL:
        return ToolResult(said, data, error=error)
    leads = "Put your values for <...> and call" if '"<' in text else "Call instead"
    return ToolResult(f"{said}\n{leads}: {text}", {**data, "call": call}, error=error)
