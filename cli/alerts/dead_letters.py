"""Messages nobody could handle: whose they are, and whether anything still follows from them.

A message is a doorbell; the store is the truth. So one goes back only while its dispatch is still
to be sent. Ticks and polls never go back: the next one looks at everything again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from ml_connector.aws.queue import dispatch_in
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.documents import CompanyState
from ml_connector.errors import MessageMalformed

from .words import DISPATCH


class Fate(StrEnum):
    """What is to become of a message."""

    BACK = "back"
    """Its dispatch is still to be sent: it goes back on the queue."""
    SPENT = "spent"
    """Nothing follows from it any more; it may be deleted."""
    KEPT = "kept"
    """What it stands for was not made up for yet; it stays as a reminder."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message of a dead-letter queue, as it was received. `sent_at` is UTC."""

    id: str
    body: str
    receipt: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to become of a message, and why, in words. `dispatch` is the one it names."""

    letter: Letter
    fate: Fate
    said: str
    dispatch: str = ""


Judge = Callable[[Sequence[Letter]], list[Verdict]]


def letter_of(message: Mapping[str, Any]) -> Letter:
    """A message as SQS hands it out, with its sent time."""
    sent = int(message.get("Attributes", {}).get("SentTimestamp", 0)) / 1000
    return Letter(
        str(message["MessageId"]),
        str(message["Body"]),
        str(message["ReceiptHandle"]),
        datetime.fromtimestamp(sent, UTC),
    )


# --------------------------------------------------------------------- the alerts' own queue
def judge_alerts(
    letters: Sequence[Letter],
    dispatches: Callable[[Sequence[str]], list[Dispatch]],
    now: datetime,
) -> list[Verdict]:
    """What is to become of doorbells; their dispatches are read together."""
    named = {letter.id: _named(letter) for letter in letters}
    ids = [one for one in dict.fromkeys(named.values()) if one]
    known = {dispatch.id: dispatch for dispatch in dispatches(ids)} if ids else {}
    return [_of_dispatch(letter, named[letter.id], known, now) for letter in letters]


def _named(letter: Letter) -> str:
    try:
        return dispatch_in(letter.body)
    except MessageMalformed:
        return ""


def _of_dispatch(
    letter: Letter, name: str, known: Mapping[str, Dispatch], now: datetime
) -> Verdict:
    if not name:
        return Verdict(letter, Fate.SPENT, "names nothing this version understands")
    dispatch = known.get(name)
    if dispatch is None:
        return Verdict(letter, Fate.SPENT, "no such dispatch is known", name)
    if dispatch.state is not DispatchState.WAITING:
        said = f"{dispatch.state.value}: {DISPATCH[dispatch.state]}"
        return Verdict(letter, Fate.SPENT, said, name)
    if dispatch.due_at > now:
        due = f"{dispatch.due_at:%Y-%m-%d %H:%M} UTC"
        return Verdict(letter, Fate.SPENT, f"not due before {due}; it is queued then", name)
    return Verdict(letter, Fate.BACK, "still to be sent", name)


# ----------------------------------------------------------------------------- ticks and polls
def judge_runs(letters: Iterable[Letter], states: Mapping[str, CompanyState]) -> list[Verdict]:
    """What is to become of ticks that were not delivered and of polls that failed.

    `states` are those of all companies. A tick is made up for once any poll began after it, a poll
    once its company was read with success.
    """
    return [_of_run(letter, states) for letter in letters]


def _of_run(letter: Letter, states: Mapping[str, CompanyState]) -> Verdict:
    company = _company(letter)
    if not company:
        began = [at for state in states.values() if (at := state.poll_started_at)]
        if any(at > letter.sent_at for at in began):
            return Verdict(letter, Fate.SPENT, "a tick; later ones came through")
        return Verdict(letter, Fate.KEPT, "a tick, and no poll has begun since")
    state = states.get(company)
    if state is None:
        return Verdict(letter, Fate.SPENT, f"a poll of {company}, which the flow no longer names")
    if state.poll_succeeded_at and state.poll_succeeded_at > letter.sent_at:
        return Verdict(letter, Fate.SPENT, f"a poll of {company}, which was read since")
    return Verdict(letter, Fate.KEPT, f"a poll of {company}, which was not read since")


def _company(letter: Letter) -> str:
    """The company of a poll, which Lambda puts into an envelope; empty for a tick."""
    try:
        body = json.loads(letter.body)
    except (ValueError, RecursionError):
        return ""
    if isinstance(body, dict) and isinstance(body.get("requestPayload"), dict):
        body = body["requestPayload"]
    company = body.get("company") if isinstance(body, dict) else None
    return company if isinstance(company, str) else ""
