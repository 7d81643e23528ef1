"""Many bills that wait, told in one text to each person: found late, or there before going live.

A digest is a case of its own, about no single document. It names how many bills wait, since when
and for what sums; the audit ties every one of them to it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from decimal import Decimal

from .approvers import Approver
from .audit import ChainHead, Json, entry_after
from .bills import BillState
from .cases import Alert, Case, CaseState, StopReason, case_chain
from .dispatches import Dispatch
from .documents import Document
from .events import EventKind
from .flows import Decision
from .formats import HOME, written_amount, written_count, written_day
from .frozen import frozen
from .gsm7 import segments
from .ids import stable_id
from .messages import Detail, phrases_of, plain
from .money import Money
from .one_text import one_alert, one_text, told
from .planning import Opening, PlanTimes
from .unit_of_work import CaseWrite
from .wording import spoken_language

KIND = "digest.waiting"

#: So many ids stand in the audit one by one; of more, their number and a hash.
MOST_LISTED = 100
#: Sums named in a text; of further currencies it only says that there are some.
MOST_SUMS = 3
MOST_SEGMENTS = 2
_LONGEST_NAME = 200
#: The less a rule lets a lock screen show, the later.
_DETAILS: tuple[Detail, ...] = ("full", "amount_only", "reference_only")

#: What the flow says about a bill that waits.
Decide = Callable[[EventKind, Document], Decision | None]
People = Callable[[str], Approver | None]


@frozen
class Digest:
    """What comes into being with one person's digest, and the ids of the bills it tells of."""

    opening: Opening
    documents: tuple[str, ...]

    @property
    def id(self) -> str:
        """The id of its case."""
        return self.opening.case.case.id


@frozen
class Frame:
    """What is the same for all digests made together.

    `batch` tells them from those made before and later: the same batch gives the same ids.
    """

    company: str
    company_name: str
    zone: tzinfo
    batch: str
    now: datetime
    times: PlanTimes


@frozen
class _Share:
    """One person's bills, and what was decided about each of them."""

    recipient: str
    person: Approver | None
    bills: list[tuple[Document, Decision]]


def waiting_kind(document: Document) -> EventKind:
    """The event that a bill's waiting goes by."""
    if document.state is BillState.PARTIALLY_APPROVED:
        return EventKind.PARTIALLY_APPROVED
    return EventKind.SUBMITTED


def digest_cases(
    documents: Iterable[Document], decide: Decide, people: People, frame: Frame
) -> list[Digest]:
    """One digest for everybody whom the flow would tell of one of these bills.

    A bill goes to the first who can be texted of those the rule's first step is for; bills no rule
    speaks of are left out. Where nobody can be texted, the alert is stopped from the start, so that
    it is seen.
    """
    return [_digest(share, frame) for share in _shares(documents, decide, people)]


def _shares(documents: Iterable[Document], decide: Decide, people: People) -> list[_Share]:
    shares: dict[str, _Share] = {}
    for document in documents:
        decision = decide(waiting_kind(document), document)
        if decision is None:
            continue
        candidates = next((step for step in decision.candidates if step), ())
        known = (people(candidate) for candidate in candidates)
        person = next((one for one in known if one and one.textable), None)
        recipient = person.id if person else next(iter(candidates), "nobody")
        share = shares.setdefault(recipient, _Share(recipient, person, []))
        share.bills.append((document, decision))
    return [shares[name] for name in sorted(shares)]


