"""The commands, run by people who have one of the three policies and nothing else.

What they do is done on the local AWS, which asks IAM about every request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import Result

from cli.alerts.vanished import SAID_GONE
from ml_connector.domain.cases import CaseState
from ml_connector.domain.dispatches import DispatchState
from ml_connector.domain.documents import Document
from sandbox.aws import wait
from sandbox.intacct.client import Record
from sandbox.world import COMPANY, PEOPLE, LocalWorld, flow
from tests.behaviour.least_privilege.asking import Principals
from tests.behaviour.least_privilege.commanding import run

pytestmark = pytest.mark.deployed

WITHIN = 90.0
BILL = "P-4711"
FLOW = """\
schema: 1
companies:
  acme: {name: Acme AP, zone: America/Chicago}
default_approver: eli
rules:
  - name: everything
    on: [bill.submitted]
    notify: [{sms: {to: approver}}]
"""

STATUS = ("status",)
SHOW = ("alerts", "show", BILL)
CANCEL = ("alerts", "cancel", BILL, "--yes", "--reason", "told in person")
GONE = ("alerts", "gone", "--company", COMPANY, "--yes", "--reason", "entered twice")
AWAY = ("approvers", "away", "gil", "--until", "2099-01-02", "--yes")
SECRET = ("secrets", "set", "twilio")
HISTORY = ("flow", "history")
PUSH = ("flow", "push", "FLOW", "--yes", "--reason", "the new limits")
STORY = ("audit", "show", BILL)
EXPORT = ("audit", "export", "--from", "2020-01-01")
VERIFY = ("audit", "verify")
REPORT = ("audit", "report", "--from", "2020-01-01")

MAY = {
    "Operator": (STATUS, SHOW, STORY, EXPORT, AWAY),
    "RuleEditor": (HISTORY,),
    "Auditor": (SHOW, STORY, EXPORT, VERIFY, REPORT),
}
MAY_NOT = {
    # The roots hold the trail to account, and so whoever writes to it.
    "Operator": (PUSH, VERIFY),
    "RuleEditor": (STATUS, SHOW, STORY, EXPORT, VERIFY, AWAY, CANCEL, GONE, SECRET),
    "Auditor": (CANCEL, GONE, AWAY, PUSH, SECRET),
}
_REFUSED = re.compile(r"AccessDenied|not allow|may do this")


@pytest.fixture(scope="module")
def bill(world: LocalWorld) -> Record:
    """A bill that Dee was told of, and a root of the trail that is kept."""
    made = world.submit("V-104", "1500.00", BILL)
    wait.until(
        lambda: [d.state for d in world.dispatches(made)] == [DispatchState.DELIVERED],
        f"{BILL} to be delivered",
        timeout=WITHIN,
    )
    bucket = world.stack.physical["RootsBucket"]
    wait.until(
        lambda: any(
            one["Key"].endswith("/root.json")
            for one in world.aws.client("s3").list_objects_v2(Bucket=bucket).get("Contents", ())
        ),
        "a daily root",
        timeout=WITHIN,
    )
    return made


@pytest.fixture(scope="module")
def in_doubt(world: LocalWorld) -> list[str]:
    """Bills that were deleted together, so many that polls doubt it: their ids."""
    made = [world.submit("V-104", "15.00", f"P-480{place}") for place in range(7)]
    names = {f"bill#{one.recordno}" for one in made}
    wait.until(
        lambda: names <= {one.id for one in world.documents.waiting(COMPANY)},
        "seven bills to be seen",
        timeout=WITHIN,
    )
    for one in made:
        world.intacct.delete_bill(one.recordno)
    wait.until(
        lambda: names <= {one.id for one in doubted(world)},
        "polls to doubt that they are gone",
        timeout=WITHIN,
    )
    return sorted(names)


def doubted(world: LocalWorld) -> list[Document]:
    """What `alerts gone` asks about."""
    waiting = world.documents.waiting(COMPANY)
    return [one for one in waiting if one.absent_since and not one.said_gone]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that DynamoDB refuses may be tried again for a while, in case it was only busy."""
    for place in ("cli.people_store", "cli.alerts.writing", "cli.alerts.vanished"):
        monkeypatch.setattr(f"{place}.PATIENCE", timedelta(seconds=1))


