"""A HubSpot account on your machine: OAuth, CRM objects, search and limits, from a seed number.

This is an independent simulator. It is not affiliated with HubSpot.
"""

from hubspot_sandbox.app import create_app
from hubspot_sandbox.clock import Clock, SystemClock, VirtualClock
from hubspot_sandbox.limits import Quotas
from hubspot_sandbox.portal import Behaviour, Portal

__all__ = ["Behaviour", "Clock", "Portal", "Quotas", "SystemClock", "VirtualClock", "create_app"]
