"""The part of the `aws` command that the runbooks type, over boto3: same words, same output.

Options become members of the request by the service's own model, `--query` is JMESPath, and
`logs tail` is what it is in the AWS CLI: lines of all streams in order, by one word.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import jmespath
from botocore import xform_name

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
#: Options of the command itself, not of the request.
_OWN = ("query", "output")


def main(words: list[str]) -> int:
    """Run one command."""
    service, operation, *options = words
    if (service, operation) == ("logs", "tail"):
        for line in _tail(options):
            sys.stdout.write(f"{line}\n")
        return 0
    client = boto3.client(service)
    names = {xform_name(name, "-"): name for name in client.meta.service_model.operation_names}
    model = client.meta.service_model.operation_model(names[operation])
    given = dict(_pairs(options))
    own = {name: given.pop(name) for name in _OWN if name in given}
    members = {xform_name(name, "-"): (name, shape) for name, shape in _members(model)}
    request = {}
    for option, text in given.items():
        plain = option.removeprefix("no-") if text is None else option
        name, shape = members[plain]
        request[name] = not option.startswith("no-") if text is None else _value(text, shape)
    answer = getattr(client, xform_name(names[operation]))(**request)
    answer.pop("ResponseMetadata", None)
    found = jmespath.search(str(own["query"]), answer) if "query" in own else answer
    as_text = own.get("output") == "text"
    sys.stdout.write(f"{_plain(found) if as_text else json.dumps(found, default=str)}\n")
    return 0


def _plain(found: object) -> str:
    """A value as text; of rows each on a line, with tabs between its cells."""
    if not isinstance(found, list):
        return str(found)
    rows = [row if isinstance(row, list) else [row] for row in found]
    return "\n".join("\t".join(map(str, row)) for row in rows)


def _members(model: Any) -> Iterator[tuple[str, Any]]:
    yield from model.input_shape.members.items()


def _pairs(options: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Each option with its value; None for one that stands alone."""
    for place, word in enumerate(options):
        if word.startswith("--"):
            after = options[place + 1] if place + 1 < len(options) else "--"
            yield word.removeprefix("--"), None if after.startswith("--") else after


def _value(text: str, shape: Any) -> object:
    if text.startswith("file://"):
        text = Path(text.removeprefix("file://")).read_text(encoding="utf-8")
    if shape.type_name == "list" and not text.startswith("["):
        return [text]
    if shape.type_name in {"structure", "map", "list"}:
        return json.loads(text)
    return int(text) if shape.type_name in {"integer", "long"} else text


def _tail(words: Sequence[str]) -> Iterator[str]:
    group, options = words[0], dict(_pairs(words[1:]))
    since = re.fullmatch(r"(\d+)([smhd])", options.get("since") or "10m")
    if since is None:
        raise ValueError(f"--since {options['since']}")
    begin = time.time() - int(since[1]) * _UNITS[since[2]]
    pattern = options.get("filter-pattern") or ""
    pages = boto3.client("logs").get_paginator("filter_log_events")
    for page in pages.paginate(logGroupName=group, startTime=int(begin * 1000)):
        for event in page["events"]:
            if pattern in event["message"]:
                at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                yield f"{at.isoformat()} {event['logStreamName']} {event['message'].rstrip()}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
