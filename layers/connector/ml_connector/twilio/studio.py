"""Confirmed calls: one execution of the published flow each, read back by polling.

The flow (flows/voice.json) calls, asks for a key and notes what became of it; its state is read
with three requests once it is over: the execution, its context, its steps. Twilio runs one
execution at a time between two numbers and answers a second with 409: nothing is started then.

A function that sends no call loads this module and little else: what is said and how an ending is
read are loaded by the first who asks.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ml_connector.domain.delivery import CallRequest, CallStatus, ProviderCall, Verdict
from ml_connector.errors import DeliveryError, DeliveryRejected, DeliveryTransient

from .calls import (
    TAKEN,
    call_details,
    hang_up,
    is_call_sid,
    is_execution_sid,
    may_go_on,
    words_of,
)
from .reading import PAGE_SIZE, Reader
from .verdicts import verdict_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .announce import AnnouncingCaller
    from .client import TwilioConnection
    from .contexts import Context, Transition
    from .credentials import Sender

_STATUSES = {"active": CallStatus.ACTIVE, "ended": CallStatus.ENDED}
#: A run of the flow takes some twenty steps.
_STEPS = 100


class StudioCaller:
    """The Caller port over one published flow. Raises only the DeliveryError family.

    `time_left` says how many seconds the function still has; reads then end that much earlier.
    """

    confirms = True

    def __init__(
        self,
        connection: TwilioConnection,
        sender: Sender,
        *,
        time_left: Callable[[], float] | None = None,
    ) -> None:
        self._connection = connection
        self._sender = sender
        self._time_left = time_left
        self._reader = Reader(connection, time_left)

    @property
    def sender(self) -> str:
        """The published flow: its runs are found in its own list alone."""
        return self._sender.voice_flow

    def with_sender(self, sender: str) -> StudioCaller | AnnouncingCaller:
        """The caller for what was placed with that sender; where it is empty, this one."""
        if sender in ("", self.sender):
            return self
        from .earlier import caller_with  # noqa: PLC0415 - only after the secret was changed

        return caller_with(sender, self._connection, self._sender, self._time_left) or self

    def place_call(self, request: CallRequest, timeout: float) -> ProviderCall:
        """Start one call, once: never repeated here. `timeout` in seconds, the whole request.

        Raises DeliveryBusy while another call of ours to that number is going on.
        """
        parameters = parameters_of(request, words_of(request, self._sender))
        create = self._executions().create
        execution = self._reader.create(
            timeout,
            lambda: _call(
                create(to=request.to, from_=self._sender.voice_from, parameters=parameters)
            ),
        )
        return replace(execution, dispatch_id=request.dispatch_id)

    def list_started_since(self, since: datetime) -> Iterator[ProviderCall]:
        """All our calls started at or after `since` (to the second): active, or ended.

        In Twilio's order, newest first; one that is met again is given once.
        """
        since = since.astimezone(UTC).replace(microsecond=0)
        executions, seen = self._executions(), set[str]()
        pages = self._reader.pages(
            lambda: executions.page(date_created_from=since, page_size=PAGE_SIZE),
            executions.get_page,
        )
        for page in pages:
            for call in self._reader.read(lambda page: [_call(each) for each in page], page):
                if call.created_at >= since and call.sid not in seen:
                    seen.add(call.sid)
                    yield call

    def list_to(
        self,
        to: str,
        since: datetime,
        *,
        whole: bool = True,  # noqa: ARG002 - as the port says
    ) -> Iterator[ProviderCall]:
        """Our calls to one number started at or after `since`, each with what it carries.

        Costs a request for each of them. Raises DeliveryTransient for one whose data cannot be
        read yet: that it is not the call looked for would be a guess. Runs have their date from
        the start, so the list is always `whole`.
        """
        for call in self.list_started_since(since):
            if call.to == to:
                context = self._context(call.sid)
                if context is None:
                    raise DeliveryTransient("Twilio lists a call and cannot show its data")
                yield _carrying(call, context)

    def outcome(self, sid: str) -> ProviderCall | None:
        """One call with how it ended, or None where Twilio does not know it (any more).

        Executions are kept for a month. A plain call, placed before the flow was published, is
        one that was announced.
        """
        if is_call_sid(sid):
            return self.call_details(sid)
        execution = self._execution(sid)
        call = self._reader.found(lambda: _call(execution.fetch()))
        if call is None:
            return None
        context = self._context(sid)
        if context is None:
            if call.status is CallStatus.ENDED:
                raise DeliveryTransient("Twilio knows a call and cannot show its data")
            return call
        if call.status is not CallStatus.ENDED:
            return _carrying(call, context)
        from .contexts import ending  # noqa: PLC0415 - see above

        ended = ending(context, self._steps(sid))
        return ProviderCall(
            sid=sid,
            to=call.to,
            status=ended.status,
            created_at=call.created_at,
            dispatch_id=context.dispatch_id,
            call_sid=context.call_sid,
            answered_by=context.answered_by,
            witness=ended.witness,
        )

    def call_details(self, call_sid: str) -> ProviderCall | None:
        """The leg on the telephone network: its duration, its price and who took it."""
        return call_details(self._connection, self._reader, call_sid)

    def end(self, sid: str) -> None:
        """End a call that is going on, and its leg; one that is over stays as it is."""
        if is_call_sid(sid):
            hang_up(self._connection, self._reader, sid)
            return
        execution = self._execution(sid)
        try:
            self._reader.create(self._reader.budget(), lambda: execution.update(status="ended"))
        except DeliveryError as error:
            found = self._reader.found(lambda: _call(execution.fetch()))
            if found is not None and found.status is not CallStatus.ENDED:
                raise may_go_on(error) from error
        context = self._context(sid)
        if context is not None and context.call_sid:
            hang_up(self._connection, self._reader, context.call_sid)

    def blank(self, sid: str) -> None:
        """Remove the run of the flow, which holds what was said; the leg holds only numbers."""
        if not is_call_sid(sid):
            self._reader.erase(self._execution(sid).delete)

    def judge_call(self, error_code: int | None) -> Verdict:
        """What to do about a call that failed, by its error code."""
        return verdict_on(error_code)

    # ----------------------------------------------------------------------------- inside
    def _executions(self) -> Any:  # noqa: ANN401 - the official classes are untyped
        return self._connection.flow(self._sender.voice_flow).executions

    def _execution(self, sid: str) -> Any:  # noqa: ANN401 - the official classes are untyped
        if not is_execution_sid(sid):
            raise DeliveryRejected("not the SID of an execution: FN and 32 hex digits")
        return self._executions()(sid)

    def _context(self, sid: str) -> Context | None:
        from .contexts import Context  # noqa: PLC0415 - see above

        resource = self._execution(sid).execution_context()
        return self._reader.found(lambda: Context.of(resource.fetch().context))

    def _steps(self, sid: str) -> list[Transition]:
        steps = self._execution(sid).steps
        return self._reader.read(
            lambda: [_transition(step) for step in steps.page(page_size=_STEPS)]
        )


def parameters_of(request: CallRequest, text: str) -> dict[str, str]:
    """What the flow is given: `flow.data` in its templates."""
    from ml_connector.domain.voice_script import prompts  # noqa: PLC0415 - see above

    from .voices import voice_of  # noqa: PLC0415 - see above

    said, voice = prompts(request.language), voice_of(request.language)
    return {
        "dispatch_id": request.dispatch_id,
        "message": text,
        "language": voice.language,
        "voice": voice.name,
        "ask": said.ask,
        "again": said.again,
        "confirmed": said.confirmed,
        "declined": said.declined,
    }


def _carrying(call: ProviderCall, context: Context) -> ProviderCall:
    return replace(
        call,
        dispatch_id=context.dispatch_id,
        call_sid=context.call_sid,
        answered_by=context.answered_by,
        taken=bool(context.answered_by) or context.call_status in TAKEN,
    )


def _transition(official: Any) -> Transition:  # noqa: ANN401 - the official classes are untyped
    from .contexts import Transition  # noqa: PLC0415 - see above

    names = (official.transitioned_from, official.name, official.transitioned_to)
    return Transition(*(name if isinstance(name, str) else "" for name in names))


def _call(official: Any) -> ProviderCall:  # noqa: ANN401 - the official classes are untyped
    """Raises ValueError where an execution has no SID or no date."""
    if not is_execution_sid(official.sid):
        raise ValueError("an execution without a SID")
    if not isinstance(official.date_created, datetime):
        raise ValueError("an execution without a date")  # noqa: TRY004 - see above
    return ProviderCall(
        sid=official.sid,
        to=official.contact_channel_address or "",
        status=_STATUSES.get(str(official.status).strip().lower(), CallStatus.UNKNOWN),
        created_at=official.date_created,
    )
