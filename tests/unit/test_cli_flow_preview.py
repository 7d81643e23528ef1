"""Previews: what would be said, how long it is, and about what it would cost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cli.flow.preview import MINUTE_PRICE, REFERENCE, SEGMENT_PRICE, measured, preview, sample
from ml_connector.domain.events import EventKind
from ml_connector.domain.messages import Manner
from ml_connector.domain.wording import TELLABLE, event_sms
from tests.support.bills import a_document

LINK = f"https://www.intacct.com/ia/acct/ur.phtml?.r={'x' * 41}"


def test_a_text_has_segments_an_encoding_and_room_left() -> None:
    told = preview(EventKind.SUBMITTED, "en", "full", "sms", "Acme AP", a_document())
    assert told.text == (
        "Acme AP: Baker Steel, USD 12,500.00, bill INV-4711, due Nov 30. "
        "Waiting for approval in Intacct. Reply 1 = seen. Ref K7F2"
    )
    assert (told.encoding, told.segments, told.left) == ("GSM-7", 1, 160 - len(told.text))
    assert told.price == SEGMENT_PRICE
    assert told.words == "1 segment of GSM-7, 39 characters left, about USD 0.0083 at list price"


def test_a_preview_is_the_text_that_would_be_sent() -> None:
    for kind in TELLABLE:
        for language, tag in (("en", "en-US"), ("es", "es-MX"), ("es-ES", "es-ES")):
            manner = Manner(tag, "amount_only", "reference")
            told = preview(
                kind, language, "amount_only", "sms", "Acme AP", sample(kind), ask="reference"
            )
            assert told.text == event_sms(kind, "Acme AP", sample(kind), REFERENCE, manner)


def test_a_link_may_cost_a_second_segment() -> None:
    document = replace(a_document(), url=LINK)
    told = preview(EventKind.SUBMITTED, "es", "full", "sms", "Acme AP", document, link=True)
    assert LINK in told.text
    assert (told.segments, told.price) == (2, 2 * SEGMENT_PRICE)
    assert told.left == 306 - len(told.text)
    assert preview(EventKind.SUBMITTED, "es", "full", "sms", "Acme AP", document).segments == 1


@pytest.mark.parametrize(
    ("text", "encoding", "parts", "left"),
    [
        ("", "GSM-7", 0, 160),
        ("x" * 160, "GSM-7", 1, 0),
        ("x" * 161, "GSM-7", 2, 145),
        ("€" * 80, "GSM-7", 1, 0),
        ("株" * 70, "UCS-2", 1, 0),
        ("株" * 71, "UCS-2", 2, 63),
    ],
)
def test_what_is_left_counts_to_the_next_segment(
    text: str, encoding: str, parts: int, left: int
) -> None:
    told = measured("sms", text)
    assert (told.encoding, told.segments, told.left) == (encoding, parts, left)
    assert told.price == parts * SEGMENT_PRICE


def test_a_call_is_measured_in_seconds_and_paid_by_the_minute_begun() -> None:
    told = preview(EventKind.SUBMITTED, "es", "full", "voice", "Acme AP", a_document())
    assert told.text.startswith("Acme AP. Una factura de Baker Steel, ")
    assert (told.encoding, told.segments) == ("", 0)
    assert 10 < told.seconds < 30
    assert told.price == MINUTE_PRICE
    assert told.words == f"about {told.seconds} seconds, about USD 0.014 at list price"
    assert measured("voice", "x" * 1400).price == 2 * MINUTE_PRICE


@pytest.mark.parametrize("kind", sorted(TELLABLE))
def test_there_is_a_sample_for_every_event(kind: EventKind) -> None:
    told = preview(kind, "en", "full", "sms", "Acme AP", sample(kind))
    assert "Baker Steel, USD 12,500.00, " in told.text
    assert ("payment 4711" in told.text) == kind.of_payment
    assert told.price == Decimal("0.0083")
