"""House rules for the text of every file in the project.

    python -m tools.check_text

- No host of a package index: which index to use is the affair of the machine that installs.
- No absolute path of one person's machine: nothing here may depend on where it was written.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.tree import ROOT, project_files, text_of

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern no line may hold, and what to say of one that does."""

    pattern: re.Pattern[str]
    says: str


# Written so that no pattern here matches its own text.
RULES = (
    Rule(
        re.compile(
            r"\b(?:(?:test\.)?pypi\.org|[\w.-]*pythonhosted\.org|registry\.(?:npmjs|yarnpkg)\.\w+"
            r"|(?:static|index)\.crates\.io|proxy\.golang\.org|(?:deb|security)\.debian\.org"
            r"|repo1?\.maven\.[\w.]+|rubygems\.org)\b",
            re.IGNORECASE,
        ),
        "names the host of a package index",
    ),
    Rule(
        re.compile(r"--(?:extra-)?index-url\b|--find[-]links\b|--trusted[-]host\b"),
        "chooses a package index, which is up to the machine that installs",
    ),
    Rule(
        re.compile(
            r"""(?<![\w./~${}<>-])/(?:root|work|home/[\w.-]+|Users/[\w.-]+)(?=[/\s"'`:;,)]|$)"""
        ),
        "holds an absolute path of one machine",
    ),
)


def problems(root: Path, files: list[Path]) -> list[str]:
    """Where `files` (absolute, below `root`) break a rule: one line each."""
    found: list[str] = []
    for path in files:
        text = text_of(path)
        for number, line in enumerate((text or "").splitlines(), 1):
            found += [
                f"{path.relative_to(root)}:{number}: {rule.says}"
                for rule in RULES
                if rule.pattern.search(line)
            ]
    return found


def main() -> int:
    """Print what is wrong; 1 if anything is."""
    files = project_files()
    found = problems(ROOT, files)
    for line in found:
        print(line)
    if not found:
        print(f"{len(files)} files keep the rules")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
