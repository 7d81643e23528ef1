"""What the provider says about something that was sent, whatever it was."""

from __future__ import annotations

from datetime import datetime

from ml_connector.domain.delivery import ProviderCall, Sending
from ml_connector.domain.dispatches import Dispatch

from .call_outcomes import learn_call
from .outcomes import learn_text
from .steps import DispatchPorts


def learn(dispatch: Dispatch, shown: Sending | None, ports: DispatchPorts, until: datetime) -> bool:
    """Take note of what the provider says; true when that settled the dispatch.

    `shown` is None where the provider does not know it, or knows it no longer.
    """
    if isinstance(shown, ProviderCall) or (shown is None and dispatch.voice):
        return learn_call(dispatch, shown, ports, until)
    return learn_text(dispatch, shown, ports, until)
