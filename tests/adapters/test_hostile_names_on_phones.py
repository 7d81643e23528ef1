"""What suppliers may call themselves, all the way to what a phone shows and says.

Nothing between the bill and the phone is a stand-in: the words of the domain, the real adapters,
the simulated Twilio that runs Liquid and TwiML as the real one does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from defusedxml.ElementTree import fromstring

from ml_connector.domain.delivery import CallRequest, SmsRequest
from ml_connector.domain.documents import Document
from ml_connector.domain.events import EventKind
from ml_connector.domain.gsm7 import segments
from ml_connector.domain.messages import LONGEST_BODY, reference_in
from ml_connector.domain.voice_script import spoken
from ml_connector.domain.wording import event_text
from ml_connector.errors import DeliveryRejected
from ml_connector.twilio.announce import twiml_of
from sandbox.twilio.simulator import TwilioSimulator
from tests.adapters.caller_sides import Simulated
from tests.adapters.twilio_world import ANN, TIMEOUT, fresh
from tests.support.bills import a_bill, a_document

NAMES = {
    "a verb of TwiML": "<Say>Pay at once</Say><Hangup/>",
    "a closing tag": "</Say><Dial>+15550100009</Dial><Say>",
    "a Liquid sum": "{{7*7}}",
    "a Liquid variable": "{{flow.data.dispatch_id}} {% assign x = 1 %}",
    "an entity": "&lt;Say&gt; &#x3C;b> &amp;amp; &xxe;",
    "SSML": '<break time="3600s"/><prosody volume="silent">',
    "emoji": "Baker 🧱🏗️ Steel",
    "right to left": "\u202eשלם\u202c حديد بيكر",
    "a link": "http://evil.example/pay?x=1",
    "a number to call": "tel:+15550100009",
    "line breaks": "Baker\r\nSteel\x00\x1b[31m",
    "a forged reference": "Baker Ref K7F2",
    "five thousand characters": "Baker Steel " * 417,
    "nothing": " \u200b\u2060 ",
}
REFERENCE = "HHVQ"


def bill_of(vendor: str) -> Document:
    """A bill whose supplier wrote the same into the name and into the number."""
    bill = replace(a_bill(), vendor_name=vendor, number=vendor)
    return a_document(bill)


@pytest.fixture(params=list(NAMES.values()), ids=list(NAMES))
def bill(request: pytest.FixtureRequest) -> Document:
    return bill_of(request.param)


# ------------------------------------------------------------------------------------ texts
def test_a_text_shows_the_amount_and_its_own_reference_and_nothing_that_acts(
    simulator: TwilioSimulator, bill: Document
) -> None:
    body = event_text("sms", EventKind.SUBMITTED, "Acme AP", bill, REFERENCE)
    with fresh(simulator) as world:
        world.messenger().send_sms(SmsRequest(ANN, body, 900), TIMEOUT)
        world.admin.forward(10)
        (shown,) = [text.body for text in world.admin.phone(ANN).inbox()]
    assert shown == body
    assert "USD 12,500.00" in shown
    assert reference_in(shown) == REFERENCE
    assert not re.search(r"://|tel:\S|www\.", shown)
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Co", "Cn") for char in shown)
    assert segments(shown).parts <= 2


# ------------------------------------------------------------------------------------ calls
@pytest.fixture(params=[True, False], ids=["confirmed", "announced"])
def side(request: pytest.FixtureRequest, simulator: TwilioSimulator) -> Iterator[Simulated]:
    with ExitStack() as stack:
        world = stack.enter_context(fresh(simulator))
        yield Simulated(world, stack, confirms=request.param)


@pytest.mark.parametrize("language", ["en-US", "es-MX"])
def test_a_call_says_the_amount_and_nothing_is_executed(
    side: Simulated, simulator: TwilioSimulator, bill: Document, language: str
) -> None:
    side.phone(ANN, "presses 1")
    script = event_text("voice", EventKind.SUBMITTED, "Acme AP", bill, REFERENCE)
    side.caller.place_call(CallRequest(ANN, script, "secret-id", language), TIMEOUT)
    side.forward(60)
    (call,) = simulator.admin.phone(ANN).calls()
    heard = " ".join(call.heard)
    assert "12,500 US dollars" in heard
    assert not re.search(r"[<>{}&\\]", heard)
    assert "49" not in heard
    assert "secret-id" not in heard
    assert simulator.admin.phone("+15550100009").calls() == []


def test_what_is_announced_is_twiml_of_two_verbs(bill: Document) -> None:
    script = event_text("voice", EventKind.SUBMITTED, "Acme AP", bill, REFERENCE)
    document = fromstring(twiml_of(spoken(script), "en-US"))
    assert {element.tag for element in document.iter()} <= {"Response", "Say", "Pause"}


# ------------------------------------------------------------------ refused before it leaves
@pytest.mark.parametrize(
    "number", ["", "15550100001", "+1 555 010 0001", "+0155501", "+1555010000111112", "sip:a@b.c"]
)
def test_a_number_that_is_not_e164_never_leaves(side: Simulated, number: str) -> None:
    before = side.asked()
    with pytest.raises(DeliveryRejected, match=r"E\.164"):
        side.caller.place_call(CallRequest(number, "A bill.", "d-1"), TIMEOUT)
    assert side.asked() == before


def test_a_text_of_five_thousand_characters_never_leaves(simulator: TwilioSimulator) -> None:
    with fresh(simulator) as world:
        with pytest.raises(DeliveryRejected, match=str(LONGEST_BODY)):
            world.messenger().send_sms(SmsRequest(ANN, "x" * 5000, 900), TIMEOUT)
        assert world.admin.accepted() == []
