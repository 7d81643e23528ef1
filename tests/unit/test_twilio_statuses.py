from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.domain.delivery import FINAL, RANK, MessageStatus
from ml_connector.twilio.statuses import forward, status_of

#: No time limit per example: a busy machine is no bug.
unhurried = settings(deadline=None)

STATUSES = st.sampled_from(list(MessageStatus))


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("accepted", MessageStatus.ACCEPTED),
        ("scheduled", MessageStatus.SCHEDULED),
        ("queued", MessageStatus.QUEUED),
        ("sending", MessageStatus.SENDING),
        ("sent", MessageStatus.SENT),
        ("delivered", MessageStatus.DELIVERED),
        ("read", MessageStatus.READ),
        ("undelivered", MessageStatus.UNDELIVERED),
        ("failed", MessageStatus.FAILED),
        ("canceled", MessageStatus.CANCELED),
        ("partially_delivered", MessageStatus.SENT),
        (" Delivered ", MessageStatus.DELIVERED),
        ("receiving", MessageStatus.UNKNOWN),
        ("received", MessageStatus.UNKNOWN),
        ("teleported", MessageStatus.UNKNOWN),
        ("", MessageStatus.UNKNOWN),
        (None, MessageStatus.UNKNOWN),
    ],
)
def test_twilios_words(word: str | None, status: MessageStatus) -> None:
    assert status_of(word) is status


def test_an_unknown_word_is_still_on_its_way() -> None:
    assert status_of("teleported") not in FINAL


@unhurried
@given(STATUSES, STATUSES)
def test_a_status_never_goes_back(known: MessageStatus, seen: MessageStatus) -> None:
    assert RANK[forward(known, seen)] == max(RANK[known], RANK[seen])


@unhurried
@given(st.lists(STATUSES, min_size=1))
def test_a_final_status_stays_whatever_lists_say_later(seen: list[MessageStatus]) -> None:
    believed = list(itertools.accumulate(seen, forward))
    for before, after in itertools.pairwise(believed):
        assert before not in FINAL or after is before or after is MessageStatus.READ


def test_the_first_of_two_final_words_stands() -> None:
    assert forward(MessageStatus.DELIVERED, MessageStatus.FAILED) is MessageStatus.DELIVERED
    assert forward(MessageStatus.FAILED, MessageStatus.DELIVERED) is MessageStatus.FAILED
    assert forward(MessageStatus.DELIVERED, MessageStatus.READ) is MessageStatus.READ
