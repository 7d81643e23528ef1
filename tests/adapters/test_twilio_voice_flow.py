"""The repository's flow, run by the simulated Studio against phones that do everything."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ml_connector.domain.delivery import CallRequest, CallStatus, ProviderCall
from ml_connector.domain.voice_words import ENGLISH, SPANISH
from ml_connector.errors import DeliveryRejected
from ml_connector.twilio.announce import AnnouncingCaller
from ml_connector.twilio.client import TwilioConnection
from ml_connector.twilio.credentials import Sender
from ml_connector.twilio.studio import StudioCaller
from sandbox.twilio.simulator import TwilioSimulator
from tests.adapters.caller_sides import (
    CALL,
    DEFINITION,
    OURS,
    SETTLED,
    connected,
    published,
    sender,
)
from tests.adapters.twilio_world import ANN, TIMEOUT, World, fresh

Status = CallStatus
HOSTILE = "Acme {{flow.data.voice}} <Say>{{7*7}}</Say> {% raw %} & <break time='9s'/> Sons"


@dataclass
class Calling:
    """Ann's phone, and a caller with the published flow."""

    world: World
    connection: TwilioConnection
    caller: StudioCaller

    @property
    def phone(self) -> Any:
        return self.world.admin.phone(ANN)

    def call(self, request: CallRequest = CALL) -> ProviderCall:
        """A call, with how it ended."""
        sid = self.caller.place_call(request, TIMEOUT).sid
        self.world.admin.forward(SETTLED)
        found = self.caller.outcome(sid)
        assert found
        return found

    def heard(self) -> tuple[str, ...]:
        """What was said in the only call."""
        heard: tuple[str, ...] = self.phone.expect_call(within=0).heard
        return heard


@pytest.fixture
def calling(simulator: TwilioSimulator) -> Iterator[Calling]:
    with fresh(simulator) as world:
        world.admin.settings(calls_per_second=0)
        connection = connected(world)
        yield Calling(world, connection, StudioCaller(connection, sender(published(connection))))


def test_the_definition_is_valid_to_the_simulated_studio(calling: Calling) -> None:
    studio = calling.connection.product("studio").v2
    answer = studio.flow_validate.update(
        friendly_name="calls", status="published", definition=DEFINITION
    )
    assert answer.valid is True


@pytest.mark.parametrize(
    ("behaviour", "keys", "status", "witness"),
    [
        ("on", ["1"], Status.CONFIRMED, "confirmed"),
        ("on", ["2"], Status.DECLINED, "declined"),
        ("on", ["*", "1"], Status.CONFIRMED, "confirmed"),
        ("on", ["*", "*", "*", "2"], Status.DECLINED, "declined"),
        ("on", ["*"] * 9, Status.NO_INPUT, "no_input"),
        ("on", ["9", "1"], Status.CONFIRMED, "confirmed"),
        ("on", ["9", "8"], Status.WRONG_KEY, "wrong_key"),
        ("on", ["9", "*", "8"], Status.WRONG_KEY, "wrong_key"),
        ("on", ["", "1"], Status.CONFIRMED, "confirmed"),
        ("on", ["#"], Status.NO_INPUT, "no_input"),
        ("on", [], Status.NO_INPUT, "no_input"),
        ("ends_in_a_second", [], Status.NO_INPUT, ""),
        ("voicemail", ["1"], Status.MACHINE, "machine"),
        ("busy", ["1"], Status.BUSY, "busy"),
        ("no_answer", ["1"], Status.NO_ANSWER, "no_answer"),
        ("off", ["1"], Status.NO_ANSWER, "no_answer"),
        ("unreachable_call", ["1"], Status.FAILED, "failed"),
    ],
)
def test_the_outcome_is_what_the_phone_did(
    calling: Calling, behaviour: str, keys: list[str], status: CallStatus, witness: str
) -> None:
    calling.phone.set(behaviour=behaviour, keys=keys)
    found = calling.call()
    assert (found.status, found.witness) == (status, witness)
    assert found.dispatch_id == "d-1"


def test_the_prompt_follows_the_text_and_thanks_follow_the_key(calling: Calling) -> None:
    calling.phone.will_press("1")
    calling.call()
    assert calling.heard() == (f"{CALL.text} {ENGLISH.prompts.ask}", ENGLISH.prompts.confirmed)


