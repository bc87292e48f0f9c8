"""One of many processes that share a token file: makes a call whenever it is told the time."""

from __future__ import annotations

import asyncio
import os
import sys

from airbyte_agent_hubspot import ConnectorError, HubspotAuthConfig, HubspotConnector
from airbyte_agent_hubspot.token_store import EncryptedTokenFile


class ToldClock:
    """Shows the time that the test says."""

    def __init__(self) -> None:
        self.now = 0.0

    def now_s(self) -> float:
        return self.now

    def monotonic_s(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def say(text: str) -> None:
    """To the test."""
    print(text, flush=True)  # noqa: T201 - that is how it speaks


async def main() -> None:
    clock = ToldClock()
    connector = HubspotConnector(
        auth_config=HubspotAuthConfig(
            client_id=os.environ["HUBSPOT_CLIENT_ID"],
            client_secret=os.environ["HUBSPOT_CLIENT_SECRET"],
            refresh_token=os.environ["HUBSPOT_REFRESH_TOKEN"],
        ),
        token_store=EncryptedTokenFile(os.environ["HUBSPOT_TOKEN_FILE"]),
        clock=clock,
    )
    say("ready")
    for line in sys.stdin:
        clock.now = float(line)
        try:
            say(f"{len(await connector.contacts.list(limit=1))} contact")
        except ConnectorError as error:
            say(error.code)
    await connector.close()


asyncio.run(main())
