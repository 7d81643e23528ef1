"""What the phones got, held against what was due, and what the tables say of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ml_connector.domain.dispatches import DispatchState
from ml_connector.store.models import DispatchItem
from sandbox.aws.local import ROOT
from sandbox.aws.stack import STACK_NAME
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


def audited(world: LocalWorld) -> list[str]:
    """What `ml-connector audit verify` finds wrong; the command itself, as an auditor types it."""
    words = [sys.executable, "-m", "cli", "audit", "verify", "--stack", STACK_NAME, "--json"]
    done = subprocess.run(
        words,
        cwd=ROOT,
        env=world.aws.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    try:
        said = json.loads(done.stdout)
    except ValueError:
        return [done.stderr.strip() or f"no answer, and exit code {done.returncode}"]
    broken = [str(one) for one in (*said["broken"], *said["roots"]["problems"])]
    return broken if said["entries"] else ["the trail is empty"]


def _astray(world: LocalWorld) -> list[str]:
    ids = [str(row.id) for row in DispatchItem.scan(DispatchItem.sk == "dispatch")]
    found = world.alerts.dispatches(ids)
    unread = set(ids) - {dispatch.id for dispatch in found}
    return sorted(unread | {d.id for d in found if d.state not in _OVER})
