"""What an operator does at the command line."""

from collections.abc import Iterable
from dataclasses import dataclass

from airbyte_agent_server.accounts.store import AccountStore, ClientPair
from airbyte_agent_server.db.engine import open_database
from airbyte_agent_server.db.schema import migrate
from airbyte_agent_server.oauth.redirects import normalize_origin
from airbyte_agent_server.ports import Clock, IdSource
from airbyte_agent_server.settings import Settings, make_data_dir


@dataclass(frozen=True, slots=True)
class Administration:
    """Commands on the database of a server, whether it runs or not."""

    settings: Settings
    clock: Clock
    ids: IdSource

    async def create_organization(self, name: str, *, redirect_origins: Iterable[str]) -> ClientPair:
        """A new organization and its client pair; the secret cannot be shown again.

        Raises:
            ValueError: an origin is not one.
        """
        origins = [normalize_origin(origin) for origin in redirect_origins]
        make_data_dir(self.settings)
        database = open_database(self.settings.effective_database_url)
        try:
            await migrate(database)
            accounts = AccountStore(database, clock=self.clock, ids=self.ids)
            return await accounts.create_organization(name, redirect_origins=origins)
        finally:
            await database.close()
