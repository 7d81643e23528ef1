"""The daily list as operators see it: with the bill, by itself, and before it is ever made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ml_connector.domain.cases import DAILY_LIST, Case, Listed
from ml_connector.domain.dispatches import DispatchState
from tests.adapters.cli_cases import PolledCompany
from tests.adapters.cli_deployment import FLOW, Stack, deployed
from tests.support.clock import HandClock

COMPANY = "acme: {name: Acme AP, zone: America/Chicago"


def where_it_is_ten() -> str:
    """A zone in which it is between ten and eleven in the morning now."""
    ahead = 10 - datetime.now(UTC).hour
    ahead += 24 if ahead < -12 else 0
    # Their signs are those of POSIX: minus is east.
    return f"Etc/GMT{-ahead:+d}" if ahead else "UTC"


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Stack]:
    """A stack whose company sends lists at nine, and where it is past ten."""
    days = "[mon, tue, wed, thu, fri, sat, sun]"
    zone = COMPANY.replace("America/Chicago", where_it_is_ten())
    listed = f"{zone}, daily_list: {{at: 09:00, days: {days}}}"
    assert COMPANY in FLOW
    with deployed(monkeypatch) as made:
        path = tmp_path / "flow.yaml"
        path.write_text(FLOW.replace(COMPANY, listed))
        made.fill(path)
        yield made


@pytest.fixture
def listed(stack: Stack) -> tuple[PolledCompany, Case, Case]:
    """A company with a bill that was told two hours ago and is on the list: both cases."""
    acme = PolledCompany(stack, clock=HandClock(datetime.now(UTC) - timedelta(hours=2)))
    case = acme.submit("4711", "INV-1", "500")
    acme.sent(case, state=DispatchState.DELIVERED, look_at=None)
    acme.clock.forward_to(datetime.now(UTC))
    acme.poll()
    (made,) = (one for one in acme.cases() if one.kind == DAILY_LIST)
    return acme, case, made


def test_a_bill_on_the_list_is_shown_with_it(
    stack: Stack, listed: tuple[PolledCompany, Case, Case]
) -> None:
    _, case, made = listed
    (shown,) = stack.json("alerts", "show", "INV-1")["cases"]
    assert shown["case"] == case.id
    (one,) = shown["daily_lists"]
    assert (one["case"], one["person"], one["state"]) == (made.id, "ann", "open")
    assert one["dispatch_state"] == "waiting"
    said = " ".join(stack.run("alerts", "show", "INV-1").stdout.split())
    assert "On the daily list of" in said
    assert "to ann: due: it is sent as soon as a function takes it." in said


def test_the_list_itself_says_which_bills_are_on_it(
    stack: Stack, listed: tuple[PolledCompany, Case, Case]
) -> None:
    _, _, made = listed
    (shown,) = stack.json("alerts", "show", made.id)["cases"]
    assert shown["what"] == "the daily list of ann"
    assert shown["listed"] == ["bill#4711"]
    assert "Bills on it: bill#4711." in stack.run("alerts", "show", made.id).stdout


def test_what_is_stored_of_a_list_comes_back(
    stack: Stack, listed: tuple[PolledCompany, Case, Case]
) -> None:
    acme, case, made = listed
    assert made.listed == (Listed("bill#4711", case.id, "full"),)
    assert acme.case(case).listed == ()
    day = datetime.now(ZoneInfo(where_it_is_ten())).date()
    state = stack.deployment.documents.state("acme")
    assert dict(state.lists)["ann"] == day.isoformat()


def test_a_bill_of_another_time_is_on_no_list(
    stack: Stack, listed: tuple[PolledCompany, Case, Case]
) -> None:
    acme, _, _ = listed
    acme.submit("4712", "INV-2", "500")
    (shown,) = stack.json("alerts", "show", "INV-2")["cases"]
    assert shown["daily_lists"] == []


@pytest.mark.usefixtures("listed")
def test_flow_test_says_that_it_will_be_on_the_list(stack: Stack) -> None:
    tried = stack.json("flow", "test", "INV-1")
    assert str(tried["daily_list"]).startswith("at ")
    said = " ".join(stack.run("flow", "test", "INV-1").stdout.split())
    assert "whoever was told has it on the daily list at " in said
