"""A HubSpot account on your machine: OAuth, CRM objects, search, limits, faults and webhooks, from a seed number.

This is an independent simulator. It is not affiliated with HubSpot.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hubspot_sandbox.app import create_app
    from hubspot_sandbox.clock import Clock, SystemClock, VirtualClock
    from hubspot_sandbox.faults import Fault, FaultError
    from hubspot_sandbox.interference import ConnectionDroppedError
    from hubspot_sandbox.limits import Quotas
    from hubspot_sandbox.portal import Behaviour, Portal

# Loaded when first used: pytest imports this package in every run, for its plugin.
_HOMES = {
    "Behaviour": "portal",
    "Clock": "clock",
    "ConnectionDroppedError": "interference",
    "Fault": "faults",
    "FaultError": "faults",
    "Portal": "portal",
    "Quotas": "limits",
    "SystemClock": "clock",
    "VirtualClock": "clock",
    "create_app": "app",
}

__all__ = [
    "Behaviour",
    "Clock",
    "ConnectionDroppedError",
    "Fault",
    "FaultError",
    "Portal",
    "Quotas",
    "SystemClock",
    "VirtualClock",
    "create_app",
]


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
