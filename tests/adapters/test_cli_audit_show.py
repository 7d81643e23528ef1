"""`ml-connector audit show` and `audit export` over what the functions wrote."""

from __future__ import annotations

import csv
import io
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ml_connector.domain.audit import AuditEntry, check
from ml_connector.domain.chains import Link, digest_of
from ml_connector.store.models import ApproverItem, AuditItem, CaseItem, DocumentItem
from tests.adapters.cli_audit import a_world, entries, stored, two_bills
from tests.adapters.cli_deployment import Stack, deployed
from tests.support.bundling import submit, world_of
from tests.support.calls import NOBODY_ANSWERS
from tests.support.world import World, number

PERIOD = ("--from", "2026-11-23", "--to", "2026-11-23")


@pytest.fixture(scope="module")
def world() -> World:
    return two_bills()


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, world: World) -> Iterator[Stack]:
    with deployed(monkeypatch) as made:
        stored(made, world)
        yield made


def lines(document: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [line for line in document["timeline"] if line["kind"] == kind]


# ------------------------------------------------------------------------------------- show
def test_a_bills_story_says_who_was_told_how_and_who_confirmed(stack: Stack) -> None:
    document = stack.json("audit", "show", "4711")
    assert document["ok"] is True
    assert document["document"]["vendor"] == "Baker Steel"
    assert document["zone"] == "America/Chicago"
    (told,) = lines(document, "alert")
    assert (told["approver"], told["name"], told["channel"]) == ("ann", "Ann", "voice")
    (confirmed,) = lines(document, "dispatch.confirmed")
    assert (confirmed["approver"], confirmed["channel"]) == ("ann", "voice")
    assert confirmed["sid"].startswith("CA")
    assert (
        "two witnesses: the call's flow says confirmed, its second source confirmed"
        in (confirmed["said"])
    )
    assert confirmed["local"].endswith("-06:00")
    assert "approved in Intacct" in lines(document, "document.seen")[-1]["said"]
    (handled,) = lines(document, "case.handled")
    assert handled["said"] == "over: approved in Intacct; nobody is told any more"
    assert [line["at"] for line in document["timeline"]] == sorted(
        line["at"] for line in document["timeline"]
    )


def test_people_get_a_table_in_the_companys_time(stack: Stack) -> None:
    shown = stack.run("audit", "show", "4711")
    assert shown.exit_code == 0
    assert "Bill 4711 of acme: Baker Steel" in shown.stdout
    assert "when (America/Chicago)" in shown.stdout
    assert "2 chain(s) of the audit trail say so, and are whole." in shown.stdout


def test_a_number_is_shown_neither_itself_nor_by_its_whole_fingerprint(
    stack: Stack, world: World
) -> None:
    result = stack.run("audit", "show", "4711", "--json")
    assert number(1) not in result.output
    fingerprints = {entry.data["number"] for entry in entries(world) if entry.data.get("number")}
    assert fingerprints
    for fingerprint in fingerprints:
        assert str(fingerprint) not in result.output
        assert str(fingerprint)[:4] in result.output


def test_a_failed_call_and_who_was_told_instead_are_in_the_story(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = a_world()
    world.calls.line(number(1)).life = NOBODY_ANSWERS
    world.open("4711")
    world.run(hours=1)
    with deployed(monkeypatch) as stack:
        stored(stack, world)
        document = stack.json("audit", "show", "4711")
    calls = lines(document, "dispatch.unanswered")
    assert [call["approver"] for call in calls] == ["ann", "ann"]
    assert "tried again at" in calls[0]["said"]
    assert [(one["approver"], one["channel"]) for one in lines(document, "alert")] == [
        ("ann", "voice"),
        ("bob", "sms"),
    ]
    (delivered,) = lines(document, "dispatch.delivered")
    assert (delivered["approver"], delivered["said"]) == ("bob", "delivered")


def test_a_bundle_is_said_with_whom_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_of()
    submit(world, 1, 2, 3)
    world.run(minutes=16)
    with deployed(monkeypatch) as stack:
        stored(stack, world)
        document = stack.json("audit", "show", "3")
    (bundled,) = lines(document, "dispatch.bundled")
    assert bundled["said"] == "joined into one text that tells of 2 alerts"
    (delivered,) = lines(document, "dispatch.delivered")
    for line in (bundled, delivered):
        assert (line["approver"], line["channel"]) == ("ann", "sms")


def test_the_story_is_told_from_the_audit_even_where_the_case_is_gone(
    stack: Stack, world: World
) -> None:
    (case,) = (one for one in world.tables.cases.values() if one.document == "bill#4711")
    CaseItem.get(case.chain, "case").delete()
    ApproverItem.get("ann").delete()
    document = stack.json("audit", "show", "4711", status=1)
    assert [one["what"] for one in document["broken"]] == ["no_head"]
    assert lines(document, "dispatch.confirmed")[0]["approver"] == "ann"


def test_a_forged_entry_is_said_with_the_story(stack: Stack) -> None:
    AuditItem.get("doc#acme#bill#4712", 1).update([AuditItem.data.set("not JSON")])
    shown = stack.run("audit", "show", "4712")
    assert shown.exit_code == 1
    assert "broken: doc#acme#bill#4712: changed: entry 1 is not what was written" in shown.stdout


@pytest.mark.parametrize("of", ["case", "document"])
def test_a_chain_removed_as_a_whole_is_broken_as_long_as_its_head_is_there(
    stack: Stack, world: World, of: str
) -> None:
    (case,) = (one for one in world.tables.cases.values() if one.document == "bill#4711")
    name = case.chain if of == "case" else "doc#acme#bill#4711"
    for entry in world.tables.chains[name]:
        AuditItem.get(entry.chain, entry.seq).delete()
    document = stack.json("audit", "show", "4711", status=1)
    assert [(one["chain"], one["what"]) for one in document["broken"]] == [(name, "no_entries")]
    assert "whole" not in stack.run("audit", "show", "4711").stdout


def test_a_case_of_which_nothing_is_left_is_named_by_the_entry_that_opened_it(
    stack: Stack, world: World
) -> None:
    (case,) = (one for one in world.tables.cases.values() if one.document == "bill#4711")
    for entry in world.tables.chains[case.chain]:
        AuditItem.get(entry.chain, entry.seq).delete()
    CaseItem.get(case.chain, "case").delete()
    (found,) = stack.json("audit", "show", "4711", status=1)["broken"]
    assert (found["chain"], found["what"]) == (case.chain, "no_entries")
    assert found["said"].startswith("entry 1 of doc#acme#bill#4711 names it")


def another(stack: Stack, record: str, company: str = "acme") -> None:
    """One more bill with the number 4711."""
    stack.deployment.documents  # noqa: B018 - binds the models
    item = DocumentItem.get("company#acme", "bill#4711")
    item.pk, item.sk, item.record_no = f"company#{company}", f"bill#{record}", record
    item.company, item.vendor_name, item.head_seq = company, "Cedar Paper", 0
    item.save()


def test_a_number_that_several_have_lists_them_and_asks_which(stack: Stack) -> None:
    another(stack, "99")
    result = stack.run("audit", "show", "4711")
    assert result.exit_code == 2
    assert "2 have the number '4711'; say which with --record" in result.stderr
    assert "--record 4711: bill 4711 of acme, Baker Steel, USD 12,500.00, due 2026-11-30" in (
        result.stderr
    )
    assert "--record 99: bill 4711 of acme, Cedar Paper" in result.stderr
    shown = stack.json("audit", "show", "4711", "--record", "99")
    assert shown["document"]["vendor"] == "Cedar Paper"


def test_companies_with_the_same_record_numbers_are_told_apart(stack: Stack) -> None:
    another(stack, "4711", company="beta")
    result = stack.run("audit", "show", "4711", "--record", "4711")
    assert "--record and --company" in result.stderr
    shown = stack.json("audit", "show", "4711", "--company", "beta")
    assert (shown["document"]["company"], shown["zone"]) == ("beta", "UTC")


def test_a_number_nobody_knows_is_said_so(stack: Stack) -> None:
    result = stack.run("audit", "show", "0815")
    assert result.exit_code == 1
    assert "no bill or payment '0815' is known" in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--record", "999"), "'4711' is known, but --record '999' does not fit it"),
        (("--company", "zzz"), "'4711' is known, but --company 'zzz' does not fit it"),
        (("--record", "9", "--company", "z"), "but --record '9' and --company 'z' does not fit"),
        (
            ("--record", "99", "--company", "acme"),
            "but --record '99' together with --company 'acme' does not fit it",
        ),
    ],
)
def test_what_does_not_fit_a_known_number_is_named_with_what_does(
    stack: Stack, words: tuple[str, ...], said: str
) -> None:
    another(stack, "99", company="beta")
    result = stack.run("audit", "show", "4711", *words)
    assert result.exit_code == 1
    assert said in result.stderr
    assert "  --record 4711: bill 4711 of acme, Baker Steel" in result.stderr


