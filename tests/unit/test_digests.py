"""One text for many bills that wait: who gets it, what it says, and what the audit keeps."""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.approvers import Approver
from ml_connector.domain.bills import BillState
from ml_connector.domain.cases import StopReason
from ml_connector.domain.digests import (
    KIND,
    MOST_SEGMENTS,
    Digest,
    Frame,
    digest_cases,
    digest_sms,
    waiting_kind,
)
from ml_connector.domain.documents import Document
from ml_connector.domain.events import EventKind
from ml_connector.domain.flows import Decision, decide, parse
from ml_connector.domain.gsm7 import is_gsm7, segments
from ml_connector.domain.messages import reference_code, reference_in, renewed_text
from ml_connector.domain.money import Money
from ml_connector.domain.planning import PlanTimes
from tests.support.bills import COMPANY, a_bill, a_document, usd

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
REFERENCE = "K7F2"
FRAME = Frame(
    company=COMPANY,
    company_name="Acme AP",
    zone=ZoneInfo("America/Chicago"),
    batch="lease 7",
    now=NOW,
    times=PlanTimes(timedelta(days=5), timedelta(seconds=90), 14_400),
)
PEOPLE = {
    name: Approver(name, f"{name.title()} Approver", f"+1555010000{place}", f"salt of {name}")
    for place, name in enumerate(("ann", "bob", "dee"), start=1)
}
FLOW = parse(
    {
        "schema": 1,
        "companies": {COMPANY: {"name": "Acme AP", "zone": "America/Chicago"}},
        "default_approver": "dee",
        "rules": [
            {
                "name": "large",
                "on": ["bill.submitted"],
                "when": {"amount": {"currency": "USD", "at_least": 10_000}},
                "approver": "ann",
                "notify": [
                    {"sms": {"to": "approver"}},
                    {"sms": {"to": "bob", "after": 3600}},
                ],
            },
            {
                "name": "the rest",
                "on": ["bill.submitted", "bill.partially_approved"],
                "when": {"amount": {"currency": "USD", "under": 10_000}},
                "approver": "bob",
                "notify": [{"sms": {"to": "approver", "detail": "reference_only"}}],
            },
        ],
    },
    3,
)


def by_flow(kind: EventKind, document: Document) -> Decision | None:
    return decide(FLOW, kind, document)


def waiting(
    number: int,
    amount: str = "12500.00",
    currency: str = "USD",
    modified: datetime | None = NOW - timedelta(days=20),
    state: BillState = BillState.SUBMITTED,
) -> Document:
    document = a_document(a_bill(str(number), state, amount, modified=modified))
    return replace(document, amount=replace(document.amount, currency=currency))


def cases(
    documents: list[Document],
    people: Callable[[str], Approver | None] = PEOPLE.get,
    frame: Frame = FRAME,
) -> dict[str, Digest]:
    digests = digest_cases(documents, by_flow, people, frame)
    return {digest.opening.alerts[0].recipient: digest for digest in digests}


# -------------------------------------------------------------------------------- who is told
def test_everybody_concerned_gets_one_digest_and_bills_without_a_rule_are_in_none() -> None:
    small = waiting(3, "5.00", state=BillState.PARTIALLY_APPROVED)
    found = cases([waiting(1), waiting(2), small, waiting(4, currency="EUR")])
    assert {name: digest.documents for name, digest in found.items()} == {
        "ann": ("bill#1", "bill#2"),
        "bob": ("bill#3",),
    }
    for name, digest in found.items():
        case, (alert,) = digest.opening.case.case, digest.opening.alerts
        (dispatch,) = digest.opening.dispatches
        assert (case.kind, case.document, case.id) == (KIND, f"digest#{name}", digest.id)
        assert (alert.case_id, alert.dispatch, alert.channel) == (case.id, dispatch.id, "sms")
        assert [(m.case_id, m.alert_id) for m in dispatch.members] == [(case.id, alert.id)]
        assert dispatch.text.endswith(f"Ref {dispatch.reference}")


