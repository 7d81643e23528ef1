"""Why a person cannot be forgotten yet, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cli.people_flow import mentions, published
from ml_connector.domain.approvers import Approver

from .belongings import Belongings


def obstacles(person: Approver, everybody: Iterable[Approver], found: Belongings) -> Iterator[str]:
    """One line each: who or what needs them, and the way out."""
    for other in everybody:
        if other.manager == person.id:
            yield f"{other.id} has them as manager: import {other.id} with another"
        if other.substitute == person.id:
            yield f"{other.id} has them as substitute: import {other.id} with another"
    flow = published()
    for mention in mentions(flow) if flow else ():
        if mention.who == person.id:
            yield f"{mention.where} names them: push a flow that names somebody else"
    moving = found.under_way
    if moving:
        latest = max((each.look_at for each in moving if each.look_at), default=None)
        when = f" (the last is looked at {latest:%Y-%m-%d %H:%M} UTC)" if latest else ""
        yield (
            f"{len(moving)} texts or calls are under way{when}: wait for their end, or stop them "
            "with `ml-connector alerts cancel`"
        )
