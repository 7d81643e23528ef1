"""Refuse a Python that is too old, in one line, before anything else happens.

The Makefile runs it: a refusal goes to standard output, with status 3. This file alone must parse
and run on every Python a machine may call `python3` or `python`, back to 2.7, so it uses nothing
newer: no f-strings, no annotations, no print.
"""

import sys

REFUSED = 3


def refusal(found, executable):  # noqa: ANN001, ANN201
    # type: (tuple[int, int, int], str) -> str | None
    """What to tell the owner of a Python of version `found`, or None where it will do."""
    if found >= (3, 11, 0):
        return None
    return (
        "ml-connector needs Python 3.11 or newer, and {} is Python {}.{}.{}: "
        "install a newer one and name it, as in: make demo PYTHON=python3.13"
    ).format(executable, *found)


if __name__ == "__main__":
    _REFUSAL = refusal(sys.version_info[:3], sys.executable)
    if _REFUSAL:
        sys.stdout.write(_REFUSAL)
        sys.exit(REFUSED)
