"""Where the browser may be sent after consent. Pure."""

from collections.abc import Iterable
from urllib.parse import SplitResult, parse_qsl, quote, urlencode

from airbyte_agent_server.origins import LOOPBACK_HOSTS, fault_of, origin_of, read_origin, split_url
from airbyte_agent_server.problems import ProblemError, field_problem

LOOPBACK = "loopback"
OWN_PARAMETERS = frozenset({"secret_id", "server_side_oauth_secret_id", "connector_id", "error", "error_description"})


def check_redirect_url(url: str, allowed_origins: Iterable[str], *, of_widget: bool = False) -> None:
    """Raise unless the browser may be sent there. `of_widget`: the origins are those of a widget token.

    Raises:
        ProblemError: `invalid_redirect_url` or `redirect_origin_not_allowed`.
    """
    parts = split_url(url)
    fault, taken = fault_of(url, parts), _own_parameter(parts)
    if parts is None or fault is not None:
        advice = "send an absolute https URL, or http on 127.0.0.1, [::1] or localhost, without user name and fragment"
        raise field_problem("invalid_redirect_url", "redirect_url", f"redirect_url {fault}: {advice}.")
    if taken is not None:
        said = f"redirect_url has the parameter {taken}, which the answer uses: give yours another name."
        raise field_problem("invalid_redirect_url", "redirect_url", said)
    origin = origin_of(parts)
    allowed = frozenset(allowed_origins)
    if origin in allowed or (LOOPBACK in allowed and parts.hostname in LOOPBACK_HOSTS):
        return
    raise _not_of_widget(origin) if of_widget else _not_allowed(origin)


def _not_allowed(origin: str) -> ProblemError:
    return field_problem(
        "redirect_origin_not_allowed",
        "redirect_url",
        f"{origin} is not among the redirect_origins: have the operator add it, in the setting "
        "AGENT_SERVER_REDIRECT_ORIGINS or for this organization.",
        setting="redirect_origins",
        origin=origin,
    )


def _not_of_widget(origin: str) -> ProblemError:
    return field_problem(
        "redirect_origin_not_allowed",
        "redirect_url",
        f"{origin} is not the allowed_origin of the widget token: come back to the page that the token was minted for.",
        origin=origin,
    )


def normalize_origin(text: str) -> str:
    """An origin as it is compared; `loopback` stays as it is.

    Raises:
        ValueError: it is not an origin that the browser may be sent to.
    """
    return text if text == LOOPBACK else read_origin(text)


def _own_parameter(parts: SplitResult | None) -> str | None:
    """A parameter of the URL that is one of ours."""
    names = () if parts is None else (name for name, _ in parse_qsl(parts.query, keep_blank_values=True))
    taken = OWN_PARAMETERS.intersection(names)
    return min(taken) if taken else None


def with_parameters(redirect_url: str, parameters: dict[str, str]) -> str:
    """The URL with our parameters after the caller's, which stay byte for byte."""
    separator = "&" if "?" in redirect_url else "?"
    if redirect_url.endswith(("?", "&")):
        separator = ""
    return redirect_url + separator + urlencode(parameters, quote_via=quote)
