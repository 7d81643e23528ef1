"""Erasing a person, in an order that any run cut off in the middle can be repeated from.

First what only their number finds: the records at Twilio. Then their row, with the last entry of
their chain, in one transaction: from there on nobody can tell them anything. Last what was sent to
them, one dispatch after another, the record at Twilio before our own. A run that finds the row
erased goes on with what is left.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from cli.console.failures import Failure
from cli.deployment import Deployment
from cli.people_store import PeopleStore
from ml_connector.domain.approvers import Approver
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.phone import is_e164
from ml_connector.errors import StoreConflict
from ml_connector.usecases.dispatch_files import quiet_change

from .at_twilio import Records
from .belongings import Belongings, under_way


@dataclass(slots=True)
class Erased:
    """What was erased here, and what was left: dispatches by id, with why."""

    row: bool = False
    dispatches: int = 0
    left: dict[str, str] = field(default_factory=dict)


def numbers(person: Approver, others: Iterable[Approver], found: Belongings) -> list[str]:
    """Every number that was theirs and is nobody else's now, as far as it is still known."""
    taken = {other.phone for other in others}
    theirs = {person.phone, *(each.to for each in found.sent)} - taken
    return sorted(number for number in theirs if is_e164(number))


def erase(
    person: Approver,
    found: Belongings,
    others: Iterable[Approver],
    store: PeopleStore,
    records: Records | None,
    read_again: Callable[[], Belongings],
) -> Erased:
    """Erase a person. Without `records` Twilio is left alone.

    Raises Failure, with nothing erased here, while Twilio keeps what only their number finds: the
    number is not forgotten before that. `read_again` reads what there is of them once their row is
    gone: something may have been sent in between.
    """
    done = Erased()
    if records:
        for number in numbers(person, others, found):
            records.of_number(number)
        if records.kept:
            raise Failure(
                "Twilio keeps some of their messages or calls still; nothing was erased here. Try "
                "again later, or leave what Twilio has with --keep-at-twilio",
                list(dict.fromkeys(records.kept)),
            )
    if person.forgotten_at is None:
        store.forget(person.id)
        done.row = True
        found = read_again()
    deployment = store.deployment
    for dispatch in found.sent:
        if dispatch.text or dispatch.to:
            gone = under_way(dispatch) or not records or records.of_dispatch(dispatch)
            _erase(dispatch, replace(dispatch, to="", text=""), deployment, done, gone=gone)
    for dispatch in found.about:
        if dispatch.text:
            gone = under_way(dispatch) or not records or records.words_of(dispatch)
            _erase(dispatch, replace(dispatch, text=""), deployment, done, gone=gone)
    return done


def _erase(
    before: Dispatch, after: Dispatch, deployment: Deployment, done: Erased, *, gone: bool
) -> None:
    if under_way(before):
        done.left[before.id] = "it is under way"
        return
    if not gone:
        done.left[before.id] = "Twilio keeps its record still"
        return
    # Nothing is left to blank at Twilio: the whole record is gone, or is to stay.
    after = replace(after, blank_at=None, blanked_at=before.blanked_at or datetime.now(UTC))
    try:
        deployment.alerts.commit(quiet_change(before, after, write_id=str(uuid.uuid4())))
    except StoreConflict:
        done.left[before.id] = "it was changed just now"
    else:
        done.dispatches += 1
