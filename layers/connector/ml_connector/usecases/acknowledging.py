"""A reply that says *seen*: which text it is about, and what that means for its cases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from ml_connector.domain.approvers import Approver
from ml_connector.domain.audit import Json, entry_after
from ml_connector.domain.cases import Case, CaseState
from ml_connector.domain.phone import fingerprint
from ml_connector.domain.plans import VOICE, snoozed
from ml_connector.domain.replies import REFERENCE_LIFE, InboundText, Reply
from ml_connector.domain.unit_of_work import CaseWrite, Change, ReferenceRecord, SidRecord
from ml_connector.errors import MessageMalformed

from .correlating import joined
from .deciding import decide_and_write
from .dispatch_files import load
from .figures import CONFIRMED, say_took
from .ports import AlertStore
from .steps import DispatchPorts

#: The provider's stamps are whole seconds: a text may be almost so much younger than it says.
_STAMP = timedelta(seconds=1)

#: A bare 1 is looked up in no more than so many of a person's newest texts.
_NEWEST = 20


def acknowledge(
    text: InboundText,
    reply: Reply,
    people: Sequence[Approver],
    ports: DispatchPorts,
    until: datetime,
) -> bool | None:
    """Take note that these people, who share a number, have seen what they were texted.

    None where the reply is about nothing they were texted; false where all of it had ended by
    then. The reply's SID is recorded with the cases. Raises as `decide_and_write`.
    """
    sent = _texted(text, people, ports.alerts)
    if reply.reference:
        record = next((one for one in sent if one.reference == reply.reference), None)
    else:
        record = _newest_open(sent, ports.alerts)
    if record is None:
        return None
    person = next(one for one in people if one.id == record.recipient)
    how = "reply with reference" if reply.reference else "reply"

    def decided() -> Change | None:
        now = ports.clock.now()
        cases = _open_cases(record, ports.alerts)
        if not cases:
            return None
        data: dict[str, Json] = {
            "approver": person.id,
            "dispatch": record.dispatch_id,
            "how": how,
            "sid": text.sid,
        }
        if person.salt:
            data["number"] = fingerprint(person.salt, text.sender)
        return Change(
            ports.new_id(),
            cases=tuple(_write(case, now, data) for case in cases),
            sids=(SidRecord(text.sid, record.dispatch_id),),
        )

    def stored_write_id(change: Change) -> str | None:
        file = ports.alerts.case_file(change.cases[0].case.id)
        return file.case.write_id if file else None

    change = decide_and_write(decided, stored_write_id, ports, until)
    if change is None:
        return False
    ports.telemetry.event(
        "alert_acknowledged",
        case=joined(write.case.id for write in change.cases),
        dispatch=record.dispatch_id,
        approver=person.id,
        state=change.cases[0].case.state.value,
    )
    confirmed = [one.case for one in change.cases if one.case.state is CaseState.CONFIRMED]
    say_took(CONFIRMED, confirmed, ports.clock.now(), ports.telemetry)
    return True


def _write(case: Case, now: datetime, data: dict[str, Json]) -> CaseWrite:
    state = CaseState.CONFIRMED if case.reply_confirms else CaseState.ACKNOWLEDGED
    after = snoozed(case.reached(state), now)
    told: dict[str, Json] = {**data, "state": after.state.value}
    return CaseWrite(after, entry_after(case.head, case.chain, now, f"case.{state.value}", told))


def _texted(
    text: InboundText, people: Sequence[Approver], store: AlertStore
) -> list[ReferenceRecord]:
    """What these people had been texted when they replied, newest first."""
    since = text.at - REFERENCE_LIFE
    found = [
        one for person in people if person.active for one in store.references(person.id, since)
    ]
    return sorted(
        (one for one in found if one.at < text.at + _STAMP), key=lambda one: one.at, reverse=True
    )


def _newest_open(sent: Sequence[ReferenceRecord], store: AlertStore) -> ReferenceRecord | None:
    """The newest text with a case that goes on: what a bare 1 is about.

    None where a call is planned for one of its cases. There a 1 could be meant for the call, so a
    text has to name its reference.
    """
    for record in sent[:_NEWEST]:
        cases = _open_cases(record, store)
        if cases:
            return None if any(_calls(cases)) else record
    return None


def _calls(cases: Sequence[Case]) -> Iterator[bool]:
    for case in cases:
        for planned in case.plan:
            yield planned.step.channel == VOICE


def _open_cases(record: ReferenceRecord, store: AlertStore) -> tuple[Case, ...]:
    """The cases of a text's members that have not ended."""
    try:
        file = load(store, record.dispatch_id)
    except MessageMalformed:
        return ()
    return tuple(case for case in file.cases if not case.state.ended)
