"""Telling somebody once more of a case that is open: a new alert, made as every other one is.

An alert is sent once and a resent one is another alert: it has an occurrence of its own, beyond
those its step ever counts to, so that it never takes the place of a repetition that is still to
come. Everything else, opt-outs, quiet hours, throttles, retries, is as for any alert.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cli.console.failures import Failure
from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import Json
from ml_connector.domain.cases import Case
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.documents import AnyDocument
from ml_connector.domain.planning import PlanTimes, Start, begin
from ml_connector.domain.plans import CHANNELS, VOICE, PlannedStep, needless
from ml_connector.domain.unit_of_work import CaseFile

from .writing import Act

#: What may still reach somebody without a hand being lifted.
PENDING = frozenset({DispatchState.WAITING, DispatchState.SENDING, DispatchState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Again:
    """Who is told once more, over which channel, and for which step of the plan."""

    person: Approver
    channel: str
    step: int


def chosen(file: CaseFile, person: Approver, channel: str, step: int) -> Again:
    """The resending that is asked for. Raises Failure where it would reach nobody.

    `channel` may be empty: then it is the step's own, or the other one where that is not open.
    """
    own = file.case.plan[step - 1].step.channel
    others = (other for other in CHANNELS if other != own)
    wanted = (channel,) if channel else (own, *others)
    obstacles = {each: person.obstacle_to(each) for each in wanted}
    usable = next((each for each, obstacle in obstacles.items() if not obstacle), None)
    if usable is None:
        why = "; ".join(dict.fromkeys(obstacles.values()))
        raise Failure(f"{person.id} cannot be told by {' or '.join(wanted)}: {why}")
    return Again(person, usable, step)


def newest_step(file: CaseFile) -> tuple[int, str]:
    """The step that was begun last, and who it went to; the first one where none was.

    Raises Failure for a case without a plan, such as a digest's.
    """
    if not file.case.plan:
        raise Failure(
            f"case {file.case.id} has no plan of its own: it told of many bills at once; "
            "name one of the bills"
        )
    if not file.alerts:
        return 1, next(iter(file.case.plan[0].candidates), "")
    last = max(file.alerts, key=lambda alert: (alert.created_at, alert.step, alert.occurrence))
    return last.step, last.recipient


def resent(
    file: CaseFile,
    again: Again,
    document: AnyDocument,
    pending: Sequence[Dispatch],
    by: str,
    reason: str,
    now: datetime,
    times: PlanTimes,
) -> Act:
    """The case with one alert and one dispatch more. Raises Failure where it would not be sent.

    `pending` are the dispatches of the case that may still reach somebody; the audit names them.
    """
    case = file.case
    if case.state.ended:
        raise Failure(f"case {case.id} is {case.state.value}; nothing is sent for it any more")
    if case.expires_at <= now:
        raise Failure(f"case {case.id} has expired; nothing is sent for it any more")
    begun = begin(
        _with_step_for(case, again),
        [_start(file, again)],
        document,
        {again.person.id: again.person}.get,
        now,
        times,
    )
    if not begun.dispatches:
        raise Failure(f"{again.person.id} cannot be told by {again.channel}")
    if needless(case, begun.alerts[0]):
        raise Failure(
            f"the case is {case.state.value}, and the rule says that step {again.step} is of no "
            "use from then on: it would not be sent"
        )
    told: list[Json] = list(begun.told)
    open_still: list[Json] = [dispatch.id for dispatch in pending]
    data: dict[str, Json] = {
        "by": by,
        "reason": reason,
        "alerts": told,
        "pending": open_still,
    }
    return Act(
        replace(begun.case, plan=case.plan), "case.resent", data, begun.alerts, begun.dispatches
    )


def _free_occurrence(file: CaseFile, step: int) -> int:
    """A number that neither was used nor ever will be by the plan itself."""
    case = file.case
    used = [alert.occurrence for alert in file.alerts if alert.step == step]
    planned = [timer.occurrence for timer in case.agenda if timer.step == step]
    counted = dict(case.repeats).get(step, 1)
    return max(case.plan[step - 1].step.at_most, counted, *used, *planned) + 1


def _start(file: CaseFile, again: Again) -> Start:
    """The start of its own; over the other channel as if the step's own had been tried."""
    own = file.case.plan[again.step - 1].step.channel
    tried = frozenset({(again.person.id, own)}) if again.channel != own else frozenset()
    return Start(again.step, _free_occurrence(file, again.step), tried)


def _with_step_for(case: Case, again: Again) -> Case:
    """The case as if its step were for this person, to begin it with.

    A call that stands for a text asks for a key: that is what one calls for.
    """
    planned = case.plan[again.step - 1]
    step = planned.step
    confirm = step.confirm or (again.channel == VOICE and step.channel != VOICE)
    instead = PlannedStep(
        replace(step, confirm=confirm), (again.person.id,), ("an operator asked for it",)
    )
    plan = (*case.plan[: again.step - 1], instead, *case.plan[again.step :])
    return replace(case, plan=plan)
