import asyncio

from airbyte_agent_server.accounts.store import AccountStore
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.db.schema import migrate
from server.world import CountingIds, TestClock


async def test_parallel_first_calls_make_one_workspace(database: Database, clock: TestClock, ids: CountingIds) -> None:
    await migrate(database)
    store = AccountStore(database, clock=clock, ids=ids)
    pair = await store.create_organization("Acme")
    found = await asyncio.gather(*(store.ensure_workspace(pair.organization_id, "user-123") for _ in range(8)))
    assert len({workspace.id for workspace in found}) == 1


async def test_one_name_is_a_workspace_of_its_own_in_each_organization(
    database: Database, clock: TestClock, ids: CountingIds
) -> None:
    await migrate(database)
    store = AccountStore(database, clock=clock, ids=ids)
    first, second = await store.create_organization("Acme"), await store.create_organization("Acme")
    one = await store.ensure_workspace(first.organization_id, "user-123")
    other = await store.ensure_workspace(second.organization_id, "user-123")
    assert one.id != other.id
    assert await store.find_workspace(second.organization_id, workspace_id=one.id) is None


async def test_a_pair_counts_only_with_its_own_secret(database: Database, clock: TestClock, ids: CountingIds) -> None:
    await migrate(database)
    store = AccountStore(database, clock=clock, ids=ids)
    first, second = await store.create_organization("Acme"), await store.create_organization("Other")
    secret = first.client_secret.get_secret_value()
    assert await store.find_client_organization(first.client_id, secret) == first.organization_id
    assert await store.find_client_organization(second.client_id, secret) is None
    assert secret not in repr(first)
    assert await store.find_organization("nobody") is None
