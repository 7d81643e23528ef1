from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import check
from ml_connector.domain.cases import CaseState, StopReason
from ml_connector.domain.dispatches import DispatchState, Member
from ml_connector.domain.events import seen_first
from ml_connector.domain.flows import Decision, Step
from ml_connector.domain.messages import reference_in, renewed_text
from ml_connector.domain.phone import fingerprint
from ml_connector.domain.planning import Opening, PlanTimes, open_case
from tests.support.bills import COMPANY, MORNING, a_bill

TIMES = PlanTimes(timedelta(days=5), timedelta(seconds=90), 14_400)
ANN = Approver("ann", "Ann Approver", "+15550100001", "salt of ann")
BOB = Approver("bob", "Bob Approver", "+15550100002", "salt of bob")
DEE = Approver("dee", "Dee Deputy", "+15550100004", "salt of dee")


def opened(candidates: Sequence[Sequence[str]], people: Sequence[Approver]) -> Opening:
    sighting = seen_first(COMPANY, a_bill(), MORNING)
    assert sighting
    decision = Decision(
        flow_version=7,
        number=2,
        rule="everything else",
        sentence="2. When a bill is submitted, text somebody.",
        steps=tuple(Step("sms", "approver") for _ in candidates),
        candidates=tuple(tuple(names) for names in candidates),
    )
    known = {person.id: person for person in people}
    return open_case(
        sighting.events[0], sighting.document, decision, "Acme AP", known.get, MORNING, TIMES
    )


def told(opening: Opening) -> list[Mapping[str, Any]]:
    return cast("list[Mapping[str, Any]]", opening.case.entry.data["alerts"])


def test_a_case_is_open_for_its_lifetime_and_cites_what_decided() -> None:
    case = opened([["ann"]], [ANN]).case.case
    assert (case.state, case.kind, case.round) == (CaseState.OPEN, "bill.submitted", 1)
    assert (case.rule, case.flow_version) == ("everything else", 7)
    assert case.expires_at == MORNING + timedelta(days=5)


def test_every_step_is_an_alert_with_a_dispatch_of_its_own() -> None:
    opening = opened([["ann"], ["bob"]], [ANN, BOB])
    assert [(a.step, a.recipient) for a in opening.alerts] == [(1, "ann"), (2, "bob")]
    assert [alert.dispatch for alert in opening.alerts] == [d.id for d in opening.dispatches]
    for alert, dispatch in zip(opening.alerts, opening.dispatches, strict=True):
        assert dispatch.members == (Member(opening.case.case.id, alert.id),)
        assert alert.case_id == opening.case.case.id


def test_two_steps_for_one_person_are_two_alerts() -> None:
    opening = opened([["ann"], ["ann"]], [ANN])
    assert len({alert.id for alert in opening.alerts}) == 2
    assert len({dispatch.id for dispatch in opening.dispatches}) == 2


def test_a_first_dispatch_is_due_now_and_looked_at_when_nobody_fetched_it() -> None:
    dispatch = opened([["ann"]], [ANN]).dispatches[0]
    assert dispatch.state is DispatchState.WAITING
    assert dispatch.due_at == MORNING
    assert dispatch.look_at == MORNING + timedelta(seconds=90)
    assert (dispatch.attempt, dispatch.sequence, dispatch.version) == (1, 1, 1)
    assert dispatch.validity_seconds == 14_400


def test_the_text_says_what_waits_and_carries_the_dispatchs_reference() -> None:
    dispatch = opened([["ann"]], [ANN]).dispatches[0]
    assert dispatch.text.startswith("Acme AP: Baker Steel, USD 12,500.00, bill INV-4711")
    assert reference_in(dispatch.text) == dispatch.reference


def test_the_same_event_makes_the_same_case_alerts_and_dispatches_on_every_run() -> None:
    assert opened([["ann"], ["bob"]], [ANN, BOB]) == opened([["ann"], ["bob"]], [ANN, BOB])


# ------------------------------------------------------------------------- whom to tell
@pytest.mark.parametrize(
    ("person", "reason"),
    [
        (None, "unknown approver"),
        (replace(ANN, active=False), "not active"),
        (replace(ANN, opted_out=True), "opted out"),
        (replace(ANN, phone=""), "no phone number"),
        (replace(ANN, phone="555-0100"), "not a phone number in E.164"),
        (replace(ANN, salt=""), "no salt for the audit's fingerprints"),
    ],
)
def test_whoever_cannot_be_texted_is_passed_over_and_named_with_the_reason(
    person: Approver | None, reason: str
) -> None:
    opening = opened([["ann", "dee"]], [DEE, *([person] if person else [])])
    assert [alert.recipient for alert in opening.alerts] == ["dee"]
    assert told(opening)[0]["passed_over"] == [{"approver": "ann", "reason": reason}]
    assert not opening.unreachable


def test_a_step_with_nobody_left_is_an_alert_that_is_stopped_from_the_start() -> None:
    opening = opened([["ann", "dee"], ["bob"]], [replace(DEE, phone=""), BOB])
    assert [alert.stop_reason for alert in opening.alerts] == [StopReason.NO_CHANNEL, None]
    assert [alert.recipient for alert in opening.unreachable] == ["ann"]
    assert [dispatch.recipient for dispatch in opening.dispatches] == ["bob"]
    assert told(opening)[0]["stopped"] == "no_channel"
    assert [one["approver"] for one in told(opening)[0]["passed_over"]] == ["ann", "dee"]


