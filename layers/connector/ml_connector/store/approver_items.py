"""People to items and back."""

from __future__ import annotations

from datetime import date

from ml_connector.domain.approvers import EVERY_CHANNEL, Approver
from ml_connector.domain.audit import ChainHead

from .attributes import day_of, instant_of, text_of, text_of_day
from .models import ApproverItem


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
        away_from=text_of_day(approver.away_from),
        away_until=text_of_day(approver.away_until),
        verified_at=text_of(approver.verified_at),
        line_type=approver.line_type or None,
        consent_on=text_of_day(approver.consent_on),
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
    item.whole()
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
        away_from=day_of(item.away_from),
        away_until=day_of(item.away_until),
        verified_at=instant_of(item.verified_at),
        line_type=item.line_type or "",
        consent_on=day_of(item.consent_on),
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
