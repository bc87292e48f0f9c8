"""Envelope encryption: each owner (a workspace, or the server itself) has a data key wrapped by the master key."""

import hmac
import uuid
from collections.abc import Callable

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError

from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.tables import data_keys
from airbyte_agent_server.ports import Clock, IdSource, SealBrokenError
from airbyte_agent_server.vault.cipher import KEY_BYTES, decrypt, encrypt
from airbyte_agent_server.vault.master_key import MasterKey, MasterKeyError, new_nonce

SERVER = "server"
"""Owner of what belongs to no workspace."""

_VERSION = b"\x01"
_KEY_ID_BYTES = 16
_CACHED_KEYS = 10_000


ReadMasterKey = Callable[[bool], MasterKey]
"""Reads the master key; the flag says that the database is fresh, so that a new key may be made."""


class EnvelopeSealer:
    """Seals under the owner's data key. Envelope: version, data key's id, nonce, ciphertext."""

    def __init__(self, database: Database, read_master_key: ReadMasterKey, *, clock: Clock, ids: IdSource) -> None:
        self._database = database
        self._read_master_key = read_master_key
        self._clock = clock
        self._ids = ids
        self._unlocked: MasterKey | None = None
        self._keys: dict[str, bytes] = {}
        self._key_id_of_owner: dict[str, str] = {}

    async def unlock(self) -> None:
        """Read the master key, and make or open the server's own data key with it.

        Raises:
            MasterKeyError: there is no master key, or another one wrapped the data key.
        """
        async with self._database.read() as connection:
            fresh = await connection.scalar(select(data_keys.c.id).limit(1)) is None
        master_key = self._unlocked = self._read_master_key(fresh)
        try:
            await self._own_key(SERVER)
        except SealBrokenError:
            raise MasterKeyError(
                f"The master key in {master_key.origin} (id {master_key.id}) does not open this "
                "database: its keys are wrapped by another one. Start with the key it was first started with."
            ) from None

    @property
    def _master_key(self) -> MasterKey:
        if self._unlocked is None:
            raise SealBrokenError("The vault is locked: the server has not started yet.")
        return self._unlocked

    async def seal(self, plaintext: bytes, *, owner: str, identity: str) -> bytes:
        """An envelope that opens only under the same `identity`."""
        key_id = await self._own_key(owner)
        head = _VERSION + uuid.UUID(key_id).bytes
        bound = head + identity.encode()
        return head + encrypt(self._keys[key_id], plaintext, identity=bound, nonce=new_nonce(self._ids))

    async def open(self, envelope: bytes, *, identity: str) -> bytes:
        """The plaintext of an envelope."""
        head_bytes = len(_VERSION) + _KEY_ID_BYTES
        head, sealed = envelope[:head_bytes], envelope[head_bytes:]
        if len(head) != head_bytes or head[:1] != _VERSION:
            raise SealBrokenError("This is not an envelope of a version that can be opened.")
        key_id = str(uuid.UUID(bytes=head[1:]))
        if key_id not in self._keys:
            await self._load(data_keys.c.id == key_id)
        if key_id not in self._keys:
            raise SealBrokenError("The data key of this envelope was destroyed.")
        return decrypt(self._keys[key_id], sealed, identity=head + identity.encode())

    def keyed_hash(self, purpose: str, value: str) -> str:
        """A hash of `value` that nobody can guess without the server's data key.

        `unlock` must have run.
        """
        key = self._keys[self._key_id_of_owner[SERVER]]
        return hmac.digest(key, f"{purpose}:{value}".encode(), "sha256").hex()

    async def _own_key(self, owner: str) -> str:
        master_key = self._master_key
        key_id = self._key_id_of_owner.get(owner) or await self._load(data_keys.c.owner == owner)
        if key_id is not None:
            return key_id
        key_id = self._ids.new_id()
        wrapped = master_key.wrap(
            self._ids.random_bytes(KEY_BYTES), identity=_identity(key_id, owner), nonce=new_nonce(self._ids)
        )
        try:
            async with self._database.write() as connection:
                await connection.execute(
                    data_keys.insert().values(
                        id=key_id,
                        owner=owner,
                        master_key_id=master_key.id,
                        wrapped=wrapped,
                        created_at=self._clock.now(),
                    )
                )
        except IntegrityError:
            pass  # another request made the owner's key in the meantime; that one counts
        return await self._own_key(owner)

    async def _load(self, wanted: ColumnElement[bool]) -> str | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(data_keys).where(wanted))).one_or_none()
        if row is None:
            return None
        if len(self._keys) >= _CACHED_KEYS:
            self._forget_workspaces()
        self._keys[row.id] = self._master_key.unwrap(row.wrapped, identity=_identity(row.id, row.owner))
        self._key_id_of_owner[row.owner] = row.id
        return str(row.id)

    def _forget_workspaces(self) -> None:
        key_id = self._key_id_of_owner[SERVER]
        self._keys = {key_id: self._keys[key_id]}
        self._key_id_of_owner = {SERVER: key_id}


def _identity(key_id: str, owner: str) -> bytes:
    return f"data-key:{key_id}:{owner}".encode()
