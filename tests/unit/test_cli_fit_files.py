"""What `fit` writes: a flow that reads back, a page that shows text as text."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.files.flow_file import FlowFile, read_flow
from cli.fit.findings import NOBODY, Findings, conclude, expected_alerts
from cli.fit.flow_text import write_flow
from cli.fit.page import write_page
from cli.fit.reading import Facts, Part
from ml_connector.domain.bills import Bill, BillState
from ml_connector.domain.money import Money
from ml_connector.intacct.entities import User, Vendor
from ml_connector.intacct.zone import UserZone

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SMALL, LARGE = ("V1", "ann"), ("V2", "bob")


def bill(
    number: int,
    amount: int,
    vendor: str,
    state: BillState = BillState.POSTED,
    name: str = "Vendor",
    currency: str = "USD",
) -> Bill:
    return Bill(
        str(number),
        f"B{number}",
        vendor,
        name,
        Money(Decimal(amount), currency),
        state,
        state.value,
        created=NOW - timedelta(days=number),
        due=(NOW - timedelta(days=1)).date(),
    )


def user(login: str, phone: str = "201 555 0123", name: str = "") -> User:
    return User(login, name or login.title(), "", "", phone, "", "active", "business user")


def findings(
    bills: tuple[Bill, ...],
    users: tuple[User, ...] = (user("ann"), user("bob", "201 555 0199")),
    waiting: tuple[Bill, ...] = (),
) -> Findings:
    vendors = tuple(
        Vendor(number, f"Vendor {number}", "active", login, "", on_hold=False, modified=None)
        for number, login in (SMALL, LARGE)
    )
    facts = Facts(
        at=NOW,
        zone=UserZone(),
        waiting=Part(waiting),
        recent=Part(bills),
        lines=Part(),
        vendors=Part(vendors),
        departments=Part(),
        users=Part(users),
        employees=Part(),
    )
    return conclude(facts, company="acme-ap", phone_region="US", transactions=15)


def many_small_and_two_large() -> tuple[Bill, ...]:
    large = (bill(20, 43_210, "V2"), bill(21, 50_000, "V2"))
    return (*(bill(n, 100 * n, "V1") for n in range(1, 20)), *large)


def flow_of(found: Findings, folder: Path, *, key: str = "acme", name: str = "Acme AP") -> FlowFile:
    path = folder / "flow.yaml"
    path.write_text(write_flow(found, key=key, name=name, zone="UTC"), encoding="utf-8")
    return read_flow(path)


def test_large_bills_get_a_rule_where_somebody_else_approves_most_of_them(tmp_path: Path) -> None:
    found = findings(many_small_and_two_large())
    read = flow_of(found, tmp_path)
    assert [rule.name for rule in read.flow.rules] == ["large bills", "everything that waits"]
    large = read.flow.rules[0]
    # The second largest of 21 bills, down to two significant digits.
    assert str(large.when.amount) == "of at least USD 43,000.00"
    assert "2 of 21 bills in USD are as large" in (tmp_path / "flow.yaml").read_text()
    people = {person.id: person.name for person in found.people.found}
    assert people[read.flow.default_approver] == "Ann"
    assert people[large.approver] == "Bob"


def test_a_few_bills_are_no_ground_for_a_rule(tmp_path: Path) -> None:
    read = flow_of(findings((bill(1, 10, "V1"), bill(2, 90_000, "V2"))), tmp_path)
    assert [rule.name for rule in read.flow.rules] == ["everything that waits"]


def test_alerts_are_counted_for_whoever_could_be_told(tmp_path: Path) -> None:
    bills = (*many_small_and_two_large(), bill(30, 5, "V1", BillState.DRAFT))
    found = findings(bills)
    told = expected_alerts(found, flow_of(found, tmp_path).flow)
    # The draft was never submitted.
    assert told == {"approver-1": 19, "approver-2": 2}
    without = findings(bills, users=(user("ann", ""), user("bob", "")))
    assert expected_alerts(without, flow_of(without, tmp_path).flow) == {NOBODY: 21}


def test_a_company_without_bill_approval_is_told_so() -> None:
    assert any("may be switched off" in gap for gap in findings((bill(1, 10, "V1"),)).gaps)
    waiting = (bill(2, 10, "V1", BillState.SUBMITTED),)
    assert not any("may be switched off" in gap for gap in findings(waiting, waiting=waiting).gaps)


def test_what_waits_is_summed_by_currency_with_the_oldest_and_the_overdue() -> None:
    waiting = (
        bill(1, 100, "V1", BillState.SUBMITTED),
        bill(9, 50, "V1", BillState.PARTIALLY_APPROVED),
        bill(2, 70, "V2", BillState.SUBMITTED, currency="EUR"),
    )
    found = findings((), waiting=waiting).waiting
    assert [str(money) for money in found.sums] == ["EUR 70.00", "USD 150.00"]
    assert found.oldest is not None
    assert (found.bills, found.oldest.number, found.oldest_days, found.overdue) == (3, "B9", 9, 3)


texts = st.text(max_size=40)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("flows")


@given(texts.filter(lambda name: bool(name.strip()) and name.isprintable()), texts)
def test_whatever_names_people_and_companies_have_the_flow_reads_back(
    folder: Path, company: str, person: str
) -> None:
    found = findings(many_small_and_two_large(), users=(user("ann", name=person),))
    read = flow_of(found, folder, name=company)
    assert read.flow.companies[0].name == company.strip()
    assert read.flow.default_approver == "approver-1"


class Text(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def page(name: str) -> Text:
    found = findings((bill(1, 10, "V1", name=name),), users=(user("ann", name=name),))
    parser = Text()
    parser.feed(write_page(found, name=name, sentences=[name], told=Counter()))
    return parser


HARMLESS = page("harmless")


@given(st.text(min_size=1, max_size=60))
def test_no_text_changes_the_page_it_stands_in(name: str) -> None:
    shown = page(name)
    assert shown.tags == HARMLESS.tags
    assert shown.attributes == {
        "class",
        "content",
        "charset",
        "http-equiv",
        "lang",
        "name",
        "style",
    }


def test_a_page_says_who_is_meant_by_the_ids_its_rules_name() -> None:
    found = findings(many_small_and_two_large())
    text = write_page(found, name="Acme", sentences=["1. Text approver-1."], told=Counter())
    assert "<td>Ann (approver-1)</td>" in text
    assert "<li>1. Text approver-1.</li>" in text
    assert "+1******0123" in text


def test_a_page_of_nothing_still_says_so() -> None:
    text = write_page(findings(()), name="Acme", sentences=[], told=Counter())
    assert text.count("<p>None.</p>") == 2
    assert "<b>0</b>bills wait for approval now" in text
