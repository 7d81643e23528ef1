"""The alerts table: cases, alerts, dispatches, provider ids, counters, pauses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime

from pynamodb.expressions.condition import Condition

from ml_connector.domain.cases import Alert
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.fairness import in_turn
from ml_connector.domain.instants import from_text, to_millis, to_text
from ml_connector.domain.replies import InboxMark
from ml_connector.domain.standstill import Pause, Restoring, Standstill
from ml_connector.domain.unit_of_work import CaseFile, Change, LineRecord, ReferenceRecord
from ml_connector.errors import StoreConflict
from ml_connector.settings import FAIR_WINDOW

from .attributes import instant_of, text_of
from .case_items import alert_of, case_keys, case_of
from .connection import SharedConnection
from .dispatch_items import dispatch_keys, dispatch_of
from .inbox_items import MARK_KEYS, mark_item, mark_of, recipient_key, reference_of, sent_since
from .models import (
    ALERT_KEYS,
    BLANK_SHARD,
    CASE_SHARD,
    DUE_SHARD,
    AlertItem,
    CaseItem,
    CaseRow,
    DispatchItem,
    DueIndex,
    InboxItem,
    PauseItem,
    ReferenceItem,
    SidItem,
    WatchedItem,
)
from .pause_items import pause_item, pause_keys, pause_of
from .readable import readable
from .transaction import translated, write

#: The key of what a restore leaves with the functions.
RESTORE = "restore"
_RESTORE_KEYS = (RESTORE, "pause")
_NO_PROBE = PauseItem.probe.does_not_exist()


class DynamoAlertStore:
    """The AlertStore port on DynamoDB. Every read that decides anything is consistent."""

    def __init__(self, connection: SharedConnection) -> None:
        self._connection = connection

    def dispatch(self, dispatch_id: str) -> Dispatch | None:
        """One dispatch."""
        with translated():
            try:
                pk, sk = dispatch_keys(dispatch_id)
                item = DispatchItem.get(pk, sk, consistent_read=True)
                with readable(f"dispatch {dispatch_id}"):
                    return dispatch_of(item)
            except DispatchItem.DoesNotExist:
                return None

    def dispatches(self, dispatch_ids: Sequence[str]) -> list[Dispatch]:
        """The dispatches with these ids, in no order; unknown ids are left out.

        So is what this version cannot read: a newer one may know more states.
        """
        keys = [dispatch_keys(dispatch_id) for dispatch_id in dispatch_ids]
        found: list[Dispatch] = []
        with translated():
            for item in DispatchItem.batch_get(keys, consistent_read=True):
                with suppress(ValueError):
                    found.append(dispatch_of(item))
        return found

    def case_file(self, case_id: str) -> CaseFile | None:
        """A case with all its alerts."""
        pk, _ = case_keys(case_id)
        with translated(), readable(f"case {case_id}"):
            rows: list[object] = list(CaseRow.query(pk, consistent_read=True))
            case = next((case_of(row) for row in rows if isinstance(row, CaseItem)), None)
            alerts = _in_order(row for row in rows if isinstance(row, AlertItem))
        return CaseFile(case, alerts) if case else None

    def alerts_of(self, case_id: str) -> tuple[Alert, ...]:
        """The alerts of a case, in the order of its plan; the case itself may be gone."""
        pk, _ = case_keys(case_id)
        with translated(), readable(f"case {case_id}"):
            return _in_order(
                AlertItem.query(pk, AlertItem.sk.startswith(ALERT_KEYS), consistent_read=True)
            )

    def sid_owner(self, sid: str) -> str | None:
        """The dispatch a provider's id is recorded for."""
        with translated():
            try:
                return str(SidItem.get(f"sid#{sid}", "sid", consistent_read=True).dispatch)
            except SidItem.DoesNotExist:
                return None

    def known_sids(self, sids: Sequence[str]) -> set[str]:
        """Those of the provider's ids that are recorded for anything."""
        keys = [(f"sid#{sid}", "sid") for sid in dict.fromkeys(sids)]
        with translated():
            rows = SidItem.batch_get(keys, consistent_read=True)
            return {str(row.pk).removeprefix("sid#") for row in rows}

    def references(self, recipient: str, since: datetime) -> list[ReferenceRecord]:
        """What was texted to a person since then, newest first."""
        with translated():
            rows = ReferenceItem.query(
                recipient_key(recipient),
                ReferenceItem.sk >= sent_since(since),
                scan_index_forward=False,
                consistent_read=True,
            )
            return [reference_of(row) for row in rows]

    def last_call(self, line: str) -> LineRecord | None:
        """The last call to a number that carries nothing of ours."""
        from .line_items import line_of  # noqa: PLC0415 - only for such calls

        with translated():
            return line_of(line)

    def inbox_mark(self) -> InboxMark | None:
        """Where reading replies stands; None before the first look."""
        with translated():
            try:
                return mark_of(InboxItem.get(*MARK_KEYS, consistent_read=True))
            except InboxItem.DoesNotExist:
                return None

    def move_inbox_mark(self, mark: InboxMark) -> None:
        """Store where reading replies stands; an earlier look never replaces a later one."""
        item = mark_item(mark)
        no_later = InboxItem.looked_at <= item.looked_at
        try:
            with translated():
                item.save(condition=InboxItem.looked_at.does_not_exist() | no_later)
        except StoreConflict:
            return

    def look_due(self, until: datetime, limit: int) -> list[str]:
        """Ids of dispatches to look at by then; from an index that may lag.

        Oldest first, and where there are more, so that companies and people take turns.
        """
        return [name.removeprefix("dispatch#") for name in _due(DUE_SHARD, until, limit)]

    def cases_due(self, until: datetime, limit: int) -> list[str]:
        """Ids of cases to look at by then, in the order of `look_due`."""
        return [name.removeprefix("case#") for name in _due(CASE_SHARD, until, limit)]

    def blank_due(self, until: datetime, limit: int) -> list[str]:
        """Ids of dispatches to blank by then, oldest first; from an index that may lag."""
        with translated():
            rows = DispatchItem.due_index.query(
                BLANK_SHARD, DueIndex.look_at <= to_millis(until), limit=limit
            )
            return [str(row.pk).removeprefix("dispatch#") for row in rows]

    def standstill(self, company: str, channel: str = "") -> Standstill:
        """Whether sends of the company stand still, and whether tables are being put back.

        With a `channel` its own pause counts as well.
        """
        names = ("", channel) if channel else ("",)
        places = {pause_keys(company, name): name for name in names}
        with translated():
            keys = list({*places, _RESTORE_KEYS})
            rows = list(PauseItem.batch_get(keys, consistent_read=True))
        found = {(row.pk, row.sk): row for row in rows}
        restore = found.pop(_RESTORE_KEYS, None)
        return Standstill(
            tuple(pause_of(found[keys], name) for keys, name in places.items() if keys in found),
            Restoring(
                from_text(restore.until),
                restore.reason,
                instant_of(restore.since),
                instant_of(restore.wary_until),
            )
            if restore
            else None,
        )

    def stand_still(self, restoring: Restoring) -> None:
        """Stop everything until then, or let it go on by an instant that is over."""
        item = PauseItem(
            RESTORE,
            "pause",
            until=to_text(restoring.until),
            reason=restoring.reason,
            since=text_of(restoring.since),
            wary_until=text_of(restoring.wary_until),
        )
        with translated():
            item.save()

    def pause(self, company: str, pause: Pause) -> None:
        """Stop a company's sends, or those over one channel; never ends one that lasts longer."""
        item = pause_item(company, pause)
        _save_if(item, PauseItem.until.does_not_exist() | (PauseItem.until < item.until))

    def replace_pause(self, company: str, before: Pause, after: Pause) -> bool:
        """Put one pause in the place of the other; false where it is no longer there as it was."""
        return _save_if(
            pause_item(company, after),
            (PauseItem.until == to_text(before.until))
            & (PauseItem.probe == before.probe if before.probe else _NO_PROBE),
        )

    def watched(self, company: str) -> bool:
        """Whether the company was ever read whole, whatever its documents say."""
        with translated():
            try:
                WatchedItem.get(*_watched_keys(company), consistent_read=True)
            except WatchedItem.DoesNotExist:
                return False
        return True

    def note_watched(self, company: str, day: date) -> None:
        """Remember that the company was read whole on that day."""
        with translated():
            WatchedItem(*_watched_keys(company), day=day.isoformat()).save()

    def commit(self, change: Change) -> None:
        """Write a change as one transaction: all of it or nothing."""
        write(self._connection, change)


def _save_if(item: PauseItem, condition: Condition) -> bool:
    try:
        with translated():
            item.save(condition=condition)
    except StoreConflict:
        return False
    return True


def _watched_keys(company: str) -> tuple[str, str]:
    return f"watched#{company}", "mark"


def _in_order(rows: Iterable[AlertItem]) -> tuple[Alert, ...]:
    alerts: list[Alert] = [alert_of(row) for row in rows]
    return tuple(sorted(alerts, key=lambda a: (a.step, a.occurrence, a.id)))


def _due(shard: str, until: datetime, limit: int) -> list[str]:
    """The keys of what is due in one shard of the index, no more than `limit`."""
    with translated():
        found = DispatchItem.due_index.query(
            shard, DueIndex.look_at <= to_millis(until), limit=max(limit, FAIR_WINDOW)
        )
        rows = list(found)
    if len(rows) > limit:
        rows = in_turn(rows, lambda row: (row.company or "", row.recipient or ""))[:limit]
    return [str(row.pk) for row in rows]