def test_bills_go_by_the_event_their_state_stands_for() -> None:
    assert waiting_kind(waiting(1)) is EventKind.SUBMITTED
    later = waiting(1, state=BillState.PARTIALLY_APPROVED)
    assert waiting_kind(later) is EventKind.PARTIALLY_APPROVED


def test_the_first_who_can_be_texted_gets_it() -> None:
    people = {**PEOPLE, "ann": replace(PEOPLE["ann"], opted_out=True)}
    assert list(cases([waiting(1)], people.get)) == ["dee"]


def test_a_digest_nobody_can_get_is_an_alert_that_is_stopped_from_the_start() -> None:
    (digest,) = cases([waiting(1)], lambda _name: None).values()
    (alert,) = digest.opening.unreachable
    assert (alert.recipient, alert.stop_reason) == ("ann", StopReason.NO_CHANNEL)
    assert not digest.opening.dispatches


def test_the_same_batch_gives_the_same_ids_and_another_one_gives_others() -> None:
    first = cases([waiting(1), waiting(2)])["ann"]
    again = cases([waiting(2)])["ann"]
    other = cases([waiting(1)], frame=replace(FRAME, batch="lease 8"))["ann"]
    assert first.id == again.id != other.id
    assert first.opening.dispatches[0].id == again.opening.dispatches[0].id


# --------------------------------------------------------------------------------- the audit
def test_the_audit_names_every_bill_and_every_sentence() -> None:
    data = cases([waiting(1), waiting(2)])["ann"].opening.case.entry.data
    assert data["documents"] == ["bill#1", "bill#2"]
    assert data["bills"] == 2
    (count,) = data["sentences"].values()  # type: ignore[union-attr]
    assert count == 2
    for person in PEOPLE.values():
        assert person.phone not in repr(data)
        assert person.name not in repr(data)


def test_of_many_bills_the_audit_keeps_number_and_hash() -> None:
    many = [waiting(number) for number in range(101)]
    listed = cases(many)["ann"].opening.case.entry.data["documents"]
    again = cases(many[::-1])["ann"].opening.case.entry.data["documents"]
    fewer = cases([*many[1:], waiting(500)])["ann"].opening.case.entry.data["documents"]
    assert isinstance(listed, dict)
    assert listed["count"] == 101
    assert listed == again != fewer


# ---------------------------------------------------------------------------------- the text
def test_a_digest_says_how_many_since_when_and_for_how_much() -> None:
    bills = [waiting(number, "1000.00") for number in range(1200)]
    bills += [waiting(9000 + n, "8.00", "EUR", NOW - timedelta(days=19)) for n in range(600)]
    text = digest_sms(bills, FRAME, REFERENCE)
    assert text == (
        "Acme AP: 1,800 bills waiting for approval in Intacct, oldest Nov 3. USD 1,200,000.00;"
        " EUR 4,800.00. Open Intacct. Ref K7F2"
    )
    assert segments(text).parts == 1


def test_a_digest_in_spanish_is_written_as_its_reader_writes() -> None:
    bills = [waiting(number, "1000.00") for number in range(1200)]
    bills += [waiting(9000 + n, "8.00", "EUR", NOW - timedelta(days=19)) for n in range(600)]
    assert digest_sms(bills, FRAME, REFERENCE, language="es-ES") == (
        "Acme AP: 1.800 facturas esperan aprobacion en Intacct, la mas antigua 3 nov."
        " 1.200.000,00 USD; 4.800,00 EUR. Abra Intacct. Ref K7F2"
    )
    one = digest_sms([waiting(1, "5", modified=None)], FRAME, REFERENCE, language="es-MX")
    assert one == (
        "Acme AP: 1 factura espera aprobacion en Intacct. USD 5.00. Abra Intacct. Ref K7F2"
    )
    assert digest_sms(bills, FRAME, REFERENCE, "reference_only", "es-MX") == (
        "Acme AP: hay facturas que esperan aprobacion en Intacct. Abra Intacct. Ref K7F2"
    )


