"""docs/configuration.md says what the code and the template say, and its examples are accepted."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from typing import Any

from ml_connector.domain.calendars import Calendar, calendar_of
from ml_connector.domain.flows import parse
from ml_connector.domain.phone import is_e164
from ml_connector.intacct.credentials import credentials_of
from ml_connector.settings import Timings
from ml_connector.store.approver_items import approver_of
from ml_connector.store.models import ApproverItem
from ml_connector.twilio.credentials import Sender, TwilioCredentials
from tools.tree import ROOT

PAGE = (ROOT / "docs" / "configuration.md").read_text()
TEMPLATE = (ROOT / "template.yaml").read_text()
FOR_THE_LOCAL_WORLD = {"OnAws", "Pace", "IntacctTrustedHost", "TwilioBaseUrl"}


def section(title: str) -> str:
    """The text under one heading."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"no section {title}"
    return found[1]


def rows(title: str) -> dict[str, str]:
    """The first table of a section: what stands in back quotes in column 1 → column 2."""
    table = re.findall(r"^\| (`.*?`) \| (.*?) \|", section(title), re.MULTILINE)
    return {name: second for names, second in table for name in re.findall(r"`(\w+)`", names)}


def example(name: str) -> dict[str, Any]:
    """The JSON block marked as this example."""
    found = re.search(rf"<!-- example: {name} -->\n```json\n(.*?)```", PAGE, re.DOTALL)
    assert found, f"no example {name}"
    body: dict[str, Any] = json.loads(found[1])
    return body


def test_every_time_is_listed_with_its_default() -> None:
    documented = {name: float(text) for name, text in rows("Timings").items()}
    assert documented == {entry.name: entry.default for entry in fields(Timings)}


def test_every_parameter_of_the_template_is_listed_with_its_default() -> None:
    start = TEMPLATE.index("\nParameters:\n")
    parameters = TEMPLATE[start : TEMPLATE.index("\nMappings:\n", start)]
    defaults = dict(
        re.findall(r'^  (\w+):\n    Type: .*\n    Default: "?(.*?)"?$', parameters, re.MULTILINE)
    )
    documented = rows("Template parameters")
    assert documented.keys() == defaults.keys() - FOR_THE_LOCAL_WORLD
    assert set(re.findall(r"`(\w+)`", section("Template parameters"))) >= FOR_THE_LOCAL_WORLD
    spoken_of = {name: text.strip("`") for name, text in documented.items() if "`" in text}
    assert spoken_of == {name: defaults[name] for name in spoken_of}


def test_every_variable_of_the_template_is_listed() -> None:
    blocks = re.findall(r"^( +)Variables:\n((?:\1 +.*\n)+)", TEMPLATE, re.MULTILINE)
    variables = {
        name for _, block in blocks for name in re.findall(r"^ +([A-Z_]+): ", block, re.MULTILINE)
    }
    assert rows("Function environment").keys() == variables


def test_the_intacct_secret_of_the_page_is_accepted() -> None:
    credentials = credentials_of(example("intacct"), "acme")
    assert (credentials.sender_id, credentials.user_id) == ("acme-sender", "ml-connector")


def test_the_twilio_secret_of_the_page_is_accepted() -> None:
    secret = example("twilio")
    assert TwilioCredentials.from_secret(secret).username == secret["api_key"]
    assert Sender.from_secret(secret).number == secret["from"]


def test_the_approver_of_the_page_is_one_that_can_be_texted() -> None:
    item = ApproverItem()
    item.deserialize(example("approver"))
    approver = approver_of(item)
    assert approver.textable
    assert is_e164(approver.phone)


def test_the_calendar_of_the_page_is_the_usual_one_with_days_off_and_maintenance() -> None:
    calendar = calendar_of(example("calendar"), "calendar")
    assert calendar.holidays
    assert calendar.maintenance
    assert replace(calendar, holidays=frozenset(), maintenance=()) == Calendar()
    assert rows("Flow").keys() >= set(example("calendar"))


def test_the_flow_of_the_page_tells_its_approvers() -> None:
    flow = parse(example("flow"), 1)
    assert [rule.sentence for rule in flow.rules] == [
        "When a bill is submitted with an amount of at least USD 10,000.00, text approver-2.",
        "When a bill is submitted or is partially approved, text the approver.",
    ]
    assert flow.default_approver == example("approver")["pk"]["S"]
