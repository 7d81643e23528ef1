"""Looking at a daily list once more before it is sent, and what it makes needless.

A list's text is frozen when it is made. What was handled since is taken off by another text in its
place; where nothing is left, nothing is sent. A plain reminder of a bill that stands on the list of
the day is left out once the list was told: the list was one. Until then it waits for the list, and
where the list cannot go out any more, the reminder does.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ml_connector.domain import dispatches as d
from ml_connector.domain.cases import DAILY_LIST, Case, CaseState, StopReason
from ml_connector.domain.dispatches import DispatchState
from ml_connector.domain.frozen import frozen
from ml_connector.domain.hours import zone_named
from ml_connector.domain.instants import seconds
from ml_connector.domain.listed import list_id, still_waits
from ml_connector.domain.plans import SMS, step_of

from .dispatch_files import DispatchFile, Step
from .following import follow
from .steps import DispatchPorts, take

if TYPE_CHECKING:
    from datetime import tzinfo

    from ml_connector.domain.approvers import Approver
    from ml_connector.domain.audit import Json
    from ml_connector.domain.cases import Alert
    from ml_connector.domain.dispatches import Dispatch
    from ml_connector.domain.documents import Document
    from ml_connector.domain.unit_of_work import CaseFile

#: Why a list is not sent, or a reminder left out, in the audit.
ALL_HANDLED = "everything on it was handled"
ON_THE_LIST = "on the daily list"
#: Why a reminder waits.
LIST_UNDER_WAY = "the daily list is on its way"

#: As far as anybody will ever know, it arrived.
_TOLD = (DispatchState.DELIVERED, DispatchState.UNCONFIRMED)


@frozen
class OnList:
    """A list that says what a reminder would: the list's case, and until when the reminder waits to
    hear what became of it. None: it was told."""

    case: str
    wait: datetime | None


def outdated(file: DispatchFile, ports: DispatchPorts) -> bool:
    """Whether something on the list that a dispatch carries was handled. False for no list."""
    case = _list_of(file)
    if case is None or not file.wanted:
        return False
    documents = _documents(case, ports)
    return not all(still_waits(each, documents) for each in case.listed)


def shorten(dispatch_id: str, ports: DispatchPorts, until: datetime) -> Dispatch | None:
    """Put a text about what still waits in the place of a list's; None where nothing does, or where
    it no longer waits to be sent. Raises as `take`.
    """

    def shorter(file: DispatchFile, now: datetime) -> Step | None:
        before, case = file.dispatch, _list_of(file)
        if before.state is not DispatchState.WAITING or before.due_at > now or case is None:
            return None
        documents = _documents(case, ports)
        left = tuple(each for each in case.listed if still_waits(each, documents))
        if len(left) == len(case.listed):
            return None
        gone: list[Json] = [each.document for each in case.listed if each not in left]
        if not left:

            def over(one: Case, _: Alert) -> Case:
                return one.ended(CaseState.HANDLED, "list.handled", now)

            return Step(
                d.settle_not_sent(before, reason=ALL_HANDLED),
                "dispatch.suppressed",
                {"reason": ALL_HANDLED, "handled": gone},
                stop=StopReason.HANDLED,
                plan=over,
            )

        def fewer(one: Case, _: Alert) -> Case:
            return replace(one, listed=left)

        follower = follow(file, before, ports, now, seconds(0), replaces=before.replaces)
        person = ports.approvers.approver(before.recipient)
        if person:
            # Few texts are lists, and only those need it.
            from ml_connector.domain.daily_lists import list_text  # noqa: PLC0415

            wall = _wall(case, person)
            text = list_text(
                replace(case, listed=left), documents, person, wall, follower.reference
            )
            follower = replace(follower, text=text)
        reason = f"superseded by {follower.id}"
        return Step(
            d.settle_not_sent(before, reason=reason),
            "dispatch.superseded",
            {"reason": reason, "next": follower.id, "handled": gone},
            successor=follower,
            plan=fewer,
        )

    step = take(dispatch_id, shorter, ports, until)
    if step is None:
        return None
    ports.telemetry.event("alert_silenced", dispatch=dispatch_id, reason=step.after.reason)
    return step.successor


def on_the_list(
    file: DispatchFile, person: Approver, ports: DispatchPorts, now: datetime
) -> OnList | None:
    """The list that says what this reminder would; None where the reminder has to go out.

    Only plain repetitions of texts are left out, and only while the list is newer than their own
    pause: nobody hears less often than the rule says. Raises StoreUnavailable.
    """
    cases = {case.id: case for case in file.cases}
    pairs = [(cases[alert.case_id], alert) for alert in file.alerts]
    if not pairs or not all(_plain_reminder(case, alert) for case, alert in pairs):
        return None
    first = pairs[0][0]
    day = now.astimezone(_wall(first, person)).date()
    found = ports.alerts.case_file(list_id(first.company, person.id, day))
    if found is None or found.case.state.ended:
        return None
    said = {(each.document, each.case_id) for each in found.case.listed}
    age = now - found.case.opened_at
    for case, alert in pairs:
        pause = step_of(case, alert).repeat
        if (case.document, case.id) not in said or pause is None or age >= pause:
            return None
    return _fate(found, ports, now)


def _fate(found: CaseFile, ports: DispatchPorts, now: datetime) -> OnList | None:
    """What became of a list so far; None where it will not be told."""
    names = [alert.dispatch for alert in found.alerts if alert.stop_reason is None]
    dispatch = ports.alerts.dispatch(names[0]) if names else None
    if dispatch is None:
        return None
    if dispatch.state.settled:
        return OnList(found.case.id, None) if dispatch.state in _TOLD else None
    later = now + seconds(max(ports.timings.status_interval, ports.timings.bundle_window))
    if dispatch.state is DispatchState.WAITING:
        later = max(later, dispatch.due_at)
    return OnList(found.case.id, later) if later < found.case.expires_at else None


def _plain_reminder(case: Case, alert: Alert) -> bool:
    step = step_of(case, alert)
    return alert.occurrence > 1 and alert.channel == step.channel == SMS and not step.urgent


def _list_of(file: DispatchFile) -> Case | None:
    return next((case for case in file.cases if case.kind == DAILY_LIST), None)


def _documents(case: Case, ports: DispatchPorts) -> dict[str, Document]:
    return ports.documents.documents(case.company, [each.document for each in case.listed])


def _wall(case: Case, person: Approver) -> tzinfo:
    """The zone whose days the person's lists are of."""
    return zone_named(person.zone) or zone_named(case.zone) or UTC
