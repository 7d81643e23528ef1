"""`ml-connector ping` against the simulated gateway, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.intacct import (
    IntacctSimulator,
    Recipe,
)
from tests.adapters.cli_deployment import Stack
from tests.adapters.cli_polling import intacct_secret, reading

OBJECTS = 11


@pytest.fixture(scope="module")
def running() -> Iterator[IntacctSimulator]:
    with IntacctSimulator(Recipe(bills=40)) as sim:
        yield sim


@pytest.fixture
def sim(running: IntacctSimulator) -> IntacctSimulator:
    running.admin.reset()
    return running


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, sim: IntacctSimulator) -> Iterator[Stack]:
    with reading(monkeypatch, sim) as made:
        yield made


def settings(sim: IntacctSimulator, **changes: object) -> None:
    sim.admin.call("PATCH", "settings", changes)


def checks(document: dict[str, Any]) -> dict[str, dict[str, str]]:
    (company,) = document["companies"]
    return {check["check"]: check for check in company["checks"]}


def test_a_company_in_order_is_all_green(stack: Stack, sim: IntacctSimulator) -> None:
    sim.admin.create_bill("V-100", "10.00", submit=True)
    document = stack.json("ping")
    assert document["ok"] is True
    found = checks(document)
    assert {check["result"] for check in found.values()} == {"ok"}
    assert sum(name.startswith("read ") for name in found) == OBJECTS
    assert found["time zone"]["found"] == "UTC+00:00"
    assert "9 waiting bills" in found["one page"]["found"]
    assert found["newest change"]["found"].endswith("ago")
    tally = sim.admin.tally()
    assert document["companies"][0]["transactions"] == tally["transactions"]
    assert tally["logins"] == 1


def test_people_get_a_table(stack: Stack) -> None:
    result = stack.run("ping")
    assert result.exit_code == 0
    assert "acme: 0 failed, 0 warnings" in result.stdout
    assert "read APBILL" in result.stdout


def test_what_is_not_needed_is_a_warning_with_what_is_lost(
    stack: Stack, sim: IntacctSimulator
) -> None:
    settings(sim, denied=["APPYMT", "AUDITHISTORY"])
    document = stack.json("ping")
    assert document["ok"] is True
    found = checks(document)
    warned = {name for name, check in found.items() if check["result"] == "warning"}
    assert warned == {"read APPYMT", "read AUDITHISTORY"}
    assert "no payment is seen" in found["read APPYMT"]["found"]
    assert "payments (Accounts Payable)" in found["read APPYMT"]["fix"]


def test_bills_that_may_not_be_read_fail(stack: Stack, sim: IntacctSimulator) -> None:
    settings(sim, denied=["APBILL"])
    document = stack.json("ping", status=1)
    assert document["ok"] is False
    found = checks(document)
    assert found["read APBILL"]["result"] == "failed"
    assert "the API user's role" in found["read APBILL"]["fix"]


def test_a_wrong_password_fails_at_the_sign_in_and_is_tried_once(
    stack: Stack, sim: IntacctSimulator
) -> None:
    stack.put_secret("IntacctSecretId", intacct_secret(user_password="not-this-one"))
    result = stack.run("ping")
    assert result.exit_code == 1
    assert "secrets set intacct" in result.stdout
    assert "not-this-one" not in result.output
    assert sim.admin.tally()["logins_failed"] == 1


def test_an_api_user_in_another_zone_is_told_what_to_set(
    stack: Stack, sim: IntacctSimulator
) -> None:
    settings(sim, utc_offset="-07:00")
    found = checks(stack.json("ping"))
    assert found["time zone"]["result"] == "warning"
    assert found["time zone"]["found"].startswith("UTC-07:00")
    assert "GMT" in found["time zone"]["fix"]


def test_a_zone_that_misleads_shows_as_changes_in_the_future(
    stack: Stack, sim: IntacctSimulator
) -> None:
    settings(sim, utc_offset="+05:00", formatting_offset="+00:00")
    sim.admin.create_bill("V-100", "10.00", submit=True)
    document = stack.json("ping", status=1)
    newest = checks(document)["newest change"]
    assert newest["result"] == "failed"
    assert "wrong by 5 h" in newest["found"]


def test_ambiguous_dates_fail(stack: Stack, sim: IntacctSimulator) -> None:
    settings(sim, date_format="/dmY")
    found = checks(stack.json("ping", status=1))
    assert found["time zone"]["result"] == "failed"
    assert "mm/dd/yyyy" in found["time zone"]["fix"]


def test_an_unreadable_zone_is_a_warning(stack: Stack, sim: IntacctSimulator) -> None:
    settings(sim, denied=["USERINFO"])
    found = checks(stack.json("ping"))
    assert found["time zone"]["result"] == "warning"
    assert "utc_offset" in found["time zone"]["fix"]


def test_clocks_that_differ_are_a_warning(stack: Stack, sim: IntacctSimulator) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    sim.admin.set_clock(ahead.isoformat())
    found = checks(stack.json("ping"))
    assert found["clocks"]["result"] == "warning"
    assert "ahead of this machine's" in found["clocks"]["found"]


def test_a_gateway_that_is_down_is_said_in_one_line(stack: Stack) -> None:
    stack.parameters["IntacctEndpoint"] = "http://127.0.0.1:9/ia/xml/xmlgw.phtml"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cli.gateway.time.sleep", lambda _seconds: None)
        document = stack.json("ping", status=1)
    (check,) = checks(document).values()
    assert (check["check"], check["result"]) == ("sign in", "failed")


def test_a_company_that_is_not_in_the_secret_is_said_with_those_that_are(stack: Stack) -> None:
    result = stack.run("ping", "--company", "beta")
    assert result.exit_code == 1
    assert "no company 'beta' in the secret; there are: acme" in result.stderr


def test_an_empty_secret_says_how_to_fill_it(stack: Stack) -> None:
    stack.put_secret("IntacctSecretId", {})
    result = stack.run("ping")
    assert result.exit_code == 1
    assert "run `ml-connector secrets set intacct`" in result.stderr
