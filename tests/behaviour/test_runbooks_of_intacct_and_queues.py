"""Runbooks from the broken state to the healthy one, by the commands of their own pages.

Each scenario ends with the bill told once, its alarm back to OK and the audit trail whole. Where a
command mends something, the trouble is first seen to stay as long as nobody types it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.intacct.world import SENDER_ID, USER_ID
from tests.support.runbook_site import Site, runbook_site

pytestmark = pytest.mark.deployed

_QUIET = 7.0
_LIKE_THE_SANDBOX = """\
schema: 1
companies:
  acme:
    name: Acme AP
    zone: America/Chicago
    calendar:
      maintenance:
        - {{from: {begin}, to: {end}}}
default_approver: eli
rules:
  - name: bills for ann
    on: bill.submitted
    when: {{amount: {{at_least: 10000, currency: USD}}}}
    approver: ann
    notify: [{{sms: {{to: approver}}}}]
  - name: everything else
    on: bill.submitted
    approver: eli
    notify: [{{sms: {{to: approver}}}}]
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with runbook_site(tmp_path_factory.mktemp("shell")) as started:
        yield started


@pytest.fixture(autouse=True)
def mended(site: Site) -> Iterator[None]:
    yield
    site.mend()


def test_poll_stale(site: Site) -> None:
    site.world.intacct.fault("offline", count=None)
    bill = site.submit("12500.00")
    site.await_alarm("PollsFailedAlarm", "poll-stale")
    page = site.page("poll-stale")
    said = page.run("filter-pattern poll_failed")
    assert '"code":"source_unavailable"' in said.replace(" ", "")
    assert "failing: source_unavailable" in said
    assert "failed" in page.run_inline("ping intacct --company acme")
    site.goes_on("PollsFailedAlarm")

    now = datetime.now(UTC)
    times = {"begin": now - timedelta(minutes=5), "end": now + timedelta(hours=1)}
    text = _LIKE_THE_SANDBOX.format(**{k: v.isoformat() for k, v in times.items()})
    (site.folder / "flow.yaml").write_text(text, encoding="utf-8")
    said = page.run_inline("flow push", answers="y\nannounced maintenance\n")
    assert "is in force" in said, said
    site.await_calm("PollsFailedAlarm")
    assert not site.accepted(bill)

    site.world.intacct.clear_faults()
    site.await_told_once(bill)
    assert "failing" not in page.run("filter-pattern poll_failed").partition("poll_failed")[0]
    assert not page.left()
    site.verified()


def test_credentials_locked(site: Site) -> None:
    site.world.intacct.user(USER_ID, password="another password")
    site.world.intacct.kill_sessions()
    bill = site.submit("13500.00")
    site.await_alarm("PollsFailedAlarm", "credentials-locked")
    page = site.page("credentials-locked")
    assert "source_auth" in page.run("filter-pattern source_auth")
    logins = site.world.intacct.tally()["logins"]
    site.goes_on("PollsFailedAlarm")
    assert site.world.intacct.tally()["logins"] == logins

    typed = [SENDER_ID, "acme", "acme-sandbox", USER_ID, "another password", "", ""]
    said = page.run("secrets set intacct", answers="\n".join([*typed, ""]))
    assert "Stored in" in said
    assert "0 failed" in said, said
    site.await_told_once(bill)
    site.await_calm("PollsFailedAlarm")
    site.verified()


def test_credentials_locked_and_only_unlocked_again(site: Site) -> None:
    site.world.intacct.user(USER_ID, status="lockedout")
    site.world.intacct.kill_sessions()
    bill = site.submit("14500.00")
    page = site.page("credentials-locked")

    def failing() -> bool:
        return "failing: source_auth" in page.shell("ml-connector status")

    site.until(failing, "the login to be refused")
    site.world.intacct.user(USER_ID, status="active")
    site.forget("PollFunction")
    assert site.stays(lambda: not site.arrived(bill), _QUIET)

    page.run("unlocked 2026-11-23")
    assert "unlocked" in page.shell(
        "aws secretsmanager get-secret-value --secret-id ml-connector/prod/intacct"
        " --query SecretString --output text"
    )
    assert not list(site.folder.glob("secret.json"))
    site.await_told_once(bill)
    assert not failing()
    site.verified()


