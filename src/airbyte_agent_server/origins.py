"""Web origins: scheme, host and port, as browsers compare them. Pure."""

import re
from urllib.parse import SplitResult, urlsplit

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
DEFAULT_PORTS = {"http": 80, "https": 443}

_MAX_URL_LENGTH = 2048
_HOST_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
_FIRST_PRINTABLE, _LAST_PRINTABLE = "!", "~"


def split_url(url: str) -> SplitResult | None:
    """The parts of a URL; None when it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises when it is not a port
    except ValueError:
        return None
    return parts


def fault_of(url: str, parts: SplitResult | None) -> str | None:  # noqa: PLR0911  # one line for each rule
    """Why a browser must not be sent to a URL; None when it may: https, or http on this machine."""
    if len(url) > _MAX_URL_LENGTH:
        return f"is longer than {_MAX_URL_LENGTH} characters"
    if any(not _FIRST_PRINTABLE <= character <= _LAST_PRINTABLE or character == "\\" for character in url):
        return "contains a character that a URL must not contain unencoded"
    if parts is None or parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        return "is not absolute"
    if ":" not in parts.hostname and not _HOST_NAME.fullmatch(parts.hostname):
        return "has no valid host name"
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        return "is not https"
    if "#" in url or "@" in parts.netloc:
        return "has a fragment or a user name"
    return None


def origin_of(parts: SplitResult) -> str:
    """Scheme, host and port, the port left out where it is the scheme's own."""
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in {None, DEFAULT_PORTS.get(parts.scheme)} else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def read_origin(text: str) -> str:
    """An origin as it is compared.

    Raises:
        ValueError: it is not one that a browser may be sent to.
    """
    parts = split_url(text)
    fault = fault_of(text, parts)
    if parts is None or fault is not None or parts.path.strip("/") or parts.query:
        raise ValueError(f"{text!r} is not an origin: write it like https://yourapp.com.")
    return origin_of(parts)


def own_origin(public_url: str) -> str:
    """The origin of the server's own pages."""
    return origin_of(urlsplit(public_url))
