"""The people records belong to.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/owners/guide
"""

import msgspec


class Team(msgspec.Struct, frozen=True):
    """A team an owner belongs to."""

    id: str
    name: str
    primary: bool = True


class Owner(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An owner; `id` is what `hubspot_owner_id` holds, `user_id` is another number."""

    id: str
    email: str
    type: str = "PERSON"
    first_name: str
    last_name: str
    user_id: int | None
    user_id_including_inactive: int
    created_at: str
    updated_at: str
    archived: bool = False
    teams: tuple[Team, ...] = ()
