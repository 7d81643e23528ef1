"""What follows when a message or a call did not reach anybody: another try, or the end of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ml_connector.domain import dispatches as d
from ml_connector.domain.audit import Json
from ml_connector.domain.backoff import retry_delay
from ml_connector.domain.cases import StopReason
from ml_connector.domain.delivery import Cure, Verdict
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.ids import dispatch_id
from ml_connector.domain.instants import seconds, to_text
from ml_connector.domain.messages import reference_code, renewed_text
from ml_connector.domain.plans import CHANNELS

from . import refusals
from .bundle_texts import still_told, text_of
from .dispatch_files import DispatchFile, Step, earlier_tries, newer_dispatch, stands
from .ringing import LONGEST_DELAY
from .steps import DispatchPorts


def after_failure(
    file: DispatchFile,
    after: Dispatch,
    verdict: Verdict,
    data: dict[str, Json],
    ports: DispatchPorts,
    now: datetime,
    stands_still: datetime | None = None,
) -> Step:
    """It did not arrive: another try, or the end of this alert.

    What an operator has to act on `stands_still` until then; it counts for nothing.
    """
    step = _next(file, after, verdict, data, ports, now, stands_still)
    if verdict.cure is Cure.BLOCKED:
        return replace(step, counters=refusals.given_back(file, ports))
    return step


def _next(
    file: DispatchFile,
    after: Dispatch,
    verdict: Verdict,
    data: dict[str, Json],
    ports: DispatchPorts,
    now: datetime,
    stands_still: datetime | None,
) -> Step:
    settled = without_follower(file, after, data, ports)
    if settled:
        return settled
    kind = f"dispatch.{after.state.value}"
    if verdict.cure is Cure.PERMANENT or _better_elsewhere(file, after, verdict, ports, now):
        return Step(after, kind, {**data, "next": "stopped"}, stop=StopReason.UNREACHABLE)
    if verdict.cure is Cure.RETRY and after.attempt >= file.tries:
        return Step(after, kind, {**data, "next": "stopped"}, stop=StopReason.EXHAUSTED)
    wait = stands_still - now if stands_still else _wait(after, verdict, ports)
    return with_follower(file, after, wait, data, ports, now, verdict)


def without_follower(
    file: DispatchFile, after: Dispatch, data: dict[str, Json], ports: DispatchPorts
) -> Step | None:
    """The step where nothing has to follow: nobody wants it, or another try is under way."""
    kind = f"dispatch.{after.state.value}"
    if not file.wanted:
        return Step(after, kind, {**data, "next": "nothing: no longer wanted"})
    newer = newer_dispatch(file, ports.alerts)
    if newer:
        return Step(after, kind, {**data, "next": newer.id})
    standing = next((x for x in earlier_tries(after, ports.alerts) if stands(x)), None)
    if standing:
        return Step(after, kind, {**data, "next": standing.id}, live=standing.id)
    return None


def with_follower(
    file: DispatchFile,
    after: Dispatch,
    wait: timedelta,
    data: dict[str, Json],
    ports: DispatchPorts,
    now: datetime,
    verdict: Verdict | None = None,
) -> Step:
    """The step with another try after `wait`; account trouble uses up no attempt."""
    counts = verdict is None or verdict.cure is not Cure.BLOCKED
    follower = follow(file, after, ports, now, wait, counts=counts)
    told: dict[str, Json] = {"next": follower.id, "next_due_at": to_text(follower.due_at)}
    return Step(after, f"dispatch.{after.state.value}", {**data, **told}, successor=follower)


def follow(
    file: DispatchFile,
    before: Dispatch,
    ports: DispatchPorts,
    now: datetime,
    wait: timedelta,
    *,
    counts: bool = False,
    replaces: str = "",
) -> Dispatch:
    """The dispatch that comes after `before`, with an id and a reference of its own.

    What the queue's delay cannot reach is looked at, and rung for, when it is due.
    """
    sequence = _next_sequence(before, ports)
    new_id = dispatch_id(before.members[0].alert_id, sequence)
    reference = reference_code(new_id)
    rung_for = wait.total_seconds() <= LONGEST_DELAY
    return d.successor(
        replace(before, sequence=sequence - 1),
        new_id=new_id,
        reference=reference,
        text=_text(file, before, reference, ports),
        now=now,
        wait=wait,
        look_after=seconds(ports.timings.ring_again if rung_for else 0),
        counts=counts,
        members=file.open_members,
        replaces=replaces,
    )


def _text(file: DispatchFile, before: Dispatch, reference: str, ports: DispatchPorts) -> str:
    """The same again with a reference of its own; without what nobody wants to hear any more."""
    told = tuple(still_told(file))
    if told and len(told) < len(before.members):
        person = ports.approvers.approver(before.recipient)
        return text_of(told, before.channel, person, reference, ports.documents)
    return before.text if before.voice else renewed_text(before.text, before.reference, reference)


def _better_elsewhere(
    file: DispatchFile, after: Dispatch, verdict: Verdict, ports: DispatchPorts, now: datetime
) -> bool:
    """Whether this channel had all the tries its code is worth, and the other one is open."""
    if verdict.cure is Cure.BLOCKED:
        return refusals.better_elsewhere(file, ports, now)
    if verdict.cure is not Cure.RETRY or verdict.retries is None:
        return False
    if after.attempt <= verdict.retries or after.attempt >= file.tries:
        return False
    person = ports.approvers.approver(after.recipient)
    others = (channel for channel in CHANNELS if channel != after.channel)
    return person is not None and any(not person.obstacle_to(channel) for channel in others)


def _wait(after: Dispatch, verdict: Verdict, ports: DispatchPorts) -> timedelta:
    """Later and later."""
    timings = ports.timings
    return retry_delay(
        after.attempt,
        seconds(timings.retry_base),
        seconds(timings.retry_cap),
        ports.share(),
        seconds(verdict.wait_seconds * timings.hint_scale),
    )


def _next_sequence(before: Dispatch, ports: DispatchPorts) -> int:
    """The first free number: a follower that was taken back has used up the next one."""
    sequence = before.sequence + 1
    while ports.alerts.dispatch(dispatch_id(before.members[0].alert_id, sequence)):
        sequence += 1
    return sequence
