"""What people are told about people: who wants no more texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from cli.audit.words import said
from ml_connector.domain.cases import CaseState
from ml_connector.domain.dispatches import DispatchState
from ml_connector.errors import ConfigurationError
from ml_connector.usecases.people import PROVIDER, opted_out
from tests.support.mishaps import COMMIT_FAULTS, Fault
from tests.support.world import COMPANIES, COMPANY, DEFAULT_FLOW, World, number

LEA, BOB = number(5), number(6)
LED: Mapping[str, Any] = {**DEFAULT_FLOW, "ap_lead": "lea"}


def led(flow: Mapping[str, Any] = LED) -> World:
    world = World(flow=flow)
    world.approver("lea", LEA)
    ann = world.approvers.people["ann"]
    world.approvers.put(replace(ann, name="Ann Approver"))
    return world


def says_stop(world: World, phone: str = number(1), word: str = "STOP") -> None:
    """A text comes in, and time for everything that follows from it."""
    world.inbox.receive(phone, word)
    world.run(minutes=12)


def about_ann(world: World) -> list[str]:
    return [text.body for text in world.provider.phone(LEA).texts if "Ann" in text.body]


def test_whoever_leads_accounts_payable_is_told_once_that_somebody_opted_out() -> None:
    world = led()
    says_stop(world)
    (text,) = about_ann(world)
    notice = world.newest()
    assert text == (
        "Acme AP: Ann Approver gets no more texts from us (replied STOP). No calls either. "
        f"Ref {notice.reference}"
    )
    (entry,) = world.audit.chain("person#ann")
    assert entry.data["told"] == ["lea"]
    assert world.dispatch(notice.id).state is DispatchState.DELIVERED
    opened = world.entries(notice)[0]
    assert said(opened.kind, opened.data).endswith(
        "Whoever leads accounts payable is told that somebody wants no more texts."
    )
    says_stop(world)
    assert len(about_ann(world)) == 1
    assert world.broken_chains() == []


def test_the_text_says_where_calls_go_on() -> None:
    world = led()
    world.change_approver("ann", channels=("sms", "voice"), calls_when_opted_out=True)
    says_stop(world)
    assert "Calls still go out." in about_ann(world)[0]


def test_the_lead_is_told_in_their_language() -> None:
    world = led()
    world.change_approver("lea", language="es")
    says_stop(world)
    assert about_ann(world)[0].startswith(
        "Acme AP: Ann Approver ya no recibe mensajes nuestros (hubo un STOP). Tampoco llamadas."
    )


def test_an_opt_out_heard_of_from_the_provider_is_told_as_well() -> None:
    world = led()
    assert opted_out("ann", PROVIDER, world.ports, world.clock.ahead(30))
    world.run(minutes=2)
    assert len(about_ann(world)) == 1


def test_a_second_opt_out_after_coming_back_is_told_again() -> None:
    world = led()
    for word in ("STOP", "START", "STOP"):
        says_stop(world, word=word)
    assert len(about_ann(world)) == 2


def test_a_lead_who_opts_out_is_not_told_of_it_but_the_default_approver_is() -> None:
    world = led()
    says_stop(world, LEA)
    assert world.provider.phone(LEA).texts == []
    (text,) = world.ann.texts
    assert "Lea gets no more texts" in text.body


def test_two_who_share_a_phone_are_not_told_of_one_another() -> None:
    world = led({**DEFAULT_FLOW, "ap_lead": "bea"})
    world.approver("bea", number(1))
    says_stop(world)
    assert world.provider.log == []
    assert len(world.telemetry.said("opt_out_told_to_nobody", "warning")) == 2


def test_every_companys_lead_is_told_and_each_once() -> None:
    flow = {
        **LED,
        "companies": {
            **COMPANIES,
            "beta": {"name": "Beta AP", "zone": "Europe/Berlin", "ap_lead": "bob"},
            "gamma": {"name": "Gamma AP", "zone": "Europe/Berlin"},
        },
    }
    world = led(flow)
    world.approver("bob", BOB)
    says_stop(world)
    assert len(about_ann(world)) == 1
    (text,) = world.provider.phone(BOB).texts
    assert text.body.startswith("Beta AP: Ann Approver")


def test_a_stop_is_heard_although_the_flow_cannot_be_read() -> None:
    class Broken:
        def current(self) -> None:
            raise ConfigurationError("no version is one this release understands")

    world = led()
    object.__setattr__(world.ports, "flows", Broken())
    says_stop(world)
    assert world.approvers.people["ann"].opted_out
    assert about_ann(world) == []


def test_the_lead_is_not_woken_by_it() -> None:
    world = led()
    world.change_approver("lea", quiet_hours="00:00-23:59", zone="UTC")
    says_stop(world)
    assert about_ann(world) == []
    waits = world.newest()
    assert (waits.state, waits.reason[:11]) == (DispatchState.WAITING, "quiet hours")


def test_neither_names_nor_numbers_reach_logs_and_audit() -> None:
    world = led()
    says_stop(world)
    written = repr(world.telemetry.lines) + repr([e.data for e in world.entries(world.newest())])
    for hidden in ("Approver", "Lea", number(1), LEA):
        assert hidden not in written


@pytest.mark.parametrize("fault", [one for one in COMMIT_FAULTS if one is not Fault.RACE])
def test_a_crash_between_stop_and_notice_neither_loses_nor_doubles_it(fault: Fault) -> None:
    world = led()
    world.faults.arrange("commit person.opted_out", fault)
    says_stop(world)
    says_stop(world)
    assert len(about_ann(world)) == 1
    (notice,) = [case for case in world.tables.cases.values() if case.company == COMPANY]
    assert notice.state is CaseState.OPEN
    assert world.broken_chains() == []
