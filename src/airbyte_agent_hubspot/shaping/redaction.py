"""Personal data kept from models: by the name of the property, by what a text looks like, or both."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast, get_args

from .._fields import records_of
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from ..models import Result

Mode: TypeAlias = Literal["mask", "hash", "drop"]

EMAIL_ADDRESS: Final = r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
"""A pattern for `texts`: addresses for mail."""
PHONE_NUMBER: Final = (
    r"(?<![\w.:/-])(?!\d{4}-\d\d-\d\d(?!\d))"
    r"(?:\+\d[\d ()./-]{6,18}\d|(?:\(\d{2,5}\)|\d{2,4})[ /-]\d{2,5}(?:[ /-]\d{2,5}){1,4})(?![\w:-])"
)
"""A pattern for `texts`: telephone numbers with a `+` or in three groups and more. Amounts so written look the same."""

_MASK: Final = "[redacted]"
_HASH_CHARS: Final = 12
_TELLING: Final = 4
"""Shorter values may stand in any text by chance."""


@dataclass(frozen=True)
class Redaction:
    """What becomes of personal data: `mask` hides it, `hash` makes equal values equal tokens, `drop` removes it.

    `properties` has a mode for names of properties, in which `*` stands for any characters: `{"*phone*": "mask"}`.
    What such a property holds is kept out of the other texts of the same record, too. `texts` has a mode for regular
    expressions that are looked for in every text. `key` makes hashes the same in another process; without one they last
    as long as this object.

    Raises:
        ConfigurationError: a mode is unknown, or a pattern is no regular expression.
    """

    properties: Mapping[str, Mode] = field(default_factory=dict[str, Mode])
    texts: Mapping[str, Mode] = field(default_factory=dict[str, Mode])
    key: bytes | None = field(default=None, repr=False)
    _key: bytes = field(init=False, repr=False, compare=False)
    _patterns: list[tuple[re.Pattern[str], Mode]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, mode in (*self.properties.items(), *self.texts.items()):
            if mode not in get_args(Mode):
                raise ConfigurationError(f"{mode!r} is no way to redact {name!r}: {', '.join(get_args(Mode))} are.")
        try:
            patterns = [(re.compile(pattern), mode) for pattern, mode in self.texts.items()]
        except re.error as error:
            raise ConfigurationError(f"A pattern of Redaction(texts=...) is no regular expression: {error}.") from error
        object.__setattr__(self, "_patterns", patterns)
        object.__setattr__(self, "_key", secrets.token_bytes(32) if self.key is None else self.key)

    def apply(self, result: Result) -> object:
        """The result as plain JSON, redacted."""
        return self.redacted(result.to_dict())

    def redacted(self, value: object) -> object:
        """Plain JSON, redacted: each record by itself."""
        records = records_of(value)
        if records is None:
            return self._one(value)
        if records is value:
            return [self._one(record) for record in records]
        members = cast("dict[str, object]", value)
        around = cast(
            "dict[str, object]", self._one({key: item for key, item in members.items() if item is not records})
        )
        return {
            key: [self._one(record) for record in records] if item is records else around[key]
            for key, item in members.items()
            if item is records or key in around
        }

    def _one(self, value: object) -> object:
        hidden: dict[str, str] = {}
        changed = self._changed(value, hidden)
        return self._texts(changed, dict(sorted(hidden.items(), key=lambda item: -len(item[0]))))

    def text(self, text: str) -> str:
        """A text in which no pattern of `texts` is found any more."""
        for pattern, mode in self._patterns:
            text = pattern.sub(partial(self._replacement, mode), text)
        return text

    def _replacement(self, mode: Mode, found: re.Match[str]) -> str:
        return self._hidden(found[0], mode) or ""

    def _changed(self, value: object, hidden: dict[str, str]) -> object:
        """The value without what properties hold; `hidden` learns what was there and what stands for it."""
        if isinstance(value, list):
            return [self._changed(item, hidden) for item in cast("list[object]", value)]
        if not isinstance(value, dict):
            return value
        kept: dict[str, object] = {}
        for name, item in cast("dict[str, object]", value).items():
            mode = self._mode_of(name)
            if mode is None or item is None:
                kept[name] = self._changed(item, hidden)
                continue
            new = self._whole(item, mode, hidden)
            if mode != "drop":
                kept[name] = new
        return kept

    def _whole(self, value: object, mode: Mode, hidden: dict[str, str]) -> object:
        """The value of a property: text, or its versions over time, or what its values are called."""
        if isinstance(value, list):
            return [self._whole(item, mode, hidden) for item in cast("list[object]", value)]
        if isinstance(value, dict):
            members = cast("dict[str, object]", value)
            if "value" in members:  # one of its values over time
                return {**members, "value": self._whole(members["value"], mode, hidden)}
            return {
                str(self._whole(name, mode, hidden) or _MASK): self._whole(item, mode, hidden)
                for name, item in members.items()
            }
        if value is None or isinstance(value, bool):
            return value
        text = str(value)
        new = self._hidden(text, mode)
        if len(text) >= _TELLING:
            hidden[text] = new or ""
        return new

    def _texts(self, value: object, hidden: Mapping[str, str]) -> object:
        if isinstance(value, str):
            for text, new in hidden.items():
                if text in value:
                    value = value.replace(text, new or _MASK)
            return self.text(value)
        if isinstance(value, list):
            return [self._texts(item, hidden) for item in cast("list[object]", value)]
        if isinstance(value, dict):
            members = cast("dict[str, object]", value)
            return {str(self._texts(name, hidden)): self._texts(item, hidden) for name, item in members.items()}
        return value

    def _mode_of(self, name: str) -> Mode | None:
        return next((mode for pattern, mode in self.properties.items() if fnmatchcase(name, pattern)), None)

    def _hidden(self, text: str, mode: Mode) -> str | None:
        if mode == "hash":
            digest = hmac.new(self._key, text.strip().casefold().encode(), hashlib.sha256).hexdigest()
            return f"#{digest[:_HASH_CHARS]}"
        return _MASK if mode == "mask" else None
