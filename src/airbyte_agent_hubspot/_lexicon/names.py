"""Labels and ids, both ways: a name is found whatever its case and blanks; two that fit are an error, never a guess."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from ..errors import FieldError, InvalidParamsError

if TYPE_CHECKING:
    from collections.abc import Sequence

AMBIGUOUS: Final = "ambiguous_name"
UNKNOWN: Final = "unknown_name"
_SHOWN: Final = 10
_BREAKS: Final = re.compile(r"[\s_\-./]+")


@dataclass(frozen=True, slots=True)
class Named:
    """Something with an id and a label. `also` are other names it goes by, `where` tells it from its namesakes."""

    id: str
    label: str
    also: tuple[str, ...] = ()
    where: str = ""


@dataclass(frozen=True)
class Names:
    """Everything of one kind in a portal. `kind` is how errors call one of them, `field` what they are about."""

    kind: str
    items: Sequence[Named]
    _labels: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_labels", {item.id: item.label for item in self.items})

    def label(self, identifier: str) -> str | None:
        """The label of an id."""
        return self._labels.get(identifier)

    def fitting(self, said: object) -> list[Named]:
        """What is meant by an id, a label or another name: nothing, one, or several. An exact id wins, then a label.

        Without any of these, names that begin with `said` or hold it as whole words.
        """
        text = str(said).strip()
        if text in self._labels:
            return [item for item in self.items if item.id == text][:1]
        wanted = plain(text)
        if not wanted:
            return []
        exact = [item for item in self.items if wanted in {plain(item.id), plain(item.label)}]
        exact = exact or [item for item in self.items if wanted in map(plain, item.also)]
        return exact or [
            item for item in self.items if any(f" {wanted} " in f" {plain(name)} " for name in (item.label, *item.also))
        ]

    def find(self, said: object, place: str) -> Named:
        """The one that is meant.

        Raises:
            InvalidParamsError: none is, or several are: `errors[0].details["candidates"]` has them with their ids.
        """
        fitting = self.fitting(said)
        if len(fitting) == 1:
            return fitting[0]
        raise self.ambiguous(said, fitting, place) if fitting else self.unknown(said, place)

    def ambiguous(self, said: object, fitting: Sequence[Named], place: str) -> InvalidParamsError:
        """The error for a name that several have."""
        shown = ", ".join(map(_shown, fitting[:_SHOWN]))
        more = f" and {len(fitting) - _SHOWN} more" if len(fitting) > _SHOWN else ""
        sentence = f"{said!r} may be any {self.kind} of these: {shown}{more}. Give the id of the one you mean."
        return name_error(sentence, AMBIGUOUS, place, said, fitting)

    def unknown(self, said: object, place: str) -> InvalidParamsError:
        """The error for a name that nobody has."""
        near = self.nearest(said)
        if near:
            hint = f"Did you mean {' or '.join(map(_shown, near))}?"
        elif self.items:
            more = f" and {len(self.items) - _SHOWN} more" if len(self.items) > _SHOWN else ""
            hint = f"There are: {', '.join(map(_shown, self.items[:_SHOWN]))}{more}."
        else:
            hint = "Nothing is called like it: say it in other words, or by its id."
        return name_error(f"There is no {self.kind} {said!r}. {hint}", UNKNOWN, place, said, near)

    def nearest(self, said: object) -> list[Named]:
        """What looks most like it."""
        by_name = {plain(name): item for item in self.items for name in (item.id, *item.also, item.label)}
        close = get_close_matches(plain(str(said)), by_name, n=5, cutoff=0.6)
        return list({by_name[name].id: by_name[name] for name in close}.values())[:3]


def plain(text: str) -> str:
    """Case, blanks and punctuation between words do not count: `Contract  Sent`, `contract_sent`."""
    return _BREAKS.sub(" ", text).strip().casefold()


def name_error(
    sentence: str, error_code: str, place: str, said: object, candidates: Sequence[Named]
) -> InvalidParamsError:
    """An error about a name, with those that were meant perhaps."""
    listed = [{"id": item.id, "label": item.label, **({"in": item.where} if item.where else {})} for item in candidates]
    return InvalidParamsError(
        sentence, errors=[FieldError(place, sentence, error_code, {"given": said, "candidates": listed})]
    )


def _shown(item: Named) -> str:
    return f"{item.label!r} ({f'{item.where}, ' if item.where else ''}id {item.id})"