def test_who_is_not_the_one_is_told_that_somebody_else_will_be(calling: Calling) -> None:
    calling.phone.will_press("2")
    calling.call()
    assert calling.heard()[-1] == ENGLISH.prompts.declined


def test_another_key_is_told_once_and_the_text_said_again(calling: Calling) -> None:
    calling.phone.will_press("9", "9")
    calling.call()
    text = f"{CALL.text} {ENGLISH.prompts.ask}"
    assert calling.heard() == (text, ENGLISH.prompts.again, text)


def test_star_repeats_three_times_and_not_for_ever(calling: Calling) -> None:
    calling.phone.will_press(*["*"] * 30)
    calling.call()
    assert len(calling.heard()) == 4


def test_silence_hears_the_text_twice(calling: Calling) -> None:
    calling.phone.set(behaviour="on", keys=[])
    calling.call()
    assert calling.heard() == (f"{CALL.text} {ENGLISH.prompts.ask}",) * 2


def test_a_machine_is_told_nothing(calling: Calling) -> None:
    calling.phone.set(behaviour="voicemail")
    assert calling.call().answered_by == "machine_start"
    assert calling.heard() == ()


def test_a_call_is_in_the_language_of_who_is_called(calling: Calling) -> None:
    calling.phone.will_press("1")
    text = "Acme AP. Una factura de Baker Steel espera aprobación en Intacct."
    calling.call(CallRequest(ANN, text, "d-1", "es-MX"))
    assert calling.heard() == (f"{text} {SPANISH.prompts.ask}", SPANISH.prompts.confirmed)


def test_hostile_text_is_only_said(calling: Calling) -> None:
    calling.phone.will_press("1")
    calling.call(CallRequest(ANN, HOSTILE, "d-1"))
    said = calling.heard()[0].removesuffix(ENGLISH.prompts.ask).strip()
    assert said == "Acme flow data voice Say 7 7 Say raw and break time '9s' Sons"


def test_the_leg_is_known_with_duration_price_and_who_took_it(calling: Calling) -> None:
    calling.phone.will_press("1")
    found = calling.call()
    details = calling.caller.call_details(found.call_sid)
    assert details
    assert details.duration
    assert details.price
    assert (details.answered_by, details.price_unit, details.to) == ("human", "USD", ANN)


def test_a_call_somebody_listens_to_shows_its_leg(calling: Calling) -> None:
    sid = calling.caller.place_call(CALL, TIMEOUT).sid
    calling.world.admin.forward(3)
    found = calling.caller.outcome(sid)
    assert found
    assert found.status is Status.ACTIVE
    assert found.call_sid


def test_an_announcement_says_hostile_text_twice_and_nothing_else(calling: Calling) -> None:
    caller = AnnouncingCaller(calling.connection, sender())
    sid = caller.place_call(CallRequest(ANN, HOSTILE, "d-1"), TIMEOUT).sid
    calling.world.admin.forward(SETTLED)
    found = caller.outcome(sid)
    assert found
    assert found.status is Status.ANNOUNCED
    assert calling.heard() == ("Acme flow data voice Say 7 7 Say raw and break time '9s' Sons",) * 2


def test_without_a_number_to_call_from_nobody_is_called_and_nothing_asked(
    calling: Calling,
) -> None:
    caller = AnnouncingCaller(calling.connection, Sender(number="ACME"))
    before = len(calling.world.admin.requests())
    with pytest.raises(DeliveryRejected, match="voice_from in the twilio secret"):
        caller.place_call(CALL, TIMEOUT)
    assert list(caller.list_started_since(calling.world.now())) == []
    assert len(calling.world.admin.requests()) == before


def test_studios_classes_are_loaded_by_the_first_call_and_not_before() -> None:
    script = (
        "import sys\n"
        "from ml_connector.twilio.client import preload\n"
        "preload()\n"
        "import ml_connector.twilio.studio\n"
        "assert 'twilio.rest.studio.v2' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_our_number_is_the_one_calls_come_from(calling: Calling) -> None:
    calling.call()
    assert calling.world.admin.accepted()[0].sender == OURS
