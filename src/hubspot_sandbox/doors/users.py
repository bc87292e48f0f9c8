"""Users, roles and teams.

Source: https://developers.hubspot.com/docs/api-reference/settings-user-provisioning-v3/guide
"""

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from hubspot_sandbox.calls import Answer, Call, Door, read_json
from hubspot_sandbox.doors.access import any_of
from hubspot_sandbox.doors.objects import next_page
from hubspot_sandbox.errors import ConflictError, JsonObject, NotFoundError, ValidationError
from hubspot_sandbox.users import ROLES, User, next_user_id, put_user, remove_user, teams, users
from hubspot_sandbox.versions import DATED

PAGE: Final = 100


class _Fields(msgspec.Struct, frozen=True, rename="camel"):
    first_name: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET
    role_id: str | UnsetType = UNSET
    primary_team_id: str | UnsetType = UNSET
    secondary_team_ids: tuple[str, ...] | UnsetType = UNSET


class _NewUser(msgspec.Struct, frozen=True, rename="camel"):
    email: str
    send_welcome_email: bool = False


def list_users(call: Call) -> Answer:
    """One page of users, ascending by id; the cursor is the last id."""
    limit, after = call.number("limit", PAGE, at_most=PAGE), call.place()
    found = [user for user in users(call.portal).values() if int(user.id) > after]
    body: JsonObject = {"results": found[:limit]}
    if len(found) > limit:
        body["paging"] = next_page(call, found[limit - 1].id)
    return Answer(200, body)


def _user(call: Call) -> User:
    wanted, by_email = call.path["id"], call.text("idProperty") == "EMAIL"
    for user in users(call.portal).values():
        if wanted.lower() == (user.email.lower() if by_email else user.id):
            return user
    # choice: the text for a user nobody knows is not documented.
    raise NotFoundError("resource not found", category="OBJECT_NOT_FOUND")


def read_user(call: Call) -> Answer:
    """One user, by id or by e-mail address."""
    return Answer(200, _user(call))


def _with(call: Call, user: User) -> User:
    wanted = read_json(call.body, _Fields)
    changes = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not UNSET}
    if wanted.role_id is not UNSET:
        changes["role_ids"] = (wanted.role_id,)
    known_teams = {team.id for team in teams(call.portal)}
    team_ids = {wanted.primary_team_id, *(wanted.secondary_team_ids or ())} - {UNSET}
    if wanted.role_id not in {UNSET, *(role.id for role in ROLES)} or not team_ids <= known_teams:
        # choice: the text for a role or team nobody knows is not documented.
        raise ValidationError("roleId and team ids must exist in the account")
    return msgspec.structs.replace(user, **changes)


def create_user(call: Call) -> Answer:
    """A new user: 201, and the only answer that tells of a welcome e-mail."""
    wanted = read_json(call.body, _NewUser)
    if any(user.email.lower() == wanted.email.lower() for user in users(call.portal).values()):
        # choice: the text for an address that is taken is not documented.
        raise ConflictError(f"User with email {wanted.email} already exists", category="CONFLICT")
    user = _with(call, User(id=next_user_id(call.portal), email=wanted.email))
    put_user(call.portal, user)
    return Answer(201, msgspec.structs.replace(user, send_welcome_email=wanted.send_welcome_email))


def update_user(call: Call) -> Answer:
    """A user with another name, role or team."""
    user = _with(call, _user(call))
    put_user(call.portal, user)
    return Answer(200, user)


def delete_user(call: Call) -> Answer:
    """204."""
    remove_user(call.portal, _user(call))
    return Answer(204)


def list_roles(_call: Call) -> Answer:
    """Every role."""
    return Answer(200, {"results": ROLES})


def list_teams(call: Call) -> Answer:
    """Every team."""
    return Answer(200, {"results": teams(call.portal)})


_VERSIONS: Final = frozenset({"v3"}) | DATED
_READ: Final = any_of("settings.users.read", "crm.objects.users.read")
_WRITE: Final = any_of("settings.users.write", "crm.objects.users.write")
_ALL: Final = "/settings/users"
_ONE: Final = f"{_ALL}/{{id}}"
DOORS: Final = (
    Door("GET", _ALL, list_users, _READ, versions=_VERSIONS),
    Door("POST", _ALL, create_user, _WRITE, versions=_VERSIONS),
    Door("GET", f"{_ALL}/roles", list_roles, _READ, versions=_VERSIONS),
    Door("GET", f"{_ALL}/teams", list_teams, any_of("settings.users.teams.read"), versions=_VERSIONS),
    Door("GET", _ONE, read_user, _READ, versions=_VERSIONS),
    Door("PUT", _ONE, update_user, _WRITE, versions=_VERSIONS),
    Door("DELETE", _ONE, delete_user, _WRITE, versions=_VERSIONS),
)
