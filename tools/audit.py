"""Ask a vulnerability service about every pin of a lock, and believe only a whole answer.

pip-audit of .local/release does the asking, by the OSV API (https://google.github.io/osv.dev/api/).
It ends well, too, where it looked at nothing, and a service that knows nothing finds nothing; so
the pins it looked at are counted, and the service is asked first about a release that is known to
be vulnerable.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.locks import read
from tools.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = ROOT / ".local" / "release" / "bin" / "pip-audit"

#: Vulnerable since 2018 (CVE-2018-18074): a service that does not know that knows nothing.
KNOWN = ("requests", "2.19.1")

_LONGEST_REASON = 120
_LISTED = 5


class AuditError(Exception):
    """Something was not looked into, or is vulnerable. The message is one line for a person."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A known vulnerability of one pin. `fixed` holds the versions without it, if there are any."""

    name: str
    version: str
    id: str
    fixed: tuple[str, ...]

    def __str__(self) -> str:
        """The finding in one line."""
        remedy = f"fixed in {' or '.join(self.fixed)}" if self.fixed else "not fixed in any version"
        return f"{self.name} {self.version} has {self.id}, {remedy}"


def audit(lock: Path, service: str | None = None) -> int:
    """Look into every pin of a lock; how many there are.

    `service` is an address to ask instead of OSV's own. Raises AuditError where one is vulnerable
    or was not looked at.
    """
    pins = pinned(lock.read_text())
    report = _ask(["--requirement", str(lock), "--require-hashes"], service)
    found = findings(report, pins)
    if found:
        raise AuditError("; ".join(map(str, found)))
    return len(pins)


def prove(service: str | None = None) -> None:
    """See that the service can be reached and knows vulnerabilities. Raises AuditError."""
    name, version = KNOWN
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(f"{name}=={version}\n")
        file.flush()
        report = _ask(["--requirement", file.name, "--no-deps"], service)
    if not findings(report, {KNOWN}):
        raise AuditError(
            f"the vulnerability service knows nothing against {name} {version}, "
            "which is known to be vulnerable: nothing was audited"
        )


def pinned(lock: str) -> set[tuple[str, str]]:
    """Name and version of what a lock installs here. Raises AuditError where that is nothing."""
    wanted = [Requirement(pin.requirement) for pin in read(lock).pins]
    pins = {
        (str(canonicalize_name(one.name)), next(iter(one.specifier)).version)
        for one in wanted
        if one.marker is None or one.marker.evaluate()
    }
    if not pins:
        raise AuditError("the lock pins nothing: nothing was audited")
    return pins


def findings(report: dict[str, Any], pins: set[tuple[str, str]]) -> list[Finding]:
    """What a report of pip-audit says against the pins. Raises AuditError where one is missing."""
    answered = {
        (str(canonicalize_name(one["name"])), one["version"]): one["vulns"]
        for one in report["dependencies"]
        # What it could not look into has a reason instead.
        if "skip_reason" not in one
    }
    missing = sorted(pins - answered.keys())
    if missing:
        listed = ", ".join(f"{name} {version}" for name, version in missing[:_LISTED])
        more = " and others" if len(missing) > _LISTED else ""
        raise AuditError(f"{len(missing)} of {len(pins)} pins were not audited: {listed}{more}")
    return [
        Finding(name, version, _name_of(one), tuple(one["fix_versions"]))
        for (name, version), vulnerabilities in sorted(answered.items())
        for one in vulnerabilities
    ]


def _name_of(vulnerability: dict[str, Any]) -> str:
    """Its id, and the CVE where it has one under another."""
    names = [vulnerability["id"], *vulnerability.get("aliases", [])]
    return " ".join(dict.fromkeys([names[0], *(n for n in names if n.startswith("CVE-"))]))


def _ask(what: list[str], service: str | None) -> dict[str, Any]:
    """The report of one run of pip-audit. Raises AuditError where there is none."""
    if not PROGRAM.is_file():
        raise AuditError("pip-audit is not installed; `make release` prepares it")
    done = subprocess.run(
        [
            *(str(PROGRAM), *what, "--disable-pip", "--format", "json", "--desc", "off"),
            *("--aliases", "on", "--progress-spinner", "off", "--vulnerability-service", "osv"),
            *(("--osv-url", service) if service else ()),
        ],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    # 1 stands for vulnerabilities and for failure alike; only one of them comes with a report.
    try:
        report: dict[str, Any] = json.loads(done.stdout)
        report["dependencies"][0]
    except (ValueError, LookupError, TypeError):
        why = next(_last_line(done.stderr), f"pip-audit ended with status {done.returncode}")
        raise AuditError(f"the vulnerability service gave no answer ({why})") from None
    return report


def _last_line(text: str) -> Iterator[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines:
        yield lines[-1][:_LONGEST_REASON]
