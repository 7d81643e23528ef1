from __future__ import annotations

import pytest

from ml_connector.domain.bills import BillState


@pytest.mark.parametrize(
    ("label", "state"),
    [
        ("Draft", BillState.DRAFT),
        ("Analyzing", BillState.ANALYZING),
        ("Submitted", BillState.SUBMITTED),
        ("Partially Approved", BillState.PARTIALLY_APPROVED),
        ("Declined", BillState.DECLINED),
        ("Posted", BillState.POSTED),
        ("Selected", BillState.SELECTED),
        ("Partially Paid", BillState.PARTIALLY_PAID),
        ("Paid", BillState.PAID),
        ("Reversed", BillState.REVERSED),
        ("Reversal", BillState.REVERSAL),
        ("No Value", BillState.NO_VALUE),
        ("PARTIALLY APPROVED", BillState.PARTIALLY_APPROVED),
        (" submitted ", BillState.SUBMITTED),
        ("partially  approved", BillState.PARTIALLY_APPROVED),
        ("Partially\u00a0Approved", BillState.PARTIALLY_APPROVED),
        ("Approved", BillState.UNKNOWN),
        ("", BillState.UNKNOWN),
    ],
)
def test_a_label_is_understood_whatever_its_capitals_and_blanks(
    label: str, state: BillState
) -> None:
    assert BillState.of(label) is state


def test_only_submitted_and_partially_approved_bills_wait_for_somebody() -> None:
    assert [state for state in BillState if state.waiting] == [
        BillState.SUBMITTED,
        BillState.PARTIALLY_APPROVED,
    ]
