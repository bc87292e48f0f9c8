"""Which scopes a door wants: functions for the `scopes` of a door.

Each finds the object type first, because HubSpot refuses an unknown type before a missing scope.
"""

from collections.abc import Callable, Sequence

from hubspot_sandbox.calls import Call


def reads_records(call: Call) -> Sequence[str]:
    """A scope to read records of the type in the path; on 2026-09 each scope of a pair."""
    return _lacking(call, *_required(call, call.object_type().read_scopes))


def writes_records(call: Call) -> Sequence[str]:
    """A scope to write records of the type in the path; on 2026-09 each scope of a pair."""
    return _lacking(call, *_required(call, call.object_type().write_scopes))


def reads_definitions(call: Call) -> Sequence[str]:
    """A scope to read properties and pipelines of the type in the path."""
    return call.object_type().definition_scopes


def reads_both(call: Call) -> Sequence[str]:
    """Scopes to read records of both types in the path: those of the first one that lacks them."""
    return _lacking(call, call.object_type().read_scopes, call.object_type("to").read_scopes)


def writes_both(call: Call) -> Sequence[str]:
    """Scopes to write records of both types in the path: those of the first one that lacks them."""
    return _lacking(call, call.object_type().write_scopes, call.object_type("to").write_scopes)


def reads_either(call: Call) -> Sequence[str]:
    """A scope to read records of one of the types in the path."""
    return *call.object_type().read_scopes, *call.object_type("to").read_scopes


def writes_either(call: Call) -> Sequence[str]:
    """A scope to write records of one of the types in the path."""
    return *call.object_type().write_scopes, *call.object_type("to").write_scopes


def writes_definitions(call: Call) -> Sequence[str]:
    """A scope to write properties and pipelines of the type in the path."""
    return call.object_type().definition_write_scopes


def _required(call: Call, scopes: Sequence[str]) -> Sequence[Sequence[str]]:
    """Of line items, products, quotes and e-mails, 2026-09 requires both scopes, where older versions take either.

    # choice: both are enforced on records alone; the refusal names the one that is missing.
    """
    return [[scope] for scope in scopes] if call.version == "2026-09" else [scopes]


def _lacking(call: Call, *all_of: Sequence[str]) -> Sequence[str]:
    granted = set(call.credential.scopes if call.credential else ())
    return next((any_of for any_of in all_of if not granted & set(any_of)), all_of[0])


def all_of(*scopes: str) -> Callable[[Call], Sequence[str]]:
    """Every one of these scopes, whatever the path."""

    def wanted(call: Call) -> Sequence[str]:
        return _lacking(call, *((scope,) for scope in scopes))

    return wanted


def any_of(*scopes: str) -> Callable[[Call], Sequence[str]]:
    """One of these scopes, whatever the path."""

    def wanted(_call: Call) -> Sequence[str]:
        return scopes

    return wanted
