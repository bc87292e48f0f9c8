"""Warnings before HubSpot ends a path, on days of our choosing."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from airbyte_agent_hubspot import HubspotConnector, HubspotPrivateAppAuthConfig
from airbyte_agent_hubspot._sunset import NOTICE_DAYS, SunsetWarning, ends_on, warn_of_sunset
from unit.scripted import ScriptedTransport, page

if TYPE_CHECKING:
    from airbyte_agent_hubspot.transports import HttpRequest, HttpResponse

OLD_OAUTH, OLD_4, OLD_3 = date(2027, 2, 16), date(2027, 3, 30), date(2027, 9, 30)


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("/oauth/v1/token", OLD_OAUTH),
        ("/oauth/2026-03/token", None),
        ("/crm/v3/objects/contacts?limit=3", OLD_3),
        ("/crm/v3/lists", OLD_3),
        ("/account-info/v3", OLD_3),
        ("/crm-object-schemas/v3/schemas", OLD_3),
        ("/marketing/v3/email/send-statuses/1", OLD_3),
        ("/crm/v4/objects/contacts/1/associations/companies", OLD_4),
        ("/marketing/v4/email/single-send", OLD_4),
        ("/crm/objects/2026-03/contacts", None),
        ("/crm/objects/2026-03/contacts?after=/v3/", None),
        ("/crm/objects/2026-03/v3x", None),
    ],
)
def test_a_path_has_a_day_from_which_it_is_not_supported(path: str, day: date | None) -> None:
    assert ends_on(path) == day


def at_s(day: date) -> float:
    return datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC).timestamp()


def seen(path: str, day: date) -> list[str]:
    """What is warned of when `path` is used on `day`."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_sunset(path, at_s(day))
    assert all(one.category is SunsetWarning for one in caught)
    return [str(one.message) for one in caught]


def test_half_a_year_before_its_end_a_path_is_warned_of_once() -> None:
    notice = OLD_3 - timedelta(days=NOTICE_DAYS)
    assert seen("/crm/v3/objects/contacts?limit=3", notice - timedelta(days=1)) == []
    [sentence] = seen("/crm/v3/objects/contacts?limit=3", notice)
    assert sentence == (
        "HubSpot's path /crm/v3/objects/contacts ends on 2027-09-30, in 183 days. "
        "Use a dated api_version, or a newer version of this package if it is one already."
    )
    assert seen("/crm/v3/objects/deals", notice) == []
    assert len(seen("/crm/v4/associations", notice)) == 1
    assert seen("/crm/objects/2026-03/contacts", OLD_3 + timedelta(days=400)) == []


def test_a_path_that_has_ended_is_warned_of_too() -> None:
    assert "in -1 days" in seen("/crm/v3/lists", OLD_3 + timedelta(days=1))[0]


class VirtualDay:
    """A clock that stands still at some day."""

    def __init__(self, day: date) -> None:
        self._now_s = at_s(day)

    def now_s(self) -> float:
        return self._now_s

    def monotonic_s(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


async def test_calls_warn_by_the_connectors_clock() -> None:
    async def respond(_: HttpRequest) -> HttpResponse:
        return page()

    def connect(day: date, version: str) -> HubspotConnector:
        config = HubspotPrivateAppAuthConfig(private_app_token="pat-1")
        return HubspotConnector(
            auth_config=config, transport=ScriptedTransport(respond), api_version=version, clock=VirtualDay(day)
        )

    await connect(date(2026, 5, 4), "v3").contacts.list()
    await connect(OLD_3, "2026-03").contacts.list()
    old = connect(date(2027, 9, 1), "v3")
    with pytest.warns(SunsetWarning):
        await old.contacts.list()
    await old.contacts.list()
