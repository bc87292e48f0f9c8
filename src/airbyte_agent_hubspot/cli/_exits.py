"""Exit codes of the command line, and the one for each error."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from ..errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectorError,
    InvalidRequestError,
    ReauthorizationRequiredError,
)


class Exit(IntEnum):
    """What the command ended with."""

    DONE = 0
    FAILED = 1
    """HubSpot refused or failed, or could not be reached."""
    MISUSED = 2
    """The command line, the environment, the parameters or the token file are wrong."""
    NOT_LOGGED_IN = 3
    """There is no grant, or HubSpot no longer accepts it: log in again."""
    NOT_COMPLETED = 4
    """The login was refused, or nobody answered in time."""


class LoginError(ConnectorError):
    """The login came to no end."""

    code = "login_not_completed"


_EXITS: Final[tuple[tuple[type[ConnectorError], Exit], ...]] = (
    (LoginError, Exit.NOT_COMPLETED),
    (AuthenticationError, Exit.NOT_LOGGED_IN),
    (ReauthorizationRequiredError, Exit.NOT_LOGGED_IN),
    (ConfigurationError, Exit.MISUSED),
    (InvalidRequestError, Exit.MISUSED),
)


def exit_of(error: ConnectorError) -> Exit:
    """The exit code for an error."""
    return next((code for kind, code in _EXITS if isinstance(error, kind)), Exit.FAILED)
