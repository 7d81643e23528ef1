"""Noticing that a case or a person is older than its own audit chain: their table was restored.

Whoever merely lost a race is refused by the case as well as by its chain, for the winner wrote
both. A refusal by the chain alone means that what is stored is of before.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ml_connector.errors import StoreConflict

if TYPE_CHECKING:
    from .catching_up import Ports

#: What an operator is to do, in every line about a restored table.
FIX = "tables were restored: run `ml-connector restore`; see docs/runbooks/restore.md"

_CASE = "audit:case#"
_PERSON = "audit:person#"


def cases_behind(error: StoreConflict) -> tuple[str, ...]:
    """The ids of the cases that were refused by their chain alone."""
    failed = set(error.failed)
    found = (name.removeprefix(_CASE) for name in error.failed if name.startswith(_CASE))
    return tuple(case for case in found if f"case:{case}" not in failed)


def people_behind(error: StoreConflict) -> tuple[str, ...]:
    """The ids of the people that were refused by their chain alone."""
    failed = set(error.failed)
    found = (name.removeprefix(_PERSON) for name in error.failed if name.startswith(_PERSON))
    return tuple(who for who in found if f"person:{who}" not in failed)


def caught_up_on(error: StoreConflict, ports: Ports, until: datetime) -> bool:
    """Bring up to their chains whatever was refused by them alone; whether anything was.

    Raises StoreConflict and StoreUnavailable as every write does.
    """
    cases, people = cases_behind(error), people_behind(error)
    if not cases and not people:
        return False
    # Hardly ever needed, and it brings with it what makes texts.
    from .catching_up import catch_up, catch_up_person  # noqa: PLC0415

    done = [catch_up(case, ports, until) for case in cases]
    done += [catch_up_person(who, ports, until) for who in people]
    return any(done)
