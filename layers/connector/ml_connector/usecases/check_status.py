"""What became of everything that was sent, and of everything that got stuck on the way.

Once a minute, in this order: what nobody fetched from the queue is rung for again; lost claims and
unknown outcomes are looked for in the provider's lists; then the provider is asked once for all
that were sent, and failures are tried again later and later.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ml_connector.domain import dispatches as d
from ml_connector.domain.delivery import ProviderMessage
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.instants import seconds
from ml_connector.errors import ConnectorError, DeliveryError, StoreError
from ml_connector.settings import SWEEP_LIMIT

from . import outcomes, reconciling, ringing
from .steps import DispatchPorts, write_quietly

#: One list page of the provider.
PAGE = 1000

#: Messages that no list page showed are asked for one by one, no more than this many a run.
STRAGGLERS = 50

#: One dispatch gets no more of a run than this, seconds: the store may be busy with it alone.
PATIENCE = 5.0


@dataclass(slots=True)
class StatusReport:
    """What one check did, for the log."""

    looked_at: int = 0
    settled: int = 0
    reconciled: int = 0
    rung: int = 0
    left: int = 0
    trouble: list[str] = field(default_factory=list)


def check_status(ports: DispatchPorts, until: datetime) -> StatusReport:
    """Look after everything that is due for a look. `until` is when this has to be done.

    One dispatch in trouble never keeps the others from being looked at; what is left over because
    time ran out is still due at the next tick. Raises StoreUnavailable when not even what is due
    can be read.
    """
    now = ports.clock.now()
    ids = ports.alerts.look_due(now, SWEEP_LIMIT)
    due = ports.alerts.dispatches(ids)
    for dispatch_id in sorted(set(ids) - {dispatch.id for dispatch in due}):
        ports.telemetry.error(
            "dispatch_unreadable",
            dispatch=dispatch_id,
            fix="a newer release wrote it, or it was damaged: look at the item",
        )
    due = sorted((x for x in due if x.look_at and x.look_at <= now), key=lambda x: x.due_at)
    return _Check(ports, until).run(due)


_OPEN_FATE = frozenset({DispatchState.SENDING, DispatchState.UNKNOWN, DispatchState.NOT_SENT})
_WITH_PROVIDER = frozenset({DispatchState.SENT, DispatchState.UNCONFIRMED})


class _Check:
    """One run."""

    def __init__(self, ports: DispatchPorts, until: datetime) -> None:
        self._ports = ports
        self._end = until - seconds(ports.timings.time_reserve)
        self._report = StatusReport()

    def run(self, due: Sequence[Dispatch]) -> StatusReport:
        """The quick and urgent first: what can wait must not cost those their turn."""
        self._report.looked_at = len(due)
        waiting = [x for x in due if x.state is DispatchState.WAITING]
        self._report.rung = ringing.ring_again(waiting, self._ports, self._end)
        sent = [x for x in due if x.state in _WITH_PROVIDER]
        for dispatch in due:
            if dispatch.state not in _WITH_PROVIDER and dispatch.state is not DispatchState.WAITING:
                self._look(dispatch, self._find_out)
        if sent:
            self._ask_about(sent)
        return self._report

    def _look(self, dispatch: Dispatch, look: Callable[[Dispatch, datetime], None]) -> None:
        """Whatever goes wrong with one dispatch, the others have their turn and it has another."""
        ports, now = self._ports, self._ports.clock.now()
        if now >= self._end:
            self._report.left += 1
            return
        until = min(self._end, now + seconds(PATIENCE))
        try:
            look(dispatch, until)
        except ConnectorError as error:
            self._report.trouble.append(error.code)
            ports.telemetry.warning(
                "look_failed", dispatch=dispatch.id, code=error.code, reason=error.safe_message
            )
            self._put_off(dispatch)
        except Exception as error:  # noqa: BLE001 - see above
            # Only where it happened: what an error of this kind says may quote a text or a number.
            place = traceback.extract_tb(error.__traceback__)[-1]
            self._report.trouble.append(type(error).__name__)
            ports.telemetry.error(
                "look_broken",
                dispatch=dispatch.id,
                code=type(error).__name__,
                reason=f"{place.name}, line {place.lineno}",
            )
            self._put_off(dispatch)

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

    # ---------------------------------------------------------------------- the one list call
    def _ask_about(self, sent: Sequence[Dispatch]) -> None:
        shown = self._shown_by_list(sent)

        def learn(dispatch: Dispatch, until: datetime) -> None:
            if dispatch.sid in shown:
                message = shown[dispatch.sid]
                self._report.settled += outcomes.learn(dispatch, message, self._ports, until)
            else:
                # Not to be told anything is not to be told that there is no receipt.
                self._put_off(dispatch)

        for dispatch in sent:
            self._look(dispatch, learn)

    def _shown_by_list(self, sent: Sequence[Dispatch]) -> dict[str, ProviderMessage | None]:
        """What the provider says about the sent messages, by its id; None for one it has not.

        One list call per thousand; those it did not show are asked for one by one, oldest first.
        Without an entry are those that could not be asked about.
        """
        wanted = {dispatch.sid for dispatch in sent}
        shown: dict[str, ProviderMessage | None] = {}
        try:
            for message in self._first_pages(sent):
                if message.sid in wanted:
                    shown[message.sid] = message
                if len(shown) == len(wanted) or self._ports.clock.now() >= self._end:
                    break
            missing = sorted((x for x in sent if x.sid not in shown), key=_sent_at)
            for dispatch in missing[:STRAGGLERS]:
                if self._ports.clock.now() >= self._end:
                    break
                shown[dispatch.sid] = self._ports.messenger.fetch(dispatch.sid)
        except DeliveryError as error:
            self._report.trouble.append(error.code)
            self._ports.telemetry.warning("list_failed", code=error.code, reason=error.safe_message)
        return shown

    def _first_pages(self, sent: Sequence[Dispatch]) -> Iterator[ProviderMessage]:
        """As many pages as our own messages can fill, and one for other traffic of the account."""
        since = min(_sent_at(x) for x in sent) - seconds(self._ports.timings.list_lookback)
        most = (len(sent) // PAGE + 2) * PAGE
        for count, message in enumerate(self._ports.messenger.list_created_since(since)):
            if count >= most:
                return
            yield message


def _sent_at(dispatch: Dispatch) -> datetime:
    return dispatch.claimed_at or dispatch.created_at
