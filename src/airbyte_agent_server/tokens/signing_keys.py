"""The key pairs that sign tokens, sealed in the database; they overlap when they are rotated."""

from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from joserfc.jwk import ECKey, KeySet
from sqlalchemy import select

from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import signing_keys
from airbyte_agent_server.ports import Clock, Sealer

ALGORITHM = "ES256"
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

    async def load(self) -> None:
        """Read the keys; make the first one."""
        self._keys = await self._read()
        if not self._keys:
            await self._create()
            self._keys = await self._read()

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

    def _accepted(self, now: datetime) -> list[SigningKey]:
        return [key for key in self._keys if key.accepted_until is None or now < key.accepted_until]

    async def _read(self) -> tuple[SigningKey, ...]:
        query = select(signing_keys).order_by(signing_keys.c.created_at)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        keys = []
        for row in rows:
            private = await self._sealer.open(row.sealed_private_jwk, identity=_identity(row.kid))
            jwk = ECKey.import_key(msgspec.json.decode(private, type=dict[str, str | list[str]]))
            keys.append(SigningKey(row.kid, jwk, row.signs_from, row.accepted_until))
        return tuple(keys)

    async def _create(self) -> None:
        key = ECKey.generate_key("P-256", auto_kid=True)
        kid = key.kid or ""
        private = msgspec.json.encode(key.as_dict(private=True))
        sealed = await self._sealer.seal(private, owner=_OWNER, identity=_identity(kid))
        now = self._clock.now()
        async with self._database.write() as connection:
            await self._database.only_writer_of(connection, signing_keys)
            if await connection.scalar(select(signing_keys.c.kid).limit(1)) is not None:
                return  # another process starting on the same database was faster
            await connection.execute(
                signing_keys.insert().values(
                    kid=kid,
                    public_jwk=key.as_dict(private=False),
                    sealed_private_jwk=sealed,
                    created_at=now,
                    signs_from=now,
                )
            )


def _identity(kid: str) -> str:
    return f"signing-key:{kid}"
