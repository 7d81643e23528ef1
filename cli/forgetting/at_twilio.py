"""What Twilio keeps of a person: their messages, their calls, what was said, what they replied."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from cli.telephony import Twilio
from ml_connector.domain.dispatches import Dispatch
from ml_connector.errors import DeliveryError
from ml_connector.twilio.credentials import Sender
from ml_connector.twilio.reading import PAGE_SIZE, Reader
from ml_connector.usecases.ports import Caller


@dataclass(slots=True)
class Records:
    """Removes records at Twilio. What cannot be removed yet is counted, with why.

    Numbers in a record cannot be blanked, so the whole record goes: Twilio's log no longer shows
    that there was a message. Removing what is gone already is no error.
    """

    twilio: Twilio
    removed: int = 0
    kept: list[str] = field(default_factory=list)

    def of_number(self, number: str) -> None:
        """All messages and calls between our sender and a number, both ways."""
        for sid in self._found(lambda: list(self._texts(number))):
            self._try(partial(self.twilio.messenger.remove, sid))
        for sid in self._found(lambda: list(self._calls(number))):
            self._try(partial(self._remove_leg, sid))

    def of_dispatch(self, dispatch: Dispatch) -> bool:
        """The records of one text or call to them; false where some are left."""
        before = len(self.kept)
        if dispatch.sid and not dispatch.voice:
            self._try(lambda: self.twilio.messenger.remove(dispatch.sid))
        elif dispatch.sid:
            self._try(lambda: self._caller_of(dispatch).blank(dispatch.sid))
            for leg in {dispatch.call_sid, dispatch.sid}:
                if leg.startswith("CA"):
                    self._try(partial(self._remove_leg, leg))
        return len(self.kept) == before

    def words_of(self, dispatch: Dispatch) -> bool:
        """The text of what was sent to somebody else about them; false where it is left."""
        before = len(self.kept)
        if dispatch.sid:
            port = self._caller_of(dispatch) if dispatch.voice else self.twilio.messenger
            self._try(lambda: port.blank(dispatch.sid))
        return len(self.kept) == before

    # ----------------------------------------------------------------------------- inside
    def _caller_of(self, call: Dispatch) -> Caller:
        """The secret may name another flow or number by now than when it was placed."""
        return self.twilio.caller.with_sender(call.sender)

    def _texts(self, number: str) -> Iterator[str]:
        """Ours to the number, and its replies to us; others may use the account too."""
        sent = self.twilio.messenger.ours_to(number)
        yield from (message.sid for message in sent)
        messages, sender = self.twilio.connection.messages(), self._sender
        ours = {sender.number, sender.messaging_service} - {""}
        for page in self._reader.pages(
            lambda: messages.page(page_size=PAGE_SIZE, from_=number), messages.get_page
        ):
            yield from self._reader.read(
                lambda page: [x.sid for x in page if {x.to, x.messaging_service_sid} & ours], page
            )

    def _calls(self, number: str) -> Iterator[str]:
        calls, caller = self.twilio.connection.calls(), self._sender.voice_from
        if not caller:
            return
        for page in self._reader.pages(
            lambda: calls.page(page_size=PAGE_SIZE, to=number, from_=caller), calls.get_page
        ):
            yield from self._reader.read(lambda page: [each.sid for each in page], page)

    @property
    def _sender(self) -> Sender:
        return Sender.from_secret(self.twilio.secret)

    def _remove_leg(self, sid: str) -> None:
        self._reader.erase(self.twilio.connection.calls()(sid).delete)

    @property
    def _reader(self) -> Reader:
        return Reader(self.twilio.connection)

    def _found(self, ask: Callable[[], Iterable[str]]) -> list[str]:
        try:
            return list(dict.fromkeys(ask()))
        except DeliveryError as error:
            self.kept.append(error.safe_message)
            return []

    def _try(self, remove: Callable[[], None]) -> None:
        try:
            remove()
        except DeliveryError as error:
            self.kept.append(error.safe_message)
        else:
            self.removed += 1
