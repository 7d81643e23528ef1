"""A perfect observer of a ledger: what can be seen by looking, and only by looking.

It reads the ledger's own log and the instants of the looks, and imports nothing else: it shares no
code, and so no mistake, with what it judges.

A look is a stretch of the log, from where a poll began to read to where its last reply came: what
nobody touched in between has one value, and of what somebody did, any value it had meanwhile may be
the one that was shown. A look is *certain* when everything it showed was written down. One that
ended early is not: of each bill it may have been used or not, once, and nothing is asked of it but
that the bill's story goes on from there.

What is seen is always the difference between two looks at one bill:

- it waits for its first approval and did not before, or had a level approved before: `submitted`,
  in a round of its own;
- it waits for a further approval and did not before: `partially_approved`, at the first level of
  this round, or of a new one where it did not wait at all;
- it waits as before, for another amount, currency or vendor: `changed`;
- it waited, and is posted or later, declined, back in draft, or gone: `approved`, `declined`,
  `recalled`, `deleted`;
- it is known, waited for nobody and does not now, in another state: `seen`, which is no event for
  anybody but has to be in the bill's trail. A bill never seen waiting is nobody's business.

What begins and ends between two looks leaves no trace, and nobody is asked for it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

SUBMITTED, PARTIAL = "Submitted", "Partially Approved"
WAITING = frozenset({SUBMITTED, PARTIAL})

_LEFT = {
    "Draft": "bill.recalled",
    "Declined": "bill.declined",
    "Posted": "bill.approved",
    "Selected": "bill.approved",
    "Partially Paid": "bill.approved",
    "Paid": "bill.approved",
}


@dataclass(frozen=True, slots=True)
class Row:
    """What matters of a bill's row."""

    state: str
    amount: Decimal
    currency: str
    vendor: str


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log about one bill; `seq` counts the log's entries from 1."""

    seq: int
    bill: int
    before: Row | None
    after: Row | None


@dataclass(frozen=True, slots=True)
class Look:
    """One look: how long the log was when it began and when its last reply came."""

    number: int
    first: int
    last: int
    certain: bool


@dataclass(frozen=True, slots=True)
class Token:
    """One thing seen of a bill. `level` counts partial approvals where the kind is about them."""

    kind: str
    round: int
    level: int
    amount: Decimal
    currency: str

    @property
    def is_event(self) -> bool:
        """Whether it is news for anybody."""
        return self.kind.startswith("bill.")

    def __str__(self) -> str:
        level = f" level {self.level}" if self.level else ""
        return f"{self.kind} round {self.round}{level} {self.currency} {self.amount:f}"


@dataclass(frozen=True, slots=True)
class Told:
    """A token somebody claims to have seen at a look."""

    look: int
    bill: int
    token: Token


@dataclass(slots=True)
class Verdict:
    """How what was told differs from what could be seen. Sentences, one per difference.

    `missing` are tokens that were not told by the look that could see them; those told at another
    one are also in `late`. `twice` are tokens told again, or never to be seen.
    """

    expected: int = 0
    missing: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)

    def add(self, other: Verdict) -> None:
        """Count another verdict in."""
        self.expected += other.expected
        self.missing += other.missing
        self.twice += other.twice
        self.late += other.late


@dataclass(frozen=True, slots=True)
class Memory:
    """What the observer knows of a bill: its row when last seen, and its rounds so far."""

    row: Row
    round: int = 1
    level: int = 0
    gone: bool = False

    @property
    def waits(self) -> bool:
        """Whether somebody still had to approve it."""
        return self.row.state in WAITING and not self.gone

    def token(self, kind: str) -> Token:
        """What is seen, with the bill as it is now known."""
        level = self.level if kind == "bill.partially_approved" else 0
        return Token(kind, self.round, level, self.row.amount, self.row.currency)


def look(memory: Memory | None, row: Row | None) -> tuple[Memory | None, Token | None]:
    """One look at one bill: what is known afterwards, and what was seen."""
    if memory is None:
        return _in_round(Memory(row), 1) if row and row.state in WAITING else (None, None)
    if row is None:
        gone = replace(memory, gone=True)
        return (gone, gone.token("bill.deleted")) if memory.waits else (memory, None)
    seen = replace(memory, row=row, gone=False)
    if row.state in WAITING:
        return _waits(memory, seen)
    if memory.waits:
        return seen, seen.token(_LEFT[row.state])
    moved = memory.gone or memory.row.state != row.state
    return seen, seen.token(f"seen {row.state}") if moved else None


def _waits(memory: Memory, seen: Memory) -> tuple[Memory, Token | None]:
    before, now = memory.row, seen.row
    if not memory.waits or (before.state == PARTIAL and now.state == SUBMITTED):
        return _in_round(seen, memory.round + 1)
    if before.state != now.state:
        seen = replace(seen, level=memory.level + 1)
        return seen, seen.token("bill.partially_approved")
    worth = (before.amount, before.currency, before.vendor)
    if worth != (now.amount, now.currency, now.vendor):
        return seen, seen.token("bill.changed")
    return seen, None


