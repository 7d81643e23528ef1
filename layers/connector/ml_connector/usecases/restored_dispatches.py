"""The dispatches of a case that catches up on its chain: what is stored of each from now on.

Nothing here is ever made ready to be claimed that may have been claimed before. What the provider
has under a known SID is followed to its end; what may have reached it is *unknown*, and found in
its lists before anything else happens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count

from ml_connector.domain.cases import Alert, Case
from ml_connector.domain.dispatches import Dispatch, DispatchState, Member
from ml_connector.domain.documents import AnyDocument
from ml_connector.domain.frozen import frozen
from ml_connector.domain.ids import dispatch_id
from ml_connector.domain.instants import seconds
from ml_connector.domain.messages import reference_code, renewed_text
from ml_connector.domain.one_text import one_text
from ml_connector.domain.planning import PlanTimes, first_dispatch
from ml_connector.domain.plans import VOICE
from ml_connector.domain.replay import Told
from ml_connector.errors import StoreError
from ml_connector.settings import Timings

from .behind import FIX
from .ports import AlertStore, ApproverStore

#: No dispatch has a higher place in the row of an alert's tries than this.
_MOST_TRIES = 100
#: A bundle, whose first alert may be of another case, is what comes second for it.
_SECOND = 2

_WITH_PROVIDER = (DispatchState.SENT, DispatchState.UNCONFIRMED)
_OPEN = (DispatchState.WAITING, DispatchState.SENDING, DispatchState.UNKNOWN)


@frozen
class Composer:
    """Makes a dispatch of an alert anew.

    Without its `document` there are no words for it: a StoreError is raised, and a later look finds
    the document that a poll recorded; or `anyhow` the text says no more than where to look.
    `fresh` are dispatches as they would be made now for a case that is opened.
    """

    case: Case
    document: AnyDocument | None
    approvers: ApproverStore
    timings: Timings
    now: datetime
    anyhow: bool = False
    fresh: tuple[Dispatch, ...] = ()

    def dispatch(self, told: Told, alerts: Mapping[str, Alert]) -> Dispatch:
        """The dispatch as it was made first, as far as that can be known."""
        carried = [alerts[name] for name in told.alerts if name in alerts]
        first = next((a for a in carried if _sequence(a.id, told.id)), carried[0])
        known = next((one for one in self.fresh if one.id == dispatch_id(first.id, 1)), None)
        made = known or self._made(first)
        reference = reference_code(told.id)
        others = (alert for alert in carried if alert is not first)
        return replace(
            made,
            id=told.id,
            reference=reference,
            text=_text(made, reference),
            members=tuple(Member(self.case.id, alert.id) for alert in (first, *others)),
            sequence=_sequence(first.id, told.id) or _SECOND,
            attempt=told.attempt,
            replaces=told.replaces,
        )

    def phone(self, recipient: str) -> str:
        """Where a person is reached."""
        person = self.approvers.approver(recipient)
        return person.phone if person else ""

    def _made(self, alert: Alert) -> Dispatch:
        person = self.approvers.approver(alert.recipient)
        times = PlanTimes(
            seconds(self.timings.case_lifetime),
            seconds(self.timings.ring_again),
            int(self.timings.validity),
        )
        planned = 0 < alert.step <= len(self.case.plan)
        if planned and self.document is None and not self.anyhow:
            raise StoreError(f"{self.case.document} is not there: the next poll records it; {FIX}")
        if person and self.document and planned:
            return first_dispatch(alert, self.case, self.document, person, self.now, times)
        company = self.case.company_name or "Intacct"
        return one_text(
            alert,
            lambda reference: f"{company}: see Intacct. Ref {reference}",
            now=self.now,
            validity_seconds=times.validity_seconds,
            look_at=self.now,
        )


def as_told(
    told: Told, stored: Dispatch | None, alerts: Mapping[str, Alert], composer: Composer
) -> Dispatch | None:
    """The dispatch to be written; None where what is stored already says as much or more."""
    now = composer.now
    if stored is None:
        if not any(name in alerts for name in told.alerts):
            return None
        return _moved(composer.dispatch(told, alerts), told, composer)
    members = _members(stored, told, composer.case)
    if stored.sid or not _says_more(told, stored):
        if members == stored.members:
            return None
        return replace(stored, members=members, version=stored.version + 1)
    after = _moved(replace(stored, members=members), told, composer)
    return replace(after, look_at=after.look_at or _watch(after, now), version=stored.version + 1)


def judged_alone(told: Told, stored: Dispatch | None) -> bool:
    """Whether a bundle was judged not sent while this case did not know that it was in it."""
    if stored is None or stored.sid or stored.state in _OPEN:
        return False
    return told.state in _OPEN


def next_of(alert: Alert, before: Dispatch, composer: Composer, store: AlertStore) -> Dispatch:
    """Another try for one alert alone, in the place of a bundle that was judged not sent."""
    free = (dispatch_id(alert.id, n) for n in count(_SECOND))
    name = next(one for one in free if store.dispatch(one) is None)
    told = Told(name, (alert.id,), attempt=before.attempt, replaces=before.id, due_at=composer.now)
    return _moved(composer.dispatch(told, {alert.id: alert}), told, composer)


def _says_more(told: Told, stored: Dispatch) -> bool:
    if told.sid:
        return True
    return told.state is not stored.state and stored.state in _OPEN


def _moved(dispatch: Dispatch, told: Told, composer: Composer) -> Dispatch:
    """The dispatch in the state that is told of it."""
    now = composer.now
    claimed = told.claimed_at if told.state is not DispatchState.WAITING else None
    due_at = told.due_at or now
    look_at: datetime | None = None
    if told.state is DispatchState.WAITING:
        look_at = max(now, due_at) + seconds(composer.timings.ring_again)
    elif told.state is DispatchState.UNKNOWN or told.state in _WITH_PROVIDER:
        look_at = now
    return replace(
        dispatch,
        state=told.state,
        attempt=told.attempt,
        due_at=due_at,
        look_at=look_at,
        claim_token="",  # nosec B106 # nobody holds a claim on it
        claimed_at=(claimed or now) if told.state is DispatchState.UNKNOWN else claimed,
        to=composer.phone(dispatch.recipient) if claimed or told.sid else "",
        sid=told.sid,
        sent_at=told.sent_at,
        error_code=told.error_code,
        empty_lists=0,
        last_empty_at=None,
        reason="caught up on its audit chain" if told.state is DispatchState.UNKNOWN else "",
    )


def _watch(after: Dispatch, now: datetime) -> datetime | None:
    """Nothing that is open is ever out of sight."""
    return now if not after.state.settled else None


def _members(stored: Dispatch, told: Told, case: Case) -> tuple[Member, ...]:
    own = (Member(case.id, name) for name in told.alerts)
    return tuple(dict.fromkeys((*stored.members, *own)))


def _sequence(alert: str, dispatch: str) -> int:
    """The place of a dispatch in the row of an alert's tries; 0 where it is none of its."""
    places = range(1, _MOST_TRIES)
    return next((n for n in places if dispatch_id(alert, n) == dispatch), 0)


def _text(made: Dispatch, reference: str) -> str:
    if made.channel == VOICE:
        return made.text
    return renewed_text(made.text, made.reference, reference)


def joined(stored: Dispatch | None, after: Dispatch | None, alerts: Sequence[Alert]) -> list[Alert]:
    """The alerts that came to a dispatch that the provider has already."""
    if stored is None or after is None or not stored.sid:
        return []
    known = {member.alert_id for member in stored.members}
    added = {member.alert_id for member in after.members} - known
    return [alert for alert in alerts if alert.id in added]
