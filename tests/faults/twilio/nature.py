"""How the surroundings of all runs of an epoch behave."""

from __future__ import annotations

from dataclasses import dataclass, field

from ml_connector.settings import Timings


@dataclass(frozen=True, slots=True)
class Nature:
    """Shares between 0 and 1, times in seconds."""

    timings: Timings = field(default_factory=lambda: Timings(bundle_window=0.5))
    """Each bill in a text of its own: what a phone got is told by the bill it names."""
    duplicate: float = 0.15
    """The share of messages that come twice."""
    slack: float = 30.0
    """Messages come up to this much later than asked for, so in any order."""
    stalled: float = 0.02
    """The share of transactions before or after which the process stands still."""
    longest_stall: float = 40.0
    killed: float = 0.003
    """The share of all that is asked of the world, reads too, before or after which it is killed,
    beside the kills that are planned."""
    reads_fail: float = 0.06
    """The share of reads from Twilio that fail, half of them for too long to be tried again."""
    suspended: float = 0.15
    """How likely it is that the account is suspended once, for a while, and nothing works."""
    crowded: bool = False
    """Each message comes to three workers at once, and claims wait for one another."""
    list_delays: tuple[float, float] = (100.0, 170.0)
    """How late lists are in runs with late lists: at least, and at most."""
    lingers: float = 0.0
    """How long the world goes on, at least, after the last bill was submitted."""
    horizon: float = 21_600.0
    """How long it goes on, at most, in all."""


USUAL = Nature()
#: What the controls need: nothing goes wrong but what they are about.
CALM = Nature(duplicate=0.0, stalled=0.0, killed=0.0, reads_fail=0.0, suspended=0.0)
