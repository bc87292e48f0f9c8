"""Shapes of results: HubSpot's bytes -> a typed result, and both ways across the hosted envelope.

The envelope carries `result` (HubSpot's own bytes where nothing has to be reshaped) and `connector_metadata`.
"""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003 - dataclass fields are read at run time
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

import msgspec

from .models import Page, PageMeta

Params: TypeAlias = dict[str, object]
"""Validated parameters under their wire names."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """`connector_metadata` of the hosted answer."""

    next_cursor: str | None = None
    next_link: str | None = None
    has_next_page: bool = False
    end_cursor: str | None = None
    total: int | msgspec.UnsetType | None = msgspec.UNSET


NO_METADATA: Final = Metadata()
"""Of a result that is no page."""


class Envelope(msgspec.Struct):
    """A result as JSON, its metadata, and how many records it holds."""

    result: bytes
    metadata: Metadata
    records: int = 1


class Shape(Protocol[T_co]):
    """How one kind of result is read."""

    def decode(self, body: bytes, params: Params) -> T_co:
        """The result from HubSpot's answer to a call with `params`."""
        ...

    def to_envelope(self, body: bytes, params: Params) -> Envelope:
        """HubSpot's answer as JSON of `result`, and its metadata."""
        ...

    def from_envelope(self, result: bytes, metadata: Metadata) -> T_co:
        """The result from what `to_envelope` gave."""
        ...


class Next(msgspec.Struct, frozen=True):
    """Where the next page begins."""

    after: str
    link: str | None = None


class Paging(msgspec.Struct, frozen=True):
    """HubSpot's `paging`, absent on the last page."""

    next: Next | None = None


class _Results(msgspec.Struct, Generic[T], frozen=True):
    results: list[T]
    paging: Paging | None = None
    total: int | None = None


class _RawResults(msgspec.Struct, frozen=True):
    results: list[msgspec.Raw]
    paging: Paging | None = None
    total: int | None = None


_RAW = msgspec.json.Decoder(msgspec.Raw)
_RAW_RESULTS = msgspec.json.Decoder(_RawResults)


def _next_of(paging: Paging | None) -> Next | None:
    return paging.next if paging is not None else None


@dataclass(frozen=True)
class PageShape(Generic[T]):
    """A page of records: HubSpot's `{"results": [...], "paging": {"next": {"after"}}}`."""

    record: type[T]

    @cached_property
    def _decoder(self) -> msgspec.json.Decoder[_Results[T]]:
        return msgspec.json.Decoder(_Results[self.record])  # type: ignore[name-defined]

    @cached_property
    def _list_decoder(self) -> msgspec.json.Decoder[list[T]]:
        return msgspec.json.Decoder(list[self.record])  # type: ignore[name-defined]

    def decode(self, body: bytes, params: Params) -> Page[T]:
        """The page from HubSpot's answer."""
        del params
        answer = self._decoder.decode(body)
        following = _next_of(answer.paging)
        return Page(answer.results, PageMeta(following.after if following else None, answer.total))

    def to_envelope(self, body: bytes, params: Params) -> Envelope:
        """The bytes of each record as they are, and where the page stands."""
        del params
        answer = _RAW_RESULTS.decode(body)
        following = _next_of(answer.paging)
        cursor = following.after if following else None
        metadata = Metadata(
            next_cursor=cursor,
            next_link=following.link if following else None,
            has_next_page=following is not None,
            end_cursor=cursor,
            total=msgspec.UNSET if answer.total is None else answer.total,
        )
        # Joined without a step in between: pages are large.
        return Envelope(b"".join((b"[", b",".join(answer.results), b"]")), metadata, len(answer.results))

    def from_envelope(self, result: bytes, metadata: Metadata) -> Page[T]:
        """The page from the envelope."""
        total = None if metadata.total is msgspec.UNSET else metadata.total
        return Page(self._list_decoder.decode(result), PageMeta(metadata.next_cursor, total))


@dataclass(frozen=True)
class ConvertedShape(Generic[T]):
    """A result that `read` makes of HubSpot's answer: it crosses the envelope in our JSON form."""

    result: type[T]
    read: Callable[[bytes, Params], T]

    def decode(self, body: bytes, params: Params) -> T:
        """The result from HubSpot's answer."""
        return self.read(body, params)

    def to_envelope(self, body: bytes, params: Params) -> Envelope:
        """The result as JSON."""
        return Envelope(msgspec.json.encode(self.read(body, params)), NO_METADATA)

    def from_envelope(self, result: bytes, metadata: Metadata) -> T:
        """The result from the envelope."""
        del metadata
        return msgspec.json.decode(result, type=self.result)


@dataclass(frozen=True)
class ConvertedPageShape(Generic[T]):
    """A page that `read` makes of HubSpot's answer."""

    record: type[T]
    read: Callable[[bytes, Params], Page[T]]

    def decode(self, body: bytes, params: Params) -> Page[T]:
        """The page from HubSpot's answer."""
        return self.read(body, params)

    def to_envelope(self, body: bytes, params: Params) -> Envelope:
        """The page's records as JSON, and where it stands."""
        page = self.read(body, params)
        cursor = page.meta.next_cursor
        metadata = Metadata(
            next_cursor=cursor,
            has_next_page=cursor is not None,
            end_cursor=cursor,
            total=msgspec.UNSET if page.meta.total is None else page.meta.total,
        )
        return Envelope(msgspec.json.encode(page.data), metadata, len(page.data))

    def from_envelope(self, result: bytes, metadata: Metadata) -> Page[T]:
        """The page from the envelope."""
        return PageShape(self.record).from_envelope(result, metadata)


@dataclass(frozen=True)
class ItemShape(Generic[T]):
    """One object, as HubSpot sends it."""

    item: type[T]

    @cached_property
    def _decoder(self) -> msgspec.json.Decoder[T]:
        return msgspec.json.Decoder(self.item)

    def decode(self, body: bytes, params: Params) -> T:
        """The object from HubSpot's answer."""
        del params
        return self._decoder.decode(body)

    def to_envelope(self, body: bytes, params: Params) -> Envelope:
        """The object's bytes as they are. They must be one JSON value: this is checked."""
        del params
        return Envelope(bytes(_RAW.decode(body)), NO_METADATA)

    def from_envelope(self, result: bytes, metadata: Metadata) -> T:
        """The object from the envelope."""
        del metadata
        return self._decoder.decode(result)
