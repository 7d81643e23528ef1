"""A phone replies, and the case knows: over the simulated Twilio, the store in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from ml_connector.domain.cases import CaseState
from ml_connector.domain.dispatches import Dispatch
from ml_connector.domain.pricing import cost_of
from ml_connector.errors import DeliveryRejected
from ml_connector.twilio.credentials import Sender
from ml_connector.usecases.check_status import check_status
from ml_connector.usecases.people import PROVIDER, opted_out
from ml_connector.usecases.posting import SendOutcome
from ml_connector.usecases.send import send
from ml_connector.usecases.steps import DispatchPorts
from sandbox.twilio.simulator import TwilioSimulator
from tests.adapters import twilio_world
from tests.adapters.twilio_world import OURS, POOL, TIMEOUT, fresh, sms
from tests.support.replying import ANN
from tests.support.world import World


@dataclass
class Stage:
    """The connector's world with Twilio's behind it, on one time."""

    world: World
    twilio: twilio_world.World
    ports: DispatchPorts

    def forward(self, seconds: float) -> None:
        self.world.clock.forward(seconds=seconds)
        self.twilio.admin.forward(seconds)

    def text(self, bill: str) -> Dispatch:
        """A bill becomes a text on Ann's phone."""
        dispatch = self.world.open(bill)
        self.level()
        until = self.world.clock.ahead(30)
        assert send(dispatch.id, self.ports, until) is SendOutcome.SENT
        self.forward(10)
        return dispatch

    def reply(self, body: str) -> None:
        """Ann texts back; a minute later the status check has read it."""
        self.twilio.admin.phone(ANN).reply(body, to=OURS.number)
        self.forward(60)
        check_status(self.ports, self.world.clock.ahead(60))

    def level(self) -> None:
        """Whichever clock is behind catches up."""
        behind = (self.world.clock.now() - self.twilio.now()).total_seconds()
        if behind > 0:
            self.twilio.admin.forward(behind)
        else:
            self.world.clock.forward(seconds=-behind)


@pytest.fixture(params=[OURS, POOL], ids=["a number", "a messaging service"])
def stage(request: pytest.FixtureRequest, simulator: TwilioSimulator) -> Iterator[Stage]:
    sender: Sender = request.param
    with fresh(simulator) as twilio:
        world = World()
        messenger = twilio.messenger(sender)
        ports = replace(world.ports, messenger=messenger, inbox=messenger.inbox)
        stage = Stage(world, twilio, ports)
        stage.level()
        yield stage


def test_a_reply_acknowledges_the_bill_it_names(stage: Stage) -> None:
    first, second = stage.text("1"), stage.text("2")
    stage.reply(f"1 {first.reference.lower()}")
    assert stage.world.case(first).state is CaseState.ACKNOWLEDGED
    assert stage.world.case(second).state is CaseState.OPEN
    stage.reply("1")
    assert stage.world.case(second).state is CaseState.ACKNOWLEDGED
    assert stage.world.broken_chains() == []


def test_stop_and_start_are_heard_here_as_they_are_there(stage: Stage) -> None:
    stage.text("1")
    stage.reply("STOP")
    assert stage.world.approvers.people["ann"].opted_out
    with pytest.raises(DeliveryRejected) as refused:
        stage.ports.messenger.send_sms(sms(to=ANN), TIMEOUT)
    assert refused.value.provider_code == 21610
    stage.reply("START")
    assert not stage.world.approvers.people["ann"].opted_out
    assert stage.ports.messenger.send_sms(sms(to=ANN), TIMEOUT).sid


def test_a_stop_of_before_is_taken_back_by_a_start(stage: Stage) -> None:
    opted_out("ann", PROVIDER, stage.ports, stage.world.clock.ahead(30), number=ANN)
    stage.reply("unstop")
    assert not stage.world.approvers.people["ann"].opted_out


def test_what_a_text_cost_is_known_a_while_after_it_arrived(stage: Stage) -> None:
    sent = stage.ports.messenger.send_sms(sms(to=ANN), TIMEOUT)
    assert cost_of(sent).price is None
    stage.forward(10)
    found = stage.ports.messenger.fetch(sent.sid)
    assert found is not None
    cost = cost_of(found)
    assert (cost.price, cost.price_unit, cost.segments) == (Decimal("-0.00830"), "USD", 1)
