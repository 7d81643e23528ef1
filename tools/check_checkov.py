"""Let checkov look at the template, offline, and hold every exception to a reason.

    python -m tools.check_checkov [TEMPLATE]

An exception stands at its resource: `Metadata: { checkov: { skip: [{ id: ..., comment: ... }] } }`.
checkov comes from an environment of its own, .local/checkov, and is started without anything of the
caller's: an API key in the environment would make it upload what it found.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tools.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_HOME = ROOT / ".local" / "checkov"

#: Beside the switches below: without it checkov asks PyPI, while it starts, for a newer version.
OFFLINE = {"CKV_SKIP_PACKAGE_UPDATE_CHECK": "true", "BC_SKIP_MAPPING": "TRUE"}

_SWITCHES = (
    *("--framework", "cloudformation", "--output", "json", "--compact"),
    *("--skip-download", "--skip-results-upload", "--download-external-modules", "false"),
)

#: A reason in fewer characters is none.
SHORTEST_REASON = 15


class CheckError(Exception):
    """checkov did not look at the template. The message is for a person."""


def look(template: Path, environment: Mapping[str, str] = OFFLINE) -> dict[str, Any]:
    """What checkov says of a template: its report as it prints it. Raises CheckError."""
    program = _HOME / "bin" / "checkov"
    if not program.is_file():
        raise CheckError("checkov is not installed; `make check` prepares it")
    done = subprocess.run(
        [str(program), "--file", str(template), *_SWITCHES],
        cwd=_HOME,
        env={"HOME": str(_HOME), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **environment},
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        said = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise CheckError(f"checkov ended with status {done.returncode}: {said}") from None
    return report


def problems(report: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong by a report, one line each. Raises CheckError where nothing was looked at."""
    # It has neither where it found nothing to look at.
    results = report.get("results", {})
    if not results.get("passed_checks") or not report["summary"]["resource_count"]:
        raise CheckError("checkov found nothing to look at")
    for file in results["parsing_errors"]:
        yield f"{file} cannot be read"
    for found in results["failed_checks"]:
        begins = found["file_line_range"][0]
        yield f"line {begins}: {found['resource']}: {found['check_id']} {found['check_name']}"
    for found in results["skipped_checks"]:
        reason = found["check_result"].get("suppress_comment") or ""
        # checkov says this by itself where there is no comment.
        if len(reason) < SHORTEST_REASON or reason == "No comment provided":
            yield f"{found['resource']}: {found['check_id']} is skipped without a reason"


def main(arguments: list[str]) -> int:
    """Print what is wrong; 1 if anything is, or if nothing was looked at."""
    template = ROOT / (arguments[0] if arguments else "template.yaml")
    try:
        report = look(template)
        found = list(problems(report))
    except CheckError as error:
        found = [str(error)]
    for line in found:
        print(line)
    if not found:
        summary = report["summary"]
        print(f"{summary['passed']} rules kept, {summary['skipped']} skipped with a reason")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
