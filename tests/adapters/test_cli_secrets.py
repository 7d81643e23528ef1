"""`ml-connector secrets set`, and finding the stack it stores them for."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest

from tests.adapters.cli_deployment import Stack, deployed, typed

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


@pytest.mark.parametrize(("company", "kept"), [("acme-ap", "CAD"), ("another", None)])
def test_the_currency_of_a_company_stays_while_it_is_the_same_company(
    stack: Stack, company: str, kept: str | None
) -> None:
    entry = {"company_id": "acme-ap", "user_id": "u", "user_password": "p", "currency": "CAD"}
    sender = {"sender_id": "s", "sender_password": "p"}
    stack.put_secret("IntacctSecretId", {**sender, "companies": {"acme": entry}})
    again = ("", "acme", company, "poller", "other", "", "")
    stack.json("secrets", "set", "intacct", answers=typed(*again))
    stored = stack.secret("IntacctSecretId")["companies"]["acme"]
    assert (stored["user_password"], stored.get("currency")) == ("other", kept)


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


OF_THE_ACCOUNT = {
    "voice_from": "+15550100101",
    "voice_flow": "FW" + "3" * 32,
    "verify_service": "VA" + "4" * 32,
    "region": "ie1",
    "edge": "dublin",
}


@pytest.mark.parametrize(
    ("account", "options", "kept"),
    [
        (TWILIO_SID, (), OF_THE_ACCOUNT),
        (TWILIO_SID, ("--replace",), {}),
        ("AC" + "5" * 32, (), {}),
    ],
)
def test_what_belongs_to_the_twilio_account_stays_as_long_as_the_account_does(
    stack: Stack, account: str, options: tuple[str, ...], kept: dict[str, str]
) -> None:
    before = {"account_sid": TWILIO_SID, "auth_token": "old", "from": "+15550100199"}
    stack.put_secret("TwilioSecretId", {**before, **OF_THE_ACCOUNT, "unknown": "x"})
    answers = typed(account, TWILIO_KEY, "key-secret", "+15550100100")
    result = stack.run("secrets", "set", "twilio", *options, answers=answers)
    assert result.exit_code == 0, result.output
    assert stack.secret("TwilioSecretId") == {
        "account_sid": account,
        "api_key": TWILIO_KEY,
        "api_secret": "key-secret",
        "from": "+15550100100",
        **kept,
    }


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
