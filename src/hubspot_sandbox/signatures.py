"""How HubSpot signs what it sends to an app.

Source: https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation
"""

import base64
import hashlib
import hmac
import re
from typing import Final

# The escapes that are undone in the address before it is signed.
_DECODED: Final = re.compile("%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)


def signature_v1(secret: str, body: bytes) -> str:
    """Hex digest of secret and body."""
    return hashlib.sha256(secret.encode() + body).hexdigest()


def signature_v2(secret: str, method: str, url: str, body: bytes) -> str:
    """Hex digest of secret, method, address and body."""
    return hashlib.sha256(f"{secret}{method}{url}".encode() + body).hexdigest()


def signature_v3(secret: str, method: str, url: str, body: bytes, at_ms: int) -> str:
    """Base64 HMAC of method, address, body and instant."""
    address = _DECODED.sub(lambda escape: chr(int(escape[1], 16)), url)
    text = f"{method}{address}".encode() + body + str(at_ms).encode()
    return base64.b64encode(hmac.digest(secret.encode(), text, "sha256")).decode()


def signed_headers(secret: str, version: str, url: str, body: bytes, at_ms: int) -> dict[str, str]:
    """The headers of a webhook: v3, and beside it v1 or v2."""
    older = signature_v1(secret, body) if version == "v1" else signature_v2(secret, "POST", url, body)
    return {
        "X-HubSpot-Signature": older,
        "X-HubSpot-Signature-Version": version,
        "X-HubSpot-Signature-v3": signature_v3(secret, "POST", url, body, at_ms),
        "X-HubSpot-Request-Timestamp": str(at_ms),
    }
