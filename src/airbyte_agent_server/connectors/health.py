"""Whether the credentials of connectors work, as far as anyone knows."""

from airbyte_agent_hubspot.errors import ConnectorError, ReauthorizationRequiredError
from airbyte_agent_server.connectors.store import ConnectorStore, Status
from airbyte_agent_server.db.engine import Database
from airbyte_agent_server.events.outbox import EventKind, Outbox
from airbyte_agent_server.ports import Clock
from airbyte_agent_server.vault.store import Failure, OpenedSecret, SecretStore

REJECTED = "access_token_rejected"
"""HubSpot refused an access token that it had just given out."""


class CredentialHealth:
    """Notes what refreshes and calls tell about credentials, each change once."""

    def __init__(
        self, database: Database, store: ConnectorStore, secrets: SecretStore, outbox: Outbox, *, clock: Clock
    ) -> None:
        self._database = database
        self._store = store
        self._secrets = secrets
        self._outbox = outbox
        self._clock = clock

    async def note(self, opened: OpenedSecret, error: ConnectorError, holder: str) -> None:
        """Note that a refresh of `opened` failed, unless the holder has no right to it any more."""
        dead = isinstance(error, ReauthorizationRequiredError)
        async with self._database.write() as connection:
            failure = Failure.DEAD if dead else Failure.PASSING
            if not await self._secrets.note_failure(connection, opened, failure, holder):
                return
            connector_id = opened.connector_id
            told = {"cause": cause_of(error), "retried": not dead}
            if opened.failure != failure:  # not once for each call that meets the same failure
                await self._outbox.add(connection, EventKind.TOKEN_REFRESH_FAILED, connector_id, told)
            if dead and await self._store.set_status(
                connection, connector_id, Status.NEEDS_REAUTH, cause=cause_of(error), at=self._clock.now()
            ):
                told = {"cause": cause_of(error)}
                await self._outbox.add(connection, EventKind.CONNECTOR_NEEDS_REAUTH, connector_id, told)


def cause_of(error: ConnectorError) -> str:
    """Why the credentials are dead, as a code."""
    if error.errors:
        return error.errors[0].error_code
    return REJECTED if isinstance(error, ReauthorizationRequiredError) else error.code
