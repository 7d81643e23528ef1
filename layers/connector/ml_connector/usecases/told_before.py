"""Which alerts of a dispatch were told before tables were restored, as the provider's texts say.

A text of one alert is known by its reference. One of several bears that of its first alone: it
tells of those it names, and where it counts more than it names, of any that was there when it was
sent. To send those again would be a guess: their plans go on as after any text, and an operator is
told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from ml_connector.domain import dispatches as d
from ml_connector.domain.audit import Json
from ml_connector.domain.bundle_reading import Tells, tells_of
from ml_connector.domain.bundles import Item
from ml_connector.domain.cases import Case, StopReason
from ml_connector.domain.delivery import NOT_ARRIVED, ProviderMessage
from ml_connector.domain.dispatches import DispatchState
from ml_connector.domain.documents import AnyDocument, Document
from ml_connector.domain.events import EventKind
from ml_connector.domain.ids import dispatch_id
from ml_connector.domain.instants import seconds
from ml_connector.domain.messages import reference_code, reference_in

from .bundle_texts import documents_of, may_join
from .dispatch_files import DispatchFile, Step
from .steps import DispatchPorts, take
from .thinning import follower_of

#: So many tries of one alert are looked for; a bundle is the second of its first alert.
MOST_TRIES = 12
#: Why an alert is left out.
TOLD = "told before tables were restored"


class TextsBefore:
    """Texts to a dispatch's number that nobody wrote down, and what they are to its alerts.

    Raises StoreUnavailable where the documents they speak of cannot be read.
    """

    def __init__(
        self, file: DispatchFile, texts: Sequence[ProviderMessage], ports: DispatchPorts
    ) -> None:
        self._file = file
        self._texts = texts
        self._ports = ports
        self._codes = {
            member.alert_id: {
                reference_code(dispatch_id(member.alert_id, place))
                for place in range(1, MOST_TRIES + 1)
            }
            for member in file.open_members
        }

    @cached_property
    def own(self) -> list[ProviderMessage]:
        """Tries of this dispatch, its very own first: each told of all of its alerts."""
        codes = set().union(*self._codes.values())
        own = self._file.dispatch.reference
        found = [
            text
            for text in self._texts
            if reference_in(text.body) in codes
            and all(self._told_by(text, alert) for alert in self._codes)
        ]
        return sorted(found, key=lambda text: reference_in(text.body) != own)

    @cached_property
    def told(self) -> dict[str, str]:
        """The alerts that other texts told of, each with the SID of one that did not fail."""
        texts = [text for text in self._texts if text.status not in NOT_ARRIVED]
        found: dict[str, str] = {}
        for alert in self._codes:
            said = {text.sid: self._told_by(text, alert) for text in texts}
            best = max(said, key=lambda sid: said[sid], default="")
            if best and said[best]:
                found[alert] = best
                if said[best] is Tells.PERHAPS:
                    self._say_perhaps(alert, best)
        return found

    def _told_by(self, text: ProviderMessage, alert: str) -> Tells:
        if reference_in(text.body) in self._codes[alert]:
            return Tells.SURELY
        case = self._cases[alert]
        if not may_join(case) or text.created_at < self._there_since(alert, case):
            return Tells.NOTHING
        item = Item(EventKind(case.kind), case.document, self._documents.get(case.document))
        return tells_of(text.body, item)

    def _say_perhaps(self, alert: str, sid: str) -> None:
        self._ports.telemetry.warning(
            "perhaps_told_before",
            dispatch=self._file.dispatch.id,
            case=self._cases[alert].id,
            sid=sid,
            fix="a text of several that does not name them all: look at it in Twilio's log; to tell"
            " of this one again: ml-connector alerts resend",
        )

    def _there_since(self, alert: str, case: Case) -> datetime:
        """Since when there was something to tell.

        A case that was lost is opened anew, later than its bill came; later steps begin later.
        """
        document = self._documents.get(case.document)
        begun = next(one.created_at for one in self._file.alerts if one.id == alert)
        modified = document.modified if isinstance(document, Document) else None
        if modified and begun <= case.opened_at:
            begun = min(begun, modified)
        return begun - seconds(self._ports.timings.list_lookback)

    @cached_property
    def _cases(self) -> dict[str, Case]:
        cases = {case.id: case for case in self._file.cases}
        return {alert.id: cases[alert.case_id] for alert in self._file.alerts}

    @cached_property
    def _documents(self) -> Mapping[str, AnyDocument]:
        ids = [case.document for case in self._file.cases]
        return documents_of(self._file.dispatch.company, ids, self._ports.documents)


def leave_out(
    dispatch: str, told: Mapping[str, str], ports: DispatchPorts, until: datetime
) -> None:
    """Stop the alerts that were told, and put a dispatch of the others in the place of this one.

    The status check rings for it. `told` has the provider's id for each. Raises as `take`.
    """

    def left_out(file: DispatchFile, now: datetime) -> Step | None:
        if file.dispatch.state is not DispatchState.WAITING:
            return None
        rest = follower_of(_without(file, told), ports, now)
        data: dict[str, Json] = {
            "reason": TOLD,
            "next": rest.id if rest else "",
            "unwanted": list(told),
            "sids": list(dict.fromkeys(told.values())),
        }
        return Step(
            d.settle_not_sent(file.dispatch, reason=TOLD),
            "dispatch.superseded" if rest else "dispatch.suppressed",
            data,
            successor=rest,
            needless=file.needless | frozenset(told),
        )

    if take(dispatch, left_out, ports, until):
        for sid in dict.fromkeys(told.values()):
            ports.telemetry.warning("unrecorded_found", dispatch=dispatch, sid=sid)


def _without(file: DispatchFile, told: Mapping[str, str]) -> DispatchFile:
    """The file as if these alerts were stopped already."""
    files = (
        replace(
            one,
            alerts=tuple(
                alert.stopped(StopReason.NEEDLESS) if alert.id in told else alert
                for alert in one.alerts
            ),
        )
        for one in file.files
    )
    return replace(file, files=tuple(files))
