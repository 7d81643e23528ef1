"""The approvers table."""

from __future__ import annotations

from collections.abc import Callable

from ml_connector.domain.approvers import Approver
from ml_connector.domain.masking import KNOWN
from ml_connector.errors import StoreError

from .approver_items import approver_item, approver_of
from .models import ApproverItem
from .readable import readable
from .transaction import assignments, follows, translated

#: Rows of one answer to a scan. A row is well under a kilobyte.
PAGE = 500


class DynamoApproverStore:
    """The ApproverStore port on DynamoDB, and the importer's side of it.

    A row that makes no sense, for it was edited by hand, is nobody: whoever it was is not told, the
    next one is, and everybody else is as before. `damaged` is told its id, once.
    """

    def __init__(self, damaged: Callable[[str], None] = lambda _: None) -> None:
        self._damaged = damaged
        self._said: set[str] = set()

    def approver(self, approver_id: str) -> Approver | None:
        """One person."""
        with translated():
            try:
                row = ApproverItem.get(approver_id, consistent_read=True)
            except ApproverItem.DoesNotExist:
                return None
        return self._read(row)

    def everybody(self) -> list[Approver]:
        """All people by id, consistently; a page at a time is read, and all are kept."""
        with translated():
            rows = list(ApproverItem.scan(consistent_read=True, page_size=PAGE))
        people = (self._read(row) for row in rows)
        return sorted((one for one in people if one), key=lambda person: person.id)

    def _read(self, row: ApproverItem) -> Approver | None:
        person = _known(row)
        if person is None and row.pk not in self._said:
            self._said.add(row.pk)
            self._damaged(row.pk)
        return person

    def save(self, approver: Approver) -> None:
        """Store a person as `version`: 1 must not exist yet, n replaces n - 1.

        For what the audit need not know; everything else is a `PersonWrite` of a change. Raises
        StoreConflict when somebody else was first.
        """
        item = approver_item(approver)
        with translated():
            if approver.version == 1:
                item.save(condition=ApproverItem.pk.does_not_exist())
            else:
                item.update(actions=assignments(item), condition=follows(approver))

    def bury(self, approver: Approver) -> None:
        """Erase a person whose chain has ended already: the whole row gives way to what is left.

        Raises StoreConflict when somebody else was first.
        """
        with translated():
            approver_item(approver).save(condition=follows(approver))

    def put(self, approver: Approver) -> None:
        """Store a person, replacing whatever was there: for a world that is being set up."""
        with translated():
            approver_item(approver).save()


def _known(row: ApproverItem) -> Approver | None:
    """The person in a row; None where it makes no sense.

    From here on no line of a log holds their name or number.
    """
    name, phone = (word if isinstance(word, str) else "" for word in (row.name, row.phone))
    KNOWN.add(name, phone)
    try:
        with readable(f"approver {row.pk}"):
            return approver_of(row)
    except StoreError:
        return None
