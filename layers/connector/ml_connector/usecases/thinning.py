"""A bundle some of whose bills were handled while it waited: another, of those that are left.

The text of a dispatch never changes. So one that names a bill nobody has to hear of any more is
settled as not sent, and in the same transaction another takes its place.
"""

from __future__ import annotations

from datetime import datetime

from ml_connector.domain import dispatches as d
from ml_connector.domain.audit import Json
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.instants import seconds

from .dispatch_files import DispatchFile, Step
from .following import follow
from .steps import DispatchPorts, take


def thinned(file: DispatchFile) -> bool:
    """Whether some of what a bundle says is of no use any more."""
    members = file.dispatch.members
    return len(members) > 1 and len(file.open_members) < len(members)


def thin_out(bundle: str, ports: DispatchPorts, until: datetime) -> Dispatch | None:
    """Put a dispatch of the members still open in the place of a bundle that waits, by its id.

    None where nobody is left, or where it no longer waits. The plans of those left out go on where
    they have something in store. Raises as `take`.
    """

    def thinner(file: DispatchFile, now: datetime) -> Step | None:
        before = file.dispatch
        if before.state is not DispatchState.WAITING or before.due_at > now or not thinned(file):
            return None
        follower = follower_of(file, ports, now)
        reason = f"superseded by {follower.id}" if follower else "nobody wants any of it"
        wanted = {member.alert_id for member in file.open_members}
        unwanted: list[Json] = [one.id for one in file.alerts if one.id not in wanted]
        data: dict[str, Json] = {"next": follower.id if follower else "", "unwanted": unwanted}
        return Step(
            d.settle_not_sent(before, reason=reason),
            "dispatch.superseded" if follower else "dispatch.suppressed",
            {"reason": reason, **data},
            successor=follower,
            needless=file.needless,
        )

    step = take(bundle, thinner, ports, until)
    if step is None:
        return None
    ports.telemetry.event("alert_silenced", dispatch=bundle, reason=step.after.reason)
    return step.successor


def follower_of(file: DispatchFile, ports: DispatchPorts, now: datetime) -> Dispatch | None:
    """A dispatch of the members still open, None where nobody is left.

    At once, in the same number of tries, and looked for as the one before it was to be.
    """
    if not file.wanted:
        return None
    before = file.dispatch
    return follow(file, before, ports, now, seconds(0), replaces=before.replaces)
