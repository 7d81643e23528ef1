"""What was due, what the phones got, and the difference: judged by the provider's own log alone."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from ml_connector.domain.plans import SMS_ATTEMPTS
from tests.support.phones import Text
from tests.support.world import SEND_TIMEOUT

from .history import Bill, History

_BILL = re.compile(r"bill (B\d+)")


@dataclass(slots=True)
class Verdict:
    """What is wrong with a history; nothing, when everything is zero."""

    dispatches: int = 0
    accepted: int = 0
    missing: list[str] = field(default_factory=list)
    """Bills nobody was told about although somebody could have been."""
    twice: list[str] = field(default_factory=list)
    """Bills with two accepted creates and no final failure of the first in between."""
    unwanted: list[str] = field(default_factory=list)
    """Bills somebody was texted about after the poll had seen them handled."""
    broken: list[str] = field(default_factory=list)
    """Audit chains that do not verify."""

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.missing or self.twice or self.unwanted or self.broken)

    def add(self, other: Verdict) -> None:
        """Count another history in."""
        self.dispatches += other.dispatches
        self.accepted += other.accepted
        self.missing += other.missing
        self.twice += other.twice
        self.unwanted += other.unwanted
        self.broken += other.broken


def judge(history: History, name: str) -> Verdict:
    """Compare a history that has come to rest with what was due."""
    world = history.world
    now = world.clock.now()
    texts: dict[str, list[Text]] = defaultdict(list)
    for text in world.provider.log:
        texts[_bill_in(text.body)].append(text)
    refused = {_bill_in(request.body) for request in world.provider.refusals}
    verdict = Verdict(len(world.tables.dispatches), len(world.provider.log))
    for bill in history.bills:
        got = sorted(texts[bill.number], key=lambda text: text.accepted_at)
        mark = f"{name}:{bill.number}"
        if not bill.approve_at and bill.number not in refused and not _told(got, now):
            verdict.missing.append(mark)
        if any(not first.failed(second.accepted_at) for first, second in pairwise(got)):
            verdict.twice.append(mark)
        ended = _ended_at(history, bill)
        if ended and any(text.accepted_at > ended for text in got):
            verdict.unwanted.append(mark)
    verdict.broken = [f"{name}:{link.chain}" for link in world.broken_chains()]
    return verdict


def _bill_in(body: str) -> str:
    found = _BILL.search(body)
    if not found:
        raise ValueError("a text about no bill")
    return found[1]


def _told(got: list[Text], now: datetime) -> bool:
    """Whether a phone shows it, the provider still has it, or every attempt was made."""
    if not got:
        return False
    gave_up = got[-1].turn(now).error_code == 30005 or len(got) >= SMS_ATTEMPTS
    return any(not text.failed(now) for text in got) or gave_up


def _ended_at(history: History, bill: Bill) -> datetime | None:
    """When the last sender that had claimed before the case ended can have been alive."""
    for case in history.world.tables.cases.values():
        if case.document == f"bill#{bill.number}" and case.ended_at:
            return case.ended_at + timedelta(seconds=SEND_TIMEOUT)
    return None
