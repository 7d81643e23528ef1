"""The flow as a file: YAML or JSON in the published form, checked before anything is done with it.

What the functions would refuse is refused here with file, line and place.
"""

from __future__ import annotations

import hashlib
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.console.failures import Failure
from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import canonical
from ml_connector.domain.flows import Flow, parse
from ml_connector.errors import ConfigurationError

from .places import Content, load

#: What a step says when it means the rule's approver; nobody's id.
RESERVED_ID = "approver"


@dataclass(frozen=True, slots=True)
class FlowFile:
    """A flow somebody wrote. `body` is what is published, `flow` what the functions make of it."""

    name: str
    body: Mapping[str, Any]
    flow: Flow

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form, hexadecimal: the same for the same meaning."""
        return hashlib.sha256(canonical(self.body).encode()).hexdigest()

    @property
    def companies(self) -> list[str]:
        """Each company in words."""
        return [
            f"{company.name} ({company.key}), times in {company.zone}"
            for company in self.flow.companies
        ]

    @property
    def sentences(self) -> list[str]:
        """What the flow says, numbered as decisions cite it."""
        return numbered(self.flow)


def numbered(flow: Flow) -> list[str]:
    """A flow as numbered English sentences, and what happens otherwise."""
    sentences = [f"{n}. {rule.sentence}" for n, rule in enumerate(flow.rules, start=1)]
    if flow.default_approver:
        sentences.append(
            f"The default approver is {flow.default_approver}: told in place of anybody who cannot "
            "be texted."
        )
    sentences.append("The first rule that matches wins. What no rule matches tells nobody.")
    return sentences


def read_flow(path: Path) -> FlowFile:
    """Read and check a file. Raises Failure with file, line, place, what is wrong."""
    content = load(_text(path), str(path))
    try:
        flow = parse(content.body, 1)
    except ConfigurationError as error:
        complaint = str(error.__cause__ or error.safe_message)
        raise Failure(f"{content.name}:{content.line_of(complaint)}: {complaint}") from error
    _check_zones(content, flow)
    return FlowFile(str(path), content.body, flow)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Failure(f"{path}: is not UTF-8 text; save it as UTF-8") from error


def _check_zones(content: Content, flow: Flow) -> None:
    known = zoneinfo.available_timezones()
    for company in flow.companies:
        if known and company.zone not in known:  # a machine without the database cannot judge
            place = f"companies.{company.key}.zone"
            raise Failure(
                f"{content.name}:{content.line_of(place)}: {place}: {company.zone!r} is no IANA "
                "time zone such as America/Chicago"
            )


def named(flow: Flow) -> list[str]:
    """The ids of everybody a flow names, each once, in its order."""
    ids = [who for rule in flow.rules for who in (rule.approver, *(s.to for s in rule.steps))]
    return list(dict.fromkeys(i for i in (*ids, flow.default_approver) if i and i != RESERVED_ID))


@dataclass(frozen=True, slots=True)
class Unreached:
    """Somebody the flow names who cannot be told, and why. `unknown`: nobody has this id."""

    approver: str
    why: str
    unknown: bool

    def __str__(self) -> str:
        return f"{self.approver}: {self.why}"


def unreached(flow: Flow, people: Sequence[Approver]) -> list[Unreached]:
    """Everybody the flow names who is not among the people, or cannot be texted."""
    known = {person.id: person for person in people}
    found = []
    for who in named(flow):
        person = known.get(who)
        if person is None:
            found.append(Unreached(who, "nobody has this id", unknown=True))
        elif person.obstacle:
            found.append(Unreached(who, f"cannot be texted: {person.obstacle}", unknown=False))
    return found
