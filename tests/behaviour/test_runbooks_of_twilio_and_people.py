"""Runbooks from the broken state to the healthy one: what Twilio does, and who is not told.

As in its sister: the commands are those of the page, and trouble that a command mends is first seen
to stay as long as nobody types it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from sandbox.intacct.client import Record
from sandbox.twilio.settings import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN
from sandbox.world import TIMINGS
from tests.support.runbook_site import Site, runbook_site

pytestmark = pytest.mark.deployed

_QUIET = 7.0
_QUICK = {"grace": 3.0, "empty_list_gap": 2.0, "retry_base": 2.0, "ring_again": 4.0}
#: How late Twilio lists in the scenario of duplicates: after `grace`, and before the one set then.
_LATE, _LONGER_GRACE = 22.0, 30.0
_NEW_PHONE = "+15550100033"
_NEW_SENDER = "+15550100100"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with runbook_site(tmp_path_factory.mktemp("shell"), _QUICK) as started:
        yield started


@pytest.fixture(autouse=True)
def mended(site: Site) -> Iterator[None]:
    yield
    site.mend()


def test_twilio_outage(site: Site) -> None:
    twilio, page = site.world.twilio, site.page("twilio-outage")
    for endpoint in ("messages.create", "messages.list"):
        twilio.fault("error_before", endpoint=endpoint, count=None, status=503)
    bills = [site.submit("3000.00")]
    site.until(lambda: site.world.dispatches(bills[0]), "the first dispatch")

    def raised() -> bool:
        # To two people in turn, and to nobody of the other scenarios: bundles wait for one another.
        bills.append(site.submit(f"{(500, 3000)[len(bills) % 2] + len(bills)}.00"))
        return not site.stays(lambda: not site.raised("OutcomesUnknownAlarm"), 3.0)

    site.until(raised, "OutcomesUnknownAlarm")
    site.await_alarm("OutcomesUnknownAlarm", "twilio-outage")
    said = page.run("ml-connector status")
    assert "unknown" in said
    waiting = page.run("alerts show")
    assert "cho" in waiting
    assert "may or may not have accepted it" in waiting
    assert not any(site.accepted(bill) for bill in bills)

    twilio.clear_faults()
    site.await_told_once(*bills)
    site.await_calm("OutcomesUnknownAlarm")
    assert not page.left()
    site.verified()


def test_unregistered_sender(site: Site) -> None:
    twilio, page = site.world.twilio, site.page("unregistered-sender")
    refused = twilio.fault("refuse", endpoint="messages.create", code=30034, count=None)
    bill = site.submit("1200.00")
    site.await_alarm("SendsBlockedAlarm", "unregistered-sender")
    said = page.run("filter-pattern sends_blocked")
    assert "30034" in said
    site.until(
        lambda: "stand still until" in page.shell("ml-connector status"), "the pause to be said"
    )
    assert site.stays(lambda: not site.accepted(bill), _QUIET)

    # Another sender, which may send once the functions know of it.
    numbers = twilio.settings()["numbers"]
    twilio.settings(numbers=[*numbers, _NEW_SENDER])
    typed = [DEFAULT_ACCOUNT_SID, "", DEFAULT_AUTH_TOKEN, _NEW_SENDER, ""]
    said = page.run("voice deploy", answers="\n".join(typed))
    assert "Stored in" in said
    assert "0 failed" in said, said
    for function in ("SendFunction", "StatusCheckFunction"):
        site.forget(function)
    refused.lift()
    assert "dee: delivered" in page.run("test-send", answers="y\n", **{"YOUR-ID": "dee"})
    site.await_told_once(bill)
    assert site.accepted(bill) == [_NEW_SENDER]
    site.await_calm("SendsBlockedAlarm")
    assert not page.left()
    site.verified()


def test_somebody_was_not_told(site: Site) -> None:
    site.world.phone("bob").behave("unknown_number")
    bill = site.submit("6000.00")
    site.await_alarm("AlertsFailedAlarm", "not-told")
    page = site.page("not-told")
    case = site.world.cases(bill)[0].id
    said = page.run("approver_unreachable", **{"CASE-OR-DISPATCH": case})
    assert "30005" in said
    before = site.accepted(bill, "bob")
    assert site.stays(lambda: site.accepted(bill, "bob") == before, _QUIET)

    page.run_inline("approvers export")
    file = site.folder / "approvers.csv"
    number = site.world.phone("bob").number
    mended = file.read_text(encoding="utf-8").replace(number, _NEW_PHONE)
    file.write_text(mended, encoding="utf-8")
    said = page.run_inline("approvers import", answers="y\nnumber mended\n")
    assert "Imported" in said, said
    phone = site.world.twilio.phone(_NEW_PHONE, name="Bob Approver")
    said = page.run(
        "alerts resend", answers="y\n", BILL=bill["RECORDID"], **{"--to ID": "--to bob"}
    )
    assert "is on its way" in said, said
    site.until(
        lambda: [text for text in phone.inbox() if bill["RECORDID"] in text.body],
        "the new number to show the bill",
    )
    assert len([text for text in phone.inbox() if bill["RECORDID"] in text.body]) == 1
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    said = page.run("audit reconcile", **{"2026-11-16": today})
    assert page.status == 0, said
    site.await_calm("AlertsFailedAlarm")
    assert not page.left()
    site.verified()


def test_duplicates_reported(site: Site) -> None:
    ann = site.world.phone("ann").number
    bill = _lost_and_listed_late(site, ann, "12000.00")
    site.await_alarm("DuplicatesAlarm", "duplicates-reported")
    assert len(site.accepted(bill)) == 2
    page = site.page("duplicates-reported", BILL=bill["RECORDID"])
    said = page.run("audit show")
    assert "may or may not have it" in said
    assert "certainly not sent" in said
    said = page.run("filter-pattern duplicate_found")
    sids = [one.sid for one in site.world.twilio.accepted() if bill["RECORDID"] in one.text]
    assert all(sid in said for sid in sids), said

    longer = {**TIMINGS, **_QUICK, "grace": _LONGER_GRACE}
    text = json.dumps(longer, separators=(",", ":")).replace('"', '\\"')
    page.run("sam deploy", **{'{\\"grace\\":600}': text})
    again = _lost_and_listed_late(site, ann, "13000.00")
    site.await_told_once(again)
    site.await_calm("DuplicatesAlarm")
    assert not page.left()
    site.verified()


def _lost_and_listed_late(site: Site, number: str, amount: str) -> Record:
    twilio = site.world.twilio
    twilio.clear_faults()
    twilio.fault("list_delay", recipient=number, count=1, seconds=_LATE)
    twilio.fault("error_after", endpoint="messages.create", recipient=number, count=1)
    return site.submit(amount)
