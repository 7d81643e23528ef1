"""What happened how often, counted where it shows: in the ledger's log, the notebook, the faults.

Every row of the table is something a run has to have met often; what is not in it is not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sandbox.intacct.faults import KINDS
from tests.support.mishaps import Fault

from .harness import AuditHistory
from .model import WAITING, Change, Row
from .notebook import Notebook
from .weather import MAINTENANCE, SESSIONS_ENDED, SHORT
from .wires import POINT

#: A full run, and how often each row has to occur in it.
FULL_RUN, ENOUGH = 10_000, 100

LEDGER = (
    "submit",
    "submit again",
    "change amount",
    "change currency",
    "change vendor",
    "partially approve",
    "approve a further level",
    "approve",
    "decline",
    "recall",
    "send back to the first level",
    "withdraw a declined bill",
    "pay",
    "delete",
    "re-create",
    "re-create a purchase order's bill",
    "edit what matters to nobody",
    "late commit",
    "late by the whole overlap",
    "tie longer than a page",
)
COMPANIES = (
    "zone UTC",
    "zone of whole hours",
    "zone of half or quarter hours",
    "zone told",
    "zone asked for",
    "endpoint on another node",
    "over HTTP",
    "answers forgotten",
    *AuditHistory,
)
SEEN = (
    "bill.submitted",
    "bill.submitted, a later round",
    "bill.partially_approved",
    "bill.changed",
    "bill.approved",
    "bill.declined",
    "bill.recalled",
    "bill.deleted",
    "bill.reminder",
    "bill.partially_approved, a further level",
    "seen in another state",
)
POLLS = (
    "polled",
    "busy",
    "overtaken",
    "killed",
    "incomplete",
    "failed: gateway",
    "failed: store",
    "overlapping, lease kept",
    "overlapping, lease lost",
    "changes during a read",
)
PLACES = (POINT, "lease", "read", "commit document.seen", "ring", "finish")
PROCESS = (
    *(f"killed before: {place}" for place in PLACES),
    *(f"killed after: {place}" for place in PLACES if place != "read"),
    *(f"{fault}" for fault in (Fault.CONFLICT, Fault.THROTTLED, Fault.LOST_REPLY)),
    *(f"{fault}" for fault in (Fault.UNAVAILABLE, Fault.RACE, Fault.STALLED)),
)
GATEWAY = (*KINDS, *MAINTENANCE, *SHORT, SESSIONS_ENDED)

GROUPS = {
    "in the ledger": LEDGER,
    "companies": COMPANIES,
    "seen by the observer and told": SEEN,
    "polls": POLLS,
    "processes and stores": PROCESS,
    "at the gateway": GATEWAY,
}


def of_log(log: Iterable[Change]) -> Counter[str]:
    """What people did, as the ledger committed it."""
    counts: Counter[str] = Counter()
    waited: set[int] = set()
    for change in log:
        counts["late commit"] += change.late
        counts.update(_done(change, waited=change.bill in waited))
        if change.before and change.before.state in WAITING:
            waited.add(change.bill)
    return counts


def _done(change: Change, *, waited: bool) -> list[str]:
    before, after = change.before, change.after
    match change.kind:
        case "submit":
            return ["submit again" if waited else "submit"]
        case "partially-approve":
            further = before is not None and before.state == "Partially Approved"
            return ["approve a further level" if further else "partially approve"]
        case "state":
            return [_MOVED[after.state]] if after else []
        case "edit":
            return _edited(before, after)
        case "recreate":
            purchase = after is not None and after.purchase
            return ["re-create a purchase order's bill" if purchase else "re-create"]
        case kind:
            return [kind]


_MOVED = {
    "Submitted": "send back to the first level",
    "Draft": "withdraw a declined bill",
    "Selected": "pay",
    "Paid": "pay",
}


def _edited(before: Row | None, after: Row | None) -> list[str]:
    if before is None or after is None:
        return []
    changed = [
        f"change {name}"
        for name in ("amount", "currency", "vendor")
        if getattr(before, name) != getattr(after, name)
    ]
    return changed or ["edit what matters to nobody"]


def of_notes(notes: Notebook) -> Counter[str]:
    """What was told, how the polls ended, and what was going on while they read."""
    counts: Counter[str] = Counter()
    for outcome, times in notes.outcomes.items():
        side, _, _ = outcome.partition("_")
        counts[_FAILED.get(side, outcome)] += times
    for told in notes.told:
        kind = told.token.kind
        if kind == "bill.submitted" and told.token.round > 1:
            kind = "bill.submitted, a later round"
        if told.token.level > 1:
            kind = "bill.partially_approved, a further level"
        counts["seen in another state" if kind.startswith("seen ") else kind] += 1
    counts["changes during a read"] = sum(look.first < look.last for look in notes.visits)
    return counts


_FAILED = {"source": "failed: gateway", "store": "failed: store"}


def of_faults(met: Counter[tuple[str, Fault]]) -> Counter[str]:
    """What befell processes and stores."""
    counts: Counter[str] = Counter()
    for (place, fault), times in met.items():
        counts[f"{fault}"] += times
        counts[f"{fault}: {place}"] += times
    return counts


def floor(histories: int) -> int:
    """How often each row has to occur in so many histories."""
    return min(ENOUGH, max(1, histories * ENOUGH // FULL_RUN))


def too_rare(counts: Counter[str], least: int) -> list[str]:
    """The rows that occurred less often."""
    return [row for rows in GROUPS.values() for row in rows if counts[row] < least]


def table(counts: Counter[str]) -> str:
    """All rows with their counts, in two columns."""
    lines: list[str] = []
    for title, rows in GROUPS.items():
        cells = [f"{row:<42}{counts[row]:>8}" for row in rows]
        half = (len(cells) + 1) // 2
        left, right = cells[:half], [*cells[half:], ""]
        lines += ["", title]
        lines += [f"  {one}    {other}".rstrip() for one, other in zip(left, right, strict=False)]
    return "\n".join(lines)
