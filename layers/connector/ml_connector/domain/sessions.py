"""Gateway sessions as they are shared: whose they are, how long they live, and refused logins."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from urllib.parse import quote

from .frozen import frozen


@frozen
class SessionKey:
    """Whose session: all four decide what a session may see."""

    sender_id: str
    company_id: str
    user_id: str
    entity_id: str

    def __str__(self) -> str:
        """One text per key, usable as a partition key; the parts cannot run into one another."""
        parts = (self.sender_id, self.company_id, self.user_id, self.entity_id)
        return "/".join(quote(part, safe="") for part in parts)


@frozen
class StoredSession:
    """A session anyone with the same key may use until `expires_at`.

    From `refresh_at` on, whoever comes first gets a new one while the others go on with this.
    """

    session_id: str = field(repr=False)
    endpoint: str
    opened_at: datetime
    refresh_at: datetime
    expires_at: datetime


@frozen
class LoginHold:
    """No login before `until`: `failures` in a row have been refused.

    It holds for the credentials of that `version` only. `final` is false where the refusal may
    have been the gateway's own trouble.
    """

    until: datetime
    failures: int
    version: str
    final: bool = True


@frozen
class SessionRecord:
    """All that is stored under one key."""

    session: StoredSession | None = None
    hold: LoginHold | None = None
