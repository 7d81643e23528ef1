"""The alerts table: cases, alerts, dispatches, provider ids, counters, pauses."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime

from ml_connector.domain.cases import Alert
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.fairness import in_turn
from ml_connector.domain.instants import from_text, to_millis, to_text
from ml_connector.domain.replies import InboxMark
from ml_connector.domain.standstill import Restoring, Standstill
from ml_connector.domain.unit_of_work import CaseFile, Change, ReferenceRecord
from ml_connector.errors import StoreConflict
from ml_connector.settings import FAIR_WINDOW

from .connection import SharedConnection
from .inbox_items import MARK_KEYS, mark_item, mark_of, recipient_key, reference_of, sent_since
from .mapping import (
    alert_of,
    case_keys,
    case_of,
    dispatch_keys,
    dispatch_of,
    instant_of,
    text_of,
)
from .models import (
    BLANK_SHARD,
    CASE_SHARD,
    DUE_SHARD,
    AlertItem,
    CaseItem,
    DispatchItem,
    DueIndex,
    InboxItem,
    PauseItem,
    ReferenceItem,
    SidItem,
    WatchedItem,
)
from .readable import readable
from .transaction import translated, write

#: The key of what a restore leaves with the functions.
RESTORE = "restore"


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
        pk, sk = case_keys(case_id)
        with translated():
            try:
                item = CaseItem.get(pk, sk, consistent_read=True)
            except CaseItem.DoesNotExist:
                return None
            with readable(f"case {case_id}"):
                case = case_of(item)
        return CaseFile(case, self.alerts_of(case_id))

    def alerts_of(self, case_id: str) -> tuple[Alert, ...]:
        """The alerts of a case, in the order of its plan; the case itself may be gone."""
        pk, _ = case_keys(case_id)
        with translated():
            rows = AlertItem.query(pk, AlertItem.sk.startswith("alert#"), consistent_read=True)
            with readable(f"case {case_id}"):
                alerts: list[Alert] = [alert_of(row) for row in rows]
        return tuple(sorted(alerts, key=lambda a: (a.step, a.occurrence, a.id)))

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

    def paused_until(self, company: str) -> datetime | None:
        """When the company's sends may go on, or None when they were never stopped."""
        with translated():
            try:
                item = PauseItem.get(f"pause#{company}", "pause", consistent_read=True)
            except PauseItem.DoesNotExist:
                return None
        return from_text(item.until)

    def standstill(self, company: str) -> Standstill:
        """Whether the company's sends are stopped, and whether tables are being put back."""
        keys = [(key, "pause") for key in dict.fromkeys((f"pause#{company}", RESTORE))]
        with translated():
            rows = {row.pk: row for row in PauseItem.batch_get(keys, consistent_read=True)}
        restore, pause = rows.pop(RESTORE, None), rows.get(f"pause#{company}")
        return Standstill(
            from_text(pause.until) if pause else None,
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

    def pause(self, company: str, until: datetime, reason: str) -> None:
        """Stop a company's sends; an earlier end never replaces a later one."""
        text = to_text(until)
        item = PauseItem(f"pause#{company}", "pause", until=text, reason=reason)
        try:
            with translated():
                item.save(condition=PauseItem.until.does_not_exist() | (PauseItem.until < text))
        except StoreConflict:
            return

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


def _watched_keys(company: str) -> tuple[str, str]:
    return f"watched#{company}", "mark"


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
