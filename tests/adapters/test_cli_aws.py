"""The commands that talk to AWS: secrets, flow, approvers, status."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from ml_connector.domain.dispatches import DispatchState
from ml_connector.store.models import ApproverItem, DispatchItem, FlowItem, PauseItem
from tests.adapters.cli_deployment import Stack, deployed

FLOW = """\
schema: 1
companies:
  acme: {name: Acme AP, zone: America/Chicago}
default_approver: ann
rules:
  - name: large bills
    on: [bill.submitted]
    when: {amount: {at_least: 10000.50, currency: USD}}
    approver: bob
    notify: [{sms: {to: approver}}]
  - name: everything else
    on: [bill.submitted, bill.partially_approved]
    notify: [{sms: {to: approver}}]
"""
PEOPLE = """\
id,name,phone,active
ann,Ann Approver,+15550100001,true
bob,Bob Approver,+15550100002,true
"""
INTACCT_ANSWERS = (
    "acme-sender",
    "sender-pass<&>",
    "acme",
    "acme-ap",
    "poller",
    "user-päss",
    "",
    "",
)
TWILIO_SID, TWILIO_KEY = "AC" + "0" * 32, "SK" + "1" * 32


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


def typed(*answers: str) -> str:
    return "".join(f"{answer}\n" for answer in answers)


# ---------------------------------------------------------------------------------- secrets
def test_intacct_credentials_are_stored_as_typed_and_never_shown(stack: Stack) -> None:
    result = stack.run("secrets", "set", "intacct", answers=typed(*INTACCT_ANSWERS))
    assert result.exit_code == 0
    assert stack.secret("IntacctSecretId") == {
        "sender_id": "acme-sender",
        "sender_password": "sender-pass<&>",
        "companies": {
            "acme": {"company_id": "acme-ap", "user_id": "poller", "user_password": "user-päss"}
        },
    }
    assert "sender-pass" not in result.output
    assert "user-p" not in result.output


def test_a_second_company_keeps_the_first_and_the_sender(stack: Stack) -> None:
    stack.run("secrets", "set", "intacct", answers=typed(*INTACCT_ANSWERS))
    # An empty answer keeps the sender, and then its password is not asked for.
    second = ("", "beta", "beta-ap", "poller", "other", "", "-07:00")
    document = stack.json("secrets", "set", "intacct", answers=typed(*second))
    assert document["companies"] == ["acme", "beta"]
    stored = stack.secret("IntacctSecretId")
    assert stored["sender_password"] == "sender-pass<&>"
    assert stored["companies"]["acme"]["user_password"] == "user-päss"
    assert stored["companies"]["beta"]["utc_offset"] == "-07:00"


def test_replacing_forgets_what_was_stored(stack: Stack) -> None:
    stack.run("secrets", "set", "intacct", answers=typed(*INTACCT_ANSWERS))
    other = ("new-sender", "new", "beta", "beta-ap", "poller", "other", "", "")
    stack.json("secrets", "set", "intacct", "--replace", answers=typed(*other))
    assert list(stack.secret("IntacctSecretId")["companies"]) == ["beta"]


@pytest.mark.parametrize(
    ("answers", "stored"),
    [
        (
            (TWILIO_SID, TWILIO_KEY, "key-secret", "+15550100100"),
            {"api_key": TWILIO_KEY, "api_secret": "key-secret", "from": "+15550100100"},
        ),
        (
            (TWILIO_SID, "", "the-token", "MG" + "2" * 32),
            {"auth_token": "the-token", "messaging_service": "MG" + "2" * 32},
        ),
    ],
)
def test_twilio_takes_a_key_or_a_token_and_either_kind_of_sender(
    stack: Stack, answers: tuple[str, ...], stored: dict[str, str]
) -> None:
    result = stack.run("secrets", "set", "twilio", answers=typed(*answers))
    assert result.exit_code == 0
    assert stack.secret("TwilioSecretId") == {"account_sid": TWILIO_SID, **stored}
    assert "key-secret" not in result.output
    assert "the-token" not in result.output


def test_credentials_of_the_wrong_shape_are_refused_before_anything_is_stored(
    stack: Stack,
) -> None:
    stack.put_secret("TwilioSecretId", {"old": "one"})
    answers = typed("AC123", "", "the-token", "+15550100100")
    result = stack.run("secrets", "set", "twilio", answers=answers)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        "error: twilio secret: account_sid must be AC and 32 hex digits"
    )
    assert stack.secret("TwilioSecretId") == {"old": "one"}


def test_input_that_ends_early_stores_nothing(stack: Stack) -> None:
    result = stack.run("secrets", "set", "intacct", answers=typed("acme-sender", "secret-one"))
    assert result.exit_code == 2
    assert "the input ended at 'Company key" in result.stderr
    assert "secret-one" not in result.output
    client = boto3.client("secretsmanager")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_secret_value(SecretId=stack.outputs["IntacctSecretId"])


# ------------------------------------------------------------------------------------- flow
def test_a_flow_is_pushed_once_its_sentences_were_agreed_to(
    stack: Stack, flow: str, people: str
) -> None:
    assert stack.run("approvers", "import", people).exit_code == 0
    result = stack.run("flow", "push", flow, answers=typed("y", "the first"))
    assert result.exit_code == 0
    sentence = "1. When a bill is submitted with an amount of at least USD 10,000.50, text bob."
    assert result.stdout.index(sentence) < result.stdout.index("Version 1 is in force")
    stack.deployment.flows.current()
    item = FlowItem.get("flow", "version#00000001")
    assert item.reason == "the first"
    assert item.published_by.startswith("arn:aws:sts::")
    assert json.loads(item.body)["rules"][0]["when"]["amount"]["at_least"] == "10000.50"
    assert item.digest == stack.json("flow", "explain", flow)["digest"]


def test_a_refused_question_publishes_nothing(stack: Stack, flow: str, people: str) -> None:
    stack.run("approvers", "import", people)
    result = stack.run("flow", "push", flow, answers=typed("n"))
    assert result.exit_code == 1
    assert stack.deployment.flows.current() is None


def test_where_nobody_can_answer_the_command_says_which_option_to_take(
    stack: Stack, flow: str, people: str
) -> None:
    stack.run("approvers", "import", people)
    result = stack.run("flow", "push", flow)
    assert result.exit_code == 2
    assert "say --yes to go on without asking" in result.stderr


def test_a_flow_that_says_the_same_is_not_published_again(
    stack: Stack, flow: str, people: str
) -> None:
    stack.run("approvers", "import", people)
    first = stack.json("flow", "push", flow, "--yes", "--reason", "first")
    again = stack.json("flow", "push", flow, "--yes")
    assert (first["version"], first["published"]) == (1, True)
    assert (again["version"], again["published"]) == (1, False)


def test_what_changes_against_the_flow_in_force_is_shown(
    stack: Stack, flow: str, people: str
) -> None:
    stack.run("approvers", "import", people)
    stack.run("flow", "push", flow, "--yes")
    Path(flow).write_text(FLOW.replace("10000.50", "2000"))
    result = stack.run("flow", "push", flow, answers=typed("y", ""))
    lines = result.stdout.splitlines()
    assert "Against version 1, which is in force:" in lines
    changed = [line for line in lines if line.startswith(("+ ", "- "))]
    assert [line[:4] for line in changed] == ["- 1.", "+ 1."]
    assert stack.deployment.flows.current().version == 2  # type: ignore[union-attr]


def test_a_flow_that_names_somebody_unknown_is_refused(stack: Stack, flow: str) -> None:
    result = stack.run("flow", "push", flow, "--yes")
    assert result.exit_code == 1
    assert "names 2 approver(s) nobody has imported" in result.stderr
    assert "bob: nobody has this id" in result.stderr
    assert stack.deployment.flows.current() is None


def test_a_flow_that_names_somebody_without_a_phone_is_published_with_a_warning(
    stack: Stack, flow: str, people: str
) -> None:
    Path(people).write_text(PEOPLE.replace("+15550100002", ""))
    stack.run("approvers", "import", people)
    document = stack.json("flow", "push", flow, "--yes")
    assert document["warnings"] == [
        "bob: cannot be texted: no phone number",
        "acme: no credentials are stored; run `ml-connector secrets set intacct`",
    ]
    stack.run("secrets", "set", "intacct", answers=typed(*INTACCT_ANSWERS))
    Path(flow).write_text(FLOW.replace("10000.50", "2000"))
    document = stack.json("flow", "push", flow, "--yes")
    assert document["warnings"] == ["bob: cannot be texted: no phone number"]


# ---------------------------------------------------------------------------------- people
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
    stack.run("approvers", "import", people)
    stack.run("flow", "push", flow, "--yes")
    Path(people).write_text(PEOPLE.replace("+15550100002,true", "+15550100002,false"))
    document = stack.json("approvers", "import", people, "--yes")
    assert "the flow in force names bob: cannot be texted: not active" in document["warnings"]


# ---------------------------------------------------------------------------------- status
def polled(stack: Stack, *, succeeded: datetime, error: str = "") -> None:
    """A poll of acme that read everything at a time, and how the last one ended."""
    documents = stack.deployment.documents
    lease = documents.lease("acme", succeeded, succeeded + timedelta(seconds=1))
    assert lease is not None
    documents.finish(
        replace(lease, baseline_done=True, poll_succeeded_at=succeeded, last_error=error)
    )


def dispatch(number: int, state: DispatchState, now: datetime, *, due: datetime) -> None:
    """A dispatch as the status reads it; what it does not read is filler."""
    look = None if state.settled else int(due.timestamp() * 1000)
    text = due.isoformat(timespec="microseconds").replace("+00:00", "Z")
    DispatchItem(
        f"dispatch#d{number}",
        "dispatch",
        due_shard="due" if look else None,
        look_at=look,
        look_text=text if look else None,
        id=f"d{number}",
        company="acme",
        channel="sms",
        recipient="ann",
        members=[],
        text="",
        reference="K7F2",
        validity_seconds=60,
        created_at=now.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        due_at=text,
        state=state.value,
        sequence=1,
        attempt=1,
        rings=0,
        returns=0,
        empty_lists=0,
        version=1,
        write_id="w",
    ).save()


def test_status_of_a_quiet_deployment(stack: Stack, flow: str, people: str) -> None:
    stack.run("approvers", "import", people)
    stack.run("flow", "push", flow, "--yes")
    now = datetime.now(UTC)
    polled(stack, succeeded=now)
    dispatch(1, DispatchState.SENT, now, due=now)
    dispatch(2, DispatchState.DELIVERED, now, due=now)
    document = stack.json("status")
    assert document["ok"] is True
    assert document["flow_version"] == 1
    assert document["in_flight"] == {"sent": 1}
    assert document["failed_in_24_hours"] == 0
    assert [company["company"] for company in document["companies"]] == ["acme"]
    assert "Nothing wants a look." in stack.run("status").stdout


def test_status_names_everything_that_wants_a_look(stack: Stack, flow: str, people: str) -> None:
    stack.run("approvers", "import", people)
    stack.run("flow", "push", flow, "--yes")
    now = datetime.now(UTC)
    long_ago = now - timedelta(hours=3)
    polled(stack, succeeded=long_ago, error="source_auth")
    dispatch(1, DispatchState.WAITING, long_ago, due=long_ago)
    dispatch(2, DispatchState.UNKNOWN, now, due=now)
    dispatch(3, DispatchState.FAILED, now, due=now)
    dispatch(4, DispatchState.FAILED, now - timedelta(days=2), due=now)
    until = (now + timedelta(minutes=5)).isoformat(timespec="microseconds").replace("+00:00", "Z")
    PauseItem("pause#acme", "pause", until=until, reason="blocked").save()
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=stack.outputs["AlertsDlqUrl"], MessageBody="{}")
    document = stack.json("status")
    assert document["ok"] is False
    assert document["failed_in_24_hours"] == 1
    assert document["queues"]["alerts dead letters"] == 1
    seen = "\n".join(document["look_at"])
    for words in (
        "alerts dead letters: 1 message",
        "acme: not read for 3 h",
        "acme: the last poll ended with source_auth",
        "acme: texts stand still until",
        "1 text(s) wait although they are due",
        "1 text(s) of which only Twilio's lists",
    ):
        assert words in seen
    assert len(document["look_at"]) == 6


def test_status_without_a_flow_says_so(stack: Stack) -> None:
    document = stack.json("status")
    assert document["flow_version"] is None
    assert document["look_at"][0].startswith("no flow is published")


# ----------------------------------------------------------------------------- what is where
def test_a_stack_that_is_not_there_is_named_with_what_to_do(stack: Stack) -> None:
    result = stack.run("status", "--stage", "prod")
    assert result.exit_code == 1
    assert result.stderr == (
        "error: no stack ml-connector-prod in us-east-1; deploy it, "
        "or name another with --stage, --stack, --region or --profile\n"
    )
    document = stack.json("status", "--stack", "elsewhere", status=1)
    assert document["ok"] is False
    assert "no stack elsewhere" in document["error"]["message"]


def test_a_stack_of_an_older_template_is_named_with_what_it_lacks(stack: Stack) -> None:
    del stack.outputs["PollDlqUrl"]
    result = stack.run("status")
    assert result.exit_code == 1
    assert "has no output PollDlqUrl; deploy this version" in result.stderr


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("AWS_PROFILE", "nowhere", "no such profile"),
        ("AWS_ENDPOINT_URL_CLOUDFORMATION", "http://127.0.0.1:9", "AWS does not answer"),
    ],
)
def test_trouble_with_aws_is_one_line(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv(variable, value)
    result = stack.run("status")
    assert result.exit_code == 1
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
