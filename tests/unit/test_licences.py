"""The look at licences finds what it is for."""

from pathlib import Path

import pytest

from licences import REVIEWED, findings, is_permissive, licence_of, main


@pytest.mark.parametrize("licence", ["MIT", "Apache-2.0 AND BSD-2-Clause", "GPL-2.0 OR MIT", "BSD License", "PSF-2.0"])
def test_permissive_licences_pass(licence: str) -> None:
    assert is_permissive(licence)


@pytest.mark.parametrize("licence", ["GPL-3.0", "MPL-2.0 AND MIT", "LGPL-3.0-only", "Elastic-2.0", "none stated", ""])
def test_other_licences_do_not(licence: str) -> None:
    assert not is_permissive(licence)


def test_a_package_that_nobody_reviewed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(findings(["hypothesis", "pytest", "not-installed-here"])) == []
    monkeypatch.delitem(REVIEWED, "hypothesis")
    assert [line.partition(":")[0] for line in findings(["hypothesis", "pytest"])] == ["hypothesis"]


def test_every_review_is_of_a_package_that_needs_one() -> None:
    needless = [name for name in REVIEWED if is_permissive(licence_of(name) or "none stated")]
    assert needless == []


def test_the_gate_passes_as_things_are_and_fails_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main() == 0
    monkeypatch.delitem(REVIEWED, "hypothesis")
    pinned = tmp_path / "pinned.txt"
    pinned.write_text("hypothesis==1 \\\n    --hash=sha256:00\n")
    assert main(pinned) == 1