def test_a_name_that_turns_the_direction_of_writing_is_shown_without(stack: Stack) -> None:
    stack.deployment.documents  # noqa: B018 - binds the models
    item = DocumentItem.get("company#acme", "bill#4711")
    item.vendor_name = "Baker \u202eleetS\u200b Ltd"
    item.save()
    shown = stack.run("audit", "show", "4711")
    document = stack.run("audit", "show", "4711", "--json")
    assert "Baker  leetS  Ltd" in shown.stdout
    for result in (shown, document):
        assert not set(result.output) & {"\u202e", "\u200b"}
    assert json.loads(document.stdout)["document"]["vendor"] == item.vendor_name


# ----------------------------------------------------------------------------------- export
def exported(text: str) -> list[Link]:
    return [Link(**json.loads(line)) for line in text.splitlines()]


def test_everything_is_exported_as_json_lines_that_can_be_verified_elsewhere(
    stack: Stack, world: World, tmp_path: Path
) -> None:
    out = tmp_path / "audit.jsonl"
    result = stack.run("audit", "export", *PERIOD, "--format", "jsonl", "--out", str(out))
    assert result.exit_code == 0, result.output
    links = exported(out.read_text())
    assert {(link.chain, link.seq) for link in links} == {
        (entry.chain, entry.seq) for entry in entries(world)
    }
    assert all(digest_of(link) == link.digest for link in links)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["audit.jsonl"]
    assert f"{len(links):,} entries of 2026-11-23 to 2026-11-23 (UTC)" in result.stdout


