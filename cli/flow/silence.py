"""What a rule on `poll.failing` may not say, and what should stand there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ml_connector.domain.events import EventKind
from ml_connector.domain.silence_form import OF_BILLS

from .problems import Path

_EVENT = EventKind.POLL_FAILING.value
_PEOPLE = "ap_lead, default_approver or somebody's id, for no bill says who approves it"
_WORDS = {
    "when": "no conditions: when polls fail there is no bill that they could ask about",
    "approver": f"no approver; each step names {_PEOPLE}",
    "levels": f"no levels; each step names {_PEOPLE}",
}


def complaints(rule: Mapping[str, Any]) -> Iterator[tuple[Path, str, str]]:
    """What makes no sense in a rule as it is published: the place in it, found, expected."""
    if _EVENT not in rule["on"]:
        return
    others = [event for event in rule["on"] if event != _EVENT]
    if others:
        yield ("on",), f"{_EVENT} beside {', '.join(others)}", "a rule of its own for it"
    for word, expected in _WORDS.items():
        if word in rule:
            yield (word,), f"{word} in a rule on {_EVENT}", expected
    for index, step in enumerate(rule["notify"]):
        channel, body = next(iter(step.items()))
        at = ("notify", index, channel)
        if body["to"] in set(OF_BILLS):
            yield (*at, "to"), f"{body['to']} in a rule on {_EVENT}", _PEOPLE
        if body.get("detail") == "amount_only":
            yield (*at, "detail"), f"amount_only in a rule on {_EVENT}", "full or reference_only"
        if body.get("link"):
            yield (*at, "link"), f"a link in a rule on {_EVENT}", "no link: there is no bill"
