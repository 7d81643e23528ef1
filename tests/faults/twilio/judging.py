"""What was due, what the phones got, and the difference: by the simulated Twilio's own log.

A text is settled as failed once Twilio says so; a call, once it is over and nobody pressed 1. Which
alert a text or a call is for, its reference or the id it carries says.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from ml_connector.domain.audit import ChainHead, check
from ml_connector.domain.cases import Case
from ml_connector.domain.messages import reference_in
from tests.support.world import SEND_TIMEOUT

from .desk import Desk
from .provider import FOREIGN, SimulatedTwilio
from .runs import Run

_FAILED = frozenset({"undelivered", "failed", "canceled"})
_BILL = re.compile(r"\bB\d{4}\b")
#: What telemetry says where something happened that nobody foresaw.
_NEVER_SAID = frozenset({"look_broken", "dispatch_unreadable", "document_missing"})


@dataclass(frozen=True, slots=True)
class Buzz:
    """A text or a call Twilio accepted. `failed_at` is when it was settled that it told nobody."""

    sid: str
    number: str
    dispatch: str
    bill: str
    accepted_at: datetime
    failed_at: datetime | None


@dataclass(slots=True)
class Verdict:
    """What is wrong; nothing, when every list is empty."""

    accepted: int = 0
    dispatches: int = 0
    missing: list[str] = field(default_factory=list)
    """Alerts nobody was told although somebody should have been."""
    twice: list[str] = field(default_factory=list)
    """Alerts with two accepted texts or calls and no final failure of the first in between."""
    unreported: list[str] = field(default_factory=list)
    """Those of them that neither the audit nor a metric tells of."""
    unwanted: list[str] = field(default_factory=list)
    """Bills somebody was told of after the poll had seen them handled."""
    wrong: list[str] = field(default_factory=list)
    """Broken audit chains and laws, errors nobody foresaw, texts and calls nobody recorded."""

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    @property
    def findings(self) -> list[str]:
        """Everything that is wrong, in words."""
        return [
            f"{name}: {one}"
            for name in ("missing", "twice", "unwanted", "wrong")
            for one in getattr(self, name)
        ]

    def add(self, other: Verdict) -> None:
        """Count another epoch in."""
        self.accepted += other.accepted
        self.dispatches += other.dispatches
        for name in ("missing", "twice", "unreported", "unwanted", "wrong"):
            getattr(self, name).extend(getattr(other, name))


def judge(desk: Desk, twilio: SimulatedTwilio, name: str) -> Verdict:
    """Compare what Twilio accepted with what was due."""
    buzzes = list(_buzzes(twilio))
    verdict = Verdict(len(buzzes), len(desk.tables.dispatches))
    verdict.wrong = [f"{name} {one}" for one in (*desk.broken, *_broken_chains(desk))]
    verdict.wrong += [
        f"{name} {word}: {fields}" for _, word, fields in desk.said if word in _NEVER_SAID
    ]
    by_alert: dict[tuple[str, int], list[Buzz]] = defaultdict(list)
    for buzz in sorted(buzzes, key=lambda one: one.accepted_at):
        whose = _whose(buzz, desk)
        if whose is None:
            verdict.wrong.append(f"{name} {buzz.sid} is about nothing we know")
        else:
            by_alert[whose].append(buzz)
            if desk.owner_of(buzz.sid) is None:
                verdict.wrong.append(f"{name} {whose[0]}: {buzz.sid} is recorded nowhere")
    for run in desk.runs.values():
        _judge_run(run, by_alert, desk, verdict, f"{name} {run.bill} ({run.plan})")
    return verdict


def _judge_run(
    run: Run,
    by_alert: dict[tuple[str, int], list[Buzz]],
    desk: Desk,
    verdict: Verdict,
    mark: str,
) -> None:
    ended = _ended_at(run, desk)
    for step in range(1, run.alerts + 1):
        got = by_alert[run.person, step]
        if run.approve_at is None and all(buzz.failed_at for buzz in got):
            verdict.missing.append(f"{mark}, step {step}")
        if any(_both_count(first, second) for first, second in pairwise(got)):
            verdict.twice.append(f"{mark}, step {step}")
            if not _reported(run, desk):
                verdict.unreported.append(f"{mark}, step {step}")
        if any(buzz.bill not in ("", run.bill) for buzz in got):
            verdict.wrong.append(f"{mark}: told of another bill")
        if ended and any(buzz.accepted_at > ended for buzz in got):
            verdict.unwanted.append(mark)


# ------------------------------------------------------------------------ what was accepted
def _buzzes(twilio: SimulatedTwilio) -> Iterator[Buzz]:
    for row in twilio.admin.messages():
        failures = [x["at"] for x in row["history"] if x["status"] in _FAILED]
        found = _BILL.search(row["body"])
        yield Buzz(
            row["sid"],
            row["to"],
            reference_in(row["body"]) or "",
            found[0] if found else "a text about no bill",
            datetime.fromisoformat(row["created"]),
            datetime.fromisoformat(failures[0]) if failures else None,
        )
    for accepted in twilio.admin.accepted():
        carried = json.loads(accepted.text) if accepted.kind == "execution" else FOREIGN
        if carried == FOREIGN:
            continue
        execution, context = twilio.execution(accepted.sid)
        confirmed = context["widgets"].get("ask", {}).get("Digits") == "1"
        over = execution["status"] == "ended" and not confirmed
        yield Buzz(
            accepted.sid,
            accepted.recipient,
            carried["dispatch_id"],
            "",
            accepted.at,
            datetime.fromisoformat(execution["date_updated"]) if over else None,
        )


def _whose(buzz: Buzz, desk: Desk) -> tuple[str, int] | None:
    """The person and the step that a text or a call is for; references are one person's own."""
    run = desk.run_at(buzz.number)
    for dispatch in desk.tables.dispatches.values():
        own = run is not None and dispatch.recipient == run.person
        if own and buzz.dispatch in (dispatch.reference, dispatch.id):
            member = dispatch.members[0]
            return dispatch.recipient, desk.tables.alerts[member.case_id][member.alert_id].step
    return None


def _both_count(first: Buzz, second: Buzz) -> bool:
    return first.failed_at is None or first.failed_at > second.accepted_at


# --------------------------------------------------------------------------- what is on record
def _reported(run: Run, desk: Desk) -> bool:
    """Whether an operator is told: by the audit of the case, or by the alarm's metric."""
    for case in _cases(run, desk):
        if any(entry.data.get("twice") for entry in desk.audit.chain(case.chain)):
            return True
    own = {x.id for x in desk.tables.dispatches.values() if x.recipient == run.person}
    return any(
        name == "duplicate_found" and fields.get("dispatch") in own for _, name, fields in desk.said
    )


def _cases(run: Run, desk: Desk) -> list[Case]:
    return [x for x in desk.tables.cases.values() if x.document == f"bill#{run.bill}"]


def _ended_at(run: Run, desk: Desk) -> datetime | None:
    """When the last sender that had claimed before the case ended can have been alive."""
    ends = [case.ended_at for case in _cases(run, desk) if case.ended_at]
    return min(ends) + timedelta(seconds=SEND_TIMEOUT) if ends else None


def _broken_chains(desk: Desk) -> list[str]:
    heads: dict[str, ChainHead] = {x.chain: x.head for x in desk.tables.cases.values()}
    links = (check(desk.audit.chain(name), head) for name, head in heads.items())
    return [f"{link.chain}, entry {link.seq}: {link.reason}" for link in links if link]
