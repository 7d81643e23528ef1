"""What the phones got, held against what was due, and what the tables say of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ml_connector.domain.dispatches import DispatchState
from ml_connector.store.models import DispatchItem
from sandbox.world import LocalWorld

from .people import Place

#: Settled, or to be looked at again for a price or a late receipt alone.
_OVER = frozenset(
    {
        DispatchState.DELIVERED,
        DispatchState.CONFIRMED,
        DispatchState.NOT_SENT,
        DispatchState.UNDELIVERED,
        DispatchState.FAILED,
    }
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who was not told, who was told twice, and which dispatches were not followed to their end.

    No phone fails here, so a second message to one is always one too many.
    """

    alerts: int
    missing: Sequence[str] = ()
    twice: Sequence[str] = ()
    astray: Sequence[str] = ()
    lines: Sequence[str] = field(default=())

    @property
    def clean(self) -> bool:
        """Everybody was told once, and that is known."""
        return not (self.missing or self.twice or self.astray)


def judge(world: LocalWorld, places: Sequence[Place]) -> Verdict:
    """Compare Twilio's own log with who was to be told."""
    got = Counter(one.recipient for one in world.twilio.accepted() if one.kind != "call")
    due = [
        (person, phone)
        for place in places
        for person, phone in zip(place.people, place.phones, strict=True)
    ]
    return Verdict(
        len(due),
        missing=[person for person, phone in due if not got[phone]],
        twice=[person for person, phone in due if got[phone] > 1],
        astray=_astray(world),
    )


def _astray(world: LocalWorld) -> list[str]:
    ids = [str(row.id) for row in DispatchItem.scan(DispatchItem.sk == "dispatch")]
    found = world.alerts.dispatches(ids)
    unread = set(ids) - {dispatch.id for dispatch in found}
    return sorted(unread | {d.id for d in found if d.state not in _OVER})
