"""Filling in what texts and calls cost, once the provider knows: for the cost report."""

from __future__ import annotations

from datetime import datetime

from ml_connector.domain.delivery import Sending
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.instants import seconds
from ml_connector.domain.pricing import await_price, cost_of, with_cost

from .figures import say_price
from .steps import DispatchPorts, write_quietly


def priced(after: Dispatch, shown: Sending, ports: DispatchPorts, now: datetime) -> Dispatch:
    """A dispatch that settles with this, what it cost as far as it is known, and the next look."""
    first = seconds(ports.timings.price_wait)
    return await_price(with_cost(after, cost_of(shown)), now=now, first=first)


def learn_price(
    dispatch: Dispatch, shown: Sending | None, ports: DispatchPorts, until: datetime
) -> bool:
    """Take note of what a settled dispatch cost; true when the price is known now.

    `shown` is None where the provider does not know it (any more). Where the price is not known
    yet it is looked for again later, and not for ever. No auditor asks for prices: nothing is
    written to a chain.
    """
    after = with_cost(dispatch, cost_of(shown)) if shown else dispatch
    first = seconds(ports.timings.price_wait)
    after = await_price(after, now=ports.clock.now(), first=first)
    write_quietly(dispatch, after, ports, until)
    say_price(dispatch.price, after, ports.telemetry)
    return after.price is not None
