from __future__ import annotations

import pytest

from ml_connector.twilio.error_codes import (
    NO_CODE,
    UNKNOWN_CODE,
    Action,
    CodeMeaning,
    after_create,
    at_create,
)
from ml_connector.twilio.error_table import AFTER_CREATE, AT_CREATE, SHARED
from ml_connector.twilio.verdicts import verdict_on

RETRY = """20429 14107 21611 10004 30001 30003 30008 30017 30020 30021 30022 30023 30027 30036 30410
    30450 30500 63018 63038"""
PERMANENT = """30004 30005 30006 30007 30011 30019 21211 21217 21401 21214 21216 21610 21612 21614
    63003 63024 63013 63014 63016 63036 60205 60410 60605"""
#: One recipient, country or text is at fault, and an operator can do something about it.
ONE_AT_FAULT = "21408 21215 21608 21602 21604 21617 21620 12100 13310 13521 30018 30024"
BLOCKED = """20003 20005 10001 21472 90010 30002 20008 20404 20422 20007 21210 21212 21601 21606
    21603 21609 21624 90007 30045 21703 21704 21705 30032 30033 30034 30035 30010 35114 35115 35118
    63001 63007 60200 20403 20006 20010"""
#: Of those, what closes texts and calls alike; all others are a channel's own.
OF_THE_ACCOUNT = "20003 20005 10001 21472 90010 30002 20008 20010"
UNCLEAR_AT_CREATE = "20500 20503 30008 30020 30021 30410 30500"


def codes(text: str) -> list[int]:
    return [int(word) for word in text.split()]


def both(code: int) -> tuple[CodeMeaning, CodeMeaning]:
    return at_create(code, 400), after_create(code)


@pytest.mark.parametrize("code", codes(RETRY))
def test_codes_that_pass(code: int) -> None:
    meaning = after_create(code)
    assert meaning.action is Action.RETRY
    assert meaning.retry_after is not None
    assert meaning.retry_after > 0


def test_only_codes_about_the_account_stop_both_channels() -> None:
    account = {code for code in codes(BLOCKED) if at_create(code, 400).account}
    assert account == set(codes(OF_THE_ACCOUNT))
    assert account == {code for code, meaning in SHARED.items() if meaning.account}
    assert verdict_on(30002).account
    assert not verdict_on(30034).account


@pytest.mark.parametrize("code", codes(PERMANENT) + codes(ONE_AT_FAULT))
def test_codes_that_end_the_channel_for_this_recipient(code: int) -> None:
    assert {meaning.action for meaning in both(code)} == {Action.PERMANENT}


@pytest.mark.parametrize("code", codes(ONE_AT_FAULT))
def test_what_is_wrong_for_one_recipient_stops_nobody_else_but_calls_the_operator(
    code: int,
) -> None:
    assert all(meaning.operator for meaning in both(code))


@pytest.mark.parametrize("code", codes(BLOCKED))
def test_codes_that_stop_everything_tell_the_operator_what_to_do(code: int) -> None:
    for meaning in both(code):
        assert meaning.action is Action.BLOCKED
        assert meaning.operator
        assert meaning.retry_after is None


@pytest.mark.parametrize("code", codes(UNCLEAR_AT_CREATE))
def test_codes_that_leave_a_create_open_are_final_for_a_failed_message(code: int) -> None:
    assert at_create(code, 400).action is Action.OUTCOME_UNKNOWN
    assert after_create(code).action is Action.RETRY


def test_the_tables_hold_these_codes_and_no_others() -> None:
    listed = codes(RETRY + " " + PERMANENT + " " + ONE_AT_FAULT + " " + BLOCKED)
    assert set(SHARED) | set(AFTER_CREATE) == set(listed) | {20500, 20503}
    assert set(AT_CREATE) == set(AFTER_CREATE) == set(codes(UNCLEAR_AT_CREATE))
    assert not set(SHARED) & set(AT_CREATE)


@pytest.mark.parametrize("table", [SHARED, AT_CREATE, AFTER_CREATE])
def test_every_row_speaks_words_and_names_no_number(table: dict[int, CodeMeaning]) -> None:
    for code, row in table.items():
        assert row.code == code
        assert len(row.reason.split()) >= 2
        assert not row.reason.endswith(".")
        assert "+" not in row.reason + row.operator


def test_only_what_passes_has_a_retry_hint() -> None:
    for row in (*SHARED.values(), *AT_CREATE.values(), *AFTER_CREATE.values()):
        assert (row.retry_after is not None) == (row.action is Action.RETRY)
        assert row.retries is None or row.action is Action.RETRY


@pytest.mark.parametrize(("code", "retries"), [(30003, 1), (30008, 1), (30450, 0), (30022, None)])
def test_how_often_the_same_channel_is_worth_it(code: int, retries: int | None) -> None:
    assert after_create(code).retries == retries


def test_an_unknown_code_is_permanent_for_the_message_and_the_operator_is_told() -> None:
    for meaning in both(39_999):
        assert meaning.action is UNKNOWN_CODE.action is Action.PERMANENT
        assert meaning.code == 39_999
        assert meaning.operator == UNKNOWN_CODE.operator


def test_a_message_that_failed_without_a_code_is_tried_once_more() -> None:
    assert after_create(None) is NO_CODE
    assert (NO_CODE.action, NO_CODE.retries) == (Action.RETRY, 1)


@pytest.mark.parametrize("code", [None, 20429, 20003, 21211, 39_999])
def test_429_was_never_processed_whatever_the_body_says(code: int | None) -> None:
    meaning = at_create(code, 429)
    assert meaning.action is Action.RETRY
    assert meaning.code == code
    assert meaning.retry_after == 1


def test_429_with_a_code_that_passes_keeps_its_own_hint() -> None:
    assert at_create(14107, 429).retry_after == 30


@pytest.mark.parametrize("status", [301, 302, 303, 307, 408, 500, 502, 503, 504, 599])
def test_answers_that_leave_a_create_open(status: int) -> None:
    assert at_create(None, status).action is Action.OUTCOME_UNKNOWN


@pytest.mark.parametrize("code", [21211, 20003, 30450])
def test_a_code_does_not_settle_a_server_error(code: int) -> None:
    assert at_create(code, 500).action is Action.OUTCOME_UNKNOWN


@pytest.mark.parametrize(
    ("status", "action"),
    [
        (400, Action.PERMANENT),
        (401, Action.BLOCKED),
        (403, Action.BLOCKED),
        (404, Action.BLOCKED),
        (409, Action.PERMANENT),
        (413, Action.PERMANENT),
        (418, Action.PERMANENT),
        (499, Action.PERMANENT),
    ],
)
def test_a_refusal_without_a_code_is_read_by_its_status(status: int, action: Action) -> None:
    assert at_create(None, status).action is action
    assert at_create(39_999, status).action is action


@pytest.mark.parametrize("code", [None, 39_999, *SHARED, *AFTER_CREATE])
def test_the_use_cases_are_told_the_same_in_their_words(code: int | None) -> None:
    meaning, verdict = after_create(code), verdict_on(code)
    assert verdict.cure.value == meaning.action.value
    assert verdict.wait_seconds == (meaning.retry_after or 0)
    assert (verdict.reason, verdict.operator_action) == (meaning.reason, meaning.operator)
