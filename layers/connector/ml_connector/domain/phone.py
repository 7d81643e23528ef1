"""Phone numbers: one accepted spelling, a mask for logs, a keyed fingerprint for the audit."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

from ml_connector.errors import RecordInvalid

#: ITU-T E.164: a plus, a country code that never begins with 0, at most 15 digits in all. The
#: shortest numbers people carry have seven digits with their country code; below that it is a
#: short code or a slip.
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_DIGITS_SHOWN = 4
_FINGERPRINT_LENGTH = 16


class PhoneNumberInvalid(RecordInvalid, ValueError):
    """The text is not an E.164 number. The message says what is wrong and never the number."""

    code = "phone_number_invalid"


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number in E.164, `+` and digits only; `str()` of it is masked, `value` is whole.

    Only the shape is checked. Whether such a number exists is for a lookup service to say.
    """

    value: str

    def __post_init__(self) -> None:
        if not _E164.fullmatch(self.value):
            raise PhoneNumberInvalid(_what_is_wrong(self.value))

    @classmethod
    def parse(cls, text: str) -> PhoneNumber:
        """The number in `text`; blanks around it are forgiven, blanks and marks inside are not.

        Guessing a country code or dropping a bracketed zero would text a stranger sooner or later.
        Raises PhoneNumberInvalid.
        """
        return cls(text.strip())

    def __str__(self) -> str:
        return mask(self.value)

    def __repr__(self) -> str:
        return f"PhoneNumber({mask(self.value)})"


def is_e164(text: str) -> bool:
    """Whether `text` is an E.164 number, exactly."""
    return _E164.fullmatch(text) is not None


def mask(number: str) -> str:
    """`+15550100123` as `+1******0123`: the first and the last four digits, the rest starred.

    Enough to tell two approvers apart in a log, too little to call either. Short or odd text is
    starred whole. ASCII only, so that it survives every log viewer.
    """
    text = number.strip()
    if not _E164.fullmatch(text) or len(text) < 2 * _DIGITS_SHOWN + 2:
        return "*" * len(text)
    hidden = len(text) - 2 - _DIGITS_SHOWN
    return f"{text[:2]}{'*' * hidden}{text[-_DIGITS_SHOWN:]}"


def fingerprint(salt: str | bytes, number: str) -> str:
    """Sixteen hex digits that stand for `number` in the audit: HMAC-SHA-256 under `salt`, cut.

    The salt is a secret: phone numbers are few enough to try them all against a plain hash. Without
    it the fingerprint says nothing, so destroying the salt erases people and leaves chains whole.
    Raises ValueError for an empty salt.
    """
    key = salt.encode() if isinstance(salt, str) else salt
    if not key:
        raise ValueError("a fingerprint needs a salt")
    digest = hmac.new(key, number.strip().encode(), hashlib.sha256)
    return digest.hexdigest()[:_FINGERPRINT_LENGTH]


def _what_is_wrong(text: str) -> str:
    wanted = "expected E.164: + and country code, then digits only, such as +15550100123"
    if not text:
        return f"phone number is empty; {wanted}"
    if not text.startswith("+"):
        return f"phone number has no + and country code; {wanted}"
    if not re.fullmatch(r"[0-9]*", text[1:]):
        return f"phone number holds something other than digits after the +; {wanted}"
    if text[1:2] == "0":
        return f"phone number has a country code that starts with 0; {wanted}"
    return f"phone number has {len(text) - 1} digits, not 7 to 15; {wanted}"
