"""Identifiers that follow from the portal's seed: the same seed and order of calls give the same ids."""

import base64
import hashlib
import uuid
from typing import Final

ACCESS_TOKEN_LENGTH: Final = 588
_FIRST_HUB_ID: Final = 24_000_000
_FIRST_USER_ID: Final = 55_000_000


class Identifiers:
    """Draws ids from a seed. `purpose` names a stream; `serial` the place in it."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def digest(self, purpose: str, serial: int, length_bytes: int) -> bytes:
        """Bytes that depend on nothing but seed, purpose and serial."""
        return hashlib.shake_256(f"{self._seed}/{purpose}/{serial}".encode()).digest(length_bytes)

    def number(self, purpose: str, serial: int, limit: int) -> int:
        """A number in [0, limit)."""
        return int.from_bytes(self.digest(purpose, serial, 8)) % limit

    def uuid(self, purpose: str, serial: int = 0) -> str:
        """A UUID of version 4 shape."""
        return str(uuid.UUID(bytes=self.digest(purpose, serial, 16), version=4))

    def hub_id(self) -> int:
        """The portal's number."""
        return _FIRST_HUB_ID + self.number("hub", 0, 24_000_000)

    def user_id(self, serial: int) -> int:
        """The number of the portal's user of that serial; rises with the serial."""
        return _FIRST_USER_ID + self.number("user", 0, 1_000_000) + serial * 7

    def access_token(self, serial: int) -> str:
        """An opaque OAuth access token: starts with C and is 588 characters long, as one seen in 2026 was."""
        text = base64.urlsafe_b64encode(self.digest("access token", serial, 441)).decode()
        return f"C{text[: ACCESS_TOKEN_LENGTH - 1]}"

    def hyphenated(self, purpose: str, serial: int) -> str:
        """The shape of codes and refresh tokens: `na1-7f3c-41aa-9b02-5d11-0c9e8a7b6d5f`."""
        text = self.digest(purpose, serial, 14).hex()
        return "-".join(["na1", *(text[at : at + 4] for at in range(0, 16, 4)), text[16:]])

    def correlation_id(self, at_ms: int, serial: int) -> str:
        """A UUID of version 7: its first 48 bits are the time.

        Source: https://github.com/scopiousdigital/kalup/blob/main/docs/hubspot.md (seen throughout in 2026)
        """
        noise = int.from_bytes(self.digest("correlation", serial, 10))
        bits = (at_ms & 0xFFFF_FFFF_FFFF) << 80 | noise
        bits = bits & ~(0xF << 76) | 0x7 << 76
        bits = bits & ~(0x3 << 62) | 0x2 << 62
        return str(uuid.UUID(int=bits))