def _digest(share: _Share, frame: Frame) -> Digest:
    documents = [document for document, _ in share.bills]
    ids = tuple(sorted(document.id for document in documents))
    case_id = stable_id("digest", frame.company, share.recipient, frame.batch)
    alert = one_alert(case_id, frame.company, share.recipient, frame.now)
    dispatches: tuple[Dispatch, ...] = ()
    if share.person:
        dispatch = _dispatch(alert, share, frame)
        alert, dispatches = replace(alert, dispatch=dispatch.id), (dispatch,)
    else:
        alert = replace(alert.stopped(StopReason.NO_CHANNEL), passed_on=True)
    versions = {decision.flow_version for _, decision in share.bills}
    case = Case(
        id=case_id,
        company=frame.company,
        document=f"digest#{share.recipient}",
        kind=KIND,
        round=1,
        state=CaseState.OPEN,
        opened_at=frame.now,
        expires_at=frame.now + frame.times.case_lifetime,
        rule="digest",
        flow_version=max(versions),
        head=ChainHead(),
        company_name=frame.company_name,
    )
    data: dict[str, Json] = {
        "company": frame.company,
        "document": case.document,
        "event": KIND,
        "flow_version": case.flow_version,
        "sentences": _sentences(share),
        "bills": len(ids),
        "documents": _listed(ids),
        "alerts": [told(alert, share.person)],
    }
    entry = entry_after(ChainHead(), case_chain(case_id), frame.now, "case.opened", data)
    return Digest(Opening(CaseWrite(case, entry), (alert,), dispatches), ids)


def _dispatch(alert: Alert, share: _Share, frame: Frame) -> Dispatch:
    details = [decision.steps[0].detail for _, decision in share.bills]

    def said(reference: str) -> str:
        return digest_sms(
            [document for document, _ in share.bills],
            frame,
            reference,
            max(details, key=_DETAILS.index),
            spoken_language(share.person.language if share.person else ""),
        )

    return one_text(
        alert,
        said,
        now=frame.now,
        validity_seconds=frame.times.validity_seconds,
        look_at=frame.now + frame.times.ring_again,
    )


def _sentences(share: _Share) -> Mapping[str, Json]:
    """How many of the bills each sentence of the flow decided about."""
    counts: dict[str, int] = defaultdict(int)
    for _, decision in share.bills:
        counts[decision.sentence] += 1
    return counts


def _listed(ids: tuple[str, ...]) -> Json:
    if len(ids) <= MOST_LISTED:
        return list(ids)
    return {"count": len(ids), "sha256": hashlib.sha256("\n".join(ids).encode()).hexdigest()}


# --------------------------------------------------------------------------------- the text
def digest_sms(
    documents: Sequence[Document],
    frame: Frame,
    reference: str,
    detail: Detail = "full",
    language: str = HOME["en"],
) -> str:
    """The SMS for bills that wait, for example::

        Acme AP: 1,800 bills waiting for approval in Intacct, oldest Nov 3. USD 1,200,000.00;
        EUR 5,000.00. Open Intacct. Ref K7F2

    At most two segments: the company's name is shortened, nothing else. With `reference_only`
    neither number, age nor sums are named. `language` is the reader's IETF tag.
    """
    phrases = phrases_of(language)
    company = plain(frame.company_name).rstrip(" :")[:_LONGEST_NAME]
    if detail == "reference_only":
        what = phrases.some
    else:
        count = written_count(len(documents), language)
        things = phrases.one if len(documents) == 1 else phrases.many.format(count=count)
        what = f"{things}{_since(documents, frame, language)}. {_sums(documents, language)}."
    end = f"{what} {phrases.go} Ref {reference}"
    while company and segments(f"{company}: {end}").parts > MOST_SEGMENTS:
        company = company[:-1].rstrip(" :")
    return f"{company}: {end}" if company else end


def _since(documents: Sequence[Document], frame: Frame, language: str) -> str:
    oldest = min((one.modified for one in documents if one.modified), default=None)
    if oldest is None:
        return ""
    day, today = (each.astimezone(frame.zone).date() for each in (oldest, frame.now))
    said = written_day(day, language, year=day.year != today.year)
    return phrases_of(language).oldest.format(day=said)


def _sums(documents: Sequence[Document], language: str) -> str:
    """The sum in each currency, the one most bills are in first."""
    bills: dict[str, int] = defaultdict(int)
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for document in documents:
        bills[document.amount.currency] += 1
        sums[document.amount.currency] += document.amount.amount
    order = sorted(sums, key=lambda currency: (-bills[currency], currency))
    said = "; ".join(
        written_amount(Money(sums[one], one), language, plain(one)) for one in order[:MOST_SUMS]
    )
    return f"{said} {phrases_of(language).others}" if len(order) > MOST_SUMS else said
