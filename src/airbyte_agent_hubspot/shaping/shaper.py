"""Runs calls for models: the result in few tokens, fenced, redacted, with a receipt."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, cast

from .._clock import SystemClock
from .._executor import counting
from .budget import estimate_tokens
from .fence import fenced, random_mark
from .fitting import Wish, as_json, fit
from .labels import Labels
from .receipt import Receipt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._clock import Clock
    from ..models import Result
    from .fence import NewMark
    from .labels import Execute
    from .redaction import Redaction
    from .tables import Json

_LONGEST_ERROR: Final = 1_500
_LONG_QUERY: Final = re.compile(r"(https?://[^\s?]+\?)\S{500,}")
_TRIES: Final = 3


@dataclass(frozen=True)
class Shaped:
    """A result as a model should get it: the receipt, then what the CRM holds, between marks that no text can end."""

    text: str
    receipt: Receipt
    crm_data: Json

    @property
    def data(self) -> Json:
        """The same as JSON, for those who pass structure on."""
        return {"receipt": self.receipt.to_dict(), "crm_data": self.crm_data}

    def __str__(self) -> str:
        return self.text


class Shaper:
    """Gives results a form for models. `execute` runs an action, such as `HubspotConnector.execute`."""

    def __init__(
        self,
        execute: Execute,
        *,
        clock: Clock | None = None,
        redact: Redaction | None = None,
        new_mark: NewMark = random_mark,
    ) -> None:
        self._execute = execute
        self._clock = clock or SystemClock()
        self._redact = redact
        self._new_mark = new_mark
        self._labels = Labels(execute, self._clock)

    async def run(
        self, entity: str, action: str, params: Mapping[str, object], wish: Wish | None = None, *, before: str = ""
    ) -> Shaped:
        """What the call gives, with what people call its owners and stages. `before` is a text of ours that it follows.

        Raises:
            ConnectorError: what `execute` raises.
        """
        with counting() as tally:
            result = (await self._execute(entity, action, params)).to_dict()
            labels = await self._labels.of(entity, result)
        asked = _names(params.get("properties"))
        return self._shaped(result, wish or Wish(), asked, labels, tally.upstream_calls, before=before)

    def shape(self, result: Result, wish: Wish | None = None) -> Shaped:
        """A result that is there already. Nothing is looked up."""
        return self._shaped(result.to_dict(), wish or Wish(), [], {}, None)

    def receipt_of(self, text: str) -> Receipt:
        """The receipt of a text that comes from the catalog: nothing was sent for it."""
        tokens = estimate_tokens(text)
        return Receipt(1, None, complete=True, tokens=tokens, upstream_calls=0, source="catalog", as_of=self._as_of())

    def redacted_text(self, sentence: str) -> str:
        """A sentence without personal data."""
        return sentence if self._redact is None else self._redact.text(sentence)

    def words(self, sentence: str) -> str:
        """A sentence in which names from the CRM may stand, such as that of an error: fenced, and not too long."""
        sentence = _LONG_QUERY.sub(r"\1...", self.redacted_text(sentence))  # useless once cut, and dear
        if len(sentence) > _LONGEST_ERROR:
            sentence = f"{sentence[:_LONGEST_ERROR]}..."
        return fenced(sentence, self._new_mark)

    def _shaped(
        self,
        result: object,
        wish: Wish,
        asked: list[str],
        labels: Mapping[str, Mapping[str, str]],
        upstream_calls: int | None,
        *,
        before: str = "",
    ) -> Shaped:
        if self._redact is not None:
            result = self._redact.redacted(result)
            labels = cast("Mapping[str, Mapping[str, str]]", self._redact.redacted(labels))
        shaped = self._fitted(result, wish, asked, labels, upstream_calls, before=before)
        smaller = wish
        for _ in range(_TRIES):  # sentences about what was left out may be long
            over = shaped.receipt.tokens - wish.max_tokens
            if over <= 0:
                break
            smaller = replace(smaller, max_tokens=max(smaller.max_tokens - over, 1))
            shaped = self._fitted(result, smaller, asked, labels, upstream_calls, before=before)
        return shaped

    def _fitted(
        self,
        result: object,
        wish: Wish,
        asked: list[str],
        labels: Mapping[str, Mapping[str, str]],
        upstream_calls: int | None,
        *,
        before: str = "",
    ) -> Shaped:
        fitted = fit(result, wish, asked=asked, labels=labels)
        receipt = Receipt(
            fitted.records,
            fitted.of,
            fitted.complete,
            fitted.left_out,
            fitted.following,
            fitted.note,
            upstream_calls=upstream_calls,
            as_of=self._as_of(),
        )
        body = fenced(as_json(fitted.data), self._new_mark)
        first = f"{before}\n" if before else ""
        receipt = replace(receipt, tokens=estimate_tokens(f"{first}{as_json(receipt.to_dict())}\n{body}"))
        return Shaped(f"{first}{as_json(receipt.to_dict())}\n{body}", receipt, fitted.data)

    def _as_of(self) -> str:
        return datetime.fromtimestamp(self._clock.now_s(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _names(properties: object) -> list[str]:
    """The properties that a call asked for."""
    if isinstance(properties, str):
        return [name.strip() for name in properties.split(",")]
    return [str(name) for name in cast("list[object]", properties)] if isinstance(properties, list) else []
