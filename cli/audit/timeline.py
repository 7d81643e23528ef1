"""Everything the audit trail says of one bill or payment, in the order it happened.

Begins with the document's own chains, and follows what they name: the cases, the digest it was told
in, and the document it continues or is continued by. Who was told is read from the entries too, so
that it holds even where the tables were changed since.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from ml_connector.domain.cases import case_chain
from ml_connector.domain.chains import Break, Broken, Link
from ml_connector.domain.documents import AnyDocument
from ml_connector.domain.instants import from_text
from ml_connector.store.heads import document_chain

from .reading import AuditReader
from .verifying import Verifier
from .words import masked, said, said_of_alert

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Moment:
    """One line: when, what, and where it is about somebody, whom and by which way."""

    at: datetime
    chain: str
    seq: int
    kind: str
    said: str
    approver: str = ""
    channel: str = ""
    sid: str = ""
    number: str = ""
    """The masked fingerprint of the number, never the number."""
    data: Data = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Timeline:
    """All lines, and what is wrong with the chains they come from."""

    moments: tuple[Moment, ...]
    chains: tuple[str, ...]
    broken: tuple[Broken, ...]


def timeline(
    document: AnyDocument, reader: AuditReader, verifier: Verifier, zone: tzinfo
) -> Timeline:
    """The story of one document; times within a line are of that zone."""
    found = _gathered(document, reader)
    people = _People(zone)
    moments = [moment for link in _in_time(found) for moment in people.moments(link)]
    broken: list[Broken] = []
    for chain, entries in found.items():
        wrong = verifier.one(chain).broken
        broken += wrong if entries or wrong else _missing(chain, found)
    chains = [chain for chain, entries in found.items() if entries]
    return Timeline(tuple(moments), tuple(chains), tuple(dict.fromkeys(broken)))


# ----------------------------------------------------------------------------- gathering
def _gathered(document: AnyDocument, reader: AuditReader) -> dict[str, list[Link]]:
    """The entries of every chain that may be there, in the order the chains were named."""
    company = document.company
    generations = range(1, document.generation + 1)
    found: dict[str, list[Link]] = {}
    waiting = [document_chain(company, document.id, number) for number in generations]
    waiting += [case_chain(case) for case in document.open_cases]
    while waiting:
        chain = waiting.pop(0)
        if chain in found:
            continue
        found[chain] = list(reader.chain(chain))
        waiting += [name for link in found[chain] for name in _named(company, link)]
    return found


def _in_time(found: Mapping[str, Iterable[Link]]) -> list[Link]:
    """Every entry by time. What was written together has one instant: documents say why before
    cases say what."""
    links = [link for chain in found.values() for link in chain]
    links.sort(key=lambda link: (link.at, link.chain.startswith("case#"), link.chain, link.seq))
    return links


def _missing(chain: str, found: Mapping[str, Iterable[Link]]) -> Iterator[Broken]:
    """A case without one entry and without an item, where an entry says that it was opened: both
    are written in one transaction."""
    for link in (link for chain in found.values() for link in chain):
        if link.chain.startswith("doc#") and chain in _opened(data_of(link)):
            said = (
                f"entry {link.seq} of {link.chain} names it, and neither it nor its case is there"
            )
            yield Broken(chain, 1, Break.NO_ENTRIES, said)
            return


def _opened(data: Data) -> list[str]:
    """The chains of the cases that an entry of a document opened or ended."""
    events, ended = data.get("events"), data.get("ended_cases")
    cases = [one.get("case") for one in _listed(events) if isinstance(one, dict)]
    return [case_chain(str(case)) for case in (*cases, *_listed(ended)) if case]


def _listed(value: object) -> list[Any]:
    """A list as it is; of anything else, which only a forger writes, nothing."""
    return value if isinstance(value, list) else []


def _named(company: str, link: Link) -> Iterator[str]:
    """The chains an entry of a document names; a case names none, for a digest tells of many."""
    if not link.chain.startswith("doc#"):
        return
    data = data_of(link)
    yield from _opened(data)
    if data.get("digest"):
        yield case_chain(str(data["digest"]))
    for other in (data.get("continues_bill"), data.get("continued_by")):
        if other:
            yield document_chain(company, str(other), 1)


def data_of(link: Link) -> Data:
    """What an entry holds; nothing where it is no longer readable."""
    try:
        data = json.loads(link.data)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def alerts_in(data: Data) -> list[Data]:
    """Whom an entry says is to be told; some entries only count them."""
    told = data.get("alerts")
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []


def taken_over(data: Data) -> list[str]:
    """The dispatches that the one of a bundle's entry takes the place of."""
    before = data.get("instead_of")
    return [str(one) for one in before] if isinstance(before, list) else []


def without_numbers(data: Data) -> dict[str, Any]:
    """The same with every fingerprint of a number masked."""
    return {
        name: masked(value) if name in _NUMBERS and isinstance(value, str) else _inside(value)
        for name, value in data.items()
    }


_NUMBERS = frozenset({"number", "number_before"})


def _inside(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, dict):
        return without_numbers(value)
    return [_inside(part) for part in value] if isinstance(value, list) else value


def _local(data: Data, zone: tzinfo) -> Data:
    """The same with instants as people of that zone read them."""
    return {
        name: _clock(value, zone) if name in _INSTANTS else value for name, value in data.items()
    }


_INSTANTS = frozenset({"due_at", "next_due_at", "state_as_of"})


def _clock(value: object, zone: tzinfo) -> object:
    try:
        return f"{from_text(str(value)).astimezone(zone):%Y-%m-%d %H:%M}"
    except ValueError:
        return value


# -------------------------------------------------------------------------------- people
class _People:
    """Whose dispatch is whose, learned from entry to entry."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._of: dict[str, tuple[str, str, str]] = {}

    def moments(self, link: Link) -> Iterator[Moment]:
        """The lines of one entry: its own, and one for each person it says is to be told."""
        data = data_of(link)
        try:
            at = from_text(link.at)
        except ValueError:
            return  # named among the broken chains
        dispatch = str(data.get("dispatch") or "")
        for before in taken_over(data):
            if before in self._of:
                self._of.setdefault(dispatch, self._of[before])
        approver, channel, number = self._of.get(dispatch, ("", "", ""))
        approver = str(data.get("recipient") or data.get("approver") or approver)
        number = str(data.get("number") or number)
        if dispatch:
            self._learn(dispatch, (approver, channel, number), data.get("next"))
        yield Moment(
            at=at,
            chain=link.chain,
            seq=link.seq,
            kind=link.kind,
            said=said(link.kind, _local(data, self._zone)),
            approver=approver,
            channel=channel,
            sid=str(data.get("call_sid") or data.get("sid") or ""),
            number=masked(number),
            data=without_numbers(data),
        )
        yield from self._alerts(at, link, alerts_in(data))

    def _learn(self, dispatch: str, who: tuple[str, str, str], after: object) -> None:
        self._of[dispatch] = who
        if isinstance(after, str) and " " not in after and after not in self._of:
            self._of[after] = who

    def _alerts(self, at: datetime, link: Link, alerts: Iterable[Data]) -> Iterator[Moment]:
        for told in alerts:
            approver, channel = str(told.get("recipient") or ""), str(told.get("channel") or "")
            number = str(told.get("number") or "")
            if told.get("dispatch"):
                self._of[str(told["dispatch"])] = (approver, channel, number)
            yield Moment(
                at=at,
                chain=link.chain,
                seq=link.seq,
                kind="alert",
                said=said_of_alert(told),
                approver=approver,
                channel=channel,
                number=masked(number),
                data=without_numbers(told),
            )
