"""Which rules can never match: held against every bill of a small world."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from cli.flow.coverage import Reach, covered_by
from ml_connector.domain.conditions import AmountBand, When

EVENTS = ("bill.submitted", "bill.changed")
COMPANIES = ("acme", "beta")
AMOUNTS = range(5)
VENDORS = (("1", "baker"), ("2", "bakers"), ("3", "cho"))
#: Departments of the lines of a bill.
LINES = ((), ("300",), ("400",), ("300", "400"))
DUE = (None, 0, 1, 2)

ids = st.lists(st.sampled_from(["1", "2", "3"]), max_size=2, unique=True).map(tuple)
patterns = st.sampled_from(["", "*", "baker", "baker*", "*aker*", "b*r", "b*r*", "c*"])


@st.composite
def bands(draw: st.DrawFn) -> AmountBand | None:
    low, high = (
        draw(st.one_of(st.none(), st.integers(0, 4))),
        draw(st.one_of(st.none(), st.integers(0, 5))),
    )
    if (low is None and high is None) or (low is not None and high is not None and low >= high):
        return None
    return AmountBand(
        "USD", None if low is None else Decimal(low), None if high is None else Decimal(high)
    )


whens = st.builds(
    When,
    amount=bands(),
    vendor_ids=ids,
    vendor_name=patterns,
    dimensions=st.sampled_from(
        [(), (("department", ("300",)),), (("department", ("300", "400")),)]
    ),
    lines=st.sampled_from(["any", "all"]),
    due_within_days=st.sampled_from([None, 1, 2]),
)
some = st.sets(st.sampled_from(EVENTS), min_size=1)
reaches = st.builds(Reach, some, st.sets(st.sampled_from(COMPANIES), min_size=1), whens)

Bill = tuple[str, str, int, tuple[str, str], tuple[str, ...], int | None]
BILLS: tuple[Bill, ...] = tuple(product(EVENTS, COMPANIES, AMOUNTS, VENDORS, LINES, DUE))


def matches(reach: Reach, bill: Bill) -> bool:
    """What the functions decide, written once more and for this small world only."""
    event, company, amount, (vendor, name), lines, due = bill
    when = reach.when
    band = when.amount
    if event not in reach.events or company not in reach.companies:
        return False
    if band and band.at_least is not None and amount < band.at_least:
        return False
    if band and band.under is not None and amount >= band.under:
        return False
    if (when.vendor_ids or when.vendor_name) and not (
        vendor in when.vendor_ids or (when.vendor_name and like(when.vendor_name, name))
    ):
        return False
    for _, wanted in when.dimensions:
        fitting = [line in wanted for line in lines]
        if not (any(fitting) if when.lines == "any" else fitting and all(fitting)):
            return False
    return when.due_within_days is None or (due is not None and due <= when.due_within_days)


def like(pattern: str, name: str) -> bool:
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(like(pattern[1:], name[at:]) for at in range(len(name) + 1))
    return name[:1] == pattern[0] and like(pattern[1:], name[1:])


@settings(max_examples=200, deadline=None)
@given(st.lists(reaches, max_size=4), reaches)
def test_a_rule_said_to_be_covered_is_left_no_bill(before: list[Reach], reach: Reach) -> None:
    covering = covered_by(reach, before)
    if covering is None:
        return
    taking = [before[index] for index in covering]
    left = [
        bill
        for bill in BILLS
        if matches(reach, bill) and not any(matches(earlier, bill) for earlier in taking)
    ]
    assert left == []


@given(reaches, st.lists(reaches, max_size=2))
def test_a_rule_that_is_there_once_more_is_covered(reach: Reach, others: list[Reach]) -> None:
    assert covered_by(reach, [*others, reach]) is not None


@given(reaches)
def test_a_rule_without_a_condition_covers_every_other(reach: Reach) -> None:
    everything = Reach(frozenset(EVENTS), frozenset(COMPANIES), When())
    assert covered_by(reach, [everything]) == [0]
    assert covered_by(reach, []) is None


def test_bands_cover_together_only_where_they_meet() -> None:
    def band(low: int, high: int, currency: str = "USD") -> Reach:
        amount = AmountBand(currency, Decimal(low), Decimal(high))
        return Reach(frozenset(EVENTS[:1]), frozenset(COMPANIES[:1]), When(amount=amount))

    assert covered_by(band(2, 8), [band(0, 5), band(5, 9)]) == [0, 1]
    assert covered_by(band(2, 8), [band(5, 9), band(0, 4)]) is None
    assert covered_by(band(2, 8), [band(0, 9, "EUR")]) is None
    assert covered_by(band(2, 8), [band(0, 5), band(0, 9), band(5, 9)]) == [1]
