from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.bills import Bill, BillState
from ml_connector.domain.money import Money
from ml_connector.domain.payments import Payment
from ml_connector.errors import RecordInvalid
from ml_connector.intacct import kinds
from ml_connector.intacct.payments import CLEARINGS, PAYMENTS
from ml_connector.intacct.records import BILLS, Kind, convert
from ml_connector.intacct.tree import Row
from ml_connector.intacct.values import Context
from ml_connector.intacct.zone import UserZone

UTC_CONTEXT = Context(UserZone())
URL = "https://www.intacct.com/ia/acct/ur.phtml?.r=cADOKmBnspC0Y1Mp5umhgD3e2gD3B_6rV45dIYv59zw"
BILL: Row = {
    "RECORDNO": "17",
    "STATE": "Partially Approved",
    "RECORDID": "4711",
    "VENDORID": "V-100",
    "VENDORNAME": "Baker Steel",
    "TRX_TOTALENTERED": "12500",
    "CURRENCY": "USD",
    "TOTALENTERED": "11000.5",
    "BASECURR": "EUR",
    "WHENDUE": "11/30/2026",
    "WHENMODIFIED": "08/21/2026 05:05:00",
    "AUWHENCREATED": "08/20/2026 23:00:00",
    "MEGAENTITYID": "E100",
    "DESCRIPTION": " Beams ",
    "RECORD_URL": URL,
}


def bill(context: Context = UTC_CONTEXT, **changes: str) -> Bill:
    return BILLS.build({**BILL, **changes}, context)


def test_a_bill_is_read_in_full() -> None:
    zone = UserZone(timedelta(hours=-7))
    assert bill(Context(zone)) == Bill(
        record_no="17",
        number="4711",
        vendor_id="V-100",
        vendor_name="Baker Steel",
        amount=Money(Decimal(12500), "USD"),
        state=BillState.PARTIALLY_APPROVED,
        state_text="Partially Approved",
        due=date(2026, 11, 30),
        entity_id="E100",
        description="Beams",
        modified=datetime(2026, 8, 21, 12, 5, tzinfo=UTC),
        created=datetime(2026, 8, 21, 6, 0, tzinfo=UTC),
        url=URL,
    )


def test_a_bill_of_two_fields_is_refused_only_for_what_it_must_have() -> None:
    bare = {"RECORDNO": "17", "STATE": "Submitted", "TOTALENTERED": "5", "BASECURR": "USD"}
    found = BILLS.build(bare, UTC_CONTEXT)
    assert (found.number, found.due, found.modified, found.url) == ("", None, None, "")


# ------------------------------------------------------------------------------- money
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"TRX_TOTALENTERED": "1679615.93"}, "USD 1679615.93"),
        ({"TRX_TOTALENTERED": ""}, "EUR 11000.5"),
        ({"CURRENCY": ""}, "EUR 11000.5"),
        ({"CURRENCY": " usd "}, "USD 12500"),
        ({"TRX_TOTALENTERED": "-3.10"}, "USD -3.1"),
        ({"TRX_TOTALENTERED": "0"}, "USD 0"),
        ({"TRX_TOTALENTERED": ".5"}, "USD 0.5"),
        ({"TRX_TOTALENTERED": "3797."}, "USD 3797"),
    ],
)
def test_the_amount_is_the_one_entered_else_the_one_in_base_currency(
    changes: dict[str, str], expected: str
) -> None:
    assert bill(**changes).amount.canonical() == expected


def test_the_default_currency_stands_in_where_rows_carry_none() -> None:
    changes = {"CURRENCY": "", "BASECURR": ""}
    context = Context(UserZone(), default_currency="CAD")
    assert bill(context, **changes).amount.canonical() == "CAD 12500"
    with pytest.raises(RecordInvalid, match="record 17: CURRENCY"):
        bill(**changes)


@pytest.mark.parametrize(
    "amount",
    [
        "NaN",
        "Infinity",
        "1e9",
        "1,000.00",
        "12 500",
        "--1",
        "\u0661",
        "9" * 60,
        "1" + "0" * 18,
        "0x1",
    ],
)
def test_amounts_that_are_none_are_refused_without_being_repeated(amount: str) -> None:
    with pytest.raises(
        RecordInvalid, match="record 17: TRX_TOTALENTERED is not an amount"
    ) as caught:
        bill(TRX_TOTALENTERED=amount)
    assert amount not in caught.value.safe_message


