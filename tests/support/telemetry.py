"""Telemetry that remembers what it was told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from ml_connector.observability import METRICS

Level = Literal["event", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was said."""

    level: Level
    name: str
    fields: dict[str, str | float | None]
    about: dict[str, str] = field(default_factory=dict)
    """What all lines of that moment were about."""


class RecordingTelemetry:
    """The Telemetry port, kept in memory; refuses what the real one refuses."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.metrics: Counter[str] = Counter()
        self._about: dict[str, str] = {}

    def event(self, name: str, **fields: str | float | None) -> None:
        self.lines.append(Line("event", name, fields, self._about))

    def warning(self, name: str, **fields: str | float | None) -> None:
        self.lines.append(Line("warning", name, fields, self._about))

    def error(self, name: str, **fields: str | float | None) -> None:
        self.lines.append(Line("error", name, fields, self._about))

    def count(self, metric: str, amount: float = 1) -> None:
        if metric not in METRICS:
            raise KeyError(metric)
        self.metrics[metric] += int(amount)

    def concerning(self, **ids: str) -> None:
        self._about = ids

    def said(self, name: str, level: Level | None = None) -> list[Line]:
        """The lines of one name, of one level where one is given."""
        return [x for x in self.lines if x.name == name and (level is None or x.level == level)]
