"""A Studio flow definition: the widgets the simulator runs, and what it finds wrong in one.

https://www.twilio.com/docs/studio/flow-definition. Twilio's own validation is `POST
/v2/Flows/Validate` of the real service; this one checks structure and what it would execute.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sandbox.twilio import liquid

NAME = re.compile(r"[a-zA-Z]+[\w+,-]*")
RING_LIMIT, GATHER_LIMIT, DIGITS_LIMIT = 600, 30, 30

# Widget type -> the events it may leave by.
WIDGETS = MappingProxyType(
    {
        "trigger": (
            "incomingMessage",
            "incomingCall",
            "incomingConversationMessage",
            "incomingRequest",
            "incomingParent",
        ),
        "make-outgoing-call-v2": ("answered", "busy", "noAnswer", "failed"),
        "gather-input-on-call": ("keypress", "speech", "timeout"),
        "say-play": ("audioComplete",),
        "split-based-on": ("match", "noMatch"),
        "set-variables": ("next",),
    },
)

CONDITIONS = frozenset(
    {
        "equal_to",
        "not_equal_to",
        "matches_any_of",
        "does_not_match_any_of",
        "is_blank",
        "is_not_blank",
        "regex",
        "contains",
        "does_not_contain",
        "starts_with",
        "less_than",
        "greater_than",
    },
)

# Widget type -> whole-number properties and the highest value of each.
_NUMBERS = MappingProxyType(
    {
        "make-outgoing-call-v2": {"timeout": RING_LIMIT},
        "gather-input-on-call": {
            "timeout": GATHER_LIMIT,
            "number_of_digits": DIGITS_LIMIT,
            "loop": DIGITS_LIMIT,
        },
        "say-play": {"loop": DIGITS_LIMIT},
    },
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong, and where."""

    message: str
    path: str


@dataclass(frozen=True, slots=True)
class State:
    """One widget of a flow."""

    name: str
    type: str
    properties: Mapping[str, object]
    transitions: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """A flow that can be run."""

    initial: str
    states: Mapping[str, State]


@dataclass(slots=True)
class Reading:
    """What became of a definition: the JSON, the flow if it can be run, and all problems."""

    document: object = None
    definition: Definition | None = None
    problems: list[Problem] = field(default_factory=list)


def read_definition(text: str) -> Reading:
    """Read and check a definition; every problem is listed, not only the first."""
    try:
        document = json.loads(text)
    except ValueError:
        return Reading(problems=[Problem("Definition is not valid JSON", "#")])
    reading = Reading(document)
    raw = document.get("states") if isinstance(document, dict) else None
    if not isinstance(raw, list) or not raw:
        reading.problems.append(Problem("states must be a list that is not empty", "#/states"))
        return reading
    states = [_read_state(item, f"#/states/{index}", reading) for index, item in enumerate(raw)]
    known = {state.name: state for state in states if state is not None}
    if len(known) < len(states) and not reading.problems:
        reading.problems.append(Problem("state names must be unique", "#/states"))
    initial = document.get("initial_state")
    if not isinstance(initial, str) or initial not in known:
        reading.problems.append(Problem("initial_state must name a state", "#/initial_state"))
    elif known[initial].type != "trigger":
        reading.problems.append(Problem("initial_state must be a trigger", "#/initial_state"))
    for index, state in enumerate(states):
        if state is not None:
            _check_targets(state, known, f"#/states/{index}/transitions", reading)
    if not reading.problems:
        reading.definition = Definition(str(initial), known)
    return reading


def _read_state(item: object, path: str, reading: Reading) -> State | None:
    match item:
        case {
            "name": str() as name,
            "type": str() as kind,
            "properties": dict() as properties,
            "transitions": list() as transitions,
        } if all(isinstance(each, dict) for each in transitions):
            pass
        case _:
            message = "a state needs name, type, properties and transitions"
            reading.problems.append(Problem(message, path))
            return None
    if not NAME.fullmatch(name):
        reading.problems.append(Problem(f"not a widget name: {name!r}", f"{path}/name"))
    if kind not in WIDGETS:
        reading.problems.append(Problem(f"widget type not simulated: {kind!r}", f"{path}/type"))
        return None
    state = State(name, kind, properties, tuple(transitions))
    _check_properties(state, f"{path}/properties", reading)
    return state


def _check_properties(state: State, path: str, reading: Reading) -> None:
    for name, highest in _NUMBERS.get(state.type, {}).items():
        value = state.properties.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= highest:
            message = f"{name} must be a whole number from 0 to {highest}"
            reading.problems.append(Problem(message, f"{path}/{name}"))
    for template in _templates(state.properties):
        reading.problems += [Problem(text, path) for text in liquid.problems(template)]
    if state.type == "set-variables" and not isinstance(state.properties.get("variables"), list):
        reading.problems.append(Problem("variables must be a list", f"{path}/variables"))
    if state.type == "split-based-on" and not isinstance(state.properties.get("input"), str):
        reading.problems.append(Problem("input must be a text", f"{path}/input"))
    if state.type in {"gather-input-on-call", "say-play"} and not (
        state.properties.get("say") or state.properties.get("play")
    ):
        reading.problems.append(Problem("say or play must be set", path))


def _templates(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for each in value.values() for text in _templates(each)]
    if isinstance(value, list):
        return [text for each in value for text in _templates(each)]
    return []


def _check_targets(state: State, known: Mapping[str, State], path: str, reading: Reading) -> None:
    for index, transition in enumerate(state.transitions):
        place = f"{path}/{index}"
        event, target = transition.get("event"), transition.get("next")
        if event not in WIDGETS[state.type]:
            message = f"{state.type} has no event {event!r}"
            reading.problems.append(Problem(message, f"{place}/event"))
        if target is not None and target not in known:
            reading.problems.append(Problem(f"no state named {target!r}", f"{place}/next"))
        if event == "match":
            _check_conditions(transition.get("conditions"), f"{place}/conditions", reading)


def _check_conditions(conditions: object, path: str, reading: Reading) -> None:
    if not isinstance(conditions, list) or not conditions:
        reading.problems.append(Problem("match needs conditions", path))
        return
    for condition in conditions:
        match condition:
            case {"type": str() as kind, "arguments": [str(), *_], "value": str()}:
                if kind not in CONDITIONS:
                    reading.problems.append(Problem(f"condition not simulated: {kind!r}", path))
            case _:
                message = "a condition needs type, arguments and value"
                reading.problems.append(Problem(message, path))
