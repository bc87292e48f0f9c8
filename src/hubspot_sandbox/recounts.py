"""Properties that count linked records, or name the primary one.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/associations/associate-records/guide
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from hubspot_sandbox.portal import Portal
from hubspot_sandbox.records import Record

CONTACTS: Final = "0-1"
COMPANIES: Final = "0-2"
DEALS: Final = "0-3"
LINE_ITEMS: Final = "0-8"

# (type, property, linked type): how many records of the linked type there are.
_COUNTED: Final = (
    (CONTACTS, "num_associated_deals", DEALS),
    (COMPANIES, "num_associated_contacts", CONTACTS),
    (COMPANIES, "num_associated_deals", DEALS),
    (DEALS, "num_associated_contacts", CONTACTS),
    (DEALS, "hs_num_of_associated_line_items", LINE_ITEMS),
)
# (type, property): the id of the primary company.
_PRIMARY_COMPANY: Final = ((CONTACTS, "associatedcompanyid"), (DEALS, "hs_primary_associated_company"))


def recount(portal: Portal, ends: Iterable[tuple[str, int]]) -> dict[int, Record]:
    """Bring the properties that count or name linked records up to date; the records that changed, by id."""
    changed: dict[int, Record] = {}
    for type_id, record_id in dict.fromkeys(ends):
        record = portal.records.find(type_id, record_id)
        if record is None:
            continue
        values = dict(record.properties)
        for its_type, name, linked in _COUNTED:
            if its_type == type_id:
                values[name] = str(portal.associations.count(record_id, linked))
        for its_type, name in _PRIMARY_COMPANY:
            if its_type == type_id:
                primary = portal.associations.primary(type_id, record_id, COMPANIES)
                values.pop(name, None)
                values |= {name: str(primary)} if primary is not None else {}
        if values != record.properties:
            changed[record_id] = replace(record, properties=values)
            portal.records.replace(changed[record_id])
    return changed
