"""The language of flows as a JSON Schema, for editors that complete and check YAML.

It is made from the models that check files: `python -m cli.flow.schema > flows/flow.schema.json`
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from .language import FlowIs
from .values import LISTED_MARK

#: Where files of this project name it; nothing is ever read from there.
_DIALECT = GenerateJsonSchema.schema_dialect


def flow_schema() -> dict[str, Any]:
    """The schema of a flow file."""
    schema: dict[str, Any] = _tidied(FlowIs.model_json_schema(by_alias=True, mode="validation"))
    rules = {"anyOf": [{"required": ["rules"]}, {"required": ["matrix"]}]}
    return {"$schema": _DIALECT, **schema, **rules}


def _tidied(part: Any) -> Any:  # noqa: ANN401 - any JSON
    """Without null, which a file may not hold, and without titles that repeat keys."""
    if isinstance(part, list):
        return [_tidied(each) for each in part]
    if not isinstance(part, dict):
        return part
    if (choices := part.get("anyOf")) and {"type": "null"} in choices:
        rest = [choice for choice in choices if choice != {"type": "null"}]
        others = {key: value for key, value in part.items() if key not in {"anyOf", "default"}}
        part = {**(rest[0] if len(rest) == 1 else {"anyOf": rest}), **others}
    tidy = {
        key: _tidied(value)
        for key, value in part.items()
        if not (key == "title" and isinstance(value, str)) and key not in {"default", LISTED_MARK}
    }
    if not part.get(LISTED_MARK):
        return tidy
    said = {"description": tidy.pop("description")} if "description" in tidy else {}
    return {"anyOf": [tidy["items"], tidy], **said}


def text() -> str:
    """The schema as it is kept in flows/flow.schema.json."""
    return json.dumps(flow_schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
