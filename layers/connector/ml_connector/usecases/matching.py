"""Finding a dispatch in the provider's lists: texts by their reference, calls by what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ml_connector.domain.delivery import ProviderCall, ProviderMessage, Sending
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.instants import seconds
from ml_connector.domain.messages import reference_in

from .correlating import ids_of
from .ports import AlertStore, Telemetry
from .steps import DispatchPorts

#: How far two clocks may be apart, seconds. What carries our reference or id is ours however old
#: it seems to be; to look back further would only make lists longer.
CLOCK_ERROR = 900.0
#: From here on it is said, seconds.
CLOCK_DOUBT = 60.0


def listed(dispatch: Dispatch, ports: DispatchPorts) -> list[Sending]:
    """What the provider lists that can only be this dispatch.

    Sent to its number after its claim, as far as clocks can be trusted, and carrying its reference
    or its id. Raises the DeliveryError family when the list cannot be had: that is no empty list.
    """
    if not dispatch.claimed_at:
        return []
    since = dispatch.claimed_at - seconds(max(CLOCK_ERROR, ports.timings.list_lookback))
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
        earliest = claimed_at - seconds(ports.timings.list_lookback)
        if bare and earliest <= call.created_at <= ports.claim_deadline(claimed_at):
            yield call


def say_clock(dispatch: Dispatch, message: Sending, telemetry: Telemetry) -> None:
    """Say so where our claim, and the provider's time for what followed at once, differ."""
    if dispatch.claimed_at is None:
        return
    ahead = (dispatch.claimed_at - message.created_at).total_seconds()
    if abs(ahead) > CLOCK_DOUBT:
        telemetry.error(
            "clock_wrong",
            dispatch=dispatch.id,
            seconds=round(ahead),
            fix="this function's clock and the provider's differ: look at both; nothing is sent"
            " twice while they differ by less than 15 minutes",
        )


def carrying(dispatch: Dispatch, messages: Iterable[ProviderMessage]) -> Iterator[ProviderMessage]:
    """Those of the messages that carry the dispatch's number and reference."""
    for message in messages:
        if message.to == dispatch.to and reference_in(message.body) == dispatch.reference:
            yield message


def nobodys(messages: Iterable[Sending], store: AlertStore) -> list[Sending]:
    """Those of the messages and calls whose id is recorded for no dispatch."""
    return [message for message in messages if store.sid_owner(message.sid) is None]


def report_duplicate(
    dispatch: Dispatch, sid: str, telemetry: Telemetry, *, other: str | None = None
) -> None:
    """Two messages for one alert: the one thing that must never happen, so say it loudly.

    `sid` was found; `other` is that of the dispatch made in the meantime, where there is one.
    """
    telemetry.error(
        "duplicate_found",
        **ids_of(dispatch),
        sid=sid,
        recorded_sid=dispatch.sid if other is None else other,
        fix="see the runbook on duplicates: was the grace period too short?",
    )
    telemetry.count("DuplicatesFound")
