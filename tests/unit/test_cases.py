from __future__ import annotations

from datetime import timedelta

import pytest

from ml_connector.domain.audit import ChainHead
from ml_connector.domain.cases import Alert, Case, CaseState, StopReason
from tests.support.bills import COMPANY, MORNING

CASE = Case(
    id="c1",
    company=COMPANY,
    document="bill#4711",
    kind="bill.submitted",
    round=1,
    state=CaseState.OPEN,
    opened_at=MORNING,
    expires_at=MORNING + timedelta(days=5),
    rule="everything",
    flow_version=1,
    head=ChainHead(),
)
ALERT = Alert(
    id="a1",
    case_id="c1",
    company=COMPANY,
    step=1,
    occurrence=1,
    recipient="ann",
    channel="sms",
    created_at=MORNING,
)


@pytest.mark.parametrize("state", [CaseState.HANDLED, CaseState.EXPIRED, CaseState.CANCELLED])
def test_a_case_ends_once_and_keeps_its_first_end(state: CaseState) -> None:
    ended = CASE.ended(state, "bill.approved", MORNING)
    assert (ended.state, ended.end_reason, ended.ended_at) == (state, "bill.approved", MORNING)
    later = MORNING + timedelta(days=1)
    for again in (CaseState.HANDLED, CaseState.EXPIRED, CaseState.CANCELLED):
        assert ended.ended(again, "bill.deleted", later) == ended


def test_only_handled_expired_and_cancelled_cases_are_over() -> None:
    over = {CaseState.HANDLED, CaseState.EXPIRED, CaseState.CANCELLED}
    assert {state for state in CaseState if state.ended} == over


def test_a_case_that_was_confirmed_still_ends_when_the_bill_moves_on() -> None:
    for state in (CaseState.ACKNOWLEDGED, CaseState.CONFIRMED):
        case = Case(**{name: getattr(CASE, name) for name in Case.__slots__} | {"state": state})
        assert case.ended(CaseState.HANDLED, "bill.approved", MORNING).state is CaseState.HANDLED


def test_the_first_reason_to_stop_an_alert_is_the_one_that_stays() -> None:
    stopped = ALERT.stopped(StopReason.OPTED_OUT)
    assert stopped.stop_reason is StopReason.OPTED_OUT
    assert stopped.stopped(StopReason.HANDLED) == stopped


def test_a_case_and_its_audit_chain_share_the_events_id() -> None:
    assert CASE.chain == "case#c1"
