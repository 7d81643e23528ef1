"""Which currencies a flow may speak of."""

from __future__ import annotations

from babel.numbers import list_currencies

from cli.flow.currencies import CURRENCIES
from ml_connector.domain.money import _DECIMALS


def test_every_code_is_one_that_others_know() -> None:
    assert set(list_currencies()) >= CURRENCIES


def test_whatever_is_shown_with_other_than_two_decimals_can_be_written_in_a_flow() -> None:
    assert set(_DECIMALS) <= CURRENCIES
