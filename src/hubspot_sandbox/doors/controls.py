"""What a developer may set while the sandbox runs: faults, quotas, index lag. Not part of HubSpot."""

from dataclasses import asdict, replace
from typing import Final

import msgspec

from hubspot_sandbox.calls import Answer, Call, Door, json_text
from hubspot_sandbox.errors import JsonObject, NotFoundError, ValidationError
from hubspot_sandbox.faults import KINDS, ActiveFault, Fault, FaultError
from hubspot_sandbox.limits import Quotas
from hubspot_sandbox.portal import Behaviour, Portal
from hubspot_sandbox.versions import UNVERSIONED


class _Settings(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A part of the settings; what is left out stays as it is."""

    index_lag_s: float | tuple[float, float] | None = None
    rate_limits: bool | None = None
    rotate_refresh_tokens: bool | None = None
    auto_approve: bool | None = None
    quotas: dict[str, int] | None = None


def list_faults(call: Call) -> Answer:
    """The faults at work and the kinds there are."""
    shown = [fault_json(active) for active in call.portal.faults.all()]
    return Answer(200, {"faults": shown, "kinds": KINDS})


def add_fault(call: Call) -> Answer:
    """A further fault."""
    try:
        fault = msgspec.json.decode(json_text(call.body), type=Fault)
        return Answer(201, fault_json(call.portal.faults.add(fault)))
    except (msgspec.DecodeError, FaultError) as error:
        raise ValidationError(str(error)) from None


def remove_fault(call: Call) -> Answer:
    """One fault less."""
    if not call.portal.faults.remove(call.path["id"]):
        raise NotFoundError("there is no such fault")
    return Answer(204)


def clear_faults(call: Call) -> Answer:
    """No more faults."""
    call.portal.faults.clear()
    return Answer(204)


def fault_json(active: ActiveFault) -> JsonObject:
    """A fault as it was asked for, and what it did so far."""
    asked: JsonObject = msgspec.to_builtins(active.fault)
    return {"id": active.id, **asked, "seen": active.seen, "fired": active.fired}


def settings_json(portal: Portal) -> JsonObject:
    """Everything that can be set."""
    behaviour = portal.behaviour
    lag = behaviour.index_lag
    return {
        "index_lag_s": [lag.low_s, lag.high_s],
        "rate_limits": behaviour.rate_limits,
        "rotate_refresh_tokens": behaviour.rotate_refresh_tokens,
        "auto_approve": behaviour.auto_approve,
        "quotas": asdict(behaviour.quotas),
    }


def read_settings(call: Call) -> Answer:
    """Everything that can be set."""
    return Answer(200, settings_json(call.portal))


def change_settings(call: Call) -> Answer:
    """The settings, some of them changed."""
    try:
        asked = msgspec.json.decode(json_text(call.body), type=_Settings)
        call.portal.behave(_changed(call.portal.behaviour, asked))
    except (msgspec.DecodeError, ValueError) as error:
        raise ValidationError(str(error)) from None
    return read_settings(call)


def _changed(behaviour: Behaviour, asked: _Settings) -> Behaviour:
    return replace(
        behaviour,
        search_index_lag_s=behaviour.search_index_lag_s if asked.index_lag_s is None else asked.index_lag_s,
        rate_limits=behaviour.rate_limits if asked.rate_limits is None else asked.rate_limits,
        rotate_refresh_tokens=(
            behaviour.rotate_refresh_tokens if asked.rotate_refresh_tokens is None else asked.rotate_refresh_tokens
        ),
        auto_approve=behaviour.auto_approve if asked.auto_approve is None else asked.auto_approve,
        quotas=_quotas(behaviour.quotas, asked.quotas or {}),
    )


def _quotas(quotas: Quotas, asked: dict[str, int]) -> Quotas:
    unknown = asked.keys() - asdict(quotas).keys()
    if unknown:
        raise ValueError(f"there is no quota {', '.join(sorted(unknown))}; there are {', '.join(asdict(quotas))}")
    return replace(quotas, **asked)


def read_quotas(call: Call) -> Answer:
    """How much of each quota is used."""
    return Answer(200, {"enforced": call.portal.limits.enforced, "used": call.portal.limits.usage()})


DOORS: Final = tuple(
    Door(method, f"/_sandbox/{path}", handle, versions=UNVERSIONED)
    for method, path, handle in (
        ("GET", "faults", list_faults),
        ("POST", "faults", add_fault),
        ("DELETE", "faults", clear_faults),
        ("DELETE", "faults/{id}", remove_fault),
        ("GET", "settings", read_settings),
        ("PATCH", "settings", change_settings),
        ("GET", "quotas", read_quotas),
    )
)
