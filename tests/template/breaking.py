"""Breaking a template on purpose, to see that a rule notices."""

from __future__ import annotations

import copy
from typing import Any

GONE = object()


def broken(template: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """A copy of the template with the value at `path` replaced, or removed for `GONE`."""
    result = copy.deepcopy(template)
    *parents, last = path.split("/")
    node: Any = result
    for step in parents:
        node = node[int(step)] if isinstance(node, list) else node[step]
    if value is GONE:
        del node[last]
    else:
        node[last] = value
    return result
