"""Envelope encryption: what belongs to an owner is sealed under its data key, which a master key wraps."""

import hmac
import uuid

from sqlalchemy.ext.asyncio import AsyncConnection

from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.ports import Clock, IdSource, SealBrokenError
from airbyte_agent_server.vault.cipher import decrypt, encrypt
from airbyte_agent_server.vault.data_keys import DataKeys
from airbyte_agent_server.vault.key_ring import ReadKeyRing
from airbyte_agent_server.vault.master_key import new_nonce

_VERSION = b"\x01"
_KEY_ID_BYTES = 16
HEAD_BYTES = len(_VERSION) + _KEY_ID_BYTES
"""An envelope begins with its version and the id of its data key."""


class EnvelopeSealer:
    """Seals under the owner's data key. Envelope: version, data key's id, nonce, ciphertext."""

    def __init__(self, database: Database, read_ring: ReadKeyRing, *, clock: Clock, ids: IdSource) -> None:
        self.keys = DataKeys(database, read_ring, clock=clock, ids=ids)
        self._ids = ids

    async def unlock(self) -> None:
        """Read the master keys, and make or open the server's own data key with them.

        Raises:
            MasterKeyError: there is no master key, or another one wrapped a data key.
        """
        await self.keys.unlock()

    async def seal(self, plaintext: bytes, *, owner: str, identity: str) -> bytes:
        """An envelope that opens only under the same `identity`."""
        data_key = await self.keys.current(owner)
        head = _VERSION + uuid.UUID(data_key.id).bytes
        return head + encrypt(data_key.key, plaintext, identity=head + identity.encode(), nonce=new_nonce(self._ids))

    async def open(self, envelope: bytes, *, identity: str) -> bytes:
        """The plaintext of an envelope."""
        key_id = key_id_of(envelope)
        data_key = await self.keys.find(key_id)
        if data_key is None:
            raise SealBrokenError("The data key of this envelope was destroyed.")
        head, sealed = envelope[:HEAD_BYTES], envelope[HEAD_BYTES:]
        return decrypt(data_key.key, sealed, identity=head + identity.encode())

    def keyed_hash(self, purpose: str, value: str) -> str:
        """A hash of `value` that nobody can guess without the server's first data key.

        `unlock` must have run.
        """
        return hmac.digest(self.keys.hash_key, f"{purpose}:{value}".encode(), "sha256").hex()

    async def shred(self, connection: AsyncConnection, owner: str) -> None:
        """Make all that was ever sealed for `owner` worthless, in the transaction that deletes the owner."""
        await self.keys.destroy(connection, owner)
        self.keys.forget(owner)


def key_id_of(envelope: bytes) -> str:
    """The id of the data key that sealed it.

    Raises:
        SealBrokenError: it is not an envelope.
    """
    head = envelope[:HEAD_BYTES]
    if len(head) != HEAD_BYTES or head[: len(_VERSION)] != _VERSION:
        raise SealBrokenError("This is not an envelope of a version that can be opened.")
    return str(uuid.UUID(bytes=head[len(_VERSION) :]))
