"""The past replayed through a flow: how many alerts to whom, at which hour, over which channel.

As if nobody had replied or pressed a key: what is counted is what the flow sends until Intacct
shows the bill handled. Texts that would be joined into one count one by one. People and their
hours are as they are today.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ml_connector.domain.approvers import Approver
from ml_connector.domain.books import Books
from ml_connector.domain.flows import Flow
from ml_connector.domain.hours import zone_named
from ml_connector.settings import Timings

from .past import Happening
from .trying import Setting, Trial, attempt


@dataclass(slots=True)
class Tally:
    """What one flow makes of the past. Hours are those on the wall of whoever is told."""

    persons: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By approver id and channel."""
    hours: Counter[int] = field(default_factory=Counter)
    channels: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    """Events by the sentence that decided about them."""
    events: int = 0
    unmatched: int = 0
    """Events no rule speaks of."""
    unreachable: int = 0
    """Steps for which nobody was left to be told."""

    @property
    def alerts(self) -> int:
        """Texts and calls in all; further tries of a call are not counted."""
        return self.channels.total()

    @property
    def people(self) -> set[str]:
        """Everybody who is told."""
        return {who for who, _ in self.persons}

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "events": self.events,
            "unmatched": self.unmatched,
            "unreachable": self.unreachable,
            "alerts": self.alerts,
            "channels": dict(sorted(self.channels.items())),
            "persons": {
                who: {ch: n for (one, ch), n in sorted(self.persons.items()) if one == who}
                for who in sorted(self.people)
            },
            "hours": {str(hour): self.hours[hour] for hour in range(24) if self.hours[hour]},
            "rules": dict(self.rules),
        }


def replay(
    happened: Iterable[Happening],
    flow: Flow,
    books: Mapping[str, Books],
    people: Sequence[Approver],
    now: datetime,
    timings: Timings,
    done: Callable[[], None] = lambda: None,
) -> Tally:
    """Count what a flow would have sent until now, to companies with `books`.

    `done` is called after each event.
    """
    tally = Tally()
    settings = {key: Setting(flow, found, people, timings) for key, found in books.items()}
    for each in happened:
        tally.events += 1
        setting = settings.get(each.document.company)
        if setting is None or flow.company(each.document.company) is None:
            tally.unmatched += 1
        else:
            until = min(each.until, now) if each.until else now
            trial = attempt(each.document, each.kind, setting, each.at, until=until)
            _count(trial, tally)
        done()
    return tally


def _count(trial: Trial, tally: Tally) -> None:
    if trial.decision is None:
        tally.unmatched += 1
        return
    tally.rules[trial.decision.sentence] += 1
    for told in trial.told:
        if not told.text:
            tally.unreachable += 1
        elif told.sent_at:
            zone = zone_named(told.zone) or trial.zone
            tally.persons[told.recipient, told.channel] += 1
            tally.channels[told.channel] += 1
            tally.hours[told.sent_at.astimezone(zone).hour] += 1
