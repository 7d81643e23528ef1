"""`ml-connector approvers` against DynamoDB."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.store.models import ApproverItem
from tests.adapters.cli_deployment import FLOW, PEOPLE, Stack, deployed, typed


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with deployed(monkeypatch) as made:
        yield made


@pytest.fixture
def flow(tmp_path: Path) -> str:
    path = tmp_path / "flow.yaml"
    path.write_text(FLOW)
    return str(path)


@pytest.fixture
def people(tmp_path: Path) -> str:
    path = tmp_path / "approvers.csv"
    path.write_text(PEOPLE)
    return str(path)


def test_people_come_back_as_they_went_in(stack: Stack, people: str, tmp_path: Path) -> None:
    document = stack.json("approvers", "import", people)
    assert (document["added"], document["changed"]) == (2, 0)
    assert stack.run("approvers", "export").stdout == PEOPLE
    target = tmp_path / "out.csv"
    stack.json("approvers", "export", "--output", str(target))
    assert target.read_text() == PEOPLE
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_salt_and_opt_out_survive_every_import(stack: Stack, people: str) -> None:
    stack.run("approvers", "import", people)
    before = {person.id: person for person in stack.deployment.approvers.everyone()}
    assert len({person.salt for person in before.values()}) == len(before)
    assert all(len(person.salt) == 32 for person in before.values())
    ApproverItem("ann").update(actions=[ApproverItem.opted_out.set(True)])
    Path(people).write_text(PEOPLE.replace("+15550100001", "+15550100009"))
    document = stack.json("approvers", "import", people, "--yes")
    assert (document["changed"], document["unchanged"]) == (1, 1)
    assert document["people"][0] == {
        "id": "ann",
        "effect": "changed",
        "changes": ["phone"],
        "obstacle": "opted out",
    }
    ann = stack.deployment.approvers.approver("ann")
    assert ann is not None
    assert (ann.salt, ann.phone, ann.opted_out) == (before["ann"].salt, "+15550100009", True)


def test_changing_who_is_there_asks_first(stack: Stack, people: str) -> None:
    stack.run("approvers", "import", people)
    Path(people).write_text(PEOPLE.replace("Bob Approver", "Bob Builder"))
    result = stack.run("approvers", "import", people, answers=typed("no"))
    assert result.exit_code == 1
    assert "Change 1 who are there already?" in result.stderr
    assert stack.run("approvers", "export").stdout == PEOPLE


def test_taking_a_phone_away_leaves_none_behind(stack: Stack, people: str) -> None:
    stack.run("approvers", "import", people)
    Path(people).write_text(PEOPLE.replace("+15550100001", ""))
    stack.run("approvers", "import", people, "--yes")
    ann = stack.deployment.approvers.approver("ann")
    assert ann is not None
    assert ann.phone == ""


def test_one_bad_row_imports_nobody(stack: Stack, people: str) -> None:
    Path(people).write_text(PEOPLE + "cho,Cho Controller,555-0103,maybe\n")
    result = stack.run("approvers", "import", people)
    assert result.exit_code == 1
    assert stack.deployment.approvers.everyone() == []
    assert f"{people}:4: phone: found '555-0103', expected E.164" in result.stderr
    assert f"{people}:4: active: found 'maybe', expected true or false" in result.stderr


def test_an_import_says_whom_the_flow_in_force_can_no_longer_reach(
    stack: Stack, flow: str, people: str
) -> None:
    stack.fill(Path(flow))
    Path(people).write_text(PEOPLE.replace("+15550100002,true", "+15550100002,false"))
    document = stack.json("approvers", "import", people, "--yes")
    assert "the flow in force names bob: cannot be texted: not active" in document["warnings"]
