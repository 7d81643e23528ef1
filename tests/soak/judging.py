"""Comparing what was told with what could be seen.

Of what nobody touched during a look there is one value; of what somebody did, any value it had
meanwhile may be the one that was shown. A look that is not certain may have been used for a bill or
not, once, and nothing is asked of it but that the bill's story goes on from there. Of all ways to
understand the looks, the one counts that explains most of what was told.

As the model, this imports nothing of what it judges.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from .model import Change, Look, Memory, Shown, Token, look


@dataclass(frozen=True, slots=True)
class Told:
    """A token somebody claims to have seen at a look."""

    look: int
    bill: int
    token: Token

    def __str__(self) -> str:
        return f"bill {self.bill}: {self.token} at look {self.look}"


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

    def of(self, name: str) -> Verdict:
        """The same, with the name of the history in every sentence."""
        parts = ([f"{name}, {one}" for one in x] for x in (self.missing, self.twice, self.late))
        return Verdict(self.expected, *parts)

    def add(self, other: Verdict) -> None:
        """Count another verdict in."""
        self.expected += other.expected
        self.missing += other.missing
        self.twice += other.twice
        self.late += other.late


def judge(
    changes: Iterable[Change], looks: Sequence[Look], told: Iterable[Told], *, trail: bool = True
) -> Verdict:
    """The verdict, bill by bill, in favour of whoever told.

    `looks` are in the order in which they began, `told` in the order of telling. Without `trail`
    only events count, and not how known bills move on while nobody has to approve them.
    """
    changes = list(changes)
    same = one_and_the_same(changes)
    logged: defaultdict[int, list[Change]] = defaultdict(list)
    heard: defaultdict[int, list[Told]] = defaultdict(list)
    for change in changes:
        logged[same[change.bill]].append(change)
    for one in told:
        if trail or one.token.is_event:
            heard[same.get(one.bill, one.bill)].append(one)
    verdict = Verdict()
    for bill in sorted({*logged, *heard}):
        story = Story(bill, logged[bill])
        path = _Reading(story, heard[bill], trail=trail).best(looks)
        verdict.expected += path.seen
        verdict.missing += path.missing
        verdict.twice += path.twice
        verdict.late += path.late
    return verdict


def one_and_the_same(changes: Iterable[Change]) -> dict[int, int]:
    """Each bill's first number: a purchase order's bill comes back with its vendor and name."""
    first: dict[int, int] = {}
    names: dict[tuple[str, str], int] = {}
    for change in changes:
        row = change.after or change.before
        if change.bill in first or row is None:
            continue
        name = (row.vendor, row.number)
        first[change.bill] = names.get(name, change.bill) if row.purchase else change.bill
        if row.purchase:
            names[name] = first[change.bill]
    return first


class Story:
    """The rows of one bill over the log, under all its numbers."""

    def __init__(self, bill: int, changes: Sequence[Change]) -> None:
        self._seqs = [change.seq for change in changes]
        before = changes[0].before if changes else None
        self._shown = [Shown(bill, before)]
        steps: tuple[Change, ...] = ()
        for change in changes:
            steps = (*steps, change) if change.is_workflow else steps
            self._shown.append(Shown(change.bill, change.after, steps))

    def shown(self, at: Look) -> list[Shown]:
        """Every value it had while the look lasted, oldest first."""
        begin = bisect_right(self._seqs, at.first)
        end = bisect_right(self._seqs, at.last)
        found = self._shown[begin : end + 1]
        # The history is read after the row: it may have later steps of the row's own second too.
        later = [replace(one, steps=found[-1].steps) for one in found if one is not found[-1]]
        return [*found, *(one for one in later if at.history)]


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
_Key = tuple[Memory | None, int]
_Paths = dict[_Key, _Path]


class _Reading:
    """All ways to understand the looks at one bill."""

    def __init__(self, story: Story, told: Sequence[Told], *, trail: bool) -> None:
        self._story = story
        self._told = told
        self._trail = trail

    def best(self, looks: Iterable[Look]) -> _Path:
        """The way that explains most of what was told."""
        paths: _Paths = {(None, 0): _Path()}
        for at in looks:
            following: _Paths = {} if at.certain else dict(paths)
            for shown in self._story.shown(at):
                for (memory, used), path in paths.items():
                    after, token = look(memory, shown, at)
                    if token is None or not (self._trail or token.is_event):
                        _offer(following, (after, used), path)
                    else:
                        self._see(
                            following, (after, used), path, Told(at.number, shown.bill, token)
                        )
            paths = following
        ends = [
            replace(path, twice=path.twice + self._sentences(used, len(self._told)))
            for (_, used), path in paths.items()
        ]
        return min(ends, key=lambda path: path.cost)

    def _see(self, paths: _Paths, key: _Key, path: _Path, seen: Told) -> None:
        """Something is seen at a look: it was told, perhaps after things made up, or it was not."""
        memory, used = key
        path = replace(path, seen=path.seen + 1)
        _offer(paths, key, replace(path, missing=(*path.missing, f"{seen}")))
        for place in range(used, len(self._told)):
            heard = self._told[place]
            if heard.token != seen.token:
                continue
            found = replace(path, twice=path.twice + self._sentences(used, place))
            if heard.look != seen.look:
                late = f"{seen}, told at look {heard.look}"
                found = replace(found, missing=(*path.missing, late), late=(*path.late, late))
            _offer(paths, (memory, place + 1), found)

    def _sentences(self, first: int, end: int) -> tuple[str, ...]:
        return tuple(f"{one}" for one in self._told[first:end])


def _offer(paths: _Paths, key: _Key, path: _Path) -> None:
    """Keep the better of two ways that come to the same."""
    known = paths.get(key)
    if known is None or path.cost < known.cost:
        paths[key] = path
