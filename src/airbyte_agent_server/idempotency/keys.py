"""Idempotency keys as requests carry them, and what is kept under them."""

import re
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from airbyte_agent_hubspot.errors import FieldError, Upstream
from airbyte_agent_server.problems import ProblemError

HEADER = "idempotency-key"
KEY_TEXT = "A request that is sent again under its key is answered as the first time. Kept for 24 hours."
REPLAYED = "idempotency-replayed"
"""Header of an answer that was given before."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request under a key, which belongs to one organization, workspace and route.

    `content` is all that makes two requests the same. What is kept is erased with the connector, if one is named.
    """

    organization_id: str
    workspace_id: str
    route: str
    key: str
    content: bytes
    connector_id: str | None = None


def check_key(key: str) -> None:
    """Raise unless it can be an idempotency key.

    Raises:
        ProblemError: `invalid_request`.
    """
    if not _KEY.fullmatch(key):
        raise ProblemError(
            "invalid_request", "Idempotency-Key must be 1 to 255 visible ASCII characters: send a UUID, for example."
        )


class Answered(msgspec.Struct, frozen=True, tag="answer"):
    """An answer of success."""

    body: msgspec.Raw


class _KeptError(msgspec.Struct, frozen=True):
    field: str
    message: str
    error_code: str
    details: dict[str, object]


class Failed(msgspec.Struct, frozen=True, tag="problem"):
    """An error that sending the request again must not change."""

    code: str
    message: str
    errors: tuple[_KeptError, ...]
    upstream: Upstream | None

    @classmethod
    def of(cls, problem: ProblemError) -> "Failed":
        """What is kept of an error."""
        errors = tuple(
            _KeptError(error.field, error.message, error.error_code, dict(error.details)) for error in problem.errors
        )
        return cls(problem.type.code, problem.message, errors, problem.upstream)

    def replayed(self) -> ProblemError:
        """The error to raise once more."""
        errors = [FieldError(error.field, error.message, error.error_code, error.details) for error in self.errors]
        return ProblemError(self.code, self.message, errors=errors, upstream=self.upstream, headers={REPLAYED: "true"})


Kept: TypeAlias = Answered | Failed


def body_of(kept: Kept) -> bytes:
    """The body to answer once more.

    Raises:
        ProblemError: what was answered was an error.
    """
    if isinstance(kept, Answered):
        return bytes(kept.body)
    raise kept.replayed()


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to answer the requests of a key, until its lease runs out.

    `interrupted`: an earlier attempt's lease ran out, and nobody knows how far it came.
    """

    key_hash: str
    attempt: str
    workspace_id: str
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Settlement:
    """A claim with its answer, sealed."""

    claim: Claim
    sealed: bytes
