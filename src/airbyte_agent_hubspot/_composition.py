"""Operations that are made of others: a pure generator asks for calls and is told what became of them.

An executor drives it (`_composer`). Written so, a composed operation needs no executor of its own: it runs locally, on
a server in one hop, and in a test that answers by hand.

```python
def overview(params: Params, now_s: float) -> Steps[Overview]:
    record = yield from ask("deals", "get", {"dealId": params["dealId"]})
    notes, tasks = yield from ask_all([SubCall("notes", ...), SubCall("tasks", ...)])
    return Overview(...)
```
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from .errors import ConnectorError

if TYPE_CHECKING:
    from ._shape import Params
    from .models import Result

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SubCall:
    """A call of another operation, as `HubspotConnector.execute` takes it.

    An answer that the executor remembers is as good as a new one if it is at most `max_age_s` old.
    """

    entity: str
    action: str
    params: Mapping[str, object] = field(default_factory=dict[str, object])
    max_age_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Introspect:
    """The question for whose token it is and what it may do: `GrantedScopes`. It is not an operation of the CRM."""


Ask: TypeAlias = SubCall | Introspect
Outcome: TypeAlias = "Result | ConnectorError"
Steps: TypeAlias = Generator[Sequence[Ask], Sequence[Outcome], T]
"""Asks for several calls at once; is told what became of each, in their order. Ends with the result."""


@dataclass(frozen=True, slots=True)
class Composition:
    """What an operation does that is made of others. `steps` takes the parameters and the time in epoch seconds.

    A read never asks for a write. The outcome of a write that nobody knows ends it, without being told to it.
    """

    steps: Callable[[Params, float], Steps[Result]]


def ask(entity: str, action: str, params: Mapping[str, object] | None = None) -> Steps[Result]:
    """The result of one call; its error is raised."""
    [result] = yield from ask_all([SubCall(entity, action, params or {})])
    return result


def ask_all(asked: Sequence[Ask]) -> Steps[list[Result]]:
    """The results of calls that run at once; the first error among them is raised, after all have ended."""
    outcomes = yield asked
    results: list[Result] = []
    for outcome in outcomes:
        if isinstance(outcome, ConnectorError):
            raise outcome
        results.append(outcome)
    return results
