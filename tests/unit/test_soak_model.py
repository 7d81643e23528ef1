"""The observer of the soak: what it sees, what it excuses, and what it never lets pass."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.soak.judging import Told, Verdict, judge
from tests.soak.model import Change, Look, Row, Token

ROOT = Path(__file__).parents[2]


def row(state: str, amount: str = "100", vendor: str = "V-100", currency: str = "USD") -> Row:
    return Row(state, Decimal(amount), currency, vendor)


def life(*rows: Row | None) -> list[Change]:
    """One bill's log: entered with the first row, then changed to each of the others."""
    befores = [None, *rows[:-1]]
    return [
        Change(seq, 7, before, after)
        for seq, (before, after) in enumerate(zip(befores, rows, strict=True), start=1)
    ]


def every(count: int) -> list[Look]:
    """A certain look after each entry."""
    return [Look(number, number, number, certain=True) for number in range(1, count + 1)]


def told(look: int, kind: str, number: int = 1, level: int = 0, amount: str = "100") -> Told:
    return Told(look, 7, Token(kind, number, level, Decimal(amount), "USD"))


def verdict(rows: list[Row | None], looks: list[Look], *heard: Told, trail: bool = True) -> Verdict:
    return judge(life(*rows), looks, heard, trail=trail)


WAITS, HALF, POSTED = row("Submitted"), row("Partially Approved"), row("Posted")


def right(found: Verdict) -> bool:
    return not (found.missing or found.twice or found.late)


def test_a_whole_life_is_told_in_the_words_of_the_flow() -> None:
    rows = [
        row("Draft"),
        WAITS,
        HALF,
        row("Declined"),
        WAITS,
        row("Submitted", "200"),
        row("Draft", "200"),
        row("Partially Approved", "200"),
        row("Posted", "200"),
        row("Selected", "200"),
        None,
    ]
    found = verdict(
        rows,
        every(len(rows)),
        told(2, "bill.submitted"),
        told(3, "bill.partially_approved", level=1),
        told(4, "bill.declined"),
        told(5, "bill.submitted", 2),
        told(6, "bill.changed", 2, amount="200"),
        told(7, "bill.recalled", 2, amount="200"),
        told(8, "bill.partially_approved", 3, level=1, amount="200"),
        told(9, "bill.approved", 3, amount="200"),
        told(10, "seen Selected", 3, amount="200"),
    )
    assert right(found)
    assert found.expected == 9


def test_a_waiting_bill_that_is_gone_was_deleted() -> None:
    heard = (told(1, "bill.submitted"), told(2, "bill.deleted"))
    assert right(verdict([WAITS, None], every(2), *heard))


def test_a_bill_sent_back_to_its_first_level_is_in_a_new_round() -> None:
    heard = (told(1, "bill.partially_approved", level=1), told(2, "bill.submitted", 2))
    assert right(verdict([HALF, WAITS], every(2), *heard))


@pytest.mark.parametrize(
    "other", [row("Submitted", vendor="V-2"), row("Submitted", currency="EUR")]
)
def test_another_vendor_or_currency_is_a_change(other: Row) -> None:
    found = verdict([WAITS, other], every(2), told(1, "bill.submitted"))
    assert len(found.missing) == 1
    assert "bill.changed" in found.missing[0]


def test_a_bill_never_seen_waiting_is_nobodys_business() -> None:
    assert right(verdict([row("Draft"), POSTED, row("Paid"), None], every(4)))


def test_what_comes_and_goes_between_two_looks_cannot_be_seen() -> None:
    looks = [Look(1, 0, 0, certain=True), Look(2, 2, 2, certain=True)]
    assert right(verdict([WAITS, POSTED], looks))


# ------------------------------------------------------------------------- what is not excused
def test_silence_is_missing() -> None:
    found = verdict([WAITS], every(1))
    assert found.missing == ["bill 7: bill.submitted round 1 USD 100 at look 1"]
    assert found.twice == []


def test_the_same_thing_told_again_is_twice() -> None:
    found = verdict([WAITS], every(1), told(1, "bill.submitted"), told(1, "bill.submitted"))
    assert (len(found.missing), len(found.twice)) == (0, 1)


def test_what_never_happened_is_twice() -> None:
    found = verdict([WAITS], every(1), told(1, "bill.submitted"), told(1, "bill.deleted"))
    assert found.twice == ["bill 7: bill.deleted round 1 USD 100 at look 1"]


def test_news_of_a_bill_the_ledger_never_had_are_twice() -> None:
    assert len(judge([], every(1), [told(1, "bill.submitted")]).twice) == 1


