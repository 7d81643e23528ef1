"""What IAM would say to a request, from the policies of the template alone.

An evaluator for what these policies use: Allow and Deny, `*` and `?`, and the few condition
operators below; one it does not know is an error, so that no condition is passed over. Neither
resource policies nor boundaries nor what an organisation forbids are looked at.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """One call. `context` holds the condition keys AWS would know, each with its values."""

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __str__(self) -> str:
        told = "".join(f" {','.join(values)}" for values in self.context.values())
        return f"{self.action} {self.resource}{told}"


def matches(pattern: str, value: str) -> bool:
    """Whether a value is what a pattern with `*` and `?` says."""
    parts = {"*": ".*", "?": "."}
    return bool(re.fullmatch("".join(parts.get(c, re.escape(c)) for c in pattern), value))


def _equal(wanted: str, value: str) -> bool:
    return wanted == value


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": _equal,
    "StringLike": matches,
    "Bool": _equal,
}


def holds(condition: Mapping[str, Any], context: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether all of a statement's conditions are met. Raises KeyError for an unknown operator."""
    for name, keys in condition.items():
        every, _, plain = name.rpartition(":")
        fits = _OPERATORS[plain]
        for key, wanted in keys.items():
            values = context.get(key, ())
            fitting = [any(fits(one, value) for one in _list(wanted)) for value in values]
            # Of no values ForAllValues is true, as with IAM; a plain operator wants one.
            if not all(fitting) or (every != "ForAllValues" and not values):
                return False
    return True


def allowed(statements: Iterable[Mapping[str, Any]], request: Request) -> bool:
    """Whether a request is allowed: by some statement, and denied by none."""
    answer = False
    for statement in statements:
        # Names of actions are not case-sensitive, resources are.
        actions = [action.lower() for action in _list(statement["Action"])]
        applies = (
            any(matches(action, request.action.lower()) for action in actions)
            and any(matches(one, request.resource) for one in _list(statement["Resource"]))
            and holds(statement.get("Condition", {}), request.context)
        )
        if applies and statement["Effect"] == "Deny":
            return False
        answer = answer or applies
    return answer


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
