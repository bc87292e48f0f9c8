"""Rules that an account's admins set up for records. Not part of HubSpot's API: there people click them together."""

from typing import Final

from hubspot_sandbox.calls import Answer, Call, Door, read_json
from hubspot_sandbox.record_rules import RecordRules, put_rules, rules_of
from hubspot_sandbox.versions import UNVERSIONED


def read_rules(call: Call) -> Answer:
    """The rules in force."""
    return Answer(200, rules_of(call.portal))


def set_rules(call: Call) -> Answer:
    """Exactly these rules from now on."""
    put_rules(call.portal, read_json(call.body, RecordRules))
    return read_rules(call)


_PATH: Final = "/_sandbox/record-rules"
DOORS: Final = (
    Door("GET", _PATH, read_rules, versions=UNVERSIONED),
    Door("PUT", _PATH, set_rules, versions=UNVERSIONED),
)
