"""The admin API under `/_sandbox/`: what a test or a demo does to the world, and what it sees.

Open to whoever reaches the loopback port: it guards a simulation.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.twilio.admin_input import (
    AdminInputError,
    Fields,
    read_fault,
    read_keys,
    read_phone,
    read_settings,
)
from sandbox.twilio.numbers import is_e164
from sandbox.twilio.views import message_view, phone_view, record_view

if TYPE_CHECKING:
    from starlette.requests import Request

    from sandbox.twilio.calls import Call
    from sandbox.twilio.phones import Phone
    from sandbox.twilio.wire import Json
    from sandbox.twilio.world import World

Operation = Callable[["Fields", "Request"], "Json"]


class AdminApi:
    """The operations on one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Return every route of the admin API."""
        number = "/_sandbox/phones/{number}"
        table: list[tuple[str, str, Operation]] = [
            ("GET", "/_sandbox/phones", self.list_phones),
            ("GET", number, self.show_phone),
            ("PUT", number, self.set_phone),
            ("POST", f"{number}/reply", self.reply),
            ("POST", f"{number}/press", self.press),
            ("POST", f"{number}/hang_up", self.hang_up),
            ("GET", "/_sandbox/messages", self.list_messages),
            ("GET", "/_sandbox/accepted", self.list_accepted),
            ("GET", "/_sandbox/requests", self.list_requests),
            ("GET", "/_sandbox/faults", self.list_faults),
            ("POST", "/_sandbox/faults", self.add_fault),
            ("DELETE", "/_sandbox/faults", self.clear_faults),
            ("DELETE", "/_sandbox/faults/{fault}", self.remove_fault),
            ("GET", "/_sandbox/clock", self.show_clock),
            ("POST", "/_sandbox/clock", self.set_clock),
            ("GET", "/_sandbox/settings", self.show_settings),
            ("PUT", "/_sandbox/settings", self.set_settings),
            ("POST", "/_sandbox/reset", self.reset),
        ]
        return [
            Route(path, self._wrap(operation), methods=[method])
            for method, path, operation in table
        ]

    def _wrap(self, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            try:
                fields = Fields.read(await request.body())
                self._world.advance()
                return JSONResponse(operation(fields, request))
            except AdminInputError as error:
                return JSONResponse({"error": str(error)}, HTTPStatus.BAD_REQUEST)

        return handle

    def _phone(self, request: Request) -> Phone:
        number = str(request.path_params["number"])
        if not is_e164(number):
            raise AdminInputError(f"not a phone number: {number!r}")
        return self._world.phones.get(number)

    def list_phones(self, _: Fields, __: Request) -> Json:
        """Every phone in use."""
        return {"phones": [phone_view(self._world, phone) for phone in self._world.phones.all()]}

    def show_phone(self, _: Fields, request: Request) -> Json:
        """One phone."""
        return phone_view(self._world, self._phone(request))

    def set_phone(self, fields: Fields, request: Request) -> Json:
        """Set its behaviour, name, keys, or a fixed outcome for texts."""
        phone = self._phone(request)
        read_phone(fields, phone)
        return phone_view(self._world, phone)

    def reply(self, fields: Fields, request: Request) -> Json:
        """Text from the phone, to whom it last heard from unless `to` says otherwise."""
        phone = self._phone(request)
        latest = phone.inbox[-1].sender if phone.inbox else ""
        to = fields.text("to", latest)
        body = fields.text("body")
        fields.done()
        if not self._world.owns(to):
            raise AdminInputError(f"nobody to reply to: {to!r} is not a number of the account")
        message = self._world.messages.receive(phone.number, to, body)
        return {"logged": None if message is None else message_view(message)}

    def press(self, fields: Fields, request: Request) -> Json:
        """Press keys in the call the phone is in, at a prompt that listens."""
        phone = self._phone(request)
        keys = read_keys(fields)
        line = self._talking(phone).line
        if line is None or not line.press(keys, self._world.clock.now()):
            raise AdminInputError(f"nothing listens to the keys of {phone.number} now")
        return phone_view(self._world, phone)

    def hang_up(self, fields: Fields, request: Request) -> Json:
        """Hang up the call the phone is in."""
        fields.done()
        phone = self._phone(request)
        self._world.calls.end(self._talking(phone), "completed", self._world.clock.now())
        return phone_view(self._world, phone)

    def _talking(self, phone: Phone) -> Call:
        call = self._world.calls.with_phone(phone.number)
        if call is None:
            raise AdminInputError(f"{phone.number} is in no call")
        return call

    def list_messages(self, _: Fields, __: Request) -> Json:
        """Every message, newest first, also what Twilio's lists do not show yet."""
        return {"messages": [message_view(message) for message in self._world.messages.all()]}

    def list_accepted(self, _: Fields, request: Request) -> Json:
        """Every accepted create in order, from `?since=` (a seq) on."""
        since = _since(request)
        rows = [record_view(each) for each in self._world.accepted[since:]]
        return {"accepted": rows}

    def list_requests(self, _: Fields, request: Request) -> Json:
        """The request log in order, after `?since=` (a seq)."""
        since = _since(request)
        rows = [record_view(each) for each in self._world.requests if each.seq > since]
        return {"requests": rows}

    def list_faults(self, _: Fields, __: Request) -> Json:
        """The faults in force or spent, and each of their strikes."""
        faults = self._world.faults
        return {
            "faults": [record_view(fault) for fault in faults.faults],
            "firings": [record_view(firing) for firing in faults.firings],
        }

    def add_fault(self, fields: Fields, _: Request) -> Json:
        """Put a fault in force."""
        faults = self._world.faults
        return record_view(faults.add(read_fault(fields, faults.next_id())))

    def clear_faults(self, _: Fields, __: Request) -> Json:
        """Lift all faults; the record of strikes stays."""
        lifted = len(self._world.faults.faults)
        self._world.faults.faults.clear()
        return {"lifted": lifted}

    def remove_fault(self, _: Fields, request: Request) -> Json:
        """Lift one fault."""
        fault_id = str(request.path_params["fault"])
        if not self._world.faults.remove(fault_id):
            raise AdminInputError(f"no such fault: {fault_id!r}")
        return {"lifted": 1}

    def show_clock(self, _: Fields, __: Request) -> Json:
        """The simulator's time and whether it passes by itself."""
        clock = self._world.clock
        return {"now": clock.now().isoformat(), "running": clock.running}

    def set_clock(self, fields: Fields, request: Request) -> Json:
        """Move time forward, stop it or let it run."""
        clock = self._world.clock
        if fields.has("running"):
            if fields.flag("running"):
                clock.run()
            else:
                clock.stop()
        clock.forward(fields.number("forward_seconds", 0.0))
        fields.done()
        self._world.advance()
        return self.show_clock(fields, request)

    def show_settings(self, _: Fields, __: Request) -> Json:
        """Speeds and rates; credentials are not shown."""
        settings = self._world.settings
        timings = settings.timings
        return {
            "account_sid": settings.account_sid,
            "numbers": settings.numbers,
            "calls_per_second": settings.calls_per_second,
            "segments_per_second": settings.segments_per_second,
            "timings": {name: getattr(timings, name) for name in timings.__slots__},
        }

    def set_settings(self, fields: Fields, request: Request) -> Json:
        """Change speeds, rates, numbers or API keys."""
        read_settings(fields, self._world.settings)
        return self.show_settings(fields, request)

    def reset(self, fields: Fields, request: Request) -> Json:
        """Forget messages, calls, phones, faults and logs; time and settings stay."""
        seed = fields.optional_int("seed")
        fields.done()
        self._world.reset(seed)
        return self.show_clock(fields, request)


def _since(request: Request) -> int:
    text = request.query_params.get("since", "0")
    if not text.isascii() or not text.isdigit():
        raise AdminInputError(f"since must be a whole number, not {text!r}")
    return int(text)
