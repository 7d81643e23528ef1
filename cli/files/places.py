"""Where in a YAML or JSON file something stands, and what the file says.

YAML as version 1.2 has it where it matters: `on`, `yes` and `no` are words, and a number with
decimals stays the text it was written as, for floats are not exact.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import yaml

from cli.console.failures import Failure

from .yaml_words import place_and_words

#: Characters; the largest flow anybody would read is far below it.
LONGEST_FILE = 512 * 1024
_NO_ALIASES = "aliases (*) are not taken here: a pattern that begins with * goes in quotes"


class _Loader(yaml.SafeLoader):
    """Plain scalars, lists and mappings, and nothing that YAML 1.1 makes of them beside."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401
        """Refuse what would let a small file become a huge one."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, _NO_ALIASES, event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Refuse a key given twice: one of the two would be lost without a word."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"{key.value!r} is there twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("(?:true|false)$"), ["t", "f"])
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile("-?(?:0|[1-9][0-9]*)$"), list("-0123456789")
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("(?:null|~|)$"), ["n", "~", ""])


@dataclass(frozen=True, slots=True)
class Content:
    """What a file says, and the tree to find lines in."""

    name: str
    body: Any
    tree: yaml.Node | None

    def line_of(self, place: str) -> int:
        """The line of a place such as `rules[2] "large bills".when.amount: why`, from 1.

        As much of it as can be found counts; what follows is ignored.
        """
        return _line(self.tree, place) if self.tree is not None else 1


def load(text: str, name: str) -> Content:
    """Read YAML, or JSON, which is YAML too. Raises Failure naming file, line and column."""
    if len(text) > LONGEST_FILE:
        raise Failure(f"{name}: {len(text):,} characters are more than {LONGEST_FILE:,}")
    if name.lower().endswith(".json"):
        # YAML takes no tabs before a key; JSON does, and outside of texts they mean nothing.
        text = text.replace("\t", "  ")
    try:
        loader = _Loader(text)
        tree = loader.get_single_node()
        body = None if tree is None else loader.construct_document(tree)
    except yaml.MarkedYAMLError as error:
        where, what = place_and_words(error, text)
        raise Failure(f"{name}:{where}: {what}" if where else f"{name}: {what}") from error
    except yaml.YAMLError as error:
        raise Failure(f"{name}: holds characters that YAML does not allow") from error
    except RecursionError as error:
        raise Failure(f"{name}: nested too deeply") from error
    return Content(name, body, tree)


def _line(node: yaml.Node, place: str) -> int:
    line = node.start_mark.line + 1
    while True:
        step = _into(node, place)
        if step is None:
            return _unknown_key(node, place) or line
        node, line, place = step


def _into(node: yaml.Node, place: str) -> tuple[yaml.Node, int, str] | None:
    """One step down: the node, its line, and the rest of the place."""
    if isinstance(node, yaml.SequenceNode):
        match = re.match(r"\[(\d+)\]", place)
        if match is None or not 0 < int(match[1]) <= len(node.value):
            return None
        found = node.value[int(match[1]) - 1]
        return found, found.start_mark.line + 1, _after_name(found, place[match.end() :])
    if isinstance(node, yaml.MappingNode):
        place = place.removeprefix(".")
        fitting = [
            (key, value)
            for key, value in node.value
            if place.startswith(str(key.value)) and re.match(r"[.\[: ]|$", place[len(key.value) :])
        ]
        if fitting:
            key, value = max(fitting, key=lambda pair: len(pair[0].value))
            return value, key.start_mark.line + 1, place[len(key.value) :]
    return None


def _after_name(node: yaml.Node, rest: str) -> str:
    """A rule's place repeats its name: ` "large bills"`, whatever characters that has."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "name" and rest.startswith(f' "{value.value}"'):
                return rest.removeprefix(f' "{value.value}"')
    return rest


def _unknown_key(node: yaml.Node, complaint: str) -> int | None:
    """The line of the key that a complaint about an unknown key names."""
    match = re.search("unknown key '(.+?)'", complaint)
    if match and isinstance(node, yaml.MappingNode):
        for key, _ in node.value:
            if str(key.value) == match[1]:
                return int(key.start_mark.line) + 1
    return None
