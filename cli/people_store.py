"""Writing people: a row and the audit entry that goes with it, together or not at all.

The audit says what changed and who changed it, never a name or a number: of a number it holds the
fingerprint under the person's salt.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property

from ml_connector.aws.clock import SystemClock
from ml_connector.domain.approvers import Approver, forgotten
from ml_connector.domain.audit import Json, entry_after
from ml_connector.domain.chains import CLOSING
from ml_connector.domain.notices import Notice
from ml_connector.domain.phone import fingerprint
from ml_connector.domain.unit_of_work import Change, PersonWrite
from ml_connector.errors import StoreConflict
from ml_connector.store.audit import DynamoAuditTrail
from ml_connector.usecases.commit import commit

from .console.failures import Failure
from .deployment import Deployment
from .people_plan import Effect, Planned

#: People written in one transaction: two parts each, of the hundred it may have.
TOGETHER = 40
#: How long DynamoDB may not answer before a command gives up, and how often another writer wins.
PATIENCE = timedelta(seconds=20)
TRIES = 5

#: The last entry of a person's chain.
FORGOTTEN = "person.forgotten"

_KINDS = {
    Effect.ADDED: "person.imported",
    Effect.CHANGED: "person.changed",
    Effect.LEFT: "person.removed",
}


class PeopleStore:
    """The people of a deployment, changed by one caller for one reason."""

    def __init__(self, deployment: Deployment, *, reason: str = "") -> None:
        self._deployment = deployment
        self._reason = reason
        self._clock = SystemClock()

    @property
    def deployment(self) -> Deployment:
        """Where they are."""
        return self._deployment

    def everybody(self) -> list[Approver]:
        """All people by id, without those who were forgotten."""
        return [each for each in self._deployment.approvers.everybody() if not each.forgotten_at]

    def forgotten(self) -> dict[str, datetime]:
        """The ids of those who were forgotten, and when."""
        everybody = self._deployment.approvers.everybody()
        return {each.id: each.forgotten_at for each in everybody if each.forgotten_at}

    def known(self, approver_id: str) -> Approver | None:
        """What there is under an id, if only that its person was forgotten."""
        return self._deployment.approvers.approver(approver_id)

    def person(self, approver_id: str) -> Approver:
        """One person. Raises Failure for an id nobody has, and for one nobody has any more."""
        found = self.known(approver_id)
        if found is None:
            raise Failure(
                f"nobody has the id {approver_id!r}; "
                "`ml-connector approvers export` lists everybody"
            )
        if found.forgotten_at:
            raise Failure(f"{approver_id!r} was forgotten on {found.forgotten_at:%Y-%m-%d}")
        return found

    def amend(
        self,
        approver_id: str,
        kind: str,
        data: Mapping[str, Json],
        change: Callable[[Approver], Approver] = lambda person: person,
        notice: Callable[[Approver], Notice | None] = lambda _: None,
    ) -> Approver:
        """Change one person and add an entry to their chain; the person as stored.

        `change` is given what is stored now; it may raise where that is no longer what the caller
        looked at. `notice` is what they are told of it, in the same transaction. Raises Failure
        where others keep being first.
        """
        said = {**self._signed(), **data}
        for _ in range(TRIES):
            before = self.person(approver_id)
            after = replace(change(before), version=before.version + 1)
            write = self._write(before, after, kind, said)
            try:
                self._commit([write], notice(after))
            except StoreConflict:
                continue
            return replace(after, head=write.entry.head)
        raise Failure(f"{approver_id} is being changed by others again and again; try again")

    def forget(self, approver_id: str) -> None:
        """Erase a person's row and end their chain, in one transaction; nothing may follow it.

        A row that came back from a backup after that finds its chain ended, and is erased alone.
        Raises Failure where others keep being first.
        """
        trail = DynamoAuditTrail()
        for _ in range(TRIES):
            before, now = self.person(approver_id), self._clock.now()
            after, last = forgotten(before, now), trail.last(before.chain)
            try:
                if last and last.kind in CLOSING:
                    self._deployment.approvers.bury(replace(after, head=last.head))
                else:
                    data = self._signed()
                    entry = entry_after(before.head, before.chain, now, FORGOTTEN, data)
                    self._commit([PersonWrite(after, entry)])
            except StoreConflict:
                continue
            return
        raise Failure(f"{approver_id} is being changed by others again and again; try again")

    def apply(
        self, planned: Sequence[Planned], done: Callable[[int], None] = lambda _: None
    ) -> None:
        """Write an import; `done` is told how many people are written after each transaction.

        Up to 40 changes are one transaction, more are several. Raises Failure where somebody else
        changed one of the people since they were read: what was written until then stays.
        """
        writes = [self._import_of(one) for one in planned if one.effect is not Effect.UNCHANGED]
        for start in range(0, len(writes), TOGETHER):
            batch = writes[start : start + TOGETHER]
            try:
                self._commit(batch)
            except StoreConflict as error:
                raise Failure(
                    f"somebody else changed people just now; {start} of {len(writes)} changes are "
                    "written; look at what is there, and import again",
                    error.failed,
                ) from error
            done(start + len(batch))

    # ------------------------------------------------------------------------- writing
    def _import_of(self, planned: Planned) -> PersonWrite:
        before, after = planned.before, planned.after
        data: dict[str, Json] = {**self._signed(), "fields": list(planned.fields)}
        if before is None or "phone" in planned.fields:
            data |= {"number": fingerprint_of(after), "opted_out": after.opted_out}
        if before is None or {"phone", "line_type"} & set(planned.fields):
            data["line_type"] = after.line_type
        if before and "phone" in planned.fields:
            data["number_before"] = fingerprint_of(before)
        return self._write(before or after, after, _KINDS[planned.effect], data)

    def _signed(self) -> dict[str, Json]:
        return {"by": self._caller, "reason": self._reason}

    @cached_property
    def _caller(self) -> str:
        return self._deployment.caller()

    def _write(
        self, before: Approver, after: Approver, kind: str, data: Mapping[str, Json]
    ) -> PersonWrite:
        entry = entry_after(before.head, before.chain, self._clock.now(), kind, data)
        return PersonWrite(after, entry)

    def _commit(self, writes: Sequence[PersonWrite], notice: Notice | None = None) -> None:
        approvers, first = self._deployment.approvers, writes[0].approver.id

        def stored_write_id() -> str | None:
            found = approvers.approver(first)
            return found.write_id if found else None

        commit(
            self._deployment.alerts,
            Change(
                write_id=str(uuid.uuid4()),
                people=tuple(writes),
                cases=(notice.case,) if notice else (),
                alerts=(notice.alert,) if notice else (),
                dispatches=(notice.dispatch,) if notice else (),
            ),
            stored_write_id=stored_write_id,
            clock=self._clock,
            until=self._clock.now() + PATIENCE,
            sleep=time.sleep,
        )


def fingerprint_of(person: Approver) -> str:
    """What the audit holds of a person's number; empty where there is none."""
    return fingerprint(person.salt, person.phone) if person.salt and person.phone else ""
