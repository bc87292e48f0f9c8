"""The portals one can have, and how each is built."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from hubspot_sandbox.clock import VIRTUAL_START, Clock, SystemClock
from hubspot_sandbox.instants import to_ms
from hubspot_sandbox.pipelines import default_pipelines
from hubspot_sandbox.portal import Behaviour, Origin, Portal
from hubspot_sandbox.scopes import known_scopes
from hubspot_sandbox.seeding.activities import add_activities, add_busy_month, number_activities
from hubspot_sandbox.seeding.cache import cached_file, copy_cached, default_cache, write_crowded
from hubspot_sandbox.seeding.draw import Draw
from hubspot_sandbox.seeding.people import (
    add_companies,
    add_contacts,
    add_owners,
    number_contacts,
    settle_lifecycle,
)
from hubspot_sandbox.seeding.sales import RENEWALS, add_deals, add_leads, add_products, add_quotes
from hubspot_sandbox.seeding.service import (
    add_installation_type,
    add_installations,
    add_portal_properties,
    add_tickets,
    number_tickets,
)
from hubspot_sandbox.seeding.world import Size, World
from hubspot_sandbox.store import Store
from hubspot_sandbox.tokens import App

PORTALS: Final[dict[str, Size]] = {
    "small": Size(
        companies=20,
        contacts=60,
        deals=30,
        tickets=16,
        installations=6,
        leads=4,
        quotes=4,
        notes=12,
        tasks=12,
        calls=8,
        emails=8,
        meetings=6,
    ),
    "default": Size(
        companies=850,
        contacts=5_200,
        deals=1_300,
        tickets=640,
        installations=240,
        leads=90,
        quotes=120,
        notes=420,
        tasks=360,
        calls=280,
        emails=260,
        meetings=180,
    ),
}
# As many contacts as that; everything else is as in the default portal.
CROWDED: Final = {"million": 1_000_000}
PORTALS["million"] = PORTALS["default"]
_HOUR_MS: Final = 3_600_000
_APP_ID: Final = 7_654_321
# The address that HubSpot's and others' documentation uses as an example.
_REDIRECT_URIS: Final = ("https://yourapp.com/oauth/callback",)


def build_store(seed: int, portal: str, clock: Clock, path: Path | None = None, *, cache: Path | None = None) -> Store:
    """A store with a freshly generated portal.

    Dates lead up to the last full hour. Within a process each (seed, portal, hour) is generated once and copied.
    A crowded portal is generated once for all, into a file of the cache directory; its dates lead up to a fixed day.
    """
    if portal in CROWDED:
        return _build_crowded(seed, portal, path, cache or default_cache())
    reference_ms = clock.now_ms() // _HOUR_MS * _HOUR_MS
    store = Store(path)
    _template(Origin(seed=seed, portal=portal, reference_ms=reference_ms)).copy_to(store)
    return store


def _build_crowded(seed: int, portal: str, path: Path | None, cache: Path) -> Store:
    source = cached_file(cache, portal, seed)
    if not source.exists():
        template = _template(Origin(seed=seed, portal=portal, reference_ms=to_ms(VIRTUAL_START)))
        write_crowded(source, template, CROWDED[portal])
    return copy_cached(source, path)


@lru_cache(maxsize=8)
def _template(origin: Origin) -> Store:
    store = Store()
    with store.transaction():
        store.put("origin", "portal", origin)
        world = World(
            portal=Portal(store, SystemClock(), Behaviour()),
            draw=Draw(f"{origin.seed}/{origin.portal}"),
            size=PORTALS[origin.portal],
            reference_ms=origin.reference_ms,
        )
        _register(world.portal)
        _fill(world)
    store.create_indexes()
    return store


def _register(portal: Portal) -> None:
    """Pipelines, and the credentials every portal has."""
    for object_type in portal.types:
        for pipeline in default_pipelines(object_type):
            portal.store.put(f"pipeline {object_type.type_id}", pipeline.id, pipeline)
    portal.store.put("pipeline 0-3", RENEWALS.id, RENEWALS)
    app = App(
        app_id=_APP_ID,
        name="Agent connector",
        client_id=portal.identifiers.uuid("client id"),
        client_secret=portal.identifiers.uuid("client secret"),
        scopes=known_scopes(),
        redirect_uris=_REDIRECT_URIS,
    )
    portal.tokens.register_app(app)
    portal.tokens.mint_refresh_token(app, app.scopes)
    portal.tokens.mint_private_token(app.scopes)


def _fill(world: World) -> None:
    add_owners(world)
    add_portal_properties(world)
    add_installation_type(world)
    add_companies(world)
    add_contacts(world)
    products = add_products(world)
    add_deals(world, products)
    settle_lifecycle(world)
    add_tickets(world)
    add_installations(world)
    add_leads(world)
    add_quotes(world)
    add_activities(world)
    add_busy_month(world)
    world.number()
    number_contacts(world)
    number_tickets(world)
    number_activities(world)
    world.write()
