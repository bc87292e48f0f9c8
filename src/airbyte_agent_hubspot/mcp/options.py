"""What an MCP server offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..shaping import MAX_TOKENS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..shaping import Redaction


@dataclass(frozen=True, slots=True)
class McpOptions:
    """What an MCP server offers.

    With `read_only` nothing that changes HubSpot; with `entities` only those. With `per_operation` a typed tool for
    each operation in place of three that lead to everything: name entities too, for all of them fill a model's context.
    A result has at most about `max_tokens` tokens unless the model asks for another size. `redact` keeps personal data
    from the model.
    """

    read_only: bool = False
    entities: Sequence[str] | None = None
    per_operation: bool = False
    max_tokens: int = MAX_TOKENS
    redact: Redaction | None = None
