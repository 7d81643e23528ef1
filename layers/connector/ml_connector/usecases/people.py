"""Who wants no more texts, and who wants them again: what people said themselves.

Twilio keeps such a list too and refuses texts to whoever is on it (21610). Ours is written as soon
as we hear of it, so that nothing more is tried, somebody else can be told, and the audit knows.
Each change is one transaction: the person's row, and an entry of their chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import Json, entry_after
from ml_connector.domain.phone import fingerprint
from ml_connector.domain.unit_of_work import Change, PersonWrite, SidRecord

from .deciding import decide_and_write
from .steps import DispatchPorts

#: Where an opt-out was heard of: the person texted it to us.
REPLY = "reply"
#: Twilio refused a text with 21610: the number had replied STOP, whenever that was.
PROVIDER = "provider"

#: What is the person's own word, and theirs to take back.
_OWN_WORD = frozenset({REPLY, PROVIDER})

#: What the SIDs of replies are recorded for that are about a person and not about a dispatch.
PERSON = "person"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a number asked for: texts, or none. `reply` is the SID of the text that said so.

    With a `number`, only people whose it is now are concerned.
    """

    texts: bool
    source: str
    number: str = ""
    reply: str = ""


def opted_out(
    approver_id: str, source: str, ports: DispatchPorts, until: datetime, *, number: str = ""
) -> bool:
    """Take note that a person wants no more texts; false when that was known.

    With `number` only while it is still theirs. Raises StoreConflict or StoreUnavailable when it
    cannot be written until then.
    """
    wish = Wish(texts=False, source=source, number=number)
    return bool(fulfil(wish, [approver_id], ports, until))


def fulfil(
    wish: Wish, people: Sequence[str], ports: DispatchPorts, until: datetime
) -> tuple[str, ...]:
    """Write the wish for all these people at once; the ids of those it changed anything for.

    The reply's SID is recorded with it, so that it is acted on once. Where it changes nothing,
    nothing is written. An opt-out that was not the person's own word is not theirs to take back.
    Raises as `decide_and_write`.
    """

    def decided() -> Change | None:
        now = ports.clock.now()
        found = (ports.approvers.approver(approver) for approver in dict.fromkeys(people))
        writes = tuple(_write(wish, who, now) for who in found if who and _concerns(wish, who))
        sids = (SidRecord(wish.reply, PERSON),) if wish.reply else ()
        return Change(ports.new_id(), people=writes, sids=sids) if writes else None

    def stored_write_id(change: Change) -> str | None:
        stored = ports.approvers.approver(change.people[0].approver.id)
        return stored.write_id if stored else None

    change = decide_and_write(decided, stored_write_id, ports, until)
    changed = tuple(write.approver.id for write in change.people) if change else ()
    for approver in changed:
        if wish.texts:
            ports.telemetry.event("approver_opted_in", approver=approver, source=wish.source)
        else:
            ports.telemetry.warning("approver_opted_out", approver=approver, source=wish.source)
    return changed


def _concerns(wish: Wish, person: Approver) -> bool:
    """Whether the wish is this person's to have, and not fulfilled yet."""
    if wish.number and person.phone != wish.number:
        return False
    if wish.texts:
        return person.opted_out and person.opted_out_by in _OWN_WORD
    return not person.opted_out


def _write(wish: Wish, person: Approver, now: datetime) -> PersonWrite:
    after = replace(
        person,
        opted_out=not wish.texts,
        opted_out_by="" if wish.texts else wish.source,
        version=person.version + 1,
    )
    data: dict[str, Json] = {"source": wish.source}
    if wish.reply:
        data["sid"] = wish.reply
    if person.salt and person.phone:
        data["number"] = fingerprint(person.salt, person.phone)
    kind = "person.opted_in" if wish.texts else "person.opted_out"
    return PersonWrite(after, entry_after(person.head, person.chain, now, kind, data))
