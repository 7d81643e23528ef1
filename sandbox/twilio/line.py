"""The conversation on one answered call: what is said, what is pressed, in simulated time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.twilio.phones import HUMAN

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sandbox.twilio.calls import Call
    from sandbox.twilio.phones import Behaviour, Heard, Phone
    from sandbox.twilio.world import World

    Then = Callable[[datetime], None]
    Pressed = Callable[[str, datetime], None]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question that listens for keys: `timeout` in seconds after each time it is said."""

    text: str
    timeout: float = 5.0
    digits: int | None = None
    finish_on: str = "#"
    loop: int = 1

    def understood(self, keys: str) -> str:
        """Return the digits taken from what was pressed."""
        before, finish, _ = keys.partition(self.finish_on) if self.finish_on else (keys, "", "")
        taken = before if finish else keys
        return taken[: self.digits] if self.digits else taken


class Line:
    """One call seen from the party that speaks on it.

    Nothing scheduled on a line outlives its conversation: hanging up, or taking the line over
    with another script, leaves what was still to come unsaid.
    """

    def __init__(self, world: World, call: Call, phone: Phone, heard: Heard) -> None:
        self._world, self.call = world, call
        self._phone, self._heard = phone, heard
        self._epoch = 0
        self._keys: list[str] = []
        self._listening: tuple[Prompt, Pressed] | None = None

    def open(self, traits: Behaviour) -> None:
        """The callee has answered; a machine presses nothing."""
        self._heard.answered, self._heard.status = True, "in-progress"
        self._keys = list(self._phone.keys) if traits.answered_by == HUMAN else []

    def close(self, status: str) -> None:
        """The call is over."""
        self._heard.status = status
        self.take_over()

    def take_over(self) -> None:
        """Drop what was still to be said or heard."""
        self._epoch += 1
        self._listening = None

    def say(self, text: str, at: datetime, then: Then) -> None:
        """Speak, then go on."""
        self._heard.heard.append(text)
        self._later(at, self._world.settings.timings.say, then)

    def wait(self, seconds: float, at: datetime, then: Then) -> None:
        """Be silent, then go on."""
        self._later(at, seconds, then)

    def ask(self, prompt: Prompt, at: datetime, then: Pressed) -> None:
        """Speak and listen; go on with the digits, empty when none came."""
        self._listening = (prompt, then)
        self._ask_once(prompt, prompt.loop or 1, at)

    def press(self, keys: str, at: datetime) -> bool:
        """Let the callee press keys now; false when nothing listens."""
        if self._listening is None:
            return False
        prompt, then = self._listening
        self.take_over()
        self._heard.pressed.append(keys)
        then(prompt.understood(keys), at)
        return True

    def hang_up(self, at: datetime) -> None:
        """End the call from Twilio's side."""
        self._world.calls.end(self.call, "completed", at)

    def _ask_once(self, prompt: Prompt, left: int, at: datetime) -> None:
        timings = self._world.settings.timings
        if prompt.text:
            self._heard.heard.append(prompt.text)
        spoken = timings.say if prompt.text else 0.0
        if self._keys and (keys := self._keys.pop(0)):
            self._later(at, spoken + timings.press, lambda when: self._press(keys, when))
            return
        silence = spoken + min(prompt.timeout, timings.gather)
        if left > 1:
            self._later(at, silence, lambda when: self._ask_once(prompt, left - 1, when))
        else:
            self._later(at, silence, self._give_up)

    def _press(self, keys: str, at: datetime) -> None:
        self.press(keys, at)

    def _give_up(self, at: datetime) -> None:
        if self._listening is not None:
            _, then = self._listening
            self._listening = None
            then("", at)

    def _later(self, at: datetime, seconds: float, then: Then) -> None:
        epoch = self._epoch

        def go_on(when: datetime) -> None:
            if epoch == self._epoch:
                then(when)

        self._world.agenda.after(at, seconds, go_on)
