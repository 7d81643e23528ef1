"""`ml-connector fit` against the simulated gateway, over HTTP."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli import gateway
from cli.files.flow_file import read_flow
from cli.files.people_file import read_people
from cli.fit.findings import conclude
from cli.fit.reading import TRANSACTIONS, read_facts
from cli.main import app
from cli.people_flow import unreached
from ml_connector.domain.approvers import Approver
from ml_connector.intacct.credentials import Credentials
from sandbox.intacct import (
    SENDER_ID,
    SENDER_PASSWORD,
    USER_ID,
    USER_PASSWORD,
    IntacctSimulator,
    Recipe,
)
from tests.adapters.cli_deployment import deployed
from tests.adapters.cli_polling import intacct_secret, reading

BILLS, WAITING = 120, 24
ANSWERS = (SENDER_ID, SENDER_PASSWORD, "acme-sandbox", USER_ID, USER_PASSWORD)


@pytest.fixture(scope="module")
def running() -> Iterator[IntacctSimulator]:
    with IntacctSimulator(Recipe(bills=BILLS, waiting=WAITING)) as sim:
        yield sim


@pytest.fixture
def sim(running: IntacctSimulator, monkeypatch: pytest.MonkeyPatch) -> IntacctSimulator:
    running.admin.reset()
    monkeypatch.setenv("INTACCT_ENDPOINT", running.url)
    monkeypatch.setenv("INTACCT_TRUSTED_HOST", "127.0.0.1")
    return running


def fit(folder: Path, *words: str, answers: tuple[str, ...] = ANSWERS) -> Result:
    typed = "".join(f"{answer}\n" for answer in answers)
    return CliRunner().invoke(app, ["fit", "--output", str(folder), *words], input=typed)


def found(folder: Path, *words: str) -> dict[str, Any]:
    result = fit(folder, "--json", *words)
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def settings(sim: IntacctSimulator, **changes: object) -> None:
    sim.admin.call("PATCH", "settings", changes)


def test_what_waits_is_counted_as_the_ledger_has_it(sim: IntacctSimulator, tmp_path: Path) -> None:
    document = found(tmp_path)
    states = {"Submitted", "Partially Approved"}
    waiting = [bill for bill in sim.admin.bills() if bill.state in states]
    assert document["waiting"]["bills"] == len(waiting) == WAITING
    totals: dict[str, float] = {}
    for bill in waiting:
        totals[bill["CURRENCY"]] = totals.get(bill["CURRENCY"], 0) + float(bill["TRX_TOTALENTERED"])
    said = {text.split()[0]: float(text.split()[1]) for text in document["waiting"]["sums"]}
    assert said == pytest.approx(totals)
    oldest = min(waiting, key=lambda bill: bill["AUWHENCREATED"])
    assert document["waiting"]["oldest"] == oldest["RECORDID"]


@pytest.mark.usefixtures("sim")
def test_volume_by_vendor_and_department_adds_up_to_the_bills_submitted(tmp_path: Path) -> None:
    document = found(tmp_path)
    assert document["bills_submitted"] > WAITING
    for kind in ("vendors", "departments"):
        assert sum(entry["bills"] for entry in document[kind]) == document["bills_submitted"]
    baker = next(entry for entry in document["vendors"] if entry["name"] == "Baker Steel")
    assert baker["approver"] == "Ann Approver"
    finance = next(entry for entry in document["departments"] if entry["name"] == "Finance")
    assert finance["approver"] == "Cho Controller"


@pytest.mark.usefixtures("sim")
def test_users_and_employees_who_are_one_person_become_one_approver(tmp_path: Path) -> None:
    document = found(tmp_path)
    people = {person["name"]: person for person in document["approvers"]}
    assert people.keys() == {"Ann Approver", "Bob Approver", "Cho Controller"}
    assert people["Bob Approver"]["roles"] == [
        "bill approver of 2 vendor(s)",
        "supervises Operations",
    ]
    assert document["alerts"] == document["bills_submitted"]
    # Bob's number in Intacct is "(555) 010-0002".
    phones = {row.name: row.phone for row in read_people(tmp_path / "approvers.csv")}
    assert phones["Bob Approver"] == "+15550100002"


@pytest.mark.usefixtures("sim")
def test_the_files_are_taken_by_the_commands_that_read_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found(tmp_path, "--name", 'Acme "A&P": München', "--zone", "America/Chicago")
    flow, people = tmp_path / "flow.yaml", tmp_path / "approvers.csv"
    assert stat.S_IMODE(people.stat().st_mode) == 0o600
    run = CliRunner().invoke
    explained = run(app, ["flow", "explain", str(flow)])
    assert explained.exit_code == 0
    assert 'Acme "A&P": München (acme-sandbox), times in America/Chicago' in explained.stdout
    assert run(app, ["approvers", "import", "--check", str(people)]).exit_code == 0
    with deployed(monkeypatch) as stack:
        assert stack.json("approvers", "import", str(people), "--yes")["added"] == 3
        pushed = stack.json("flow", "push", str(flow), "--yes", "--reason", "fit")
        assert pushed["published"] is True
        assert [warning for warning in pushed["warnings"] if " names " in warning] == []


def test_reading_takes_a_third_of_what_it_may(sim: IntacctSimulator, tmp_path: Path) -> None:
    document = found(tmp_path)
    tally = sim.admin.tally()
    assert document["transactions_used"] == tally["transactions"] <= 16
    assert tally["logins"] == 1
    assert document["allowance"]["share"] < 0.4


def connect(sim: IntacctSimulator) -> Any:
    credentials = Credentials(SENDER_ID, SENDER_PASSWORD, "acme-sandbox", USER_ID, USER_PASSWORD)
    return gateway.connect(
        credentials, sim.url, "127.0.0.1", most=TRANSACTIONS, sleep=lambda _seconds: None
    )


def test_a_company_too_large_for_the_budget_is_read_in_part_and_says_so(
    sim: IntacctSimulator,
) -> None:
    client = connect(sim)
    facts = read_facts(client, page_size=1)
    assert client.usage.transactions <= TRANSACTIONS
    assert sim.admin.tally()["transactions"] == client.usage.transactions
    assert not facts.waiting.complete
    # Every kind got its share, so that people are known however many bills there are.
    assert facts.vendors.records
    assert facts.users.records
    assert facts.employees.records
    assert facts.recent.records
    assert facts.lines.records
    findings = conclude(facts, company="acme", phone_region="US", transactions=50)
    assert any(gap.startswith("Waiting bills: only the first") for gap in findings.gaps)


def test_the_budget_counts_replies_that_were_lost_and_asked_for_again(
    sim: IntacctSimulator,
) -> None:
    lost = 15
    for number in range(lost):
        sim.admin.fault("truncated", skip=4 + number, count=1)
    client = connect(sim)
    read_facts(client, page_size=1)
    assert client.usage.retries == lost
    assert client.usage.transactions == TRANSACTIONS
    assert sim.admin.tally()["transactions"] == TRANSACTIONS


def test_what_may_not_be_read_is_a_gap_and_no_failure(
    sim: IntacctSimulator, tmp_path: Path
) -> None:
    settings(sim, denied=["USERINFO", "EMPLOYEE", "DEPARTMENT", "APBILLITEM"])
    document = found(tmp_path)
    gaps = "\n".join(document["gaps"])
    assert "time zone could not be read" in gaps
    assert "Users: " in gaps
    assert "Departments: " in gaps
    # Who a vendor names is known even where users are not.
    assert {person["name"] for person in document["approvers"]} == {
        "ann.approver",
        "bob.approver",
        "cho.controller",
    }
    assert "ann.approver (approver-" in gaps
    assert read_flow(tmp_path / "flow.yaml").flow.default_approver == "approver-1"


def test_a_company_that_names_no_approver_gets_files_to_fill_in(
    sim: IntacctSimulator, tmp_path: Path
) -> None:
    settings(sim, absent=["VENDOR.BILLAPPROVERID"], denied=["DEPARTMENT"])
    document = found(tmp_path)
    assert document["approvers"] == []
    (row,) = read_people(tmp_path / "approvers.csv")
    assert (row.id, row.phone, row.active) == ("approver-1", "", False)
    flow = read_flow(tmp_path / "flow.yaml").body
    person = Approver(row.id, row.name, row.phone, "salt", row.active)
    assert [one.why for one in unreached(flow, [person])] == ["not active"]


def test_a_vendor_that_names_a_group_is_a_gap(sim: IntacctSimulator, tmp_path: Path) -> None:
    vendor = next(row for row in sim.admin.records("VENDOR") if row["VENDORID"] == "V-103")
    sim.admin.edit_record("VENDOR", vendor.recordno, {"BILLAPPROVERID": "AP managers"})
    gaps = "\n".join(found(tmp_path)["gaps"])
    assert "1 vendor(s) name 'AP managers' as bill approver, which is no user here" in gaps


class Links(HTMLParser):
    """Everything in a page that would be fetched or run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in {"src", "href", "srcset", "action"} or name.startswith("on"):
                self.fetched.append(f"{tag} {name}={value}")


