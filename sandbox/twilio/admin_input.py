"""Reading what the admin API is sent: every mistake is named, nothing is guessed."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

from sandbox.twilio.faults import KINDS, Fault
from sandbox.twilio.numbers import SID, is_e164
from sandbox.twilio.phones import BEHAVIOURS, Phone
from sandbox.twilio.settings import ApiKey, Settings

KEY_KINDS = ("main", "standard", "restricted")
FINAL_TEXT_STATES = ("delivered", "undelivered", "failed", "sent")
DTMF = frozenset("0123456789*#")
ACCOUNT_CODES = {"bad_auth": 20003, "suspended": 20003}


class AdminInputError(ValueError):
    """A request to the admin API says something it cannot mean; answered with 400."""


@dataclass(slots=True)
class Fields:
    """The JSON object of one request, taken apart field by field; the rest is an error."""

    values: dict[str, object]

    @classmethod
    def read(cls, body: bytes) -> Fields:
        """Read a JSON object; an empty body is an empty object."""
        try:
            values = json.loads(body) if body else {}
        except ValueError:
            raise AdminInputError("the body is not JSON") from None
        if not isinstance(values, dict):
            raise AdminInputError("the body must be a JSON object")
        return cls(values)

    def has(self, name: str) -> bool:
        """Whether the field is there and not taken yet."""
        return name in self.values

    def take(self, name: str) -> object:
        """Take a field, or None."""
        return self.values.pop(name, None)

    def text(self, name: str, default: str | None = None) -> str:
        """Take a text; without a default it must be there."""
        value = self.values.pop(name, default)
        if not isinstance(value, str):
            raise AdminInputError(f"{name} must be a text")
        return value

    def number(self, name: str, default: float) -> float:
        """Take a number of 0 or more."""
        value = self.values.pop(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise AdminInputError(f"{name} must be a number")
        if not (value >= 0 and math.isfinite(value)):
            raise AdminInputError(f"{name} must be 0 or more")
        return float(value)

    def flag(self, name: str) -> bool:
        """Take a true or false."""
        value = self.values.pop(name, None)
        if not isinstance(value, bool):
            raise AdminInputError(f"{name} must be true or false")
        return value

    def optional_int(self, name: str, default: int | None = None) -> int | None:
        """Take a whole number of 0 or more, or null."""
        value = self.values.pop(name, default)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise AdminInputError(f"{name} must be a whole number of 0 or more")
        return value

    def texts(self, name: str) -> list[str]:
        """Take a list of texts."""
        value = self.values.pop(name, None)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise AdminInputError(f"{name} must be a list of texts")
        return [str(item) for item in value]

    def done(self) -> None:
        """Refuse what nobody took."""
        if self.values:
            raise AdminInputError(f"unknown: {', '.join(sorted(self.values))}")


def read_phone(fields: Fields, phone: Phone) -> None:
    """Set what the fields name: `behaviour`, `name`, `keys`, `sms_outcome`."""
    behaviour = fields.text("behaviour", phone.behaviour)
    if behaviour not in BEHAVIOURS:
        raise AdminInputError(f"unknown behaviour {behaviour!r}; there are {', '.join(BEHAVIOURS)}")
    name = fields.text("name", phone.name)
    keys = fields.texts("keys") if fields.has("keys") else phone.keys
    if not all(DTMF.issuperset(key) for key in keys):
        raise AdminInputError("keys must be made of 0-9, * and #")
    outcome = (
        _read_outcome(fields.take("sms_outcome"))
        if fields.has("sms_outcome")
        else (phone.sms_outcome)
    )
    fields.done()
    phone.behaviour, phone.name, phone.keys = behaviour, name, keys
    phone.sms_outcome = outcome


def read_keys(fields: Fields) -> str:
    """Read the `digits` of one press."""
    keys = fields.text("digits")
    fields.done()
    if not keys or not DTMF.issuperset(keys):
        raise AdminInputError("digits must be made of 0-9, * and #")
    return keys


def _read_outcome(value: object) -> tuple[str, int | None] | None:
    if value is None:
        return None
    match value:
        case {"status": str() as status, "code": int() | None as code}:
            pass
        case {"status": str() as status}:
            code = None
        case _:
            raise AdminInputError(
                'sms_outcome must be like {"status": "undelivered", "code": 30008}'
            )
    if status not in FINAL_TEXT_STATES:
        raise AdminInputError(f"sms_outcome.status must be one of {', '.join(FINAL_TEXT_STATES)}")
    return status, code


def read_fault(fields: Fields, fault_id: str) -> Fault:
    """Read a fault; `kind` must be there, the rest has defaults."""
    kind = fields.text("kind")
    if kind not in KINDS:
        raise AdminInputError(f"unknown fault {kind!r}; there are {', '.join(KINDS)}")
    fault = Fault(
        fault_id,
        kind,
        method=fields.text("method", "").upper(),
        endpoint=fields.text("endpoint", ""),
        recipient=fields.text("recipient", ""),
        count=fields.optional_int("count", 1),
        skip=fields.optional_int("skip", 0) or 0,
        probability=fields.number("probability", 1.0),
        seconds=fields.number("seconds", 0.0),
        retry_after=fields.optional_int("retry_after", 1),
        status=fields.optional_int("status", 500) or 500,
        code=fields.optional_int("code", ACCOUNT_CODES.get(kind, 20001)) or 20001,
    )
    fields.done()
    if fault.probability > 1:
        raise AdminInputError("probability must be between 0 and 1")
    return fault


def read_settings(fields: Fields, settings: Settings) -> None:
    """Set `timings`, `calls_per_second`, `segments_per_second`, `numbers`, `keys`."""
    calls = fields.number("calls_per_second", settings.calls_per_second)
    segments = fields.number("segments_per_second", settings.segments_per_second)
    numbers = fields.texts("numbers") if fields.has("numbers") else settings.numbers
    if not all(is_e164(number) for number in numbers):
        raise AdminInputError("numbers must be like +15550100000")
    keys = _read_keys(fields.take("keys")) if fields.has("keys") else settings.keys
    timings = fields.take("timings")
    fields.done()
    if timings is not None:
        _set_timings(timings, settings)
    settings.calls_per_second, settings.segments_per_second = calls, segments
    settings.numbers, settings.keys = numbers, keys


def _set_timings(values: object, settings: Settings) -> None:
    if not isinstance(values, dict):
        raise AdminInputError("timings must be an object of seconds")
    each = Fields(dict(values))
    try:
        settings.timings.update({name: each.number(name, 0.0) for name in list(values)})
    except ValueError as error:
        raise AdminInputError(str(error)) from None


def _read_keys(value: object) -> dict[str, ApiKey]:
    if not isinstance(value, dict):
        raise AdminInputError("keys must be an object: SK... to its secret and kind")
    keys: dict[str, ApiKey] = {}
    for sid, entry in value.items():
        if not SID.fullmatch(sid) or not sid.startswith("SK") or not isinstance(entry, dict):
            raise AdminInputError(f"not an API key: {sid!r}")
        each = Fields(dict(entry))
        permissions = each.texts("permissions") if each.has("permissions") else []
        kind = each.text("kind", "standard")
        if kind not in KEY_KINDS:
            raise AdminInputError(f"kind of a key must be one of {', '.join(KEY_KINDS)}")
        keys[sid] = ApiKey(each.text("secret"), kind, frozenset(permissions))
        each.done()
    return keys
