"""Cursors of lists: opaque, signed, bound to the query they continue."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from airbyte_agent_server.problems import ProblemError, field_problem

KeyedHash = Callable[[str, str], str]
"""A hash of (purpose, value) that nobody can guess."""

_PURPOSE = "cursor"
_MAC_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Cursors:
    """Makes cursors and reads them back. A position is whatever the list needs to go on."""

    keyed_hash: KeyedHash

    def encode(self, query: Mapping[str, object], position: Sequence[str]) -> str:
        """The cursor of `position` in the list that `query` asks for. The query is what is signed, not what is told."""
        told = msgspec.json.encode(position)
        return urlsafe_b64encode(self._mac(query, told) + told).rstrip(b"=").decode()

    def decode(self, query: Mapping[str, object], cursor: str) -> list[str]:
        """The position.

        Raises:
            ProblemError: `invalid_cursor`: altered, or made for another query.
        """
        try:
            raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except ValueError:
            raise _invalid() from None
        mac, told = raw[:_MAC_LENGTH], raw[_MAC_LENGTH:]
        if not hmac.compare_digest(mac, self._mac(query, told)):
            raise _invalid()
        return msgspec.json.decode(told, type=list[str])

    def _mac(self, query: Mapping[str, object], told: bytes) -> bytes:
        signed = msgspec.json.encode((query, told), order="deterministic")
        return bytes.fromhex(self.keyed_hash(_PURPOSE, signed.decode()))


def _invalid() -> ProblemError:
    return field_problem(
        "invalid_cursor", "cursor", "cursor is not one of this list with these filters: start again without it."
    )
