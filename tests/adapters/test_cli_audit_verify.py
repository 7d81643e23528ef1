"""`ml-connector audit verify` against DynamoDB and S3: whole, and after each kind of tampering."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import boto3
import pytest

from ml_connector.domain.audit import AuditEntry, ChainHead, entry_after
from ml_connector.domain.roots import part_document, part_key, root_document, root_key
from ml_connector.store.audit_items import audit_item
from ml_connector.store.models import AuditItem, CaseItem, DocumentItem
from tests.adapters.cli_audit import entries, stored, two_bills
from tests.adapters.cli_deployment import Stack, deployed
from tests.support.clock import START
from tests.support.world import World

BUCKET = "roots"
DAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def world() -> World:
    return two_bills()


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, world: World) -> Iterator[Stack]:
    with deployed(monkeypatch) as made:
        stored(made, world)
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        made.outputs["RootsBucketName"] = BUCKET
        yield made


def case_of(world: World, bill: str = "4711") -> str:
    """The chain of the case of a bill."""
    (found,) = (c.chain for c in world.tables.cases.values() if c.document == f"bill#{bill}")
    return found


def chain(world: World, name: str) -> list[AuditEntry]:
    return world.tables.chains[name]


def broken(stack: Stack, *words: str) -> list[dict[str, Any]]:
    document = stack.json("audit", "verify", *words, status=1)
    assert document["ok"] is False
    found: list[dict[str, Any]] = document["broken"]
    return found


# ------------------------------------------------------------------------------------ whole
def test_a_trail_nobody_touched_is_whole(stack: Stack, world: World) -> None:
    document = stack.json("audit", "verify")
    assert document["ok"] is True
    assert document["entries"] == len(entries(world))
    assert document["chains"] == len(world.tables.chains)
    shown = stack.run("audit", "verify")
    assert f"entries={len(entries(world))} chains={len(world.tables.chains)} broken=0" in (
        shown.stdout
    )
    assert "none is written yet" in shown.stdout


def test_a_stack_from_before_there_were_roots_is_verified_without(stack: Stack) -> None:
    del stack.outputs["RootsBucketName"]
    shown = stack.run("audit", "verify")
    assert shown.exit_code == 0
    assert "this stack keeps none" in shown.stdout


def test_one_chain_alone_can_be_verified(stack: Stack, world: World) -> None:
    name = case_of(world)
    document = stack.json("audit", "verify", "--chain", name)
    assert (document["entries"], document["chains"]) == (len(chain(world, name)), 1)
    AuditItem.get(name, 2).delete()
    assert broken(stack, "--chain", name)[0]["what"] == "removed"
    assert stack.json("audit", "verify", "--chain", case_of(world, "4712"))["ok"] is True


# --------------------------------------------------------------------------------- tampered
def change_an_entry(whole: list[AuditEntry]) -> None:
    AuditItem.get(whole[2].chain, 3).update([AuditItem.data.set('{"sid":"SM0"}')])


def remove_an_entry(whole: list[AuditEntry]) -> None:
    AuditItem.get(whole[2].chain, 3).delete()


def swap_two_entries(whole: list[AuditEntry]) -> None:
    for place, entry in ((3, whole[1]), (2, whole[2])):
        item = audit_item(entry)
        item.seq = place
        item.save()


def cut_off_the_last(whole: list[AuditEntry]) -> None:
    AuditItem.get(whole[-1].chain, len(whole)).delete()


def write_the_history_anew(whole: list[AuditEntry]) -> None:
    head = whole[0].head
    for entry in whole[1:]:
        data = {**entry.data, "forged": True}
        forged = entry_after(head, entry.chain, entry.at, entry.kind, data)
        audit_item(forged).save()
        head = forged.head


def add_behind_the_heads_back(whole: list[AuditEntry]) -> None:
    more = entry_after(whole[-1].head, whole[-1].chain, START, "case.confirmed", {})
    audit_item(more).save()


def remove_the_case(whole: list[AuditEntry]) -> None:
    CaseItem.get(whole[0].chain, "case").delete()


def remove_every_entry(whole: list[AuditEntry]) -> None:
    for entry in whole:
        AuditItem.get(entry.chain, entry.seq).delete()


@pytest.mark.parametrize(
    ("tamper", "what", "seq"),
    [
        (change_an_entry, "changed", 3),
        (remove_an_entry, "removed", 3),
        (swap_two_entries, "reordered", 2),
        (cut_off_the_last, "cut_off", -1),
        (write_the_history_anew, "replaced", -1),
        (add_behind_the_heads_back, "beyond_head", 0),
        (remove_the_case, "no_head", 1),
        (remove_every_entry, "no_entries", 1),
    ],
)
def test_what_was_done_to_a_chain_is_named_and_no_other_chain_is(
    stack: Stack,
    world: World,
    tamper: Callable[[list[AuditEntry]], None],
    what: str,
    seq: int,
) -> None:
    whole = chain(world, case_of(world))
    tamper(whole)
    (found,) = broken(stack)
    expected = {-1: len(whole), 0: len(whole) + 1}.get(seq, seq)
    assert (found["chain"], found["what"], found["seq"]) == (whole[0].chain, what, expected)


def test_people_are_told_the_chain_and_what_was_done_to_it(stack: Stack, world: World) -> None:
    whole = chain(world, case_of(world))
    cut_off_the_last(whole)
    shown = stack.run("audit", "verify")
    assert shown.exit_code == 1
    assert f"broken: {whole[0].chain}: cut off: nothing after entry" in shown.stdout
    assert "broken=1" in shown.stdout


def test_an_entry_of_which_a_part_was_taken_away_is_changed(stack: Stack, world: World) -> None:
    name = case_of(world)
    AuditItem.get(name, 1).update([AuditItem.kind.remove(), AuditItem.data.remove()])
    (found,) = broken(stack)
    assert (found["chain"], found["what"], found["seq"]) == (name, "changed", 1)


# ------------------------------------------------------------------------------------ roots
def keep_root(world: World, day: date = DAY, **changed: ChainHead) -> None:
    heads = {name: whole[-1].head for name, whole in world.tables.chains.items()} | changed
    part, body = part_document(day, 1, heads.items())
    s3 = boto3.client("s3")
    s3.put_object(Bucket=BUCKET, Key=part_key(day, 1), Body=body)
    s3.put_object(Bucket=BUCKET, Key=root_key(day), Body=root_document(day, START, [part]))


def test_a_trail_as_the_root_names_it_is_whole(stack: Stack, world: World) -> None:
    keep_root(world)
    keep_root(world, DAY + timedelta(days=2))
    document = stack.json("audit", "verify")
    assert document["roots"] == {
        "days": 2,
        "last": "2026-11-25",
        "missing": ["2026-11-24"],
        "problems": [],
    }


def set_head_back(name: str, head: ChainHead) -> None:
    actions = [CaseItem.head_seq.set(head.seq), CaseItem.head_digest.set(head.digest)]
    CaseItem.get(name, "case").update(actions)


def test_a_chain_and_its_head_cut_back_together_are_named_by_the_root(
    stack: Stack, world: World
) -> None:
    keep_root(world)
    whole = chain(world, case_of(world))
    cut_off_the_last(whole)
    set_head_back(whole[0].chain, whole[-2].head)
    (found,) = broken(stack)
    assert (found["what"], found["seq"]) == ("cut_off", len(whole))
    assert "the root of 2026-11-23" in found["said"]


def test_a_history_and_its_head_written_anew_together_are_named_by_the_root(
    stack: Stack, world: World
) -> None:
    keep_root(world)
    whole = chain(world, case_of(world))
    write_the_history_anew(whole)
    last = AuditItem.get(whole[0].chain, len(whole))
    set_head_back(whole[0].chain, ChainHead(len(whole), last.digest))
    (found,) = broken(stack)
    assert found["what"] == "replaced"
    assert "the root of 2026-11-23" in found["said"]


def test_a_document_removed_with_all_its_entries_is_named_by_the_root(
    stack: Stack, world: World
) -> None:
    keep_root(world)
    name = "doc#acme#bill#4712"
    remove_every_entry(chain(world, name))
    DocumentItem.get("company#acme", "bill#4712").delete()
    (found,) = broken(stack)
    assert (found["chain"], found["what"]) == (name, "no_entries")


def test_a_root_that_was_written_over_still_says_what_it_said(stack: Stack, world: World) -> None:
    keep_root(world)
    whole = chain(world, case_of(world))
    cut_off_the_last(whole)
    set_head_back(whole[0].chain, whole[-2].head)
    keep_root(world, **{whole[0].chain: whole[-2].head})
    (found,) = broken(stack)
    assert found["what"] == "cut_off"


def test_a_part_that_is_not_as_the_root_names_it_is_a_problem(stack: Stack, world: World) -> None:
    keep_root(world)
    s3 = boto3.client("s3")
    for one in s3.list_object_versions(Bucket=BUCKET)["Versions"]:
        if one["Key"] == part_key(DAY, 1):
            s3.delete_object(Bucket=BUCKET, Key=one["Key"], VersionId=one["VersionId"])
    document = stack.json("audit", "verify", status=1)
    assert document["broken"] == []
    assert document["roots"]["problems"] == [
        "roots/2026-11-23/root.json: 1 of its 1 parts are not there"
    ]
    assert "root: roots/2026-11-23/root.json" in stack.run("audit", "verify").stdout


def test_what_is_old_enough_by_a_root_may_be_gone(stack: Stack, world: World) -> None:
    name = case_of(world)
    keep_root(world, **{name: chain(world, name)[2].head})
    for seq in (1, 2, 3):
        AuditItem.get(name, seq).delete()
    assert broken(stack)[0]["what"] == "removed"
    assert broken(stack, "--expired-before", "2026-11-23")[0]["what"] == "removed"
    assert stack.json("audit", "verify", "--expired-before", "2026-11-24")["ok"] is True


def test_a_chain_that_is_not_there_is_no_clean_bill(stack: Stack, world: World) -> None:
    mistyped = stack.run("audit", "verify", "--chain", "foo")
    assert mistyped.exit_code == 2
    assert "no such chain; they are called doc#COMPANY#bill#RECORD" in mistyped.stderr
    for name in ("doc#acme#bill#0815", "case#abc", "person#nobody", f"{case_of(world)}x"):
        unknown = stack.run("audit", "verify", "--chain", name)
        assert unknown.exit_code == 1
        assert f"there is no chain '{name}'" in unknown.stderr
        assert "broken=0" not in unknown.output


def test_a_chain_that_only_its_head_or_a_root_knows_is_broken_and_there(
    stack: Stack, world: World
) -> None:
    name = case_of(world)
    remove_every_entry(chain(world, name))
    assert broken(stack, "--chain", name)[0]["what"] == "no_entries"
    keep_root(world)
    CaseItem.get(name, "case").delete()
    assert broken(stack, "--chain", name)[0]["what"] == "no_entries"


def test_a_day_that_is_none_is_a_usage_error(stack: Stack) -> None:
    result = stack.run("audit", "verify", "--expired-before", "yesterday")
    assert result.exit_code == 2
