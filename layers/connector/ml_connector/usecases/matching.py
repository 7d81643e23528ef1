"""Finding a dispatch in the provider's lists: texts by their reference, calls by what they hold.

A text is looked for among all that its number got, whoever sent it; a call where it was placed. An
operator may have changed both since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from ml_connector.domain.delivery import ProviderCall, ProviderMessage, Sending
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.instants import seconds
from ml_connector.domain.messages import reference_in

from .correlating import ids_of
from .ports import AlertStore, Telemetry
from .steps import DispatchPorts

S = TypeVar("S", bound=Sending)

#: How far two clocks may be apart, seconds. What carries our reference or id is ours however old
#: it seems to be; to look back further would only make lists longer.
CLOCK_ERROR = 900.0
#: From here on it is said, seconds.
CLOCK_DOUBT = 60.0


def listed(dispatch: Dispatch, ports: DispatchPorts) -> list[Sending]:
    """What the provider lists that can only be this dispatch.

    Sent to its number after its claim, as far as clocks can be trusted, and carrying its reference
    or its id. The whole list is read for as long as it may be there and unsent. Raises the
    DeliveryError family when the list cannot be had: that is no empty list.
    """
    return Lists([dispatch], ports, whole=_may_be_unsent(dispatch, ports)).of(dispatch)


class Lists:
    """What the provider lists of some tries: asked for once for each number, when first wanted.

    The `whole` list, or as much of it as is new.
    """

    def __init__(self, tries: Sequence[Dispatch], ports: DispatchPorts, *, whole: bool) -> None:
        self._ports = ports
        self._whole = whole
        claims = [dispatch.claimed_at for dispatch in tries if dispatch.claimed_at]
        self._oldest = min(claims, default=ports.clock.now())
        self._texts: dict[str, list[ProviderMessage]] = {}
        self._calls: dict[tuple[str, str], list[ProviderCall]] = {}

    def of(self, dispatch: Dispatch) -> list[Sending]:
        """What can only be this one of the tries. Raises as `listed` does."""
        if not dispatch.claimed_at:
            return []
        if dispatch.voice:
            return list(_calls_of(dispatch, self._calls_to(dispatch), self._ports))
        return list(carrying(dispatch, self._texts_to(dispatch.to)))

    def _texts_to(self, number: str) -> list[ProviderMessage]:
        if number not in self._texts:
            texts = self._ports.messenger.list_to(number, self._since, whole=self._whole)
            self._texts[number] = list(texts)
        return self._texts[number]

    def _calls_to(self, dispatch: Dispatch) -> list[ProviderCall]:
        place = (dispatch.to, dispatch.sender)
        if place not in self._calls:
            caller = self._ports.caller.with_sender(dispatch.sender)
            self._calls[place] = list(caller.list_to(dispatch.to, self._since, whole=self._whole))
        return self._calls[place]

    @property
    def _since(self) -> datetime:
        return self._oldest - seconds(max(CLOCK_ERROR, self._ports.timings.list_lookback))


def _may_be_unsent(dispatch: Dispatch, ports: DispatchPorts) -> bool:
    """Whether the provider may still hold it, without the date by which lists are sorted.

    A text that is past its validity has left the provider or failed there. Calls have no such end.
    """
    if dispatch.voice or dispatch.claimed_at is None:
        return True
    end = ports.claim_deadline(dispatch.claimed_at) + seconds(dispatch.validity_seconds)
    return ports.clock.now() < end + seconds(max(CLOCK_ERROR, ports.timings.grace))


def _calls_of(
    dispatch: Dispatch, calls: Iterable[ProviderCall], ports: DispatchPorts
) -> Iterator[ProviderCall]:
    """Those of the calls that carry the dispatch's id.

    A call that only announces carries nothing. No other is claimed for its number before it is
    known what became of this one (`lines.py`), so what was started while the claim was alive, and
    is nobody's, can only be its own.
    """
    claimed_at = dispatch.claimed_at or dispatch.created_at
    earliest = claimed_at - seconds(ports.timings.list_lookback)
    latest = ports.claim_deadline(claimed_at)
    for call in calls:
        bare = carries_nothing(call) and earliest <= call.created_at <= latest
        if bare or call.dispatch_id == dispatch.id:
            yield call


def carries_nothing(call: ProviderCall) -> bool:
    """Whether it is a plain call, known by its leg on the telephone network: it only announces."""
    return not call.dispatch_id and call.sid == call.call_sid


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


def nobodys(messages: Iterable[S], store: AlertStore) -> list[S]:
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
