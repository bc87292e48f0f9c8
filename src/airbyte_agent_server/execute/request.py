"""The body of an execute, and which operation it means."""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._operation import Operation
from airbyte_agent_server.audit.record import CallNotes
from airbyte_agent_server.problems import ProblemError, field_problem
from airbyte_agent_server.wire.bodies import check_depth

CONNECTOR = "*"
"""The entity of actions on the connector itself; the empty name means the same."""
CONTEXT_STORE_ACTIONS = frozenset({"context_store_search", "context_store_sql_query"})
_SEARCH = "search"
_TO_LOOK_AT = CONTEXT_STORE_ACTIONS | {_SEARCH}
"""All others mean what they say."""

_OF_CONTEXT_STORE = frozenset({"cursor", "fields"})
_OF_PROVIDER = frozenset({"filterGroups", "filter_groups", "sorts", "after", "properties"})


class ExecuteRequest(msgspec.Struct, frozen=True):
    """What to run. `select_fields` wins over `exclude_fields`; both name dotted paths within each record."""

    entity: str
    action: str
    params: dict[str, object] | None = None
    select_fields: list[str] | None = None
    exclude_fields: list[str] | None = None
    skip_truncation: bool | None = None
    intent: Annotated[str, msgspec.Meta(max_length=512)] | None = None


_WANTED = {
    "entity": "a string like contacts",
    "action": "a string like list",
    "params": "an object",
    "select_fields": "a list of strings",
    "exclude_fields": "a list of strings",
    "skip_truncation": "true or false",
    "intent": "a string of at most 512 characters",
}
_DECODER = msgspec.json.Decoder(ExecuteRequest)


def decode_request(body: bytes) -> ExecuteRequest:
    """The request in a body.

    Raises:
        ProblemError: `invalid_request` for broken JSON, `validation_error` for a field that does not fit.
    """
    try:
        request = _DECODER.decode(body)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        name = path.rstrip("`")
        if not name and "missing required field" in reason:
            name = reason.rpartition("field `")[2].rstrip("`")
            raise field_problem("validation_error", name, f"{name}: it is required, {_WANTED[name]}.") from None
        wanted = _WANTED.get(name.partition("[")[0], "an object")
        raise field_problem("validation_error", name or "body", f"{name or 'body'}: it must be {wanted}.") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise ProblemError("invalid_request", f"The body is not JSON ({error}): mend it.") from None
    check_depth(body, [request.params])
    return request


def find_operation(request: ExecuteRequest, notes: CallNotes) -> tuple[Operation | None, dict[str, object]]:
    """What is to be done, with valid parameters; None is the description of the connector.

    `notes` learn the action that is meant, also when there is nothing to be done.

    Raises:
        ProblemError: `ambiguous_search`, `context_store_disabled`.
        UnknownOperationError: there is no such entity, or it has no such action.
        InvalidParamsError: the parameters are not those of the operation.
    """
    entity = request.entity or CONNECTOR
    params = request.params or {}
    notes.action = action = request.action
    if action in _TO_LOOK_AT:
        notes.action = action = _find_action(entity, action, params)
        _check_context_store(entity, action)
    if entity == CONNECTOR and action == "describe":
        return None, {}
    operation = CATALOG.find(entity, action)
    return operation, operation.reader.read(params)


def _find_action(entity: str, action: str, params: Mapping[str, object]) -> str:
    """The action that is meant: `search` stands for two, told apart by its parameters.

    Raises:
        ProblemError: `ambiguous_search`.
    """
    if action != _SEARCH or action in CATALOG.find_entity(entity):
        return action
    query = params.get("query")
    of_store = isinstance(query, dict) or not _OF_CONTEXT_STORE.isdisjoint(params)
    of_provider = isinstance(query, str) or not _OF_PROVIDER.isdisjoint(params)
    if of_store and of_provider:
        raise field_problem(
            "ambiguous_search",
            "action",
            f"The parameters of {entity}.search fit two searches: call api_search or context_store_search.",
        )
    return "context_store_search" if of_store else "api_search"


def _check_context_store(entity: str, action: str) -> None:
    """Raise for actions of the context store, which is not switched on.

    Raises:
        ProblemError: `context_store_disabled`.
        UnknownOperationError: there is no such entity.
    """
    if action in CONTEXT_STORE_ACTIONS:
        CATALOG.find_entity(entity)
        raise field_problem(
            "context_store_disabled",
            "action",
            f"{action} needs the context store, which this server has not switched on: use api_search.",
        )
