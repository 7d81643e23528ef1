"""What the daily list of somebody is called, and whether a bill on it still waits.

Apart from how lists are made: the send function asks this of every reminder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .ids import stable_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from .cases import Listed
    from .documents import Document


def list_id(company: str, person: str, day: date) -> str:
    """The id of the case of one person's list of one day on their wall."""
    return stable_id("daily list", company, person, day.isoformat())


def still_waits(listed: Listed, documents: Mapping[str, Document]) -> bool:
    """Whether a listed bill waits as it did when it was listed: in the same case."""
    document = documents.get(listed.document)
    if document is None or not document.waiting:
        return False
    if listed.case_id in document.open_cases:
        return True
    return listed.case_id == document.digest and not document.open_cases