def test_the_page_runs_nothing_loads_nothing_and_escapes_what_others_wrote(
    sim: IntacctSimulator, tmp_path: Path
) -> None:
    hostile = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    sim.admin.create_vendor("V-900", hostile)
    sim.admin.create_bill("V-900", "77.00", submit=True)
    found(tmp_path, "--name", "<b>Acme</b>")
    page = (tmp_path / "fit.html").read_text()
    links = Links()
    links.feed(page)
    assert links.fetched == []
    assert not links.tags & {"script", "img", "link", "iframe", "object", "base", "form", "b1"}
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;b&gt;Acme&lt;/b&gt;" in page
    assert "url(" not in page
    assert "://" not in page
    assert "default-src 'none'" in page
    assert "@media print" in page
    # Whole numbers are in approvers.csv alone.
    assert not re.search(r"\+1\d{10}", page)


@pytest.mark.usefixtures("sim")
def test_credentials_are_in_no_file_and_in_nothing_printed(tmp_path: Path) -> None:
    result = fit(tmp_path)
    assert result.exit_code == 0
    written = "".join(path.read_text() for path in tmp_path.iterdir())
    for password in (SENDER_PASSWORD, USER_PASSWORD):
        assert password not in result.output
        assert password not in written


@pytest.mark.usefixtures("sim")
def test_a_refused_sign_in_is_one_line_and_writes_nothing(tmp_path: Path) -> None:
    result = fit(tmp_path, answers=(*ANSWERS[:-1], "not-this-one"))
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("error: ")
    assert "Intacct refused the sign-in" in result.stderr
    assert "not-this-one" not in result.output
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_there_are_not_written_over_without_asking(
    sim: IntacctSimulator, tmp_path: Path
) -> None:
    (tmp_path / "flow.yaml").write_text("mine")
    result = fit(tmp_path, answers=("no",))
    assert result.exit_code == 1
    assert (tmp_path / "flow.yaml").read_text() == "mine"
    assert sim.admin.tally()["logins"] == 0
    assert fit(tmp_path, "--yes").exit_code == 0
    assert (tmp_path / "flow.yaml").read_text() != "mine"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--zone", "Mars/Olympus"), "--zone 'Mars/Olympus' is no IANA time zone"),
        (("--phone-region", "USA"), "--phone-region 'USA' is no region"),
    ],
)
def test_options_that_make_no_sense_are_refused_before_anything_is_asked(
    tmp_path: Path, words: tuple[str, ...], complaint: str
) -> None:
    result = fit(tmp_path, *words, answers=())
    assert result.exit_code == 2
    assert complaint in result.stderr


def test_stored_credentials_will_do_instead_of_typed_ones(
    sim: IntacctSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INTACCT_ENDPOINT")
    monkeypatch.delenv("INTACCT_TRUSTED_HOST")
    with reading(monkeypatch, sim) as stack:
        stack.put_secret("IntacctSecretId", intacct_secret("acme", "beta"))
        which = stack.run("fit", "--from-secret", "--output", str(tmp_path))
        assert which.exit_code == 2
        assert "name a company of the secret with --company; there are: acme, beta" in which.stderr
        words = ("fit", "--from-secret", "--company", "beta", "--output", str(tmp_path))
        assert stack.json(*words)["waiting"]["bills"] == WAITING
    assert [company.key for company in read_flow(tmp_path / "flow.yaml").flow.companies] == ["beta"]
