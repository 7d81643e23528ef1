"""Who is told what: how the published flow decides about one event.

First match wins. Every decision cites the version and the sentence of the rule that made it, and
nothing is decided without one.
"""

from __future__ import annotations

from datetime import date, timedelta

from .bills import BillState
from .books import Books
from .conditions import AmountBand, When
from .documents import Subject
from .events import EventKind
from .flow_form import parse
from .frozen import frozen
from .people import Directory
from .plans import USUAL_SNOOZE, Step
from .recipients import Candidates, Question, candidates_for
from .rules import MOST_STEPS, SCHEMA, Flow, FlowCompany, Role, Rule
from .silences import Silence

__all__ = [
    "MOST_STEPS",
    "SCHEMA",
    "AmountBand",
    "Decision",
    "DecisionContext",
    "Flow",
    "FlowCompany",
    "Role",
    "Rule",
    "Step",
    "When",
    "decide",
    "parse",
]


@frozen
class DecisionContext:
    """What a decision may look at besides the event: the company's own day, its master data, and
    the people."""

    today: date
    books: Books
    people: Directory


@frozen
class Decision:
    """What the flow says about one event: the rule, its number and sentence, and its steps.

    `problems` are things an operator should put right, such as people who stand in for each other
    and are all away.
    """

    flow_version: int
    number: int
    rule: str
    sentence: str
    steps: tuple[Step, ...]
    candidates: tuple[tuple[str, ...], ...]
    """For each step the approver ids to try in this order; the first who can be told is told."""
    reasons: tuple[tuple[str, ...], ...] = ()
    """Why each of the candidates is one."""
    reply_confirms: bool = False
    snooze: timedelta = USUAL_SNOOZE
    replies: bool = False
    """Whether texts of this company ask for a reply."""
    problems: tuple[str, ...] = ()


def decide(
    flow: Flow, kind: EventKind, document: Subject, context: DecisionContext | None = None
) -> Decision | None:
    """The first rule that matches, or None when no rule speaks about this event.

    A reminder stands for a submission or an approval that may have been missed. Where no rule
    names reminders, it goes by the rule for what it stands for. Without a context nothing is known
    of the books, of the people or of the day: no hierarchy, no substitutes, and nothing is due.
    """
    decision = _decide(flow, kind, document, context)
    if kind is not EventKind.REMINDER or flow.speaks_of(kind, document.company):
        return decision
    if isinstance(document, Silence):
        return None
    return _decide(flow, _STANDS_FOR.get(document.state.value, kind), document, context)


_STANDS_FOR = {
    BillState.SUBMITTED.value: EventKind.SUBMITTED,
    BillState.PARTIALLY_APPROVED.value: EventKind.PARTIALLY_APPROVED,
}


def _decide(
    flow: Flow, kind: EventKind, document: Subject, context: DecisionContext | None
) -> Decision | None:
    books = context.books if context else Books()
    today = context.today if context else None
    people = context.people if context else Directory()
    for number, rule in enumerate(flow.rules, start=1):
        if not rule.speaks_of(kind, document.company):
            continue
        if not (isinstance(document, Silence) or rule.when.holds(document, books, today)):
            continue
        question = Question(flow, rule, document, books, people, today)
        found = [candidates_for(step, question) for step in rule.steps]
        company = flow.company(document.company)
        return _decision(flow, number, rule, found, replies=bool(company and company.replies))
    return None


def _decision(
    flow: Flow, number: int, rule: Rule, found: list[Candidates], *, replies: bool
) -> Decision:
    return Decision(
        flow_version=flow.version,
        number=number,
        rule=rule.name,
        sentence=f"{number}. {rule.sentence}",
        steps=rule.steps,
        candidates=tuple(tuple(each.who for each in one.found) for one in found),
        reasons=tuple(tuple(each.why for each in one.found) for one in found),
        reply_confirms=rule.reply_confirms,
        snooze=rule.snooze,
        replies=replies,
        problems=tuple(dict.fromkeys(problem for one in found for problem in one.problems)),
    )
