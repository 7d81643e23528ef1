"""An audit is believed only where it looked at every pin."""

from __future__ import annotations

from typing import Any

import pytest

from tools.audit import AuditError, findings, pinned

FAKE_HASH = "--hash=sha256:" + "0" * 64
LOCK = f"""\
# digest: sha256:0
colourful==1.0 \\
    {FAKE_HASH}
Plain_Name==2.1.post1 ; python_version >= '3' \\
    {FAKE_HASH}
ancient==0.1 ; python_version < '3' \\
    {FAKE_HASH}
"""
PINS = {("colourful", "1.0"), ("plain-name", "2.1.post1")}
WEAK = {"id": "PYSEC-2026-1", "fix_versions": ["1.1", "2.0"], "aliases": ["CVE-2026-7", "GHSA-x"]}


def report(*audited: tuple[str, str, list[dict[str, Any]]], skipped: str = "") -> dict[str, Any]:
    """As pip-audit prints it."""
    found: list[dict[str, Any]] = [{"name": n, "version": v, "vulns": w} for n, v, w in audited]
    if skipped:
        found.append({"name": skipped, "skip_reason": f"{skipped} is not known here"})
    return {"dependencies": found, "fixes": []}


def test_pins_are_those_that_are_installed_here() -> None:
    assert pinned(LOCK) == PINS


@pytest.mark.parametrize(
    "lock", ["", "# digest: sha256:0\n", f"old==1 ; python_version < '3' {FAKE_HASH}\n"]
)
def test_a_lock_that_pins_nothing_is_not_audited(lock: str) -> None:
    with pytest.raises(AuditError, match="nothing was audited"):
        pinned(lock)


def test_nothing_is_found_where_every_pin_was_looked_at() -> None:
    assert findings(report(("colourful", "1.0", []), ("Plain.Name", "2.1.post1", [])), PINS) == []


@pytest.mark.parametrize(
    "incomplete",
    [
        report(("colourful", "1.0", [])),
        report(("colourful", "1.0", []), skipped="plain-name"),
        report(("colourful", "1.0", []), ("plain-name", "2.1", [])),
    ],
)
def test_a_pin_that_was_not_looked_at_is_named(incomplete: dict[str, Any]) -> None:
    with pytest.raises(AuditError) as caught:
        findings(incomplete, PINS)
    assert str(caught.value) == "1 of 2 pins were not audited: plain-name 2.1.post1"


def test_zero_audited_is_no_success() -> None:
    with pytest.raises(AuditError, match=r"^2 of 2 pins were not audited: colourful 1\.0, plain"):
        findings(report(), PINS)


def test_a_vulnerability_is_told_with_its_package_id_and_remedy() -> None:
    unfixed = {"id": "GHSA-y", "fix_versions": [], "aliases": []}
    found = findings(
        report(("colourful", "1.0", [WEAK]), ("plain-name", "2.1.post1", [unfixed])), PINS
    )
    assert [str(one) for one in found] == [
        "colourful 1.0 has PYSEC-2026-1 CVE-2026-7, fixed in 1.1 or 2.0",
        "plain-name 2.1.post1 has GHSA-y, not fixed in any version",
    ]
