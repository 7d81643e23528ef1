"""The one id that ties the lines of all functions together: the case a line is about.

Every line that concerns a case carries it in the field `case`, from the poll that detected it to
the outcome on a phone. A bundle is about several: their ids then stand in it with blanks between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ml_connector.domain.dispatches import Dispatch

    from .ports import Telemetry


def ids_of(*dispatches: Dispatch) -> dict[str, str]:
    """The fields `case` and `dispatch` of a line about these; without members, no case."""
    cases = (member.case_id for dispatch in dispatches for member in dispatch.members)
    found = {"case": joined(cases), "dispatch": joined(one.id for one in dispatches)}
    return {name: ids for name, ids in found.items() if ids}


def joined(ids: Iterable[str]) -> str:
    """Ids as one field holds them, each once."""
    return " ".join(dict.fromkeys(ids))


@contextmanager
def about(telemetry: Telemetry, ids: dict[str, str]) -> Iterator[None]:
    """Every line within is about these ids, whoever says it."""
    telemetry.concerning(**ids)
    try:
        yield
    finally:
        telemetry.concerning()
