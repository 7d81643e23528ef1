"""How far the polls of a company came, to an item and back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ml_connector.domain.instants import from_text, to_text

from .attributes import instant_of, text_of
from .models import CompanyItem

if TYPE_CHECKING:
    from ml_connector.domain.documents import CompanyState


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
