"""Waiting bills nobody knew of although they were there for long: a permission was granted.

The digest these belong into is not made yet; until then they are recorded like a baseline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from ml_connector.domain.documents import CompanyState, Document
from ml_connector.domain.events import Sighting

from .ports import Telemetry

#: A bill last modified so long before the last successful poll was not submitted just now.
LONG_AGO = timedelta(days=1)
#: More of them than this in one poll tell nobody.
MOST_TOLD = 5
REASON = "found late: last modified long before the last successful poll"


def silenced_if_late(
    found: list[Sighting[Document]],
    known: Mapping[str, Document],
    lease: CompanyState,
    telemetry: Telemetry,
) -> list[Sighting[Document]]:
    """The sightings; those of many bills found late tell nobody, and an operator hears of them."""
    last = lease.poll_succeeded_at
    if last is None or not lease.baseline_done:
        return found
    late = {
        one.document.id
        for one in found
        if one.document.id not in known
        and one.document.modified
        and one.document.modified < last - LONG_AGO
    }
    if len(late) <= MOST_TOLD:
        return found
    telemetry.error(
        "bills_found_late",
        company=lease.company,
        bills=len(late),
        cause="the API user was probably given access to more; nobody was told of these bills",
    )
    return [replace(one, silent=REASON) if one.document.id in late else one for one in found]