def test_the_wrong_round_level_or_amount_is_both() -> None:
    wrong = (
        told(1, "bill.partially_approved", 2, level=1),
        told(1, "bill.partially_approved", level=2),
        told(1, "bill.partially_approved", level=1, amount="1"),
    )
    for one in wrong:
        found = verdict([HALF], every(1), one)
        assert (len(found.missing), len(found.twice)) == (1, 1)


def test_told_by_a_later_look_than_the_one_that_saw_it_is_missing_there() -> None:
    looks = [Look(1, 1, 1, certain=True), Look(2, 1, 1, certain=True)]
    found = verdict([WAITS], looks, told(2, "bill.submitted"))
    assert found.missing == found.late
    assert len(found.late) == 1
    assert found.twice == []


# -------------------------------------------------------------------------------- what is excused
def test_a_look_that_ended_early_may_have_been_used_or_not() -> None:
    looks = [Look(1, 1, 1, certain=False), Look(2, 1, 1, certain=True)]
    for number in (1, 2):
        assert right(verdict([WAITS], looks, told(number, "bill.submitted")))


def test_what_only_such_a_look_could_see_may_be_told_and_need_not() -> None:
    looks = [Look(1, 1, 1, certain=False), Look(2, 2, 2, certain=True)]
    heard = (told(1, "bill.submitted"), told(2, "bill.approved"))
    assert right(verdict([WAITS, POSTED], looks))
    assert right(verdict([WAITS, POSTED], looks, *heard))


def test_but_not_told_again_and_not_half() -> None:
    looks = [Look(1, 1, 1, certain=False), Look(2, 2, 2, certain=True)]
    assert verdict([WAITS, POSTED], looks, told(1, "bill.submitted")).missing
    heard = (told(1, "bill.submitted"), told(2, "bill.submitted"), told(2, "bill.approved"))
    assert verdict([WAITS, POSTED], looks, *heard).twice


def test_of_what_changed_during_a_look_either_value_may_be_shown() -> None:
    looks = [Look(1, 1, 2, certain=True), Look(2, 2, 2, certain=True)]
    late = (told(1, "bill.submitted"), told(2, "bill.approved"))
    assert right(verdict([WAITS, POSTED], looks))
    assert right(verdict([WAITS, POSTED], looks, *late))
    assert verdict([WAITS, POSTED], looks, told(2, "bill.submitted")).twice


def test_what_did_not_change_during_a_look_is_shown_by_it() -> None:
    looks = [Look(1, 1, 9, certain=True)]
    assert verdict([WAITS], looks).missing


def test_without_the_trail_only_events_count() -> None:
    rows, heard = (
        [WAITS, POSTED, row("Paid")],
        (told(1, "bill.submitted"), told(2, "bill.approved")),
    )
    assert verdict(rows, every(3), *heard).missing
    assert right(verdict(rows, every(3), *heard, trail=False))
    assert right(verdict(rows, every(3), *heard, told(3, "seen Draft"), trail=False))


def test_the_best_explanation_counts() -> None:
    looks = [Look(1, 1, 1, certain=False), Look(2, 2, 2, certain=True), Look(3, 3, 3, certain=True)]
    found = verdict([WAITS, POSTED, row("Paid")], looks, told(2, "bill.approved"))
    # Either it was never seen waiting, and one thing was made up, or two are missing.
    assert (len(found.missing), len(found.twice)) == (0, 1)


# ------------------------------------------------------- edits that leave a time stamp alone
def stamped(seconds: int, state: str = "Submitted") -> Row:
    return replace(row(state), modified=seconds)


def done(*steps: tuple[str, Row | None]) -> list[Change]:
    """One bill's log, by what was done and the row it left; made when the row says."""
    before: Row | None = None
    changes: list[Change] = []
    for seq, (kind, after) in enumerate(steps, start=1):
        made_at = after.modified or 0 if after else 0
        changes.append(Change(seq, 7, before, after, kind, made_at))
        before = after
    return changes


def asked(count: int, *, history: bool | None, days: str = "1" * 9) -> list[Look]:
    return [
        replace(at, history=history, day=date(2026, 11, int(days[at.number - 1])))
        for at in every(count)
    ]


TOUCHED = done(("submit", stamped(10)), ("edit", stamped(20)), ("edit", stamped(30)))


def test_an_edit_that_matters_to_nobody_is_no_event_where_the_history_is_not_asked() -> None:
    assert right(judge(TOUCHED, asked(3, history=None), [told(1, "bill.submitted")]))


def test_an_edit_is_no_event_where_the_history_says_so() -> None:
    assert right(judge(TOUCHED, asked(3, history=True), [told(1, "bill.submitted")]))


