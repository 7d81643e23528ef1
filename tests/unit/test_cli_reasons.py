"""Reasons the audit keeps for good: what in them is taken for a phone number."""

from __future__ import annotations

import io
import sys

import pytest

from cli.console.failures import Misused
from cli.console.reasons import RULE, asked_for, checked, holds_a_number


@pytest.mark.parametrize(
    "text",
    [
        "+15550100001",
        "call Ann at (555) 010-0001",
        "555.010.0001 does not answer",
        "5550100",
        "555 0100",
        "00 44 1632 960123",
        "ring 555\u2013010\u20130001",
        "tel:5550100001",
        "x+15550100001",
        "paid USD 1250000, ask +1 555 010 0001",
        "since 2026-11-30 at 555-010-0001",
        "INV-4711001 and 5550100001",
        "\u0665\u0665\u0665\u0660\u0661\u0660\u0660\u0660\u0660\u0661",
    ],
)
def test_what_may_be_somebodys_phone_is_found(text: str) -> None:
    assert holds_a_number(text)
    with pytest.raises(Misused) as caught:
        checked(text)
    assert RULE in caught.value.line
    assert "0001" not in caught.value.line


@pytest.mark.parametrize(
    "text",
    [
        "",
        "paid by hand",
        "bill 4711, 4712 and 4713",
        "INV-4711001",
        "PO2026-000123/2 came twice",
        "#4711001 and #2026-000123",
        "until 2026-11-30",
        "2026-11-01 to 2026-11-30",
        "30.11.2026 and 11/30/2026",
        "limit is 12,500.00 now",
        "1,250,000 for all",
        "12500.00",
        "USD 1250000",
        "$1250000.00",
        "EUR 1.250.000,00",
        "1.250.000,00",
        "case abcd2345672abcd",
        "at 08:15 on 2026-11-30",
    ],
)
def test_amounts_days_and_numbers_of_bills_are_not(text: str) -> None:
    assert not holds_a_number(text)
    assert checked(text) == text


def test_every_example_of_the_rule_itself_is_taken() -> None:
    assert not holds_a_number(RULE)


def test_a_reason_that_is_typed_is_asked_for_until_it_may_be_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("ask +15550100001\npaid\n\n"))
    assert asked_for() == "paid"
    assert asked_for(default="") == ""
    assert capsys.readouterr().err.count("looks like a phone number") == 1
