"""Runbooks from the broken state to the healthy one: credentials that change, a night's finding.

As in its sisters the commands are those of the page. What is rotated the functions notice by
themselves: none of them is restarted, or made to forget what it read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ml_connector.store.models import CaseItem
from sandbox.aws import wait
from sandbox.aws.local import ROOT
from sandbox.intacct.world import USER_ID
from sandbox.twilio.settings import DEFAULT_ACCOUNT_SID
from sandbox.world import INTACCT_COMPANY
from tests.support.runbook_site import Site, runbook_site

pytestmark = pytest.mark.deployed

_QUIET = 4.0
_QUICK = {"blocked_pause": 3.0, "retry_base": 2.0, "ring_again": 4.0}
_OLD, _NEW = "SK" + "a1" * 16, "SK" + "b2" * 16
_POLLS = "PollFunctionEveryMinute"
#: A day of the alarms' periods lasts some twenty seconds: for the one that looks back over a night.
_SHORT_MINUTE = 0.014
#: Somebody's editor. What it leaves depends on its name.
_EDITOR = """#!/bin/sh
sed -i 's/^{/{"note": "by hand", /' "$2"
case "$1" in
    --leaves-a-typo) echo '}' >> "$2" ;;
    --fails) exit 1 ;;
esac
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with runbook_site(tmp_path_factory.mktemp("shell"), _QUICK) as started:
        yield started


def _accept(site: Site, *keys: str) -> None:
    """From now on Twilio knows these API keys and no others."""
    site.world.twilio.settings(keys={key: {"secret": f"secret of {key}"} for key in keys})


def _twilio_secret(site: Site) -> dict[str, Any]:
    found = site.world.aws.client("secretsmanager").get_secret_value(
        SecretId=site.world.stack.outputs["TwilioSecretId"]
    )
    body: dict[str, Any] = json.loads(found["SecretString"])
    return body


def _blocked(site: Site) -> bool:
    """Whether the functions have said that Twilio refuses the account."""
    logs = [site.world.stack.log(name) for name in ("SendFunction", "StatusCheckFunction")]
    return any("sends_blocked" in line and "20003" in line for lines in logs for line in lines)


def _typed(site: Site, key: str) -> str:
    """What somebody types who stores an API key."""
    return "\n".join([DEFAULT_ACCOUNT_SID, key, f"secret of {key}", site.world.sender, ""])


def test_rotate_the_intacct_password(site: Site) -> None:
    page, before = site.page("rotate-secrets"), site.world.intacct.tally()
    site.world.intacct.user(USER_ID, password="a new password")
    site.world.intacct.kill_sessions()
    bill = site.submit("12500.00")

    def refused() -> int:
        return site.world.intacct.tally()["logins_failed"] - before["logins_failed"]

    site.until(refused, "the old password to be refused")
    typed = ["", "acme", INTACCT_COMPANY, USER_ID, "a new password", "", ""]
    said = page.run("ping intacct", answers="\n".join([*typed, ""]))
    assert "Stored in" in said
    assert "0 failed" in said, said
    site.await_told_once(bill)
    assert refused() == 1
    # One login was that of `ping`, the other that of the next poll.
    assert site.world.intacct.tally()["logins"] == before["logins"] + 2


def test_rotate_the_twilio_key_that_later_leaks(site: Site) -> None:
    page, voice = site.page("rotate-secrets"), _twilio_secret(site)["voice_flow"]
    _accept(site, _OLD, _NEW)
    said = page.run("secrets set twilio", answers=_typed(site, _OLD))
    assert "Stored in" in said, said
    for function in ("SendFunction", "StatusCheckFunction"):
        site.forget(function)
    # They work with a key that has just been read, and will keep it for minutes.
    site.await_told_once(site.submit("3000.00"))
    page.run("secrets set twilio", answers=_typed(site, _NEW))
    assert _twilio_secret(site)["voice_flow"] == voice
    said = page.run("test-send", answers="y\n", **{"YOUR-ID": "dee"})
    assert "0 failed" in said, said
    assert "dee: delivered" in said, said
    _accept(site, _NEW)
    site.await_told_once(site.submit("1300.00"))
    assert any(request.status == 401 for request in site.world.twilio.requests())
    assert not _blocked(site)

    # What leaked is revoked before anything else is stored.
    _accept(site, _OLD)
    bill = site.submit("6000.00")
    site.await_alarm("SendsBlockedAlarm", "rotate-secrets")
    assert _blocked(site)
    assert site.stays(lambda: not site.accepted(bill), _QUIET)
    said = page.run("secrets set twilio", answers=_typed(site, _OLD))
    assert "Stored in" in said, said
    site.await_told_once(bill)
    site.await_calm("SendsBlockedAlarm")


