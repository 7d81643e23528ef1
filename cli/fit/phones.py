"""Telephone numbers as people typed them into Intacct, in the one form a text can be sent to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from ml_connector.domain.phone import is_e164


@dataclass(frozen=True, slots=True)
class Phone:
    """A number in E.164; `doubt` says why a text might not arrive there, empty where none is."""

    value: str
    doubt: str = ""

    def __repr__(self) -> str:
        return f"Phone(hidden, {self.doubt!r})"


def is_region(region: str) -> bool:
    """Whether numbers without a country code can be read as those of this region (ISO 3166)."""
    return region in phonenumbers.SUPPORTED_REGIONS


def normalise(text: str, region: str) -> Phone | None:
    """The number in a text; one without a country code is of `region`. None where there is none."""
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    value = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return Phone(value, _doubt(number)) if is_e164(value) else None


def best(texts: Iterable[str], region: str) -> Phone | None:
    """The first number without a doubt, else the first; cell phones should come first."""
    found = [phone for text in texts if text and (phone := normalise(text, region))]
    return next((phone for phone in found if not phone.doubt), found[0] if found else None)


def _doubt(number: phonenumbers.PhoneNumber) -> str:
    if number.extension:
        return "has an extension: a desk telephone takes no text"
    if not phonenumbers.is_valid_number(number):
        return "is no number in use, as far as numbering plans say"
    if phonenumbers.number_type(number) == PhoneNumberType.FIXED_LINE:
        return "is a fixed line, which may take no text"
    return ""
