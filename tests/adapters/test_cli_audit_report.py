"""`ml-connector audit report` over what the functions wrote."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ml_connector.store.models import AuditItem, DocumentItem
from tests.adapters.cli_audit import a_world, stored
from tests.adapters.cli_deployment import Stack, deployed
from tests.support.calls import NOBODY_ANSWERS, PRESSES_ONE
from tests.support.world import World, number

REPORT = ("audit", "report", "--from", "2026-11-23", "--to", "2026-11-23")
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def world() -> World:
    """Ann misses two calls about 4711, so Bob is texted; she confirms 4712, which is approved."""
    made = a_world()
    made.calls.line(number(1)).life = NOBODY_ANSWERS
    made.open("4711")
    made.run(hours=1)
    made.calls.line(number(1)).life = PRESSES_ONE
    made.open("4712", vendor=HOSTILE)
    made.run(minutes=10)
    made.ledger.approve("4712")
    made.run(minutes=4)
    for dispatch in made.dispatches():
        price = None if dispatch.channel == "sms" else Decimal("-0.014")
        made.tables.dispatches[dispatch.id] = replace(dispatch, price=price, price_unit="USD")
    return made


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, world: World) -> Iterator[Stack]:
    with deployed(monkeypatch) as made:
        stored(made, world)
        yield made


def rows(stack: Stack, *words: str) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in stack.json(*REPORT, *words)["rows"]}


def test_each_approver_has_what_they_were_told_and_how_it_ended(stack: Stack) -> None:
    found = rows(stack)
    assert list(found) == ["ann", "bob", "all"]
    ann, bob, everybody = found.values()
    assert (ann["cases"], ann["alerts"], ann["sent"], ann["failed"]) == (2, 2, 2, 2)
    assert (ann["delivered"], ann["confirmed"], ann["approved"]) == (1, 1, 1)
    assert (bob["cases"], bob["alerts"], bob["delivered"], bob["failed"]) == (1, 1, 1, 0)
    assert (everybody["cases"], everybody["alerts"], everybody["delivered"]) == (2, 3, 2)


def test_times_are_counted_from_when_the_poll_saw_the_bill(stack: Stack) -> None:
    found = rows(stack)
    ann, bob = found["ann"]["median_seconds"], found["bob"]["median_seconds"]
    assert ann["to_sent"] < 120
    assert ann["to_sent"] < ann["to_confirmed"] < ann["to_approved"] <= 12 * 60
    assert bob["to_sent"] >= 600
    assert bob["to_confirmed"] is None


def test_cost_is_what_is_priced_and_the_rest_is_counted(stack: Stack) -> None:
    found = rows(stack)
    assert found["ann"]["cost"] == {"USD": "0.042"}
    assert (found["bob"]["cost"], found["bob"]["unpriced"]) == ({}, 1)
    assert (found["all"]["cost"], found["all"]["unpriced"]) == ({"USD": "0.042"}, 1)


def test_the_same_by_vendor(stack: Stack) -> None:
    found = rows(stack, "--by", "vendor")
    assert list(found) == [HOSTILE, "Baker Steel", "all"]
    assert (found["Baker Steel"]["delivered"], found["Baker Steel"]["confirmed"]) == (1, 0)
    assert found[HOSTILE]["approved"] == 1


def test_a_vendor_that_is_not_known_any_more_is_said_so(stack: Stack) -> None:
    for row in list(DocumentItem.scan()):
        row.delete()
    assert list(rows(stack, "--by", "vendor")) == ["several, or not known", "all"]


def test_cases_of_other_days_are_left_out(stack: Stack) -> None:
    document = stack.json("audit", "report", "--from", "2026-11-24", "--to", "2026-11-24")
    (row,) = document["rows"]
    assert (row["name"], row["cases"], row["median_seconds"]["to_sent"]) == ("all", 0, None)


class Page(HTMLParser):
    """The cells of the page, and every tag in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.cells: list[str] = []
        self._in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, _attrs: object) -> None:
        self.tags.add(tag)
        self._in_cell = tag == "td"
        if self._in_cell:
            self.cells.append("")

    def handle_endtag(self, _tag: str) -> None:
        self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.cells[-1] += data


def test_files_hold_the_same_and_what_others_wrote_is_text(stack: Stack, tmp_path: Path) -> None:
    table, page = tmp_path / "report.csv", tmp_path / "report.html"
    words = ("--by", "vendor", "--csv", str(table), "--html", str(page))
    shown = stack.run(*REPORT, *words)
    assert shown.exit_code == 0
    assert f"Written: {table}" in shown.stdout
    assert f"Written: {page}" in shown.stdout
    by_name = {row["vendor"]: row for row in csv.DictReader(io.StringIO(table.read_text()))}
    assert (by_name["all"]["cases"], by_name["all"]["cost"]) == ("2", "USD 0.042")
    assert int(by_name["all"]["to sent (seconds)"]) < 120
    parsed = Page(page.read_text())
    assert HOSTILE in parsed.cells
    assert "script" not in parsed.tags
    assert "Baker Steel" in parsed.cells


def test_files_that_are_there_are_written_over_only_once_somebody_agrees(
    stack: Stack, tmp_path: Path
) -> None:
    table, page = tmp_path / "report.csv", tmp_path / "report.html"
    page.write_text("mine")
    words = (*REPORT, "--csv", str(table), "--html", str(page))
    assert stack.run(*words).exit_code == 2
    assert stack.run(*words, answers="n\n").exit_code == 1
    assert (page.read_text(), table.exists()) == ("mine", False)
    assert stack.run(*words, answers="y\n").exit_code == 0
    assert page.read_text().startswith("<!doctype html>")
    assert stack.run(*words, "--yes").exit_code == 0


def test_a_case_without_its_opening_is_said_and_not_counted(stack: Stack, world: World) -> None:
    (case,) = (one.chain for one in world.tables.cases.values() if one.document == "bill#4711")
    AuditItem.get(case, 1).delete()
    document = stack.json(*REPORT)
    assert document["damaged"] == [case]
    assert document["rows"][-1]["cases"] == 1
    shown = stack.run(*REPORT)
    assert "warning: 1 case counted nowhere" in shown.stderr
    assert case in shown.stderr
    assert "audit verify" in shown.stderr


def test_people_get_a_table_with_times_in_words(stack: Stack) -> None:
    shown = stack.run(*REPORT)
    assert "Alerts by approver, 2026-11-23 to 2026-11-23 (UTC)" in shown.stdout
    assert "1 not priced yet" in shown.stdout
    assert "Times are medians" in shown.stdout
