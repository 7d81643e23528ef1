"""`ml-connector approvers import` and `export` against DynamoDB."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli.files.people_file import COLUMNS
from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import AuditEntry, check
from ml_connector.domain.phone import fingerprint
from ml_connector.store.audit import DynamoAuditTrail
from tests.adapters.cli_deployment import FLOW, PEOPLE, Stack, deployed, typed
from tests.support.clock import START

FULL = f"""\
{",".join(COLUMNS)}
ann,Ann Approver,+15550100001,ann.a,300;310,sms;voice,en,America/Chicago,cho,bob,,,2026-01-15,\
form 12,false,20:00-07:00,mon;tue;wed,2026-12-25;2026-12-28,true
bob,Bob Approver,+15550100002,,,none,en,,cho,cho,2026-12-24,2027-01-02,,,true,,,,true
cho,Cho Controller,,,,voice,es,,,,,,,,false,,,,false
"""


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with deployed(monkeypatch) as made:
        yield made


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "approvers.csv"
    path.write_text(PEOPLE)
    return path


def imported(stack: Stack, people: Path, text: str = "", *more: str) -> dict[str, Any]:
    if text:
        people.write_text(text)
    return stack.json("approvers", "import", str(people), "--yes", *more)


def person(stack: Stack, name: str) -> Approver:
    found = stack.deployment.approvers.approver(name)
    assert found is not None
    return found


def chain(stack: Stack, name: str) -> list[AuditEntry]:
    """The person's audit chain, which is whole."""
    known = person(stack, name)
    entries = list(DynamoAuditTrail().chain(known.chain))
    assert check(entries, known.head, known.chain) is None
    return entries


# ------------------------------------------------------------------------------ the file
def test_people_come_back_as_they_went_in(stack: Stack, people: Path, tmp_path: Path) -> None:
    document = imported(stack, people, FULL)
    assert (document["added"], document["changed"], document["left"]) == (3, 0, 0)
    assert stack.run("approvers", "export").stdout == FULL
    target = tmp_path / "out.csv"
    stack.json("approvers", "export", "--output", str(target))
    assert target.read_text() == FULL
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    again = imported(stack, target)
    assert (again["unchanged"], again["changed"]) == (3, 0)
    assert len(chain(stack, "ann")) == 1


def test_a_file_of_before_is_still_taken_and_changes_nothing_it_does_not_say(
    stack: Stack, people: Path
) -> None:
    imported(stack, people, FULL)
    before = person(stack, "ann")
    old = "id,name,phone,active\nann,Ann Other,+15550100001,true\nbob,Bob Approver,,true\n"
    imported(stack, people, old)
    after = person(stack, "ann")
    assert after == replace(
        before, name="Ann Other", version=2, head=after.head, write_id=after.write_id
    )


def test_programs_get_everything_that_is_known(stack: Stack, people: Path) -> None:
    imported(stack, people, FULL)
    (ann, bob, _cho) = stack.json("approvers", "export")["people"]
    assert ann["cost_centres"] == ["300", "310"]
    assert (bob["away_from"], bob["channels"], bob["verified_at"]) == ("2026-12-24", [], None)
    assert "salt" not in ann


def test_one_bad_row_imports_nobody(stack: Stack, people: Path) -> None:
    people.write_text(PEOPLE + "cho,Cho Controller,555-0103,maybe\n")
    result = stack.run("approvers", "import", str(people), "--yes")
    assert result.exit_code == 1
    assert stack.deployment.approvers.everybody() == []
    assert f"{people}:4: phone: found '555-0103', expected E.164" in result.stderr
    assert f"{people}:4: active: found 'maybe', expected true or false" in result.stderr


