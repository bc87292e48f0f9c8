"""Signatures of webhooks, as the Standard Webhooks specification has them.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime

from pydantic import SecretStr

from airbyte_agent_server.ports import IdSource

PREFIX = "whsec_"
LIVE_SECRETS = 2
"""While a secret is replaced, both the new and the old one sign."""
_SECRET_BYTES = 32


def new_secret(ids: IdSource) -> SecretStr:
    """256 random bits in the form that receivers' libraries take."""
    return SecretStr(PREFIX + b64encode(ids.random_bytes(_SECRET_BYTES)).decode())


def sign(event_id: str, at: datetime, body: bytes, secrets: Sequence[SecretStr]) -> dict[str, str]:
    """The headers that prove where a webhook comes from, and when it was sent."""
    timestamp = str(int(at.timestamp()))
    signed = b".".join((event_id.encode(), timestamp.encode(), body))
    macs = (hmac.digest(b64decode(secret.get_secret_value()[len(PREFIX) :]), signed, "sha256") for secret in secrets)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{b64encode(mac).decode()}" for mac in macs),
    }
