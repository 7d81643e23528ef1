"""What an audit entry holds, where it has the shape it was written in.

Somebody may have written something else over an entry. `audit verify` names it; whoever reads it
for another reason takes it for one that says nothing of the kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def mappings(value: object) -> list[Mapping[str, Any]]:
    """The mappings of a list; none of anything else."""
    return [one for one in _list(value) if isinstance(one, Mapping)]


def texts(value: object) -> list[str]:
    """The texts of a list; none of anything else."""
    return [one for one in _list(value) if isinstance(one, str)]


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []
