"""Every operation of the catalog, locally and hosted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airbyte_agent_hubspot._catalog import CATALOG
from matrix.scenarios import WALKS, walk

if TYPE_CHECKING:
    from airbyte_agent_hubspot import HubspotConnector


@pytest.mark.filterwarnings("ignore::airbyte_agent_hubspot._sunset.SunsetWarning")  # single sends are v4 only
@pytest.mark.parametrize("name", WALKS)
async def test_every_operation_of_an_entity_works(connector: HubspotConnector, name: str) -> None:
    results = await walk(connector, WALKS[name])
    assert len(results) == len(WALKS[name])


def test_every_operation_of_the_catalog_is_walked() -> None:
    walked = {(step.entity, step.action) for steps in WALKS.values() for step in steps}
    assert {(operation.entity, operation.action) for operation in CATALOG} == walked


def test_every_operation_names_its_source_and_scopes() -> None:
    bare = [
        f"{operation.entity}.{operation.action}"
        for operation in CATALOG
        if not operation.source.startswith("https://developers.hubspot.com/") or not operation.scopes
    ]
    assert bare == []
