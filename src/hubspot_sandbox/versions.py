"""Every spelling of a path leads to one canonical path and a version.

    /crm/v3/objects/contacts/1            ─┐
    /crm/objects/v3/contacts/1             ├─> /crm/objects/contacts/1
    /crm/objects/2026-09/contacts/1/      ─┘

Source: https://developers.hubspot.com/docs/developer-tooling/platform/versioning
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LEGACY: Final = frozenset({"v1", "v2", "v3", "v4"})
DATED: Final = frozenset({"2026-03", "2026-09"})
CRM_VERSIONS: Final = frozenset({"v3", "v4"}) | DATED
OAUTH_VERSIONS: Final = frozenset({"v1", "v3"}) | DATED
UNVERSIONED: Final = frozenset({""})

_PREFIXES: Final[Mapping[str, str]] = {"/crm-object-schemas/schemas": "/crm/schemas"}
_LAST_VERSION_PLACE: Final = 3


@dataclass(frozen=True, slots=True)
class VersionedPath:
    """A canonical path, and the version its spelling asked for ("" where the path has none)."""

    path: str
    version: str


def canonical_path(path: str) -> VersionedPath:
    """The one path behind any spelling; trailing slashes do not count."""
    segments = [segment for segment in path.split("/") if segment]
    version = ""
    for place, segment in enumerate(segments[:_LAST_VERSION_PLACE]):
        if segment in LEGACY or segment in DATED:
            version = segments.pop(place)
            break
    canonical = "/" + "/".join(segments)
    for alias, target in _PREFIXES.items():
        if canonical == alias or canonical.startswith(f"{alias}/"):
            canonical = target + canonical[len(alias) :]
    return VersionedPath(canonical, version)
