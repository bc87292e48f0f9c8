"""The people who can sign in, their teams and roles: those behind the owners, and those an app provisioned.

Source: https://developers.hubspot.com/docs/api-reference/settings-user-provisioning-v3/guide
"""

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from hubspot_sandbox.portal import Portal

_KIND: Final = "user"
_FIRST_USER_ID: Final = 77_000_001


class User(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A user; field order is the order on the wire."""

    id: str
    email: str
    first_name: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET
    role_id: str | UnsetType = UNSET
    role_ids: tuple[str, ...] = ()
    primary_team_id: str | UnsetType = UNSET
    secondary_team_ids: tuple[str, ...] | UnsetType = UNSET
    send_welcome_email: bool | UnsetType = UNSET
    super_admin: bool = False


class Role(msgspec.Struct, frozen=True, rename="camel"):
    """What a user may do."""

    id: str
    name: str
    requires_billing_write: bool = False


class Team(msgspec.Struct, frozen=True, rename="camel"):
    """A team with the ids of its users."""

    id: str
    name: str
    user_ids: tuple[str, ...] = ()
    secondary_user_ids: tuple[str, ...] = ()


class _Removed(msgspec.Struct, frozen=True):
    id: str


# choice: every generated account has the same two roles.
ROLES: Final = (Role("100", "Sales"), Role("101", "Billing", requires_billing_write=True))


def users(portal: Portal) -> dict[str, User]:
    """The users by id. The first of the owners is a super admin."""
    found: dict[str, User] = {}
    for place, owner in enumerate(owner for owner in portal.owners().values() if owner.user_id is not None):
        team = next((team.id for team in owner.teams if team.primary), UNSET)
        found[str(owner.user_id)] = User(
            id=str(owner.user_id),
            email=owner.email,
            first_name=owner.first_name,
            last_name=owner.last_name,
            role_id=ROLES[0].id,
            role_ids=(ROLES[0].id,),
            primary_team_id=team,
            super_admin=place == 0,
        )
    found |= {user.id: user for user in portal.store.all(_KIND, User)}
    removed = {each.id for each in portal.store.all(f"removed {_KIND}", _Removed)}
    return {user_id: found[user_id] for user_id in sorted(found, key=int) if user_id not in removed}


def next_user_id(portal: Portal) -> str:
    """The id of a user an app provisions."""
    return str(portal.store.next_serial("user", _FIRST_USER_ID))


def put_user(portal: Portal, user: User) -> None:
    """Write a user over any earlier one of the id."""
    portal.store.put(_KIND, user.id, user)


def remove_user(portal: Portal, user: User) -> None:
    """Take a user out of the account. # choice: the owner of the same person stays."""
    portal.store.put(f"removed {_KIND}", user.id, _Removed(user.id))


def teams(portal: Portal) -> list[Team]:
    """The teams with the users in them."""
    names = {team.id: team.name for owner in portal.owners().values() for team in owner.teams}
    everybody = users(portal).values()
    return [
        Team(
            team_id,
            names[team_id],
            tuple(user.id for user in everybody if user.primary_team_id == team_id),
            tuple(user.id for user in everybody if team_id in (user.secondary_team_ids or ())),
        )
        for team_id in sorted(names, key=int)
    ]
