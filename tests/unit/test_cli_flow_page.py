"""A flow on the page to sign, and what one flow says that another does not."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cli.files.flow_file import read_flow
from cli.flow.differences import changed_lines, changed_places
from cli.flow.page import Signable, write_page
from ml_connector.domain.flows import Flow

FLOW = """\
schema: 1
companies: {acme: {name: Acme AP, zone: UTC}}
default_approver: cho
rules:
  - {name: a, on: bill.submitted, when: {account: 1}, notify: [{sms: {to: ann}}]}
  - {name: b, on: bill.submitted, when: {account: 2}, notify: [{sms: {to: bob}}]}
  - {name: rest, on: bill.submitted, notify: [{sms: {to: approver}}]}
"""


class Text(HTMLParser):
    """The tags of a page and its words."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(f"{tag} {' '.join(name for name, _ in attrs)}")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def page(words: str) -> Text:
    return Text(write_page(Signable(words, words, [words], [words], [words], words)))


HARMLESS = page("harmless")


def test_the_page_has_the_rules_numbered_the_digest_and_lines_to_sign() -> None:
    made = Text(
        write_page(Signable("Version 3", "abc123", ["Acme"], ["One.", "Two."], ["Rest."], ""))
    )
    assert made.tags.count("ol ") == 1
    words = [word for word in made.words if word.strip()]
    assert words.index("One.") < words.index("Two.") < words.index("Rest.")
    assert "Version 3" in words
    assert "Digest abc123" in words
    assert words.count("Signature") == words.count("Name") == 3


@given(st.text(max_size=60))
def test_no_text_changes_the_page_it_stands_in(words: str) -> None:
    assert page(words).tags == HARMLESS.tags
    assert page(f"</li><script>{words}").tags == HARMLESS.tags


def flow(folder: Path, text: str) -> Flow:
    path = folder / "flow.yaml"
    path.write_text(text)
    return read_flow(path).flow


def test_only_the_sentences_that_change_are_shown(tmp_path: Path) -> None:
    before = flow(tmp_path, FLOW)
    assert changed_lines(before, before) == []
    after = flow(tmp_path, FLOW.replace("to: bob", "to: dee"))
    assert [line[:5] for line in changed_lines(before, after)] == ["- 2. ", "+ 2. "]


def test_a_rule_put_above_the_others_is_the_only_change_although_all_numbers_move(
    tmp_path: Path,
) -> None:
    before = flow(tmp_path, FLOW)
    new = (
        "rules:\n  - {name: c, on: bill.submitted, when: {account: 3}, notify: [{sms: {to: dee}}]}"
    )
    after = flow(tmp_path, FLOW.replace("rules:", new))
    (line,) = changed_lines(before, after)
    assert line.startswith("+ 1. ")
    assert line.endswith("text dee.")


def test_two_rules_that_change_places_are_a_change(tmp_path: Path) -> None:
    before = flow(tmp_path, FLOW)
    head, first, second, last = FLOW[: FLOW.index("  - ")], *FLOW.splitlines(keepends=True)[4:]
    assert changed_lines(before, flow(tmp_path, head + second + first + last))


def test_a_company_that_changes_is_shown_and_the_first_flow_is_all_new(tmp_path: Path) -> None:
    before = flow(tmp_path, FLOW)
    after = flow(tmp_path, FLOW.replace("UTC", "America/Chicago"))
    assert [line[:9] for line in changed_lines(before, after)] == ["- Acme AP", "+ Acme AP"]
    assert all(line.startswith("+ ") for line in changed_lines(None, before))


def test_what_no_sentence_says_is_shown_by_its_place() -> None:
    before = {"rules": [{"name": "a", "on": ["x"]}], "ap_lead": "ann"}
    after = {"rules": [{"name": "b", "on": ["x"]}], "lead": "ann"}
    assert list(changed_places(before, after)) == ["ap_lead", "lead", "rules[1].name"]
    assert list(changed_places(before, before)) == []
    assert list(changed_places({"a": [1]}, {"a": [1, 2]})) == ["a"]
