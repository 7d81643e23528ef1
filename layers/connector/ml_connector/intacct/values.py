"""Texts of a row to values: exact money, UTC times, dates, links.

Every function raises RecordInvalid naming the field and the record, never the value. An empty
text means null throughout.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import NoReturn
from urllib.parse import urlsplit

from ml_connector.domain.frozen import frozen
from ml_connector.domain.money import Money
from ml_connector.errors import RecordInvalid

from .queries import KEY, record_number
from .session import DOMAIN
from .tree import Row
from .zone import UserZone, parse_date

_DECIMAL = re.compile(r"-?(?:\d{1,18}(?:\.\d{0,10})?|\.\d{1,10})", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_YES = frozenset({"true", "t", "yes", "y"})


@frozen
class Context:
    """What a row does not say itself.

    `default_currency` (ISO 4217, may be empty) is for companies with one currency, whose rows may
    carry none;
    `trusted_host` is accepted in links beside intacct.com.
    """

    zone: UserZone
    default_currency: str = ""
    trusted_host: str = ""


def text(row: Row, name: str) -> str:
    """A field without outer blanks; "" where it is null or was not asked for."""
    return row.get(name, "").strip()


def key(row: Row, name: str) -> str:
    """A field without which the record means nothing; RECORDNO always in its plain form."""
    if name == KEY:
        number = record_number(row)
        if number is None:
            _invalid(row, name, "is not a number")
        return str(number)
    value = text(row, name)
    if not value:
        _invalid(row, name, "is empty")
    return value


def yes(row: Row, name: str) -> bool:
    """A flag; empty and unknown words mean no."""
    return text(row, name).lower() in _YES


def day(row: Row, name: str) -> date | None:
    """A DATE: the company's own calendar, no zone."""
    try:
        return parse_date(row.get(name, ""))
    except ValueError:
        _invalid(row, name, "is not a date")


def moment(row: Row, name: str, context: Context) -> datetime | None:
    """A TIMESTAMP: aware, UTC."""
    try:
        return context.zone.to_utc(row.get(name, ""))
    except ValueError:
        _invalid(row, name, "is not a time")


def money(row: Row, context: Context, *choices: tuple[str, str]) -> Money:
    """The first of several pairs of amount and currency fields that has both.

    Where only the currency is missing, the default currency is taken, if there is one.
    """
    fallback: Decimal | None = None
    for amount_name, currency_name in choices:
        amount = _decimal(row, amount_name)
        currency = text(row, currency_name).upper()
        if amount is not None and _CURRENCY.fullmatch(currency):
            return Money(amount, currency)
        fallback = amount if fallback is None else fallback
    if fallback is None:
        _invalid(row, choices[0][0], "is empty, and so is its substitute")
    if not context.default_currency:
        _invalid(
            row,
            choices[0][1],
            "is no currency, and so is its substitute; `currency` of the company in the Intacct"
            " secret says which it is where a company has only one",
        )
    return Money(fallback, context.default_currency)


def total(row: Row, context: Context) -> Money:
    """What a bill or payment is over: as entered in its own currency, else in the base currency."""
    return money(row, context, ("TRX_TOTALENTERED", "CURRENCY"), ("TOTALENTERED", "BASECURR"))


def link(row: Row, context: Context) -> str:
    """RECORD_URL where it leads to Intacct; "" otherwise, for it ends in a text message."""
    url = text(row, "RECORD_URL")
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return ""
    intacct = parts.scheme == "https" and (host == DOMAIN or host.endswith(f".{DOMAIN}"))
    sandbox = bool(context.trusted_host) and host == context.trusted_host
    return url if (intacct or sandbox) and "@" not in parts.netloc else ""


def _decimal(row: Row, name: str) -> Decimal | None:
    value = text(row, name)
    if not value:
        return None
    if not _DECIMAL.fullmatch(value):
        _invalid(row, name, "is not an amount")
    return Decimal(value)


def _invalid(row: Row, name: str, problem: str) -> NoReturn:
    number = record_number(row)
    which = "a record" if number is None else f"record {number}"
    raise RecordInvalid(f"{which}: {name} {problem}")
