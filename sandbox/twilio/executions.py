"""Running a Studio flow: one execution walks from widget to widget, on the phone's answers."""

from __future__ import annotations

import copy
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.twilio import liquid
from sandbox.twilio.calls import FINAL, WAITING, CallDraft
from sandbox.twilio.calls_api import check_call_numbers
from sandbox.twilio.errors import ApiError
from sandbox.twilio.ids import new_sid
from sandbox.twilio.line import Prompt

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sandbox.twilio.calls import Call
    from sandbox.twilio.flow_definition import Definition, State
    from sandbox.twilio.line import Line
    from sandbox.twilio.wire import Json
    from sandbox.twilio.world import World

# https://www.twilio.com/docs/studio/user-guide/studio-faq
STEP_LIMIT, SAME_WIDGET_LIMIT = 1000, 10
GATHER_TIMEOUT, RING_TIMEOUT = 5, 60
UNANSWERED = {"busy": "busy", "no-answer": "noAnswer", "failed": "failed", "canceled": "failed"}


@dataclass(frozen=True, slots=True)
class Step:
    """One transition that was taken, with the context as it stood then."""

    sid: str
    sequence: int
    event: str
    source: State
    target: str | None
    at: datetime
    context: Json


@dataclass(slots=True)
class Execution:
    """One run of a flow for one contact. `initiated_by` is the SID of what started it."""

    sid: str
    sequence: int
    flow_sid: str
    flow_version: int
    to: str
    sender: str
    initiated_by: str
    created: datetime
    updated: datetime
    listed_at: datetime
    context: dict[str, Json]
    contact_sid: str = field(default_factory=lambda: new_sid("FC"))
    status: str = "active"
    steps: list[Step] = field(default_factory=list)
    call: Call | None = None


