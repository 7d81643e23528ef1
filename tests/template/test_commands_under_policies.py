"""The commands themselves, run under the policies of people: theirs work, the others' do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.cli_audit import a_world, stored
from tests.adapters.cli_deployment import FLOW, Stack, deployed, typed
from tests.support.world import World
from tests.template.enforcing import Enforced, enforced
from tests.template.test_refusals import PEOPLE, statements_of

Run = Callable[..., tuple[int, Enforced]]

CREDENTIALS = typed("sender", "sender-pass", "acme", "acme-ap", "poller", "user-pass", "", "")
PERIOD = ("--from", "2026-11-01")

STATUS = ("status",)
SHOW = ("alerts", "show", "4711")
CANCEL = ("alerts", "cancel", "4711", "--yes", "--reason", "told in person")
RESEND = ("alerts", "resend", "4711", "--yes", "--reason", "asked for it")
GONE = ("alerts", "gone", "--company", "acme", "--yes", "--reason", "entered twice")
REDRIVE = ("redrive", "--yes", "--drop-settled")
AWAY = ("approvers", "away", "ann", "--until", "2099-01-02", "--yes")
FORGET = ("approvers", "forget", "cho", "--yes", "--reason", "left", "--keep-at-twilio")
SECRETS = ("secrets", "set", "intacct")
HISTORY = ("flow", "history")
PUSH = ("flow", "push", "FLOW", "--yes", "--reason", "the new limits")
STORY = ("audit", "show", "4711")
EXPORT = ("audit", "export", *PERIOD)
VERIFY = ("audit", "verify")
REPORT = ("audit", "report", *PERIOD)

EVERYTHING = (
    STATUS,
    SHOW,
    CANCEL,
    RESEND,
    GONE,
    REDRIVE,
    AWAY,
    FORGET,
    SECRETS,
    HISTORY,
    PUSH,
    STORY,
    EXPORT,
    VERIFY,
    REPORT,
)
CHANGES = {CANCEL, RESEND, GONE, AWAY, FORGET, SECRETS, PUSH}
#: The rest is refused. The stack here keeps no roots: with any, an Operator cannot verify.
MAY = {
    "Operator": set(EVERYTHING) - {PUSH},
    "RuleEditor": {HISTORY, PUSH},
    # What is under way is in the tables that an auditor reads.
    "Auditor": {SHOW, HISTORY, STORY, EXPORT, VERIFY, REPORT},
}


@pytest.fixture(scope="module")
def world() -> World:
    """4711 waits, Ann was sent a text about it, and polls doubt that it is still there."""
    made = a_world()
    made.approver("cho", "+15550100003")
    made.open("4711", amount="10.00")
    made.run(minutes=4)
    documents = made.tables.documents
    for key, document in documents.items():
        documents[key] = replace(document, absent_since=made.clock.now())
    return made


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, world: World, tmp_path: Path, deployed_template: Any
) -> Iterator[Run]:
    path = tmp_path / "flow.yaml"
    path.write_text(FLOW)
    with deployed(monkeypatch) as stack:
        stored(stack, world)
        yield lambda who, words: _run(stack, monkeypatch, deployed_template, path, who, words)


@pytest.fixture(scope="session")
def deployed_template(deploy_as: Callable[..., Any], raw_template: dict[str, Any]) -> Any:
    return deploy_as(raw_template)


def _run(
    stack: Stack,
    monkeypatch: pytest.MonkeyPatch,
    template: Any,
    flow: Path,
    who: str,
    words: tuple[str, ...],
) -> tuple[int, Enforced]:
    typed_words = [str(flow) if word == "FLOW" else word for word in words]
    answers = CREDENTIALS if words == SECRETS else ""
    with enforced(monkeypatch, statements_of(template, who)) as seen:
        result = stack.run(*typed_words, answers=answers)
    return result.exit_code, seen


@pytest.mark.parametrize(
    ("who", "words"), [(who, words) for who in PEOPLE for words in EVERYTHING if words in MAY[who]]
)
def test_who_may_runs_the_command_to_its_end(who: str, words: tuple[str, ...], run: Run) -> None:
    status, seen = run(who, words)
    # A status that names something to look at still ends well.
    assert status == 0
    assert bool(seen.written) is (words in CHANGES)
    # That credentials are stored, `flow push` would like to know, and does without.
    asked_in_vain = (
        {"secretsmanager:GetSecretValue"} if (who, words) == ("RuleEditor", PUSH) else set()
    )
    assert {one.action for one in seen.refused} == asked_in_vain


@pytest.mark.parametrize(
    ("who", "words"),
    [(who, words) for who in PEOPLE for words in EVERYTHING if words not in MAY[who]],
)
def test_who_may_not_is_refused_and_nothing_is_changed(
    who: str, words: tuple[str, ...], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is refused is not tried again: it would be for a minute, and time out.
    for place in ("cli.people_store", "cli.alerts.writing", "cli.alerts.vanished"):
        monkeypatch.setattr(f"{place}.PATIENCE", timedelta(minutes=1))
    status, seen = run(who, words)
    assert status == 1
    assert seen.refused
    assert seen.written == []
