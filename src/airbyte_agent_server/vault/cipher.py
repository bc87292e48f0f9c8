"""AES-256-GCM with associated data. Pure: keys and nonces come in by argument."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from airbyte_agent_server.ports import SealBrokenError

KEY_BYTES = 32
NONCE_BYTES = 12


def encrypt(key: bytes, plaintext: bytes, *, identity: bytes, nonce: bytes) -> bytes:
    """Nonce and ciphertext, bound to `identity`. A nonce must never be used twice with one key."""
    return nonce + AESGCM(key).encrypt(nonce, plaintext, identity)


def decrypt(key: bytes, sealed: bytes, *, identity: bytes) -> bytes:
    """The plaintext.

    Raises:
        SealBrokenError: wrong key, altered bytes, or another identity.
    """
    nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, identity)
    except (InvalidTag, ValueError):
        raise SealBrokenError("The sealed bytes do not open under this key and identity.") from None
