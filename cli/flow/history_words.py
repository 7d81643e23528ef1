"""Two flows side by side, over the same past: tables, and a chart by the hour."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from cli.console.terminal import table

from .history import Tally

#: Characters of the longest bar of the chart.
_WIDTH = 30
_CHANNELS = (("sms", "texts"), ("voice", "calls"))


def compared(present: Tally | None, tried: Tally) -> list[RenderableType]:
    """What to print; without a present flow the tried one stands alone."""
    parts: list[RenderableType] = [
        _people(present, tried),
        _totals(present, tried),
        _chart(present, tried),
    ]
    return (
        [*parts, "`2 > 1`: two with the flow in force, one with the one tried."]
        if present
        else parts
    )


def _people(present: Tally | None, tried: Tally) -> RenderableType:
    before = present or Tally()
    rows = []
    for who in sorted(before.people | tried.people):
        row = [who]
        for channel, _ in _CHANNELS:
            row.append(_pair(present, before.persons[who, channel], tried.persons[who, channel]))
        all_before = sum(before.persons[who, channel] for channel, _ in _CHANNELS)
        all_tried = sum(tried.persons[who, channel] for channel, _ in _CHANNELS)
        rows.append([*row, _pair(present, all_before, all_tried)])
    headings = ("who", *(name for _, name in _CHANNELS), "all")
    return table("Alerts per person", headings, rows)


def _totals(present: Tally | None, tried: Tally) -> RenderableType:
    before = present or Tally()
    rows = [
        (name, _pair(present, before.channels[channel], tried.channels[channel]))
        for channel, name in _CHANNELS
    ]
    rows += [
        ("alerts", _pair(present, before.alerts, tried.alerts)),
        ("events no rule speaks of", _pair(present, before.unmatched, tried.unmatched)),
        ("steps nobody could be told", _pair(present, before.unreachable, tried.unreachable)),
    ]
    return table("In all", ("", ""), rows)


def _pair(present: Tally | None, before: int, after: int) -> str:
    return f"{before:,} > {after:,}" if present else f"{after:,}"


def _chart(present: Tally | None, tried: Tally) -> RenderableType:
    return Text("\n").join(
        [Text("Alerts by hour of the day", style="bold"), *_bars(present, tried)]
    )


def _bars(present: Tally | None, tried: Tally) -> Iterator[Text]:
    before = present or Tally()
    most = max([*before.hours.values(), *tried.hours.values()], default=0)
    if not most:
        yield Text("  no alerts")
        return
    for hour in range(24):
        pairs = [("tried", tried.hours[hour], "green")]
        if present:
            pairs.insert(0, ("in force", before.hours[hour], "blue"))
        if not any(count for _, count, _ in pairs):
            continue
        for place, (name, count, style) in enumerate(pairs):
            label = f"{hour:02d}:00" if place == 0 else "     "
            bar = _bar(count, most)
            yield Text.assemble(f"{label}  {name:<8}  ", (bar, style), f" {count:,}")


def _bar(count: int, most: int) -> str:
    """Of a length in proportion; something is never shown as nothing."""
    return "█" * max(round(count * _WIDTH / most), 1 if count else 0)
