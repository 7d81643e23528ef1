"""The approvers table."""

from __future__ import annotations

from ml_connector.domain.approvers import Approver
from ml_connector.domain.masking import KNOWN

from .mapping import approver_item, approver_of
from .models import ApproverItem
from .transaction import assignments, follows, translated

#: Rows of one answer to a scan. A row is well under a kilobyte.
PAGE = 500


class DynamoApproverStore:
    """The ApproverStore port on DynamoDB, and the importer's side of it."""

    def approver(self, approver_id: str) -> Approver | None:
        """One person."""
        with translated():
            try:
                return _known(ApproverItem.get(approver_id, consistent_read=True))
            except ApproverItem.DoesNotExist:
                return None

    def everybody(self) -> list[Approver]:
        """All people by id, consistently; a page at a time is read, and all are kept."""
        with translated():
            rows = ApproverItem.scan(consistent_read=True, page_size=PAGE)
            return sorted((_known(item) for item in rows), key=lambda person: person.id)

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


def _known(item: ApproverItem) -> Approver:
    """The person in a row; from here on no line of a log holds their name or number."""
    person = approver_of(item)
    KNOWN.add(person.name, person.phone)
    return person
