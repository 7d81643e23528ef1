"""Finding a dispatch in the provider's lists by its reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ml_connector.domain.delivery import ProviderMessage
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.instants import seconds
from ml_connector.domain.messages import reference_in

from .ports import AlertStore, Messenger, Telemetry


def listed(dispatch: Dispatch, messenger: Messenger, lookback: float) -> list[ProviderMessage]:
    """Messages the provider lists that can only be this dispatch.

    Sent to its number, carrying its reference, created after its claim less `lookback` seconds.
    Raises the DeliveryError family when the list cannot be had: that is no empty list.
    """
    if not dispatch.claimed_at:
        return []
    since = dispatch.claimed_at - seconds(lookback)
    return list(carrying(dispatch, messenger.list_to(dispatch.to, since)))


def carrying(dispatch: Dispatch, messages: Iterable[ProviderMessage]) -> Iterator[ProviderMessage]:
    """Those of the messages that carry the dispatch's number and reference."""
    for message in messages:
        if message.to == dispatch.to and reference_in(message.body) == dispatch.reference:
            yield message


def nobodys(messages: Iterable[ProviderMessage], store: AlertStore) -> list[ProviderMessage]:
    """Those of the messages whose id is recorded for no dispatch."""
    return [message for message in messages if store.sid_owner(message.sid) is None]


def report_duplicate(dispatch: Dispatch, sid: str, telemetry: Telemetry) -> None:
    """Two messages for one dispatch: the one thing that must never happen, so say it loudly."""
    telemetry.error(
        "duplicate_found",
        dispatch=dispatch.id,
        sid=sid,
        recorded_sid=dispatch.sid,
        fix="see the runbook on duplicates: was the grace period too short?",
    )
    telemetry.count("DuplicatesFound")
