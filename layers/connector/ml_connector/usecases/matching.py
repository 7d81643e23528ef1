"""Finding a dispatch in the provider's lists: texts by their reference, calls by what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ml_connector.domain.delivery import ProviderCall, ProviderMessage, Sending
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.instants import seconds
from ml_connector.domain.messages import reference_in

from .ports import AlertStore, Telemetry
from .steps import DispatchPorts


def listed(dispatch: Dispatch, ports: DispatchPorts) -> list[Sending]:
    """What the provider lists that can only be this dispatch.

    Sent to its number after its claim, less the look-back for clocks that differ, and carrying its
    reference or its id. Raises the DeliveryError family when the list cannot be had: that is no
    empty list.
    """
    if not dispatch.claimed_at:
        return []
    since = dispatch.claimed_at - seconds(ports.timings.list_lookback)
    if dispatch.voice:
        return list(_calls_of(dispatch, ports.caller.list_to(dispatch.to, since), ports))
    return list(carrying(dispatch, ports.messenger.list_to(dispatch.to, since)))


def _calls_of(
    dispatch: Dispatch, calls: Iterable[ProviderCall], ports: DispatchPorts
) -> Iterator[ProviderCall]:
    """Those of the calls that carry the dispatch's id.

    A call that only announces carries nothing. Only one of ours can go on to a number at a time,
    so what was started while the claim was alive, and is nobody's, can only be its own.
    """
    claimed_at = dispatch.claimed_at or dispatch.created_at
    for call in calls:
        if call.dispatch_id == dispatch.id:
            yield call
            continue
        bare = not call.dispatch_id and not ports.caller.confirms
        if bare and call.created_at <= ports.claim_deadline(claimed_at):
            yield call


def carrying(dispatch: Dispatch, messages: Iterable[ProviderMessage]) -> Iterator[ProviderMessage]:
    """Those of the messages that carry the dispatch's number and reference."""
    for message in messages:
        if message.to == dispatch.to and reference_in(message.body) == dispatch.reference:
            yield message


def nobodys(messages: Iterable[Sending], store: AlertStore) -> list[Sending]:
    """Those of the messages and calls whose id is recorded for no dispatch."""
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
