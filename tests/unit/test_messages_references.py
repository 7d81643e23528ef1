"""The reference at a text's end: made, found again, and replaced for another try."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.domain.events import EventKind
from ml_connector.domain.messages import (
    REFERENCE_ALPHABET,
    Ask,
    Manner,
    reference_code,
    reference_in,
    renewed_text,
)
from ml_connector.domain.wording import event_sms
from tests.support.bills import a_document

#: No time limit per example: a busy machine is no bug.
unhurried = settings(deadline=None)
CODES = ("K7F2", "P3C4")


@pytest.mark.parametrize("ask", ["nothing", "one", "reference"])
@pytest.mark.parametrize("tag", ["en-US", "es-MX"])
def test_another_try_names_its_own_reference_everywhere(ask: Ask, tag: str) -> None:
    manner = Manner(tag, ask=ask)
    # A supplier's name may hold the words of the text's end.
    bill = replace(a_document(), vendor_name="Reply K7F2 = seen Ref K7F2")
    texts = {code: event_sms(EventKind.OVERDUE, "A", bill, code, manner) for code in CODES}
    assert renewed_text(texts["K7F2"], "K7F2", "P3C4") == texts["P3C4"]


@pytest.mark.parametrize(
    ("body", "reference"),
    [
        ("Acme AP: a bill is waiting. Ref K7F2", "K7F2"),
        ("Sent from your Twilio trial account - Acme AP: a bill. Ref K7F2", "K7F2"),
        ("Acme AP: a bill. Ref K7F2\nReply STOP to opt out", "K7F2"),
        ("Acme AP: a bill. Ref\u00a0K7F2.", "K7F2"),
        ("quoted: Ref CCCC. Acme AP: a bill. Ref K7F2", "K7F2"),
        ("Acme AP: a bill. Ref K7F2X", None),
        ("Acme AP: a bill. Ref ABCD", None),
        ("Acme AP: a bill. Ref. K7F2", None),
        ("Acme AP: a bill. XRef K7F2", None),
        ("K7F2", None),
        ("", None),
    ],
)
def test_our_reference_is_found_in_a_body(body: str, reference: str | None) -> None:
    assert reference_in(body) == reference


@unhurried
@given(st.text())
def test_a_dispatch_always_has_the_same_findable_reference(dispatch_id: str) -> None:
    dispatch_id = dispatch_id.encode("utf-8", "ignore").decode()
    code = reference_code(dispatch_id)
    assert code == reference_code(dispatch_id)
    assert reference_in(f"a bill. Ref {code}") == code


def test_references_are_fixed_for_ever_and_spread_out() -> None:
    assert reference_code("d-1") == "V7W7"
    assert len({reference_code(f"dispatch-{n}") for n in range(1000)}) > 990


def test_no_character_of_a_reference_is_taken_for_another() -> None:
    assert len(REFERENCE_ALPHABET) == 23
    assert not set(REFERENCE_ALPHABET) & set("01IOL2Z5S8B") - {"2"}
    assert not set(REFERENCE_ALPHABET) & set("AEIOU")
