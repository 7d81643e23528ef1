"""The daily root is written a little at a time, and whatever dies in between loses nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from ml_connector.domain.audit import ChainHead
from ml_connector.domain.roots import (
    HeadsPage,
    RootMark,
    is_root,
    part_key,
    read_part,
    read_root,
    root_key,
)
from ml_connector.errors import StoreUnavailable
from ml_connector.usecases import rooting
from ml_connector.usecases.rooting import RootPorts, keep_root
from tests.support.clock import START, HandClock
from tests.support.telemetry import RecordingTelemetry

TODAY = START.date()
EVERYTHING = {f"case#{n:03d}": ChainHead(n + 1, f"{n:064x}") for n in range(25)}


class Shelf:
    """The RootShelf port: every version of every document."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, bytes]] = []
        self.down = False

    def put(self, key: str, document: bytes) -> None:
        if self.down:
            raise StoreUnavailable("S3 does not answer")
        self.kept.append((key, document))

    @property
    def keys(self) -> list[str]:
        return [key for key, _ in self.kept]

    def named(self) -> dict[str, ChainHead]:
        """Every head in every part."""
        parts = [document for key, document in self.kept if not is_root(key)]
        return {chain: head for document in parts for chain, head in read_part(document)[1]}


class MemoryHeads:
    """The Heads port; reading a page takes a second."""

    def __init__(self, clock: HandClock) -> None:
        self._clock = clock
        self.heads = dict(EVERYTHING)
        self.stored: RootMark | None = None
        self.before_moving: Callable[[], None] = lambda: None
        self.pages = 0
        self.marks = 0

    def page(self, cursor: str, limit: int) -> HeadsPage:
        self._clock.forward(seconds=1)
        self.pages += 1
        first = int(cursor or 0)
        some = sorted(self.heads.items())[first : first + limit]
        after = first + len(some)
        return HeadsPage(tuple(some), str(after) if after < len(self.heads) else "")

    def mark(self) -> RootMark | None:
        self.marks += 1
        return self.stored

    def move_mark(self, mark: RootMark) -> bool:
        self.before_moving()
        if mark.version != (self.stored.version if self.stored else 0) + 1:
            return False
        self.stored = mark
        return True


class Stage:
    def __init__(self) -> None:
        self.clock = HandClock()
        self.heads = MemoryHeads(self.clock)
        self.shelf = Shelf()
        self.telemetry = RecordingTelemetry()
        self.ports = RootPorts(self.heads, self.shelf, self.clock, self.telemetry)

    def tick(self, seconds: float = 30.0) -> bool:
        done = keep_root(self.ports, self.clock.ahead(seconds))
        self.clock.forward(minutes=1)
        return done


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(rooting, "PAGE", 2)
    return Stage()


def test_all_heads_are_in_parts_that_the_root_names(stage: Stage) -> None:
    ticks = 1
    while not stage.tick():
        ticks += 1
    assert ticks == 3  # thirteen pages, five a tick
    assert stage.shelf.keys == [*(part_key(TODAY, n) for n in (1, 2, 3)), root_key(TODAY)]
    assert stage.shelf.named() == EVERYTHING
    root = read_root(stage.shelf.kept[-1][1])
    assert (root.day, root.chains, len(root.parts)) == (TODAY, 25, 3)
    assert stage.telemetry.said("root_kept")


def test_once_a_day_and_no_more(stage: Stage) -> None:
    while not stage.tick():
        pass
    pages, kept = stage.heads.pages, len(stage.shelf.kept)
    assert stage.tick()
    assert (stage.heads.pages, len(stage.shelf.kept)) == (pages, kept)
    stage.clock.forward(days=1)
    while not stage.tick():
        pass
    assert root_key(TODAY + timedelta(days=1)) in stage.shelf.keys


def test_where_there_is_too_little_time_nothing_is_begun(stage: Stage) -> None:
    assert not stage.tick(seconds=4.9)
    assert stage.heads.marks == 0
    assert stage.shelf.kept == []


def test_a_store_without_heads_has_a_root_too(stage: Stage) -> None:
    stage.heads.heads.clear()
    assert stage.tick()
    assert read_root(stage.shelf.kept[-1][1]).chains == 0


def test_a_part_whose_mark_was_lost_is_written_again(stage: Stage) -> None:
    def dies() -> None:
        stage.heads.before_moving = lambda: None
        raise StoreUnavailable("DynamoDB does not answer")

    stage.heads.before_moving = dies
    assert not stage.tick()
    while not stage.tick():
        pass
    assert stage.shelf.keys.count(part_key(TODAY, 1)) == 2
    assert stage.shelf.named() == EVERYTHING


def test_a_root_whose_mark_was_lost_is_written_again(stage: Stage) -> None:
    stage.tick()
    stage.tick()
    calls: list[int] = []

    def dies_the_second_time() -> None:
        calls.append(1)
        if len(calls) == 2:
            raise StoreUnavailable("DynamoDB does not answer")

    stage.heads.before_moving = dies_the_second_time
    assert not stage.tick()
    assert stage.tick()
    assert stage.shelf.keys.count(root_key(TODAY)) == 2
    assert stage.shelf.keys.count(part_key(TODAY, 3)) == 1


def test_of_two_invocations_at_once_one_stops(stage: Stage) -> None:
    def overtaken() -> None:
        stage.heads.before_moving = lambda: None
        stage.heads.stored = RootMark(TODAY, 1, "4")

    stage.heads.before_moving = overtaken
    assert not stage.tick()
    assert stage.heads.stored == RootMark(TODAY, 1, "4")


def test_a_bucket_that_does_not_answer_is_said_and_tried_again(stage: Stage) -> None:
    stage.shelf.down = True
    assert not stage.tick()
    assert stage.telemetry.said("root_not_kept", "error")
    stage.shelf.down = False
    while not stage.tick():
        pass
    assert stage.shelf.named() == EVERYTHING


def test_a_day_that_was_too_short_is_said_and_the_next_one_begins_anew(stage: Stage) -> None:
    stage.tick()
    stage.clock.forward(days=1)
    while not stage.tick():
        pass
    assert stage.telemetry.said("root_not_finished", "warning")
    tomorrow = TODAY + timedelta(days=1)
    assert root_key(TODAY) not in stage.shelf.keys
    assert part_key(tomorrow, 1) in stage.shelf.keys
    assert stage.heads.stored
    assert (stage.heads.stored.day, stage.heads.stored.done) == (tomorrow, True)
