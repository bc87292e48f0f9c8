"""Open source execution: this process talks to HubSpot. `. .run/up.env`, then run it."""

import asyncio
import os

from airbyte_agent_hubspot import HubspotAuthConfig, HubspotConnector


async def main() -> None:
    """Two pages, a search, and one record with the ids of what it is associated with."""
    credentials = HubspotAuthConfig(
        client_id=os.environ["HUBSPOT_CLIENT_ID"],
        client_secret=os.environ["HUBSPOT_CLIENT_SECRET"],
        refresh_token=os.environ["HUBSPOT_REFRESH_TOKEN"],
    )
    async with HubspotConnector(auth_config=credentials) as hubspot:
        page = await hubspot.contacts.list(limit=2, properties=["email", "lifecyclestage"])
        for contact in page:
            print(contact.id, contact.email, contact.lifecyclestage)
        following = await hubspot.contacts.list(limit=2, after=page.meta.next_cursor or "")
        print("then:", [contact.email for contact in following])

        large = await hubspot.deals.api_search(
            filter_groups=[{"filters": [{"property_name": "amount", "operator": "GTE", "value": 50_000}]}],
            sorts=["-amount"],
            properties=["dealname", "amount"],
            limit=3,
        )
        print(f"{large.meta.total} deals of 50,000 and more; the largest:")
        for deal in large:
            print(f"  {deal.dealname}: {deal.amount}")

        contact = await hubspot.contacts.get(page.data[1].id, associations="companies")
        print("companies of the second contact:", contact.associations)


if __name__ == "__main__":
    asyncio.run(main())
