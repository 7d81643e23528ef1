"""One cell of the approvers' file at a time: what may stand there, and what it means."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from cli.fit.phones import normalise
from cli.holidays import NoSuchPlace, days_of, place, this_year
from cli.zones import likely_zone, zones
from ml_connector.domain.approvers import EVERY_CHANNEL
from ml_connector.domain.hours import WEEKDAYS, minutes_of
from ml_connector.domain.number_formats import ROWS
from ml_connector.domain.phone import PhoneNumber, PhoneNumberInvalid

#: What a step of a flow says when it means somebody's part and no one person; nobody's id.
RESERVED_IDS = frozenset({"approver", "manager", "next_level", "ap_lead", "default_approver"})
LANGUAGES = ("en", "es")
LONGEST_NAME = 100
LONGEST_NOTE = 200
#: Between the entries of one cell.
LIST_MARK = ";"
#: A person with no channel is kept, and told nothing.
NOBODY = "none"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: Marks people write between the digits. Letters are not among them: no extension is dropped.
_PUNCTUATED = re.compile(r"\+[0-9 ().\u00a0-]+")


class BadCell(ValueError):
    """A cell cannot be taken; the text says what was expected."""


def an_id(text: str) -> str:
    """An approver's id."""
    if text in RESERVED_IDS:
        raise BadCell(f"another id: in a flow {text!r} means whoever has that part")
    return _id(text)


def a_tie(text: str) -> str:
    """The id of somebody else, or empty."""
    return _id(text) if text else ""


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise BadCell("1 to 64 letters, digits, dots, hyphens or underscores")
    return text


def a_name(text: str) -> str:
    """A person's name."""
    if not text or len(text) > LONGEST_NAME or not text.isprintable():
        raise BadCell(f"a name of 1 to {LONGEST_NAME} printable characters")
    return text


def a_note(text: str) -> str:
    """Free text, or empty."""
    if len(text) > LONGEST_NOTE or not text.isprintable():
        raise BadCell(f"at most {LONGEST_NOTE} printable characters")
    return text


def a_login(text: str) -> str:
    """A login of Intacct, or empty."""
    if len(text) > LONGEST_NAME or not text.isprintable():
        raise BadCell(f"a login in Intacct of at most {LONGEST_NAME} printable characters")
    return text


def a_phone(text: str) -> str:
    """A number in E.164, or empty.

    With its plus and country code, blanks and marks between the digits are taken out the way
    numbering plans say. Without, nothing is guessed: a guess would text a stranger one day.
    """
    if not text:
        return ""
    try:
        return PhoneNumber.parse(text).value
    except PhoneNumberInvalid as error:
        found = normalise(text, "") if _PUNCTUATED.fullmatch(text) else None
        if found:
            return found.value
        what, _, wanted = error.safe_message.partition("; expected ")
        raise BadCell(f"{wanted} ({what})") from error


def a_list(text: str) -> tuple[str, ...]:
    """Ids between semicolons, each once, in their order."""
    found = [part.strip() for part in text.split(LIST_MARK)]
    if any(len(part) > LONGEST_NAME or not part.isprintable() for part in found):
        raise BadCell(f"ids of departments between {LIST_MARK}, such as 300;310")
    return tuple(dict.fromkeys(part for part in found if part))


def a_channels(text: str) -> tuple[str, ...]:
    """Channels between semicolons; empty means every one, `none` means none."""
    if not text:
        return EVERY_CHANNEL
    found = {part.strip().lower() for part in text.split(LIST_MARK)} - {""}
    if found == {NOBODY}:
        return ()
    if not found or not found <= set(EVERY_CHANNEL):
        raise BadCell(
            f"{' or '.join((*EVERY_CHANNEL, LIST_MARK.join(EVERY_CHANNEL)))}, or {NOBODY}"
        )
    return tuple(channel for channel in EVERY_CHANNEL if channel in found)


def quiet_hours(text: str) -> str:
    """When nobody texts or calls, such as `20:00-08:00`; empty means never."""
    try:
        minutes_of(text)
    except ValueError as error:
        raise BadCell("hours such as 20:00-08:00, or nothing") from error
    return text


def working_days(text: str) -> tuple[str, ...]:
    """Weekdays between semicolons, `mon-fri` or the like; empty means every day."""
    found: set[str] = set()
    for part in filter(None, (part.strip().lower() for part in text.split(LIST_MARK))):
        first, dash, last = part.partition("-")
        if first not in WEEKDAYS or (dash and last not in WEEKDAYS):
            raise BadCell("days such as mon-fri or mon;wed;fri, or nothing")
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        if end < start:
            raise BadCell(f"days in the order of a week, such as {WEEKDAYS[end]}-{first}")
        found |= set(WEEKDAYS[start : end + 1])
    return tuple(day for day in WEEKDAYS if day in found)


def holidays(text: str) -> tuple[date, ...]:
    """Days off between semicolons, such as `2026-12-25;2026-12-28` or `US-TX;2026-12-24`.

    A country stands for its holidays of this year and the next two; `-2026-11-27` takes one out.
    """
    days: set[date] = set()
    off: set[date | None] = set()
    for part in _parts(text):
        if part[0] == "-":
            off.add(a_date(part[1:].strip()))
        elif part[0].isalpha():
            days |= _of_place(part)
        elif day := a_date(part):
            days.add(day)
    return tuple(sorted(days - off))


def holidays_as(text: str) -> str:
    """What a cell says of holidays where it names a country; else empty, for dates say it all."""
    parts = _parts(text)
    return LIST_MARK.join(parts) if any(part[0].isalpha() for part in parts) else ""


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(LIST_MARK) if part.strip()]


def _of_place(text: str) -> frozenset[date]:
    try:
        return days_of(place(text), this_year())
    except NoSuchPlace as error:
        raise BadCell(f"days such as 2026-12-24, or {error}") from error


def a_language(text: str) -> str:
    """The language a person is told in, with a country or without; empty means English."""
    language, dash, country = text.partition("-")
    found = language.lower() + dash + country.upper()
    if found in ROWS or found in LANGUAGES:
        return found
    if found:
        raise BadCell(f"{' or '.join(LANGUAGES)}, or one with a country, such as es-ES")
    return LANGUAGES[0]


def a_zone(text: str) -> str:
    """An IANA time zone, or empty for the company's."""
    if text and zones() and text not in zones():
        raise BadCell(f"an IANA time zone such as America/Chicago, or nothing{likely_zone(text)}")
    return text


def a_date(text: str) -> date | None:
    """A day, or empty."""
    if not text:
        return None
    try:
        # The standard library takes other spellings of ISO 8601, which nobody would recognise.
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError as error:
        raise BadCell("a day that exists, such as 2026-12-24") from error
    raise BadCell("a day such as 2026-12-24")


def a_past_day(text: str) -> date | None:
    """A day that has been, or empty. Where it is tomorrow already, so it is."""
    day = a_date(text)
    if day and day > datetime.now(UTC).date() + timedelta(days=1):
        raise BadCell("a day that has been, not one to come")
    return day


def a_flag(text: str) -> bool:
    """Yes or no."""
    found = _FLAGS.get(text.lower())
    if found is None:
        raise BadCell("true or false")
    return found
