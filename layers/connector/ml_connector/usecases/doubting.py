"""Looking before the first try of something that may have been sent before tables were restored.

As a rule the audit knows every claim. Where it was restored to an earlier time as well, nobody
wrote down what was sent since: only the provider's lists know. Ids come out the same on every run,
and with them the references in the texts, so what was sent then is found by them now. A text of
several alerts bears the reference of its first one alone; of which others it told, it says itself.
"""

from __future__ import annotations

from datetime import datetime

from ml_connector.domain import dispatches as d
from ml_connector.domain.delivery import ProviderCall, ProviderMessage, Sending
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.ids import dispatch_id
from ml_connector.domain.instants import seconds
from ml_connector.domain.messages import reference_in
from ml_connector.errors import DeliveryError

from .adopting import adopt
from .dispatch_files import DispatchFile, Step
from .last_look import LastLook
from .matching import carries_nothing, nobodys
from .steps import DispatchPorts, defer, take
from .told_before import MOST_TRIES, TextsBefore, leave_out


def look_first(
    file: DispatchFile, since: datetime, ports: DispatchPorts, until: datetime
) -> LastLook:
    """Look for any try of the same alerts that was sent since then and nobody wrote down.

    Found: the dispatch takes it as its own and is not sent. Where another text told of some of its
    alerts, they are left out of it. A list that cannot be had is no empty list: sending is put off.
    """
    dispatch = file.dispatch
    person = ports.approvers.approver(dispatch.recipient)
    if person is None or not person.phone:
        return LastLook.NOT_FOUND
    earliest = since - seconds(ports.timings.list_lookback)
    told: dict[str, str] = {}
    own: list[Sending]
    try:
        if dispatch.voice:
            own = list(_calls(dispatch, person.phone, earliest, ports))
        else:
            texts = TextsBefore(file, _texts(person.phone, earliest, ports), ports)
            own = list(texts.own)
            told = {} if own else texts.told
    except DeliveryError as error:
        end = ports.clock.now() + seconds(ports.timings.give_back_wait)
        defer(dispatch.id, end, f"list not available: {error.safe_message}", ports, until)
        return LastLook.PUT_OFF
    if own:
        _take_over(dispatch, own[0], person.phone, since, ports, until)
        return LastLook.FOUND
    if told:
        leave_out(dispatch.id, told, ports, until)
        return LastLook.PUT_OFF
    return LastLook.NOT_FOUND


def _take_over(
    dispatch: Dispatch,
    found: Sending,
    to: str,
    since: datetime,
    ports: DispatchPorts,
    until: datetime,
) -> None:
    def doubted(file: DispatchFile, now: datetime) -> Step | None:
        if file.dispatch.state is not DispatchState.WAITING:
            return None
        after = d.doubt(file.dispatch, to=to, since=since, look_at=now, reason=d.UNRECORDED)
        return Step(after, "dispatch.unknown", {"reason": d.UNRECORDED})

    if take(dispatch.id, doubted, ports, until):
        ports.telemetry.warning("unrecorded_found", dispatch=dispatch.id, sid=found.sid)
        adopt(dispatch.id, found, "dispatch.adopted", ports, until)


def _texts(to: str, earliest: datetime, ports: DispatchPorts) -> list[ProviderMessage]:
    """Texts of ours to the number, newest first, that are recorded for nothing."""
    listed = [
        text
        for text in ports.messenger.list_to(to, earliest, whole=False)
        if text.to == to and reference_in(text.body)
    ]
    known = ports.alerts.known_sids([text.sid for text in listed])
    return [text for text in listed if text.sid not in known]


def _calls(
    dispatch: Dispatch, to: str, earliest: datetime, ports: DispatchPorts
) -> list[ProviderCall]:
    """Calls that carry the id of a try, this very one's first, recorded for nothing.

    One that only announces carries none: any of them counts.
    """
    wanted = {
        dispatch_id(member.alert_id, place)
        for member in dispatch.members
        for place in range(1, MOST_TRIES + 1)
    }
    found = [
        call
        for call in ports.caller.list_to(to, earliest, whole=False)
        if call.dispatch_id in wanted or (carries_nothing(call) and call.to == to)
    ]
    own = sorted(found, key=lambda call: call.dispatch_id != dispatch.id)
    return nobodys(own, ports.alerts)
