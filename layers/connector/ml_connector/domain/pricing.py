"""What a text or a call cost: known to the provider some minutes or hours after its end.

A dispatch that is settled at the provider is looked at three times more, each time longer after it
was sent, until its price is known; then it rests. Looks are put off a little so that many fall
together: one list shows them all.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from .delivery import ProviderCall, Sending
from .dispatches import Dispatch, DispatchState
from .frozen import frozen

#: When a price is looked for, in times of the first wait, counted from when it was sent.
LOOKS = (1, 6, 24)

#: Looks within such a part of the first wait are made together.
_TOGETHER = 4

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@frozen
class Cost:
    """What the provider says of the cost so far. `price` is negative or zero, None until billed.

    `segments` is 0 where none are known (or for a call), `duration` is in seconds, None for a text.
    """

    price: Decimal | None = None
    price_unit: str = ""
    segments: int = 0
    duration: int | None = None


def cost_of(shown: Sending) -> Cost:
    """The cost of what the provider shows."""
    if isinstance(shown, ProviderCall):
        return Cost(shown.price, shown.price_unit, duration=shown.duration)
    return Cost(shown.price, shown.price_unit, shown.segments)


def with_cost(dispatch: Dispatch, cost: Cost) -> Dispatch:
    """The dispatch with what is newly known of its cost; what was known is never forgotten."""
    priced = cost.price is not None
    return replace(
        dispatch,
        price=cost.price if priced else dispatch.price,
        price_unit=cost.price_unit if priced else dispatch.price_unit,
        segments=cost.segments or dispatch.segments,
        duration=dispatch.duration if cost.duration is None else cost.duration,
    )


def await_price(dispatch: Dispatch, *, now: datetime, first: timedelta) -> Dispatch:
    """A settled dispatch with its next look for a price; none where it is known or given up.

    `first` is how long after sending the first look is. For what is not over, or never was with
    the provider, nothing changes.
    """
    if not _over_at_provider(dispatch):
        return dispatch
    return replace(dispatch, look_at=_next_look(dispatch, now, first))


def awaits_price(dispatch: Dispatch) -> bool:
    """Whether a look at this dispatch is one for its price, and for nothing else."""
    return _over_at_provider(dispatch) and dispatch.price is None


def _over_at_provider(dispatch: Dispatch) -> bool:
    if not dispatch.sid or not dispatch.state.settled:
        return False
    # A receipt may still come for a text without one; a call that was only announced is over.
    waits = dispatch.state is DispatchState.UNCONFIRMED and not dispatch.voice
    return not waits and dispatch.state is not DispatchState.NOT_SENT


def _next_look(dispatch: Dispatch, now: datetime, first: timedelta) -> datetime | None:
    if dispatch.price is not None:
        return None
    sent_at = dispatch.sent_at or dispatch.created_at
    looks = (_together(sent_at + times * first, first / _TOGETHER) for times in LOOKS)
    return next((look for look in looks if look > now), None)


def _together(at: datetime, grain: timedelta) -> datetime:
    """The next full `grain` at or after `at`."""
    return _EPOCH - ((_EPOCH - at) // grain) * grain
