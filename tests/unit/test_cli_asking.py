"""Questions on standard input, and text on its way to the terminal."""

from __future__ import annotations

import io
import json
import sys

import pytest
from rich.text import Text

from cli.console.asking import ask, ask_secret, confirm
from cli.console.failures import Misused
from cli.console.terminal import Printer, printable, table


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What was typed: empty until a test fills it."""
    answers = io.StringIO()
    monkeypatch.setattr(sys, "stdin", answers)
    return answers


def fill(answers: io.StringIO, text: str) -> None:
    answers.write(text)
    answers.seek(0)


def test_an_answer_is_taken_without_outer_blanks_and_a_secret_exactly(
    typed: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(typed, "  acme \r\n  p w \r\n")
    assert ask("Company id") == "acme"
    assert ask_secret("Password") == "  p w "
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "p w" not in shown.err


def test_an_answer_is_asked_for_until_there_is_one(
    typed: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(typed, "\n \nacme\n\nsecret\n")
    assert ask("Company id") == "acme"
    assert ask_secret("Password") == "secret"
    assert capsys.readouterr().err.count("an answer is needed") == 3


@pytest.mark.parametrize(("line", "answer"), [("\n", "kept"), ("new\n", "new")])
def test_an_empty_answer_is_the_default(typed: io.StringIO, line: str, answer: str) -> None:
    fill(typed, line)
    assert ask("Sender", "kept") == answer


@pytest.mark.parametrize(
    ("line", "answer"), [("y\n", True), ("YES\n", True), ("\n", False), ("yo\n", False)]
)
def test_only_yes_means_yes(typed: io.StringIO, line: str, answer: bool) -> None:
    fill(typed, line)
    assert confirm("Go on?") is answer


@pytest.mark.usefixtures("typed")
def test_yes_given_beforehand_asks_nothing() -> None:
    assert confirm("Go on?", yes=True)
    with pytest.raises(Misused, match="say --yes"):
        confirm("Go on?")
    with pytest.raises(Misused, match="the input ended at 'Password'"):
        ask_secret("Password")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Baker Steel", "Baker Steel"),
        ("Müller & Söhne 株式会社", "Müller & Söhne 株式会社"),
        ("\x1b]0;title\x07Baker\x1b[2J", "]0;title Baker [2J"),
        ("two\nlines\ttabs", "two lines tabs"),
        ("\u202eright to left", "right to left"),
    ],
)
def test_a_terminal_is_given_nothing_it_would_act_upon(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_cells_are_text_and_never_markup(capsys: pytest.CaptureFixture[str]) -> None:
    printer = Printer()
    printer.result({}, table("Vendors", ["name"], [["[red]Baker[/red] \x1b[31m:smile:"]]))
    assert "[red]Baker[/red]  [31m:smile:" in capsys.readouterr().out


HOSTILE = "Baker \u202eleetS\u200b Ltd\x1b[2J\u2066"
HARMLESS = "Baker  leetS  Ltd [2J"


def test_nothing_that_is_shown_moves_what_stands_around_it(
    capsys: pytest.CaptureFixture[str], typed: io.StringIO
) -> None:
    fill(typed, "y\n")
    printer = Printer()
    printer.result({}, HOSTILE, Text(HOSTILE, style="bold"), table(HOSTILE, [""], [[HOSTILE]]))
    printer.note(HOSTILE)
    printer.show(HOSTILE, "two\nlines")
    confirm(f"Text {HOSTILE}?")
    shown = capsys.readouterr()
    assert shown.out.count(HARMLESS) == 5
    assert shown.err.count(HARMLESS) == 2
    assert "two\nlines" in shown.out
    assert not set(shown.out + shown.err) & set("\u202e\u200b\x1b\u2066")


def test_json_says_what_it_found_with_escapes_for_what_is_not_harmless(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Printer(as_json=True).result({"vendor": HOSTILE + "\U000e0001é"})
    shown = capsys.readouterr().out
    assert not set(shown) & set("\u202e\u200b\x1b\u2066\U000e0001")
    assert "é" in shown
    assert json.loads(shown) == {"vendor": HOSTILE + "\U000e0001é"}


def test_json_goes_to_standard_output_and_everything_else_beside_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    printer = Printer(as_json=True)
    printer.note("a warning")
    printer.show("a table")
    with printer.working("asking"):
        printer.result({"name": "Müller"}, "not shown")
    shown = capsys.readouterr()
    assert shown.out == '{\n  "name": "Müller"\n}\n'
    assert shown.err == "a warning\na table\n"
