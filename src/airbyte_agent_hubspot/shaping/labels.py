"""What people call the ids in records, for results that do not say it: owners, stages, pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias, cast

from .._fields import records_of
from .._lexicon.portal import MAX_AGE_S, OWNER_PROPERTY, PIPELINE_PROPERTY, STAGE_PROPERTY
from ..errors import ConnectorError
from .tables import is_record

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from .._clock import Clock
    from ..models import Owner, Page, Pipeline, Result

Execute: TypeAlias = "Callable[[str, str, Mapping[str, object]], Awaitable[Result]]"
"""Runs an action on an entity."""

_STAGED: Final = ("deals", "tickets", "leads")
_OWNERS_PER_PAGE: Final = 100
_NONE: Final[dict[str, dict[str, str]]] = {}


class Labels:
    """Names of a portal, kept for a while. What the caller may not read has no label; that is no error."""

    def __init__(self, execute: Execute, clock: Clock) -> None:
        self._execute = execute
        self._clock = clock
        self._kept: dict[str, tuple[float, dict[str, dict[str, str]]]] = {}

    async def of(self, entity: str, result: object) -> Mapping[str, Mapping[str, str]]:
        """Property -> value -> label, for the properties with ids that the records of a plain result have.

        Nothing is looked up for a result that brings labels.
        """
        if _brings_labels(result):
            return _NONE
        found = records_of(result)
        records = [result] if found is None else found
        names = {
            name
            for record in records
            if is_record(record)
            for name, value in cast("dict[str, dict[str, object]]", record)["properties"].items()
            if value
        }
        labels: dict[str, dict[str, str]] = {}
        if OWNER_PROPERTY in names:
            labels.update(await self._recent("owners", self._owners))
        if entity in _STAGED and not names.isdisjoint({STAGE_PROPERTY[entity], PIPELINE_PROPERTY[entity]}):
            labels.update(await self._recent(entity, lambda: self._places(entity)))
        return labels

    async def _recent(
        self, key: str, load: Callable[[], Awaitable[dict[str, dict[str, str]]]]
    ) -> dict[str, dict[str, str]]:
        now_s = self._clock.monotonic_s()
        kept = self._kept.get(key)
        if kept is None or kept[0] < now_s - MAX_AGE_S:
            try:
                kept = (now_s, await load())
            except ConnectorError:
                kept = (now_s, _NONE)
            self._kept[key] = kept
        return kept[1]

    async def _owners(self) -> dict[str, dict[str, str]]:
        page = cast("Page[Owner]", await self._execute("owners", "list", {"limit": _OWNERS_PER_PAGE}))
        return {OWNER_PROPERTY: {owner.id: owner.full_name for owner in page}}

    async def _places(self, entity: str) -> dict[str, dict[str, str]]:
        page = cast("Page[Pipeline]", await self._execute("pipelines", "list", {"objectType": entity}))
        stages = _named((stage.id, stage.label) for pipeline in page for stage in pipeline.stages)
        pipelines = _named((pipeline.id, pipeline.label) for pipeline in page)
        return {STAGE_PROPERTY[entity]: stages, PIPELINE_PROPERTY[entity]: pipelines}


def _named(pairs: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    return {identifier: label for identifier, label in pairs if label}


def _brings_labels(result: object) -> bool:
    return isinstance(result, dict) and "labels" in result
