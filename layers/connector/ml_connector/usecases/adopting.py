"""Taking one of the provider's messages as a dispatch's own: just accepted, or found in a list."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ml_connector.domain import dispatches as d
from ml_connector.domain.audit import Json
from ml_connector.domain.cases import Alert, Case
from ml_connector.domain.delivery import Sending
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.instants import seconds
from ml_connector.domain.plans import started
from ml_connector.domain.replies import REFERENCE_LIFE
from ml_connector.domain.unit_of_work import ReferenceRecord, SidRecord

from .blanking import blank_at
from .dispatch_files import DispatchFile, Step, earlier_tries, newer_dispatch
from .figures import ALERTED, say_dispatch_took
from .matching import report_duplicate, say_clock
from .ports import AlertStore
from .steps import DispatchPorts, take

#: What a dispatch may be while its message has no owner yet.
_OPEN_FATE = frozenset({DispatchState.SENDING, DispatchState.UNKNOWN, DispatchState.NOT_SENT})


def adopt(
    dispatch_id: str,
    message: Sending,
    kind: str,
    ports: DispatchPorts,
    until: datetime,
    *,
    first: DispatchFile | None = None,
    stubborn: bool = False,
) -> Step | None:
    """Record that the provider has this dispatch as `message`; None when there was nothing to do.

    A dispatch judged not sent may have a follower by now. One that still waits is taken back with
    the same transaction; one that may have reached a phone is one too many, which is audited and
    said loudly. Raises as `take` does; `first` and `stubborn` as there.
    """
    twice, other = False, ""

    def adopted(file: DispatchFile, now: datetime) -> Step | None:
        nonlocal twice, other
        dispatch = file.dispatch
        if dispatch.sid and dispatch.sid != message.sid:
            report_duplicate(dispatch, message.sid, ports.telemetry)
        if dispatch.sid or dispatch.state not in _OPEN_FATE:
            return None
        after = d.record_sent(
            dispatch,
            sid=message.sid,
            status=message.status,
            now=now,
            look_at=now + seconds(ports.timings.status_interval),
        )
        after = replace(after, blank_at=blank_at(after, now, ports.timings))
        data: dict[str, Json] = {"sid": message.sid, "status": message.status.value}

        def begun(case: Case, alert: Alert) -> Case:
            return started(case, alert.step, alert.occurrence, now)

        sids = (SidRecord(message.sid, after.id),)
        references = _reference(after, now)
        newer = newer_dispatch(file, ports.alerts)
        if newer is None:
            return Step(after, kind, data, sids=sids, references=references, plan=begun)
        twice, other = _may_have_been_sent_too(newer, dispatch, ports.alerts), newer.sid
        data |= {"after_grace": True, "newer": newer.id, "twice": twice}
        if newer.state is not DispatchState.WAITING:
            return Step(after, kind, data, sids=sids, references=references, plan=begun)
        taken_back = d.settle_not_sent(newer, reason=FOUND_EARLIER)
        return Step(
            after,
            kind,
            data,
            sids=sids,
            references=references,
            other=taken_back,
            live=after.id,
            plan=begun,
        )

    step = take(dispatch_id, adopted, ports, until, first=first, stubborn=stubborn)
    if step and step.after.attempt == 1:
        say_dispatch_took(ALERTED, step.written, ports.clock.now(), ports.telemetry)
    if step:
        say_clock(step.after, message, ports.telemetry)
    if step and twice:
        report_duplicate(step.after, message.sid, ports.telemetry, other=other)
    return step


def _reference(sent: Dispatch, now: datetime) -> tuple[ReferenceRecord, ...]:
    """By what a reply to this text is told from replies to others.

    Nobody texts back to a call: its record, under another name, only says when it was.
    """
    at = sent.claimed_at or sent.created_at
    return (ReferenceRecord(sent.addressee, sent.reference, sent.id, at, now + REFERENCE_LIFE),)


#: Why a dispatch that waited is not sent after all.
FOUND_EARLIER = "an earlier try was found"


def _may_have_been_sent_too(newer: Dispatch, dispatch: Dispatch, store: AlertStore) -> bool:
    """Whether something was, or may have been, sent after `dispatch`.

    Not if the newest still waits, or was taken back, and everything between the two was itself
    judged not sent.
    """
    if newer.state not in (DispatchState.WAITING, DispatchState.NOT_SENT):
        return True
    return all(earlier.id != dispatch.id for earlier in earlier_tries(newer, store))
