"""A small client of the admin API: phones as objects, faults, the clock, what was accepted.

admin = TwilioAdmin("http://127.0.0.1:8790")
ann = admin.phone("+15550100001")
ann.turn_off()
admin.fault("error_after", endpoint="messages.create", recipient=ann.number)
ann.expect_sms("Baker Steel", "4711").reply("1")
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Found = TypeVar("Found")
TIMEOUT_SECONDS = 10.0
LOOK_EVERY_SECONDS = 0.02
WITHIN_SECONDS = 5.0


class SandboxError(RuntimeError):
    """The admin API refused a request; the message is its reason."""


class NotSeen(AssertionError):
    """A phone did not show, or did show, what was expected."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """One create the simulated Twilio accepted: `kind` is message, call or execution."""

    seq: int
    at: datetime
    kind: str
    sid: str
    recipient: str
    sender: str
    text: str


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request to the API; `status` None: the connection was reset."""

    seq: int
    at: datetime
    method: str
    path: str
    endpoint: str
    recipient: str
    status: int | None
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """One SMS on a screen. `reply` answers it."""

    phone: PhoneHandle
    sid: str
    sender: str
    body: str
    at: datetime

    def reply(self, body: str) -> None:
        """Text back to whoever sent it."""
        self.phone.reply(body, to=self.sender)


@dataclass(frozen=True, slots=True)
class CallHeard:
    """One call to a phone: what was said, which keys were pressed, how it ended."""

    sid: str
    sender: str
    at: datetime
    answered: bool
    heard: tuple[str, ...]
    pressed: tuple[str, ...]
    status: str


class TwilioAdmin:
    """One simulator, from the outside. Errors of the admin API are `SandboxError`."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        # Proxies of the environment are none of a loopback address's business.
        self._session.trust_env = False

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def call(self, method: str, path: str, body: dict[str, object] | None = None) -> dict[str, Any]:
        """Make one request below `/_sandbox/`."""
        answer = self._session.request(
            method, f"{self.url}/_sandbox/{path}", json=body or {}, timeout=TIMEOUT_SECONDS
        )
        if not answer.ok:
            raise SandboxError(f"{method} {path}: {answer.text}")
        result: dict[str, Any] = answer.json()
        return result

    def phone(self, number: str, name: str = "") -> PhoneHandle:
        """Return the phone with that number; a name is shown on the phone page."""
        handle = PhoneHandle(self, number)
        if name:
            handle.set(name=name)
        return handle

    def reset(self, seed: int | None = None) -> None:
        """Forget messages, calls, phones, faults and logs; `seed` fixes the dice of faults."""
        self.call("POST", "reset", {"seed": seed})

    def fault(self, kind: str, **options: object) -> FaultHandle:
        """Put a fault in force; options are the fields of `faults.Fault`."""
        return FaultHandle(self, str(self.call("POST", "faults", {"kind": kind, **options})["id"]))

    def clear_faults(self) -> None:
        """Lift all faults."""
        self.call("DELETE", "faults")

    def firings(self) -> list[dict[str, Any]]:
        """Return every strike of every fault so far."""
        return list(self.call("GET", "faults")["firings"])

    def now(self) -> datetime:
        """Return the simulator's time."""
        return datetime.fromisoformat(self.call("GET", "clock")["now"])

    def forward(self, seconds: float) -> None:
        """Move the simulator's time forward and let happen what is due."""
        self.call("POST", "clock", {"forward_seconds": seconds})

    def stop_clock(self) -> None:
        """Let time pass only through `forward`."""
        self.call("POST", "clock", {"running": False})

    def run_clock(self) -> None:
        """Let time pass by itself."""
        self.call("POST", "clock", {"running": True})

    def settings(self, **values: object) -> dict[str, Any]:
        """Change speeds, rates, numbers or keys, and return what holds now."""
        return self.call("PUT", "settings", values)

    def accepted(self, since: int = 0) -> list[Accepted]:
        """Return the accepted creates after `since`, in order."""
        rows = self.call("GET", f"accepted?since={since}")["accepted"]
        return [Accepted(**{**row, "at": datetime.fromisoformat(row["at"])}) for row in rows]

    def requests(self, since: int = 0) -> list[LoggedRequest]:
        """Return the requests after `since`, in order."""
        rows = self.call("GET", f"requests?since={since}")["requests"]
        return [
            LoggedRequest(
                **{
                    **row,
                    "at": datetime.fromisoformat(row["at"]),
                    "faults": tuple(row["faults"]),
                },
            )
            for row in rows
        ]

    def screens(self) -> dict[str, list[Text]]:
        """Return what every phone has shown, by number, in one request."""
        return {
            row["number"]: _texts(PhoneHandle(self, row["number"]), row)
            for row in self.call("GET", "phones")["phones"]
        }

    def messages(self) -> list[dict[str, Any]]:
        """Return every message, newest first, also those the API does not list yet."""
        return list(self.call("GET", "messages")["messages"])


