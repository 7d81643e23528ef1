"""Cases and alerts to items of the alerts table and back."""

from __future__ import annotations

from datetime import timedelta

from ml_connector.domain.audit import ChainHead
from ml_connector.domain.cases import Alert, Case, CaseState, Listed, StopReason
from ml_connector.domain.instants import from_text, to_millis, to_text
from ml_connector.domain.plans import Timer

from .attributes import instant_of, text_of
from .models import ALERT_KEYS, CASE_KEY, CASE_SHARD, AlertItem, CaseItem
from .plan_items import planned_form, planned_of


def case_keys(case_id: str) -> tuple[str, str]:
    """Where a case lives; its alerts are in the same partition."""
    return f"case#{case_id}", CASE_KEY


def case_item(case: Case, head: ChainHead, write_id: str) -> CaseItem:
    """The item of a case whose chain ends in `head`."""
    pk, sk = case_keys(case.id)
    return CaseItem(
        pk,
        sk,
        id=case.id,
        company=case.company,
        document=case.document,
        kind=case.kind,
        round=case.round,
        state=case.state.value,
        opened_at=to_text(case.opened_at),
        expires_at_text=to_text(case.expires_at),
        rule=case.rule,
        flow_version=case.flow_version,
        ended_at=text_of(case.ended_at),
        end_reason=case.end_reason or None,
        head_seq=head.seq,
        head_digest=head.digest,
        write_id=write_id,
        due_shard=CASE_SHARD if case.look_at else None,
        look_at=to_millis(case.look_at) if case.look_at else None,
        look_text=text_of(case.look_at),
        plan=[planned_form(planned) for planned in case.plan] or None,
        position=case.position or None,
        agenda=[[t.step, t.occurrence, to_text(t.at)] for t in case.agenda] or None,
        repeats=[list(pair) for pair in case.repeats] or None,
        asked_at=text_of(case.asked_at),
        company_name=case.company_name or None,
        zone=case.zone or None,
        reply_confirms=case.reply_confirms or None,
        snooze=case.snooze.total_seconds() or None,
        replies=case.replies or None,
        listed=[list(each) for each in case.listed] or None,
    )


def case_of(item: CaseItem) -> Case:
    """The case in an item. Raises ValueError or TypeError where it makes no sense."""
    item.whole()
    return Case(
        id=item.id,
        company=item.company,
        document=item.document,
        kind=item.kind,
        round=int(item.round),
        state=CaseState(item.state),
        opened_at=from_text(item.opened_at),
        expires_at=from_text(item.expires_at_text),
        rule=item.rule,
        flow_version=int(item.flow_version),
        head=ChainHead(int(item.head_seq), item.head_digest),
        ended_at=instant_of(item.ended_at),
        end_reason=item.end_reason or "",
        write_id=item.write_id,
        plan=tuple(planned_of(form) for form in item.plan or ()),
        position=int(item.position or 0),
        agenda=tuple(Timer(step, no, from_text(at)) for step, no, at in item.agenda or ()),
        look_at=instant_of(item.look_text),
        repeats=tuple((int(step), int(last)) for step, last in item.repeats or ()),
        asked_at=instant_of(item.asked_at),
        company_name=item.company_name or "",
        zone=item.zone or "",
        reply_confirms=bool(item.reply_confirms),
        snooze=timedelta(seconds=float(item.snooze or 0)),
        replies=bool(item.replies),
        listed=tuple(Listed(*each) for each in item.listed or ()),
    )


def alert_item(alert: Alert, write_id: str) -> AlertItem:
    """The item of an alert."""
    return AlertItem(
        case_keys(alert.case_id)[0],
        f"{ALERT_KEYS}{alert.id}",
        id=alert.id,
        case_id=alert.case_id,
        company=alert.company,
        step=alert.step,
        occurrence=alert.occurrence,
        recipient=alert.recipient,
        channel=alert.channel,
        created_at=to_text(alert.created_at),
        dispatch=alert.dispatch or None,
        stop_reason=alert.stop_reason.value if alert.stop_reason else None,
        version=alert.version,
        write_id=write_id,
        passed_on=alert.passed_on or None,
    )


def alert_of(item: AlertItem) -> Alert:
    """The alert in an item."""
    return Alert(
        id=item.id,
        case_id=item.case_id,
        company=item.company,
        step=int(item.step),
        occurrence=int(item.occurrence),
        recipient=item.recipient,
        channel=item.channel,
        created_at=from_text(item.created_at),
        dispatch=item.dispatch or "",
        stop_reason=StopReason(item.stop_reason) if item.stop_reason else None,
        version=int(item.version),
        write_id=item.write_id,
        passed_on=bool(item.passed_on),
    )
