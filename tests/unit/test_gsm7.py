# ruff: noqa: RUF001 - characters that look like others are this file's subject
from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ml_connector.domain.gsm7 import BASIC, EXTENSION, is_gsm7, normalise, segments

#: No time limit per example: a busy machine is no bug.
unhurried = settings(deadline=None)

ANY_TEXT = st.text(max_size=300)
GSM7_TEXT = st.text(st.sampled_from(sorted(BASIC | EXTENSION)), max_size=700)


def test_the_tables_have_the_sizes_of_the_standard() -> None:
    assert len(BASIC) == 127  # 128 places, one of them the escape
    assert len(EXTENSION) == 10
    assert not BASIC & EXTENSION


@pytest.mark.parametrize("char", list("@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà\n\r€[]{}\\^~|"))
def test_characters_of_the_alphabet(char: str) -> None:
    assert is_gsm7(char)


@pytest.mark.parametrize("char", list("`ç’“–…\tαêłЖ中😀\u00a0\u200b"))
def test_characters_outside_the_alphabet(char: str) -> None:
    assert not is_gsm7(char)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("GSM-7", 0, 0)),
        ("a", ("GSM-7", 1, 1)),
        ("a" * 160, ("GSM-7", 160, 1)),
        ("a" * 161, ("GSM-7", 161, 2)),
        ("a" * 306, ("GSM-7", 306, 2)),
        ("a" * 307, ("GSM-7", 307, 3)),
        ("€" * 80, ("GSM-7", 160, 1)),
        ("€" * 81, ("GSM-7", 162, 2)),
        # 76 pairs fill 152 septets of the first part; the last place stays empty.
        ("€" * 153, ("GSM-7", 306, 3)),
        ("a" * 152 + "€" + "a" * 152, ("GSM-7", 306, 3)),
        ("a" * 153 + "€" + "a" * 151, ("GSM-7", 306, 2)),
        ("Ж", ("UCS-2", 1, 1)),
        ("Ж" * 70, ("UCS-2", 70, 1)),
        ("Ж" * 71, ("UCS-2", 71, 2)),
        ("Ж" * 134, ("UCS-2", 134, 2)),
        ("Ж" * 135, ("UCS-2", 135, 3)),
        ("😀" * 35, ("UCS-2", 70, 1)),
        ("😀" * 36, ("UCS-2", 72, 2)),
        # 33 pairs fill 66 units of each part of 67.
        ("😀" * 67, ("UCS-2", 134, 3)),
        ("Ж" * 66 + "😀" + "Ж" * 66, ("UCS-2", 134, 3)),
        ("€" * 69 + "Ж", ("UCS-2", 70, 1)),  # an escape costs nothing extra in UCS-2
    ],
)
def test_segments_at_their_limits(text: str, expected: tuple[str, int, int]) -> None:
    assert segments(text) == expected


@unhurried
@given(GSM7_TEXT)
def test_units_and_parts_agree_for_gsm7(text: str) -> None:
    encoding, units, parts = segments(text)
    assert encoding == "GSM-7"
    assert units == len(text) + sum(char in EXTENSION for char in text)
    assert (parts == 1) == (0 < units <= 160)
    if parts > 1:
        assert 152 * (parts - 1) < units <= 153 * parts


@unhurried
@given(ANY_TEXT.filter(lambda text: not is_gsm7(text)))
def test_units_and_parts_agree_for_ucs2(text: str) -> None:
    encoding, units, parts = segments(text)
    assert encoding == "UCS-2"
    assert units == len(text.encode("utf-16-le", "surrogatepass")) // 2
    assert (parts == 1) == (units <= 70)
    if parts > 1:
        assert 66 * (parts - 1) < units <= 67 * parts


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("“Baker’s” – Steel…", '"Baker\'s" - Steel...'),
        ("A\u00a0B\u2009C\u3000D", "A B C D"),
        ("Café Müller Straße Ñandú", "Café Müller Straße Ñandu"),
        ("Žluťoučký Łódź Þór Đorđe", "Zlutoucky Lodz Thor Dorde"),
        ("garçon Ça", "garcon Ça"),
        ("e\u0301", "é"),  # composed before it is looked at
        ("x\u0302", "x"),  # no such letter: the accent goes
        ("ﬁne ＡＢＣ ½ ², ℃", "fine ABC 1/2 2, degC"),
        ("N°5 n° 6 15N° 5°", "No.5 no. 6 15Ndeg 5deg"),
        ("№ 5 ×2 ™ © ®", "No. 5 x2 TM (c) (R)"),
        ("evil。com evil․com evil．com", "evil.com evil.com evil.com"),
        ("`tick´", "'tick'"),
    ],
)
def test_plain_spellings(written: str, sent: str) -> None:
    assert normalise(written) == sent
    assert is_gsm7(sent)


@pytest.mark.parametrize("name", ["株式会社", "Борис", "שלום", "हिन्दी", "😀", "αβγ", "Ω中"])
def test_other_scripts_are_not_mangled(name: str) -> None:
    assert normalise(name) == name


def test_one_foreign_letter_does_not_stop_the_rest_from_becoming_plain() -> None:
    assert normalise("“Ж”") == '"Ж"'


@unhurried
@given(GSM7_TEXT)
def test_what_fits_is_left_alone(text: str) -> None:
    assert normalise(text) == text


@unhurried
@given(ANY_TEXT)
@example("0\u0300\u0300")
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@unhurried
@given(ANY_TEXT)
def test_normalising_never_costs_an_encoding(text: str) -> None:
    assert not is_gsm7(text) or is_gsm7(normalise(text))
