"""The OAuth flow as decisions: how it completes, which scopes it asks for, what a failure is called. Pure."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, urlencode

from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_server.problems import ProblemError, field_problem

STATE_LIFE_S = 600
_ALWAYS = "oauth"


class Completion(StrEnum):
    """What the application gets back after consent."""

    SECRET_ID = "secret_id"  # noqa: S105  # the name of a parameter
    CONNECTOR_ID = "connector_id"


class FlowError(StrEnum):
    """Why a flow failed, as the application reads it."""

    ACCESS_DENIED = "access_denied"
    PROVIDER_ERROR = "provider_error"
    TOKEN_EXCHANGE_FAILED = "token_exchange_failed"  # noqa: S105  # a code
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    ACCOUNT_MISMATCH = "account_mismatch"
    CREATION_FAILED = "creation_failed"


DESCRIPTIONS = {
    FlowError.ACCESS_DENIED: "The user did not consent.",
    FlowError.PROVIDER_ERROR: "HubSpot reported an error instead of asking for consent.",
    FlowError.TOKEN_EXCHANGE_FAILED: "HubSpot refused the authorization code, the OAuth app or the callback URL.",
    FlowError.TEMPORARILY_UNAVAILABLE: "HubSpot is not available for now: start again later.",
    FlowError.ACCOUNT_MISMATCH: "Consent came from another HubSpot account than the connector's.",
    FlowError.CREATION_FAILED: "The connector could not be created, or was deleted in the meantime.",
}

_GENERATION_B = frozenset({"workspace_name", "customer_name", "name", "replication_config", "source_template_id"})
_GENERATION_A = frozenset({"external_user_id", "external_id", "externalUserId"})


def choose_completion(*, spellings: Collection[str], asked: Completion | None, binding: str | None) -> Completion:
    """How the flow completes; the first rule that fits wins. `spellings` are the fields as they were sent.

    `binding` names the field that leaves no choice, if there is one: a connector to authorize anew, or a session.

    Raises:
        ProblemError: there is no choice, and a secret id is asked for.
    """
    if binding is not None:
        if asked == Completion.SECRET_ID:
            raise field_problem(
                "validation_error",
                "completion",
                f"completion must be connector_id when {binding} is given: leave it out.",
            )
        return Completion.CONNECTOR_ID
    if asked is not None:
        return asked
    if not _GENERATION_B.intersection(spellings) and _GENERATION_A.intersection(spellings):
        return Completion.SECRET_ID
    return Completion.CONNECTOR_ID


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a request leaves of an app's scopes; None leaves all. `entities` maps each to `read` and `write`."""

    required: Sequence[str] | None = None
    optional: Sequence[str] | None = None
    entities: Mapping[str, Collection[str]] | None = None


@dataclass(frozen=True, slots=True)
class ScopeRequest:
    """Scopes to ask for: those the user must grant, and those the account may lack."""

    required: tuple[str, ...]
    optional: tuple[str, ...]

    def narrowed(self, narrowing: Narrowing) -> "ScopeRequest":
        """The part of it that a request asks for; it never grows."""
        required, optional, entities = narrowing.required, narrowing.optional, narrowing.entities
        known = {*self.required, *self.optional}
        kept = self.required
        if required is not None:
            kept = always_with([scope for scope in required if scope in known])
        wanted = self.optional if optional is None else tuple(scope for scope in optional if scope in known)
        if entities is not None:
            needed = {
                scope
                for operation in CATALOG
                if ("write" if operation.writes else "read") in entities.get(operation.entity, ())
                for scope in operation.scopes
            }
            wanted = tuple(scope for scope in wanted if scope in needed)
        return ScopeRequest(kept, tuple(scope for scope in wanted if scope not in kept))


def always_with(scopes: Iterable[str]) -> tuple[str, ...]:
    """The scopes, with the one that every connection needs, each once."""
    return tuple(dict.fromkeys((_ALWAYS, *scopes)))


def catalog_scopes(*, without: Collection[str]) -> tuple[str, ...]:
    """Every scope that some operation needs."""
    needed = {scope for operation in CATALOG for scope in operation.scopes}
    return tuple(sorted(needed.difference(without)))


def build_consent_url(  # one argument for each parameter of the URL
    authorize_url: str,
    *,
    client_id: str,
    callback_url: str,
    scopes: ScopeRequest,
    state: str,
    verifier: str | None,
) -> str:
    """The page where the user consents."""
    parameters = {"client_id": client_id, "redirect_uri": callback_url, "scope": " ".join(scopes.required)}
    if scopes.optional:
        parameters["optional_scope"] = " ".join(scopes.optional)
    parameters["state"] = state
    if verifier is not None:
        parameters |= {"code_challenge": challenge_of(verifier), "code_challenge_method": "S256"}
    return f"{authorize_url}?{urlencode(parameters, quote_via=quote)}"


def challenge_of(verifier: str) -> str:
    """PKCE's S256 challenge of a verifier.

    Source: https://www.rfc-editor.org/rfc/rfc7636#section-4.2
    """
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def failure_of(provider_error: str | None) -> FlowError:
    """What HubSpot's `error` parameter, or the lack of a code, means."""
    return FlowError.ACCESS_DENIED if provider_error == "access_denied" else FlowError.PROVIDER_ERROR


def invalid_state() -> ProblemError:
    """The error for a state that is unknown, used or expired."""
    return ProblemError(
        "invalid_state",
        "This connection attempt is unknown, already used or expired: start it again from the application.",
    )
