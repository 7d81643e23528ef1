"""One simulated company: its tables, its settings, and how a change becomes visible.

A change is stamped when it is made and visible when it is committed. Most are both at once; a late
one (`visible_after`) holds its rows until then, as a transaction would, and then appears with the
older WHENMODIFIED. Every committed change is in `log`, in the order of commit.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from dataclasses import dataclass, field

from .catalog import OBJECTS, OWNED
from .clock import SandboxClock, iso
from .fields import ObjectType, Row, Value, to_json
from .settings import Settings
from .table import Table
from .tally import Tally

Json = dict[str, object]


class ConflictError(Exception):
    """An admin operation that the data do not allow; the message says why."""


class MissingError(ConflictError):
    """An admin operation on something that is not there."""


@dataclass(frozen=True, slots=True)
class Event:
    """One committed change of one record. Times are epoch seconds."""

    seq: int
    at: int
    kind: str
    object: str
    recordno: int
    by: str
    made_at: int
    """When it was made and stamped; earlier than `at` for a late commit."""
    before: Row | None
    after: Row | None

    def as_json(self, company: str) -> Json:
        """For the admin API: rows as their fields that are set."""
        return {
            "seq": self.seq,
            "at": iso(self.at),
            "kind": self.kind,
            "company": company,
            "object": self.object,
            "recordno": self.recordno,
            "by": self.by,
            "made_at": iso(self.made_at),
            "before": None if self.before is None else shown(self.object, self.before),
            "after": None if self.after is None else shown(self.object, self.after),
        }


@dataclass(slots=True)
class Change:
    """Rows to write together, and what to say about them."""

    by: str
    made_at: int
    rows: list[tuple[str, int, Row | None]] = field(default_factory=list)
    """Object, primary key, new row; None deletes."""
    notes: list[tuple[str, str, int]] = field(default_factory=list)
    """Event kind, object, primary key."""


class Company:
    """A world of its own. Callers hold `lock` while they read or write."""

    def __init__(
        self, company_id: str, clock: SandboxClock, settings: Settings, seed: int = 1
    ) -> None:
        self.id = company_id
        self.seed = seed
        self.clock = clock
        self.settings = settings
        self.lock = threading.RLock()
        self.tables: dict[str, Table] = {name: Table(kind) for name, kind in OBJECTS.items()}
        self.passwords: dict[str, str] = {}
        self.wrong_passwords: dict[str, int] = {}
        self.log: list[Event] = []
        self.deleted: dict[tuple[str, int], Row] = {}
        """Last row of what was deleted, for re-creation."""
        self.executed: set[str] = set()
        """Ids of functions run with uniqueid=true."""
        self.results: dict[str, object] = {}
        """Open results of readByQuery."""
        self.tally = Tally()
        self._pending: list[tuple[float, int, Change]] = []
        self._pending_count = 0
        self._numbers: dict[str, int] = {}

    # ------------------------------------------------------------------------------ reading
    def table(self, name: str) -> Table:
        """A table by object name. Raises KeyError."""
        return self.tables[name]

    def get(self, name: str, pk: int) -> Row:
        """One visible row. Raises MissingError."""
        row = self.tables[name].rows.get(pk)
        if row is None:
            raise MissingError(f"{name} {pk} does not exist")
        return row

    def value(self, name: str, pk: int, field_name: str) -> Value:
        """One field of one visible row."""
        return self.get(name, pk)[OBJECTS[name].position(field_name)]

    def entity(self, location: str) -> bool:
        """Whether a location is an entity one can sign in to."""
        return self.tables["LOCATIONENTITY"].one("LOCATIONID", location) is not None

    def check_password(self, user: str, password: str) -> bool:
        """Whether a user may sign in. Too many wrong passwords in a row lock the user out."""
        table, kind = self.tables["USERINFO"], OBJECTS["USERINFO"]
        row = table.one("LOGINID", user)
        if row is None or row[kind.position("STATUS")] != "active":
            return False
        if row[kind.position("LOGINDISABLED")] == "true":
            return False
        if self.passwords.get(user) == password:
            self.wrong_passwords.pop(user, None)
            return True
        self.wrong_passwords[user] = self.wrong_passwords.get(user, 0) + 1
        if 0 < self.settings.lock_after <= self.wrong_passwords[user]:
            number = row[kind.position("RECORDNO")]
            if isinstance(number, int):
                table.put(number, with_values(kind, row, {"STATUS": "lockedout"}))
        return False

    # ------------------------------------------------------------------------------ writing
    def next_number(self, name: str) -> int:
        """A record number of this object, never used before."""
        self._numbers[name] = self._numbers.get(name, 0) + 1
        return self._numbers[name]

    def make(self, name: str, values: dict[str, Value]) -> tuple[int, Row]:
        """A new row with a new number and its link; unknown fields raise KeyError."""
        kind = OBJECTS[name]
        pk = self.next_number(name)
        values = {**values, "RECORD_URL": self._link(name, pk)}
        if "RECORDNO" in kind.fields:
            values["RECORDNO"] = pk
        return pk, with_values(kind, (None,) * len(kind.fields), values)

    def _link(self, name: str, pk: int) -> str:
        digest = hashlib.sha256(f"{self.id}/{name}/{pk}".encode()).digest()
        opaque = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return f"https://www.intacct.com/ia/acct/ur.phtml?.r={opaque}"

    def commit(self, change: Change, visible_after: float = 0) -> None:
        """Make a change visible, now or so many seconds from now. Raises ConflictError.

        A row that waits for a late commit cannot be changed again before it is visible.
        """
        self.settle()
        held = {(name, pk) for _, _, late in self._pending for name, pk, _ in late.rows}
        for name, pk, _ in change.rows:
            if (name, pk) in held:
                raise ConflictError(f"{name} {pk} is locked by a change not yet committed")
        if visible_after > 0:
            self._pending_count += 1
            due = self.clock.now() + visible_after
            self._pending.append((due, self._pending_count, change))
            return
        self._apply(change, int(self.clock.now()))

    def settle(self) -> None:
        """Commit what has become due. Everything that reads calls this first."""
        if not self._pending:
            return
        now = self.clock.now()
        due = sorted(entry[:2] for entry in self._pending if entry[0] <= now)
        for at, number in due:
            change = next(late for _, n, late in self._pending if n == number)
            self._pending = [entry for entry in self._pending if entry[1] != number]
            self._apply(change, int(at))

    @property
    def pending(self) -> int:
        """Changes made but not yet visible."""
        return len(self._pending)

    def _apply(self, change: Change, at: int) -> None:
        before: dict[tuple[str, int], Row | None] = {}
        for name, pk, row in change.rows:
            table = self.tables[name]
            before[name, pk] = table.rows.get(pk)
            if row is not None:
                table.put(pk, row)
            elif pk in table.rows:
                self.deleted[name, pk] = table.rows[pk]
                table.remove(pk)
                self._remove_owned(name, pk)
        for kind, name, pk in change.notes:
            self._note(kind, name, pk, change, before.get((name, pk)), at)

    def _remove_owned(self, name: str, pk: int) -> None:
        owned, by = OWNED.get(name, ("", ""))
        if owned:
            number = OBJECTS[owned].position("RECORDNO")
            for row in self.tables[owned].find(by, pk):
                line = row[number]
                if isinstance(line, int):
                    self.deleted[owned, line] = row
                    self.tables[owned].remove(line)

    def _note(
        self, kind: str, name: str, pk: int, change: Change, before: Row | None, at: int
    ) -> None:
        row = self.tables[name].rows.get(pk)
        self.log.append(
            Event(
                seq=len(self.log) + 1,
                at=at,
                kind=kind,
                object=name,
                recordno=pk,
                by=change.by,
                made_at=change.made_at,
                before=before,
                after=row,
            )
        )
        number, audit = self.make(
            "AUDITHISTORY",
            {
                "ID": f"{change.made_at}-{len(self.log)}",
                "OBJECTTYPE": name.lower(),
                "OBJECTKEY": f"{pk}{self.settings.audit_key_suffix}",
                "USERID": change.by,
                "ACCESSTIME": change.made_at,
                "ACCESSMODE": _MODES.get(kind, "Workflow"),
                "WORKFLOWACTION": None if kind in _MODES else kind,
                "IPADDRESS": "192.0.2.10",
                "SOURCE": "ui",
            },
        )
        self.tables["AUDITHISTORY"].put(number, audit)


_MODES = {"create": "Create", "edit": "Modify", "delete": "Delete"}


def shown(name: str, row: Row) -> Json:
    """A row for the admin API: fields that are set."""
    return {
        entry.name: to_json(entry, row[entry.position])
        for entry in OBJECTS[name].fields.values()
        if row[entry.position] is not None
    }


def with_values(kind: ObjectType, row: Row, values: dict[str, Value]) -> Row:
    """A row with some fields replaced. Raises KeyError for an unknown field."""
    changed = list(row)
    for name, value in values.items():
        changed[kind.position(name)] = value
    return tuple(changed)
