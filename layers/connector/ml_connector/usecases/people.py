"""Who wants no more texts, and who wants them again: what people said themselves.

Twilio keeps such a list too and refuses texts to whoever is on it (21610). Ours is written as soon
as we hear of it, so that nothing more is tried, somebody else can be told, and the audit knows.
Each change is one transaction: the person's row, an entry of their chain, and for an opt-out the
text that tells who leads accounts payable of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import Json, entry_after
from ml_connector.domain.phone import fingerprint
from ml_connector.domain.unit_of_work import Change, PersonWrite, SidRecord

from .deciding import decide_and_write
from .steps import DispatchPorts

if TYPE_CHECKING:
    from ml_connector.domain.notices import Notice

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
        concerned = [who for who in found if who and _concerns(wish, who)]
        if not concerned:
            return None
        heard = frozenset(who.id for who in concerned)
        made = [_change(wish, who, heard, ports, now) for who in concerned]
        told = [notice for _, notices in made for notice in notices]
        return Change(
            ports.new_id(),
            people=tuple(write for write, _ in made),
            sids=(SidRecord(wish.reply, PERSON),) if wish.reply else (),
            cases=tuple(notice.case for notice in told),
            alerts=tuple(notice.alert for notice in told),
            dispatches=tuple(notice.dispatch for notice in told),
        )

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


def _change(
    wish: Wish, person: Approver, heard: frozenset[str], ports: DispatchPorts, now: datetime
) -> tuple[PersonWrite, tuple[Notice, ...]]:
    """What is written for one person, and who is told of it: nobody of those `heard` with them."""
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
    if wish.texts:
        entry = entry_after(person.head, person.chain, now, "person.opted_in", data)
        return PersonWrite(after, entry), ()
    cause = f"{person.head.seq}#{wish.reply}"
    from .notices import opt_out_notices  # noqa: PLC0415 - few ever opt out

    notices = opt_out_notices(after, cause, heard, ports, now)
    data["told"] = [notice.dispatch.recipient for notice in notices]
    if not notices:
        ports.telemetry.warning("opt_out_told_to_nobody", approver=person.id)
    entry = entry_after(person.head, person.chain, now, "person.opted_out", data)
    return PersonWrite(after, entry), notices