def _in_round(memory: Memory, number: int) -> tuple[Memory, Token]:
    partial = memory.row.state == PARTIAL
    begun = replace(memory, round=number, level=int(partial))
    return begun, begun.token("bill.partially_approved" if partial else "bill.submitted")


class Timeline:
    """The rows of one bill over the log."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self._seqs = [change.seq for change in changes]
        self._rows = [changes[0].before, *(change.after for change in changes)]

    def shown(self, first: int, last: int) -> list[Row | None]:
        """Every value it had while the log grew from one length to the other, oldest first."""
        begin, end = bisect_right(self._seqs, first), bisect_right(self._seqs, last)
        return list(dict.fromkeys(self._rows[begin : end + 1]))


@dataclass(frozen=True, slots=True)
class _Path:
    """One way the looks may have gone, with what it leaves unexplained."""

    seen: int = 0
    missing: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()
    late: tuple[str, ...] = ()

    @property
    def cost(self) -> tuple[int, int, int]:
        """What is told is rather believed, and something missing, than taken for made up."""
        return len(self.missing) + len(self.twice), len(self.twice), len(self.late)


#: By what is known of the bill, and how much of what was told is explained.
_Paths = dict[tuple[Memory | None, int], _Path]


def judge(
    changes: Iterable[Change], looks: Sequence[Look], told: Iterable[Told], *, trail: bool = True
) -> Verdict:
    """Compare what was told with what could be seen, bill by bill, in the observer's favour.

    `looks` are in the order in which they began, `told` in the order of telling. Without `trail`
    only events count, and not how known bills move on while nobody has to approve them.
    """
    logged: Mapping[int, list[Change]] = _by_bill(changes)
    heard: Mapping[int, list[Told]] = _by_bill(x for x in told if trail or x.token.is_event)
    verdict = Verdict()
    for bill in sorted({*logged, *heard}):
        timeline = Timeline(logged.get(bill) or [Change(0, bill, None, None)])
        path = _best(bill, timeline, looks, heard.get(bill, []), trail=trail)
        verdict.expected += path.seen
        verdict.missing += path.missing
        verdict.twice += path.twice
        verdict.late += path.late
    return verdict


def _by_bill(entries: Iterable[Change] | Iterable[Told]) -> defaultdict[int, list]:  # type: ignore[type-arg]
    found: defaultdict[int, list] = defaultdict(list)  # type: ignore[type-arg]
    for entry in entries:
        found[entry.bill].append(entry)
    return found


def _best(
    bill: int, timeline: Timeline, looks: Sequence[Look], told: Sequence[Told], *, trail: bool
) -> _Path:
    """The way to understand the looks that explains most of what was told about a bill."""
    paths: _Paths = {(None, 0): _Path()}
    for at in looks:
        values = timeline.shown(at.first, at.last)
        following: _Paths = {} if at.certain else dict(paths)
        for (memory, used), path in paths.items():
            for value in values:
                after, token = look(memory, value)
                if token is None or not (trail or token.is_event):
                    _offer(following, (after, used), path)
                else:
                    _tell(following, after, used, path, told, at, f"bill {bill}: {token}", token)
        paths = following
    ends: list[_Path] = []
    for (_, used), path in paths.items():
        rest = tuple(f"bill {bill}: {one.token} at look {one.look}" for one in told[used:])
        ends.append(replace(path, twice=path.twice + rest))
    return min(ends, key=lambda path: path.cost)


def _tell(
    paths: _Paths,
    memory: Memory | None,
    used: int,
    path: _Path,
    told: Sequence[Told],
    at: Look,
    sentence: str,
    token: Token,
) -> None:
    """A token is seen at a look: it was told, among others, or it was not."""
    seen = replace(path, seen=path.seen + 1)
    sentence = f"{sentence} at look {at.number}"
    _offer(paths, (memory, used), replace(seen, missing=(*path.missing, sentence)))
    for place in range(used, len(told)):
        if told[place].token != token:
            continue
        skipped = tuple(
            f"bill {one.bill}: {one.token} at look {one.look}" for one in told[used:place]
        )
        found = replace(seen, twice=path.twice + skipped)
        if told[place].look != at.number:
            late = f"{sentence}, told at look {told[place].look}"
            found = replace(found, missing=(*path.missing, late), late=(*path.late, late))
        _offer(paths, (memory, place + 1), found)


def _offer(paths: _Paths, key: tuple[Memory | None, int], path: _Path) -> None:
    """Keep the better of two ways that come to the same."""
    known = paths.get(key)
    if known is None or path.cost < known.cost:
        paths[key] = path
