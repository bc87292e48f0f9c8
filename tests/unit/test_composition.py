"""Operations that are made of others, driven over a scripted wire."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from airbyte_agent_hubspot._auth import FixedToken
from airbyte_agent_hubspot._catalog import CATALOG
from airbyte_agent_hubspot._composer import AT_ONCE
from airbyte_agent_hubspot._composition import Composition, Introspect, Steps, SubCall, ask, ask_all
from airbyte_agent_hubspot._executor import Call
from airbyte_agent_hubspot._local import LocalExecutor
from airbyte_agent_hubspot._memory import SharedMemory
from airbyte_agent_hubspot._operation import Operation
from airbyte_agent_hubspot._retry import Progress, Retrier
from airbyte_agent_hubspot._shape import ItemShape
from airbyte_agent_hubspot.errors import (
    ConnectorError,
    InvalidParamsError,
    OutcomeUnknownError,
    PartlyDoneError,
    PermissionDeniedError,
    RecordNotFoundError,
    UpstreamRejectedError,
    UpstreamTimeoutError,
)
from airbyte_agent_hubspot.models import Deleted, Record, Result
from airbyte_agent_hubspot.params.people import NoParams
from airbyte_agent_hubspot.transports import HttpRequest, HttpResponse, MaybeSentError
from unit.scripted import ScriptedTransport, answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from airbyte_agent_hubspot._operation import Effect
    from airbyte_agent_hubspot._shape import Params

OWNERS = answer({"results": [{"id": "7", "firstName": "Dana"}]})
DONE = Deleted("done")


def made_of(steps: Callable[[Params, float], Steps[Result]], *, effect: Effect = "write") -> Operation:
    return Operation(
        "contacts", "compose", "For the test.", "", NoParams, Composition(steps), ItemShape(Deleted), effect=effect
    )


def local(*answers: HttpResponse | MaybeSentError | Callable[..., object]) -> tuple[LocalExecutor, ScriptedTransport]:
    transport = ScriptedTransport(*answers)  # type: ignore[arg-type]
    tokens = FixedToken("pat-1", refused=lambda: ConnectorError("refused"))
    return LocalExecutor(
        retrier=Retrier(transport), base_url="https://hubspot.test", tokens=tokens, version="2026-03"
    ), transport


def read_one(params: Params, now_s: float) -> Steps[Result]:
    del params, now_s
    record = yield from ask("contacts", "get", {"contactId": "1"})
    assert isinstance(record, Record)
    return Deleted(record.id)


def create_two(params: Params, now_s: float) -> Steps[Result]:
    del params, now_s
    yield from ask("notes", "create", {"properties": {"hs_note_body": "one"}})
    yield from ask("notes", "create", {"properties": {"hs_note_body": "two"}})
    return DONE


def owners(max_age_s: float = 60, times: int = 1) -> Callable[[Params, float], Steps[Result]]:
    def steps(params: Params, now_s: float) -> Steps[Result]:
        del params, now_s
        for _ in range(times):
            yield from ask_all([SubCall("owners", "list", {}, max_age_s)])
        return DONE

    return steps


def as_it_is(body: bytes, params: Params) -> bytes:
    del params
    return body


async def test_the_result_is_what_the_steps_end_with_and_all_requests_are_counted() -> None:
    executor, transport = local(answer(status=500), answer({"id": "1"}), answer({"id": "1"}))
    progress = Progress()
    sent = await executor.send(Call(made_of(read_one), {}), as_it_is, progress)
    assert (sent, progress.upstream_calls) == (b'{"id":"1","deleted":true}', 2)
    assert await executor.execute(Call(made_of(read_one), {})) == Deleted("1")
    assert transport.unused == 0


async def test_the_time_is_told_to_the_steps() -> None:
    def steps(params: Params, now_s: float) -> Steps[Result]:
        del params
        yield []
        return Deleted(str(now_s))

    executor, _ = local()
    assert await executor.execute(Call(made_of(steps), {})) == Deleted("1777888800.0")


async def test_calls_that_are_asked_for_together_run_at_once_but_only_so_many() -> None:
    running = most = 0

    async def respond(_: HttpRequest) -> HttpResponse:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(1)
        running -= 1
        return answer({"id": "1"})

    def steps(params: Params, now_s: float) -> Steps[Result]:
        del params, now_s
        results = yield from ask_all([SubCall("contacts", "get", {"contactId": place}) for place in range(20)])
        return Deleted(str(len(results)))

    executor, _ = local(respond)
    assert await executor.execute(Call(made_of(steps), {})) == Deleted("20")
    assert most == AT_ONCE
    assert asyncio.get_running_loop().time() == 3


async def test_steps_may_live_with_an_error_or_raise_it() -> None:
    def steps(params: Params, now_s: float) -> Steps[Result]:
        del params, now_s
        found, missing = yield [SubCall("contacts", "get", {"contactId": "1"}), SubCall("contacts", "get", {})]
        assert isinstance(found, Record)
        assert isinstance(missing, InvalidParamsError)
        return DONE

    executor, _ = local(answer({"id": "1"}), answer(status=404))
    assert await executor.execute(Call(made_of(steps), {})) == DONE
    with pytest.raises(RecordNotFoundError):
        await executor.execute(Call(made_of(read_one), {}))


async def test_an_operation_may_be_made_of_composed_ones() -> None:
    executor, transport = local(answer({"portalId": 1}))

    def steps(params: Params, now_s: float) -> Steps[Result]:
        del params, now_s
        yield from ask("account", "granted_scopes")
        return DONE

    with pytest.raises(ConnectorError) as raised:
        await executor.execute(Call(made_of(steps), {}))
    assert raised.value.code == "configuration_error"
    assert transport.requests == []


async def test_all_calls_share_one_deadline() -> None:
    async def slow(_: HttpRequest) -> HttpResponse:
        await asyncio.sleep(4)
        return answer({"id": "1"})

    def steps(params: Params, now_s: float) -> Steps[Result]:
        while True:
            yield from read_one(params, now_s)

    executor, transport = local(slow)
    with pytest.raises(UpstreamTimeoutError):
        await executor.execute(Call(made_of(steps), {}, timeout_s=10))
    assert asyncio.get_running_loop().time() == 10
    assert len(transport.requests) == 3


async def test_a_call_that_would_begin_after_the_deadline_is_not_made() -> None:
    async def slow(_: HttpRequest) -> HttpResponse:
        await asyncio.sleep(5)
        return answer(status=404)

    def steps(params: Params, now_s: float) -> Steps[Result]:
        del params, now_s
        yield [SubCall("contacts", "get", {"contactId": "1"})]
        yield [SubCall("contacts", "get", {"contactId": "1"})]
        yield from ask("contacts", "get", {"contactId": "1"})
        return DONE

    executor, transport = local(slow)
    with pytest.raises(UpstreamTimeoutError):
        await executor.execute(Call(made_of(steps), {}, timeout_s=10))
    assert len(transport.requests) == 2


async def test_cancelling_cancels_what_is_under_way() -> None:
    cancelled = 0

    async def never(_: HttpRequest) -> HttpResponse:
        nonlocal cancelled
        try:
            return await asyncio.Future[HttpResponse]()
        except asyncio.CancelledError:
            cancelled += 1
            raise

    def steps(params: Params, now_s: float) -> Steps[Result]:
        del params, now_s
        yield from ask_all([SubCall("contacts", "get", {"contactId": place}) for place in range(3)])
        return DONE

    executor, _ = local(never)
    task = asyncio.create_task(executor.execute(Call(made_of(steps), {})))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cancelled == 3


async def test_a_read_that_asks_for_a_write_is_a_mistake_of_ours() -> None:
    executor, transport = local()
    with pytest.raises(AssertionError):
        await executor.execute(Call(made_of(create_two, effect="read"), {}))
    assert transport.requests == []


async def test_each_call_is_made_only_if_it_is_allowed() -> None:
    asked: list[str] = []

    async def allow(operation: Operation, params: Params) -> None:
        asked.append(f"{operation.entity}.{operation.action} {params}")
        if operation.entity == "owners":
            raise PermissionDeniedError("Not these.")

    executor, transport = local(answer({"id": "1"}), OWNERS)
    await executor.send(Call(made_of(read_one), {}), as_it_is, allow=allow)
    await executor.send(Call(made_of(owners()), {}), as_it_is)
    with pytest.raises(PermissionDeniedError):  # though the answer is remembered
        await executor.send(Call(made_of(owners()), {}), as_it_is, allow=allow)
    assert asked == ["contacts.get {'contactId': '1'}", "owners.list {}"]
    assert transport.unused == 0


async def test_steps_are_closed_when_an_unknown_outcome_ends_them_and_it_names_what_was_done() -> None:
    caught: list[str] = []

    def steps(params: Params, now_s: float) -> Steps[Result]:
        try:
            return (yield from create_two(params, now_s))
        except ConnectorError:
            caught.append("error")
            raise
        finally:
            caught.append("closed")

    executor, _ = local(answer({"id": "31"}), MaybeSentError("gone"))
    with pytest.raises(OutcomeUnknownError) as raised:
        await executor.execute(Call(made_of(steps), {}))
    in_doubt, done = raised.value.errors
    two = {"entity": "notes", "action": "create", "params": {"properties": {"hs_note_body": "two"}}}
    assert in_doubt.details == {"call": two}
    assert (done.error_code, done.details["id"]) == ("done", "31")
    assert caught == ["closed"]


async def test_a_failure_after_a_write_says_what_was_done() -> None:
    executor, _ = local(answer({"id": "31"}), answer({"message": "No."}, status=400))
    with pytest.raises(PartlyDoneError) as raised:
        await executor.execute(Call(made_of(create_two), {}))
    done = raised.value.errors[-1]
    assert done.details["params"] == {"properties": {"hs_note_body": "one"}}
    assert "notes.create (31) was carried out." in raised.value.message


async def test_an_unknown_outcome_of_the_first_write_is_as_of_a_single_one() -> None:
    executor, _ = local(MaybeSentError("gone"))
    with pytest.raises(OutcomeUnknownError) as raised:
        await executor.execute(Call(made_of(create_two), {}))
    assert [item.error_code for item in raised.value.errors] == ["upstream_outcome_unknown"]


async def test_introspection_is_answered_by_whoever_can() -> None:
    executor, _ = local()

    def steps(params: Params, now_s: float) -> Steps[Result]:
        del params, now_s
        [outcome] = yield [Introspect()]
        assert isinstance(outcome, ConnectorError)
        return Deleted(outcome.code)

    assert await executor.execute(Call(made_of(steps), {})) == Deleted("configuration_error")


def test_an_operation_that_is_made_of_others_is_no_request() -> None:
    with pytest.raises(TypeError):
        made_of(read_one).request({}, "2026-03")


async def test_if_options_may_not_be_read_the_refusal_of_the_value_is_what_is_said() -> None:
    detail = {"message": "No.", "code": "INVALID_OPTION", "context": {"propertyName": ["department"]}}
    refusal = answer({"category": "VALIDATION_ERROR", "errors": [detail]}, status=400)
    executor, transport = local(refusal, answer(status=403))
    create = CATALOG.find("contacts", "create")
    with pytest.raises(UpstreamRejectedError):
        await executor.execute(Call(create, {"properties": {"department": "Odd"}}))
    assert transport.unused == 0


# ---------------------------------------------------------------- memory


async def test_an_answer_is_remembered_as_long_as_the_call_allows() -> None:
    executor, transport = local(OWNERS, OWNERS)
    progress = Progress()
    await executor.send(Call(made_of(owners(times=3)), {}), as_it_is, progress)
    assert progress.upstream_calls == 1
    await asyncio.sleep(60)
    await executor.send(Call(made_of(owners()), {}), as_it_is)
    await asyncio.sleep(1)
    assert len(transport.requests) == 1
    await executor.send(Call(made_of(owners()), {}), as_it_is)
    assert len(transport.requests) == 2


async def test_whoever_needs_the_same_answer_at_the_same_time_waits_for_it() -> None:
    async def slow(_: HttpRequest) -> HttpResponse:
        await asyncio.sleep(1)
        return OWNERS

    executor, transport = local(slow)
    await asyncio.gather(*(executor.send(Call(made_of(owners()), {}), as_it_is) for _ in range(5)))
    assert len(transport.requests) == 1


async def test_if_loading_fails_or_is_cancelled_the_next_one_tries() -> None:
    async def fails(_: HttpRequest) -> HttpResponse:
        await asyncio.sleep(1)
        return answer(status=404)

    async def never(_: HttpRequest) -> HttpResponse:
        return await asyncio.Future[HttpResponse]()

    executor, transport = local(fails, never, OWNERS)
    calls = [asyncio.create_task(executor.send(Call(made_of(owners()), {}), as_it_is)) for _ in range(3)]
    await asyncio.sleep(2)
    calls[1].cancel()
    first, second, third = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(first, ConnectorError)
    assert isinstance(second, asyncio.CancelledError)
    assert not isinstance(third, BaseException)
    assert transport.unused == 0


async def test_waiting_for_somebody_elses_answer_ends_at_the_deadline() -> None:
    async def slow(_: HttpRequest) -> HttpResponse:
        await asyncio.sleep(30)
        return OWNERS

    executor, _ = local(slow)
    patient = asyncio.create_task(executor.send(Call(made_of(owners()), {}), as_it_is))
    await asyncio.sleep(1)
    with pytest.raises(UpstreamTimeoutError):
        await executor.send(Call(made_of(owners()), {}, timeout_s=2), as_it_is)
    await patient


async def test_a_changed_definition_is_not_remembered_as_it_was() -> None:
    def delete_a_list(params: Params, now_s: float) -> Steps[Result]:
        del params, now_s
        return (yield from ask("lists", "delete", {"listId": "1"}))

    executor, transport = local(OWNERS, answer(), OWNERS)
    for operation in (made_of(owners()), made_of(delete_a_list), made_of(owners())):
        await executor.send(Call(operation, {}), as_it_is)
    assert transport.unused == 0


async def test_what_was_asked_before_a_change_is_not_kept_after_it() -> None:
    memory = SharedMemory()

    async def load() -> Result:
        memory.note_write("pipelines")
        return DONE

    for _ in range(2):
        await memory.recall("key", load, now_s=0, max_age_s=1)
    memory.note_write("contacts")
    loads: list[int] = []

    async def load_quietly() -> Result:
        loads.append(1)
        return DONE

    for _ in range(2):
        await memory.recall("key", load_quietly, now_s=0, max_age_s=1)
    assert loads == [1]


async def test_only_so_many_answers_are_remembered() -> None:
    memory = SharedMemory(size=2)
    loaded: list[str] = []

    async def recall(key: str) -> None:
        async def load() -> Result:
            loaded.append(key)
            return DONE

        await memory.recall(key, load, now_s=0, max_age_s=1)

    for key in ("a", "b", "a", "c", "a", "b"):
        await recall(key)
    assert loaded == ["a", "b", "c", "b"]