def test_what_is_set_by_hand(site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page, before = site.page("rotate-secrets"), _twilio_secret(site)
    editor = tmp_path / "editor"
    editor.write_text(_EDITOR, encoding="utf-8")
    editor.chmod(0o700)
    for word in ("--leaves-a-typo", "--fails"):
        monkeypatch.setenv("EDITOR", f"{editor} {word}")
        page.run("secret.json")
        assert _twilio_secret(site) == before
        assert not list(site.folder.glob("secret.json"))

    monkeypatch.setenv("EDITOR", f"{editor} --wait")
    page.run("secret.json")
    assert _twilio_secret(site) == {**before, "note": "by hand"}
    assert not list(site.folder.glob("secret.json"))
    page.run_inline("ml-connector ping")
    assert page.status == 0


def test_unexplained(site: Site) -> None:
    page, bill = site.page("unexplained"), site.submit("1500.00")
    words = {"BILL": bill["RECORDID"], "2026-11-20": f"{datetime.now(UTC):%Y-%m-%d}"}
    site.await_told_once(bill)
    # A poll would miss the case of a bill that waits as well. And none is due at night.
    site.world.schedules.disable(_POLLS)
    assert _night(site) == 0
    (case,) = site.world.cases(bill)
    CaseItem.get(f"case#{case.id}", "case").delete()
    with site.hurried(_SHORT_MINUTE):
        assert _night(site) == 1
        site.await_alarm("UnexplainedAlarm", "unexplained")
        said = page.run("filter-pattern document_unexplained", **words)
        assert page.status == 1
        assert f'"document":"bill#{bill.recordno}"' in said.replace(" ", "")
        assert f"{bill['RECORDID']}" in said
        assert "is not there any more" in said
        said = page.run("alerts resend", **words)
        assert page.status == 1, said

        site.world.schedules.enable(_POLLS)
        site.until(lambda: site.world.cases(bill), "a poll to bring the case back")
        site.world.schedules.disable(_POLLS)
        said = page.run("alerts resend", answers="y\n", **words, **{"--to ID": "--to cho"})
        assert "is on its way" in said, said
        said = page.run("filter-pattern document_unexplained", **words)
        assert page.status == 0, said
        assert "unexplained=0" in said, said
        assert _night(site) == 0
        site.world.schedules.enable(_POLLS)
        site.await_calm("UnexplainedAlarm")
    site.until(lambda: site.accepted(bill, "cho"), "the text that was sent by hand")
    assert [len(site.accepted(bill, person)) for person in ("dee", "cho")] == [1, 1]
    assert not page.left()
    site.verified()


def _night(site: Site) -> int:
    """What the nightly look finds, started as a tick of the night starts it.

    Begun again where a poll was still at work on the company.
    """
    world = site.world

    def answer() -> dict[str, Any] | None:
        reply = world.aws.client("lambda").invoke(
            FunctionName=f"{world.stack.outputs['PollFunctionName']}:live",
            Payload=(ROOT / "events" / "reconcile_company.json").read_bytes(),
        )
        said: dict[str, Any] = json.loads(reply["Payload"].read())
        return said if said["outcome"] == "reconciled" else None

    return int(wait.until(answer, "the nightly look", timeout=60.0, every=2.0)["unexplained"])
