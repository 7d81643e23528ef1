"""The flow and the approvers one begins with, from a few answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cli.files.people_file import Row, write_people
from cli.files.scalars import quoted

from .values import ROLES

_LONGEST_ID = 40


@dataclass(frozen=True, slots=True)
class Newcomer:
    """One approver; `phone` is E.164, or empty where none is known yet."""

    id: str
    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered. Without `call_above`, an amount as text, nobody is called.

    The first of the people is told where nobody else is named, the last leads accounts payable.
    """

    key: str
    name: str
    zone: str
    people: Sequence[Newcomer]
    call_above: str
    currency: str


def id_for(name: str, taken: Sequence[str]) -> str:
    """An id for somebody: their first name, and a number where that is taken or a word of flows.

    Ids appear in logs and in the audit, so they hold as little of a name as tells people apart.
    """
    first = re.sub(r"[^a-z0-9]+", "", (name.split() or [""])[0].lower())[:_LONGEST_ID] or "approver"
    found, number = first, 2
    while found in taken or found in ROLES:
        found, number = f"{first}-{number}", number + 1
    return found


def approvers_text(answers: Answers) -> str:
    """The text of approvers.csv."""
    return write_people(Row(one.id, one.name, one.phone) for one in answers.people)


def flow_text(answers: Answers) -> str:
    """The text of flow.yaml."""
    default, lead = answers.people[0], answers.people[-1]
    lines = [
        "# Who is told what. All there is to say is in flows/flow.example.yaml.",
        "#",
        "#   ml-connector flow validate flow.yaml --approvers approvers.csv    check it",
        "#   ml-connector flow explain flow.yaml     read it as sentences",
        "#   ml-connector flow push flow.yaml        put it in force",
        "",
        "schema: 1",
        "",
        "companies:",
        "  # The key is the company's key in the Intacct secret. The name begins every text.",
        f"  {quoted(answers.key)}:",
        f"    name: {quoted(answers.name)}",
        f"    zone: {quoted(answers.zone)}",
        "",
        "# Told where nobody else can be found or reached. Ids are those of approvers.csv.",
        f"default_approver: {quoted(default.id)}",
        "# Who looks after accounts payable.",
        f"ap_lead: {quoted(lead.id)}",
        "",
        "# Read from the top; the first rule that matches wins. `approver` is the vendor's bill",
        "# approver in Intacct where approvers.csv has their login, else the default approver.",
        "rules:",
        *_calls(answers),
        "  - name: the next level",
        "    on: bill.partially_approved",
        "    notify:",
        "      - sms: {to: next_level}",
        "  - name: a bill that changed",
        "    on: bill.changed",
        "    notify:",
        "      - sms: {to: approver}",
        "  - name: everything else",
        "    on: bill.submitted",
        "    notify:",
        "      - sms: {to: approver}",
        "      - sms: {to: approver, after: 1d, repeat: 1d, at_most: 5, until: handled}",
    ]
    return "\n".join(lines) + "\n"


def _calls(answers: Answers) -> list[str]:
    if not answers.call_above:
        return []
    band = f"{{at_least: {answers.call_above}, currency: {answers.currency}}}"
    return [
        "  - name: large bills are called",
        "    on: bill.submitted",
        f"    when: {{amount: {band}}}",
        "    notify:",
        "      - voice: {to: approver, confirm: true}",
        "      - sms: {to: approver, after: 10m, unless: confirmed}",
        "      - voice: {to: manager, after: 30m, unless: confirmed, confirm: true}",
    ]
