"""Does what its event says and returns what it saw."""

import importlib.util
import json
import os
import pathlib
import sys
from typing import Any

import greeting


def handler(event: dict[str, Any], _context: object) -> Any:
    return globals()[f"_{event['do']}"](event)


def _look(event: dict[str, Any]) -> dict[str, Any]:
    spec = importlib.util.find_spec
    return {
        "greeting": greeting.greet(os.environ["GREETING"]),
        "bytecode": pathlib.Path(spec("greeting").cached).exists(),
        "importable": [name for name in event["modules"] if spec(name) is not None],
        "environment": sorted(os.environ),
        "code_before_layers": "/code" in sys.path[0] and "/layer_0/" in sys.path[1],
    }


def _forge(_event: dict[str, Any]) -> str:
    os.write(1, b'{"status": "ok", "result": "forged"}\n')
    return "real"


def _grow(_event: dict[str, Any]) -> str:
    try:
        return str(len(bytes(600 << 20)))
    except MemoryError:
        return "MemoryError"


def _fail(_event: dict[str, Any]) -> None:
    raise RuntimeError("asked to fail")


def _tick(event: dict[str, Any]) -> None:
    sys.stderr.write(f"ticked at {event['at']}\n")


def _measure(event: dict[str, Any]) -> None:
    metric = {"Namespace": "Fixture", "Dimensions": [["service"]], "Metrics": [{"Name": "Seen"}]}
    aws = {"Timestamp": 0, "CloudWatchMetrics": [metric]}
    sys.stdout.write(json.dumps({"_aws": aws, "service": "probe", "Seen": event["seen"]}) + "\n")
