"""Where the browser may be sent after consent. Pure."""

from collections.abc import Iterable
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from airbyte_agent_server.problems import ProblemError, field_problem

MAX_URL_LENGTH = 2048
LOOPBACK = "loopback"
OWN_PARAMETERS = frozenset({"secret_id", "server_side_oauth_secret_id", "connector_id", "error", "error_description"})

_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_FIRST_PRINTABLE, _LAST_PRINTABLE = "!", "~"


def check_redirect_url(url: str, allowed_origins: Iterable[str]) -> None:
    """Raise unless the browser may be sent there.

    Raises:
        ProblemError: `invalid_redirect_url` or `redirect_origin_not_allowed`.
    """
    parts = _split(url)
    fault = _fault(url, parts)
    if parts is None or fault is not None:
        raise field_problem(
            "invalid_redirect_url",
            "redirect_url",
            f"redirect_url {fault}: send an absolute https URL, or http on 127.0.0.1, [::1] or localhost.",
        )
    origin = origin_of(parts)
    allowed = frozenset(allowed_origins)
    if origin in allowed or (LOOPBACK in allowed and parts.hostname in _LOOPBACK_HOSTS):
        return
    raise _not_allowed(origin)


def _not_allowed(origin: str) -> ProblemError:
    return field_problem(
        "redirect_origin_not_allowed",
        "redirect_url",
        f"{origin} is not among the redirect_origins: have the operator add it, in the setting "
        "AGENT_SERVER_REDIRECT_ORIGINS or for this organization.",
        setting="redirect_origins",
        origin=origin,
    )


def normalize_origin(text: str) -> str:
    """An origin as it is compared; `loopback` stays as it is.

    Raises:
        ValueError: it is not an origin that the browser may be sent to.
    """
    if text == LOOPBACK:
        return text
    parts = _split(text)
    fault = _fault(text, parts)
    if parts is None or fault is not None or parts.path.strip("/") or parts.query:
        raise ValueError(f"{text!r} is not an origin: write it like https://yourapp.com.")
    return origin_of(parts)


def origin_of(parts: SplitResult) -> str:
    """Scheme, host and port, the port left out where it is the scheme's own."""
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises when it is not a port
    except ValueError:
        return None
    return parts


def _fault(url: str, parts: SplitResult | None) -> str | None:  # noqa: PLR0911  # one line for each rule
    if len(url) > MAX_URL_LENGTH:
        return f"is longer than {MAX_URL_LENGTH} characters"
    if any(not _FIRST_PRINTABLE <= character <= _LAST_PRINTABLE or character == "\\" for character in url):
        return "contains a character that a URL must not contain unencoded"
    if parts is None or parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return "is not absolute"
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK_HOSTS:
        return "is not https"
    if "#" in url or "@" in parts.netloc:
        return "has a fragment or a user name"
    taken = OWN_PARAMETERS.intersection(name for name, _ in parse_qsl(parts.query, keep_blank_values=True))
    if taken:
        return f"has the parameter {min(taken)}, which the answer uses"
    return None


def with_parameters(redirect_url: str, parameters: dict[str, str]) -> str:
    """The URL with our parameters after the caller's, which stay byte for byte."""
    separator = "&" if "?" in redirect_url else "?"
    if redirect_url.endswith(("?", "&")):
        separator = ""
    return redirect_url + separator + urlencode(parameters, quote_via=quote)
