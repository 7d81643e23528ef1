"""Reading CloudFormation templates: the YAML with its short tags, and values in their stack.

Only what this project's templates use: Ref, Sub, GetAtt, FindInMap, If, Join and the conditions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

Json = Any


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads it: `!Ref X` is `{"Ref": "X"}`, and a date stays text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _intrinsic(loader: _Loader, tag: str, node: yaml.Node) -> Json:
    value: Json
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _intrinsic)


def load(path: Path) -> dict[str, Json]:
    """The template in `path`, with every short tag in its long form."""
    with path.open(encoding="utf-8") as file:
        loaded: dict[str, Json] = yaml.load(file, Loader=_Loader)  # nosec B506 # noqa: S506 - a SafeLoader
    return loaded


class Resolver:
    """Answers what a value of a template is in one stack.

    `names` answers Ref: parameters, pseudo parameters and the physical ids of resources.
    `attribute` answers GetAtt, given a logical id and the attribute's name.
    """

    def __init__(
        self,
        template: Mapping[str, Json],
        names: Mapping[str, str],
        attribute: Callable[[str, str], str],
    ) -> None:
        self._template = template
        self._names = names
        self._attribute = attribute

    def value(self, value: Json) -> Json:
        """`value` with every intrinsic function replaced by its result.

        Raises KeyError for a name that the stack does not have.
        """
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._call(name, argument)
        return {key: self.value(item) for key, item in value.items()}

    def holds(self, condition: str) -> bool:
        """Whether the named condition of the template holds."""
        return self._test(self._template["Conditions"][condition])

    def _call(self, name: str, argument: Json) -> Json:
        if name == "Ref":
            return self._names[argument]
        if name == "Fn::GetAtt":
            return self._attribute(argument[0], argument[1])
        if name == "Fn::Sub":
            return self._substitute(argument)
        if name == "Fn::FindInMap":
            table, row, column = (self.value(item) for item in argument)
            return self._template["Mappings"][table][row][column]
        if name == "Fn::If":
            condition, chosen, otherwise = argument
            return self.value(chosen if self.holds(condition) else otherwise)
        if name == "Fn::Join":
            separator, items = argument
            return separator.join(self.value(items))
        raise KeyError(name)

    def _substitute(self, argument: Json) -> str:
        text, given = (argument, {}) if isinstance(argument, str) else argument

        def replace(match: re.Match[str]) -> str:
            name = match[1]
            if name in given:
                return str(self.value(given[name]))
            logical, dot, attribute = name.partition(".")
            return str(self._attribute(logical, attribute) if dot else self._names[name])

        return re.sub(r"\$\{([\w:.]+)\}", replace, text)

    def _test(self, expression: Json) -> bool:
        ((name, argument),) = expression.items()
        if name == "Fn::Equals":
            left, right = (self.value(item) for item in argument)
            return str(left) == str(right)
        if name == "Fn::Not":
            return not self._test(argument[0])
        if name == "Fn::And":
            return all(self._test(item) for item in argument)
        if name == "Fn::Or":
            return any(self._test(item) for item in argument)
        return self.holds(argument)
