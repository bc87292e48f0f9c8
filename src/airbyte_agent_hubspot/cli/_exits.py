"""Exit codes of the command line, and the one for each error."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

from ..errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    InvalidRequestError,
    OutcomeUnknownError,
    PartlyDoneError,
    RateLimitedError,
    ReauthorizationRequiredError,
    UnavailableError,
)

if TYPE_CHECKING:
    from typing import Self


class Exit(IntEnum):
    """What the command ended with, and what that means."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Self:
        """The code, which knows its meaning."""
        made = int.__new__(cls, code)
        made._value_ = code
        made.meaning = meaning
        return made

    DONE = 0, "It was done."
    FAILED = (
        1,
        "HubSpot refused or failed; `check` found a fault; or the question before a deletion was answered with no.",
    )
    MISUSED = 2, "The command line, the environment, the parameters or the token file are wrong. Nothing was changed."
    NOT_LOGGED_IN = 3, "There are no credentials, or they are no longer accepted."
    NOT_COMPLETED = 4, "The login was refused, or nobody answered in time."
    PARTLY_DONE = 5, "Some of it was done and some was not, or nobody knows: look before you repeat it."
    TRY_LATER = 6, "Too many calls, or nobody answered: the same command may succeed later."
    INTERRUPTED = 130, "It was interrupted."


class LoginError(ConnectorError):
    """The login came to no end."""

    code = "login_not_completed"


_EXITS: Final[tuple[tuple[type[ConnectorError], Exit], ...]] = (
    (LoginError, Exit.NOT_COMPLETED),
    (AuthenticationError, Exit.NOT_LOGGED_IN),
    (ReauthorizationRequiredError, Exit.NOT_LOGGED_IN),
    (OutcomeUnknownError, Exit.PARTLY_DONE),
    (PartlyDoneError, Exit.PARTLY_DONE),
    (RateLimitedError, Exit.TRY_LATER),
    (UnavailableError, Exit.TRY_LATER),
    (ConfigurationError, Exit.MISUSED),
    (InvalidRequestError, Exit.MISUSED),
)


def exit_of(error: ConnectorError) -> Exit:
    """The exit code for an error."""
    return next((code for kind, code in _EXITS if isinstance(error, kind)), Exit.FAILED)
