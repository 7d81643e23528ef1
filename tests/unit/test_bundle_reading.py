"""Reading out of a text of several alerts which bills and payments it told of."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.bills import Bill, BillState
from ml_connector.domain.bundle_reading import Tells, tells_of
from ml_connector.domain.bundles import BUNDLED, MOST_MEMBERS, Item, bundle_sms
from ml_connector.domain.documents import Document, first_seen
from ml_connector.domain.events import EventKind
from ml_connector.domain.messages import Manner
from ml_connector.domain.money import Money
from tests.support.properties import unhurried

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LANGUAGES = ("en-US", "es-MX")


def document(number: str, record_no: str = "", amount: str = "12000.00") -> Document:
    bill = Bill(
        record_no=record_no or f"R{number}",
        number=number,
        vendor_id="V-100",
        vendor_name="Baker Steel",
        amount=Money(Decimal(amount), "USD"),
        state=BillState.SUBMITTED,
        state_text="Submitted",
        due=date(2026, 11, 30),
        modified=NOON,
    )
    return first_seen("acme", bill, NOON)


def item(number: str | int, kind: EventKind = EventKind.SUBMITTED) -> Item:
    one = document(str(number))
    return Item(kind, one.id, one)


def sms(*told: Item, **manner: str) -> str:
    return bundle_sms("Acme AP", told, "K7F2", Manner(ask="one", **manner))  # type: ignore[arg-type]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_named_is_told_of_and_another_is_not(language: str) -> None:
    text = sms(item(2), item(3), language=language)
    assert [tells_of(text, item(number)) for number in (2, 3)] == [Tells.SURELY] * 2
    others = (item(1), item(4), item(23), item(24000), item(2, EventKind.DECLINED))
    assert {tells_of(text, other) for other in others} == {Tells.NOTHING}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_counted_and_not_named_may_be_any(language: str) -> None:
    text = sms(*map(item, range(4711, 4718)), language=language)
    assert tells_of(text, item(4713)) is Tells.SURELY
    assert tells_of(text, item(4717)) is Tells.PERHAPS
    assert tells_of(text, item(4717, EventKind.OVERDUE)) is Tells.NOTHING


@pytest.mark.parametrize("detail", ["amount_only", "reference_only"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_that_names_nothing_may_tell_of_any_bill(detail: str, language: str) -> None:
    text = sms(item(2), item(3), detail=detail, language=language)
    assert tells_of(text, item(3)) is Tells.PERHAPS


def test_a_text_about_one_bill_and_one_that_is_not_ours_tell_of_nothing() -> None:
    alone = "Acme AP: Baker Steel, USD 12,000.00, bill 2, due Nov 30. Waiting for approval in"
    for text in (f"{alone} Intacct. Open Intacct. Ref K7F2", "2 bills: 2, 3.", "", "Your code: 2"):
        assert tells_of(text, item(2)) is Tells.NOTHING


def test_numbers_with_stops_and_blanks_are_not_taken_for_parts_of_one_another() -> None:
    text = sms(item("INV. 7"), item("7.5"), item("2 B"))
    assert tells_of(text, item("INV. 7")) is Tells.SURELY
    for part in ("7", "2", "INV", "B"):
        assert tells_of(text, item(part)) is Tells.NOTHING


NUMBERS = st.text(st.sampled_from("0123456789-./ ABCdeé:;,&'"), max_size=20)
ITEMS = st.builds(
    lambda number, record, kind: Item(kind, f"bill#{record}", document(number, str(record))),
    NUMBERS,
    st.integers(1, 10_000),
    st.sampled_from(sorted(BUNDLED, key=str)),
)


@unhurried
@given(
    told=st.lists(ITEMS, min_size=2, max_size=MOST_MEMBERS, unique_by=lambda one: one.document_id),
    company=st.sampled_from(["Acme AP", "", "7 bills waiting for approval Inc", "A" * 200]),
    detail=st.sampled_from(["full", "amount_only", "reference_only"]),
    language=st.sampled_from(LANGUAGES),
)
def test_nothing_that_was_told_is_ever_taken_for_untold(
    told: list[Item], company: str, detail: str, language: str
) -> None:
    manner = Manner(ask="one", language=language, detail=detail)  # type: ignore[arg-type]
    text = bundle_sms(company, told, "K7F2", manner)
    assert all(tells_of(text, one) is not Tells.NOTHING for one in told)
