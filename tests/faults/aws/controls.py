"""The same command with one protection taken out of the deployed code: it has to fail.

Nothing in the code that ships can be switched off; the copy that is built is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.demo.breakages import BREAKAGES

from .campaign import Outcome, Size, campaign

#: Seconds given to what can never come right.
_PATIENCE = 40.0

_SWEEP = (
    (
        "layers/connector/ml_connector/usecases/ringing.py",
        "for start in range(0, len(due), TOGETHER):",
        "for start in range(0):",
    ),
)


@dataclass(frozen=True, slots=True)
class Control:
    """What is taken out, the fault it protects against, and what has to be found without it."""

    fault: str
    finds: str
    mutations: Sequence[tuple[str, str, str]]


CONTROLS: Mapping[str, Control] = {
    "without the sweep": Control("queue down", "missing", _SWEEP),
    # What was never claimed cannot be recorded either, so a fault of recording would not strike.
    "without the claim": Control("throttled", "twice", BREAKAGES["claim"].mutations),
    "without reconciling": Control("nothing recorded", "astray", BREAKAGES["reconcile"].mutations),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One control and what was found."""

    name: str
    control: Control
    outcome: Outcome

    @property
    def ok(self) -> bool:
        """Whether the missing protection was noticed."""
        return self._found > 0

    @property
    def _found(self) -> int:
        return len(getattr(self.outcome.verdict, self.control.finds))

    def __str__(self) -> str:
        odd = "" if self.ok else "   <- not noticed"
        return f"{self.name:<20} {self.control.fault}: {self.control.finds}={self._found}{odd}"


def control(name: str, size: Size, seed: int) -> Check:
    """Live through one control."""
    subject = CONTROLS[name]
    outcome = campaign([subject.fault], size, seed, mutations=subject.mutations, patience=_PATIENCE)
    return Check(name, subject, outcome)
