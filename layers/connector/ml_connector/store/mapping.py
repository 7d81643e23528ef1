"""Domain objects to items and back."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from ml_connector.domain.approvers import EVERY_CHANNEL, Approver
from ml_connector.domain.audit import AuditEntry, ChainHead, canonical
from ml_connector.domain.cases import Alert, Case, CaseState, Listed, StopReason
from ml_connector.domain.delivery import CallStatus, MessageStatus
from ml_connector.domain.dispatches import Dispatch, DispatchState, Member
from ml_connector.domain.instants import from_text, to_millis, to_text
from ml_connector.domain.plans import VOICE, Timer

from .models import (
    ALERT_KEYS,
    BLANK_SHARD,
    CASE_KEY,
    CASE_SHARD,
    DUE_SHARD,
    AlertItem,
    ApproverItem,
    AuditItem,
    CaseItem,
    CompanyItem,
    DispatchItem,
)
from .plan_items import planned_form, planned_of

if TYPE_CHECKING:
    from ml_connector.domain.documents import CompanyState


def instant_of(text: str | None) -> datetime | None:
    """The instant an optional attribute holds."""
    return from_text(text) if text else None


def text_of(instant: datetime | None) -> str | None:
    """An optional instant as an attribute; None removes it."""
    return to_text(instant) if instant else None


# ------------------------------------------------------------------------------ dispatches
def dispatch_keys(dispatch_id: str) -> tuple[str, str]:
    """Where a dispatch lives."""
    return f"dispatch#{dispatch_id}", "dispatch"


def dispatch_item(dispatch: Dispatch, write_id: str) -> DispatchItem:
    """The item of a dispatch; in the sparse index by its next look, or else its blanking."""
    pk, sk = dispatch_keys(dispatch.id)
    next_time = dispatch.look_at or dispatch.blank_at
    return DispatchItem(
        pk,
        sk,
        due_shard=_shard_of(dispatch),
        look_at=to_millis(next_time) if next_time else None,
        look_text=text_of(dispatch.look_at),
        id=dispatch.id,
        company=dispatch.company,
        channel=dispatch.channel,
        recipient=dispatch.recipient,
        members=[[member.case_id, member.alert_id] for member in dispatch.members],
        text=dispatch.text,
        reference=dispatch.reference,
        validity_seconds=dispatch.validity_seconds,
        created_at=to_text(dispatch.created_at),
        due_at=to_text(dispatch.due_at),
        state=dispatch.state.value,
        sequence=dispatch.sequence,
        attempt=dispatch.attempt,
        replaces=dispatch.replaces or None,
        rings=dispatch.rings,
        returns=dispatch.returns,
        to=dispatch.to or None,
        claim_token=dispatch.claim_token or None,
        claimed_at=text_of(dispatch.claimed_at),
        sid=dispatch.sid or None,
        sent_at=text_of(dispatch.sent_at),
        provider_status=dispatch.provider_status.value if dispatch.provider_status else None,
        error_code=dispatch.error_code,
        empty_lists=dispatch.empty_lists,
        last_empty_at=text_of(dispatch.last_empty_at),
        reason=dispatch.reason or None,
        version=dispatch.version,
        write_id=write_id,
        confirm=dispatch.confirm or None,
        language=dispatch.language or None,
        call_sid=dispatch.call_sid or None,
        segments=dispatch.segments or None,
        duration=dispatch.duration,
        price=None if dispatch.price is None else str(dispatch.price),
        price_unit=dispatch.price_unit or None,
        blank_at=text_of(dispatch.blank_at),
        blanked_at=text_of(dispatch.blanked_at),
        sender=dispatch.sender or None,
    )


def _shard_of(dispatch: Dispatch) -> str | None:
    if dispatch.look_at:
        return DUE_SHARD
    return BLANK_SHARD if dispatch.blank_at else None


def dispatch_of(item: DispatchItem) -> Dispatch:
    """The dispatch in an item."""
    return Dispatch(
        id=item.id,
        company=item.company,
        channel=item.channel,
        recipient=item.recipient,
        members=tuple(Member(case, alert) for case, alert in item.members),
        text=item.text,
        reference=item.reference,
        validity_seconds=int(item.validity_seconds),
        created_at=from_text(item.created_at),
        due_at=from_text(item.due_at),
        look_at=instant_of(item.look_text),
        state=DispatchState(item.state),
        sequence=int(item.sequence),
        attempt=int(item.attempt),
        replaces=item.replaces or "",
        rings=int(item.rings),
        returns=int(item.returns),
        to=item.to or "",
        claim_token=item.claim_token or "",
        claimed_at=instant_of(item.claimed_at),
        sid=item.sid or "",
        sent_at=instant_of(item.sent_at),
        provider_status=_status_of(item),
        error_code=None if item.error_code is None else int(item.error_code),
        empty_lists=int(item.empty_lists),
        last_empty_at=instant_of(item.last_empty_at),
        reason=item.reason or "",
        version=int(item.version),
        write_id=item.write_id,
        confirm=bool(item.confirm),
        language=item.language or "",
        call_sid=item.call_sid or "",
        segments=int(item.segments or 0),
        duration=None if item.duration is None else int(item.duration),
        price=Decimal(item.price) if item.price else None,
        price_unit=item.price_unit or "",
        blank_at=instant_of(item.blank_at),
        blanked_at=instant_of(item.blanked_at),
        sender=item.sender or "",
    )


def _status_of(item: DispatchItem) -> MessageStatus | CallStatus | None:
    if not item.provider_status:
        return None
    words = CallStatus if item.channel == VOICE else MessageStatus
    return words(item.provider_status)


# ------------------------------------------------------------------------- cases and alerts
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
    """The case in an item."""
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


# ------------------------------------------------------------------------------- companies
def company_key(company: str) -> str:
    """The partition of a company's documents and state."""
    return f"company#{company}"