def test_a_bill_without_any_amount_is_refused() -> None:
    with pytest.raises(RecordInvalid, match="TRX_TOTALENTERED is empty"):
        bill(TRX_TOTALENTERED="", TOTALENTERED="")


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=2, min_value=-(10**15), max_value=10**15
    )
)
def test_money_goes_through_unchanged(amount: Decimal) -> None:
    assert bill(TRX_TOTALENTERED=f"{amount:f}").amount == Money(amount, "USD")


# ------------------------------------------------------------------------------ states
@pytest.mark.parametrize("label", [s.value.replace("_", " ").title() for s in BillState][:-1])
def test_every_documented_label_is_known(label: str) -> None:
    found = bill(STATE=label)
    assert found.state is not BillState.UNKNOWN
    assert found.state_text == label


@pytest.mark.parametrize(
    ("label", "state"),
    [
        ("partially approved", BillState.PARTIALLY_APPROVED),
        ("S", BillState.SUBMITTED),
        ("PA", BillState.PARTIALLY_APPROVED),
        ("U", BillState.DECLINED),
        ("A", BillState.POSTED),
        ("D", BillState.DRAFT),
    ],
)
def test_other_spellings_and_raw_codes_are_understood(label: str, state: BillState) -> None:
    assert bill(STATE=label).state is state


def test_an_unknown_state_is_kept_as_text() -> None:
    found = bill(STATE="Awaiting Moon")
    assert (found.state, found.state_text) == (BillState.UNKNOWN, "Awaiting Moon")


# ----------------------------------------------------------------------- keys and times
@pytest.mark.parametrize(
    ("text", "plain"), [("12", "12"), (" 012 ", "12"), ("12.0", "12"), ("12.", "12")]
)
def test_record_numbers_have_one_spelling(text: str, plain: str) -> None:
    assert bill(RECORDNO=text).record_no == plain


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "1e3", "\u0661", "9" * 40])
def test_a_record_without_a_usable_number_is_refused(text: str) -> None:
    with pytest.raises(RecordInvalid, match="RECORDNO"):
        bill(RECORDNO=text)


def test_null_times_are_none() -> None:
    found = bill(WHENMODIFIED="", AUWHENCREATED="", WHENDUE="")
    assert (found.modified, found.created, found.due) == (None, None, None)


@pytest.mark.parametrize("field", ["WHENMODIFIED", "AUWHENCREATED", "WHENDUE"])
def test_a_bad_time_is_named_without_its_value(field: str) -> None:
    with pytest.raises(RecordInvalid, match=f"record 17: {field}") as caught:
        bill(**{field: "31.12.2026"})
    assert "31.12" not in caught.value.safe_message


# -------------------------------------------------------------------------------- links
@pytest.mark.parametrize(
    "url",
    [
        "http://www.intacct.com/ia/acct/ur.phtml?.r=x",
        "https://intacct.com.example.com/x",
        "https://evil-intacct.com/x",
        "https://user@www.intacct.com/x",
        "https://example.com/?intacct.com",
        "javascript:alert(1)",
        "https://[::1/x",
        "//www.intacct.com/x",
        "",
    ],
)
def test_links_that_do_not_lead_to_intacct_are_dropped(url: str) -> None:
    assert bill(RECORD_URL=url).url == ""


def test_the_sandboxes_own_links_are_kept_where_it_is_trusted() -> None:
    url = "http://127.0.0.1:8010/ur?.r=1"
    assert bill(Context(UserZone(), trusted_host="127.0.0.1"), RECORD_URL=url).url == url
    assert bill(RECORD_URL=url).url == ""