def test_dead_letters(site: Site) -> None:
    sqs, outputs = site.world.aws.client("sqs"), site.world.stack.outputs
    site.world.stack.switch_event_source("SendFunctionAlertsQueue", on=False)
    bill = site.submit("400.00")
    site.until(lambda: bool(site.world.dispatches(bill)), "the dispatch")
    sqs.send_message(QueueUrl=outputs["AlertsQueueUrl"], MessageBody='{"v": 99, "sms": "x"}')

    def given_up() -> bool:
        """Handed out again and again, and never taken."""
        sqs.receive_message(
            QueueUrl=outputs["AlertsQueueUrl"], MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        return dead() >= 2

    def dead() -> int:
        found = sqs.get_queue_attributes(
            QueueUrl=outputs["AlertsDlqUrl"], AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(found["Attributes"]["ApproximateNumberOfMessages"])

    site.until(given_up, "both messages to be given up")
    site.await_alarm("AlertsDlqAlarm", "dead-letters")
    page = site.page("dead-letters")
    said = page.run("ml-connector redrive\n", answers="n\n")
    assert "still to be sent" in said
    assert "names nothing this version understands" in said
    assert "Nothing was changed" in said
    site.goes_on("AlertsDlqAlarm")
    page.run("filter-pattern message_failed")

    site.world.stack.switch_event_source("SendFunctionAlertsQueue", on=True)
    said = page.run("--drop-settled", answers="y\n")
    assert "put back" in said, said
    site.await_told_once(bill)
    site.await_calm("AlertsDlqAlarm")
    assert "are empty" in page.run_inline("ml-connector redrive")
    assert not page.left()
    site.verified()


def test_cost_spike(site: Site) -> None:
    flow = _LIKE_THE_SANDBOX.format(begin="2026-01-01T00:00:00Z", end="2026-01-01T01:00:00Z")
    dear = flow.replace("    zone:", "    cap_per_day: 10\n    zone:").replace(
        "notify: [{sms: {to: approver}}]",
        "notify: [{sms: {to: approver}}, {sms: {to: dee, after: 1s}}, {sms: {to: cho, after: 1s}}]",
    )
    page = site.page("cost-spike")
    before = page.shell("ml-connector flow history --json")
    good = int(before.partition('"version": ')[2].partition(",")[0])
    (site.folder / "flow.yaml").write_text(dear, encoding="utf-8")
    assert "in force" in page.shell("ml-connector flow push flow.yaml --reason dear --yes")
    site.forget("SendFunction")
    # Three messages for each; the cap is used up by the fourth bill at the latest.
    spikes = [site.submit(f"{300 + place}.00") for place in range(4)]
    site.await_alarm("SendsBlockedAlarm", "cost-spike")
    said = page.run("ml-connector flow history")
    assert "Today:" in said
    assert "dear" in said
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert "eli" in page.run("audit report", **{"2026-11-16": today})

    page.run("update-event-source-mapping")
    page.run_inline("flow rollback", answers="y\nwas too dear\n", VERSION=str(good))
    for spike in spikes:
        number = spike["RECORDID"]
        said = page.run_inline("alerts cancel", answers="y\ntoo dear\n", BILL=number)
        assert "is stopped" in said, said
    sent = [len(site.accepted(spike)) for spike in spikes]
    bill = site.submit("350.00")
    site.until(lambda: bool(site.world.dispatches(bill)), "the dispatch")
    assert site.stays(lambda: not site.accepted(bill), _QUIET)
    page.run("update-event-source-mapping", **{"--no-enabled": "--enabled"})
    site.forget("SendFunction")
    site.await_told_once(bill)
    assert [len(site.accepted(spike)) for spike in spikes] == sent
    site.world.stack.update({"LogLevel": "DEBUG"})
    page.run_inline("LogLevel=INFO")
    assert site.world.stack.parameters["LogLevel"] == "INFO"
    site.await_calm("SendsBlockedAlarm")
    assert not page.left()
    site.verified()
