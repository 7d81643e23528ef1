"""Look for credentials in every file of the project, offline.

    python -m tools.check_secrets            a finding that .secrets.baseline does not list fails
    python -m tools.check_secrets --accept   lists all present findings there, to be reviewed

The baseline is what a person looked at and found harmless: names of secrets, and the made-up
credentials of the sandbox and the tests. A single line can also say so itself, with the comment
`pragma: allowlist secret`.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from detect_secrets.core import baseline
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

from tools.locks import LOCKS
from tools.tree import ROOT, project_files

if TYPE_CHECKING:
    from pathlib import Path

BASELINE = ".secrets.baseline"
RECORDED = "tests/fixtures"
# A finding may be looked up at its issuer to see whether it works; that filter does it.
_ASKS_THE_NETWORK = "detect_secrets.filters.common.is_ignored_due_to_verification_policies"


def scan(root: Path, files: list[Path]) -> SecretsCollection:
    """What looks like a credential in `files` (absolute, below `root`).

    Lock files are left out: they are nothing but digests, and their check admits nothing else. So
    are items recorded in the sandbox: every chain of theirs is digests, and all in them is made up.
    """
    skipped = {root / lock.path for lock in LOCKS} | {root / BASELINE}
    skipped |= {path for path in files if path.is_relative_to(root / RECORDED)}
    found = SecretsCollection(root=str(root))
    with default_settings() as settings:
        settings.disable_filters(_ASKS_THE_NETWORK)
        for path in files:
            if path not in skipped:
                found.scan_file(str(path.relative_to(root)))
    return found


def problems(root: Path, files: list[Path]) -> list[str]:
    """Findings that the baseline below `root` does not list: one line each, never the secret."""
    path = root / BASELINE
    listed = json.loads(path.read_text())["results"] if path.is_file() else {}
    known = {
        (name, entry["type"], entry["hashed_secret"])
        for name, entries in listed.items()
        for entry in entries
    }
    return sorted(
        f"{name}:{secret.line_number}: looks like a {secret.type}"
        for name, secret in scan(root, files)
        if (name, secret.type, secret.secret_hash) not in known
    )


def accept(root: Path, files: list[Path]) -> int:
    """List all present findings in the baseline below `root`; returns how many there are."""
    found = scan(root, files)
    with default_settings():
        listed = baseline.format_for_output(found)
    # When it was made, and where, would only make two machines' baselines differ.
    del listed["generated_at"]
    for name, entries in listed["results"].items():
        for entry in entries:
            entry["filename"] = name
    (root / BASELINE).write_text(json.dumps(listed, indent=2) + "\n")
    return len(list(found))


def main(arguments: list[str]) -> int:
    """Print what is new, or accept it; 1 if anything is new."""
    files = project_files()
    if arguments == ["--accept"]:
        count = accept(ROOT, files)
        print(f"{BASELINE} lists {count} findings; read them before committing it")
        return 0
    lines = problems(ROOT, files)
    for line in lines:
        print(line)
    if lines:
        print(f"harmless? then: make accept-secrets, and review the change of {BASELINE}")
    else:
        print(f"{len(files)} files hold no unknown secret")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