# ----------------------------------------------------------------------- quarantine, rest
def test_a_bad_row_is_set_aside_and_the_page_goes_on() -> None:
    rows = [BILL, {**BILL, "RECORDNO": "18", "WHENDUE": "never"}, {}, {**BILL, "RECORDNO": "19"}]
    converted = convert(BILLS, rows, UTC_CONTEXT)
    assert [b.record_no for b in converted.records] == ["17", "19"]
    assert [e.safe_message for e in converted.invalid] == [
        "record 18: WHENDUE is not a date",
        "a record: RECORDNO is not a number",
    ]


fields = st.sampled_from(sorted(BILL))


@given(st.dictionaries(fields, st.text(max_size=25), max_size=6))
def test_any_row_is_a_bill_or_is_set_aside(changes: dict[str, str]) -> None:
    converted = convert(BILLS, [{**BILL, **changes}], UTC_CONTEXT)
    assert len(converted.records) + len(converted.invalid) == 1


ALL_KINDS: list[Kind[object]] = [
    BILLS,
    PAYMENTS,
    CLEARINGS,
    *(value for value in vars(kinds).values() if isinstance(value, Kind)),
]


def test_there_is_a_kind_for_every_object_read() -> None:
    assert {kind.wanted.object for kind in ALL_KINDS} == {
        "APBILL",
        "APBILLITEM",
        "APPYMT",
        "VENDOR",
        "USERINFO",
        "DEPARTMENT",
        "LOCATION",
        "PROJECT",
        "CLASS",
        "GLACCOUNT",
    }


@pytest.mark.parametrize("kind", ALL_KINDS, ids=lambda kind: kind.wanted.object)
def test_every_kind_asks_for_each_field_once_and_can_page_by_record_number(
    kind: Kind[object],
) -> None:
    wanted = (*kind.wanted.required, *kind.wanted.optional)
    assert len(set(wanted)) == len(wanted)
    assert kind.wanted.required[0] == "RECORDNO"


class Spy(dict[str, str]):
    """A row that remembers what it was asked for."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.asked: set[str] = set()

    def get(self, key: str, default: str = "") -> str:  # type: ignore[override]
        self.asked.add(key)
        return super().get(key, default)


@pytest.mark.parametrize("kind", ALL_KINDS, ids=lambda kind: kind.wanted.object)
def test_every_field_asked_for_is_used_and_every_field_used_is_asked_for(
    kind: Kind[object],
) -> None:
    # Without a currency the fallbacks are looked at as well.
    row = Spy(dict.fromkeys((*kind.wanted.required, *kind.wanted.optional), ""))
    row.update({name: "1" for name in row if "TOTAL" in name or "AMOUNT" in name})
    row.update(dict.fromkeys(kind.wanted.required, "9"))
    kind.build(row, Context(UserZone(), default_currency="USD"))
    wanted = {*kind.wanted.required, *kind.wanted.optional}
    assert row.asked | {"RECORDNO"} == wanted


def payment(**changes: str) -> Payment:
    row = {
        "RECORDNO": "9",
        "STATE": "C",
        "DISPLAYSTATE": "Confirmed",
        "TOTALENTERED": "10",
        "BASECURR": "USD",
        "CLRDATE": "08/20/2026",
        "CLEARED": "T",
        **changes,
    }
    return PAYMENTS.build(row, UTC_CONTEXT)


@pytest.mark.parametrize(
    ("word", "cleared", "matched"),
    [
        ("T", True, False),
        ("true", True, False),
        ("Cleared", True, False),
        ("reconciled", True, False),
        ("C", True, False),
        ("M", False, True),
        ("matched", False, True),
        ("F", False, False),
        ("In Transit", False, False),
        ("", False, False),
    ],
)
def test_cleared_is_read_from_codes_and_labels(word: str, cleared: bool, matched: bool) -> None:
    found = payment(CLEARED=word)
    assert (found.cleared, found.matched) == (cleared, matched)
    assert found.cleared_on == date(2026, 8, 20)


@pytest.mark.parametrize(
    ("display", "raw", "text"),
    [("Print Voided", "V", "Print Voided"), ("", "V", "Voided"), ("", "Paused", "Paused")],
)
def test_the_display_state_of_a_payment_counts_before_its_code(
    display: str, raw: str, text: str
) -> None:
    assert payment(DISPLAYSTATE=display, STATE=raw).state_text == text
