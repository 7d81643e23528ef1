"""Reading YAML and JSON so that they mean what their author meant, and finding lines in them."""

from __future__ import annotations

import pytest

from cli.console.failures import Failure
from cli.files.places import LONGEST_FILE, load

TEXT = """\
schema: 1
companies:
  acme.north:
    zone: Nowhere
rules:
  - name: 'odd "name".when[1]'
    on: [bill.submitted]
    when:
      amount:
        at_least: 10.50
        curency: USD
    notify:
      - sms: {to: ann}
      - sms: {to: ''}
"""


def test_words_that_yaml_takes_for_truth_stay_words() -> None:
    body = load("on: yes\noff: no\ny: true\nn: false\n", "f.yaml").body
    assert body == {"on": "yes", "off": "no", "y": True, "n": False}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("10.50", "10.50"),
        ("1e3", "1e3"),
        ("10000", 10000),
        ("-5", -5),
        ("010", "010"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2026-11-22", "2026-11-22"),
        (".inf", ".inf"),
        ("0x10", "0x10"),
        ("nothing", "nothing"),
        ("trueish", "trueish"),
        ("null", None),
        ("", None),
    ],
)
def test_only_plain_whole_numbers_become_numbers(written: str, read: object) -> None:
    assert load(f"value: {written}", "f.yaml").body == {"value": read}


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("a: 1\nb: [1", "f.yaml:2:6", "expected ',' or ']' before the file ends"),
        ("a:\n\tb: 1", "f.yaml:2:1", "a tab; lines are moved to the right with blanks"),
        ("a: @x", "f.yaml:1:4", "a value that begins with @ goes in quotes"),
        ("a: b: c", "f.yaml:1:5", "a value that holds a colon and a blank is not in quotes"),
        ("a: 1\nb\nc: 2", "f.yaml:3:1", "a colon is missing, here or in the line before"),
        ("- a\nb: 1", "f.yaml:2:1", "does not begin where those it belongs to begin"),
        ("a: [\n", "f.yaml:2:1", "a bracket that is opened is never closed"),
        ("a: [,]\n", "f.yaml:1:5", "a value is missing before ','"),
        ("%x\n", "f.yaml:2:1", "a value that begins with % goes in quotes"),
        ("a: 'x\n", "f.yaml:2:1", "a quotation mark that is opened is never closed"),
        ('a: "x\\q"', "f.yaml:1:7", "use single quotes"),
        ("<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> b\n", "f.yaml:1:1", "an unfinished merge"),
        ("a: 1\n<<<<<<< HEAD\nb: 1\n", "f.yaml:2:1", "an unfinished merge"),
        ("a: 1\nb: 2\na: 3", "f.yaml:3:1", "'a' is there twice"),
        ("a: &x [1]\nb: *x", "f.yaml:2:4", "aliases"),
        (
            "a: !!python/object:os.system {}",
            "f.yaml:1:4",
            "a value that begins with ! goes in quotes",
        ),
        ("a: 1\n---\nb: 2", "f.yaml:2:1", "the file holds one document; remove this line"),
        ("\x07", "f.yaml", "characters that YAML does not allow"),
    ],
)
def test_what_is_no_plain_yaml_is_named_with_its_place(text: str, where: str, words: str) -> None:
    with pytest.raises(Failure) as caught:
        load(text, "f.yaml")
    assert caught.value.line.startswith(f"{where}: ")
    assert words in caught.value.line


def test_a_file_that_is_far_too_long_or_far_too_deep_is_refused() -> None:
    with pytest.raises(Failure, match="characters are more than"):
        load("#" * (LONGEST_FILE + 1), "f.yaml")
    with pytest.raises(Failure, match="nested too deeply"):
        load("[" * 20_000, "f.yaml")


def test_json_is_taken_with_its_tabs_and_its_lines() -> None:
    content = load('{\n\t"a": 1.25,\n\t"b": {\n\t\t"c": "on"\n\t}\n}', "f.json")
    assert content.body == {"a": "1.25", "b": {"c": "on"}}
    assert content.line_of("b.c") == 4


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("schema", 1),
        ("companies.acme.north.zone: must be text", 4),
        ("companies.acme.north", 3),
        ('rules[1] "odd "name".when[1]".on: unknown event', 7),
        ('rules[1] "odd "name".when[1]".when.amount.at_least', 10),
        ('rules[1] "odd "name".when[1]".when.amount: unknown key \'curency\', known are: a', 11),
        ('rules[1] "odd "name".when[1]".notify[2].sms.to: is empty', 14),
        ('rules[1] "odd "name".when[1]".notify[7]: is not there', 12),
        ("rules[9]", 5),
        ("elsewhere", 1),
    ],
)
def test_a_place_is_found_as_far_as_it_goes(place: str, line: int) -> None:
    assert load(TEXT, "f.yaml").line_of(place) == line


def test_an_empty_file_has_a_first_line() -> None:
    content = load("", "f.yaml")
    assert (content.body, content.line_of("flow")) == (None, 1)
