"""Reading what people text back, once each: seen, no more texts, texts again.

Nobody calls us when a text comes in, so the provider's list is asked for, since a mark that moves
only when everything before it was dealt with. A text's SID is recorded in the transaction that acts
on it; read again, it is known. Texts are kept nowhere.

Who sends a text can be forged, so a reply never does more than say *seen* for what was texted to
that very number: by its reference, or a bare 1 for the newest text, where a call was never planned.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from ml_connector.domain.approvers import Approver
from ml_connector.domain.instants import seconds
from ml_connector.domain.replies import InboundText, InboxMark, Reply, ReplyKind, read_reply
from ml_connector.domain.unit_of_work import Change, SidRecord
from ml_connector.errors import ConnectorError, StoreConflict

from .acknowledging import acknowledge
from .commit import commit_if_first
from .deciding import acted_on
from .people import REPLY, Wish, fulfil
from .ports import Inbox
from .steps import DispatchPorts

#: So much less often the inbox is looked into while nobody has a text to reply to.
IDLE = 10

#: How late a look may have begun after its tick, at most, seconds: counted strictly, the tick at
#: the end of the interval would always come a moment too early.
LATE_START = 30.0

#: SIDs of texts that nothing follows from are recorded so many at a time.
TOGETHER = 50

#: What those SIDs are recorded for.
NOTHING = "nothing"


class Effect(StrEnum):
    """What became of one text."""

    ACKNOWLEDGED = "acknowledged"
    OPTED_OUT = "opted_out"
    OPTED_IN = "opted_in"
    LATE = "late"
    """Seen, but the bill had been dealt with by then."""
    HELP = "help"
    """Twilio answers these."""
    UNKNOWN = "unknown"
    """Not understood, or about nothing this person was texted."""
    STRANGER = "stranger"
    """From a number that is no approver's."""
    KNOWN = "known"
    """No more texts, from somebody who gets none any more."""
    OUTDATED = "outdated"
    """STOP or START, listed or written late: a later word of theirs had been heard by then."""
    ELSEWHERE = "elsewhere"
    """Somebody else, who reads along, acted on it."""

    @property
    def recorded(self) -> bool:
        """Whether the text's SID was recorded with what followed from it."""
        return self in _RECORDED


_RECORDED = frozenset({Effect.ACKNOWLEDGED, Effect.OPTED_OUT, Effect.OPTED_IN, Effect.ELSEWHERE})


@dataclass(slots=True)
class RepliesReport:
    """What one look did, for the log: how many texts had which effect, and what went wrong."""

    effects: Counter[Effect] = field(default_factory=Counter)
    trouble: list[str] = field(default_factory=list)

    @property
    def read(self) -> int:
        """How many texts were new."""
        return self.effects.total()


def read_replies(ports: DispatchPorts, until: datetime, *, awaited: bool = True) -> RepliesReport:
    """Deal with what came in since the last look, if it is time for one.

    `awaited` says that texts are out right now. Raises nothing of ours: what could not be done is
    in the report, and is done at the next look.
    """
    report = RepliesReport()
    if ports.inbox is None:
        return report
    try:
        _Look(ports, ports.inbox, until, report).run(awaited=awaited)
    except ConnectorError as error:
        report.trouble.append(error.code)
        ports.telemetry.warning("replies_not_read", code=error.code, reason=error.safe_message)
    if report.read:
        counts = {effect.value: float(count) for effect, count in report.effects.items()}
        ports.telemetry.event("replies_read", **counts)
    return report