class FaultHandle:
    """One fault put in force."""

    def __init__(self, admin: TwilioAdmin, fault_id: str) -> None:
        self._admin, self.id = admin, fault_id

    @property
    def fired(self) -> int:
        """How often it has struck."""
        return sum(firing["fault"] == self.id for firing in self._admin.firings())

    def expect_fired(self, times: int = 1, within: float = WITHIN_SECONDS) -> None:
        """Wait until it has struck that often; `within` is in real seconds."""
        if _await(lambda: self.fired >= times or None, within) is None:
            raise NotSeen(f"{self.id} struck {self.fired} times, not {times}")

    def lift(self) -> None:
        """End it."""
        self._admin.call("DELETE", f"faults/{self.id}")


class PhoneHandle:
    """One phone. What `expect_…` returned once it does not return again."""

    def __init__(self, admin: TwilioAdmin, number: str) -> None:
        self._admin, self.number = admin, number
        self._path = f"phones/{quote(number, safe='+')}"
        self._texts_seen: set[str] = set()
        self._calls_seen: set[str] = set()

    def set(self, **values: object) -> None:
        """Set `behaviour`, `name`, `keys` or `sms_outcome`."""
        self._admin.call("PUT", self._path, values)

    def turn_on(self) -> None:
        """Switch it on."""
        self.set(behaviour="on")

    def turn_off(self) -> None:
        """Switch it off: texts end as undelivered (30003), calls unanswered."""
        self.set(behaviour="off")

    def behave(self, behaviour: str) -> None:
        """Give it any behaviour of `phones.BEHAVIOURS`."""
        self.set(behaviour=behaviour)

    def will_press(self, *keys: str) -> None:
        """Press these in every call to come, one entry for each time a prompt is spoken."""
        self.set(keys=list(keys))

    def press(self, digits: str) -> None:
        """Press keys now, in the call it is in."""
        self._admin.call("POST", f"{self._path}/press", {"digits": digits})

    def hang_up(self) -> None:
        """Hang up the call it is in."""
        self._admin.call("POST", f"{self._path}/hang_up")

    def reply(self, body: str, to: str | None = None) -> None:
        """Text from this phone, to the latest sender unless `to` says otherwise."""
        fields: dict[str, object] = {"body": body}
        if to is not None:
            fields["to"] = to
        self._admin.call("POST", f"{self._path}/reply", fields)

    def inbox(self) -> list[Text]:
        """Return what its screen has shown, oldest first."""
        return _texts(self, self._admin.call("GET", self._path))

    def calls(self) -> list[CallHeard]:
        """Return the calls it got, oldest first."""
        return [
            CallHeard(
                row["sid"],
                row["from"],
                datetime.fromisoformat(row["at"]),
                row["answered"],
                tuple(row["heard"]),
                tuple(row["pressed"]),
                row["status"],
            )
            for row in self._admin.call("GET", self._path)["calls"]
        ]

    def expect_sms(self, *containing: str, within: float = WITHIN_SECONDS) -> Text:
        """Return the next unseen text that holds all of these; wait `within` real seconds."""

        def find() -> Text | None:
            for text in self.inbox():
                if text.sid not in self._texts_seen and _holds(text.body, containing):
                    self._texts_seen.add(text.sid)
                    return text
            return None

        found = _await(find, within)
        if found is None:
            shown = [text.body for text in self.inbox()]
            raise NotSeen(f"{self.number}: no new SMS with {containing}; it shows {shown}")
        return found

    def expect_no_more_sms(self) -> None:
        """Every text on the screen has been expected."""
        unexpected = [text.body for text in self.inbox() if text.sid not in self._texts_seen]
        if unexpected:
            raise NotSeen(f"{self.number}: unexpected {unexpected}")

    def expect_call(self, *containing: str, within: float = WITHIN_SECONDS) -> CallHeard:
        """Return the next unseen call, once it is over, in which all of these were said."""

        def find() -> CallHeard | None:
            for call in self.calls():
                over = call.status not in {"ringing", "in-progress"}
                if over and call.sid not in self._calls_seen and _said(call, containing):
                    self._calls_seen.add(call.sid)
                    return call
            return None

        found = _await(find, within)
        if found is None:
            raise NotSeen(f"{self.number}: no new call with {containing}; it had {self.calls()}")
        return found


def _texts(phone: PhoneHandle, view: dict[str, Any]) -> list[Text]:
    return [
        Text(phone, row["sid"], row["from"], row["body"], datetime.fromisoformat(row["at"]))
        for row in view["inbox"]
    ]


def _holds(text: str, parts: Sequence[str]) -> bool:
    return all(part.casefold() in text.casefold() for part in parts)


def _said(call: CallHeard, parts: Sequence[str]) -> bool:
    return _holds(" ".join(call.heard), parts)


def _await(look: Callable[[], Found | None], within: float) -> Found | None:
    deadline = time.monotonic() + within
    while True:
        found = look()
        if found is not None or time.monotonic() >= deadline:
            return found
        time.sleep(LOOK_EVERY_SECONDS)
