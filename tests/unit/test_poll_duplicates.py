"""Bills that look like another one, where a rule asks for it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.domain.bills import BillState
from ml_connector.domain.money import Money
from tests.support.likeness import FLAG, RULE, USD_50, office_with, submit
from tests.support.paying import PayingOffice

DUE = date(2026, 12, 24)


def flagged(office: PayingOffice, record_no: str) -> bool:
    return FLAG in office.story(record_no)


@pytest.mark.parametrize(
    ("first", "second", "alike"),
    [
        ({"number": "INV-7"}, {"number": "inv 7"}, True),
        ({"number": "INV-7"}, {"number": "INV-8"}, False),
        ({"number": "INV-7", "vendor_id": "V-200"}, {"number": "INV-7"}, False),
        ({"number": "INV-7", "vendor_id": ""}, {"number": "INV-7", "vendor_id": ""}, False),
        ({"number": ""}, {"number": ""}, False),
        ({"amount": USD_50, "due": DUE}, {"amount": USD_50, "due": DUE}, True),
        ({"amount": USD_50, "due": DUE}, {"amount": USD_50, "due": date(2027, 1, 24)}, False),
        ({"amount": USD_50}, {"amount": USD_50}, False),
        (
            {"amount": USD_50, "due": DUE},
            {"amount": Money(Decimal("50.00"), "EUR"), "due": DUE},
            False,
        ),
    ],
)
def test_the_vendor_with_the_number_or_with_amount_and_date_is_alike(
    first: dict[str, Any], second: dict[str, Any], *, alike: bool
) -> None:
    office = office_with(RULE)
    submit(office, "1", **first)
    office.poll()
    submit(office, "2", **second)
    office.poll()
    assert not flagged(office, "1")
    assert flagged(office, "2") is alike


def test_it_is_told_beside_the_submission_and_its_entry_names_the_other_bill() -> None:
    office = office_with(RULE)
    submit(office, "1", number="INV-7")
    office.poll()
    submit(office, "2", number="INV-7")
    office.poll()
    assert office.story("2") == [("bill.submitted", 1, "open"), FLAG]
    assert office.texts()[-1].endswith("Looks like a duplicate. Waiting for approval in Intacct.")
    entry = office.tables.chains["doc#acme#bill#2"][0]
    assert entry.data["looks_like"] == ["bill#1"]


def test_of_two_new_ones_the_later_looks_like_the_earlier() -> None:
    office = office_with(RULE)
    submit(office, "1", number="INV-7")
    submit(office, "2", number="INV-7")
    office.poll()
    assert [flagged(office, "1"), flagged(office, "2")] == [False, True]


def test_nothing_is_looked_for_unless_a_rule_asks() -> None:
    office = office_with()
    for record_no in ("1", "2"):
        submit(office, record_no, number="INV-7")
        office.poll()
    assert office.story("2") == [("bill.submitted", 1, "open")]
    assert "looks_like" not in office.tables.chains["doc#acme#bill#2"][0].data


def test_a_bill_that_was_declined_is_no_original() -> None:
    office = office_with(RULE)
    submit(office, "1", number="INV-7")
    office.poll()
    office.intacct.move("1", BillState.DECLINED)
    submit(office, "2", number="INV-7")
    office.poll()
    assert not flagged(office, "2")


def test_a_bill_approved_by_the_same_poll_still_is_one() -> None:
    office = office_with(RULE)
    submit(office, "1", number="INV-7")
    office.poll()
    office.intacct.move("1", BillState.POSTED)
    submit(office, "2", number="INV-7")
    office.poll()
    assert flagged(office, "2")


def test_a_bill_submitted_again_does_not_look_like_itself() -> None:
    office = office_with(RULE)
    submit(office, "1", number="INV-7")
    office.poll()
    office.intacct.move("1", BillState.DECLINED)
    office.poll()
    office.intacct.move("1", BillState.SUBMITTED)
    office.poll()
    assert [kind for kind, *_ in office.story("1")].count("bill.possible_duplicate") == 0


def test_silence_once_the_bill_is_handled() -> None:
    office = office_with(RULE)
    for record_no in ("1", "2"):
        submit(office, record_no, number="INV-7")
    office.poll()
    office.intacct.move("2", BillState.POSTED)
    office.poll()
    assert {state for *_, state in office.story("2")} == {"handled"}
