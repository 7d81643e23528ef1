"""What the facts mean: volume, people, the flow they suggest, what to expect, and what is missing.

Everything here is computed from what was read; nothing asks anybody.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from cli.console.terminal import printable
from ml_connector.domain.bills import Bill, BillState
from ml_connector.domain.documents import first_seen
from ml_connector.domain.events import EventKind
from ml_connector.domain.flows import Flow, decide
from ml_connector.domain.money import Money

from .allowance import TIER_1, Allowance, expect
from .people import People, Person, find_people
from .reading import TRANSACTIONS, WINDOW, Facts, Part

#: States of bills that nobody was asked to approve, or not yet.
_NEVER_SUBMITTED = frozenset(
    {
        BillState.DRAFT,
        BillState.ANALYZING,
        BillState.REVERSAL,
        BillState.NO_VALUE,
        BillState.UNKNOWN,
    }
)
#: States that only a company with bill approval has.
_APPROVAL = frozenset({BillState.SUBMITTED, BillState.PARTIALLY_APPROVED, BillState.DECLINED})

NO_DEPARTMENT = "(no department)"
NOBODY = "(nobody)"


@dataclass(frozen=True, slots=True)
class Volume:
    """Bills of one vendor or department: how many, over how much, and who answers for them."""

    name: str
    bills: int
    sums: tuple[Money, ...]
    answers: str = ""

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        sums = [money.canonical() for money in self.sums]
        return {"name": self.name, "bills": self.bills, "sums": sums, "approver": self.answers}


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for approval now."""

    bills: int
    sums: tuple[Money, ...]
    overdue: int
    oldest: Bill | None
    oldest_days: int


@dataclass(frozen=True, slots=True)
class Findings:
    """All that `fit` found out about one company."""

    company: str
    at: datetime
    waiting: Waiting
    submitted: tuple[Bill, ...]
    """Bills of the window that somebody was asked to approve."""
    vendors: tuple[Volume, ...]
    departments: tuple[Volume, ...]
    people: People
    allowance: Allowance
    transactions: int
    gaps: tuple[str, ...]


def conclude(facts: Facts, *, company: str, phone_region: str, transactions: int) -> Findings:
    """Make findings of facts; `transactions` is what reading them cost."""
    submitted = tuple(b for b in facts.recent.records if b.state not in _NEVER_SUBMITTED)
    people = find_people(facts, phone_region, submitted)
    open_bills = len(facts.waiting.records)
    return Findings(
        company=company,
        at=facts.at,
        waiting=_waiting(facts),
        submitted=submitted,
        vendors=_by_vendor(submitted, people),
        departments=_by_department(facts, submitted),
        people=people,
        allowance=expect(facts.at.date(), open_bills, len(submitted)),
        transactions=transactions,
        gaps=tuple(_gaps(facts, submitted, people)),
    )


def expected_alerts(findings: Findings, flow: Flow) -> Counter[str]:
    """Who would have been told how often in the window, had this flow been in force.

    By approver id; what would have reached no one is counted under NOBODY.
    """
    reachable = {person.id for person in findings.people.found if person.reachable}
    told: Counter[str] = Counter()
    for bill in findings.submitted:
        document = first_seen(findings.company, bill, findings.at)
        decision = decide(flow, EventKind.SUBMITTED, document)
        for candidates in decision.candidates if decision else ():
            told[next((who for who in candidates if who in reachable), NOBODY)] += 1
    return told


# ---------------------------------------------------------------------------------- volume
def _waiting(facts: Facts) -> Waiting:
    bills, today = facts.waiting.records, facts.at.date()
    known = [bill for bill in bills if bill.created]
    oldest = min(known, key=lambda bill: bill.created or facts.at, default=None)
    age = (facts.at - oldest.created).days if oldest and oldest.created else 0
    overdue = sum(bill.due is not None and bill.due < today for bill in bills)
    return Waiting(len(bills), sums(bill.amount for bill in bills), overdue, oldest, max(0, age))


def sums(amounts: Iterable[Money]) -> tuple[Money, ...]:
    """Totals by currency, in the order of the codes."""
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for money in amounts:
        totals[money.currency] += money.amount
    return tuple(Money(amount, currency) for currency, amount in sorted(totals.items()))


def _by_vendor(bills: Iterable[Bill], people: People) -> tuple[Volume, ...]:
    grouped: defaultdict[str, list[Bill]] = defaultdict(list)
    for bill in bills:
        grouped[bill.vendor_id].append(bill)
    found = []
    for vendor_id, theirs in grouped.items():
        person = people.approving(vendor_id)
        name = printable(theirs[0].vendor_name) or vendor_id or "(no vendor)"
        answers = person.name if person else people.approver_of.get(vendor_id, "")
        found.append(Volume(name, len(theirs), sums(b.amount for b in theirs), answers))
    return tuple(sorted(found, key=lambda volume: (-volume.bills, volume.name)))


