"""Figures out of entries: who, when, how long, and entries that come in pieces."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cli.audit.export import Format, write
from cli.audit.figures import (
    CaseStory,
    Price,
    Told,
    rows_by_approver,
    rows_by_vendor,
    stories,
    total,
)
from cli.audit.figures_page import cells, write_csv, write_page
from cli.audit.words import said, said_of_alert
from ml_connector.domain.audit import ChainHead, entry_after
from ml_connector.domain.chains import Link, link_of
from tests.support.clock import START

END = START + timedelta(days=1)


def chain(name: str, *steps: tuple[int, str, dict[str, Any]], at: datetime = START) -> list[Link]:
    """Entries so many seconds after `at`."""
    head, links = ChainHead(), []
    for seconds, kind, data in steps:
        entry = entry_after(head, name, at + timedelta(seconds=seconds), kind, data)
        links.append(link_of(entry))
        head = entry.head
    return links


OPENED = (
    0,
    "case.opened",
    {
        "company": "acme",
        "document": "bill#1",
        "alerts": [{"recipient": "ann", "dispatch": "d1", "channel": "sms"}],
    },
)
FAILED = (20, "dispatch.undelivered", {"dispatch": "d1", "next": "d2"})
DELIVERED = (60, "dispatch.delivered", {"dispatch": "d2"})
STORY = chain(
    "case#a",
    OPENED,
    (10, "dispatch.sent", {"dispatch": "d1"}),
    FAILED,
    (50, "dispatch.sent", {"dispatch": "d2"}),
    DELIVERED,
    (90, "case.handled", {"because": "bill.approved"}),
)


def told(links: list[Link], again: list[Link] | None = None) -> list[CaseStory]:
    return stories(links, lambda _: again or [], START, END).cases


def test_a_second_try_belongs_to_whom_the_first_was_for() -> None:
    (story,) = told(STORY)
    assert story.approved_at == START + timedelta(seconds=90)
    assert story.told == {
        "ann": Told(
            "ann",
            alerts=1,
            failed=1,
            sent_at=START + timedelta(seconds=10),
            delivered_at=START + timedelta(seconds=60),
            dispatches={"d1", "d2"},
        )
    }


def test_a_case_whose_entries_come_in_pieces_is_read_by_itself() -> None:
    other = chain("case#b", OPENED)
    whole = told(STORY)
    assert [s for s in told([*STORY[3:], *other, *STORY[:3]], STORY) if s.id == "a"] == whole
    assert [s for s in told([*STORY[:3], *other, *STORY[3:]], STORY) if s.id == "a"] == whole


def test_a_bundle_belongs_to_whom_the_texts_it_took_over_were_for() -> None:
    bundled = {"dispatch": "d9", "instead_of": ["d1"], "alerts": 3}
    links = chain(
        "case#a",
        OPENED,
        (10, "dispatch.bundled", bundled),
        (20, "dispatch.delivered", {"dispatch": "d9"}),
    )
    (story,) = told(links)
    assert list(story.told) == ["ann"]
    assert story.told["ann"].delivered_at == START + timedelta(seconds=20)
    assert said("dispatch.bundled", bundled) == "joined into one text that tells of 3 alerts"


def test_cases_of_before_and_after_and_documents_are_left_out() -> None:
    before = STORY[1:]
    late = chain("case#late", OPENED, at=END)
    document = chain("doc#acme#bill#1", (0, "document.seen", {"events": []}))
    assert told([*before, *late, *document]) == []


def by_text(links: list[Link]) -> list[Link]:
    """Entries as a table gives them that orders numbers as texts: 1, 10, 11, 2."""
    return sorted(links, key=lambda link: (link.chain, str(link.seq)))


def test_entries_in_another_order_tell_the_same_and_credit_the_same_person() -> None:
    tries = [(20 + n, "dispatch.deferred", {"dispatch": "d1"}) for n in range(9)]
    links = chain("case#a", OPENED, *tries, FAILED, (90, *DELIVERED[1:]))
    assert by_text(links) != links
    assert told(by_text(links)) == told(links)
    assert list(told(by_text(links))[0].told) == ["ann"]


def test_an_entry_before_the_opening_does_not_hide_the_case() -> None:
    links = chain("case#a", (0, "case.fresh_look_asked", {}), OPENED, DELIVERED)
    (story,) = told(links)
    assert story.told["ann"].alerts == 1


def test_a_case_whose_opening_is_gone_is_named_and_one_opened_earlier_is_not() -> None:
    earlier = chain("case#b", OPENED, DELIVERED)
    gone = [*STORY[1:], *earlier[1:]]
    again = {"case#a": STORY[1:], "case#b": earlier}
    assert stories(gone, lambda name: again[name], START, END) == ([], ["case#a"])
    other = STORY[0]._replace(kind="case.renamed")
    assert stories([other, *STORY[1:]], lambda _: [], START, END).damaged == ["case#a"]


def test_a_cost_nobody_is_known_for_is_said_so() -> None:
    links = chain("case#a", OPENED, (10, "dispatch.sent", {"dispatch": "d7"}))
    rows = rows_by_approver(told(links), {"d7": Price(Decimal("-0.01"), "USD", 1)})
    assert [(row.name, row.cost) for row in rows] == [
        ("not known", (("USD", Decimal("0.01")),)),
        ("ann", ()),
    ]


def test_what_is_not_readable_is_left_to_verify() -> None:
    unreadable = [STORY[0]._replace(at="yesterday"), *STORY[1:]]
    assert stories(unreadable, lambda _: [], START, END) == ([], ["case#a"])
    (story,) = told([STORY[0]._replace(data="not JSON"), *STORY[1:]])
    assert story.document == ""


def test_a_text_about_two_cases_costs_each_half() -> None:
    opened = chain("case#b", OPENED)
    both = [*told(STORY), *told(opened)]
    both[1].told["ann"].dispatches.add("d2")
    prices = {"d2": Price(Decimal("-0.008"), "USD", 2), "d1": Price(None, "USD", 1)}
    row = total(both, prices)
    assert row.cost == (("USD", Decimal("0.008")),)
    assert row.unpriced == 1
    prices["d1"] = Price(None, "USD", 1, awaited=False)
    assert total(both, prices).unpriced == 0
    (one, other) = rows_by_vendor(both, prices, {"a": "Baker Steel", "b": "Cedar Paper"})
    assert one.cost == other.cost == (("USD", Decimal("0.004")),)


def test_a_row_of_nothing_has_no_times_and_no_cost() -> None:
    row = total([], {})
    assert cells(row) == ("all", *["0"] * 7, *[""] * 5)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.4, "59 s"), (61, "1 min 1 s"), (3_700, "1 h 1 min"), (90_000, "1 d 1 h")],
)
def test_times_are_said_in_two_units(seconds: float, words: str) -> None:
    story = CaseStory("a", "acme", "bill#1", START, START + timedelta(seconds=seconds))
    assert cells(total([story], {}))[11] == words


def test_a_name_that_looks_like_a_formula_is_text_in_a_spreadsheet() -> None:
    row = total([], {})
    hostile = replace(row, name="=cmd()")
    assert write_csv([hostile], "vendor").splitlines()[1].startswith("'=cmd(),")


def test_a_name_that_turns_the_direction_of_writing_does_so_in_no_file() -> None:
    hostile = replace(total([], {}), name="Baker \u202eleetS\u200b Ltd\x1b[2J")
    for written in (write_csv([hostile], "vendor"), write_page([hostile], "vendor", "November")):
        assert "Baker  leetS  Ltd [2J" in written
        assert not set(written) & {"\u202e", "\u200b", "\x1b"}


# ------------------------------------------------------------------------------------- words
@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("dispatch.suppressed", {"reason": "handled"}, "not sent: handled meanwhile"),
        ("dispatch.deferred", {"reason": "throttled", "due_at": "T"}, "put off until T: throttled"),
        ("dispatch.failed", {"error_code": 30003, "reason": "off"}, "failed: off, code 30003"),
        ("dispatch.sent", {"status": "queued", "twice": True}, "accepted by Twilio (queued); AN"),
        ("case.acknowledged", {"how": "reply"}, "the person replied: seen (reply)"),
        ("case.opened", {"bills": 7}, "one text for 7 waiting bills"),
        ("case.stepped", {"left_out": [1]}, "1 left out, for the case had come far enough"),
        ("case.cancelled", {"by": "lea", "reason": "paid"}, "stopped by lea: paid"),
        ("case.resent", {"by": "lea"}, "told once more by lea"),
        ("person.new_kind", {"reason": "asked"}, "person: new kind (asked)"),
        ("person.new_kind", {}, "person: new kind"),
    ],
)
def test_entries_are_said_in_words(kind: str, data: dict[str, Any], words: str) -> None:
    assert said(kind, data).startswith(words)


def test_an_alert_says_whom_it_passed_over_and_why() -> None:
    passed = [{"approver": "bob", "reason": "opted out"}]
    assert said_of_alert({"passed_over": passed}) == "to be told (not bob: opted out)"
    assert said_of_alert({"stopped": "no_channel"}) == (
        "cannot be told: the person has no usable number"
    )


def test_an_export_is_written_entry_by_entry() -> None:
    class Stream:
        """Takes one line at a time, and says how long it was."""

        def __init__(self) -> None:
            self.lines: list[str] = []

        def write(self, text: str) -> int:
            self.lines.append(text)
            return len(text)

    stream = Stream()
    taken = []

    def links() -> Any:
        for link in STORY:
            taken.append(len(stream.lines))
            yield link

    assert write(links(), stream, Format.JSONL) == len(STORY)  # type: ignore[arg-type]
    assert taken == list(range(len(STORY)))
