"""What a rule on `poll.failing` may not say: there is no bill that it could be about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .events import EventKind
from .form import Refused
from .plans import Step
from .rules import Role

#: Whom only a bill can name.
OF_BILLS = (Role.APPROVER, Role.MANAGER, Role.NEXT_LEVEL)
#: What a rule may say only of bills and payments.
_WORDS = {
    "when": "nothing is known that a condition could ask for",
    "approver": "nobody approves it; name people in the steps",
    "levels": "nobody approves it; name people in the steps",
}


def check_silence_rule(
    on: frozenset[EventKind], body: Mapping[str, Any], steps: Iterable[Step], place: str
) -> None:
    """Refuse what makes no sense where polls fail. Raises Refused with place and reason."""
    if EventKind.POLL_FAILING not in on:
        return
    if len(on) > 1:
        raise Refused(f"{place}.on", "poll.failing is about no bill, so give it a rule of its own")
    for word, reason in _WORDS.items():
        if word in body:
            raise Refused(f"{place}.{word}", f"poll.failing is about no bill: {reason}")
    for number, step in enumerate(steps, start=1):
        at = f"{place}.notify[{number}].{step.channel}"
        if step.to in set(OF_BILLS):
            raise Refused(
                f"{at}.to",
                f"poll.failing is about no bill, so it has no {step.to}: ap_lead, "
                "default_approver or somebody's id",
            )
        if step.detail == "amount_only":
            raise Refused(f"{at}.detail", "poll.failing has no amount: full or reference_only")
        if step.link:
            raise Refused(f"{at}.link", "poll.failing is about no bill that a link could lead to")
