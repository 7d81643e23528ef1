"""`ml-connector approvers away` against DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import AuditEntry, check
from ml_connector.store.audit import DynamoAuditTrail
from tests.adapters.cli_deployment import Stack, deployed, typed

PEOPLE = (
    Approver("ann", "Ann Approver", "+15550100001", "s"),
    Approver("bob", "Bob Approver", "+15550100002", "s", substitute="cho"),
    Approver("cho", "Cho Controller", "", "s", away_from=date(2026, 12, 20)),
)


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with deployed(monkeypatch) as made:
        for person in PEOPLE:
            made.deployment.approvers.put(person)
        yield made


def person(stack: Stack, name: str = "ann") -> Approver:
    found = stack.deployment.approvers.approver(name)
    assert found is not None
    return found


def chain(stack: Stack, name: str = "ann") -> list[AuditEntry]:
    entries = list(DynamoAuditTrail().chain(f"person#{name}"))
    assert check(entries, person(stack, name).head) is None
    return entries


def away(stack: Stack, *words: str) -> str:
    result = stack.run("approvers", "away", *words, "--yes")
    return f"{result.exit_code} {result.output}"


def test_an_absence_is_stored_with_who_stands_in_and_ends_when_they_are_back(stack: Stack) -> None:
    days = ("--from", "2026-12-01", "--until", "2026-12-05")
    words = ("approvers", "away", "ann", *days, "--substitute", "bob", "--reason", "leave", "--yes")
    document = stack.json(*words)
    assert document == {
        "ok": True,
        "id": "ann",
        "away_from": "2026-12-01",
        "away_until": "2026-12-05",
        "substitute": "bob",
        "warnings": [],
    }
    assert (person(stack).away_from, person(stack).away_until) == (
        date(2026, 12, 1),
        date(2026, 12, 5),
    )
    document = stack.json("approvers", "away", "ann", "--clear", "--yes")
    assert (document["away_from"], document["substitute"]) == (None, "bob")
    gone, back = chain(stack)
    assert (gone.kind, back.kind) == ("person.away", "person.back")
    assert gone.data == {
        "by": gone.data["by"],
        "reason": "leave",
        "away_from": "2026-12-01",
        "away_until": "2026-12-05",
        "substitute": "bob",
    }
    assert str(gone.data["by"]).startswith("arn:aws:sts::")


def test_without_days_it_is_from_today_until_further_notice(stack: Stack) -> None:
    before = datetime.now(UTC).date()
    said = away(stack, "bob")
    assert before <= (person(stack, "bob").away_from or date.max) <= datetime.now(UTC).date()
    assert person(stack, "bob").away_until is None
    assert "until further notice; cho is told instead" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ann",), "warning: nobody stands in: they are told all the same"),
        (("bob",), "warning: cho is told nothing: no phone number"),
        (("bob", "--from", "2026-12-24"), "warning: cho is away then too; next comes nobody"),
    ],
)
def test_what_will_not_work_out_is_a_warning(
    stack: Stack, words: tuple[str, ...], said: str
) -> None:
    found = away(stack, *words)
    assert found.startswith("0 ")
    assert said in found


def test_days_that_do_not_meet_are_no_reason_to_warn(stack: Stack) -> None:
    found = away(stack, "bob", "--from", "2026-12-01", "--until", "2026-12-19")
    assert "away then too" not in found


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("cho", "--substitute", "bob"), "found 'bob > cho > bob'"),
        (("ann", "--substitute", "ann"), "found 'ann > ann'"),
        (("ann", "--substitute", "zed"), "found 'zed', expected the id of somebody in the list"),
        (("zed",), "nobody has the id 'zed'"),
        (("ann", "--clear"), "ann is not away; nothing was changed"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    stack: Stack, words: tuple[str, ...], said: str
) -> None:
    found = away(stack, *words)
    assert found.startswith("1 ")
    assert said in found
    assert tuple(stack.deployment.approvers.everybody()) == PEOPLE


@pytest.mark.parametrize(
    "words",
    [
        ("ann", "--from", "2026-12-05", "--until", "2026-12-04"),
        ("ann", "--from", "05.12.2026"),
        ("ann", "--clear", "--substitute", "bob"),
    ],
)
def test_a_command_that_means_nothing_is_a_usage_error(
    stack: Stack, words: tuple[str, ...]
) -> None:
    assert away(stack, *words).startswith("2 ")
    assert tuple(stack.deployment.approvers.everybody()) == PEOPLE


def test_it_asks_first_and_takes_no_for_an_answer(stack: Stack) -> None:
    words = ("approvers", "away", "bob", "--until", "2099-01-02")
    unanswered = stack.run(*words)
    assert unanswered.exit_code == 2
    assert "say --yes to go on without asking" in unanswered.stderr
    refused = stack.run(*words, answers=typed("n"))
    assert (refused.exit_code, refused.stdout) == (1, "Nothing was changed.\n")
    assert tuple(stack.deployment.approvers.everybody()) == PEOPLE
    agreed = stack.run(*words, answers=typed("y", "leave"))
    assert agreed.exit_code == 0, agreed.output
    assert "until 2099-01-02; cho is told instead? [y/N]" in agreed.stderr
    (gone,) = chain(stack, "bob")
    assert gone.data["reason"] == "leave"
    assert stack.run("approvers", "away", "bob", "--clear", answers=typed("n")).exit_code == 1
    assert person(stack, "bob").away_until == date(2099, 1, 2)


def test_somebody_written_meanwhile_is_read_again(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = stack.deployment.approvers
    reading = type(store).approver
    stale = [person(stack), person(stack)]
    store.save(Approver("ann", "Ann Other", "+15550100001", "s", version=2))
    monkeypatch.setattr(
        type(store), "approver", lambda self, name: stale.pop() if stale else reading(self, name)
    )
    assert away(stack, "ann", "--substitute", "bob").startswith("0 ")
    assert (person(stack).name, person(stack).substitute) == ("Ann Other", "bob")
    assert len(chain(stack)) == 1