def _by_department(facts: Facts, bills: Iterable[Bill]) -> tuple[Volume, ...]:
    ours = {bill.record_no for bill in bills}
    titles = {d.department_id: printable(d.title) for d in facts.departments.records}
    heads = {d.department_id: d.supervisor_id for d in facts.departments.records}
    names = {e.employee_id: printable(e.name) for e in facts.employees.records}
    amounts: defaultdict[str, list[Money]] = defaultdict(list)
    charged: defaultdict[str, set[str]] = defaultdict(set)
    for line in facts.lines.records:
        if line.bill_record_no in ours:
            amounts[line.department_id].append(line.amount)
            charged[line.department_id].add(line.bill_record_no)
    found = []
    for department, money in amounts.items():
        head = heads.get(department, "")
        name = titles.get(department) or department or NO_DEPARTMENT
        answers = names.get(head, head)
        found.append(Volume(name, len(charged[department]), sums(money), answers))
    return tuple(sorted(found, key=lambda volume: (-volume.bills, volume.name)))


# ------------------------------------------------------------------------------------ gaps
def _gaps(facts: Facts, submitted: tuple[Bill, ...], people: People) -> Iterable[str]:
    """What is missing, each with what to do."""
    yield from _about_approval(facts, submitted)
    yield from _about_people(people.found)
    yield from _about_vendors(submitted, people)
    yield from _about_departments(facts)
    yield from _about_reading(facts)


def _about_approval(facts: Facts, submitted: tuple[Bill, ...]) -> Iterable[str]:
    seen = {bill.state for bill in (*facts.waiting.records, *submitted)}
    if not seen & _APPROVAL:
        yield (
            "No bill waits and none was declined: bill approval may be switched off in this "
            "company, and then there is nothing to tell. See Accounts Payable > Configuration."
        )


def _about_people(people: tuple[Person, ...]) -> Iterable[str]:
    if not people:
        yield (
            "Intacct names nobody who approves bills, on no vendor and no department: enter your "
            "approvers into approvers.csv yourself."
        )
    for person in people:
        if not person.active:
            yield f"{person.name} ({person.id}) is not active in Intacct and will not be told."
        elif person.phone is None:
            yield f"{person.name} ({person.id}) has no usable phone in Intacct: enter one."
        elif person.phone.doubt:
            yield f"The phone of {person.name} ({person.id}) {person.phone.doubt}: check it."


def _about_vendors(submitted: tuple[Bill, ...], people: People) -> Iterable[str]:
    without = [bill for bill in submitted if bill.vendor_id not in people.approver_of]
    if without:
        vendors = len({bill.vendor_id for bill in without})
        yield (
            f"{len(without)} of {len(submitted)} bills are of {vendors} vendor(s) without a bill "
            "approver: they go to the default approver."
        )
    for name, count in people.unknown.items():
        yield (
            f"{count} vendor(s) name {printable(name)!r} as bill approver, which is no user here, "
            "perhaps a group: decide who of them is told."
        )


def _about_departments(facts: Facts) -> Iterable[str]:
    without = [d for d in facts.departments.records if not d.supervisor_id]
    if without:
        shown = ", ".join(printable(d.title) or d.department_id for d in without[:5])
        more = f" and {len(without) - 5} more" if len(without) > 5 else ""  # noqa: PLR2004 - as above
        yield f"{len(without)} department(s) have no supervisor: {shown}{more}."


def _about_reading(facts: Facts) -> Iterable[str]:
    if not facts.zone.verified:
        yield (
            "The API user's time zone could not be read: let the user read users (Company), or "
            "set utc_offset in the secret."
        )
    parts: dict[str, Part[Any]] = {
        "Waiting bills": facts.waiting,
        f"Bills of the last {WINDOW.days} days": facts.recent,
        "Lines of bills": facts.lines,
        "Vendors with a bill approver": facts.vendors,
        "Departments": facts.departments,
        "Users": facts.users,
        "Employees": facts.employees,
    }
    for name, part in parts.items():
        if not part.complete:
            yield f"{name}: {part.problem}."


def as_json(findings: Findings, told: Counter[str]) -> dict[str, Any]:
    """For programs; telephone numbers are in approvers.csv alone."""
    waiting = findings.waiting
    return {
        "company": findings.company,
        "at": findings.at.isoformat(),
        "waiting": {
            "bills": waiting.bills,
            "sums": [money.canonical() for money in waiting.sums],
            "overdue": waiting.overdue,
            "oldest": waiting.oldest.number if waiting.oldest else None,
            "oldest_days": waiting.oldest_days,
        },
        "days": WINDOW.days,
        "bills_submitted": len(findings.submitted),
        "vendors": [volume.as_json() for volume in findings.vendors],
        "departments": [volume.as_json() for volume in findings.departments],
        "approvers": [
            {
                "id": person.id,
                "name": person.name,
                "roles": person.roles,
                "bills": person.bills,
                "has_phone": person.phone is not None,
                "active": person.active,
                "alerts": told[person.id],
            }
            for person in findings.people.found
        ],
        "alerts": told.total(),
        "allowance": {
            "month": findings.at.strftime("%Y-%m"),
            "transactions": findings.allowance.total,
            "tier": TIER_1,
            "share": round(findings.allowance.share, 4),
            "items": {item.what: item.transactions for item in findings.allowance.items},
        },
        "gaps": list(findings.gaps),
        "transactions_used": findings.transactions,
        "transactions_allowed": TRANSACTIONS,
    }
