"""Which files are the project: what git tracks, and what it would track once added."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def project_files(root: Path = ROOT) -> list[Path]:
    """Files below `root` that git tracks or does not ignore, absolute, sorted.

    A file deleted from the work tree but still in the index is left out. Raises
    subprocess.CalledProcessError where `root` is no work tree of git.
    """
    listed = subprocess.run(  # nosec B607 # whichever git the machine has
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    files = {root / name for name in listed.split("\0") if name}
    return sorted(path for path in files if path.is_file())


def text_of(path: Path) -> str | None:
    """The text of a file, or None where it holds something else."""
    raw = path.read_bytes()
    if b"\0" in raw:
        return None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None