@pytest.fixture
def flow_file(tmp_path: Path) -> Path:
    path = tmp_path / "flow.yaml"
    path.write_text(FLOW)
    return path


def typed(
    world: LocalWorld, principals: Principals, who: str, words: tuple[str, ...], path: Path
) -> Result:
    said = [str(path) if word == "FLOW" else word for word in words]
    return run(world, principals.session(who), *said, answers=["AC" + "0" * 32, "", "token", "1"])


def what_counts(world: LocalWorld, bill: Record) -> object:
    """What nobody may change by a command that is refused."""
    secrets = world.aws.client("secretsmanager")
    versions = [
        secrets.get_secret_value(SecretId=world.stack.outputs[f"{name}SecretId"])["VersionId"]
        for name in ("Intacct", "Twilio")
    ]
    people = [world.approvers.approver(person.id) for person in PEOPLE]
    cases = [case.state for case in world.cases(bill)]
    return versions, version(world), people, cases, {one.id for one in doubted(world)}


def version(world: LocalWorld) -> int:
    found = world.flows.current()
    assert found is not None
    return found.version


@pytest.mark.parametrize(("who", "words"), [(who, words) for who in MAY for words in MAY[who]])
def test_who_may_runs_the_command_to_its_end(
    world: LocalWorld,
    principals: Principals,
    bill: Record,
    flow_file: Path,
    who: str,
    words: tuple[str, ...],
) -> None:
    result = typed(world, principals, who, words, flow_file)
    assert result.exit_code == 0, result.output
    assert bill["RECORDID"] in result.output or words[-1] != BILL


@pytest.mark.usefixtures("in_doubt")
@pytest.mark.parametrize(
    ("who", "words"), [(who, words) for who in MAY_NOT for words in MAY_NOT[who]]
)
def test_who_may_not_is_refused_and_nothing_is_changed(
    world: LocalWorld,
    principals: Principals,
    bill: Record,
    flow_file: Path,
    who: str,
    words: tuple[str, ...],
) -> None:
    before = what_counts(world, bill)
    result = typed(world, principals, who, words, flow_file)
    assert result.exit_code == 1, result.output
    assert _REFUSED.search(result.output), result.output
    assert what_counts(world, bill) == before


@pytest.fixture
def flow_again(world: LocalWorld) -> Iterator[None]:
    """The sandbox's flow in force afterwards."""
    yield
    world.flows.publish(flow(), now=datetime.now(UTC), by="test", reason="as it was")


@pytest.mark.usefixtures("flow_again")
def test_a_rule_editor_publishes_a_flow(
    world: LocalWorld, principals: Principals, bill: Record, flow_file: Path
) -> None:
    assert bill
    before = version(world)
    result = typed(world, principals, "RuleEditor", PUSH, flow_file)
    assert result.exit_code == 0, result.output
    assert version(world) != before


def test_an_operator_ends_a_case(
    world: LocalWorld, principals: Principals, bill: Record, flow_file: Path
) -> None:
    result = typed(world, principals, "Operator", CANCEL, flow_file)
    assert result.exit_code == 0, result.output
    assert CaseState.OPEN not in [case.state for case in world.cases(bill)]


def test_an_operator_says_that_bills_are_gone_and_the_next_poll_ends_them(
    world: LocalWorld, principals: Principals, in_doubt: list[str], flow_file: Path
) -> None:
    result = typed(world, principals, "Operator", GONE, flow_file)
    assert result.exit_code == 0, result.output
    # Whatever polls made of it since, it was said in the trail of each.
    for name in in_doubt:
        trail = [one.kind for one in world.audit.chain(f"doc#{COMPANY}#{name}")]
        assert SAID_GONE in trail
    wait.until(
        lambda: all(one.deleted for one in found(world, in_doubt)),
        "a poll to end what was told of them",
        timeout=WITHIN,
    )


def found(world: LocalWorld, names: list[str]) -> list[Document]:
    return list(world.documents.documents(COMPANY, names).values())
