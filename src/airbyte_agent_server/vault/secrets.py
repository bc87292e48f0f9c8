"""What the vault keeps for a connector, and its form at rest."""

from datetime import datetime
from typing import TypeAlias

import msgspec
from pydantic import SecretStr


class OAuthSecret(msgspec.Struct, frozen=True, tag="oauth"):
    """One OAuth grant. Without `client_secret` it belongs to an OAuth app that the server knows.

    With `app_id` that is an organization's, else the server's own.
    """

    refresh_token: SecretStr
    client_id: str
    client_secret: SecretStr | None = None
    access_token: SecretStr | None = None
    expires_at: datetime | None = None
    app_id: str | None = None


class PrivateAppSecret(msgspec.Struct, frozen=True, tag="private_app"):
    """The token of a private app or a service key; it does not expire."""

    token: SecretStr


ConnectorSecret: TypeAlias = OAuthSecret | PrivateAppSecret


def encode_secret(secret: ConnectorSecret) -> bytes:
    """The plaintext to seal."""
    return _ENCODER.encode(secret)


def decode_secret(plaintext: bytes) -> ConnectorSecret:
    """The secret in an opened envelope."""
    return _DECODER.decode(plaintext)


def grant_of(secret: ConnectorSecret) -> str:
    """What stands for the whole grant at HubSpot: whoever has it has access."""
    kept = secret.refresh_token if isinstance(secret, OAuthSecret) else secret.token
    return kept.get_secret_value()


def _reveal(value: SecretStr) -> str:
    return value.get_secret_value()


def _hide(_kind: type, value: object) -> SecretStr:
    return SecretStr(str(value))


_ENCODER = msgspec.json.Encoder(enc_hook=_reveal)
_DECODER: msgspec.json.Decoder[ConnectorSecret] = msgspec.json.Decoder(ConnectorSecret, dec_hook=_hide)
