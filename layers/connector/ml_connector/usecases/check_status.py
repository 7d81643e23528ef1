"""What became of everything that was sent, and of everything that got stuck on the way.

Once a minute, in this order: what waits for the same person becomes one text, and what nobody
fetched from the queue is rung for again; steps whose time
has come begin; lost claims and unknown outcomes are looked for in the provider's lists; then the
provider is asked once for all that were sent, failures are tried again later and later, and what
follows from all that at once, somebody else to be told, is begun. Last, what was sent long ago is
blanked at the provider.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from ml_connector.domain import dispatches as d
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.fairness import in_turn
from ml_connector.domain.instants import seconds
from ml_connector.domain.pricing import awaits_price
from ml_connector.errors import ConnectorError, StoreError
from ml_connector.settings import LOOK_LIMIT, SWEEP_LIMIT

from . import blanking, bundling, reconciling, ringing, stepping
from .asking import Asking, Shown, whose
from .correlating import about, ids_of
from .learning import learn
from .prices import learn_price
from .replies import read_replies
from .steps import DispatchPorts, write_quietly

#: One dispatch gets no more of a run than this, seconds: the store may be busy with it alone.
PATIENCE = 5.0


@dataclass(slots=True)
class StatusReport:
    """What one check did, for the log."""

    looked_at: int = 0
    settled: int = 0
    reconciled: int = 0
    rung: int = 0
    bundled: int = 0
    stepped: int = 0
    replies: int = 0
    blanked: int = 0
    left: int = 0
    trouble: list[str] = field(default_factory=list)


def check_status(ports: DispatchPorts, until: datetime) -> StatusReport:
    """Look after everything that is due for a look. `until` is when this has to be done.

    One dispatch in trouble never keeps the others from being looked at; what is left over because
    time ran out is still due at the next tick. Raises StoreUnavailable when not even what is due
    can be read.
    """
    now = ports.clock.now()
    if ports.alerts.standstill("").restoring_at(now):
        ports.telemetry.event("standing_still", reason="tables are being restored")
        return StatusReport()
    ids = ports.alerts.look_due(now, LOOK_LIMIT)
    due = ports.alerts.dispatches(ids)
    for dispatch_id in sorted(set(ids) - {dispatch.id for dispatch in due}):
        ports.telemetry.error(
            "dispatch_unreadable",
            dispatch=dispatch_id,
            fix="a newer release wrote it, or it was damaged: look at the item",
        )
    due = sorted((x for x in due if x.look_at and x.look_at <= now), key=lambda x: x.due_at)
    crowded = len(ids) >= LOOK_LIMIT
    report = _Check(ports, until, crowded=crowded).run(in_turn(due, whose))
    if not crowded:
        ports.ends.forget()
    return report


_HALF, _ALL = 0.5, 1.0
_OPEN_FATE = frozenset({DispatchState.SENDING, DispatchState.UNKNOWN, DispatchState.NOT_SENT})
_WITH_PROVIDER = frozenset({DispatchState.SENT, DispatchState.UNCONFIRMED})


class _Check:
    """One run; `crowded` where more may be due than it looks at."""

    def __init__(self, ports: DispatchPorts, until: datetime, *, crowded: bool) -> None:
        self._ports = ports
        self._crowded = crowded
        self._end = until - seconds(ports.timings.time_reserve)
        self._report = StatusReport()
        self._phase = self._end
        self._cases_seen: set[str] = set()

    def run(self, due: Sequence[Dispatch]) -> StatusReport:
        """The quick and urgent first: what can wait must not cost those their turn.

        `due` is in the order of whose turn it is. Each part but the last has half of the time that
        is left, so that a storm of one kind leaves room for the others.
        """
        self._report.looked_at = len(due)
        waiting = [x for x in due if x.state is DispatchState.WAITING]
        self._give(_HALF)
        joined = self._bundle(waiting)
        alone = [x for x in waiting if x.id not in joined]
        self._give(_HALF)
        self._report.rung = ringing.ring_again(alone[:SWEEP_LIMIT], self._ports, self._phase)
        self._give(_HALF)
        self._go_on()
        self._give(_HALF)
        sent = [x for x in due if x.state in _WITH_PROVIDER or awaits_price(x)]
        asked_about = {x.id for x in (*waiting, *sent)}
        for dispatch in due:
            if dispatch.id not in asked_about:
                self._look(dispatch, self._find_out)
        self._give(_ALL)
        texts = [x for x in sent if not x.voice]
        calls = [x for x in sent if x.voice and not awaits_price(x)]
        asking = Asking(self._ports, self._end, crowded=self._crowded)
        if calls:
            self._take_note(calls, asking.calls(calls))
        if texts:
            self._take_note(texts, asking.texts(texts))
        self._report.trouble += asking.trouble
        for dispatch in sent:
            if dispatch.voice and awaits_price(dispatch):
                self._look(dispatch, self._ask_price)
        self._read_replies(awaited=any(not awaits_price(x) for x in texts))
        self._go_on()
        self._report.blanked = blanking.blank_due(self._ports, self._end)
        return self._report

    def _give(self, share: float) -> None:
        """What comes next has this share of the time that is left."""
        now = self._ports.clock.now()
        self._phase = now + max(self._end - now, timedelta(0)) * share

    def _ask_price(self, dispatch: Dispatch, until: datetime) -> None:
        """A call's price stands with its leg on the telephone network, one request each."""
        leg = self._ports.caller.call_details(dispatch.call_sid) if dispatch.call_sid else None
        learn_price(dispatch, leg, self._ports, until)

    def _read_replies(self, *, awaited: bool) -> None:
        """What people texted back, before anything that it makes needless begins."""
        report = read_replies(self._ports, self._end, awaited=awaited)
        self._report.replies = report.read
        self._report.trouble += report.trouble

    # ------------------------------------------------------------------------------ bundles
    def _bundle(self, waiting: Sequence[Dispatch]) -> set[str]:
        """Make one of what waits for the same person; what cannot be joined goes out alone.

        The ids of what is not to be rung for: what was joined, and what there was no time to join.
        """
        joined: set[str] = set()
        try:
            groups = bundling.groups(waiting, self._ports)
        except StoreError as error:
            self._report.trouble.append(error.code)
            self._ports.telemetry.warning("bundles_unreadable", reason=error.safe_message)
            return joined

        def join(group: Sequence[Dispatch], until: datetime) -> None:
            bundle = bundling.bundle(group, self._ports, until)
            if bundle:
                self._report.bundled += 1
                joined.update(bundle.instead_of)

        for group in in_turn(groups, lambda group: whose(group[0])):
            if self._ports.clock.now() >= self._phase:
                self._report.left += 1
                joined.update(dispatch.id for dispatch in group)
            else:
                self._guarded(ids_of(*group), partial(join, group))
        return joined

    # -------------------------------------------------------------------------------- plans
    def _go_on(self) -> None:
        """Begin what is due in the cases. One case in trouble keeps no other waiting."""
        ports = self._ports
        if ports.clock.now() >= self._end:
            return
        try:
            due = ports.alerts.cases_due(ports.clock.now(), SWEEP_LIMIT)
        except StoreError as error:
            self._report.trouble.append(error.code)
            ports.telemetry.warning("cases_unreadable", code=error.code, reason=error.safe_message)
            return
        for case_id in due:
            if case_id not in self._cases_seen:
                self._guarded({"case": case_id}, partial(self._go_on_with, case_id))

    def _go_on_with(self, case_id: str, until: datetime) -> None:
        if stepping.go_on(case_id, self._ports, until):
            self._report.stepped += 1
        else:
            self._cases_seen.add(case_id)

    # ---------------------------------------------------------------------------- dispatches
    def _look(self, dispatch: Dispatch, look: Callable[[Dispatch, datetime], None]) -> None:
        """Whatever goes wrong with one dispatch, the others have their turn and it has another."""
        if not self._guarded(ids_of(dispatch), partial(look, dispatch)):
            self._put_off(dispatch)

    def _guarded(self, ids: dict[str, str], act: Callable[[datetime], None]) -> bool:
        """Do one thing within its share of the time; false where it went wrong.

        Whatever is said meanwhile is about these ids.
        """
        with about(self._ports.telemetry, ids):
            return self._tried(act)

    def _tried(self, act: Callable[[datetime], None]) -> bool:
        ports, now = self._ports, self._ports.clock.now()
        if now >= self._phase:
            self._report.left += 1
            return True
        until = min(self._end, now + seconds(PATIENCE))
        try:
            act(until)
        except ConnectorError as error:
            self._report.trouble.append(error.code)
            ports.telemetry.warning("look_failed", code=error.code, reason=error.safe_message)
        except Exception as error:  # noqa: BLE001 - the others have their turn
            # Only where it happened: what an error of this kind says may quote a text or a number.
            place = traceback.extract_tb(error.__traceback__)[-1]
            self._report.trouble.append(type(error).__name__)
            ports.telemetry.error(
                "look_broken",
                code=type(error).__name__,
                reason=f"{place.name}, line {place.lineno}",
            )
        else:
            return True
        return False

    def _put_off(self, dispatch: Dispatch) -> None:
        """Behind the others in the index, so that much trouble leaves room for what has none."""
        now = self._ports.clock.now()
        later = now + seconds(self._ports.timings.status_interval)
        try:
            write_quietly(dispatch, d.look_again(dispatch, look_at=later), self._ports, now)
        except StoreError as error:
            self._report.trouble.append(error.code)

    def _find_out(self, dispatch: Dispatch, until: datetime) -> None:
        match dispatch.state:
            case DispatchState.SENDING | DispatchState.UNKNOWN:
                self._report.reconciled += reconciling.reconcile(dispatch, self._ports, until)
            case DispatchState.NOT_SENT:
                reconciling.watch(dispatch, self._ports, until)
            case _:
                write_quietly(dispatch, d.rest(dispatch), self._ports, until)

    # ---------------------------------------------------------------------- what was sent
    def _take_note(self, sent: Sequence[Dispatch], shown: Shown) -> None:
        def note(dispatch: Dispatch, until: datetime) -> None:
            if dispatch.sid in shown and awaits_price(dispatch):
                learn_price(dispatch, shown[dispatch.sid], self._ports, until)
            elif dispatch.sid in shown:
                self._report.settled += learn(dispatch, shown[dispatch.sid], self._ports, until)
            else:
                # Not to be told anything is not to be told that there is no receipt.
                self._put_off(dispatch)

        for dispatch in sent:
            self._look(dispatch, note)
