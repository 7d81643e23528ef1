"""The link to the record in a text: where it stands, and what has to give way for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ml_connector.domain.events import EventKind
from ml_connector.domain.gsm7 import segments
from ml_connector.domain.messages import Manner
from ml_connector.domain.wording import event_sms
from tests.support.bills import a_document

HOME = "https://www.intacct.com/ia/acct/ur.phtml?.r="
SHORT_LINK, LONG_LINK = f"{HOME}{'x' * 41}", f"{HOME}{'x' * 90}"


def linked(link: str, vendor: str = "Baker Steel", number: str = "4711", tag: str = "en-US") -> str:
    bill = replace(a_document(), vendor_name=vendor, number=number)
    manner = Manner(tag, ask="reference", link=link)
    return event_sms(EventKind.SUBMITTED, "Acme AP", bill, "K7F2", manner)


@pytest.mark.parametrize("tag", ["en-US", "es-MX"])
def test_a_link_stands_before_the_end_and_two_segments_are_enough(tag: str) -> None:
    text = linked(SHORT_LINK, tag=tag)
    without = linked("", tag=tag)
    end = text.partition(SHORT_LINK)[2]
    assert text == f"{without.removesuffix(end)} {SHORT_LINK}{end}"
    assert segments(text).parts == 2


def test_a_text_that_is_short_with_its_link_stays_one_segment() -> None:
    manner = Manner(detail="reference_only", link=SHORT_LINK)
    text = event_sms(EventKind.SUBMITTED, "A", a_document(), "K7F2", manner)
    assert text == f"A: a bill is waiting for approval in Intacct. {SHORT_LINK} Ref K7F2"
    assert segments(text).parts == 1


def test_names_give_way_to_the_link_no_more_than_they_have_to() -> None:
    text = linked(LONG_LINK, "V" * 200, "N" * 200)
    assert LONG_LINK in text
    assert (segments(text).encoding, segments(text).parts) == ("GSM-7", 2)
    assert 304 <= segments(text).units <= 306
    assert "V..," in text


@pytest.mark.parametrize(
    "link",
    [
        "ftp://www.intacct.com/x",
        "javascript:alert(1)",
        "https://www.intacct.com/a b",
        "https://www.intacct.com/\u202e",
        "www.intacct.com",
        f"https://www.intacct.com/{'x' * 300}",
    ],
)
def test_what_is_no_link_is_left_out(link: str) -> None:
    assert linked(link) == linked("")


def test_beside_letters_that_cost_two_segments_there_is_no_room_for_a_link() -> None:
    text = linked(SHORT_LINK, "株式会社" * 50)
    assert text == linked("", "株式会社" * 50)
    assert segments(text).parts == 2
