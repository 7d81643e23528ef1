"""Dispatches to items of the alerts table and back."""

from __future__ import annotations

from decimal import Decimal

from ml_connector.domain.delivery import CallStatus, MessageStatus
from ml_connector.domain.dispatches import Dispatch, DispatchState, Member
from ml_connector.domain.instants import from_text, to_millis, to_text
from ml_connector.domain.plans import VOICE

from .attributes import instant_of, text_of
from .models import BLANK_SHARD, DUE_SHARD, DispatchItem


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
    """The dispatch in an item. Raises ValueError or TypeError where it makes no sense."""
    item.whole()
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
