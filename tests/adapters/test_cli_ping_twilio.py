"""`ml-connector ping twilio` against the simulated Twilio, over HTTP. Nothing is ever sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.twilio.settings import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    DEFAULT_KEY_SECRET,
    DEFAULT_KEY_SID,
    DEFAULT_SERVICE_SID,
    TEST_ACCOUNT_SID,
    TEST_AUTH_TOKEN,
)
from sandbox.twilio.simulator import TwilioSimulator
from tests.adapters.cli_deployment import Stack, deployed

OURS, OTHERS, FREE = "+15550100000", "+15550100077", "+18005550100"
ANN = "+15550100001"
SECRET = {
    "account_sid": DEFAULT_ACCOUNT_SID,
    "auth_token": DEFAULT_AUTH_TOKEN,
    "from": OURS,
}
KEY = {
    "account_sid": DEFAULT_ACCOUNT_SID,
    "api_key": DEFAULT_KEY_SID,
    "api_secret": DEFAULT_KEY_SECRET,
    "from": OURS,
}
#: Everything asked for with a published flow and a Verify service.
NEEDED = (
    "messages.list",
    "messages.create",
    "calls.list",
    "flows.fetch",
    "executions.list",
    "executions.create",
    "verify_services.fetch",
    "lookups.fetch",
    "numbers.list",
    "services.list",
    "pool.list",
    "registrations.list",
)


@pytest.fixture
def sim(simulator: TwilioSimulator) -> Iterator[TwilioSimulator]:
    simulator.admin.reset(seed=1)
    yield simulator
    simulator.admin.settings(
        numbers=[OURS], keys={DEFAULT_KEY_SID: {"secret": DEFAULT_KEY_SECRET, "kind": "standard"}}
    )


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, sim: TwilioSimulator) -> Iterator[Stack]:
    with deployed(monkeypatch) as made:
        made.parameters["TwilioBaseUrl"] = sim.url
        made.put_secret("TwilioSecretId", SECRET)
        yield made


def checks(stack: Stack, status: int = 0) -> dict[str, dict[str, str]]:
    document = stack.json("ping", "twilio", status=status)
    assert document["ok"] is (status == 0)
    assert list(document) == ["ok", "twilio"]
    return {check["check"]: check for check in document["twilio"]["checks"]}


def with_results(found: dict[str, dict[str, str]], result: str) -> set[str]:
    return {name for name, check in found.items() if check["result"] == result}


def post(sim: TwilioSimulator, path: str, **fields: str) -> dict[str, Any]:
    answer = requests.post(
        sim.url + path, data=fields, auth=(DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN), timeout=5
    )
    answer.raise_for_status()
    body: dict[str, Any] = answer.json()
    return body


def text(sim: TwilioSimulator, sender: str) -> None:
    path = f"/2010-04-01/Accounts/{DEFAULT_ACCOUNT_SID}/Messages.json"
    post(sim, path, To=ANN, From=sender, Body="hello")


def restricted(sim: TwilioSimulator, *permissions: str) -> dict[str, Any]:
    key = {"secret": DEFAULT_KEY_SECRET, "kind": "restricted", "permissions": list(permissions)}
    sim.admin.settings(keys={DEFAULT_KEY_SID: key})
    return key


def complete(stack: Stack, sim: TwilioSimulator) -> dict[str, Any]:
    """An account with nothing left to do."""
    stack.json("voice", "deploy")
    service = post(sim, "/v2/Services", FriendlyName="ml-connector dev")["sid"]
    secret = {**stack.secret("TwilioSecretId"), "verify_service": service}
    stack.put_secret("TwilioSecretId", secret)
    return secret


def test_an_account_in_order_is_all_green_and_nothing_is_sent(
    stack: Stack, sim: TwilioSimulator
) -> None:
    complete(stack, sim)
    found = checks(stack)
    assert with_results(found, "ok") == set(found)
    assert {"sign in", "sender", "calls from", "replies", "registration", "voice flow"} <= set(
        found
    )
    assert sim.admin.accepted() == []


def test_people_get_a_table(stack: Stack, sim: TwilioSimulator) -> None:
    complete(stack, sim)
    result = stack.run("ping", "twilio")
    assert result.exit_code == 0
    assert "twilio: 0 failed, 0 warnings" in result.stdout
    assert "create executions" in result.stdout


def test_without_a_flow_it_says_that_no_key_press_counts(stack: Stack) -> None:
    found = checks(stack)
    assert with_results(found, "warning") == {"voice flow"}
    assert "voice deploy" in found["voice flow"]["fix"]
    assert "create calls" in found


def test_a_wrong_token_fails_at_the_sign_in_and_is_shown_nowhere(stack: Stack) -> None:
    stack.put_secret("TwilioSecretId", {**SECRET, "auth_token": "mistyped-token"})
    result = stack.run("ping", "twilio")
    assert result.exit_code == 1
    assert "secrets set twilio" in result.stdout
    assert "mistyped-token" not in result.output
    assert set(checks(stack, status=1)) == {"sign in"}


def test_test_credentials_are_told_apart(stack: Stack) -> None:
    test = {**SECRET, "account_sid": TEST_ACCOUNT_SID, "auth_token": TEST_AUTH_TOKEN}
    stack.put_secret("TwilioSecretId", test)
    assert "test credentials" in checks(stack, status=1)["sign in"]["fix"]


def test_trouble_at_twilio_is_no_wrong_password(stack: Stack, sim: TwilioSimulator) -> None:
    sim.admin.fault("error_before", status=503, count=None)
    assert "try again" in checks(stack, status=1)["sign in"]["fix"]


def test_a_restricted_key_with_all_it_needs_is_green(stack: Stack, sim: TwilioSimulator) -> None:
    secret = complete(stack, sim)
    del secret["auth_token"]
    restricted(sim, *NEEDED)
    stack.put_secret("TwilioSecretId", {**secret, **KEY})
    found = checks(stack)
    assert with_results(found, "ok") == set(found)
    assert found["sign in"]["found"].endswith(DEFAULT_KEY_SID)


@pytest.mark.parametrize(
    ("missing", "check", "result"),
    [
        ("messages.list", "list messages", "failed"),
        ("messages.create", "create messages", "failed"),
        ("calls.list", "list calls", "warning"),
        ("flows.fetch", "fetch the flow", "warning"),
        ("executions.list", "list executions", "failed"),
        ("executions.create", "create executions", "failed"),
        ("verify_services.fetch", "fetch the Verify service", "warning"),
        ("lookups.fetch", "look numbers up", "warning"),
        ("numbers.list", "sender", "warning"),
        ("services.list", "replies", "warning"),
    ],
)
def test_what_a_restricted_key_may_not_do_is_named(
    stack: Stack, sim: TwilioSimulator, missing: str, check: str, result: str
) -> None:
    secret = complete(stack, sim)
    del secret["auth_token"]
    restricted(sim, *(name for name in NEEDED if name != missing))
    stack.put_secret("TwilioSecretId", {**secret, **KEY})
    found = checks(stack, status=1 if result == "failed" else 0)
    assert found[check]["result"] == result
    assert "let the API key" in found[check]["fix"]
    if result == "failed":
        assert with_results(found, "failed") == {check}
    assert sim.admin.accepted() == []


def test_a_key_without_calls_is_told_where_no_flow_is_published(
    stack: Stack, sim: TwilioSimulator
) -> None:
    restricted(sim, "messages.*", "numbers.*", "services.*", "pool.*", "registrations.*")
    stack.put_secret("TwilioSecretId", KEY)
    found = checks(stack)
    assert {"list calls", "create calls", "look numbers up"} <= with_results(found, "warning")


def test_a_sender_that_is_not_the_accounts_fails(stack: Stack) -> None:
    stack.put_secret("TwilioSecretId", {**SECRET, "from": OTHERS})
    found = checks(stack, status=1)
    assert found["sender"]["result"] == "failed"
    assert found["calls from"]["result"] == "warning"


def test_a_service_that_drops_replies_is_told_what_to_set(
    stack: Stack, sim: TwilioSimulator
) -> None:
    service = post(sim, "/v1/Services", FriendlyName="deaf")["sid"]
    secret = {**SECRET, "messaging_service": service, "voice_from": OURS}
    del secret["from"]
    stack.put_secret("TwilioSecretId", secret)
    found = checks(stack, status=1)
    assert found["messaging service"]["found"] == "it has no sender"
    assert found["replies"]["result"] == "warning"
    assert "sender's own webhook" in found["replies"]["fix"]


def test_a_number_in_a_service_that_drops_replies_is_found_too(
    stack: Stack, sim: TwilioSimulator
) -> None:
    sim.admin.settings(numbers=[OURS, OTHERS])
    service = post(sim, "/v1/Services", FriendlyName="deaf")["sid"]
    sid = f"PN{int(OTHERS[1:]):032x}"
    post(sim, f"/v1/Services/{service}/PhoneNumbers", PhoneNumberSid=sid)
    stack.put_secret("TwilioSecretId", {**SECRET, "from": OTHERS})
    found = checks(stack)
    assert found["replies"]["result"] == "warning"
    assert found["registration"]["found"].startswith("no A2P 10DLC campaign")


def test_a_number_of_no_service_is_logged_but_not_registered(
    stack: Stack, sim: TwilioSimulator
) -> None:
    sim.admin.settings(numbers=[OURS, OTHERS])
    stack.put_secret("TwilioSecretId", {**SECRET, "from": OTHERS})
    found = checks(stack)
    assert found["replies"]["result"] == "ok"
    assert "30034" in found["registration"]["found"]


def test_a_service_in_order_is_green(stack: Stack) -> None:
    secret = {**SECRET, "messaging_service": DEFAULT_SERVICE_SID, "voice_from": OURS}
    del secret["from"]
    stack.put_secret("TwilioSecretId", secret)
    assert with_results(checks(stack), "warning") == {"voice flow"}


def test_a_service_that_is_gone_fails(stack: Stack) -> None:
    secret = {**SECRET, "messaging_service": "MG" + "0" * 32}
    del secret["from"]
    stack.put_secret("TwilioSecretId", secret)
    found = checks(stack, status=1)
    assert found["messaging service"]["result"] == "failed"
    assert found["calls from"]["result"] == "warning"


def test_a_toll_free_number_has_to_be_verified(stack: Stack, sim: TwilioSimulator) -> None:
    sim.admin.settings(numbers=[OURS, FREE])
    stack.put_secret("TwilioSecretId", {**SECRET, "from": FREE})
    assert "not verified" in checks(stack)["registration"]["found"]
    sid = f"PN{int(FREE[1:]):032x}"
    post(sim, "/v1/Tollfree/Verifications", TollfreePhoneNumberSid=sid)
    assert "pending_review" in checks(stack)["registration"]["found"]
    sim.admin.forward(3601)
    assert checks(stack)["registration"]["result"] == "ok"


def test_a_name_takes_no_replies_and_calls_nobody(stack: Stack) -> None:
    stack.put_secret("TwilioSecretId", {**SECRET, "from": "ACME AP"})
    found = checks(stack)
    assert with_results(found, "warning") == {"sender", "calls from", "voice flow"}


def test_a_flow_that_is_gone_or_another_fails(stack: Stack, sim: TwilioSimulator) -> None:
    secret = complete(stack, sim)
    post(sim, f"/v2/Flows/{secret['voice_flow']}", Status="draft", CommitMessage="by hand")
    assert "(draft)" in checks(stack, status=1)["voice flow"]["found"]
    stack.put_secret("TwilioSecretId", {**secret, "voice_flow": "FW" + "0" * 32})
    found = checks(stack, status=1)
    assert found["voice flow"]["found"].endswith("is gone")
    assert "list executions" in with_results(found, "failed")


def test_an_account_that_sends_for_others_too_gets_advice(
    stack: Stack, sim: TwilioSimulator
) -> None:
    sim.admin.settings(numbers=[OURS, OTHERS])
    text(sim, OURS)
    assert checks(stack)["account of its own"]["result"] == "ok"
    text(sim, OTHERS)
    found = checks(stack)["account of its own"]
    assert found["result"] == "warning"
    assert found["found"].startswith("1 of the last 2")
    assert "subaccount" in found["fix"]


def test_a_secret_without_a_usable_sender_fails(stack: Stack) -> None:
    stack.put_secret("TwilioSecretId", {**SECRET, "voice_flow": "FW1"})
    assert "voice_flow must be FW" in checks(stack, status=1)["sender"]["found"]


def test_a_company_is_about_intacct(stack: Stack) -> None:
    assert stack.run("ping", "twilio", "--company", "acme").exit_code == 2


def test_without_credentials_twilio_is_asked_for_in_vain(stack: Stack) -> None:
    stack.put_secret("TwilioSecretId", {})
    result = stack.run("ping", "twilio")
    assert result.exit_code == 1
    assert "secrets set twilio" in result.stderr
