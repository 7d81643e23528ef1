"""What the filter before every log masks, and what it leaves readable."""

from __future__ import annotations

import json
import time
import unicodedata

import pytest

from ml_connector.domain.masking import Known, mask_numbers
from tests.support.log_search import of_number, search

US, NORWAY, FRANCE, BRITAIN = "+15550100001", "+4791234567", "+33612345678", "+447700900123"
GERMANY, ITALY, HUNGARY, SHORTEST = "+4917612345678", "+390612345678", "+36201234567", "+2904567"
PEOPLE = {
    "Ann Approver": US,
    "Kari Nordmann": NORWAY,
    "Jean-Luc  O'Neil": FRANCE,
    "José Niño": BRITAIN,
    "Mary Ann Smith": GERMANY,
    "Verdi, Giuseppe": ITALY,
    "Will": HUNGARY,
    "": SHORTEST,
}
NBSP, NARROW, NO_BREAK_HYPHEN = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}", "\N{HYPHEN}"


@pytest.fixture
def known() -> Known:
    everybody = Known()
    for name, number in PEOPLE.items():
        everybody.add(name, number)
    return everybody


def masked(known: Known, text: str) -> str:
    return known.mask(mask_numbers(text))


SPELLINGS = [
    (US, "+1 555 010 0001"),
    (US, "+1 (555) 010-0001"),
    (US, "1-555-010-0001"),
    (US, "(555) 010-0001"),
    (US, "555.010.0001"),
    (US, "5550100001"),
    (US, "010-0001"),
    (US, "010.0001"),
    (US, "001 555 010 0001"),
    (US, f"555{NBSP}010{NO_BREAK_HYPHEN}0001"),
    (NORWAY, "+47 91 23 45 67"),
    (NORWAY, "91234567"),
    (NORWAY, "91 23 45 67"),
    (NORWAY, "912 34 567"),
    (NORWAY, "0047 91 23 45 67"),
    (NORWAY, "tel:91234567"),
    (FRANCE, "0612345678"),
    (FRANCE, "612345678"),
    (FRANCE, "06 12 34 56 78"),
    (FRANCE, "06.12.34.56.78"),
    (FRANCE, f"06{NARROW}12{NARROW}34{NARROW}56{NARROW}78"),
    (FRANCE, "+33 (0)6 12 34 56 78"),
    (BRITAIN, "07700 900123"),
    (BRITAIN, "07700.900123"),
    (BRITAIN, "+44 (0) 7700 900 123"),
    (BRITAIN, "0044 7700 900123"),
    (GERMANY, "0176/12345678"),
    (GERMANY, "+49 176 - 1234 5678"),
    (ITALY, "06 1234 5678"),
    (HUNGARY, "06 20 123 4567"),
    (SHORTEST, "+290 4567"),
    (SHORTEST, "290-4567"),
]


@pytest.mark.parametrize(("number", "spelling"), SPELLINGS)
@pytest.mark.parametrize(
    "frame", ["{}", "to {}, said", "bill 12, 3 left\n{}\t2026-11-23 05:55", "{}."]
)
def test_a_known_number_is_masked_however_it_is_written(
    known: Known, number: str, spelling: str, frame: str
) -> None:
    """As somebody writes it, and as JSON spells that."""
    said = frame.format(spelling)
    for line in (said, json.dumps({"reason": said})):
        assert search([line], of_number(number)).hits
        left = masked(known, line)
        assert search([left], of_number(number)).hits == (), left
        assert "2026-11-23 05:55" in left or "2026" not in frame


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-23T05:55:50.100001Z",
        "2026-11-23 05:55:50,123+0000",
        "2026-11-23 05:55:50,123+1000 2026-11-23",
        "23/Nov/2026:13:33:13 +0000 2026-11-23",
        '"at":"2026-11-23T05:55:50+01:00"',
        "23.11.2026 13:33",
        "2026-11-23 13:33:13",
        "bill 12 05:55:50.100001",
        "1763904793123",
        "record 4711001, bill INV-4711001, vendor V-104",
        "2003900123 of 10000002 rows",
        "amount 1,234,567.89 USD, 12345678.90 EUR, -91.23",
        "took 0.912345 s, 1234.567 ms, 91 ms of 3000",
        "SM55501000015550100001555010000155",
        "SM15550100001abcdef15550100001abcd",
        "AC91234567abcdef0123456789abcdef01",  # pragma: allowlist secret
        "request 8f14e45f-ceea-467f-a9f0-555010000123",
        "request 91234567-0612-4456-8f00-447700900123",
        "request a1234567-0612-4456-8f00-447700900123",
        "Root=1-5759e988-bd862e3fe1be46a994272793",
        "dispatch scc5550100001aa, case 91234567f0",
        "unknown 15550109999, 07700 900124, 98 76 54 32",
        "+12 %, +1 day, +47 of 1000, a+b, +100 +200",
        "moved by +3 hours at 2026-11-23",
        "10.0.0.1:8080 eu-west-1 t3.2xlarge",
        "9123 4567890",
        "912345678",
    ],
)
def test_what_is_no_number_stays_readable(known: Known, line: str) -> None:
    for spelled in (line, json.dumps({"line": line})):
        assert masked(known, spelled) == spelled


def test_a_day_and_an_hour_stay_though_somebody_s_number_has_the_same_digits() -> None:
    known = Known()
    known.add("", "+12026112313")
    known.add("", "+4720261123")
    assert known.mask("2026-11-23 13:33:13") == "2026-11-23 13:33:13"
    assert known.mask("202 611 2313, 20 26 11 23") == "[number]2313, [number]1123"


