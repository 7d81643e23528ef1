"""TwiML given with a call: Say, Play, Pause, Gather, Hangup. Nothing is fetched from anywhere.

https://www.twilio.com/docs/voice/twiml. What Twilio does after a Gather without an action in
inline TwiML is not documented; here the digits are dropped and the next verb runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException, ElementTree

from sandbox.twilio.line import Prompt

if TYPE_CHECKING:
    from datetime import datetime
    from xml.etree.ElementTree import Element

    from sandbox.twilio.calls import Call
    from sandbox.twilio.line import Line

APOLOGY = "We are sorry, an application error has occurred. Goodbye."


@dataclass(frozen=True, slots=True)
class Verb:
    """One instruction, flattened: what to say, how long to wait, what to ask."""

    kind: str
    text: str = ""
    seconds: float = 1.0
    prompt: Prompt | None = None
    action: str = ""


class TwimlError(ValueError):
    """The document is not TwiML that can be run (Twilio: 12100)."""


def read_twiml(document: str) -> list[Verb]:
    """Read a document into verbs; raises TwimlError."""
    try:
        root = ElementTree.fromstring(document)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise TwimlError(str(error)) from error
    if root.tag != "Response":
        raise TwimlError("the root element must be Response")
    return [verb for element in root for verb in _verbs(element)]


def _verbs(element: Element) -> list[Verb]:
    match element.tag:
        case "Say" | "Play":
            return [Verb("say", _spoken(element))] * max(1, _int(element, "loop", 1))
        case "Pause":
            return [Verb("pause", seconds=_int(element, "length", 1))]
        case "Gather":
            return [_gather(element)]
        case "Hangup":
            return [Verb("hang_up")]
        case unknown:
            raise TwimlError(f"verb not simulated: {unknown}")


def _gather(element: Element) -> Verb:
    said = " ".join(_spoken(child) for child in element if child.tag in {"Say", "Play"})
    prompt = Prompt(
        said,
        timeout=_int(element, "timeout", 5),
        digits=_int(element, "numDigits", 0) or None,
        finish_on=element.get("finishOnKey", "#"),
    )
    return Verb("gather", prompt=prompt, action=element.get("action", ""))


def _spoken(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _int(element: Element, name: str, default: int) -> int:
    text = element.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit():
        raise TwimlError(f"{element.tag} {name} must be a whole number, not {text!r}")
    return int(text)


class TwimlScript:
    """Runs a document on a call, verb after verb; the end of the document hangs up."""

    def __init__(self, document: str) -> None:
        try:
            self._verbs = read_twiml(document)
        except TwimlError:
            self._verbs = [Verb("say", APOLOGY)]

    def answered(self, line: Line, at: datetime) -> None:
        """Begin."""
        self._run(line, 0, at)

    def ended(self, call: Call, at: datetime) -> None:
        """Nothing is left to do."""

    def _run(self, line: Line, index: int, at: datetime) -> None:
        verb = self._verbs[index] if index < len(self._verbs) else Verb("hang_up")

        def go_on(when: datetime) -> None:
            self._run(line, index + 1, when)

        match verb.kind:
            case "say":
                line.say(verb.text, at, go_on)
            case "pause":
                line.wait(verb.seconds, at, go_on)
            case "gather" if verb.prompt is not None:
                line.ask(
                    verb.prompt, at, lambda digits, when: self._taken(line, index, digits, when)
                )
            case _:
                line.hang_up(at)

    def _taken(self, line: Line, index: int, digits: str, at: datetime) -> None:
        action = self._verbs[index].action
        if not digits or not action:
            self._run(line, index + 1, at)
            return
        # Twilio would ask the address for more TwiML. The simulator asks nobody: it notes the
        # request as the call's Events show it, and takes the answer to be an empty document.
        line.call.note_request(action, {"digits": digits, "call_status": "in-progress"}, at)
        line.hang_up(at)
