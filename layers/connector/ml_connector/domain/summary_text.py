"""A week's summary as the plain text of an e-mail.

Of bills it says what texts say: number, vendor and amount, through the same gate for hostile text.
People stand under their ids, and no phone number is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo

from .documents import Document
from .formats import HOME, written_amount, written_count, written_day
from .messages import plain
from .money import Money
from .summaries import Figures, Week, waits_since

_TAG = HOME["en"]
#: SNS takes no longer subject, and no character beyond ASCII in it.
_LONGEST_SUBJECT = 100
_LONGEST_NAME, _MOST_PEOPLE = 60, 40


def summary_subject(company_name: str, week: Week) -> str:
    """`Acme AP: approvals in the week of Nov 16`; ASCII, a hundred characters at most."""
    end = f": approvals in the week of {written_day(week.first, _TAG)}"
    name = plain(company_name).encode("ascii", "ignore").decode().strip(" :") or "ml-connector"
    return name[: _LONGEST_SUBJECT - len(end)] + end


def summary_mail(
    company_name: str, week: Week, figures: Figures, now: datetime, wall: tzinfo
) -> str:
    """The body; its sections are separated by empty lines."""
    last = week.first + timedelta(days=6)
    days = f"{written_day(week.first, _TAG)} to {written_day(last, _TAG, year=True)}"
    sections: list[Iterable[str]] = [
        [f"{plain(company_name)[:_LONGEST_NAME]}, {days}"],
        _approvals(figures),
        _waiting(figures, now, wall),
        _sent(figures),
        _people(figures),
        _end(figures),
    ]
    return "\n\n".join("\n".join(lines) for lines in map(list, sections) if lines) + "\n"


def _approvals(figures: Figures) -> Iterator[str]:
    if figures.to_approval is None:
        yield "Approved: nothing that anybody was told of."
        return
    yield (
        f"Approved: {_count(figures.approvals, 'approval')}, half of them within "
        f"{took(figures.to_approval)} of being seen."
    )
    yield "The slowest:"
    for one in figures.slowest:
        what = _bill(one.document) if one.document else one.case.document
        told = f" (told: {', '.join(one.told)})" if one.told else ""
        yield f"  {took(one.took)}  {what}{told}"


def _waiting(figures: Figures, now: datetime, wall: tzinfo) -> Iterator[str]:
    if not figures.waiting:
        yield "Still waiting: nothing."
        return
    yield f"Still waiting: {_count(figures.waiting, 'bill')}, {_sums(figures.sums)}. The oldest:"
    for document in figures.oldest:
        since = waits_since(document)
        day = since.astimezone(wall).date()
        yield f"  {took(now - since)}  {_bill(document)}, since {written_day(day, _TAG)}"


def _sent(figures: Figures) -> Iterator[str]:
    yield f"Sent: {_count(figures.texts, 'text')} and {_count(figures.calls, 'call')}."
    if figures.not_arrived:
        yield f"Not delivered at first: {written_count(figures.not_arrived, _TAG)}."
    if figures.not_taken:
        yield f"Calls nobody took: {written_count(figures.not_taken, _TAG)}."
    unpriced = f"; {written_count(figures.unpriced, _TAG)} not billed yet"
    cost = _sums(figures.cost) if figures.cost else "nothing known"
    yield f"Cost, as Twilio billed it: {cost}{unpriced if figures.unpriced else ''}."


def _people(figures: Figures) -> Iterator[str]:
    if not figures.told:
        return
    yield "Told, by person:"
    for row in figures.told[:_MOST_PEOPLE]:
        yield (
            f"  {row.person}: {_count(row.texts, 'text')}, {_count(row.calls, 'call')},"
            f" about {_count(row.alerts, 'alert')}"
        )
    more = len(figures.told) - _MOST_PEOPLE
    if more > 0:
        yield f"  and {_count(more, 'more person', 'more people')}"


def _end(figures: Figures) -> Iterator[str]:
    if figures.cut:
        yield "There was more than a summary reads: everything above is at least so much."
    yield "All of it, by any days: ml-connector audit report. Bills are approved in Intacct alone."


def took(time: timedelta) -> str:
    """`2 d 3 h`, `4 h 5 min`, `7 min`; a negative one, of clocks that differ, is none."""
    minutes = max(0, int(time.total_seconds() // 60))
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {rest} min" if hours else f"{rest} min"


def _bill(document: Document) -> str:
    vendor = (plain(document.vendor_name) or plain(document.vendor_id))[:_LONGEST_NAME]
    number = (plain(document.number) or f"record {plain(document.record_no)}")[:_LONGEST_NAME]
    amount = written_amount(document.amount, _TAG, plain(document.amount.currency))
    return f"bill {number}, {vendor}, {amount}" if vendor else f"bill {number}, {amount}"


def _sums(sums: Sequence[Money]) -> str:
    return "; ".join(written_amount(one, _TAG, plain(one.currency)) for one in sums)


def _count(count: int, one: str, many: str = "") -> str:
    return f"{written_count(count, _TAG)} {one if count == 1 else many or one + 's'}"
