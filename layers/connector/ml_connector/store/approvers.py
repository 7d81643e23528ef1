"""The approvers table."""

from __future__ import annotations

from ml_connector.domain.approvers import Approver

from .mapping import approver_item, approver_of
from .models import ApproverItem
from .transaction import translated


class DynamoApproverStore:
    """The ApproverStore port on DynamoDB, and the importer's side of it."""

    def approver(self, approver_id: str) -> Approver | None:
        """One person."""
        with translated():
            try:
                return approver_of(ApproverItem.get(approver_id, consistent_read=True))
            except ApproverItem.DoesNotExist:
                return None

    def put(self, approver: Approver) -> None:
        """Store a person, replacing what was there."""
        with translated():
            approver_item(approver).save()

    def everyone(self) -> list[Approver]:
        """All people, by id."""
        with translated():
            return sorted((approver_of(item) for item in ApproverItem.scan()), key=lambda a: a.id)
