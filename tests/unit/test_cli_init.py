"""`ml-connector init`: a few answers become files that the other commands take."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from cli.files.flow_file import read_flow
from cli.files.people_file import read_people
from cli.flow.starter import Answers, Newcomer, approvers_text, flow_text, id_for
from cli.main import app
from tests.support.properties import unhurried

OPTIONS = (
    *("--company", "acme", "--name", "Acme AP", "--zone", "America/Chicago"),
    *("--approver", "Ann Approver=+15550100001", "--approver", "Bob Approver"),
    *("--call-above", "10000", "--currency", "USD"),
)


def run(*words: str, answers: str = "") -> Result:
    return CliRunner().invoke(app, ["init", *words], input=answers)


def test_the_questions_are_answered_one_a_line_and_asked_again_where_needed(
    tmp_path: Path,
) -> None:
    answers = [
        *("acme", "Acme AP", "America/Chikago", "America/Chicago"),
        *("Ann Approver", "555", "+1 555 010 0001", "Bob Approver", "", ""),
        *("10,000", "10000.50", "usd", "USD"),
    ]
    result = run("--output", str(tmp_path), answers="".join(f"{line}\n" for line in answers))
    assert result.exit_code == 0, result.output
    people = read_people(tmp_path / "approvers.csv")
    assert [(row.id, row.phone) for row in people] == [("ann", "+15550100001"), ("bob", "")]
    read = read_flow(tmp_path / "flow.yaml", ["ann", "bob"], "approvers.csv")
    assert (read.flow.default_approver, read.flow.ap_lead) == ("ann", "bob")
    assert read.body["rules"][0]["when"]["amount"] == {"at_least": "10000.50", "currency": "USD"}
    assert "without a phone nobody is told: bob" in result.stderr
    assert read.warnings == ()


def test_options_answer_in_place_of_questions(tmp_path: Path) -> None:
    result = run("--output", str(tmp_path / "new"), *OPTIONS, "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["approvers"] == ["ann", "bob"]
    assert document["without_phone"] == ["bob"]
    assert [Path(file).name for file in document["files"]] == ["flow.yaml", "approvers.csv"]
    assert stat.S_IMODE((tmp_path / "new" / "approvers.csv").stat().st_mode) == 0o600
    result = run("--output", str(tmp_path / "none"), *OPTIONS, "--call-above", "none")
    assert not read_flow(tmp_path / "none" / "flow.yaml").flow.rules[0].steps[0].confirm


@pytest.mark.parametrize("name", ["flow.yaml", "approvers.csv"])
def test_what_is_there_stays_unless_forced(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    result = run("--output", str(tmp_path), *OPTIONS)
    assert result.exit_code == 2
    assert f"{tmp_path / name}: there already" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"
    assert run("--output", str(tmp_path), *OPTIONS, "--force").exit_code == 0
    assert (tmp_path / name).read_text() != "mine"


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--zone", "Nowhere", "expected an IANA time zone"),
        ("--currency", "dollars", "expected an ISO 4217 code such as USD"),
        ("--call-above", "lots", "expected an amount such as 10000"),
        ("--approver", "Cho=555", "expected E.164"),
        ("--approver", "=+15550100003", "expected a name"),
        ("--approver", "Cho=+15550100001", "the approvers cannot be written like this"),
    ],
)
def test_an_option_that_cannot_be_taken_is_named_and_nothing_is_written(
    tmp_path: Path, option: str, value: str, words: str
) -> None:
    result = run("--output", str(tmp_path), *OPTIONS, option, value)
    assert result.exit_code == 2
    assert words in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_where_the_answers_end_nothing_is_written(tmp_path: Path) -> None:
    result = run("--output", str(tmp_path), answers="acme\nAcme AP\n")
    assert result.exit_code == 2
    assert "the input ended at 'Time zone'" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("flows")


words = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40)
names = words.filter(lambda name: bool(name.strip()) and name.isprintable())


@unhurried
@given(names, names, st.lists(names, min_size=1, max_size=3))
def test_whatever_names_people_and_companies_have_the_files_read_back(
    folder: Path, key: str, company: str, people: list[str]
) -> None:
    taken: list[str] = []
    for name in people:
        taken.append(id_for(name, taken))
    newcomers = [Newcomer(who, name.strip(), "") for who, name in zip(taken, people, strict=True)]
    answers = Answers(key.strip(), company.strip(), "UTC", newcomers, "5000", "USD")
    (folder / "flow.yaml").write_text(flow_text(answers), encoding="utf-8")
    (folder / "approvers.csv").write_text(approvers_text(answers), encoding="utf-8")
    rows = read_people(folder / "approvers.csv")
    assert [row.id for row in rows] == taken
    flow = read_flow(folder / "flow.yaml", taken, "approvers.csv").flow
    assert (flow.companies[0].key, flow.companies[0].name) == (answers.key, answers.name)


@pytest.mark.parametrize(
    ("name", "taken", "found"),
    [
        ("Ann Approver", [], "ann"),
        ("Ann Approver", ["ann"], "ann-2"),
        ("ANN", ["ann", "ann-2"], "ann-3"),
        ("Approver", [], "approver-2"),
        ("---", [], "approver-2"),
    ],
)
def test_ids_tell_people_apart_and_are_no_words_of_flows(
    name: str, taken: list[str], found: str
) -> None:
    assert id_for(name, taken) == found
