"""Owners.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/owners/guide
"""

import base64
import binascii
from typing import Final

from hubspot_sandbox.calls import Answer, Call, Door
from hubspot_sandbox.doors.access import any_of
from hubspot_sandbox.doors.objects import next_page
from hubspot_sandbox.errors import JsonObject, NotFoundError, ValidationError
from hubspot_sandbox.numerals import whole_number

PAGE: Final = 100
# choice: third parties say 500; the reference says nothing.
LARGEST_PAGE: Final = 500


def list_owners(call: Call) -> Answer:
    """One page of owners; the cursor is the next id in base64."""
    email, archived = call.text("email").lower(), call.flag("archived")
    limit = call.number("limit", PAGE, at_most=LARGEST_PAGE)
    first = _cursor(call.text("after"))
    found = [
        owner
        for owner in call.portal.owners().values()
        if owner.archived == archived and email in {"", owner.email.lower()} and int(owner.id) >= first
    ]
    body: JsonObject = {"results": found[:limit]}
    if len(found) > limit:
        body["paging"] = next_page(call, base64.b64encode(found[limit].id.encode()).decode())
    return Answer(200, body)


def _cursor(after: str) -> int:
    if not after:
        return 0
    try:
        first = whole_number(base64.b64decode(after, validate=True).decode())
    except (binascii.Error, ValueError):
        first = None
    if first is None:
        # choice: the text is not documented.
        raise ValidationError(f"after must be a cursor of an earlier page, got {after}")
    return first


def read_owner(call: Call) -> Answer:
    """One owner, by id or by user id."""
    wanted, by_user = call.path["id"], call.text("idProperty") == "userId"
    archived = call.flag("archived")
    for owner in call.portal.owners().values():
        own = str(owner.user_id_including_inactive) if by_user else owner.id
        if own == wanted and owner.archived == archived:
            return Answer(200, owner)
    raise NotFoundError("resource not found")


_READ: Final = any_of("crm.objects.owners.read")
DOORS: Final = (
    Door("GET", "/crm/owners", list_owners, _READ),
    Door("GET", "/crm/owners/{id}", read_owner, _READ),
)
