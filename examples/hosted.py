"""Hosted execution: the server holds the HubSpot account of the user `demo`. `. .run/up.env`, then run it."""

import asyncio

from airbyte_agent_hubspot import ConnectorError, HubspotConnector


async def main() -> None:
    """The same calls as in open source execution; address and client pair come from AIRBYTE_* variables."""
    async with HubspotConnector(external_user_id="demo") as hubspot:
        print(await hubspot.check())
        for company in await hubspot.companies.list(limit=3):
            print(company.id, company.name, company.domain)
        try:
            await hubspot.execute("companies", "list", {"limits": 3})
        except ConnectorError as error:
            print(f"{error.code}: {error}")


if __name__ == "__main__":
    asyncio.run(main())
