"""Which scopes a door wants: functions for the `scopes` of a door.

Each finds the object type first, because HubSpot refuses an unknown type before a missing scope.
"""

from collections.abc import Callable, Sequence

from hubspot_sandbox.calls import Call


def reads_records(call: Call) -> Sequence[str]:
    """A scope to read records of the type in the path."""
    return call.object_type().read_scopes


def writes_records(call: Call) -> Sequence[str]:
    """A scope to write records of the type in the path."""
    return call.object_type().write_scopes


def reads_definitions(call: Call) -> Sequence[str]:
    """A scope to read properties and pipelines of the type in the path."""
    return call.object_type().definition_scopes


def any_of(*scopes: str) -> Callable[[Call], Sequence[str]]:
    """One of these scopes, whatever the path."""

    def wanted(_call: Call) -> Sequence[str]:
        return scopes

    return wanted
