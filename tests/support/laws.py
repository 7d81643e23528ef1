"""What every write of the protocol has to respect, whoever makes it.

The law-abiding store stands before the one in memory in every world, so each test, whatever it is
about, is also a test of the state diagram and of the audit.
"""

from __future__ import annotations

from dataclasses import fields

from ml_connector.domain.dispatches import STEPS, UNRECORDED, Dispatch, DispatchState
from ml_connector.domain.plans import SMS_ATTEMPTS
from ml_connector.domain.pricing import awaits_price
from ml_connector.domain.unit_of_work import Change
from ml_connector.usecases.catching_up import CAUGHT_UP

from .memory_store import MemoryAlertStore, Tables

#: The dispatch's own story: no write changes these.
FIXED = ("company", "channel", "recipient", "members", "text", "reference", "created_at")
#: What may change without anybody having to hear of it.
QUIET = frozenset(
    {
        "look_at",
        "rings",
        "provider_status",
        "version",
        "write_id",
        "price",
        "price_unit",
        "segments",
        "duration",
        "blank_at",
        "blanked_at",
    }
)
FINAL = frozenset(
    {
        DispatchState.DELIVERED,
        DispatchState.UNDELIVERED,
        DispatchState.FAILED,
        DispatchState.CONFIRMED,
        DispatchState.DECLINED,
        DispatchState.UNANSWERED,
        DispatchState.MACHINE,
    }
)


class LawBroken(BaseException):
    """A write that may not be. A BaseException, so that no use case can make light of it."""


class LawfulAlertStore(MemoryAlertStore):
    """The store in memory, which refuses to take part in what the design forbids."""

    def __init__(self, tables: Tables, max_attempts: int = SMS_ATTEMPTS) -> None:
        super().__init__(tables)
        self._max_attempts = max_attempts

    def commit(self, change: Change) -> None:
        before = {d.id: self.tables.dispatches.get(d.id) for d in change.dispatches}
        known = change.write_id in self.tables.tokens
        super().commit(change)
        if known:
            return
        caught_up = any(entry.kind == CAUGHT_UP for entry in change.entries)
        for dispatch in change.dispatches:
            if caught_up:
                _judge_restored(before[dispatch.id], dispatch)
            else:
                self._judge(before[dispatch.id], dispatch, change)

    def _judge(self, before: Dispatch | None, after: Dispatch, change: Change) -> None:
        _require(after.attempt <= self._max_attempts, after, "more attempts than the plan allows")
        if before is None:
            in_doubt = after.state is DispatchState.UNKNOWN and after.reason == UNRECORDED
            _require(
                in_doubt or after.state is DispatchState.WAITING, after, "born in another state"
            )
            _require(bool(change.entries), after, "made without an audit entry")
            return
        changed = {f.name for f in fields(Dispatch) if _differs(f.name, before, after)}
        for name in FIXED:
            _require(name not in changed, after, f"its {name} changed")
        doubted = before.state is DispatchState.WAITING and after.state is DispatchState.UNKNOWN
        unasked = doubted and after.reason != UNRECORDED
        _require(not unasked, after, f"{before.state} became {after.state}")
        rests = before.state in FINAL and changed <= QUIET and _at_rest(after)
        legal = after.state in STEPS[before.state] or rests
        still = after.state is before.state and changed <= QUIET
        _require(legal or still, after, f"{before.state} became {after.state}")
        if not changed <= QUIET:
            told = {entry.chain for entry in change.entries}
            for member in after.members:
                _require(f"case#{member.case_id}" in told, after, f"silently changed {changed}")
        if after.state in FINAL:
            _require(_at_rest(after), after, "settled and still looked at")


def _judge_restored(before: Dispatch | None, after: Dispatch) -> None:
    """What a case catches up on is not a step: but nothing becomes less certain, or is claimed."""
    _require(after.state is not DispatchState.SENDING, after, "claimed by nobody")
    if before is None:
        return
    changed = {f.name for f in fields(Dispatch) if _differs(f.name, before, after)}
    for name in set(FIXED) - {"members", "text"}:
        _require(name not in changed, after, f"its {name} changed")
    _require(set(before.members) <= set(after.members), after, "it lost members")
    _require(not before.sid or after.sid == before.sid, after, "it lost its SID")


def _at_rest(dispatch: Dispatch) -> bool:
    """Whether nobody looks at a settled dispatch any more, but perhaps for its price."""
    return dispatch.look_at is None or awaits_price(dispatch)


def _differs(name: str, before: Dispatch, after: Dispatch) -> bool:
    return bool(getattr(before, name) != getattr(after, name))


def _require(holds: bool, dispatch: Dispatch, complaint: str) -> None:
    if not holds:
        raise LawBroken(f"{dispatch.id}: {complaint}")
