"""Whom a step is for: the people to try, best first, each with the reason why.

Named in the rule, then the matrix, then the vendor's bill approver in Intacct, then whose cost
centre it is, then the default. Intacct does not say whose turn it is, so no reason claims to know;
but whoever is the vendor's approver has approved a bill that waits for the next level, and is not
looked for again: only the flow itself may name them. Somebody who is away stands behind their
substitute, and is not left out: it is better that they hear of a bill than that nobody does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from .approvers import Approver
from .books import Books
from .conditions import levels_done, lines_of
from .documents import Subject
from .frozen import frozen
from .messages import day_of_month
from .people import Directory, is_away
from .plans import Step
from .rules import Flow, Role, Rule
from .silences import Silence


@frozen
class Candidate:
    """An approver's id, and why it is one of those to try.

    `named` in the flow itself, and not found by way of other things.
    """

    who: str
    why: str
    named: bool = False


@frozen
class Candidates:
    """Everybody to try, best first and each once, and what is wrong with those who stand in."""

    found: tuple[Candidate, ...]
    problems: tuple[str, ...] = ()


@frozen
class Question:
    """One matched rule and what may be looked at; `today` is None where nobody knows the day."""

    flow: Flow
    rule: Rule
    document: Subject
    books: Books
    people: Directory
    today: date | None


def candidates_for(step: Step, question: Question) -> Candidates:
    """The people to try for one step."""
    found: dict[str, str] = {}
    problems: dict[str, None] = {}
    for candidate in (*_meant(step, question), *_defaults(question)):
        for each in _with_substitutes(candidate, question, problems):
            if not _is_barred(each, question):
                found.setdefault(each.who, each.why)
    return Candidates(tuple(Candidate(who, why) for who, why in found.items()), tuple(problems))


def _meant(step: Step, question: Question) -> Iterator[Candidate]:
    match step.to:
        case Role.APPROVER:
            return _approver(question)
        case Role.MANAGER:
            return _manager(question)
        case Role.NEXT_LEVEL:
            return _next_level(question)
        case Role.AP_LEAD:
            return _leads(question)
        case Role.DEFAULT:
            return _defaults(question)
        case _:
            return iter((Candidate(step.to, "named in rule", named=True),))


def _approver(question: Question) -> Iterator[Candidate]:
    if question.rule.approver:
        yield Candidate(question.rule.approver, "named in rule", named=True)
    yield from _matrix(question)
    vendor_approver = _vendor_approver(question)
    if vendor_approver:
        yield Candidate(vendor_approver.id, "bill approver in Intacct")
    yield from _cost_centres(question)


def _next_level(question: Question) -> Iterator[Candidate]:
    if not levels_done(question.document):
        yield from _approver(question)
        return
    yield from _matrix(question)
    yield from _leads(question)


def _manager(question: Question) -> Iterator[Candidate]:
    for candidate in (*_approver(question), *_defaults(question)):
        person = question.people.person(candidate.who)
        if person is None or _is_barred(candidate, question):
            continue
        if person.manager and person.manager != person.id:
            yield Candidate(person.manager, f"manager of {person.id}")
    yield from _supervisors(question)
    yield from _leads(question)


def _matrix(question: Question) -> Iterator[Candidate]:
    """The level after those who have approved; none where the matrix ends before."""
    levels, done = question.rule.levels, levels_done(question.document)
    if done < len(levels):
        yield Candidate(levels[done], f"matrix level {done + 1}", named=True)


def _vendor_approver(question: Question) -> Approver | None:
    if isinstance(question.document, Silence):
        return None
    user = question.books.bill_approvers.get(question.document.vendor_id, "")
    return question.people.by_user(user)


def _is_barred(candidate: Candidate, question: Question) -> bool:
    """Whether this is the vendor's approver of a bill that a level has approved already."""
    if candidate.named or not levels_done(question.document):
        return False
    approver = _vendor_approver(question)
    return approver is not None and approver.id == candidate.who


def _departments(question: Question) -> Iterator[str]:
    """The departments of the lines, each followed by its parents; each once."""
    departments = dict.fromkeys(line.department for line in lines_of(question.document))
    lineages = (question.books.lineage("department", each) for each in departments)
    return iter(dict.fromkeys(each for lineage in lineages for each in lineage))


def _cost_centres(question: Question) -> Iterator[Candidate]:
    for department in _departments(question):
        for person in question.people.by_cost_centre((department,)):
            yield Candidate(person.id, f"cost centre {department}")


def _supervisors(question: Question) -> Iterator[Candidate]:
    for department in _departments(question):
        person = question.people.by_user(question.books.supervisors.get(department, ""))
        if person:
            yield Candidate(person.id, f"supervisor of department {department} in Intacct")


def _leads(question: Question) -> Iterator[Candidate]:
    for who, why in question.flow.leads(question.document.company):
        yield Candidate(who, why, named=True)


def _defaults(question: Question) -> Iterator[Candidate]:
    for who, why in question.flow.defaults(question.document.company):
        yield Candidate(who, why, named=True)


# ----------------------------------------------------------------------------- who stands in
def _with_substitutes(
    candidate: Candidate, question: Question, problems: dict[str, None]
) -> list[Candidate]:
    """Who stands in for somebody who is away, the last of a chain first, and then the person."""
    chain = [candidate]
    while person := _away_from_it(chain[-1].who, question):
        if any(person.substitute == earlier.who for earlier in chain):
            loop = " -> ".join((*(each.who for each in chain), person.substitute))
            problems[f"all are away and stand in for one another: {loop}"] = None
            break
        chain.append(Candidate(person.substitute, f"substitute of {person.id} {_until(person)}"))
    return chain[::-1]


def _away_from_it(approver: str, question: Question) -> Approver | None:
    """The person, where they are away and somebody stands in for them."""
    person = question.people.person(approver)
    if question.today is None or person is None or not person.substitute:
        return None
    return person if is_away(person, question.today) else None


def _until(person: Approver) -> str:
    if person.away_until is None:
        return "until further notice"
    return f"until {day_of_month(person.away_until)}"
