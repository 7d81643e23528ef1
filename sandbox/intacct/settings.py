"""What can be set for one simulated company, with the reason a test would."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace

from .clock import from_iso

LEVELS = ("control", "function", "html")


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance window: from, until (epoch seconds), and at which level it shows."""

    begin: int
    end: int
    level: str = "control"


@dataclass(frozen=True, slots=True)
class Settings:
    """One company's habits. Patched through the admin API, never in place."""

    active: bool = True
    """False: GW-0011, as for a tenant that is gone."""
    utc_offset: int = 0
    """Minutes east of UTC of the API users' preference; stamps are written and read in it."""
    locale: str = "en_US"
    date_format: str = "/mdY"
    clock: str = "24"
    session_seconds: int = 21_600
    """How long a session lives after its last use."""
    lock_after: int = 10
    """Wrong passwords in a row before a user is locked out; 0 never locks."""
    per_company: int = 8
    """Requests in flight at once before GW-0010."""
    per_sender: int = 6
    endpoint: str = ""
    """URL that getAPISession answers with; empty is the one that was called."""
    node: str = ""
    """Path prefix of that URL instead of a whole one: `na12` gives /na12/ia/xml/xmlgw.phtml."""
    formatting_offset: str = ""
    """What readUserFormatting says instead of the true offset, for a preference that misleads."""
    audit_key_suffix: str = ""
    """Put after OBJECTKEY in AUDITHISTORY, which some records carry: `--REC`."""
    payment_state_codes: bool = False
    """APPYMT.STATE as raw code in `query` too."""
    multi_entity: bool = True
    omit: tuple[str, ...] = ()
    """Elements this company's replies leave out."""
    denied: tuple[str, ...] = ()
    """Objects the API user may not read; lookup and inspect still describe them."""
    absent: tuple[str, ...] = ()
    """`OBJECT.FIELD` this tenant does not have: gone from lookup, unknown to queries."""
    senders: tuple[str, ...] = ("sandbox-sender",)
    """Sender ids authorised in this company."""
    maintenance: tuple[Window, ...] = field(default=())

    def patched(self, changes: dict[str, object]) -> Settings:
        """A copy with these settings changed. Raises ValueError naming the setting."""
        known = {entry.name for entry in fields(self)}
        cleaned: dict[str, object] = {}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"{name}: no such setting; there are {', '.join(sorted(known))}")
            cleaned[name] = _READERS.get(name, _like(getattr(self, name)))(name, value)
        return replace(self, **cleaned)  # type: ignore[arg-type]


def offset_text(minutes: int) -> str:
    """An offset as Intacct writes it: `+09:30`."""
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _offset(name: str, value: object) -> int:
    match = re.fullmatch(r"([+-])(\d\d):?([0-5]\d)", str(value))
    if match is None:
        raise ValueError(f"{name}: {value!r} is not an offset like +0930 or -07:00")
    minutes = int(match[2]) * 60 + int(match[3])
    return -minutes if match[1] == "-" else minutes


def _windows(name: str, value: object) -> tuple[Window, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{name}: a list of {{from, to, level}} is needed")  # noqa: TRY004
    windows: list[Window] = []
    for entry in value:
        if not isinstance(entry, dict) or not {"from", "to"} <= set(entry):
            raise ValueError(f"{name}: each window has from and to")
        level = str(entry.get("level", "control"))
        if level not in LEVELS:
            raise ValueError(f"{name}: level is one of {', '.join(LEVELS)}")
        windows.append(Window(from_iso(str(entry["from"])), from_iso(str(entry["to"])), level))
    return tuple(windows)


Reader = Callable[[str, object], object]


def _like(present: object) -> Reader:
    if isinstance(present, bool):
        return _boolean
    if isinstance(present, int):
        return _integer
    return _words if isinstance(present, tuple) else _text


def _boolean(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name}: true or false is needed")  # noqa: TRY004
    return value


def _integer(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name}: a whole number of 0 or more is needed")
    return value


def _words(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise ValueError(f"{name}: a list of texts is needed")
    return tuple(value)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name}: a text is needed")  # noqa: TRY004
    return value


_READERS: dict[str, Reader] = {"utc_offset": _offset, "maintenance": _windows}
