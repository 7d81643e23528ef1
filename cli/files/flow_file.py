"""The flow as a file: YAML or JSON as people write it, checked before anything is done with it.

Everything that is wrong is said at once, with file, line and place. What passes here is what the
functions' own parser takes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.console.failures import Failure
from cli.flow.calendars import spoken
from cli.flow.check import Understood, understand, with_text_keys
from cli.flow.compiling import compiled, published
from cli.flow.matrix import Band, read_matrix
from cli.flow.meaning import NO_RULES, Meaning, nothing_said
from cli.flow.problems import Findings, meant
from cli.holidays import running_out
from ml_connector.domain.audit import canonical
from ml_connector.domain.flows import Flow, FlowCompany, parse
from ml_connector.errors import ConfigurationError

from .places import load


@dataclass(frozen=True, slots=True)
class FlowFile:
    """A flow somebody wrote. `body` is what is published, `flow` what the functions make of it."""

    name: str
    body: Mapping[str, Any]
    flow: Flow
    warnings: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form, hexadecimal: the same for the same meaning."""
        return digest_of(self.body)

    @property
    def companies(self) -> list[str]:
        """Each company in words."""
        return spoken_companies(self.flow)

    @property
    def sentences(self) -> list[str]:
        """What the flow says, numbered as decisions cite it."""
        return numbered(self.flow)


def digest_of(body: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical form, hexadecimal."""
    return hashlib.sha256(canonical(body).encode()).hexdigest()


def spoken_companies(flow: Flow) -> list[str]:
    """Each company in words."""
    return [
        f"{company.name} ({company.key}), times in {company.zone}: {spoken(company.calendar)}"
        f"{_listed(company)}"
        for company in flow.companies
    ]


def _listed(company: FlowCompany) -> str:
    """When the daily list goes out, on the wall of whoever reads it."""
    if company.daily_list is None:
        return ""
    return (
        "; whoever was told of bills that still wait gets a list of them "
        f"{company.daily_list.words}, their own time"
    )


def numbered(flow: Flow) -> list[str]:
    """A flow as numbered English sentences, and what happens otherwise."""
    sentences = [f"{n}. {rule.sentence}" for n, rule in enumerate(flow.rules, start=1)]
    return [*sentences, *otherwise(flow)]


def otherwise(flow: Flow) -> list[str]:
    """Who is told where the rules name nobody, and what becomes of the rest."""
    said = []
    owners = [("", flow.default_approver, flow.ap_lead)]
    owners += [(f" of {c.key}", c.default_approver, c.ap_lead) for c in flow.companies]
    for of, default, lead in owners:
        if default:
            said.append(
                f"The default approver{of} is {default}: told in place of anybody who cannot be "
                "found or reached."
            )
        if lead:
            said.append(f"The AP lead{of} is {lead}.")
    said.append("The first rule that matches wins. What no rule matches tells nobody.")
    return said


# ---------------------------------------------------------------------------------- reading
def read_flow(path: Path, known: Collection[str] | None = None, where: str = "") -> FlowFile:
    """Read and check a file. Raises Wrong with everything that is wrong with it.

    `known` are the ids of the approvers, where they are at hand, and `where` says whose they are,
    such as `approvers.csv`.
    """
    content = load(_text(path), str(path))
    written = with_text_keys(content.body)
    findings = Findings(content.name, content.tree, written)
    understood = understand(written, findings)
    if nothing_said(written):
        findings.add((), *NO_RULES)
    matrix, bands = _matrix(path, understood, findings)
    rules = compiled(understood, bands)
    meaning = Meaning(understood, rules, findings, matrix)
    meaning.check()
    if known is not None:
        meaning.check_people(known, where)
    findings.end()
    body = published(understood, rules)
    try:
        flow = parse(body, 1)
    except ConfigurationError as error:
        # Nothing should come this far that is refused here; if it does, it is never published.
        complaint = str(error.__cause__ or error.safe_message)
        raise Failure(f"{content.name}:{content.line_of(complaint)}: {complaint}") from error
    ending = running_out(flow, (), datetime.now(UTC).date())
    return FlowFile(str(path), body, flow, (*meaning.warnings, *ending))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise Failure(
            f"{path}: there is no such file; name your flow, or write one with `ml-connector init`"
        ) from error
    except UnicodeDecodeError as error:
        raise Failure(f"{path}: is not UTF-8 text; save it as UTF-8") from error


def _matrix(path: Path, understood: Understood, findings: Findings) -> tuple[str, list[Band]]:
    if understood.matrix is None:
        return "", []
    file = path.parent / understood.matrix
    try:
        bands, problems = read_matrix(file)
    except OSError:
        near = [other.name for other in path.parent.glob("*.csv")]
        wanted = f"a CSV file by its path from {path.parent}{meant(file.name, near)}"
        findings.add(("matrix",), f"{understood.matrix!r}, where no file can be read", wanted)
        return "", []
    findings.problems += problems
    return str(file), bands
