"""A silence: no poll of a company has succeeded for too long.

A rule on `poll.failing` speaks of it as others speak of bills, but there is no document: no amount,
no vendor and no approver, so nothing of that can be asked for.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from .frozen import frozen

#: Stands where cases of bills name their document.
SYSTEM = "system"


@frozen
class Silence:
    """Nothing was read of this company since its last good poll; `wall` is the company's zone."""

    company: str
    since: datetime
    wall: tzinfo

    @property
    def id(self) -> str:
        """What its case names in the place of a document."""
        return SYSTEM

    @property
    def url(self) -> str:
        """There is no record to link to."""
        return ""

    @property
    def local(self) -> datetime:
        """Since when, as the company's wall shows it."""
        return self.since.astimezone(self.wall)
