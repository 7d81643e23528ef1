"""`ml-connector audit reconcile`: the simulated Intacct against what real polls wrote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli import gateway
from ml_connector.aws.clock import SystemClock
from ml_connector.domain.audit import Json, entry_after
from ml_connector.domain.instants import to_text
from ml_connector.domain.unit_of_work import CaseWrite, Change
from ml_connector.intacct.credentials import credentials_of
from ml_connector.intacct.payments import IntacctPaymentSource
from ml_connector.intacct.source import IntacctBillSource, IntacctReader
from ml_connector.settings import Timings
from ml_connector.store.models import AuditItem, CaseItem, CompanyItem, DocumentItem
from ml_connector.usecases.poll import poll_company
from ml_connector.usecases.ports import PollPorts
from sandbox.intacct import (
    IntacctSimulator,
    Recipe,
)
from tests.adapters.cli_audit import CALLED_FIRST
from tests.adapters.cli_deployment import Stack
from tests.adapters.cli_polling import intacct_secret, reading
from tests.support.telemetry import RecordingTelemetry


@pytest.fixture(scope="module")
def running() -> Iterator[IntacctSimulator]:
    with IntacctSimulator(Recipe(bills=30, waiting=8)) as sim:
        yield sim


@pytest.fixture
def sim(running: IntacctSimulator) -> IntacctSimulator:
    running.admin.reset()
    return running


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, sim: IntacctSimulator) -> Iterator[Stack]:
    with reading(monkeypatch, sim) as made:
        made.deployment.flows.publish(CALLED_FIRST, now=datetime.now(UTC), by="test", reason="")
        yield made


class Silent:
    """A queue nobody listens to."""

    def ring(self, dispatch_ids: Iterable[str], delay_seconds: int = 0) -> None:
        """Nothing is sent here."""


def poll(stack: Stack, sim: IntacctSimulator) -> None:
    """One poll of the company, as the function does it."""
    client = gateway.connect(credentials_of(intacct_secret(), "acme"), sim.url, "127.0.0.1")
    reader = IntacctReader(client)

    class Companies:
        def source(self, company: str) -> IntacctBillSource:
            assert company == "acme"
            return IntacctBillSource(reader)

    clock, deployment = SystemClock(), stack.deployment
    ports = PollPorts(
        companies=Companies(),
        documents=deployment.documents,
        alerts=deployment.alerts,
        flows=deployment.flows,
        approvers=deployment.approvers,
        doorbell=Silent(),
        clock=clock,
        telemetry=RecordingTelemetry(),
        timings=Timings(),
        payments=lambda _: IntacctPaymentSource(reader),
    )
    poll_company("acme", ports, clock.now() + timedelta(seconds=100))


def days(**ago: float) -> tuple[str, ...]:
    since = datetime.now(UTC) - timedelta(**ago)
    return "audit", "reconcile", "--from", since.date().isoformat()


@pytest.fixture
def polled(stack: Stack, sim: IntacctSimulator) -> Stack:
    """A company after its baseline, with a new bill, a small one, and a payment that cleared."""
    poll(stack, sim)
    sim.admin.create_bill("V-100", "25000.00", number="NEW-1", submit=True)
    sim.admin.create_bill("V-100", "10.00", number="NEW-2", submit=True)
    draft = sim.admin.create_bill("V-100", "10.00", number="NEW-3")
    posted = sim.admin.create_bill("V-100", "500.00", number="NEW-4", submit=True)
    sim.admin.approve(int(posted["RECORDNO"]))
    paid = sim.admin.create_payment([int(posted["RECORDNO"])])
    for operation in ("confirm", "clear"):
        sim.admin.payment(int(paid["RECORDNO"]), operation)
    assert draft.state == "Draft"
    poll(stack, sim)
    send(stack, "NEW-1")
    return stack


def send(stack: Stack, number: str) -> None:
    """Twilio takes the text about a bill."""
    file = stack.deployment.alerts.case_file(case_of(number).removeprefix("case#"))
    assert file
    data: dict[str, Json] = {"dispatch": file.alerts[0].dispatch, "sid": "SM" + "0" * 32}
    now = datetime.now(UTC)
    entry = entry_after(file.case.head, file.case.chain, now, "dispatch.sent", data)
    stack.deployment.alerts.commit(Change("sent", cases=(CaseWrite(file.case, entry),)))


def company(stack: Stack, *words: str, status: int = 0) -> dict[str, Any]:
    document = stack.json(*words, status=status)
    assert document["ok"] is (status == 0)
    (found,) = document["companies"]
    result: dict[str, Any] = found
    return result


def case_of(number: str) -> str:
    """The chain of the one case of a bill."""
    (row,) = [row for row in DocumentItem.scan(DocumentItem.number == number) if row.open_cases]
    return f"case#{row.open_cases[0]}"


def later(**later_by: float) -> None:
    """The last successful poll was later than it was."""
    at = to_text(datetime.now(UTC) + timedelta(**later_by))
    CompanyItem.get("company#acme", "state").update([CompanyItem.poll_succeeded_at.set(at)])


def test_everything_intacct_had_is_explained(polled: Stack, sim: IntacctSimulator) -> None:
    before = sim.admin.tally()["transactions"]
    found = company(polled, *days(days=400))
    assert found["unexplained"] == []
    assert found["unreadable"] == []
    explained = found["explained"]
    assert explained["bill: told: it has its case"] == 1
    no_number = "whoever it was for has no usable number"
    assert explained[f"bill: a case, but nobody was told: {no_number}"] == 1
    assert explained["bill: not submitted"] >= 1
    assert any(why.startswith("bill: nobody is told: baseline") for why in explained)
    assert any(why.startswith("bill: never seen waiting") for why in explained)
    assert any(why.startswith("payment: nobody is told: no rule") for why in explained)
    ledger = len(sim.admin.records("APBILL")) + len(sim.admin.records("APPYMT"))
    assert sum(explained.values()) == found["rows"] == ledger
    assert found["transactions"] == sim.admin.tally()["transactions"] - before <= 50


def test_people_get_counts_and_a_last_line(polled: Stack) -> None:
    shown = polled.run(*days(days=400))
    assert shown.exit_code == 0
    assert "bill: told: it has its case" in shown.stdout
    assert "unexplained=0" in shown.stdout


def test_a_case_deleted_by_hand_is_found(polled: Stack) -> None:
    chain = case_of("NEW-1")
    CaseItem.get(chain, "case").delete()
    found = company(polled, *days(days=1), status=1)
    (row,) = found["unexplained"]
    assert (row["kind"], row["number"], row["vendor"]) == ("bill", "NEW-1", "Baker Steel")
    assert row["why"] == f"its case {chain.removeprefix('case#')} is not there any more"
    shown = polled.run(*days(days=1))
    assert shown.exit_code == 1
    assert "unexplained=1" in shown.stdout


def test_a_document_and_its_whole_trail_deleted_by_hand_are_found(polled: Stack) -> None:
    (row,) = list(DocumentItem.scan(DocumentItem.number == "NEW-1"))
    for link in list(AuditItem.query(f"doc#acme#{row.sk}")):
        link.delete()
    row.delete()
    later(hours=1)
    found = company(polled, *days(days=1), status=1)
    assert [one["number"] for one in found["unexplained"]] == ["NEW-1"]
    assert found["unexplained"][0]["why"] == "it waits for approval, and was never seen"


def test_a_bill_since_the_last_poll_is_not_missed_but_one_before_it_is(
    polled: Stack, sim: IntacctSimulator
) -> None:
    sim.admin.create_bill("V-100", "25000.00", number="NEW-9", submit=True)
    found = company(polled, *days(days=1))
    key = "bill: changed since the last poll, which could not see it yet"
    assert found["explained"][key] == 1
    later(hours=1)
    found = company(polled, *days(days=1), status=1)
    assert [one["number"] for one in found["unexplained"]] == ["NEW-9"]


def test_what_was_entered_after_the_last_day_is_left_out(polled: Stack) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    found = company(polled, *days(days=30), "--to", yesterday)
    everything = company(polled, *days(days=30))
    assert 0 < found["rows"] < everything["rows"]


def test_payments_that_may_not_be_read_are_said_so(polled: Stack, sim: IntacctSimulator) -> None:
    sim.admin.call("PATCH", "settings", {"denied": ["APPYMT"]})
    found = company(polled, *days(days=1))
    assert found["payments_read"] is False
    assert "Payments may not be read" in polled.run(*days(days=1)).stdout


def test_more_than_the_transactions_allowed_are_never_used(
    polled: Stack, sim: IntacctSimulator
) -> None:
    before = sim.admin.tally()["transactions"]
    result = polled.run(*days(days=400), "--most", "2")
    assert result.exit_code == 1
    assert "more than 2 API transactions would be needed" in result.stderr
    assert sim.admin.tally()["transactions"] - before <= 2


def test_a_company_that_is_not_in_the_flow_is_said_with_those_that_are(stack: Stack) -> None:
    result = stack.run(*days(days=1), "--company", "beta")
    assert result.exit_code == 1
    assert "no company 'beta' in the flow; there are: acme" in result.stderr


def test_a_payment_dated_ahead_is_one_of_the_period(polled: Stack, sim: IntacctSimulator) -> None:
    before = company(polled, *days(days=1))["rows"]
    ahead = (datetime.now(UTC) + timedelta(days=3)).date()
    bill = sim.admin.create_bill("V-100", "500.00", number="NEW-9", submit=True)
    sim.admin.approve(int(bill["RECORDNO"]))
    sim.admin.create_payment([int(bill["RECORDNO"])], date=ahead.isoformat())
    assert company(polled, *days(days=1))["rows"] == before + 2


@pytest.mark.parametrize("data", ['{"alerts":5}', '{"alerts":["x"]}', "5"])
def test_an_entry_in_no_shape_of_ours_leaves_its_bill_unexplained(polled: Stack, data: str) -> None:
    chain = case_of("NEW-1")
    for item in list(AuditItem.query(chain)):
        item.update([AuditItem.data.set(data), AuditItem.at.set("yesterday")])
    found = company(polled, *days(days=1), status=1)
    assert [one["number"] for one in found["unexplained"]] == ["NEW-1"]
    shown = polled.run("audit", "show", "NEW-1")
    # It is shown, and said to be broken.
    assert (shown.exit_code, shown.stderr) == (1, "")
    assert f"broken: {chain}: changed: entry 1 is not what was written" in shown.stdout
