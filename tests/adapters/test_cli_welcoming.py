"""The welcome text of `ml-connector approvers import` and `verify`, against DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.people_store import PeopleStore
from cli.welcoming import Welcomed, welcome
from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import check
from ml_connector.domain.cases import CaseState
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.phone import fingerprint
from ml_connector.store.audit import DynamoAuditTrail
from tests.adapters.cli_deployment import FLOW, Stack, deployed, typed

PHONE = "+15550100001"
PEOPLE = f"""\
id,name,phone,consent_on,consent_source,active
ann,Ann Approver,{PHONE},2026-01-15,form 12,true
bob,Bob Approver,+15550100002,,,true
"""


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Stack]:
    flow = tmp_path / "flow.yaml"
    flow.write_text(FLOW)
    with deployed(monkeypatch) as made:
        made.fill(flow)
        yield made


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "approvers.csv"
    path.write_text(PEOPLE)
    return path


def imported(stack: Stack, people: Path, *more: str) -> dict[str, Any]:
    return stack.json("approvers", "import", str(people), "--yes", *more)


def person(stack: Stack, name: str = "ann") -> Approver:
    found = stack.deployment.approvers.approver(name)
    assert found is not None
    return found


def texts(stack: Stack) -> list[Dispatch]:
    """All dispatches there are, oldest first."""
    due = stack.deployment.alerts.look_due(datetime.now(UTC) + timedelta(minutes=1), 100)
    found = stack.deployment.alerts.dispatches(due)
    return sorted(found, key=lambda one: one.created_at)


def test_whoever_agreed_is_welcomed_once_in_one_transaction_with_the_entry(
    stack: Stack, people: Path
) -> None:
    document = imported(stack, people, "--welcome")
    assert document["welcomed"] == ["ann"]
    (text,) = texts(stack)
    assert (text.recipient, text.state) == ("ann", DispatchState.WAITING)
    assert text.text == (
        "Acme AP: we will text you about bills waiting for your approval in Intacct. "
        f"Reply STOP to end, HELP for help. Ref {text.reference}"
    )
    ann = person(stack)
    assert ann.welcomed_for == fingerprint(ann.salt, PHONE)
    entries = list(DynamoAuditTrail().chain("person#ann"))
    assert check(entries, ann.head, ann.chain) is None
    assert [entry.kind for entry in entries] == ["person.changed", "person.welcomed"]
    case = stack.deployment.alerts.case_file(text.members[0].case_id)
    assert case is not None
    assert (case.case.kind, case.case.state) == ("person.welcome", CaseState.OPEN)
    assert imported(stack, people, "--welcome")["welcomed"] == []
    assert len(texts(stack)) == 1


def test_nobody_is_texted_unasked(stack: Stack, people: Path) -> None:
    result = stack.run("approvers", "import", str(people), "--yes")
    assert "1 person gets their welcome text with --welcome" in result.stderr
    assert imported(stack, people, "--no-welcome")["welcomed"] == []
    assert texts(stack) == []
    assert person(stack).welcomed_for == ""


@pytest.mark.parametrize(("answer", "sent"), [("y", 1), ("n", 0)])
def test_whoever_imports_is_asked(stack: Stack, people: Path, answer: str, sent: int) -> None:
    answers = typed("y", "new people", answer)
    result = stack.run("approvers", "import", str(people), answers=answers)
    assert result.exit_code == 0
    assert "Text 1 person once, what they will be told and how to end it?" in result.stderr
    assert len(texts(stack)) == sent


def test_those_imported_earlier_are_welcomed_by_the_next_import(stack: Stack, people: Path) -> None:
    imported(stack, people)
    document = imported(stack, people, "--welcome")
    assert (document["unchanged"], document["welcomed"]) == (2, ["ann"])


def test_another_number_is_welcomed_and_the_old_one_never_again(stack: Stack, people: Path) -> None:
    for number in (PHONE, "+15550100009", PHONE):
        people.write_text(PEOPLE.replace(PHONE, number))
        imported(stack, people, "--welcome")
    assert len(texts(stack)) == 2
    assert not person(stack).to_be_welcomed


@pytest.mark.parametrize(
    "changes",
    [{"opted_out": True}, {"active": False}, {"phone": ""}, {"channels": ("voice",)}],
)
def test_who_may_not_be_texted_is_not_welcomed(
    stack: Stack, people: Path, changes: dict[str, Any]
) -> None:
    imported(stack, people)
    stack.deployment.approvers.put(replace(person(stack), **changes))
    assert welcomed(stack, person(stack)) == Welcomed()
    assert texts(stack) == []


def welcomed(stack: Stack, *found: Approver) -> Welcomed:
    store = PeopleStore(stack.deployment)
    return welcome(found, store, stack.deployment, wanted=True)


def test_who_opts_out_while_they_are_looked_at_gets_no_text(stack: Stack, people: Path) -> None:
    imported(stack, people)
    seen = person(stack)
    stack.deployment.approvers.put(replace(seen, opted_out=True, version=seen.version + 1))
    assert welcomed(stack, seen) == Welcomed()
    assert texts(stack) == []


def test_without_a_flow_the_text_waits_for_one(
    monkeypatch: pytest.MonkeyPatch, people: Path
) -> None:
    with deployed(monkeypatch) as stack:
        result = stack.run("approvers", "import", str(people), "--yes", "--welcome")
        assert result.exit_code == 0
        assert "once a flow is published: import again then" in result.stderr
        assert texts(stack) == []


def test_all_companies_of_the_flow_are_named(
    monkeypatch: pytest.MonkeyPatch, people: Path, tmp_path: Path
) -> None:
    beta = "  beta: {name: Beta AP, zone: Europe/Berlin}\ndefault_approver"
    (tmp_path / "flow.yaml").write_text(FLOW.replace("default_approver", beta, 1))
    with deployed(monkeypatch) as stack:
        stack.fill(tmp_path / "flow.yaml")
        imported(stack, people, "--welcome")
        assert texts(stack)[0].text.startswith("Acme AP, Beta AP: we will text you")
