"""One text instead of many: holding what would follow a text too soon, and joining what was held.

The first text to a person goes out at once. What comes within the window after it waits until the
window is over; the send function decides that when it would claim. Before the status check rings
for what is due, it makes one dispatch of all that was deferred for the same person and channel,
whatever it was deferred for. The old dispatches are settled as not sent in the same transaction, so
wherever a function dies, each alert is in exactly one dispatch that may be sent.

Nothing waits for others longer than one window. Only what certainly never left us and follows no
earlier try is joined: none of it can turn up late.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from ml_connector.domain import dispatches as d
from ml_connector.domain.audit import Json, entry_after
from ml_connector.domain.bundles import HELD, MOST_MEMBERS
from ml_connector.domain.cases import DAILY_LIST
from ml_connector.domain.dispatches import Dispatch, DispatchState, Member
from ml_connector.domain.frozen import frozen
from ml_connector.domain.ids import dispatch_id
from ml_connector.domain.instants import seconds
from ml_connector.domain.messages import reference_code
from ml_connector.domain.plans import step_of
from ml_connector.domain.unit_of_work import CaseWrite, Change, Counter, ReferenceRecord
from ml_connector.domain.wording import spoken_language
from ml_connector.settings import SWEEP_LIMIT

from .bundle_texts import may_join, still_told, text_of
from .correlating import ids_of
from .deciding import decide_and_write
from .dispatch_files import DispatchFile
from .ringing import ring_new
from .steps import DispatchPorts

#: With a window shorter than this, seconds, nothing is held.
LEAST_WINDOW = 1.0

#: What marks the counters of a person's turn among those of the throttles.
_TURN = "turn"
#: A counter that only counts.
_NO_LIMIT = 1_000_000_000
#: A bundle is what comes second for its first alert.
_SECOND = 2
#: The newest texts to a person that are looked at.
_NEWEST = 5


# ------------------------------------------------------------------------- before the claim
@frozen
class Turn:
    """Whether a dispatch may go out now as far as others to the same person are concerned.

    `wait` is until when it is held, and why; where it is not, its claim counts on `counters`.
    """

    wait: tuple[datetime, str] | None = None
    counters: tuple[Counter, ...] = ()


def turn(file: DispatchFile, ports: DispatchPorts, now: datetime) -> Turn:
    """Hold what would follow a text too soon; keep two functions from both sending a first one.

    A text about the very same case holds nothing: when its next step comes is for its rule to say.
    What is held counts in the window in which it will go out, so that no first text goes out at
    that moment beside it. Raises StoreUnavailable.
    """
    if ports.timings.bundle_window < LEAST_WINDOW:
        return Turn()
    dispatch = file.dispatch
    if not _waits_for_others(file):
        return Turn(counters=_counters(dispatch, ports, now, _NO_LIMIT))
    sent = _sent_lately(dispatch, ports, now)
    ends = [_window_after(one, ports, now) for one in _about_others(sent, file, ports)]
    if any(case.kind.startswith("payment.") for case in file.cases):
        # Payments clear by the hundred, and nobody has to act: even the first waits for the others.
        ends.append(dispatch.created_at + seconds(ports.timings.payments_gather))
    end = min(max(ends, default=now), _longest(dispatch, ports))
    if end > now:
        return Turn((end, HELD), _counters(dispatch, ports, end, _NO_LIMIT))
    first = not sent and not dispatch.reason
    return Turn(counters=_counters(dispatch, ports, now, 1 if first else _NO_LIMIT))


def _sent_lately(dispatch: Dispatch, ports: DispatchPorts, now: datetime) -> list[ReferenceRecord]:
    """What the person got over that channel within the window, newest first."""
    since = now - seconds(ports.timings.bundle_window)
    sent = ports.alerts.references(dispatch.addressee, since)
    return [one for one in sent[:_NEWEST] if one.at > since]


def _window_after(sent: ReferenceRecord, ports: DispatchPorts, now: datetime) -> datetime:
    return min(sent.at, now) + seconds(ports.timings.bundle_window)


def _longest(dispatch: Dispatch, ports: DispatchPorts) -> datetime:
    """Until when it may wait for others at most."""
    return dispatch.created_at + seconds(ports.timings.bundle_window)


def _about_others(
    sent: Iterable[ReferenceRecord], file: DispatchFile, ports: DispatchPorts
) -> Iterator[ReferenceRecord]:
    own = {case.id for case in file.cases}
    for one in sent:
        dispatch = ports.alerts.dispatch(one.dispatch_id)
        if dispatch is None or any(member.case_id not in own for member in dispatch.members):
            yield one


def _counters(
    dispatch: Dispatch, ports: DispatchPorts, now: datetime, limit: int
) -> tuple[Counter, ...]:
    """One first text in each of the windows; everything else only counts."""
    length = int(ports.timings.bundle_window)
    start = int(now.timestamp()) // length * length
    key = f"{_TURN}#{dispatch.channel}#{dispatch.recipient}#{length}#{start}"
    end = datetime.fromtimestamp(start, UTC) + 2 * seconds(length)
    return (Counter(key, limit, expires_at=end),)


def throttles(failed: Iterable[str]) -> tuple[str, ...]:
    """The refused counters that are throttles; the others say that somebody else had the turn."""
    return tuple(
        name
        for name in failed
        if name.startswith("counter:") and not name.startswith(f"counter:{_TURN}#")
    )


def after_another(now: datetime, ports: DispatchPorts) -> tuple[datetime, str]:
    """Until when a first text waits whose turn somebody else took, and why.

    By then it is known what the other one sent, and whether there is something to wait for.
    """
    timings = ports.timings
    return now + seconds(min(timings.status_interval, timings.bundle_window)), HELD


def _waits_for_others(file: DispatchFile) -> bool:
    """Whether it is the first try of one alert, in no hurry, and deferred for nothing else.

    A daily list keeps its distance too, though no other text ever becomes one with it.
    """
    patient = _patient(file) or any(case.kind == DAILY_LIST for case in file.cases)
    return file.dispatch.reason in ("", HELD) and _untried(file.dispatch) and patient


def _untried(dispatch: Dispatch) -> bool:
    return (
        dispatch.state is DispatchState.WAITING
        and dispatch.sequence == dispatch.attempt == len(dispatch.members) == 1
        and not dispatch.replaces
    )


def _patient(file: DispatchFile) -> bool:
    """Whether it may wait for others, and there are words for it together with them."""
    told = still_told(file)
    return all(may_join(case) and not step_of(case, alert).urgent for case, alert in told)


# ---------------------------------------------------------------------- what is to be joined
def groups(waiting: Sequence[Dispatch], ports: DispatchPorts) -> list[list[Dispatch]]:
    """Which of the dispatches that are due could be one; each group has two at least.

    What is held for the same person and not due yet goes along. Raises StoreUnavailable when that
    cannot be read.
    """
    window = ports.timings.bundle_window
    keys = {_key(one) for one in waiting if _deferred(one)}
    if not keys or window < LEAST_WINDOW:
        return []
    now = ports.clock.now()
    known = {one.id for one in waiting}
    soon = ports.alerts.look_due(now + seconds(window), SWEEP_LIMIT)
    more = ports.alerts.dispatches([one for one in soon if one not in known])
    found: dict[tuple[str | bool, ...], list[Dispatch]] = defaultdict(list)
    for one in (*waiting, *more):
        if _deferred(one) and _key(one) in keys and (one.due_at <= now or one.reason == HELD):
            found[_key(one)].append(one)
    return [
        group[start : start + MOST_MEMBERS]
        for group in (sorted(each, key=_age) for each in found.values())
        if len(group) > 1 and _go_now(group, ports, now)
        for start in range(0, len(group), MOST_MEMBERS)
        if len(group) - start > 1
    ]


def _go_now(group: Sequence[Dispatch], ports: DispatchPorts, now: datetime) -> bool:
    """Whether one of them may not wait any longer, or there is nothing to wait for."""
    if any(one.reason != HELD or _longest(one, ports) <= now for one in group):
        return True
    return not _sent_lately(group[0], ports, now)


def _deferred(dispatch: Dispatch) -> bool:
    return _untried(dispatch) and bool(dispatch.reason)


def _key(dispatch: Dispatch) -> tuple[str | bool, ...]:
    return dispatch.company, dispatch.recipient, dispatch.channel, dispatch.confirm


def _age(dispatch: Dispatch) -> tuple[datetime, str]:
    return dispatch.created_at, dispatch.id


@frozen
class Bundle:
    """A dispatch that was made, and the ids of those it took the place of."""

    dispatch: Dispatch
    instead_of: tuple[str, ...]


def bundle(group: Sequence[Dispatch], ports: DispatchPorts, until: datetime) -> Bundle | None:
    """Make one dispatch of these and ring for it; None where fewer than two may still be joined.

    What somebody claimed in the meantime, or nobody wants any more, is left as it is. Raises
    StoreConflict when others were first again and again, StoreUnavailable when DynamoDB does not
    answer until `until`: then they wait as before.
    """
    ids = [dispatch.id for dispatch in group]

    def decided() -> Change | None:
        files = [_file(one, ports) for one in ports.alerts.dispatches(ids)]
        joined = sorted(
            (f for f in files if _may_be_joined(f, ports)), key=lambda f: _age(f.dispatch)
        )
        return _joining(joined, ports) if len(joined) > 1 else None

    def stored_write_id(change: Change) -> str | None:
        return _write_id(change.dispatches[0].id, ports)

    change = decide_and_write(decided, stored_write_id, ports, until)
    if change is None:
        return None
    new, *old = change.dispatches
    ports.telemetry.event(
        "alerts_bundled",
        **ids_of(new),
        channel=new.channel,
        approver=new.recipient,
        alerts=len(new.members),
    )
    ring_new(new, ports)
    return Bundle(new, tuple(one.id for one in old))


def _file(dispatch: Dispatch, ports: DispatchPorts) -> DispatchFile:
    case_ids = dict.fromkeys(member.case_id for member in dispatch.members)
    files = (ports.alerts.case_file(case_id) for case_id in case_ids)
    return DispatchFile(dispatch, tuple(file for file in files if file))


def _may_be_joined(file: DispatchFile, ports: DispatchPorts) -> bool:
    now = ports.clock.now()
    return (
        _deferred(file.dispatch)
        and file.wanted
        and _patient(file)
        and all(case.expires_at > now for case in file.cases)
    )


def _joining(files: Sequence[DispatchFile], ports: DispatchPorts) -> Change | None:
    """The transaction that puts one dispatch in the place of these."""
    now, first = ports.clock.now(), files[0].dispatch
    person = ports.approvers.approver(first.recipient)
    if person is None or person.obstacle_to(first.channel):
        return None
    told = [one for file in files for one in still_told(file)]
    new_id = dispatch_id(first.members[0].alert_id, _SECOND)
    reference = reference_code(new_id)
    new = Dispatch(
        id=new_id,
        company=first.company,
        channel=first.channel,
        recipient=first.recipient,
        members=tuple(Member(case.id, alert.id) for case, alert in told),
        text=text_of(told, first.channel, person, reference, ports.documents),
        reference=reference,
        validity_seconds=min(file.dispatch.validity_seconds for file in files),
        created_at=now,
        due_at=now,
        look_at=now + seconds(ports.timings.ring_again),
        sequence=_SECOND,
        confirm=first.confirm,
        language=spoken_language(person.language) if first.voice else "",
    )
    old = [
        replace(
            d.settle_not_sent(file.dispatch, reason=f"bundled into {new_id}"),
            version=file.dispatch.version + 1,
        )
        for file in files
    ]
    instead_of: dict[str, list[Json]] = defaultdict(list)
    for file in files:
        for case in file.cases:
            instead_of[case.id].append(file.dispatch.id)
    entries: list[CaseWrite] = []
    for case in {case.id: case for case, _ in told}.values():
        data: dict[str, Json] = {
            "dispatch": new_id,
            "state": new.state.value,
            "instead_of": instead_of[case.id],
            "alerts": len(told),
        }
        entries.append(
            CaseWrite(case, entry_after(case.head, case.chain, now, "dispatch.bundled", data))
        )
    return Change(
        write_id=ports.new_id(),
        dispatches=(new, *old),
        alerts=tuple(
            replace(alert, dispatch=new_id, version=alert.version + 1) for _, alert in told
        ),
        cases=tuple(entries),
    )


def _write_id(dispatch: str, ports: DispatchPorts) -> str | None:
    stored = ports.alerts.dispatch(dispatch)
    return stored.write_id if stored else None
