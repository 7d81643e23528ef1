"""Taking one piece out, to show that the story notices: for tests, not for people.

Nothing in the code that ships can switch a protection off; `mutations` change the copy that is
built for the local world.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.world import LocalWorld

_USECASES = "layers/connector/ml_connector/usecases"


def _nothing(_: LocalWorld) -> None:
    """Leave the running world as it is."""


@dataclass(frozen=True, slots=True)
class Breakage:
    """One piece taken out: in the code that is deployed, in what is stored, or while it runs."""

    meaning: str
    mutations: tuple[tuple[str, str, str], ...] = ()
    without_people: bool = False
    after_start: Callable[[LocalWorld], None] = _nothing


BREAKAGES = {
    "mapping": Breakage(
        "the queue no longer starts the send function",
        after_start=lambda world: world.stack.switch_event_source(
            "SendFunctionAlertsQueue", on=False
        ),
    ),
    "status": Breakage(
        "the status check is never started",
        after_start=lambda world: world.schedules.disable("StatusCheckFunctionEveryMinute"),
    ),
    "approvers": Breakage("the approvers table is empty", without_people=True),
    "claim": Breakage(
        "a dispatch is sent without being claimed",
        mutations=(
            (
                f"{_USECASES}/send.py",
                "claimed = take(self._id, self._claim, self._ports, self._until, first=fresh)",
                (
                    "claimed = self._claim("
                    "load(self._ports.alerts, self._id), self._ports.clock.now())"
                ),
            ),
        ),
    ),
    "steps": Breakage(
        "no later step of a plan ever begins",
        mutations=(
            (
                f"{_USECASES}/check_status.py",
                "if stepping.go_on(case_id, self._ports, until):",
                "if False:",
            ),
        ),
    ),
    "reconcile": Breakage(
        "what became of an unanswered request is never looked for",
        mutations=(
            (
                f"{_USECASES}/check_status.py",
                "self._report.reconciled += reconciling.reconcile(dispatch, self._ports, until)",
                "return",
            ),
        ),
    ),
}