def test_a_step_without_candidates_is_for_nobody() -> None:
    assert [alert.recipient for alert in opened([[]], [ANN]).unreachable] == ["nobody"]


# ---------------------------------------------------------------------------- the audit
def test_the_first_entry_of_the_chain_says_who_was_told_by_which_sentence() -> None:
    entry = opened([["ann"]], [ANN]).case.entry
    assert entry.kind == "case.opened"
    assert entry.data["sentence"] == "2. When a bill is submitted, text somebody."
    assert entry.data["flow_version"] == 7
    assert check([entry], entry.head) is None


def test_the_audit_holds_a_fingerprint_and_neither_number_nor_name_nor_text() -> None:
    opening = opened([["ann"]], [ANN])
    assert told(opening)[0]["number"] == fingerprint(ANN.salt, ANN.phone)
    whole = repr(opening.case.entry.data)
    for secret in (ANN.phone, ANN.phone[-4:], ANN.name, ANN.salt, "Baker Steel", "Ref "):
        assert secret not in whole


# ----------------------------------------------------------------- how a text is written
LINK = f"https://www.intacct.com/ia/acct/ur.phtml?.r={'x' * 41}"


def planned(
    *steps: Step, person: Approver = ANN, replies: bool = True, url: str = LINK, vendor: str = ""
) -> Opening:
    """A case with these steps for one person, whose texts may ask for a reply."""
    bill = replace(a_bill(), url=url, vendor_name=vendor or "Baker Steel")
    sighting = seen_first(COMPANY, bill, MORNING)
    assert sighting
    decision = Decision(
        7, 2, "r", "2. R.", steps, tuple((person.id,) for _ in steps), replies=replies
    )
    people = {person.id: person}
    return open_case(
        sighting.events[0], sighting.document, decision, "Acme AP", people.get, MORNING, TIMES
    )


TEXT, CALL = Step("sms", "approver"), Step("voice", "approver", timedelta(minutes=5))


def test_a_text_asks_for_a_1_where_no_call_is_planned() -> None:
    opening = planned(TEXT)
    assert "Reply 1 = seen. Ref " in opening.dispatches[0].text
    assert opening.case.case.replies


def test_beside_a_call_a_text_asks_for_its_reference() -> None:
    dispatch = planned(TEXT, CALL).dispatches[0]
    ref = dispatch.reference
    assert dispatch.text.endswith(f" Reply {ref} = seen. Ref {ref}")


def test_where_replies_are_not_received_none_is_asked_for() -> None:
    assert "Reply" not in planned(TEXT, replies=False).dispatches[0].text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Baker Steel, USD 12,500.00, bill INV-4711, due Nov 30. Waiting"),
        ("es", "Baker Steel, USD 12,500.00, factura INV-4711, vence 30 nov. Espera"),
        ("es-ES", "Baker Steel, 12.500,00 USD, factura INV-4711, vence 30 nov. Espera"),
        ("en-GB", "Baker Steel, USD 12,500.00, bill INV-4711, due 30 Nov. Waiting"),
    ],
)
def test_a_text_is_in_the_recipients_language(language: str, said: str) -> None:
    dispatch = planned(TEXT, person=replace(ANN, language=language)).dispatches[0]
    assert said in dispatch.text
    assert dispatch.language == ""


def test_a_link_stands_in_a_text_only_where_the_rule_asks_for_it() -> None:
    assert f" {LINK} " in planned(replace(TEXT, link=True)).dispatches[0].text
    assert "http" not in planned(TEXT).dispatches[0].text
    assert "link" not in told(planned(replace(TEXT, link=True)))[0]


@pytest.mark.parametrize(
    ("url", "vendor", "why"),
    [("", "", "left out: none of Intacct's"), (LINK, "株式会社", "left out: no room")],
)
def test_a_link_that_was_left_out_is_in_the_audit(url: str, vendor: str, why: str) -> None:
    opening = planned(replace(TEXT, link=True), url=url, vendor=vendor)
    assert "http" not in opening.dispatches[0].text
    assert told(opening)[0]["link"] == why


def test_a_text_in_place_of_a_call_has_no_link_and_says_nothing_of_one() -> None:
    opening = planned(replace(CALL, after=timedelta(0)), person=replace(ANN, channels=("sms",)))
    assert [dispatch.channel for dispatch in opening.dispatches] == ["sms"]
    assert "http" not in opening.dispatches[0].text
    assert "link" not in told(opening)[0]


# --------------------------------------------------------------------------- another try
def test_another_try_says_the_same_with_its_own_reference() -> None:
    assert renewed_text("Waiting. Ref K7F2", "K7F2", "P3C4") == "Waiting. Ref P3C4"


@pytest.mark.parametrize(("text", "reference"), [("Waiting. Ref K7F2.", "K7F2"), ("", "K7F2")])
def test_a_text_that_does_not_end_with_its_reference_is_refused(text: str, reference: str) -> None:
    with pytest.raises(ValueError, match="does not end"):
        renewed_text(text, reference, "P3C4")
