"""A small share of the fuzzer, and proof that it sees what it is there to see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from ml_connector.intacct import parser
from ml_connector.intacct.tree import Document
from tests.fuzz_parser import campaign, oracle
from tests.fuzz_parser.campaign import MIB, SIZED, Tally, child, fuzz, judge_sized, limited
from tests.fuzz_parser.large import LARGE
from tests.fuzz_parser.mutations import MUTATIONS
from tests.fuzz_parser.oracle import Outcome, judge

GOOD = (
    b"<response><operation><result><data>"
    b"<B><A>1</A></B><B><A>2</A></B>"
    b"</data></result></operation></response>"
)
DIRTY = GOOD.replace(b"1", b"1\x01&#2;")


def test_three_thousand_documents_of_every_kind_go_right() -> None:
    tally = fuzz(7, range(3000))
    assert tally.wrong == {}
    assert tally.total(Outcome.READ, Outcome.CLEANED, Outcome.REFUSED) == 3000
    seen = {mutation for mutation, _ in tally.counts}
    assert seen == set(MUTATIONS)
    assert min(tally.total(outcome) for outcome in Outcome if outcome.good) > 100


@pytest.mark.parametrize(
    "name",
    [
        "nothing but nesting",
        "nesting in a record",
        "billion laughs",
        "quadratic blow-up",
        "many external entities",
        "one name",
        "one text of line ends",
        "one record of one field repeated",
        "one record of many fields",
        "bytes that are no text",
    ],
)
def test_the_size_of_a_document_breaks_no_limit(name: str) -> None:
    outcome, why, _ = judge_sized(name)
    assert (outcome.good, why) == (True, "")
    assert (outcome is Outcome.READ) == LARGE[name][1]


def test_a_good_document_is_read_a_dirty_one_cleaned_and_a_bad_one_refused() -> None:
    assert judge(GOOD)[0] is Outcome.READ
    assert judge(DIRTY)[0] is Outcome.CLEANED
    assert judge(GOOD[:-1])[0] is Outcome.REFUSED


# ----------------------------------------------------- parsers that are wrong in one way each
def loses_a_record(body: bytes) -> Document:
    document = parser.parse(body)
    operation = document.root.child("OPERATION")
    assert operation is not None
    data = operation.children[0].children[0]
    data.records.pop()
    return document


def miscounts(body: bytes) -> Document:
    document = parser.parse(body)
    return Document(document.root, document.cleaned + 1)


def raises_what_is_not_ours(_body: bytes) -> Document:
    raise UnicodeDecodeError("utf-8", b"", 0, 1, "as it stands")


def closes_what_is_open(body: bytes) -> Document:
    return parser.parse(body if body.endswith(b">") else body + b">")


def takes_too_much(_body: bytes) -> Document:
    raise MemoryError


def refuses_dirt(body: bytes) -> Document:
    document = parser.parse(body)
    if document.cleaned:
        raise parser.SourceProtocolError("not well-formed")
    return document


@pytest.mark.parametrize(
    ("parse", "body", "outcome", "why"),
    [
        (loses_a_record, GOOD, Outcome.WRONG, "read otherwise than the oracle"),
        (loses_a_record, DIRTY, Outcome.WRONG, "read otherwise when cleaned"),
        (miscounts, GOOD, Outcome.WRONG, "cleaned although nothing was wrong"),
        (miscounts, DIRTY, Outcome.WRONG, "counts 3 characters removed, not 2"),
        (raises_what_is_not_ours, GOOD, Outcome.WRONG, "parse raised UnicodeDecodeError"),
        (closes_what_is_open, GOOD[:-1], Outcome.WRONG, "accepted what the oracle refuses"),
        (refuses_dirt, DIRTY, Outcome.WRONG, "refused a good document: not well-formed"),
        (takes_too_much, GOOD, Outcome.OVER_MEMORY, "MemoryError"),
    ],
)
def test_a_parser_that_is_wrong_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
    parse: Callable[[bytes], Document],
    body: bytes,
    outcome: Outcome,
    why: str,
) -> None:
    monkeypatch.setattr(oracle, "parse", parse)
    found, said = judge(body)
    assert found is outcome
    assert said.startswith(why)


def test_a_parser_without_bounds_meets_the_memory_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser, "MAX_FIELDS", 10**9)
    monkeypatch.setattr(campaign, "MEMORY", 16 * MIB)
    outcome, why, _ = judge_sized("one record of one field repeated")
    assert (outcome, why) == (Outcome.OVER_MEMORY, "MemoryError")


def test_the_memory_limit_ends_with_its_block() -> None:
    # So much that no memory freed earlier can serve for it; untouched, it costs nothing.
    with limited(64 * MIB), pytest.raises(MemoryError):
        bytearray(1024 * MIB)
    assert len(bytearray(1024 * MIB)) == 1024 * MIB


# --------------------------------------------------------------------- the campaign around it
def test_a_tally_survives_the_way_from_the_child(tmp_path: Path) -> None:
    place = tmp_path / "number"
    place.write_bytes(bytes(8))
    tally = child(7, 20, range(5, 20), place)
    assert tally.total() == 15
    assert int.from_bytes(place.read_bytes(), "little") == 19
    tally.add("bits", Outcome.WRONG, "why", b"\xff")
    told = Tally.from_json(tally.to_json())
    assert (told.counts, told.wrong) == (tally.counts, {"wrong (bits): why": b"\xff"})


def test_only_the_smallest_document_of_each_kind_of_trouble_is_kept() -> None:
    tally = Tally()
    for body in (b"long", b"x", b"longer"):
        tally.add("bits", Outcome.WRONG, "why", body)
    other = Tally()
    other.add("bits", Outcome.WRONG, "why", b"")
    tally.merge(other)
    assert tally.wrong == {"wrong (bits): why": b""}
    assert tally.total(Outcome.WRONG) == 4


class FakeProcess:
    """A child that stops at a document: for good, or with a status."""

    def __init__(self, command: list[str], status: int | None, at: int) -> None:
        first, stop, place = command[-3:]
        self.returncode: int | None = 0
        if int(first) <= at < int(stop):
            Path(place).write_bytes(at.to_bytes(8, "little"))
            self.returncode = status

    def poll(self) -> int | None:
        return self.returncode

    def kill(self) -> None:
        self.returncode = -9

    def wait(self) -> None:
        """Dead already."""


@pytest.mark.parametrize(("status", "outcome"), [(None, Outcome.HUNG), (-9, Outcome.OVER_MEMORY)])
def test_a_document_that_stops_its_process_is_counted_and_passed_over(
    monkeypatch: pytest.MonkeyPatch, status: int | None, outcome: Outcome
) -> None:
    def start(command: list[str], *, stdout: object, **_: object) -> FakeProcess:
        process = FakeProcess(command, status, at=12)
        if process.returncode == 0:
            first, stop = int(command[-3]), int(command[-2])
            tally = Tally()
            for _number in range(first, stop):
                tally.add("bits", Outcome.READ, "", b"")
            stdout.write(tally.to_json())  # type: ignore[attr-defined]
        return process

    ticks = iter(range(0, 10_000_000, 20))
    hands = SimpleNamespace(monotonic=lambda: float(next(ticks)), sleep=lambda _: None)
    monkeypatch.setattr(campaign, "subprocess", SimpleNamespace(Popen=start, DEVNULL=None))
    monkeypatch.setattr(campaign, "time", hands)
    tally = campaign.run(1, 30)
    assert tally.total(outcome) == 1
    assert tally.total() == 30 + len(SIZED)
