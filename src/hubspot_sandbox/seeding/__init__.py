"""Realistic, reproducible portals: the same seed and day give the same records.

The portal belongs to Lumen Metrics, an invented maker of sensors that sells hardware, subscriptions and services
to companies in North America.
"""

from hubspot_sandbox.seeding.portals import PORTALS, build_store

__all__ = ["PORTALS", "build_store"]
