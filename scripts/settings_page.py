"""The page of the server's settings, from the class that reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airbyte_agent_server.settings import PREFIX, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

_INTRO = """\
# Settings of the server

Read once at the start, from the environment. `make pages` writes this page from the class that reads them. A variable
that begins with `AGENT_SERVER_` and is not listed here stops the start: it is a typing error that would go unnoticed.

| Variable | Default | What it is |
|---|---|---|"""


def render_settings() -> str:
    """The page."""
    return "\n".join([_INTRO, *_rows(), ""])


def _rows() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        yield f"| `{PREFIX}{name.upper()}` | {_default(field)} | {field.description} |"


def _default(field: FieldInfo) -> str:
    value: object = field.default
    if value is None:
        return ""
    if isinstance(value, tuple):
        return "`" + " ".join(str(part) for part in value) + "`"
    return f"`{value}`"
