"""Writing a change so that a lost reply is neither a lost change nor a second one."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from ml_connector.domain.instants import seconds
from ml_connector.domain.unit_of_work import Change
from ml_connector.errors import StoreConflict, StoreRefused, StoreUnavailable

from .ports import AlertStore, Clock

Result = TypeVar("Result")

_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0


def patiently(
    action: Callable[[], Result],
    *,
    clock: Clock,
    until: datetime,
    sleep: Callable[[float], None],
    stubborn: bool = False,
) -> Result:
    """Do `action`, again and again until `until` while DynamoDB does not answer.

    The first try is always made. Raises StoreUnavailable when time runs out, StoreRefused at once,
    unless `stubborn`: then a refusal may be one that is about to be lifted.
    """
    pause = _PAUSE_SECONDS
    while True:
        try:
            return action()
        except StoreUnavailable as error:
            if isinstance(error, StoreRefused) and not stubborn:
                raise
            if clock.now() + seconds(pause) >= until:
                raise
        sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def commit(
    store: AlertStore,
    change: Change,
    *,
    stored_write_id: Callable[[], str | None],
    clock: Clock,
    until: datetime,
    sleep: Callable[[float], None] = time.sleep,
    stubborn: bool = False,
) -> None:
    """Write `change`, and try again until `until` while DynamoDB does not answer.

    A change carries its own id. Written again it counts once, and when it is refused because our
    own first try got through, `stored_write_id` (a consistent read of an item the change writes)
    shows that id: success. `stubborn` as in `patiently`. Raises StoreConflict when somebody else
    was first, StoreUnavailable when time runs out; only then is it open whether the change was
    written.
    """

    def write() -> None:
        try:
            store.commit(change)
        except StoreConflict:
            if stored_write_id() != change.write_id:
                raise

    patiently(write, clock=clock, until=until, sleep=sleep, stubborn=stubborn)


class Committing(Protocol):
    """Whoever writes changes has these; `sleep` waits so many seconds."""

    @property
    def alerts(self) -> AlertStore:
        """What is written to."""

    @property
    def clock(self) -> Clock:
        """Now."""

    @property
    def sleep(self) -> Callable[[float], None]:
        """Wait."""


def commit_case(change: Change, case_id: str, ports: Committing, until: datetime) -> None:
    """As `commit`, for a change that writes this case among others."""

    def stored_write_id() -> str | None:
        file = ports.alerts.case_file(case_id)
        return file.case.write_id if file else None

    commit(
        ports.alerts,
        change,
        stored_write_id=stored_write_id,
        clock=ports.clock,
        until=until,
        sleep=ports.sleep,
    )


def commit_if_first(change: Change, ports: Committing, until: datetime) -> bool:
    """Write what need not be written by us; False when somebody else, or an earlier try, was first.

    Raises StoreUnavailable as `commit` does.
    """
    try:
        commit(
            ports.alerts,
            change,
            stored_write_id=lambda: None,
            clock=ports.clock,
            until=until,
            sleep=ports.sleep,
        )
    except StoreConflict:
        return False
    return True
