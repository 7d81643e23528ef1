"""The first text: told once to everybody who agreed, what they will be texted and how to end it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

import typer

from ml_connector.domain.approvers import Approver
from ml_connector.domain.instants import seconds
from ml_connector.domain.notices import Frame, Notice, welcome_notice
from ml_connector.settings import Timings

from .console.asking import confirm
from .console.failures import Misused
from .deployment import Deployment
from .flow.pace import timings_of
from .people_flow import published
from .people_store import PeopleStore, fingerprint_of

Welcome: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--welcome/--no-welcome",
        help="Text everybody who agreed, once per number, what they will be told and how to end "
        "it; asks if neither is given.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class Welcomed:
    """Who gets the text now, and a line about who does not; empty where that is nobody."""

    ids: tuple[str, ...] = ()
    note: str = ""


def welcome(
    people: Iterable[Approver],
    store: PeopleStore,
    deployment: Deployment,
    wanted: bool | None,
    *,
    asks: bool = True,
) -> Welcomed:
    """Have those texted who agreed to be told and were not told yet what to expect.

    `wanted` is what the person at the keyboard said, None where they said nothing: then they are
    asked, if one `asks` at all; without an answer nothing is sent. Whoever is written in between is
    left for the next time. Raises Failure where others keep being first.
    """
    due = [person for person in people if person.to_be_welcomed]
    if not due or wanted is False:
        return Welcomed()
    flow = published()
    if flow is None:
        return Welcomed(note=f"{_counted(due)} once a flow is published: import again then")
    if not (wanted or (asks and _agreed(due))):
        return Welcomed(note=f"{_counted(due)} with --welcome")
    frame = _Frame.of(flow, timings_of(deployment))
    return Welcomed(tuple(who.id for who in due if _welcome(who.id, store, deployment, frame)))


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all welcome texts have in common."""

    company: str
    names: str
    zone: str
    version: int
    timings: Timings

    @classmethod
    def of(cls, flow: Mapping[str, Any], timings: Timings) -> _Frame:
        """Texts come from every company of the flow; pauses and caps are those of the first."""
        companies = flow["companies"]
        first = min(companies)
        names = ", ".join(str(companies[key]["name"]) for key in sorted(companies))
        return cls(first, names, str(companies[first]["zone"]), 0, timings)

    def notice(self, person: Approver) -> Notice:
        """The text to one person. The same person and number give the same case."""
        now = datetime.now(UTC)
        return welcome_notice(
            person,
            Frame(
                company=self.company,
                company_name=self.names,
                zone=self.zone,
                flow_version=self.version,
                cause=fingerprint_of(person),
                now=now,
                expires_at=now + seconds(self.timings.case_lifetime),
                validity_seconds=int(self.timings.validity),
            ),
        )


def _welcome(approver: str, store: PeopleStore, deployment: Deployment, frame: _Frame) -> bool:
    """Write the text and that it was written, together; false where it no longer is to be."""
    person = store.person(approver)
    if not person.to_be_welcomed:
        return False
    known = deployment.alerts.case_file(frame.notice(person).case.case.id) is not None
    number = fingerprint_of(person)

    def noted(now: Approver) -> Approver:
        # Asked for again by TRIES: somebody may have changed the number or opted out meanwhile.
        return replace(now, welcomed_for=number)

    def notice(after: Approver) -> Notice | None:
        told = replace(after, welcomed_for="").to_be_welcomed and fingerprint_of(after) == number
        return frame.notice(after) if told and not known else None

    store.amend(approver, "person.welcomed", {"number": number}, noted, notice)
    return not known


def _agreed(due: list[Approver]) -> bool:
    who = "1 person" if len(due) == 1 else f"{len(due)} people"
    try:
        return confirm(f"Text {who} once, what they will be told and how to end it?")
    except Misused:
        return False


def _counted(due: list[Approver]) -> str:
    who = "1 person gets" if len(due) == 1 else f"{len(due)} people get"
    return f"{who} their welcome text"
