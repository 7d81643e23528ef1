"""After storms, all that Intacct had is accounted for: nothing is taken for lost that is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ml_connector.domain.fates import Said
from ml_connector.usecases.nightly import NightPorts, NightReport, reconcile_company
from tests.faults.campaign import mixed
from tests.faults.history import History
from tests.soak.harness import COMPANY as SOAKED
from tests.soak.harness import FUNCTION, Connector, Container
from tests.soak.histories import History as Soaked
from tests.soak.notebook import Visit
from tests.soak.place import Place
from tests.support.evidence import MemoryEvidence
from tests.support.world import COMPANY, World

SEED = 11
STORMS = 8
#: Histories of the soak: bills recalled, declined, deleted, made anew under other numbers.
SOAKS = 25


def reconciled(world: World) -> NightReport:
    poll = replace(world.poll_ports, sleep=world.clock.sleep)
    ports = NightPorts(poll, MemoryEvidence(world.tables))
    return reconcile_company(COMPANY, ports, world.clock.ahead(100))


def test_of_a_run_full_of_faults_nothing_is_unexplained_and_a_case_deleted_by_hand_is() -> None:
    rows = 0
    for place in range(STORMS):
        history = History(SEED * 1_000_003 + place, mixed(place))
        history.run()
        # The lease of a poll that died in the storm runs out.
        history.world.run(minutes=5)
        report = reconciled(history.world)
        assert (report.outcome, report.unexplained) == ("reconciled", 0)
        waiting = [bill for bill in history.bills if not bill.approve_at]
        assert report.rows >= len(waiting)
        rows += report.rows
        lost = next(iter(history.world.tables.cases))
        del history.world.tables.cases[lost]
        assert reconciled(history.world).unexplained == 1
    assert rows > 10 * STORMS


class TakenAtOnce(MemoryEvidence):
    """The soak polls and does not send: as if Twilio took each text in the second it was made."""

    def said_of(self, case: str) -> Iterator[Said]:
        """See Evidence."""
        for entry in super().said_of(case):
            yield entry
            for alert in entry.data.get("alerts", ()):
                if alert["dispatch"]:
                    sent = {"dispatch": alert["dispatch"], "state": "sent", "sid": "SM1"}
                    yield Said(entry.at, "dispatch.sent", sent)


def _after(history: Soaked, monkeypatch: pytest.MonkeyPatch) -> tuple[NightReport, list[str]]:
    """What is found right after a history, while its simulator is still there."""
    reports: list[tuple[NightReport, list[str]]] = []
    close = Place.close

    def look_first(place: Place) -> None:
        reports.append(_look(history.connector))
        close(place)

    with monkeypatch.context() as patched:
        patched.setattr(Place, "close", look_first)
        history.run()
    (found,) = reports
    return found


def _look(connector: Connector) -> tuple[NightReport, list[str]]:
    connector.clock.forward(hours=1)
    container = Container(connector, connector.clock)
    day = connector.clock.now().date()
    poll = connector._ports(container, Visit(day, read=True, certain=False))
    ports = NightPorts(poll, TakenAtOnce(connector.tables))
    end = container.begin()
    assert (end - connector.clock.now()).total_seconds() < FUNCTION
    report = reconcile_company(SOAKED, ports, end)
    said = poll.telemetry.said("document_unexplained")  # type: ignore[attr-defined]
    return report, [f"{one.fields['document']}: {one.fields['reason']}" for one in said]


def test_of_the_soaks_histories_nothing_is_unexplained(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = 0
    for place in range(SOAKS):
        report, said = _after(Soaked(f"{SEED}/{place}"), monkeypatch)
        assert said == []
        assert (report.outcome, report.unexplained) == ("reconciled", 0)
        rows += report.rows
    assert rows > SOAKS
