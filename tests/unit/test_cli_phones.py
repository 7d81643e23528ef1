"""Telephone numbers as people type them."""

from __future__ import annotations

import pytest

from cli.fit.phones import best, is_region, normalise

LONDON_DESK, LONDON_CELL = "+442079460958", "+447700900123"


@pytest.mark.parametrize(
    ("text", "region", "value"),
    [
        ("(555) 010-0002", "US", "+15550100002"),
        ("555.010.0002", "US", "+15550100002"),
        ("1-555-010-0002", "US", "+15550100002"),
        ("+1 555 010 0002", "GB", "+15550100002"),
        ("07700 900123", "GB", LONDON_CELL),
        ("+44 (0)7700 900123", "US", LONDON_CELL),
    ],
)
def test_a_number_becomes_e164(text: str, region: str, value: str) -> None:
    phone = normalise(text, region)
    assert phone is not None
    assert phone.value == value
    assert value not in repr(phone)


@pytest.mark.parametrize("text", ["", "none", "n/a", "12", "see HR", "+999 1", "5" * 30])
def test_what_is_no_number_is_none(text: str) -> None:
    assert normalise(text, "US") is None


@pytest.mark.parametrize(
    ("text", "region", "doubt"),
    [
        ("(201) 555-0123", "US", ""),
        ("(201) 555-0123 ext. 4", "US", "extension"),
        ("(555) 010-0002", "US", "no number in use"),
        ("020 7946 0958", "GB", "fixed line"),
        (LONDON_CELL, "US", "no number in use"),
        ("+44 7400 123456", "US", ""),
    ],
)
def test_a_number_a_text_may_not_reach_is_doubted(text: str, region: str, doubt: str) -> None:
    phone = normalise(text, region)
    assert phone is not None
    assert (doubt in phone.doubt) if doubt else not phone.doubt


def test_a_number_without_doubt_is_preferred_and_else_the_first() -> None:
    certain = best(("", LONDON_DESK, "+44 7400 123456"), "GB")
    assert certain is not None
    assert certain.value == "+447400123456"
    first = best(("(555) 010-0002", LONDON_DESK), "US")
    assert first is not None
    assert first.value == "+15550100002"
    assert best(("", "none"), "US") is None


def test_regions_are_iso_3166() -> None:
    assert is_region("US")
    assert is_region("GB")
    assert not is_region("us")
    assert not is_region("Europe")