def test_the_same_as_csv_on_standard_output(stack: Stack, world: World) -> None:
    result = stack.run("audit", "export", *PERIOD)
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert len(rows) == len(entries(world))
    whole: dict[str, list[AuditEntry]] = world.tables.chains
    row = next(row for row in rows if row["chain"] == "doc#acme#bill#4711" and row["seq"] == "1")
    assert json.loads(row["data"]) == json.loads(json.dumps(whole[row["chain"]][0].data))
    assert check(whole[row["chain"]], whole[row["chain"]][-1].head) is None


def test_programs_are_told_about_the_file_and_never_of_entries_beside_it(
    stack: Stack, world: World, tmp_path: Path
) -> None:
    out = tmp_path / "audit.csv"
    document = stack.json("audit", "export", *PERIOD, "--out", str(out))
    assert document == {
        "ok": True,
        "entries": len(entries(world)),
        "file": str(out),
        "format": "csv",
    }
    assert stack.json("audit", "export", *PERIOD, status=2)["error"]["code"] == "usage"


def test_only_the_days_asked_for_are_exported_in_the_zone_asked_for(stack: Stack) -> None:
    """The story begins at 9:30 UTC: in Kiritimati that is nearly midnight, 14 hours ahead."""
    day = ("--from", "2026-11-23", "--to", "2026-11-23", "--format", "jsonl")
    before = ("--from", "2026-11-20", "--to", "2026-11-22", "--format", "jsonl")
    assert stack.run("audit", "export", *before).stdout == ""
    assert stack.run("audit", "export", *day, "--zone", "Pacific/Kiritimati").stdout != ""
    assert stack.run("audit", "export", *before, "--zone", "Etc/GMT+12").stdout != ""


def test_what_looks_like_a_formula_is_text_in_a_spreadsheet(stack: Stack) -> None:
    AuditItem.get("doc#acme#bill#4711", 1).update([AuditItem.kind.set("=cmd()")])
    assert ",'=cmd()," in stack.run("audit", "export", *PERIOD).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "23.11.2026"), "--from '23.11.2026' is no day"),
        (("--from", "2026-11-23", "--to", "2026-11-22"), "is before --from"),
        (("--from", "2026-11-23", "--zone", "Mars"), "no IANA time zone"),
        (("--from", "9000-01-01"), "--from 9000-01-01 is later than today, "),
    ],
)
def test_periods_that_are_none_are_usage_errors(
    stack: Stack, words: tuple[str, ...], said: str
) -> None:
    result = stack.run("audit", "export", *words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_file_that_cannot_be_written_leaves_nothing_behind(stack: Stack, tmp_path: Path) -> None:
    result = stack.run("audit", "export", *PERIOD, "--out", str(tmp_path / "no" / "audit.csv"))
    assert result.exit_code == 1
    assert result.stderr == f"error: {tmp_path / 'no' / 'audit.csv'}: No such file or directory\n"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_written_over_only_once_somebody_agrees(
    stack: Stack, tmp_path: Path
) -> None:
    out = tmp_path / "audit.csv"
    out.write_text("mine")
    words = ("audit", "export", *PERIOD, "--out", str(out))
    unanswered = stack.run(*words)
    assert (unanswered.exit_code, out.read_text()) == (2, "mine")
    assert "say --yes to go on without asking" in unanswered.stderr
    refused = stack.run(*words, answers="n\n")
    assert (refused.exit_code, refused.stdout) == (1, "Nothing was written.\n")
    assert out.read_text() == "mine"
    assert stack.run(*words, answers="y\n").exit_code == 0
    assert out.read_text().startswith("chain,seq,")
    out.write_text("mine")
    assert stack.json(*words, "--yes")["ok"] is True
    assert out.read_text() != "mine"