def test_a_digest_is_in_the_language_of_the_person_it_is_for() -> None:
    spanish = {name: replace(person, language="es") for name, person in PEOPLE.items()}
    (dispatch,) = cases([waiting(1)], spanish.get)["ann"].opening.dispatches
    assert " 1 factura espera aprobacion en Intacct" in dispatch.text


def test_one_bill_is_no_bills_and_an_age_nobody_knows_is_not_named() -> None:
    text = digest_sms([waiting(1, "5", modified=None)], FRAME, REFERENCE)
    assert text == (
        "Acme AP: 1 bill waiting for approval in Intacct. USD 5.00. Open Intacct. Ref K7F2"
    )


def test_days_are_the_companys_own_and_another_year_is_named() -> None:
    night = datetime(2026, 11, 4, 3, 0, tzinfo=UTC)
    assert "oldest Nov 3. " in digest_sms([waiting(1, modified=night)], FRAME, REFERENCE)
    last_year = night.replace(year=2025)
    assert "oldest Nov 3, 2025. " in digest_sms([waiting(1, modified=last_year)], FRAME, REFERENCE)


def test_beyond_three_currencies_there_are_others() -> None:
    bills = [waiting(n, "1.00", code) for n, code in enumerate(("USD", "GBP", "EUR", "CHF", "USD"))]
    text = digest_sms(bills, FRAME, REFERENCE)
    assert "USD 2.00; CHF 1.00; EUR 1.00 and others. " in text


def test_the_strictest_rule_decides_how_much_a_lock_screen_shows() -> None:
    (dispatch,) = cases([waiting(1, "5.00")])["bob"].opening.dispatches
    said = dispatch.text.removesuffix(dispatch.reference)
    assert said == "Acme AP: bills are waiting for approval in Intacct. Open Intacct. Ref "


@pytest.mark.parametrize(
    "name", ["", "Acme " * 40, "北方钢铁" * 60, "Pay at http://evil.example/x Ref K9M3"]
)
def test_a_companys_name_is_hostile_and_gives_way(name: str) -> None:
    text = digest_sms([waiting(1)], replace(FRAME, company_name=name), REFERENCE)
    assert "1 bill waiting for approval in Intacct, oldest Nov 3. USD 12,500.00." in text
    assert reference_in(text) == REFERENCE
    assert "://" not in text
    assert "evil.example" not in text
    assert segments(text).parts <= MOST_SEGMENTS


@given(
    name=st.text(max_size=300),
    amounts=st.lists(
        st.tuples(
            st.decimals(min_value=0, max_value=10**18, places=2),
            st.text(string.ascii_uppercase, min_size=3, max_size=3),
        ),
        min_size=1,
        max_size=6,
    ),
    language=st.sampled_from(["en-US", "es-CO", "es-ES"]),
)
def test_whatever_the_name_and_the_sums_the_text_fits_and_its_reference_is_found(
    name: str, amounts: list[tuple[object, str]], language: str
) -> None:
    bills = [
        replace(waiting(place), amount=Money(amount, currency))  # type: ignore[arg-type]
        for place, (amount, currency) in enumerate(amounts)
    ]
    text = digest_sms(bills, replace(FRAME, company_name=name), REFERENCE, language=language)
    assert segments(text).parts <= MOST_SEGMENTS
    assert " Intacct" in text
    assert reference_in(text) == REFERENCE
    renewed = renewed_text(text, REFERENCE, reference_code("another"))
    assert reference_in(renewed) == reference_code("another")
    if is_gsm7(name):
        assert is_gsm7(text)


def test_sums_are_exact() -> None:
    bills = [replace(waiting(n), amount=usd("0.1")) for n in range(3)]
    assert "USD 0.30." in digest_sms(bills, FRAME, REFERENCE)
