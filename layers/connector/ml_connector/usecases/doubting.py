"""Looking before the first try of something that may have been sent before tables were restored.

As a rule the audit knows every claim. Where it was restored to an earlier time as well, nobody
wrote down what was sent since: only the provider's lists know. Ids come out the same on every run,
and with them the references in the texts, so what was sent then is found by them now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from ml_connector.domain import dispatches as d
from ml_connector.domain.delivery import ProviderCall, ProviderMessage, Sending
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.ids import dispatch_id
from ml_connector.domain.instants import seconds
from ml_connector.domain.messages import reference_code, reference_in
from ml_connector.errors import DeliveryError

from .adopting import adopt
from .dispatch_files import DispatchFile, Step
from .last_look import LastLook
from .matching import nobodys
from .steps import DispatchPorts, defer, take

#: So many tries of one alert are looked for; a bundle is the second of its first alert.
MOST_TRIES = 12


def look_first(
    dispatch: Dispatch, since: datetime, ports: DispatchPorts, until: datetime
) -> LastLook:
    """Look for any try of the same alerts that was sent since then and nobody wrote down.

    Found: the dispatch takes it as its own and is not sent. A list that cannot be had is no empty
    list: sending is put off.
    """
    person = ports.approvers.approver(dispatch.recipient)
    if person is None or not person.phone:
        return LastLook.NOT_FOUND
    try:
        found = nobodys(_sent_since(dispatch, person.phone, since, ports), ports.alerts)
    except DeliveryError as error:
        end = ports.clock.now() + seconds(ports.timings.give_back_wait)
        defer(dispatch.id, end, f"list not available: {error.safe_message}", ports, until)
        return LastLook.PUT_OFF
    if not found:
        return LastLook.NOT_FOUND

    def doubted(file: DispatchFile, now: datetime) -> Step | None:
        if file.dispatch.state is not DispatchState.WAITING:
            return None
        after = d.doubt(
            file.dispatch, to=person.phone, since=since, look_at=now, reason=d.UNRECORDED
        )
        return Step(after, "dispatch.unknown", {"reason": d.UNRECORDED})

    if take(dispatch.id, doubted, ports, until):
        ports.telemetry.warning("unrecorded_found", dispatch=dispatch.id, sid=found[0].sid)
        adopt(dispatch.id, found[0], "dispatch.adopted", ports, until)
    return LastLook.FOUND


def _sent_since(
    dispatch: Dispatch, to: str, since: datetime, ports: DispatchPorts
) -> list[Sending]:
    """What the provider lists of these alerts' tries: this very dispatch's first, then the last."""
    names = {
        dispatch_id(member.alert_id, place): place
        for member in dispatch.members
        for place in range(1, MOST_TRIES + 1)
    }
    earliest = since - seconds(ports.timings.list_lookback)
    found: list[Sending]
    if dispatch.voice:
        calls = ports.caller.list_to(to, earliest)
        found = list(_calls(calls, names, to, confirms=ports.caller.confirms))
        return sorted(found, key=lambda call: getattr(call, "dispatch_id", "") != dispatch.id)
    codes = {reference_code(name) for name in names}
    found = list(_texts(ports.messenger.list_to(to, earliest), codes, to))
    own = dispatch.reference
    return sorted(found, key=lambda text: reference_in(getattr(text, "body", "")) != own)


def _texts(
    messages: Iterable[ProviderMessage], codes: set[str], to: str
) -> Iterator[ProviderMessage]:
    for message in messages:
        if message.to == to and reference_in(message.body) in codes:
            yield message


def _calls(
    calls: Iterable[ProviderCall], names: Iterable[str], to: str, *, confirms: bool
) -> Iterator[ProviderCall]:
    """Calls that carry one of the ids. One that only announces carries none: any of them counts."""
    wanted = set(names)
    for call in calls:
        bare = not call.dispatch_id and not confirms and call.to == to
        if call.dispatch_id in wanted or bare:
            yield replace(call)