@pytest.mark.parametrize(("days", "reminders"), [("111", [2]), ("112", [2, 3])])
def test_where_the_history_is_refused_there_is_a_reminder_a_day(
    days: str, reminders: list[int]
) -> None:
    heard = [told(1, "bill.submitted"), *(told(number, "bill.reminder") for number in reminders)]
    assert right(judge(TOUCHED, asked(3, history=False, days=days), heard))


def test_a_time_stamp_that_stays_or_is_empty_says_nothing() -> None:
    changes = done(("submit", stamped(10)), ("edit", stamped(10)), ("edit", row("Submitted")))
    assert right(judge(changes, asked(3, history=False), [told(1, "bill.submitted")]))


def test_a_submission_between_two_looks_is_a_round_of_its_own() -> None:
    changes = done(
        ("submit", stamped(10)), ("recall", stamped(20, "Draft")), ("submit", stamped(30))
    )
    looks = [at for at in asked(3, history=True) if at.number != 2]
    heard = [told(1, "bill.submitted"), told(3, "bill.submitted", 2)]
    assert right(judge(changes, looks, heard))


@pytest.mark.parametrize(("kind", "level"), [("partially-approve", 2), ("no word for it", 2)])
def test_a_further_level_is_told(kind: str, level: int) -> None:
    half = "Partially Approved"
    changes = done(("partially-approve", stamped(10, half)), (kind, stamped(20, half)))
    heard = [
        told(1, "bill.partially_approved", level=1),
        told(2, "bill.partially_approved", level=level),
    ]
    assert right(judge(changes, asked(2, history=True), heard))


def test_steps_after_the_row_that_was_seen_count_at_the_next_look() -> None:
    changes = done(
        ("submit", stamped(10)),
        ("edit", stamped(20)),
        ("partially-approve", stamped(20, "Partially Approved")),
    )
    looks = [*asked(1, history=True), Look(2, 2, 3, certain=True, history=True), *every(4)[3:]]
    heard = [told(1, "bill.submitted"), told(4, "bill.partially_approved", level=1)]
    assert right(judge(changes, looks, heard))
    assert judge(changes, looks, [*heard, told(4, "bill.submitted", 2)]).twice


def test_stamps_of_an_unknown_zone_compare_with_no_others() -> None:
    looks = [replace(at, zone=at.number != 2) for at in asked(3, history=False)]
    assert right(judge(TOUCHED, looks, [told(1, "bill.submitted")]))


# ------------------------------------------------------------------- purchase orders' bills
def ordered(state: str, amount: str = "100", *, purchase: bool = True) -> Row:
    return replace(row(state, amount), number="INV-1", purchase=purchase)


def made_anew(old: Row, new: Row) -> list[Change]:
    """Bill 7 is deleted and entered again as bill 8."""
    return [
        Change(1, 7, None, old, "submit"),
        Change(2, 7, old, None, "delete"),
        Change(3, 8, None, new, "recreate"),
    ]


def test_an_order_s_bill_under_another_number_is_the_same_bill() -> None:
    looks = [Look(1, 1, 1, certain=True), Look(2, 3, 3, certain=True)]
    same = made_anew(ordered("Submitted"), ordered("Submitted"))
    assert right(judge(same, looks, [told(1, "bill.submitted")]))
    other = made_anew(ordered("Submitted"), ordered("Submitted", "200"))
    changed = replace(told(2, "bill.changed", amount="200"), bill=8)
    assert right(judge(other, looks, [told(1, "bill.submitted"), changed]))


def test_it_is_the_same_even_after_it_was_seen_to_be_gone() -> None:
    same = made_anew(ordered("Submitted"), ordered("Submitted"))
    heard = [told(1, "bill.submitted"), told(2, "bill.deleted")]
    assert right(judge(same, every(3), heard))


def test_one_that_does_not_wait_is_a_stranger() -> None:
    same = made_anew(ordered("Submitted"), ordered("Draft"))
    looks = [Look(1, 1, 1, certain=True), Look(2, 3, 3, certain=True)]
    assert right(judge(same, looks, [told(1, "bill.submitted"), told(2, "bill.deleted")]))


def test_a_bill_entered_by_hand_once_more_is_another_bill() -> None:
    row_ = ordered("Submitted", purchase=False)
    looks = [Look(1, 1, 1, certain=True), Look(2, 3, 3, certain=True)]
    new = replace(told(2, "bill.submitted"), bill=8)
    heard = [told(1, "bill.submitted"), told(2, "bill.deleted"), new]
    assert right(judge(made_anew(row_, row_), looks, heard))


def test_the_observer_knows_nothing_of_the_connector() -> None:
    program = (
        "import sys; import tests.soak.judging; "
        "sys.exit(any(name.startswith(('ml_connector', 'sandbox')) for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
