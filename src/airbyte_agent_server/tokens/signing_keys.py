"""The key pairs that sign tokens, sealed in the database; they overlap when they are rotated."""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
from joserfc.jwk import ECKey, KeySet
from sqlalchemy import delete, or_, select, update

from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import signing_keys
from airbyte_agent_server.db.types import identity_of
from airbyte_agent_server.ports import Clock, Sealer
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.tokens.claims import LIFE_S

_log = logging.getLogger(__name__)

ALGORITHM = "ES256"
RELOAD_EVERY_S = 30.0
"""How old a process's knowledge of the keys may get before it reads them again."""
PUBLISHED_S = 300.0
"""How long a key is published, by every process, before it signs: as long as `jwks.json` may be cached."""
LEAD_S = PUBLISHED_S + 2 * RELOAD_EVERY_S
ACCEPTED_AFTER_S = max(LIFE_S.values()) + 60.0
"""How long a key is accepted once another signs: until its last token has expired, and a minute."""
_OWNER = "server"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair; it signs from an instant on, and is accepted until another."""

    kid: str
    private: ECKey = field(repr=False)
    signs_from: datetime
    accepted_until: datetime | None


class SigningKeys:
    """The key pairs of this server, sealed in the database."""

    def __init__(self, database: Database, sealer: Sealer, *, clock: Clock) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._keys: tuple[SigningKey, ...] = ()
        self._reload_at = clock.now()
        self._reloading = asyncio.Lock()

    async def load(self) -> None:
        """Read the keys; make the first one."""
        await self._read()
        if not self._keys:
            await self._create()
            await self._read()

    async def refresh(self) -> None:
        """Read the keys again if they were not read lately. If the database is away, those known still count."""
        if self._clock.now() < self._reload_at:
            return
        async with self._reloading:
            if self._clock.now() < self._reload_at:
                return
            self._reload_at = self._clock.now() + timedelta(seconds=RELOAD_EVERY_S)
            try:
                await self._read()
            except ProblemError as problem:
                _log.warning("the signing keys could not be read again: %s", problem.message)

    def all_keys(self) -> tuple[SigningKey, ...]:
        """Every key that is known, oldest first."""
        return self._keys

    def signing_key(self) -> SigningKey:
        """The newest key that may sign."""
        now = self._clock.now()
        return max((key for key in self._accepted(now) if key.signs_from <= now), key=lambda key: key.signs_from)

    def public_keys(self) -> list[dict[str, object]]:
        """The accepted keys for `jwks.json`."""
        return [
            {**key.private.as_dict(private=False), "kid": key.kid, "use": "sig", "alg": ALGORITHM}
            for key in self._accepted(self._clock.now())
        ]

    def key_set(self) -> KeySet:
        """The accepted keys, to verify with."""
        return KeySet([key.private for key in self._accepted(self._clock.now())])

    async def rotate(self, *, at_once: bool = False) -> SigningKey:
        """A new key that signs once every process and client must know it; those before it are retired.

        `at_once` is for a key that got into wrong hands: the new key signs now, and every token of the others ends
        within `RELOAD_EVERY_S` and the half minute that servers remember verified tokens.
        """
        now = self._clock.now()
        signs_from = now if at_once else now + timedelta(seconds=LEAD_S)
        accepted_until = now if at_once else signs_from + timedelta(seconds=ACCEPTED_AFTER_S)
        row = await self._new_row(signs_from)
        later = or_(signing_keys.c.accepted_until.is_(None), signing_keys.c.accepted_until > accepted_until)
        async with self._database.write() as connection:
            await self._database.only_writer_of(connection, signing_keys)
            await connection.execute(delete(signing_keys).where(signing_keys.c.accepted_until <= now))
            retired = update(signing_keys)
            await connection.execute(
                (retired.where(later) if at_once else retired.where(signing_keys.c.accepted_until.is_(None))).values(
                    accepted_until=accepted_until
                )
            )
            await connection.execute(signing_keys.insert().values(row))
        await self._read()
        return next(key for key in self._keys if key.kid == row["kid"])

    def _accepted(self, now: datetime) -> list[SigningKey]:
        return [key for key in self._keys if key.accepted_until is None or now < key.accepted_until]

    async def _read(self) -> None:
        query = select(signing_keys).order_by(signing_keys.c.signs_from, signing_keys.c.created_at)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        known = {key.kid: key.private for key in self._keys}
        keys = []
        for row in rows:
            private = known.get(row.kid)
            if private is None:
                opened = await self._sealer.open(row.sealed_private_jwk, identity=_identity(row.kid))
                private = ECKey.import_key(msgspec.json.decode(opened, type=dict[str, str | list[str]]))
            keys.append(SigningKey(row.kid, private, row.signs_from, row.accepted_until))
        self._keys = tuple(keys)

    async def _create(self) -> None:
        row = await self._new_row(self._clock.now())
        async with self._database.write() as connection:
            await self._database.only_writer_of(connection, signing_keys)
            if await connection.scalar(select(signing_keys.c.kid).limit(1)) is not None:
                return  # another process starting on the same database was faster
            await connection.execute(signing_keys.insert().values(row))

    async def _new_row(self, signs_from: datetime) -> dict[str, object]:
        key = ECKey.generate_key("P-256", auto_kid=True)
        kid = key.kid or ""
        private = msgspec.json.encode(key.as_dict(private=True))
        return {
            "kid": kid,
            "public_jwk": key.as_dict(private=False),
            "sealed_private_jwk": await self._sealer.seal(private, owner=_OWNER, identity=_identity(kid)),
            "created_at": self._clock.now(),
            "signs_from": signs_from,
        }


def _identity(kid: str) -> str:
    return identity_of(signing_keys.c.sealed_private_jwk, kid=kid)
