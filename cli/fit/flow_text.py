"""The flow that the findings suggest, as a file to read, change and publish."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from cli.files.scalars import quoted
from ml_connector.domain.money import Money

from .people import NAME_MISSING, Person

if TYPE_CHECKING:
    from ml_connector.domain.bills import Bill

    from .findings import Findings

#: The fewest bills of one currency from which a threshold for large ones is worth proposing.
ENOUGH_BILLS = 10
#: One bill in ten is large.
LARGE_SHARE = 10
#: Names after which a list in a comment ends.
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Large:
    """Bills of at least `threshold`: how many of all there were, and who approves most."""

    threshold: Money
    person: Person
    bills: int
    of: int


def placeholder() -> Person:
    """Somebody to be filled in, where Intacct names nobody."""
    return Person(name=NAME_MISSING, active=False, id="approver-1")


def default_approver(people: tuple[Person, ...]) -> Person:
    """The busiest person who can be told; the busiest at all where nobody can."""
    return next((p for p in people if p.reachable), people[0] if people else placeholder())


def large_bills(findings: Findings, default: Person) -> Large | None:
    """A rule for large bills, where the figures suggest somebody else than the default."""
    counts = Counter(bill.amount.currency for bill in findings.submitted)
    if not counts:
        return None
    currency = counts.most_common(1)[0][0]
    bills = [bill for bill in findings.submitted if bill.amount.currency == currency]
    if len(bills) < ENOUGH_BILLS:
        return None
    amounts = sorted(bill.amount.amount for bill in bills)
    threshold = _round(amounts[-max(1, len(amounts) // LARGE_SHARE)])
    large = [bill for bill in bills if bill.amount.amount >= threshold]
    person = _approving_most(large, findings)
    if threshold <= 0 or person is None or person is default:
        return None
    return Large(Money(threshold, currency), person, len(large), len(bills))


def _approving_most(bills: list[Bill], findings: Findings) -> Person | None:
    people = (findings.people.approving(bill.vendor_id) for bill in bills)
    told = Counter(person.id for person in people if person and person.reachable)
    if not told:
        return None
    best = told.most_common(1)[0][0]
    return next(person for person in findings.people.found if person.id == best)


def _round(amount: Decimal) -> Decimal:
    """Down to two significant digits: 43,211 becomes 43,000."""
    if amount <= 0:
        return Decimal(0)
    step = Decimal(1).scaleb(amount.adjusted() - 1)
    return int(amount / step) * step


def write_flow(findings: Findings, *, key: str, name: str, zone: str) -> str:
    """The text of flow.yaml. `key` is the company's in the secret, `zone` an IANA name."""
    people = findings.people.found
    default = default_approver(people)
    large = large_bills(findings, default)
    lines = [
        "# Who is told what. Suggested by `ml-connector fit` from what Intacct said on",
        f"# {findings.at:%Y-%m-%d}; yours to change.",
        "#",
        "#   ml-connector flow validate flow.yaml --approvers approvers.csv    check it",
        "#   ml-connector flow explain flow.yaml     read it as sentences",
        "#   ml-connector flow push flow.yaml        put it in force",
        "",
        "schema: 1",
        "",
        "companies:",
        "  # The key is the company's key in the Intacct secret. The name begins every text.",
        f"  {quoted(key)}:",
        f"    name: {quoted(name)}",
        "    # An IANA time zone. Intacct does not say where the company is.",
        f"    zone: {quoted(zone)}",
        "",
        "# Told in place of anybody who cannot be texted. Ids are those of approvers.csv.",
        f"default_approver: {default.id}  # {default.name}",
        "",
        "# Read from the top; the first rule that matches wins.",
        "rules:",
        *(_large_rule(large) if large else _large_example(default)),
        "  - name: everything that waits",
        "    on: [bill.submitted, bill.partially_approved]",
        "    notify:",
        "      - sms: {to: approver}  # no approver is named in this rule: the default one",
        *_who_approves(people),
    ]
    return "\n".join(lines) + "\n"


def _large_rule(large: Large) -> list[str]:
    amount = f"{large.threshold.amount:f}"
    return [
        (
            f"  # {large.bills} of {large.of} bills in {large.threshold.currency} are as large; in"
            f" Intacct {large.person.name} approves most of them."
        ),
        "  - name: large bills",
        "    on: [bill.submitted]",
        f"    when: {{amount: {{at_least: {amount}, currency: {large.threshold.currency}}}}}",
        f"    approver: {large.person.id}",
        "    notify:",
        "      - sms: {to: approver}",
    ]


def _large_example(default: Person) -> list[str]:
    return [
        "  # Bills from an amount on can go to somebody else:",
        "  # - name: large bills",
        "  #   on: [bill.submitted]",
        "  #   when: {amount: {at_least: 10000, currency: USD}}",
        f"  #   approver: {default.id}",
        "  #   notify:",
        "  #     - sms: {to: approver}",
    ]


def _who_approves(people: tuple[Person, ...]) -> list[str]:
    """What Intacct says about each person, for whoever divides the work between them."""
    lines = ["", "# What Intacct says about the people of approvers.csv:"] if people else []
    for person in people:
        vendors = ", ".join(person.vendors[:_SHOWN])
        more = f" and {len(person.vendors) - _SHOWN} more" if len(person.vendors) > _SHOWN else ""
        said = [f"bill approver of {vendors}{more}"] if vendors else []
        said += [f"supervises {title}" for title in person.departments]
        lines.append(f"#   {person.id}  {person.name}: {'; '.join(said) or 'nothing more'}")
    return lines