def company_item(state: CompanyState) -> CompanyItem:
    """The item of a company's polling state."""
    return CompanyItem(
        company_key(state.company),
        "state",
        company=state.company,
        fence=state.fence,
        lease_until=text_of(state.lease_until),
        watermark=text_of(state.watermark),
        baseline_done=state.baseline_done,
        poll_started_at=text_of(state.poll_started_at),
        poll_succeeded_at=text_of(state.poll_succeeded_at),
        last_error=state.last_error or None,
        payments_watermark=text_of(state.payments_watermark),
        payments_baseline_done=state.payments_baseline_done,
        payments_swept_at=text_of(state.payments_swept_at),
        lines_failing_since=text_of(state.lines_failing_since),
        reconciled_at=text_of(state.reconciled_at),
        reconciled_upto=state.reconciled_upto or None,
        lists=dict(state.lists) or None,
        utc_offset=None if state.utc_offset is None else state.utc_offset // timedelta(minutes=1),
        gaps=[[to_text(begin), to_text(end)] for begin, end in state.gaps] or None,
    )


def company_of(item: CompanyItem) -> CompanyState:
    """The polling state in an item."""
    from ml_connector.domain.documents import CompanyState  # noqa: PLC0415 - not for sending

    return CompanyState(
        company=item.company,
        fence=int(item.fence),
        lease_until=instant_of(item.lease_until),
        watermark=instant_of(item.watermark),
        baseline_done=bool(item.baseline_done),
        poll_started_at=instant_of(item.poll_started_at),
        poll_succeeded_at=instant_of(item.poll_succeeded_at),
        last_error=item.last_error or "",
        payments_watermark=instant_of(item.payments_watermark),
        payments_baseline_done=bool(item.payments_baseline_done),
        payments_swept_at=instant_of(item.payments_swept_at),
        lines_failing_since=instant_of(item.lines_failing_since),
        reconciled_at=instant_of(item.reconciled_at),
        reconciled_upto=item.reconciled_upto or "",
        lists=tuple(sorted((item.lists or {}).items())),
        utc_offset=None if item.utc_offset is None else timedelta(minutes=int(item.utc_offset)),
        gaps=tuple((from_text(begin), from_text(end)) for begin, end in item.gaps or ()),
    )


