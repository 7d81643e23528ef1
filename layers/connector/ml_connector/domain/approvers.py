"""The people who are told."""

from __future__ import annotations

from datetime import date, datetime

from .audit import ChainHead
from .frozen import frozen
from .hours import EVERY_DAY, WEEKDAYS, Hours, minutes_of
from .phone import fingerprint, is_e164

#: What Lookup may say a number is; an empty text says nobody looked.
LANDLINE = "landline"
#: What a person may be reached by, where nothing else is said.
EVERY_CHANNEL = ("sms", "voice")

_NO_ENTRY = ChainHead()


@frozen
class Approver:
    """One person. `phone` is E.164 or empty; `salt` keys the fingerprints the audit holds.

    The salt lives only in this row: erase the row, and no fingerprint can be tied to a number.
    `user` is the login in Intacct, `cost_centres` department ids whose bills are theirs. `channels`
    are what they may be reached by. `manager` and `substitute` are other people's ids; the
    substitute stands in from `away_from` until the end of `away_until` (None: until further
    notice). `verified_at` is when the number was proven to be theirs, `line_type` what Lookup says
    of it. A person who replied STOP is `opted_out` of texts; `opted_out_by` says where that was
    heard of, and `calls_when_opted_out` whether they may still be called. `welcomed_for` is the
    fingerprint of the number that was told what to expect, before anything else is texted to it.

    Not disturbed during `quiet_hours` (`20:00-08:00` on their own wall, over midnight where the end
    is the earlier), on days that are not among the `working_days` (none named: every day is one)
    and on `holidays`; what is urgent may pass. Where a file named a country for them, `holidays_as`
    is what it said, such as `US-TX;2026-12-24`.

    What happens to a person is in the audit, in the chain `person#<id>`, whose end is `head`: a
    row and its entry are written together (`unit_of_work.PersonWrite`). `version` counts the
    writes, `write_id` names the last one. Of a person who was forgotten nothing is left but the id,
    the chain and `forgotten_at`: the chain has ended, and the id is nobody's any more.
    """

    id: str
    name: str
    phone: str
    salt: str
    active: bool = True
    opted_out: bool = False
    user: str = ""
    cost_centres: tuple[str, ...] = ()
    channels: tuple[str, ...] = EVERY_CHANNEL
    language: str = "en"
    zone: str = ""
    manager: str = ""
    substitute: str = ""
    away_from: date | None = None
    away_until: date | None = None
    verified_at: datetime | None = None
    line_type: str = ""
    consent_on: date | None = None
    consent_source: str = ""
    calls_when_opted_out: bool = False
    opted_out_by: str = ""
    quiet_hours: str = ""
    working_days: tuple[str, ...] = ()
    holidays: tuple[date, ...] = ()
    holidays_as: str = ""
    welcomed_for: str = ""
    version: int = 1
    head: ChainHead = _NO_ENTRY
    write_id: str = ""
    forgotten_at: datetime | None = None

    @property
    def hours(self) -> Hours:
        """When they may be disturbed. ValueError for quiet hours in no form there is."""
        start, end = minutes_of(self.quiet_hours)
        days = frozenset(map(WEEKDAYS.index, self.working_days)) or EVERY_DAY
        return Hours(start, end, days, frozenset(self.holidays))

    @property
    def chain(self) -> str:
        """The name of the person's audit chain."""
        return f"person#{self.id}"

    @property
    def to_be_welcomed(self) -> bool:
        """Whether they agreed to be told, can be texted, and were not told what to expect."""
        agreed = self.consent_on is not None and self.textable
        return agreed and self.welcomed_for != fingerprint(self.salt, self.phone)

    @property
    def textable(self) -> bool:
        """Whether an SMS may be sent."""
        return not self.obstacle

    @property
    def obstacle(self) -> str:
        """Why no SMS may be sent, in words without the number; empty where one may."""
        return self.obstacle_to("sms")

    def obstacle_to(self, channel: str) -> str:
        """Why this channel may not be used, in words without the number; empty where it may."""
        obstacles = (
            (self.forgotten_at is not None, "forgotten"),
            (not self.active, "not active"),
            (not self.phone, "no phone number"),
            (not is_e164(self.phone), "not a phone number in E.164"),
            # Without one, the audit could not say which number was texted.
            (not self.salt, "no salt for the audit's fingerprints"),
            (channel not in self.channels, f"{channel} is not among the person's channels"),
            (channel == "sms" and self.opted_out, "opted out"),
            (channel == "sms" and self.line_type == LANDLINE, "a landline takes no texts"),
            (
                channel == "voice" and self.opted_out and not self.calls_when_opted_out,
                "opted out",
            ),
        )
        return next((words for stands, words in obstacles if stands), "")


def forgotten(person: Approver, at: datetime) -> Approver:
    """What is left of a person who is erased. Without the salt no fingerprint means anything."""
    return Approver(
        person.id,
        "",
        "",
        salt="",
        active=False,
        channels=(),
        language="",
        version=person.version + 1,
        head=person.head,
        forgotten_at=at,
    )