def test_a_file_is_checked_without_aws(people: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert Stack().json("approvers", "import", "--check", str(people))["people"] == 2


# ------------------------------------------------------------------ what an import changes
def test_a_salt_survives_every_import_and_a_new_number_starts_afresh(
    stack: Stack, people: Path
) -> None:
    imported(stack, people)
    ann = person(stack, "ann")
    known = replace(
        ann, opted_out=True, verified_at=START, line_type="mobile", version=ann.version + 1
    )
    stack.deployment.approvers.save(known)
    document = imported(stack, people, PEOPLE.replace("Ann Approver", "Ann Other"))
    assert document["people"][0]["obstacle"] == "opted out"
    assert person(stack, "ann").verified_at == START
    document = imported(stack, people, PEOPLE.replace("+15550100001", "+15550100009"))
    assert (document["changed"], document["unchanged"]) == (1, 1)
    assert document["people"][0] == {
        "id": "ann",
        "effect": "changed",
        "changes": ["name", "phone"],
        "obstacle": "",
        "doubt": "",
    }
    after = person(stack, "ann")
    assert (after.salt, after.phone) == (ann.salt, "+15550100009")
    assert (after.opted_out, after.verified_at, after.line_type) == (False, None, "")
    assert any("unverified" in warning for warning in document["warnings"])


def test_taking_a_phone_away_leaves_none_behind(stack: Stack, people: Path) -> None:
    imported(stack, people)
    document = imported(stack, people, PEOPLE.replace("+15550100001", ""))
    assert person(stack, "ann").phone == ""
    assert "ann is told nothing: no phone number" in document["warnings"]


def test_changes_are_shown_first_and_asked_about(stack: Stack, people: Path) -> None:
    imported(stack, people, FULL)
    people.write_text(
        "id,name,phone,active\nann,Ann Other,+15550100001,true\ndee,Dee Deputy,,true\n"
    )
    result = stack.run("approvers", "import", str(people), answers=typed("no"))
    assert result.exit_code == 1
    assert "Import into ml-connector-dev?" in result.stderr
    for words in ("changed: name", "added", "left: active", "1 added, 1 changed, 1 left"):
        assert words in result.stdout
    assert "+15550100001" not in result.output
    assert stack.run("approvers", "export").stdout == FULL
    result = stack.run("approvers", "import", str(people), answers=typed("yes", "year's end"))
    assert result.exit_code == 0
    assert chain(stack, "ann")[-1].data["reason"] == "year's end"


def test_nobody_to_ask_is_said_and_nothing_is_done(stack: Stack, people: Path) -> None:
    result = stack.run("approvers", "import", str(people))
    assert result.exit_code == 2
    assert "say --yes to go on without asking" in result.stderr
    assert stack.deployment.approvers.everybody() == []


def test_whoever_is_not_in_the_file_leaves_and_their_chain_stays(
    stack: Stack, people: Path
) -> None:
    imported(stack, people)
    ann_alone = PEOPLE[: PEOPLE.index("bob")]
    assert imported(stack, people, ann_alone, "--keep-others")["left"] == 0
    assert imported(stack, people, ann_alone)["left"] == 1
    assert not person(stack, "bob").active
    assert [entry.kind for entry in chain(stack, "bob")] == ["person.imported", "person.removed"]
    assert imported(stack, people)["left"] == 0
    assert imported(stack, people, PEOPLE)["changed"] == 1
    assert person(stack, "bob").active


def test_more_people_than_one_transaction_holds_are_all_imported(
    stack: Stack, people: Path
) -> None:
    many = "".join(f"p{n},Person {n},+1555010{n:04d},true\n" for n in range(95))
    assert imported(stack, people, "id,name,phone,active\n" + many)["added"] == 95
    assert len(stack.deployment.approvers.everybody()) == 95
    assert len(chain(stack, "p94")) == 1


def test_somebody_else_who_was_faster_is_not_written_over(
    stack: Stack, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(stack, people)
    stale = [person(stack, name) for name in ("ann", "bob")]
    imported(stack, people, PEOPLE.replace("Ann Approver", "Ann First"))
    people.write_text(PEOPLE.replace("Ann Approver", "Ann Second"))
    monkeypatch.setattr("cli.people_store.PeopleStore.everybody", lambda _store: stale)
    result = stack.run("approvers", "import", str(people), "--yes")
    assert result.exit_code == 1
    assert "somebody else changed people just now; 0 of 1 changes are written" in result.stderr
    assert person(stack, "ann").name == "Ann First"


# ------------------------------------------------------------------------------ the audit
def test_the_audit_says_who_changed_what_and_no_name_or_number(stack: Stack, people: Path) -> None:
    imported(stack, people, "", "--reason", "first list")
    imported(stack, people, PEOPLE.replace("+15550100001", "+15550100009").replace("Bob A", "Bob"))
    salt = person(stack, "ann").salt
    first, second = chain(stack, "ann")
    assert (first.kind, second.kind) == ("person.imported", "person.changed")
    assert str(first.data["by"]).startswith("arn:aws:sts::")
    assert first.data["reason"] == "first list"
    assert first.data["number"] == fingerprint(salt, "+15550100001")
    assert second.data["fields"] == ["phone"]
    assert second.data["number_before"] == first.data["number"]
    assert second.data["number"] == fingerprint(salt, "+15550100009")
    assert chain(stack, "bob")[1].data["fields"] == ["name"]
    told = json.dumps([entry.data for who in ("ann", "bob") for entry in chain(stack, who)])
    for secret in ("5550100", "Approver", "Bob", salt):
        assert secret not in told


# ------------------------------------------------------------------------ the flow in force
@pytest.mark.parametrize(
    "text",
    [
        PEOPLE.replace("+15550100002,true", "+15550100002,false"),
        PEOPLE.replace("+15550100002", ""),
        PEOPLE[: PEOPLE.index("bob")],
    ],
)
def test_an_import_that_takes_somebody_from_the_flow_is_refused_with_the_rule(
    stack: Stack, people: Path, tmp_path: Path, text: str
) -> None:
    flow = tmp_path / "flow.yaml"
    flow.write_text(FLOW)
    stack.fill(flow)
    people.write_text(text)
    result = stack.run("approvers", "import", str(people), "--yes")
    assert result.exit_code == 1
    assert 'rule "large bills" names bob: ' in result.stderr
    assert person(stack, "bob").textable
    assert chain(stack, "bob") == []


def test_somebody_the_flow_could_not_reach_before_is_a_warning(
    stack: Stack, people: Path, tmp_path: Path
) -> None:
    flow = tmp_path / "flow.yaml"
    flow.write_text(FLOW)
    stack.fill(flow)
    stack.deployment.approvers.put(replace(person(stack, "bob"), phone=""))
    document = imported(stack, people, PEOPLE.replace("+15550100002", ""))
    said = 'in the flow in force rule "large bills" names bob: no phone number'
    assert said in document["warnings"]
