"""`ml-connector alerts gone` against DynamoDB, with the polls before and after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.domain.audit import check
from ml_connector.domain.bills import Bill
from ml_connector.domain.documents import Document
from ml_connector.store.audit import DynamoAuditTrail
from tests.adapters.cli_cases import PolledCompany
from tests.adapters.cli_deployment import FLOW, Stack, deployed

GONE = [str(number) for number in range(1, 8)]
SAID = ("alerts", "gone", "--company", "acme", "--reason", "entered twice", "--yes")


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Stack]:
    with deployed(monkeypatch) as made:
        path = tmp_path / "flow.yaml"
        path.write_text(FLOW)
        made.fill(path)
        yield made


@pytest.fixture
def acme(stack: Stack) -> PolledCompany:
    """Ten bills waited, and seven of them are shown no more."""
    made = PolledCompany(stack)
    for number in range(1, 11):
        made.intacct.submit(str(number))
    made.poll()
    return made


@pytest.fixture
def taken(acme: PolledCompany) -> dict[str, Bill]:
    found = {number: acme.intacct.bills[number] for number in GONE}
    acme.intacct.delete(*GONE)
    acme.poll()
    return found


def document(stack: Stack, number: str) -> Document:
    return stack.deployment.documents.documents("acme", [f"bill#{number}"])[f"bill#{number}"]


def trail(stack: Stack, number: str) -> list[tuple[str, object]]:
    stored = document(stack, number)
    entries = list(DynamoAuditTrail().chain(stored.chain))
    assert check(entries, stored.head, stored.chain) is None
    return [(entry.kind, entry.data.get("reason")) for entry in entries]


def test_without_a_doubt_there_is_nothing_to_say(stack: Stack, acme: PolledCompany) -> None:
    assert acme.cases()
    assert stack.json(*SAID) == {"ok": True, "said_gone": []}
    assert "No bill of acme is in doubt." in stack.run(*SAID).stdout


def test_bills_said_to_be_gone_are_ended_by_the_next_poll_and_the_trail_says_who_and_why(
    stack: Stack, acme: PolledCompany, taken: dict[str, Bill]
) -> None:
    assert len(taken) == 7
    said = stack.json(*SAID)["said_gone"]
    assert sorted(one["bill"] for one in said) == [f"bill#{number}" for number in GONE]
    assert trail(stack, "1")[-1] == ("document.said_gone", "entered twice")
    assert not any(case.state.ended for case in acme.cases())
    acme.poll()
    assert sorted(case.end_reason for case in acme.cases() if case.state.ended) == (
        ["bill.deleted"] * 7
    )
    assert trail(stack, "1")[-1][0] == "document.seen"
    assert stack.deployment.documents.state("acme").last_error == ""
    assert "said to be deleted" in stack.run("audit", "show", "INV-1").stdout


def test_what_intacct_shows_after_all_is_not_ended(
    stack: Stack, acme: PolledCompany, taken: dict[str, Bill]
) -> None:
    stack.json(*SAID)
    acme.intacct.bills.update(taken)
    acme.poll()
    assert not any(case.state.ended for case in acme.cases())
    assert not document(stack, "1").said_gone


def test_polls_go_on_as_if_nobody_had_taken_the_lease(
    stack: Stack, acme: PolledCompany, taken: dict[str, Bill]
) -> None:
    assert taken
    before = stack.deployment.documents.state("acme").poll_started_at
    stack.json(*SAID)
    after = stack.deployment.documents.state("acme")
    assert (after.poll_started_at, after.lease_until) == (before, None)
    acme.poll()


def test_it_asks_and_shows_which_and_takes_no_for_an_answer(
    stack: Stack, acme: PolledCompany, taken: dict[str, Bill]
) -> None:
    assert acme.cases()
    ended = stack.run("alerts", "gone", "--company", "acme", answers="n\n")
    assert ended.exit_code == 1
    assert "Nothing was changed." in ended.stdout
    assert taken["1"].number in ended.stdout
    assert document(stack, "1").said_gone is False


def test_a_company_nobody_knows_is_not_without_doubts(stack: Stack) -> None:
    ended = stack.run("alerts", "gone", "--company", "acne")
    assert ended.exit_code == 1
    assert "no company 'acne' in the flow; there are: acme" in ended.output


def test_without_a_reason_nobody_can_be_taken_for_sure(stack: Stack) -> None:
    ended = stack.run("alerts", "gone", "--company", "acme", "--yes")
    assert ended.exit_code == 2
    assert "--reason" in ended.output
