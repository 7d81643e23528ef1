"""Calls that only announce: for accounts without a published flow.

Twilio reads no key from TwiML that came with the call, so such a call is never confirmed: it was
taken by somebody or something. It says its text twice and hangs up. Nothing of ours travels with
it, so one whose answer was lost is known by its number and its time alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ml_connector.domain.delivery import CallRequest, ProviderCall, Verdict
from ml_connector.errors import DeliveryRejected

from .calls import (
    RING_SECONDS,
    call_details,
    hang_up,
    is_call_sid,
    is_execution_sid,
    shown,
    words_of,
)
from .reading import PAGE_SIZE, Reader
from .verdicts import verdict_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .client import TwilioConnection
    from .credentials import Sender
    from .studio import StudioCaller

#: Twilio takes no more with a call.
LONGEST_TWIML = 4000


class AnnouncingCaller:
    """The Caller port over plain calls, for one sender. Raises only the DeliveryError family."""

    confirms = False

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
        """The number calls come from."""
        return self._sender.voice_from

    def with_sender(self, sender: str) -> StudioCaller | AnnouncingCaller:
        """The caller for what was placed with that sender; where it is empty, this one."""
        if sender in ("", self.sender):
            return self
        from .earlier import caller_with  # noqa: PLC0415 - only after the secret was changed

        return caller_with(sender, self._connection, self._sender, self._time_left) or self

    def place_call(self, request: CallRequest, timeout: float) -> ProviderCall:
        """Start one call, once: never repeated here. `timeout` in seconds, the whole request."""
        twiml = twiml_of(words_of(request, self._sender), request.language)
        create = self._connection.calls().create
        return self._reader.create(
            timeout,
            lambda: shown(
                create(
                    to=request.to,
                    from_=self._sender.voice_from,
                    twiml=twiml,
                    timeout=RING_SECONDS,
                )
            ),
        )

    def list_started_since(self, since: datetime) -> Iterator[ProviderCall]:
        """All our calls started at or after `since` (to the second), newest first.

        Ends after the first page whose last call is older.
        """
        since = since.replace(microsecond=0)
        for page in self._pages():
            yield from (call for call in page if call.created_at >= since)
            if page and page[-1].created_at < since:
                return

    def list_to(self, to: str, since: datetime, *, whole: bool = True) -> Iterator[ProviderCall]:
        """Our calls to one number started at or after `since` (to the second), newest first.

        Without a date filter on the wire: a call that waits to be dialled has no start. The list is
        read `whole`, or to the first page that holds nothing new and ends with an older call.
        """
        since = since.replace(microsecond=0)
        for page in self._pages(to=to):
            yield from (call for call in page if call.created_at >= since)
            if not whole and page and page[-1].created_at < since:
                return

    def outcome(self, sid: str) -> ProviderCall | None:
        """One call, or None where Twilio does not know it (any more).

        A run of a flow that is no longer in the secret cannot be read: None as well.
        """
        if is_execution_sid(sid):
            return None
        return self.call_details(sid)

    def call_details(self, call_sid: str) -> ProviderCall | None:
        """The same: its duration, price and who took it."""
        return call_details(self._connection, self._reader, call_sid)

    def end(self, sid: str) -> None:
        """End a call that is going on; one that is over stays as it is."""
        if is_execution_sid(sid):
            return
        if not is_call_sid(sid):
            raise DeliveryRejected("not a call SID: CA and 32 hex digits")
        hang_up(self._connection, self._reader, sid)

    def blank(self, sid: str) -> None:
        """Nothing: a plain call leaves no text with Twilio. A flow's runs end after a month."""

    def judge_call(self, error_code: int | None) -> Verdict:
        """What to do about a call that failed, by its error code."""
        return verdict_on(error_code)

    def _pages(self, **filters: str) -> Iterator[list[ProviderCall]]:
        """The calls of each page, in Twilio's order; one that is met again is given once."""
        if not self._sender.voice_from:
            return
        calls, seen = self._connection.calls(), set[str]()
        filters["from_"] = self._sender.voice_from

        def ours(page: Any) -> list[ProviderCall]:  # noqa: ANN401 - as the official classes
            found = [shown(call) for call in page if call.direction != "inbound"]
            fresh = [call for call in found if call.sid not in seen]
            seen.update(call.sid for call in fresh)
            return fresh

        for page in self._reader.pages(
            lambda: calls.page(page_size=PAGE_SIZE, **filters), calls.get_page
        ):
            yield self._reader.read(ours, page)


def twiml_of(text: str, language: str) -> str:
    """The document of a call that says `text` twice. Raises DeliveryRejected if it is too long."""
    from xml.etree.ElementTree import Element, SubElement, tostring  # noqa: PLC0415 - for calls

    from .voices import voice_of  # noqa: PLC0415 - for calls

    name, tongue = voice_of(language)
    response = Element("Response")
    for pause in (1, 2):
        SubElement(response, "Pause", length=str(pause))
        SubElement(response, "Say", voice=name, language=tongue).text = text
    document = tostring(response, encoding="unicode")
    if len(document) > LONGEST_TWIML:
        raise DeliveryRejected(f"the call's TwiML is longer than {LONGEST_TWIML} characters")
    return document
