"""Writing digests, so that a run that breaks off loses none and makes none twice.

Every bill is first recorded with the id of the digest it will be told in, which holds the number of
the lease that found it. Then the digests are written. A document whose digest was never written is
found by the next poll among those that wait, and goes into a digest of that poll.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo

from ml_connector.domain.cases import case_chain
from ml_connector.domain.digests import Decide, Digest, Frame, digest_cases
from ml_connector.domain.documents import Document
from ml_connector.domain.frozen import frozen
from ml_connector.domain.instants import seconds
from ml_connector.domain.planning import PlanTimes
from ml_connector.domain.rules import FlowCompany
from ml_connector.domain.unit_of_work import Change, Fence
from ml_connector.errors import StoreConflict

from .behind import cases_behind
from .commit import commit_case
from .ports import PollPorts


def planned_digests(
    documents: Iterable[Document],
    decide: Decide,
    company: FlowCompany,
    batch: str,
    zone: tzinfo,
    ports: PollPorts,
) -> list[Digest]:
    """One digest per person for these bills; none for bills no rule speaks of."""
    timings = ports.timings
    frame = Frame(
        company=company.key,
        company_name=company.name,
        zone=zone,
        batch=batch,
        now=ports.clock.now(),
        times=PlanTimes(
            case_lifetime=seconds(timings.case_lifetime),
            ring_again=seconds(timings.ring_again),
            validity_seconds=int(timings.validity),
        ),
    )
    return digest_cases(documents, decide, ports.approvers.approver, frame)


def untold(documents: Iterable[Document], ports: PollPorts) -> set[str]:
    """The ids of those documents whose digest was never written."""
    digests = {document.id: document.digest for document in documents if document.digest}
    missing = {name for name in set(digests.values()) if not _written(name, ports)}
    return {name for name, digest in digests.items() if digest in missing}


def _written(digest: str, ports: PollPorts) -> bool:
    """Whether a digest was ever written; one that is gone since was, as its chain knows."""
    if ports.alerts.case_file(digest):
        return True
    return ports.trail is not None and any(True for _ in ports.trail.chain(case_chain(digest)))


@frozen
class Opened:
    """What writing one digest brought about: dispatches to ring for, and alerts."""

    dispatches: tuple[str, ...]
    alerts: int


def open_digest(
    digest: Digest, ports: PollPorts, until: datetime, fence: Fence | None = None
) -> Opened:
    """Write one digest. Raises StoreConflict where the lease of `fence` is another's by now."""
    opening = digest.opening
    change = Change(
        write_id=ports.new_id(),
        fence=fence,
        cases=(opening.case,),
        alerts=opening.alerts,
        dispatches=opening.dispatches,
    )
    try:
        commit_case(change, digest.id, ports, until)
    except StoreConflict as error:
        if digest.id not in cases_behind(error):
            raise
        # It was written before, and is gone since: its table was restored.
        from .catching_up import catch_up  # noqa: PLC0415 - hardly ever needed

        catch_up(digest.id, ports, until, opening.case.case, fresh=opening.dispatches)
        return Opened((), 0)
    company = opening.case.case.company
    ports.telemetry.event(
        "digest_opened", company=company, case=digest.id, bills=len(digest.documents)
    )
    for alert in opening.unreachable:
        ports.telemetry.error(
            "approver_unreachable",
            case=alert.case_id,
            approver=alert.recipient,
            fix="give the approver a phone number, or name another in the flow",
        )
        ports.telemetry.count("AlertsFailed")
    return Opened(tuple(dispatch.id for dispatch in opening.dispatches), len(opening.alerts))
