"""What people may text back, and how it is understood."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ml_connector.domain.messages import REFERENCE_ALPHABET, REFERENCE_LENGTH, reference_code
from ml_connector.domain.replies import (
    HELP_WORDS,
    START_WORDS,
    STOP_WORDS,
    InboundText,
    Reply,
    ReplyKind,
    read_reply,
)
from tests.support.clock import START

references = st.text(REFERENCE_ALPHABET, min_size=REFERENCE_LENGTH, max_size=REFERENCE_LENGTH)
#: What may stand around and between, without a meaning of its own.
marks = st.text(" \t\n.,;:!?#()-\u00a0\ufe0f", max_size=3)


@pytest.mark.parametrize(
    "text", ["1", " 1 ", "1.", "1!", "(1)", "\uff11", "1\ufe0f\u20e3", "\n1\r\n", "#1"]
)
def test_a_bare_1_says_seen(text: str) -> None:
    assert read_reply(text) == Reply(ReplyKind.SEEN)


@pytest.mark.parametrize(
    "text",
    ["K7F2", "1 K7F2", "k7f2", "1k7f2", "K7F2 1", "Ref K7F2", "1, ref k7f2.", " k7 f2 ", "1-K7F2"],
)
def test_a_reference_is_found_in_any_spelling(text: str) -> None:
    assert read_reply(text) == Reply(ReplyKind.SEEN, "K7F2")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "2",
        "11",
        "1 1",
        "0",
        "12",
        "one",
        "ok",
        "yes please",
        "not mine, K7F2",
        "K7F2 no!",
        "2 K7F2",
        "K7F2 M3X9",
        "K7F",
        "K7F22",
        "K8F2",
        "1\u00bd",
        "\u0661",
        "don't stop",
        "please stop",
        "stop K7F2",
        "1 stop",
        "startk",
        "\ud800",
        "1" + " " * 2_000 + "x",
        "K7F2 " * 40,
    ],
)
def test_what_only_a_person_could_understand_is_unknown(text: str) -> None:
    assert read_reply(text) == Reply(ReplyKind.UNKNOWN)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (STOP_WORDS, ReplyKind.STOP),
        (START_WORDS, ReplyKind.START),
        (HELP_WORDS, ReplyKind.HELP),
    ],
)
def test_the_words_are_taken_in_any_case_and_punctuation(
    words: frozenset[str], kind: ReplyKind
) -> None:
    for word in words:
        for text in (word, word.lower(), f" {word.title()}. ", f"{word[:2]}-{word[2:]}!"):
            assert read_reply(text) == Reply(kind), text


def test_twilios_own_words_are_among_ours() -> None:
    twilios = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"}
    assert twilios < STOP_WORDS
    assert {"START", "YES", "UNSTOP"} == START_WORDS


def test_no_word_can_be_taken_for_a_reference() -> None:
    for word in STOP_WORDS | START_WORDS | HELP_WORDS | {"REF"}:
        assert set(word) - set(REFERENCE_ALPHABET)


@given(st.text())
@example("\u0130" * 30)
@example("\ufdfa" * 30)
@example("\ud83d\ude00")
def test_any_text_is_understood_or_not_and_never_raises(text: str) -> None:
    reply = read_reply(text)
    assert reply.kind in ReplyKind
    assert reply.kind is ReplyKind.SEEN or not reply.reference
    assert not reply.reference or len(reply.reference) == REFERENCE_LENGTH


@given(references, st.text())
def test_a_reference_that_is_not_in_the_text_is_never_read_from_it(code: str, text: str) -> None:
    reply = read_reply(text)
    letters = "".join(character for character in text.upper() if character in REFERENCE_ALPHABET)
    if text.isascii() and code not in letters:
        assert reply.reference != code


@given(references, st.booleans(), marks, marks, marks)
def test_a_reference_survives_everything_around_it(
    code: str, one: bool, before: str, between: str, after: str
) -> None:
    text = f"{before}{'1' if one else ''}{between}{code.lower()}{after}"
    assert read_reply(text) == Reply(ReplyKind.SEEN, code)


@given(st.text(max_size=40))
def test_every_reference_we_make_is_read_back(dispatch_id: str) -> None:
    code = reference_code(repr(dispatch_id))
    assert read_reply(f"1 {code}").reference == code


def test_a_text_shows_neither_number_nor_words_when_it_is_printed() -> None:
    text = InboundText("SM1", "+15550100001", "the secret", START)
    assert "0001" not in repr(text)
    assert "secret" not in repr(text)
