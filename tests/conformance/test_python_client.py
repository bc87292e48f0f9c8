"""HubSpot's own Python client (hubspot-api-client) against the sandbox on a port: no special cases for it."""

import pytest
from hubspot import HubSpot

from conformance import python_records, python_shape
from conformance.served import Served

# Different operations, by method and route of the sandbox; the calls are more.
LEAST_OPERATIONS = 60


def test_hubspots_python_client_works_unchanged(served: Served, subtests: pytest.Subtests) -> None:
    client = HubSpot(access_token=served.token, host=served.url)

    for scenario in (*python_records.SCENARIOS, *python_shape.SCENARIOS):
        with subtests.test(scenario.__name__):
            scenario(client, served)

    assert served.kinds_of_calls() >= LEAST_OPERATIONS
    assert served.portal.log.total >= 2 * LEAST_OPERATIONS