# --------------------------------------------------------------------- audit and approvers
def audit_item(entry: AuditEntry) -> AuditItem:
    """The item of an audit entry."""
    return AuditItem(
        entry.chain,
        entry.seq,
        at=to_text(entry.at),
        kind=entry.kind,
        data=canonical(entry.data),
        before=entry.before,
        digest=entry.digest,
    )


def audit_of(item: AuditItem) -> AuditEntry:
    """The audit entry in an item."""
    return AuditEntry(
        chain=item.chain,
        seq=int(item.seq),
        at=from_text(item.at),
        kind=item.kind,
        data=json.loads(item.data),
        before=item.before,
        digest=item.digest,
    )


def approver_item(approver: Approver) -> ApproverItem:
    """The item of a person."""
    return ApproverItem(
        approver.id,
        name=approver.name,
        phone=approver.phone or None,
        salt=approver.salt,
        active=approver.active,
        opted_out=approver.opted_out,
        user=approver.user or None,
        cost_centres=list(approver.cost_centres) or None,
        channels=list(approver.channels),
        language=approver.language,
        zone=approver.zone or None,
        manager=approver.manager or None,
        substitute=approver.substitute or None,
        away_from=_text_of_day(approver.away_from),
        away_until=_text_of_day(approver.away_until),
        verified_at=text_of(approver.verified_at),
        line_type=approver.line_type or None,
        consent_on=_text_of_day(approver.consent_on),
        consent_source=approver.consent_source or None,
        calls_when_opted_out=approver.calls_when_opted_out,
        opted_out_by=approver.opted_out_by or None,
        welcomed_for=approver.welcomed_for or None,
        forgotten_at=text_of(approver.forgotten_at),
        quiet_hours=approver.quiet_hours or None,
        working_days=list(approver.working_days) or None,
        holidays=[day.isoformat() for day in approver.holidays] or None,
        holidays_as=approver.holidays_as or None,
        head_seq=approver.head.seq,
        head_digest=approver.head.digest,
        version=approver.version,
        write_id=approver.write_id or None,
    )


def approver_of(item: ApproverItem) -> Approver:
    """The person in an item. Raises ValueError or TypeError for a row that makes no sense."""
    if item.unread or not isinstance(item.name, str):
        raise ValueError(f"{item.unread or 'name'} is not what it has to be")
    person = Approver(
        id=item.pk,
        name=item.name,
        phone=item.phone or "",
        salt=item.salt,
        active=bool(item.active),
        opted_out=bool(item.opted_out),
        user=item.user or "",
        cost_centres=tuple(item.cost_centres or ()),
        # A row of before had no such attribute, and was for every channel.
        channels=EVERY_CHANNEL if item.channels is None else tuple(item.channels),
        language=item.language or "en",
        zone=item.zone or "",
        manager=item.manager or "",
        substitute=item.substitute or "",
        away_from=_day_of(item.away_from),
        away_until=_day_of(item.away_until),
        verified_at=instant_of(item.verified_at),
        line_type=item.line_type or "",
        consent_on=_day_of(item.consent_on),
        consent_source=item.consent_source or "",
        calls_when_opted_out=bool(item.calls_when_opted_out),
        opted_out_by=item.opted_out_by or "",
        welcomed_for=item.welcomed_for or "",
        forgotten_at=instant_of(item.forgotten_at),
        quiet_hours=item.quiet_hours or "",
        working_days=tuple(item.working_days or ()),
        holidays=tuple(date.fromisoformat(day) for day in item.holidays or ()),
        holidays_as=item.holidays_as or "",
        head=ChainHead(int(item.head_seq), item.head_digest) if item.head_seq else ChainHead(),
        version=int(item.version or 1),
        write_id=item.write_id or "",
    )
    person.hours  # noqa: B018 - raises for hours in no form there is
    return person


def _day_of(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _text_of_day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def epoch(instant: datetime) -> int:
    """Seconds since 1970, for TTL attributes."""
    return int(instant.astimezone(UTC).timestamp())
