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
from .console.failures import Failure, Misused
from .deployment import Deployment
from .flow.pace import timings_of
from .flow.published import Shelf
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
    shelf = Shelf("")
    version = shelf.in_force().version
    if not version:
        return Welcomed(note=f"{_counted(due)} once a flow is published: import again then")
    if not (wanted or (asks and _agreed(due))):
        return Welcomed(note=f"{_counted(due)} with --welcome")
    frame = _frame(shelf.version(version).body(), version, timings_of(deployment))
    return Welcomed(tuple(who.id for who in due if _welcome(who, store, deployment, frame)))


def _frame(flow: Mapping[str, Any], version: int, timings: Timings) -> Frame:
    """What all welcome texts have in common: they name all companies, for texts come from each.

    Pauses and caps are those of the first.
    """
    companies, now = flow["companies"], datetime.now(UTC)
    first = min(companies)
    return Frame(
        company=first,
        company_name=", ".join(str(companies[key]["name"]) for key in sorted(companies)),
        zone=str(companies[first]["zone"]),
        flow_version=version,
        cause="",
        now=now,
        expires_at=now + seconds(timings.case_lifetime),
        validity_seconds=int(timings.validity),
    )


class _Meanwhile(Failure):
    """Somebody changed the person, so that they are not to be welcomed any more."""


def _welcome(person: Approver, store: PeopleStore, deployment: Deployment, common: Frame) -> bool:
    """Write the text and that it was written, together; false where there is none to be sent.

    The same person and number give the same case: what was texted once never is again.
    """
    number = fingerprint_of(person)
    frame = replace(common, cause=number)
    case = welcome_notice(person, frame).case.case
    known = deployment.alerts.case_file(case.id) is not None

    def noted(now: Approver) -> Approver:
        if not now.to_be_welcomed or fingerprint_of(now) != number:
            raise _Meanwhile(f"{now.id} was changed meanwhile")
        return replace(now, welcomed_for=number)

    def notice(after: Approver) -> Notice | None:
        return None if known else welcome_notice(after, frame)

    try:
        store.amend(person.id, "person.welcomed", {"number": number}, noted, notice)
    except _Meanwhile:
        return False
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
