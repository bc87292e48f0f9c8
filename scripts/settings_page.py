"""The page of the server's settings, from the class that reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airbyte_agent_server.settings import PREFIX, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

_INTRO = """\
# Settings of the server

Read once at the start, from the environment and from a file. `make pages` writes this page from the class that reads
them. A name that is not listed here stops the start: it is a typing error that would go unnoticed.

The file is TOML; `--config` names it, or the variable `AGENT_SERVER_CONFIG`. Its keys are the names below in lower
case, without the prefix: `public_url = "https://agents.example.com"`, `redirect_origins = ["loopback"]`. Variables win
over the file; an empty one counts as absent. Words of a list are parted by blanks or commas in a variable, `true` and
`false` are written so. If there are secrets in the file, only the server's user should be able to read it.

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
    if isinstance(value, tuple):
        value = " ".join(str(part) for part in value)
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`"
