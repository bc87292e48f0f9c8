"""One page of 100 contacts as HubSpot sends it, about 65 KB of JSON, the same bytes for the same seed."""

from __future__ import annotations

import json
import random
from typing import Final

RECORDS_PER_PAGE: Final = 100
_FIRST_NAMES: Final = ("Amara", "Björn", "Chloé", "Dmitri", "Elena", "Farid", "Grace", "Hiro", "Inés", "Jonas")
_LAST_NAMES: Final = ("Abara", "Lindström", "Moreau", "Novak", "Okafor", "Petrov", "Quint", "Rossi", "Sato", "Weiß")
_COMPANIES: Final = ("Northwind Trading", "Contoso Logistics", "Fabrikam Health", "Tailspin Foods", "Litware Energy")
_CITIES: Final = (("Lisbon", "Portugal"), ("Toronto", "Canada"), ("Osaka", "Japan"), ("Austin", "United States"))
_TITLES: Final = ("Head of Operations", "Software Engineer", "Account Executive", "Chief Financial Officer")
_STATUSES: Final = ("NEW", "OPEN", "IN_PROGRESS", "ATTEMPTED_TO_CONTACT", "CONNECTED")
_STAGES: Final = ("subscriber", "lead", "marketingqualifiedlead", "opportunity", "customer")


def build_contact_page(seed: int = 7) -> bytes:
    """The body of the answer to `contacts.list(limit=100)`, compact, with a cursor to a next page."""
    source = random.Random(seed)  # noqa: S311 - made-up people, not secrets
    results = [_build_contact(source, 100_001 + index) for index in range(RECORDS_PER_PAGE)]
    after = results[-1]["id"]
    link = f"https://api.hubapi.com/crm/objects/2026-03/contacts?limit={RECORDS_PER_PAGE}&after={after}"
    page = {"results": results, "paging": {"next": {"after": after, "link": link}}}
    return json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode()


def _build_contact(source: random.Random, record_id: int) -> dict[str, object]:
    first, last = source.choice(_FIRST_NAMES), source.choice(_LAST_NAMES)
    company = source.choice(_COMPANIES)
    city, country = source.choice(_CITIES)
    domain = f"{company.split()[0].lower()}.example"
    created, updated = _build_instant(source, 2024), _build_instant(source, 2026)
    properties: dict[str, str | None] = {
        "city": city,
        "company": company,
        "country": country,
        "createdate": created,
        "email": f"contact.{record_id}@{domain}",
        "firstname": first,
        "hs_lead_status": source.choice(_STATUSES),
        "hs_object_id": str(record_id),
        "hubspot_owner_id": str(source.randrange(10_000_000, 99_999_999)),
        "jobtitle": source.choice(_TITLES),
        "lastmodifieddate": updated,
        "lastname": last,
        "lifecyclestage": source.choice(_STAGES),
        "phone": None if source.random() < 0.2 else f"+1 555 {source.randrange(1_000_000, 9_999_999)}",
        "website": f"https://www.{domain}",
        "zip": str(source.randrange(10_000, 99_999)),
    }
    return {
        "id": str(record_id),
        "properties": properties,
        "createdAt": created,
        "updatedAt": updated,
        "archived": False,
        "url": f"https://app.hubspot.com/contacts/24681012/record/0-1/{record_id}",
    }


def _build_instant(source: random.Random, year: int) -> str:
    month, day, hour, minute = (
        source.randint(1, 9),
        source.randint(1, 28),
        source.randrange(24),
        source.randrange(60),
    )
    return f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:17.{source.randrange(1000):03}Z"