class _Look:
    """One look into the inbox."""

    def __init__(
        self, ports: DispatchPorts, inbox: Inbox, until: datetime, report: RepliesReport
    ) -> None:
        self._ports = ports
        self._inbox = inbox
        self._until = until
        self._report = report
        self._outdated: frozenset[str] = frozenset()

    def run(self, *, awaited: bool) -> None:
        """Read what is new, act on it, move the mark."""
        now = self._ports.clock.now()
        if now >= self._until:
            return
        stored = self._ports.alerts.inbox_mark()
        if stored and not self._is_time(stored, now, awaited=awaited):
            if awaited and not self._lately(stored, now):
                self._ports.alerts.move_inbox_mark(replace(stored, awaited_at=now))
            return
        mark = stored or InboxMark(read_until=now, looked_at=now)
        done = self._deal_with(self._new_texts(mark))
        oldest = now - seconds(self._ports.timings.receipt_patience)
        self._ports.alerts.move_inbox_mark(
            InboxMark(
                # What cannot be dealt with is not tried for ever: the list would only grow longer.
                read_until=now if done else max(mark.read_until, oldest),
                looked_at=now,
                awaited_at=now if awaited else mark.awaited_at,
            )
        )

    def _is_time(self, mark: InboxMark, now: datetime, *, awaited: bool) -> bool:
        often = awaited or self._lately(mark, now)
        interval = self._ports.timings.reply_interval * (1 if often else IDLE)
        return now - mark.looked_at >= seconds(interval - min(LATE_START, interval / 4))

    def _lately(self, mark: InboxMark, now: datetime) -> bool:
        """Whether somebody got a text not long ago: replies may take their time."""
        patience = seconds(self._ports.timings.receipt_patience)
        return mark.awaited_at is not None and now - mark.awaited_at < patience

    def _new_texts(self, mark: InboxMark) -> list[InboundText]:
        """What nobody acted on yet, oldest first; the provider may list it late."""
        timings = self._ports.timings
        since = mark.read_until - seconds(timings.grace + timings.list_lookback)
        texts = list(self._inbox.received_since(since))
        known = self._ports.alerts.known_sids([text.sid for text in texts]) if texts else set()
        self._outdated = _outdated(texts, known)
        return [text for text in reversed(texts) if text.sid not in known]

    # -------------------------------------------------------------------- what follows from them
    def _deal_with(self, texts: Sequence[InboundText]) -> bool:
        """Act on the texts; false where one is left for the next look."""
        if not texts:
            return True
        people = self._ports.approvers.everybody()
        done, plain = True, []
        for text in texts:
            if self._ports.clock.now() >= self._until:
                done = False
                break
            owners = [person for person in people if person.phone and person.phone == text.sender]
            effect = self._effect_of(text, owners)
            if effect is None:
                done = False
                continue
            self._report.effects[effect] += 1
            if not effect.recorded:
                plain.append(text.sid)
        self._record(plain)
        return done

    def _effect_of(self, text: InboundText, owners: Sequence[Approver]) -> Effect | None:
        """Whatever goes wrong with one text, the others have their turn; None where it did."""
        try:
            return self._act_on(text, owners)
        except StoreConflict as error:
            if acted_on(error):
                return Effect.ELSEWHERE
            self._say_failed(text, error.code, error.safe_message)
        except ConnectorError as error:
            self._say_failed(text, error.code, error.safe_message)
        except Exception as error:  # noqa: BLE001 - see above
            # Only where it happened: what an error of this kind says may quote a text or a number.
            place = traceback.extract_tb(error.__traceback__)[-1]
            self._say_failed(text, type(error).__name__, f"{place.name}, line {place.lineno}")
        return None

    def _say_failed(self, text: InboundText, code: str, reason: str) -> None:
        self._report.trouble.append(code)
        self._ports.telemetry.warning("reply_failed", sid=text.sid, code=code, reason=reason)

    def _act_on(self, text: InboundText, owners: Sequence[Approver]) -> Effect:
        if not owners:
            return Effect.STRANGER
        if text.sid in self._outdated:
            return Effect.OUTDATED
        reply = read_reply(text.body)
        effect = Effect.UNKNOWN
        match reply.kind:
            case ReplyKind.STOP:
                changed = self._wish(text, owners, texts=False)
                effect = Effect.OPTED_OUT if changed else Effect.KNOWN
            case ReplyKind.START:
                # YES is such a word too: who was never out means something else by it.
                changed = self._wish(text, owners, texts=True)
                effect = Effect.OPTED_IN if changed else Effect.UNKNOWN
            case ReplyKind.HELP:
                effect = Effect.HELP
            case ReplyKind.SEEN:
                effect = self._seen(text, reply, owners)
        if effect is Effect.UNKNOWN:
            self._ports.telemetry.event("reply_unknown", approver=owners[0].id)
        return effect

    def _seen(self, text: InboundText, reply: Reply, owners: Sequence[Approver]) -> Effect:
        seen = acknowledge(text, reply, owners, self._ports, self._until)
        if seen is None:
            return Effect.UNKNOWN
        return Effect.ACKNOWLEDGED if seen else Effect.LATE

    def _wish(self, text: InboundText, owners: Sequence[Approver], *, texts: bool) -> bool:
        wish = Wish(texts=texts, source=REPLY, number=text.sender, reply=text.sid)
        return bool(fulfil(wish, [person.id for person in owners], self._ports, self._until))

    def _record(self, sids: Sequence[str]) -> None:
        """So that what nothing follows from is read, and counted, once."""
        for start in range(0, len(sids), TOGETHER):
            records = tuple(SidRecord(sid, NOTHING) for sid in sids[start : start + TOGETHER])
            # Not the first: somebody else reads along. What is left of these is known to them, or
            # read again.
            change = Change(self._ports.new_id(), sids=records)
            commit_if_first(change, self._ports, self._until)


def _outdated(texts: Sequence[InboundText], known: Collection[str]) -> frozenset[str]:
    """The SIDs of wishes that came before another one, of the same number, that was heard already.

    `texts` is the list, newest first. Whatever is new in it stands with all that came later: the
    list begins no later than the oldest text that may still be new.
    """
    heard: dict[str, ReplyKind] = {}
    found = set()
    for text in texts:
        kind = read_reply(text.body).kind
        if kind not in (ReplyKind.STOP, ReplyKind.START):
            continue
        if text.sid in known:
            heard.setdefault(text.sender, kind)
        elif heard.get(text.sender, kind) is not kind:
            found.add(text.sid)
    return frozenset(found)
