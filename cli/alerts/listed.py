"""The daily lists a case's bill stood on, lately and today."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from cli.deployment import Deployment
from ml_connector.domain.approvers import Approver
from ml_connector.domain.cases import CaseState
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.hours import zone_named
from ml_connector.domain.listed import list_id
from ml_connector.domain.unit_of_work import CaseFile

from .words import state_of

#: So many days are looked at, today among them.
DAYS = 7


@dataclass(frozen=True, slots=True)
class OnList:
    """One list with the bill on it: of which day of whose, and how far it came."""

    day: date
    person: str
    case: str
    state: CaseState
    dispatch: Dispatch | None

    def words(self, now: datetime, zone: tzinfo) -> str:
        """`On the daily list of Nov 24 to ann: It arrived`."""
        said = state_of(self.dispatch, now, zone) if self.dispatch else self.state.value
        return f"On the daily list of {self.day:%b} {self.day.day} to {self.person}: {said}"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "day": self.day.isoformat(),
            "person": self.person,
            "case": self.case,
            "state": self.state.value,
            "dispatch": self.dispatch.id if self.dispatch else None,
            "dispatch_state": self.dispatch.state.value if self.dispatch else None,
        }


def lists_with(
    deployment: Deployment, file: CaseFile, people: Mapping[str, Approver], now: datetime
) -> tuple[OnList, ...]:
    """The lists of the last days that the case's bill stood on, newest first. Raises StoreError.

    Asked for are those it told, and who stands in for them now.
    """
    found: list[OnList] = []
    for person in _readers(deployment, people.values()):
        wall = zone_named(person.zone) or zone_named(file.case.zone) or UTC
        today = now.astimezone(wall).date()
        for day in (today - timedelta(days=ago) for ago in range(DAYS)):
            name = list_id(file.case.company, person.id, day)
            made = deployment.alerts.case_file(name)
            if made and any(one.case_id == file.case.id for one in made.case.listed):
                found.append(_of(made, day, person.id, deployment))
    return tuple(sorted(found, key=lambda one: (one.day, one.person), reverse=True))


def _readers(deployment: Deployment, people: Iterable[Approver]) -> Iterator[Approver]:
    seen: set[str] = set()
    for person in people:
        for name in (person.id, person.substitute):
            reader = deployment.approvers.approver(name) if name not in {*seen, ""} else None
            seen.add(name)
            if reader:
                yield reader


def _of(file: CaseFile, day: date, person: str, deployment: Deployment) -> OnList:
    ids = [alert.dispatch for alert in file.alerts if alert.dispatch]
    dispatch = deployment.alerts.dispatch(ids[0]) if ids else None
    return OnList(day, person, file.case.id, file.case.state, dispatch)
