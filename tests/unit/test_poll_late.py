"""Bills found long after they were submitted, and companies not polled for long."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from ml_connector.domain.bills import BillState
from ml_connector.domain.cases import Case, CaseState, StopReason, stop_of
from ml_connector.domain.digests import KIND
from ml_connector.domain.dispatches import Dispatch
from ml_connector.settings import Timings
from ml_connector.usecases.due import companies_due
from tests.support.bills import a_bill
from tests.support.faults import Fault, Killed
from tests.support.polling import FLOW, Office

#: Bob approves euros.
EUROS = {
    "name": "euros",
    "on": ["bill.submitted"],
    "when": {"amount": {"at_least": 0, "currency": "EUR"}},
    "approver": "bob",
    "notify": [{"sms": {"to": "approver"}}],
}


def appear(office: Office, count: int, age: timedelta, currency: str = "") -> None:
    """So many bills are seen for the first time that were last modified so long ago."""
    for number in range(count):
        name = f"{currency}-{number}" if currency else str(number)
        bill = a_bill(name, modified=office.clock.now() - age)
        money = replace(bill.amount, currency=currency or bill.amount.currency)
        office.intacct.bills[bill.record_no] = replace(bill, amount=money)


def digests(office: Office) -> list[Case]:
    return [case for case in office.tables.cases.values() if case.kind == KIND]


def digest_texts(office: Office) -> list[Dispatch]:
    """What was made to be sent for digests."""
    cases = {case.id for case in digests(office)}
    sent = office.tables.dispatches.values()
    return [one for one in sent if one.members[0].case_id in cases]


def test_many_old_bills_at_once_are_one_text_to_each_person() -> None:
    office = Office()
    appear(office, 6, timedelta(days=2))
    office.intacct.submit("new")
    report = office.poll()
    assert (report.events, report.alerts) == (7, 2)
    (digest,) = digests(office)
    for number in range(6):
        document = office.document(str(number))
        (entry,) = office.tables.chains[document.chain]
        assert "found late" in repr(entry.data["events"])
        assert entry.data["digest"] == document.digest == digest.id
        assert not document.open_cases
    assert office.document("new").digest == ""
    (line,) = office.telemetry.said("bills_found_late", "error")
    assert line.fields["bills"] == 6
    (dispatch,) = digest_texts(office)
    assert dispatch.recipient == "ann"
    assert "6 bills waiting for approval in Intacct" in dispatch.text
    assert dispatch.id in office.queue.waiting
    office.poll()
    assert len(digests(office)) == 1


def test_each_person_gets_those_bills_the_flow_would_have_told_them_of() -> None:
    office = Office()
    office.publish(rules=[*FLOW["rules"], EUROS])
    appear(office, 6, timedelta(days=2))
    appear(office, 3, timedelta(days=3), "EUR")
    appear(office, 2, timedelta(days=3), "GBP")
    assert office.poll().alerts == 2
    said = {one.recipient: one.text for one in digest_texts(office)}
    assert "6 bills" in said["ann"]
    assert "3 bills" in said["bob"]
    assert office.document("GBP-1").digest == "", "no rule speaks of pounds"


def test_a_digest_nobody_can_be_texted_is_seen_by_an_operator() -> None:
    office = Office()
    for name in ("ann", "dee"):
        office.person(name, "")
    appear(office, 6, timedelta(days=2))
    office.poll()
    (digest,) = digests(office)
    assert not digest_texts(office)
    (line,) = office.telemetry.said("approver_unreachable", "error")
    assert line.fields["case"] == digest.id
    assert office.poll().alerts == 0


def test_a_digest_ends_with_the_last_of_its_bills() -> None:
    office = Office()
    appear(office, 6, timedelta(days=2))
    office.poll()
    for number in range(5):
        office.intacct.move(str(number), BillState.POSTED)
    office.intacct.move("5", BillState.PARTIALLY_APPROVED)
    office.poll()
    assert [case.state for case in digests(office)] == [CaseState.OPEN]
    office.intacct.delete("5")
    assert office.poll().ended == 2, "the digest, and what was told of the partial approval"
    (digest,) = digests(office)
    assert (digest.state, digest.end_reason) == (CaseState.HANDLED, "bill.deleted")
    (alert,) = office.tables.alerts[digest.id].values()
    assert stop_of(digest, alert) is StopReason.HANDLED
    assert office.all_chains_hold()


# --------------------------------------------------------------- polls that break off meanwhile
@pytest.mark.parametrize("written", range(11))
@pytest.mark.parametrize("fault", [Fault.KILLED_BEFORE, Fault.KILLED_AFTER])
def test_wherever_a_poll_dies_every_late_bill_is_in_exactly_one_digest(
    written: int, fault: Fault
) -> None:
    office = Office()
    office.publish(rules=[*FLOW["rules"], EUROS])
    appear(office, 5, timedelta(days=2))
    appear(office, 4, timedelta(days=2), "EUR")
    point = "commit document.seen" if written < 9 else "commit case.opened"
    # A race against nobody is no trouble.
    office.faults.arrange(point, *[Fault.RACE] * (written % 9), fault)
    with suppress(Killed):
        office.poll()
    office.poll(minutes=5)
    office.poll()
    documents = [d for d in office.tables.documents.values() if d.waiting]
    assert len(documents) == 9
    told = Counter(
        name
        for case in digests(office)
        for name in office.tables.chains[case.chain][0].data["documents"]
    )
    alone = {case.document for case in office.tables.cases.values() if case.kind != KIND}
    assert set(told.values()) <= {1}
    assert set(told) | alone == {document.id for document in documents}
    assert not set(told) & alone
    assert office.all_chains_hold()


def test_a_late_find_whose_digest_was_never_written_is_told_by_the_next_poll() -> None:
    office = Office()
    appear(office, 6, timedelta(days=2))
    office.faults.arrange("commit case.opened", Fault.KILLED_BEFORE)
    with pytest.raises(Killed):
        office.poll()
    assert not digests(office)
    office.intacct.amend("0", "7.00")
    office.intacct.move("1", BillState.POSTED)
    office.intacct.delete("2")
    office.poll(minutes=5)
    (digest,) = digests(office)
    told = office.tables.chains[digest.chain][0].data["documents"]
    assert {"bill#3", "bill#4", "bill#5"} <= set(told)
    assert "bill#1" not in told
    assert office.story("0") == [("bill.changed", 1, "open")]
    assert office.all_chains_hold()
    assert office.poll().events == 0


def test_a_bill_found_late_is_told_once_something_happens_to_it() -> None:
    office = Office()
    appear(office, 6, timedelta(days=2))
    office.poll()
    office.intacct.amend("3", "5.00")
    office.poll()
    assert office.story("3") == [("bill.changed", 1, "open")]


@pytest.mark.parametrize(
    ("count", "age"), [(5, timedelta(days=2)), (6, timedelta(hours=24))], ids=["few", "young"]
)
def test_a_few_old_bills_or_many_young_ones_are_told(count: int, age: timedelta) -> None:
    office = Office()
    appear(office, count, age)
    assert office.poll().alerts == count
    assert not office.telemetry.said("bills_found_late")


def test_what_piled_up_while_nothing_could_be_polled_is_told() -> None:
    office = Office()
    office.clock.forward(hours=80)
    appear(office, 6, timedelta(hours=50))
    assert office.poll().alerts == 6


# ------------------------------------------------------------------------------ staleness
STALE = Timings().poll_stale


def stale_after(office: Office, seconds: float) -> bool:
    office.clock.forward(seconds=seconds)
    companies_due(office.ports)
    return bool(office.telemetry.said("poll_stale", "error"))


def test_a_company_without_a_good_poll_for_too_long_is_said_so() -> None:
    assert not stale_after(Office(), STALE)
    office = Office()
    assert stale_after(office, STALE + 60)
    (line,) = office.telemetry.said("poll_stale")
    assert (line.fields["company"], line.fields["minutes"]) == ("acme", 31)
    assert office.telemetry.metrics["PollsFailed"] == 1


def test_polls_that_fail_do_not_count_as_good_ones() -> None:
    office = Office()
    office.intacct.incomplete = {"changed"}
    for _ in range(16):
        office.poll()
    assert stale_after(office, 0)
    assert office.telemetry.said("poll_stale")[0].fields["last_error"] == "incomplete"


def test_a_good_poll_ends_it() -> None:
    office = Office()
    assert stale_after(office, STALE + 60)
    office.poll()
    office.telemetry.lines.clear()
    assert not stale_after(office, 60)


def test_a_company_polled_seldom_is_not_stale_before_its_turn() -> None:
    office = Office()
    calendar = {"intervals": {"otherwise": 3600}}
    office.publish(companies={"acme": {"name": "Acme AP", "zone": "UTC", "calendar": calendar}})
    assert not stale_after(office, 7200)
    assert stale_after(office, 60)


def test_a_company_never_polled_is_not_stale() -> None:
    assert not stale_after(Office(baseline=False), 10 * STALE)