def test_of_a_known_number_the_last_four_digits_stay(known: Known) -> None:
    assert known.mask("to 91 23 45 67 and 06.12.34.56.78!") == "to [number]4567 and [number]5678!"
    assert known.mask("to 5550100001.12 left") == "to [number]0001.12 left"


# ------------------------------------------------------------------------- numbers of nobody known
@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("+15550109999", "+xxxxxxx9999"),
        ("tel:+15550109999", "tel:+xxxxxxx9999"),
        ("To=%2B15550109999&From=x", "To=+xxxxxxx9999&From=x"),
        ("+1 (555) 010-9999", "+xxxxxxx9999"),
        ("+1-555-010-9999.", "+xxxxxxx9999."),
        ("+44 7700 900123", "+xxxxxxxx0123"),
        ("+44 (0)20 7946 0000", "+xxxxxxxxx0000"),
        ("+ 47 98.76.54.32", "+xxxxxx5432"),
        (f"+47{NBSP}98{NBSP}76{NBSP}54{NBSP}32", "+xxxxxx5432"),
        ("(+49) 176/12345678", "(+xxxxxxxxx5678"),
        ("%2B1%20555%20010%209999", "+xxxxxxx9999"),
        ("+1 555 010 9999 3 times", "+xxxxxxx9999 3 times"),
        ("+15550109999 3 times", "+xxxxxxx9999 3 times"),
        ("+44 7700 900123 2026-11-23", "+xxxxxxxx0123 2026-11-23"),
        ("+1 555 010 9999, +44 7700 900124", "+xxxxxxx9999, +xxxxxxxx0124"),
        (f"call{NBSP}+44 7700 900123", f"call{NBSP}+xxxxxxxx0123"),
        ("call%20+44 7700 900123", "call%20+xxxxxxxx0123"),
        ("+2904567", "+xxx4567"),
    ],
)
def test_after_a_plus_whatever_has_the_digits_of_a_number_is_masked(text: str, left: str) -> None:
    assert mask_numbers(text) == left
    assert json.loads(mask_numbers(json.dumps(text))) == left


@pytest.mark.parametrize(
    "text", ["+290 456", "+1234567890123456", "+0 1234 56789", "1+2 3456 7890"]
)
def test_after_a_plus_other_digits_stay(text: str) -> None:
    assert mask_numbers(text) == text


# ------------------------------------------------------------------------------------------ names
@pytest.mark.parametrize(
    "spelling",
    [
        "Ann Approver",
        "ANN APPROVER",
        "ann  approver",
        f"Ann{NBSP}Approver",
        "Approver, Ann",
        "APPROVER,ann",
        "José Niño",
        "JOSÉ NIÑO",
        "niño, josé",
        "Jean-Luc O'Neil",
        "O'NEIL, Jean-Luc",
        "Smith, Mary Ann",
        "Ann Smith, Mary",
        "Giuseppe Verdi",
        "verdi, giuseppe",
        "Will",
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_known_name_is_masked_however_it_is_written(
    known: Known, spelling: str, form: str
) -> None:
    written = unicodedata.normalize(form, spelling)  # type: ignore[arg-type]
    said = f"said {written}'s phone\n"
    assert known.mask(said) == "said [name]'s phone\n"
    assert known.mask(json.dumps(said)) == json.dumps("said [name]'s phone\n")
    after = f"so:\n{written}"
    assert json.loads(known.mask(json.dumps(after))) == "so:\n[name]"


def test_a_name_without_a_letter_of_ours_is_masked() -> None:
    known = Known()
    known.add("Μαρία Νίκου", "")
    for spelling in ("Μαρία Νίκου", "ΜΑΡΊΑ ΝΊΚΟΥ", "Νίκου, Μαρία"):
        assert known.mask(f"to {spelling}.") == "to [name]."
        assert known.mask(json.dumps(spelling)) == '"[name]"'


def test_a_name_stored_decomposed_is_masked_when_written_composed() -> None:
    known = Known()
    known.add(unicodedata.normalize("NFD", "José Niño"), "")
    assert known.mask("José Niño") == "[name]"


@pytest.mark.parametrize(
    "line",
    [
        "Ann",
        "approver ann, dispatch 1",
        "Joann Approver",
        "Ann Approvers",
        "it will retry",
        "Smith",
    ],
)
def test_parts_of_names_and_words_stay_readable(known: Known, line: str) -> None:
    assert known.mask(line) == line


# ------------------------------------------------------------------------------------------ speed
def test_a_line_costs_little_though_thousands_are_known() -> None:
    known = Known()
    for place in range(5000):
        known.add(f"First{place} Last{place}", f"+1555{place:07d}")
    line = json.dumps({"message": "alert_sent", "case": "c" * 32, "at": "2026-11-23 05:55:50,1"})
    known.mask(mask_numbers(line))
    start = time.process_time()
    for _ in range(20):
        known.mask(mask_numbers(line))
    assert time.process_time() - start < 20 * 0.02


@pytest.mark.parametrize("text", ["1 " * 50_000, "1" * 100_000, "+1 " * 30_000, "+" * 100_000])
def test_no_line_takes_long(known: Known, text: str) -> None:
    start = time.process_time()
    masked(known, text)
    assert time.process_time() - start < 2
