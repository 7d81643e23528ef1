"""Every protection taken away once, and the promise's stated limit overstepped once.

The same runs are lived through with the protection and without it: clean with it, and without it
the judge has to find what it stands against. A campaign that cannot fail shows nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from tests.faults.protections import without_claim, without_lists, without_sweep

from .campaign import Campaign, Outcome
from .cells import Channel, Step, Trouble
from .nature import CALM, Nature
from .planning import Plan

Protection = Callable[[], AbstractContextManager[None]]

#: Everybody wants the same dispatch at the same moment.
_CROWDED = replace(CALM, crowded=True)
#: Some runs stay unfinished for ever where nobody sweeps: there is no use in waiting for them.
_SHORT = replace(CALM, horizon=5_400.0)
#: Lists that come long after the grace period, and the time to see them come.
_TOO_LATE = replace(CALM, list_delays=(460.0, 900.0), lingers=2_700.0)

_PLAIN = (Plan(), Plan(goes_on=True))
_UNANSWERED = (
    Plan(trouble=Trouble.ERROR_AFTER),
    Plan(trouble=Trouble.RESET_AFTER),
    Plan(steps=frozenset({Step.WHOLE_POST})),
    Plan(steps=frozenset({Step.BEFORE_RECORD})),
    Plan(Channel.CALL, Trouble.ERROR_AFTER),
    Plan(Channel.CALL, steps=frozenset({Step.BEFORE_RECORD})),
)
_UNRUNG = (
    Plan(steps=frozenset({Step.AFTER_CLAIM, Step.AFTER_NOT_SENT})),
    Plan(steps=frozenset({Step.AFTER_FAILURE}), fails_first=True),
    Plan(steps=frozenset({Step.AFTER_STEP}), goes_on=True),
    Plan(Channel.CALL, steps=frozenset({Step.AFTER_FAILURE}), fails_first=True),
)
_UNANSWERED_AND_LATE = (
    Plan(Channel.TEXT, Trouble.LATE_LIST, frozenset({Step.WHOLE_POST})),
    Plan(Channel.TEXT, Trouble.LATE_LIST, frozenset({Step.BEFORE_RECORD})),
    Plan(Channel.CALL, Trouble.LATE_LIST, frozenset({Step.WHOLE_POST})),
)


@dataclass(frozen=True, slots=True)
class Control:
    """What is taken away, in which surroundings, and what the judge has to find then."""

    finds: str
    plans: Sequence[Plan]
    kept: Nature
    taken_away: Nature
    protection: Protection = nullcontext
    told: bool = False
    """Whether every duplicate has to be told to an operator: where none is due to a bug."""


CONTROLS: Mapping[str, Control] = {
    "without the claim": Control("twice", _PLAIN, _CROWDED, _CROWDED, without_claim),
    "without reconciling": Control("twice", _UNANSWERED, CALM, CALM, without_lists),
    "without the sweep": Control("missing", _UNRUNG, CALM, _SHORT, without_sweep),
    "lists after the grace": Control("twice", _UNANSWERED_AND_LATE, CALM, _TOO_LATE, told=True),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One control: the same runs with the protection and without it."""

    name: str
    control: Control
    kept: Outcome
    taken_away: Outcome

    @property
    def ok(self) -> bool:
        """Clean with the protection, and without it what was to be found is found, and told."""
        silent = self.control.told and self.taken_away.verdict.unreported
        return self.kept.verdict.clean and self._found > 0 and not silent

    @property
    def _found(self) -> int:
        return len(getattr(self.taken_away.verdict, self.control.finds))

    def __str__(self) -> str:
        kept, without = self.kept.verdict, self.taken_away.verdict
        told = f" unreported={len(without.unreported)}" if self.control.told else ""
        found = f"{self.control.finds}={self._found}{told}"
        return (
            f"{self.name:<22} runs={self.taken_away.runs} {found}; "
            f"with it missing={len(kept.missing)} twice={len(kept.twice)}"
            f"{'' if self.ok else '   <- not as it should be'}"
        )


def control(campaign: Campaign, name: str, runs: int, seed: int) -> Check:
    """Live through one control."""
    subject = CONTROLS[name]
    dice = random.Random(seed)  # noqa: S311 - a seed, not a secret
    plans = [dice.choice(subject.plans) for _ in range(runs)]
    kept = campaign.epoch(plans, seed, f"{name}, kept", subject.kept)
    with subject.protection():
        taken_away = campaign.epoch(plans, seed, name, subject.taken_away)
    return Check(name, subject, kept, taken_away)
