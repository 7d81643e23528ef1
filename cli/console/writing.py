"""Files as results: whole or not at all, for their owner alone, and never over another unasked."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from .asking import confirm

#: For its owner alone: what is written holds numbers, names or what was done about bills.
PRIVATE = 0o600


def may_write(*paths: Path | None, yes: bool) -> bool:
    """Whether to write these files: asked once, about those that are there already.

    `yes` answers for the person who said --yes; None is no file. Raises Misused where nobody
    answers.
    """
    there = [str(path) for path in paths if path and path.exists()]
    if not there:
        return True
    verb = "is" if len(there) == 1 else "are"
    return confirm(f"{' and '.join(there)} {verb} there already; write over it?", yes=yes)


@contextmanager
def opened(path: Path | None) -> Iterator[TextIO]:
    """A file only its owner reads, there once it is complete; standard output without a path.

    Raises OSError naming that path, whatever the file was called until then.
    """
    if path is None:
        yield sys.stdout
        return
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        # Not Path.open, which takes no opener.
        with open(part, "x", encoding="utf-8", newline="", opener=_private) as stream:
            yield stream
        part.replace(path)
    except OSError as error:
        if error.filename in (None, str(part)):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        part.unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    with opened(path) as stream:
        stream.write(text)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE)
