"""Callers for what was placed before the sender was changed in the secret.

A call is found where it was placed: among the runs of that flow, or among the calls from that
number. Where the secret names another one by now, that place is still the only one to look in.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ml_connector.domain.phone import is_e164

from .credentials import is_flow

if TYPE_CHECKING:
    from collections.abc import Callable

    from .announce import AnnouncingCaller
    from .client import TwilioConnection
    from .credentials import Sender
    from .studio import StudioCaller


def caller_with(
    name: str,
    connection: TwilioConnection,
    sender: Sender,
    time_left: Callable[[], float] | None = None,
) -> StudioCaller | AnnouncingCaller | None:
    """The caller whose calls are placed with `name`, a flow or a number; None for any other word.

    In all else it is as `sender` says.
    """
    if is_flow(name):
        from .studio import StudioCaller  # noqa: PLC0415 - only the one that is asked for

        return StudioCaller(connection, replace(sender, voice_flow=name), time_left=time_left)
    if is_e164(name):
        from .announce import AnnouncingCaller  # noqa: PLC0415 - as above

        number = replace(sender, voice_from=name, voice_flow="")
        return AnnouncingCaller(connection, number, time_left=time_left)
    return None
