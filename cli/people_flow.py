"""The people the published flow names, and whether it can still reach them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ml_connector.domain.approvers import Approver

from .files.people_cells import RESERVED_IDS
from .flow.published import Shelf
from .people_plan import unusable


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody named in a flow, and where: in words, such as `rule "large bills"`."""

    who: str
    where: str


@dataclass(frozen=True, slots=True)
class Unreached:
    """Somebody a flow names who is told on no channel: where, and why."""

    who: str
    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.where} names {self.who}: {self.why}"


def published() -> Mapping[str, Any] | None:
    """The canonical form of the flow in force; None before the first. The models have to be bound.

    Whatever it says, known to this release or not: it is only searched for names here. Raises
    Failure where it is not what was published.
    """
    shelf = Shelf("")
    number = shelf.in_force().version
    return shelf.version(number).body() if number else None


def mentions(flow: Mapping[str, Any]) -> Iterator[Mention]:
    """Everybody a flow in its canonical form names, once for each place."""
    yield from _leading(flow, "the flow")
    for key, company in _mapping(flow.get("companies")).items():
        yield from _leading(_mapping(company), f"company {key}")
    for rule in _list(flow.get("rules")):
        where = f'rule "{_mapping(rule).get("name", "")}"'
        for who in dict.fromkeys(_of_rule(_mapping(rule))):
            yield Mention(who, where)


def _leading(part: Mapping[str, Any], where: str) -> Iterator[Mention]:
    roles = {"default_approver": "default approver", "ap_lead": "AP lead"}
    for key, words in roles.items():
        who = part.get(key)
        if isinstance(who, str) and who:
            yield Mention(who, f"{where} as {words}")


def _of_rule(rule: Mapping[str, Any]) -> Iterator[str]:
    steps = [_mapping(step) for step in _list(rule.get("notify"))]
    named = [
        rule.get("approver"),
        *_list(rule.get("levels")),
        *(_mapping(said).get("to") for step in steps for said in step.values()),
    ]
    for who in named:
        if isinstance(who, str) and who and who not in RESERVED_IDS:
            yield who


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def unreached(flow: Mapping[str, Any], people: Iterable[Approver]) -> list[Unreached]:
    """Everybody a flow names whom nobody knows or no channel reaches, once for each place."""
    known = {person.id: person for person in people}
    found = []
    for mention in mentions(flow):
        person = known.get(mention.who)
        why = unusable(person) if person else "nobody has this id"
        if why:
            found.append(Unreached(mention.who, mention.where, why))
    return found
