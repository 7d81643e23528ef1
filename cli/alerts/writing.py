"""What an operator does to a case: decided on what is stored, written with its audit entry."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cli.console.failures import Failure
from ml_connector.aws.clock import SystemClock
from ml_connector.domain.audit import Json, entry_after
from ml_connector.domain.cases import Alert, Case
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.unit_of_work import CaseFile, CaseWrite, Change
from ml_connector.errors import StoreConflict
from ml_connector.usecases.behind import FIX, cases_behind
from ml_connector.usecases.commit import commit
from ml_connector.usecases.ports import AlertStore, Clock

#: How long DynamoDB may not answer before a command gives up, and how often another writer wins.
PATIENCE = timedelta(seconds=20)
TRIES = 8

_PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Act:
    """What becomes of a case, what the audit says of it, and what is written with it."""

    case: Case
    kind: str
    data: Mapping[str, Json]
    alerts: tuple[Alert, ...] = ()
    dispatches: tuple[Dispatch, ...] = ()


def act(
    store: AlertStore,
    case_id: str,
    decide: Callable[[CaseFile, datetime], Act],
    *,
    clock: Clock | None = None,
) -> tuple[Act, datetime]:
    """Write what `decide` makes of what is stored now, and when that was decided.

    `decide` is asked again where a function was first; it raises Failure where the case no longer
    is what the operator looked at. Raises Failure where others keep being first.
    """
    clock = clock or SystemClock()
    until = clock.now() + PATIENCE

    def stored_write_id() -> str | None:
        found = store.case_file(case_id)
        return found.case.write_id if found else None

    for _ in range(TRIES):
        file, now = store.case_file(case_id), clock.now()
        if file is None:
            raise Failure(f"case {case_id} is no longer there")
        done = decide(file, now)
        entry = entry_after(file.case.head, file.case.chain, now, done.kind, done.data)
        change = Change(
            write_id=str(uuid.uuid4()),
            cases=(CaseWrite(done.case, entry),),
            alerts=done.alerts,
            dispatches=done.dispatches,
        )
        try:
            commit(store, change, stored_write_id=stored_write_id, clock=clock, until=until)
        except StoreConflict as error:
            if not error.failed:
                raise
            if cases_behind(error):
                raise Failure(f"case {case_id} is older than its audit chain: {FIX}") from error
            time.sleep(_PAUSE_SECONDS)
        else:
            return done, now
    raise Failure(f"case {case_id} is being changed by others again and again; try again")
