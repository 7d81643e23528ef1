"""Who wants no more texts, and who wants them again: what people said themselves.

Twilio keeps such a list too and refuses texts to whoever is on it (21610). Ours is written as soon
as we hear of it, so that nothing more is tried, somebody else can be told, and the audit knows.
Each change is one transaction: the person's row, an entry of their chain, and for an opt-out the
texts that tell who leads accounts payable of it. Of very many people with one number, each are
written in their turn; and where there are more texts than one transaction holds, those it does not
are written before it. Their ids come from what they are about, so whoever dies in between leaves
nothing that the next look does not make up for, and nobody is told twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import Json, entry_after
from ml_connector.domain.frozen import frozen
from ml_connector.domain.phone import fingerprint
from ml_connector.domain.unit_of_work import Change, PersonWrite, SidRecord

from .commit import commit_if_first
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

#: So many people are written in one transaction, two parts each, with so many notices, four parts
#: each: 40 and 56 of the hundred it may have, and the reply's SID.
TOGETHER, MOST_NOTICES = 20, 14

#: What the SIDs of replies are recorded for that are about a person and not about a dispatch.
PERSON = "person"


@frozen
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
    """Write the wish for all these people; the ids of those it changed anything for.

    The reply's SID is recorded with it, so that it is acted on once. Where it changes nothing,
    nothing is written. An opt-out that was not the person's own word is not theirs to take back.
    Raises as `decide_and_write`.
    """
    heard = frozenset(people)
    all_of_them = tuple(dict.fromkeys(people))
    changed: list[str] = []
    for start in range(0, len(all_of_them), TOGETHER):
        some = all_of_them[start : start + TOGETHER]
        # Recorded with the last of them: until then it is new to whoever looks.
        last = start + TOGETHER >= len(all_of_them)
        sid = wish.reply if last else ""
        change = decide_and_write(
            partial(_decided, wish, some, heard, sid, ports, until),
            partial(_stored_write_id, ports),
            ports,
            until,
        )
        changed += [write.approver.id for write in change.people] if change else []
    for approver in changed:
        if wish.texts:
            ports.telemetry.event("approver_opted_in", approver=approver, source=wish.source)
        else:
            ports.telemetry.warning("approver_opted_out", approver=approver, source=wish.source)
    return tuple(changed)


def _decided(
    wish: Wish,
    people: Sequence[str],
    heard: frozenset[str],
    sid: str,
    ports: DispatchPorts,
    until: datetime,
) -> Change | None:
    now = ports.clock.now()
    found = (ports.approvers.approver(approver) for approver in people)
    concerned = [who for who in found if who and _concerns(wish, who)]
    if not concerned:
        return None
    made = [_change(wish, who, heard, ports, now) for who in concerned]
    told = [notice for _, notices in made for notice in notices]
    with_them = told[:MOST_NOTICES]
    for start in range(MOST_NOTICES, len(told), MOST_NOTICES):
        _tell_before(told[start : start + MOST_NOTICES], ports, until)
    return _change_of(
        with_them,
        ports,
        people=tuple(write for write, _ in made),
        sids=(SidRecord(sid, PERSON),) if sid else (),
    )


def _stored_write_id(ports: DispatchPorts, change: Change) -> str | None:
    stored = ports.approvers.approver(change.people[0].approver.id)
    return stored.write_id if stored else None


def _tell_before(notices: Sequence[Notice], ports: DispatchPorts, until: datetime) -> None:
    """Write what one transaction with the person has no room for, but for what is there already."""
    if commit_if_first(_change_of(notices, ports), ports, until):
        return
    cases = ports.alerts.case_file
    missing = [notice for notice in notices if cases(notice.case.case.id) is None]
    if missing:
        commit_if_first(_change_of(missing, ports), ports, until)


def _change_of(notices: Sequence[Notice], ports: DispatchPorts, **more: Any) -> Change:  # noqa: ANN401 - parts of a Change
    return Change(
        ports.new_id(),
        cases=tuple(notice.case for notice in notices),
        alerts=tuple(notice.alert for notice in notices),
        dispatches=tuple(notice.dispatch for notice in notices),
        **more,
    )


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
    # The reply's own, where there is one: told once, however often it takes to write it.
    cause = wish.reply or f"{person.head.seq}#"
    from .notices import opt_out_notices  # noqa: PLC0415 - few ever opt out

    notices = opt_out_notices(after, cause, heard, ports, now)
    data["told"] = [notice.dispatch.recipient for notice in notices]
    if not notices:
        ports.telemetry.warning("opt_out_told_to_nobody", approver=person.id)
    entry = entry_after(person.head, person.chain, now, "person.opted_out", data)
    return PersonWrite(after, entry), notices