class Run:
    """Drives one execution; it is also the script of the call the execution makes."""

    def __init__(self, world: World, execution: Execution, definition: Definition) -> None:
        self._world, self.execution = world, execution
        self._definition = definition
        self._at_widget = definition.states[definition.initial]
        self._line: Line | None = None
        self._call_widget: str | None = None
        self._visits: Counter[str] = Counter()
        self._widgets: dict[str, Callable[[State, datetime], None]] = {
            "make-outgoing-call-v2": self._make_call,
            "gather-input-on-call": self._gather,
            "say-play": self._say,
            "split-based-on": self._split,
            "set-variables": self._set_variables,
            "trigger": lambda _, at: self.end(at),
        }

    def start(self, event: str, at: datetime) -> None:
        """Leave the trigger by that event."""
        self._follow(event, at)

    def join(self, call: Call, line: Line, at: datetime) -> None:
        """Start on a call that is already up: the trigger's `incomingCall`."""
        self.execution.call, self._line = call, line
        self._follow("incomingCall", at)

    def end(self, at: datetime) -> None:
        """End the execution and whatever call it still has."""
        execution = self.execution
        if execution.status != "active":
            return
        execution.status, execution.updated = "ended", at
        call = execution.call
        if call is not None and call.status not in FINAL:
            status = "canceled" if call.status in WAITING else "completed"
            self._world.calls.end(call, status, at)

    def answered(self, line: Line, at: datetime) -> None:
        """The call of make-outgoing-call-v2 was picked up."""
        self._line = line
        self._note_call(line.call, "in-progress")
        self._follow("answered", at)

    def ended(self, call: Call, at: datetime) -> None:
        """The call is over: an unanswered one has its branch, a hang-up ends the execution."""
        if self.execution.status != "active":
            return
        if call.answered is None:
            self._note_call(call, call.status)
            self._follow(UNANSWERED.get(call.status, "failed"), at)
        else:
            self.end(at)

    def _enter(self, name: str, at: datetime) -> None:
        self._visits[name] += 1
        steps = len(self.execution.steps)
        if self._visits[name] > SAME_WIDGET_LIMIT or steps >= STEP_LIMIT:
            self.end(at)
            return
        state = self._definition.states[name]
        self._at_widget = state
        self._widgets[state.type](state, at)

    def _follow(self, event: str, at: datetime, chosen: str | None = None) -> None:
        """Take a transition; without a next widget, or without a transition, the flow is over."""
        if self.execution.status != "active":
            return
        source = self._at_widget
        target = chosen if chosen is not None else _target(source, event)
        self.execution.updated = at
        self.execution.steps.append(
            Step(
                new_sid("FT"),
                next(self._world.order),
                event,
                source,
                target,
                at,
                copy.deepcopy(dict(self.execution.context)),
            ),
        )
        if target is None:
            self.end(at)
        else:
            self._enter(target, at)

    def _text(self, value: object) -> str:
        return liquid.render(value, self.execution.context) if isinstance(value, str) else ""

    def _widget(self, name: str) -> Json:
        widgets = self.execution.context["widgets"]
        values = widgets.setdefault(name, {})
        return values if isinstance(values, dict) else {}

    def _note_call(self, call: Call, status: str) -> None:
        """Write what Twilio's callback says about a call into its widget's context."""
        if self._call_widget is None:
            return
        values = self._widget(self._call_widget)
        values.update(
            {
                "AccountSid": self._world.settings.account_sid,
                "ApiVersion": "2010-04-01",
                "CallSid": call.sid,
                "CallStatus": status,
                "Called": call.draft.to,
                "Caller": call.draft.sender,
                "Direction": "outbound-api",
                "From": call.draft.sender,
                "To": call.draft.to,
            },
        )
        if call.answered_by is not None:
            values["AnsweredBy"] = call.answered_by

    def _make_call(self, state: State, at: datetime) -> None:
        properties = state.properties
        to, sender = self._text(properties.get("to")), self._text(properties.get("from"))
        try:
            check_call_numbers(self._world, to, sender)
        except ApiError:
            self._follow("failed", at)
            return
        draft = CallDraft(
            to,
            sender,
            timeout=_number(properties.get("timeout"), RING_TIMEOUT),
            detect_machine=properties.get("detect_answering_machine") is True,
        )
        self._call_widget = state.name
        self.execution.call = self._world.calls.place(draft, self, at)
        self._note_call(self.execution.call, "queued")

    def _gather(self, state: State, at: datetime) -> None:
        if self._line is None:
            self.end(at)
            return
        properties = state.properties
        prompt = Prompt(
            self._text(properties.get("say") or properties.get("play")),
            timeout=_number(properties.get("timeout"), GATHER_TIMEOUT),
            digits=_number(properties.get("number_of_digits"), 0) or None,
            finish_on=str(properties.get("finish_on_key") or ""),
            loop=_number(properties.get("loop"), 1),
        )
        self._line.ask(prompt, at, lambda digits, when: self._gathered(state, digits, when))

    def _gathered(self, state: State, digits: str, at: datetime) -> None:
        call = self.execution.call
        self._widget(state.name).update(
            {
                "CallSid": call.sid if call else None,
                "CallStatus": "in-progress",
                "Digits": digits or None,
                "SpeechResult": None,
                "Confidence": None,
            },
        )
        self._follow("keypress" if digits else "timeout", at)

    def _say(self, state: State, at: datetime) -> None:
        if self._line is None:
            self.end(at)
            return
        text = self._text(state.properties.get("say") or state.properties.get("play"))
        self._line.say(text, at, lambda when: self._follow("audioComplete", when))

    def _split(self, state: State, at: datetime) -> None:
        for transition in state.transitions:
            conditions = transition.get("conditions")
            if transition.get("event") != "match" or not isinstance(conditions, list):
                continue
            if all(self._holds(condition) for condition in conditions):
                target = transition.get("next")
                self._follow("match", at, chosen=target if isinstance(target, str) else None)
                return
        self._follow("noMatch", at)

    def _holds(self, condition: Json) -> bool:
        arguments = condition["arguments"]
        argument = self._text(arguments[0]) if isinstance(arguments, list) else ""
        return condition_holds(str(condition["type"]), argument, self._text(condition["value"]))

    def _set_variables(self, state: State, at: datetime) -> None:
        variables = self.execution.context["flow"]["variables"]
        given = state.properties.get("variables")
        if isinstance(variables, dict) and isinstance(given, list):
            for item in given:
                variables[item["key"]] = self._text(item["value"])
        self._follow("next", at)


def _target(state: State, event: str) -> str | None:
    for transition in state.transitions:
        if transition.get("event") == event:
            target = transition.get("next")
            return target if isinstance(target, str) else None
    return None


def _number(value: object, default: int) -> int:
    return value if isinstance(value, int) else default


def condition_holds(kind: str, argument: str, value: str) -> bool:
    """Decide one condition of a split. Texts are compared without regard to case or blanks."""
    left, right = argument.strip().casefold(), value.strip().casefold()
    choices = {choice.strip() for choice in right.split(",")}
    tests: dict[str, Callable[[], bool]] = {
        "equal_to": lambda: left == right,
        "not_equal_to": lambda: left != right,
        "matches_any_of": lambda: left in choices,
        "does_not_match_any_of": lambda: left not in choices,
        "is_blank": lambda: not left,
        "is_not_blank": lambda: bool(left),
        "regex": lambda: re.fullmatch(value, argument) is not None,
        "contains": lambda: right in left,
        "does_not_contain": lambda: right not in left,
        "starts_with": lambda: left.startswith(right),
        "less_than": lambda: _compare(left, right) < 0,
        "greater_than": lambda: _compare(left, right) > 0,
    }
    return tests[kind]()


def _compare(left: str, right: str) -> int:
    try:
        difference = float(left) - float(right)
    except ValueError:
        return 0
    return (difference > 0) - (difference < 0)
