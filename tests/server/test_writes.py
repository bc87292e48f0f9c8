"""Writes through the server: what they answer, and what becomes of one whose answer is lost."""

from typing import Any

import pytest

from airbyte_agent_hubspot import HubspotConnector
from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._http import AnswerTimeoutError, AsgiTransport, MaybeSentError, TransportError
from airbyte_agent_hubspot._shape import ConvertedPageShape, PageShape
from airbyte_agent_hubspot._wire import HttpRequest, HttpResponse
from airbyte_agent_hubspot.errors import OutcomeUnknownError, find_error_class
from airbyte_agent_server.execute.verification import verification_of
from matrix.scenarios import WALKS, Found, Step
from server.world import PUBLIC_URL, World


def filled(value: Any, found: Found) -> Any:
    """Params of a step, with what earlier steps found."""
    if callable(value):
        return value(found)
    if isinstance(value, dict):
        return {name: filled(item, found) for name, item in value.items()}
    return [filled(item, found) for item in value] if isinstance(value, list) else value


async def walked(world: World, steps: list[Step]) -> list[tuple[Step, dict[str, Any], Any]]:
    """Each step with its params and its result, as the server answers it."""
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    found: Found = {}
    results: list[tuple[Step, dict[str, Any], Any]] = []
    for step in steps:
        world.clock.advance(1)
        params = filled(dict(step.params), found)
        answer = await world.execute(token, connector_id, step.entity, step.action, params)
        assert answer.status == 200, (step, answer.body)
        result = answer.json["result"]
        found[step.keep] = {"data": result} if isinstance(result, list) else result
        results.append((step, params, result))
    return results


@pytest.mark.filterwarnings("ignore::airbyte_agent_hubspot._sunset.SunsetWarning")  # single sends are v4 only
@pytest.mark.parametrize("name", WALKS)
async def test_the_result_of_a_page_is_an_array_and_of_all_else_an_object(world: World, name: str) -> None:
    for step, params, result in await walked(world, WALKS[name]):
        operation = CATALOG.find(step.entity, step.action)
        wanted = list if isinstance(operation.shape, PageShape | ConvertedPageShape) else dict
        kind = type(result)
        assert kind is wanted, (step.entity, step.action)
        if step.action == "delete":
            assert result == {"id": result["id"], "deleted": True}
            assert result["id"] in map(str, params.values())


@pytest.mark.filterwarnings("ignore::airbyte_agent_hubspot._sunset.SunsetWarning")  # single sends are v4 only
@pytest.mark.parametrize("name", WALKS)
async def test_each_write_that_may_be_lost_can_be_looked_up_as_its_error_says(world: World, name: str) -> None:
    token = await world.scoped_token()
    connector_id = await world.create_connector(token)
    found: Found = {}
    for step in WALKS[name]:
        world.clock.advance(10)
        params = filled(dict(step.params), found)
        answer = await world.execute(token, connector_id, step.entity, step.action, params)
        result = answer.json["result"]
        found[step.keep] = {"data": result} if isinstance(result, list) else result
        operation = CATALOG.find(step.entity, step.action)
        if operation.resendable:
            continue
        verify = verification_of(operation, operation.reader.read(params))
        assert verify.hint
        if verify.action is None:
            continue
        world.clock.advance(60)  # the index has caught up
        looked = await world.execute(token, connector_id, verify.entity, verify.action, dict(verify.params))
        if step.action == "delete":
            assert looked.code in {"record_not_found", "upstream_rejected"}  # HubSpot forgets a type's very name
            continue
        assert looked.status == 200, (step, verify, looked.body)
        there = looked.json["result"]
        assert there, (step, verify)
        if isinstance(there, dict) and "items" in there:
            assert all("record" in item for item in there["items"])


@pytest.mark.parametrize(
    ("params", "call"),
    [
        ({"properties": {"name": "x" * 300}}, ("api_search", {})),
        (
            {"inputs": [{"properties": {"name": "A", "city": None}}, {"properties": {"phone": "x" * 300}}]},
            (
                "api_search",
                {"filterGroups": [{"filters": [{"propertyName": "name", "operator": "EQ", "value": "A"}]}]},
            ),
        ),
    ],
)
def test_a_company_is_looked_up_by_its_short_values(params: dict[str, object], call: tuple[str, object]) -> None:
    action = "batch_create" if "inputs" in params else "create"
    verify = verification_of(CATALOG.find("companies", action), params)
    assert (verify.action, verify.params) == call


class LossyTransport:
    """Loses the answers to the first writes, after the server has worked on them."""

    def __init__(self, inner: AsgiTransport, *losses: TransportError) -> None:
        self._inner = inner
        self._losses = list(losses)
        self.keys: list[str] = []

    async def send(self, request: HttpRequest) -> HttpResponse:
        answer = await self._inner.send(request)
        if request.url.endswith("/execute"):
            self.keys.append(request.headers.get("idempotency-key", ""))
            if self._losses:
                raise self._losses.pop(0)
        return answer

    async def close(self) -> None:
        await self._inner.close()


async def connected(world: World, transport: LossyTransport) -> HubspotConnector:
    await world.create_connector(await world.scoped_token())
    world.hubspot.seen.clear()
    return HubspotConnector(
        external_user_id="user-123",
        airbyte_client_id=world.pair.client_id,
        airbyte_client_secret=world.pair.client_secret.get_secret_value(),
        base_url=PUBLIC_URL,
        transport=transport,
    )


async def test_a_write_whose_answer_is_lost_is_resent_by_the_sdk_and_hubspot_sees_one(world: World) -> None:
    transport = LossyTransport(AsgiTransport(world.server.app), MaybeSentError("reset"), AnswerTimeoutError("slow"))
    async with await connected(world, transport) as connector:
        created = await connector.contacts.create(properties={"email": "once@acme.example"})
        found = await connector.contacts.get(created.id, properties=["email"])
    assert found.properties["email"] == "once@acme.example"
    [*keys, read] = transport.keys
    assert (len(keys), len(set(keys)), read) == (3, 1, "")
    assert keys[0]
    assert [request.method for request in world.hubspot.seen if "/contacts" in request.url] == ["POST", "GET"]


async def test_a_lost_outcome_reaches_the_sdk_with_the_call_that_tells(world: World) -> None:
    transport = LossyTransport(AsgiTransport(world.server.app), MaybeSentError("reset"))
    world.hubspot.answers["/crm/objects/2026-03/contacts"] = AnswerTimeoutError("slow")
    async with await connected(world, transport) as connector:
        with pytest.raises(OutcomeUnknownError) as caught:
            await connector.contacts.create(properties={"email": "lost@acme.example"})
        [error] = caught.value.errors
        verify = error.details["verify"]
        assert isinstance(verify, dict)
        del world.hubspot.answers["/crm/objects/2026-03/contacts"]
        looked = await connector.execute(verify["entity"], verify["action"], verify["params"])
    [item] = looked.items  # type: ignore[attr-defined]  # a batch, which `execute` does not know
    assert (item.record, item.error.code) == (None, "object_not_found")
    assert world.hubspot.count("/crm/objects/2026-03/contacts") == 2
    assert len(transport.keys) == 3


def test_a_write_that_is_still_running_is_of_unknown_outcome_to_the_sdk() -> None:
    assert find_error_class("idempotency_in_progress", 409) is OutcomeUnknownError
