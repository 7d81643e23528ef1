"""Who is in these tests, and the flow they run."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

OURS = "+15550100000"
ANN = "+15550100001"
BEN = "+15550100002"
OVER = 10.0
"""Seconds after which a message has reached its last state, with the default timings."""
FLOW: dict[str, Any] = json.loads(
    resources.files("sandbox.twilio").joinpath("example_flow.json").read_text()
)
