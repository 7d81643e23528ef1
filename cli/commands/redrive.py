"""`ml-connector redrive`: messages nobody could handle, put back on their queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from cli.alerts.dead_letters import Fate, Verdict, judge_alerts, judge_runs
from cli.alerts.moving import MOST, DeadLetterQueue, Outcome
from cli.alerts.progress import bar
from cli.alerts.words import ago, count
from cli.console.asking import confirm
from cli.console.failures import FAILED
from cli.console.options import AsJson, Profile, Region, Stack, Stage, Yes
from cli.console.terminal import Printer, table
from cli.deployment import Deployment, Target
from ml_connector.domain.instants import to_text

#: The most messages listed one by one.
MOST_LISTED = 50

_NAMES = {Fate.BACK: "to put back", Fate.SPENT: "spent", Fate.KEPT: "kept"}


def redrive(
    drop_settled: Annotated[
        bool,
        typer.Option(
            "--drop-settled",
            help="Delete messages nothing can follow from any more, too.",
        ),
    ] = False,
    yes: Yes = False,
    stage: Stage = "dev",
    stack: Stack = "",
    profile: Profile = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Show what is in the dead-letter queues, and put back what is still to be sent.

    Ticks and polls are not put back, for the next one looks at everything again. A message whose
    dispatch is settled stays where it is, unless you say --drop-settled.
    """
    printer = Printer(as_json=as_json)
    deployment = Deployment(Target(stage, stack, profile, region))
    now = datetime.now(UTC)
    with printer.working("looking into the dead-letter queues"):
        looks = [_look(queue) for queue in _queues(deployment, now)]
    if not any(look.seen for look in looks):
        printer.result(_document(looks, []), "The dead-letter queues are empty.")
        return
    if not as_json or not yes:
        printer.show(*_shown(looks, now))
    back, spent = (sum(look.count(fate) for look in looks) for fate in (Fate.BACK, Fate.SPENT))
    dropped = spent if drop_settled else 0
    if not back + dropped:
        hint = " --drop-settled deletes what is spent." if spent else ""
        printer.result(_document(looks, []), f"Nothing is to be put back.{hint}")
        return
    if not confirm(_question(back, dropped), yes=yes):
        printer.result({**_document(looks, []), "ok": False}, "Nothing was changed.")
        raise typer.Exit(FAILED)
    outcomes = [_redrive(look, drop=drop_settled) for look in looks]
    moved, gone, left = (
        sum(getattr(one, name) for one in outcomes) for name in ("moved", "dropped", "left")
    )
    printer.result(
        _document(looks, outcomes),
        f"{count(moved, 'message')} put back, {gone:,} deleted, {left:,} left where they were.",
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """A queue with what was seen in it."""

    queue: DeadLetterQueue
    seen: Sequence[Verdict]
    whole: bool

    def count(self, fate: Fate) -> int:
        return sum(one.fate is fate for one in self.seen)


def _queues(deployment: Deployment, now: datetime) -> list[DeadLetterQueue]:
    sqs, alerts = deployment.client("sqs"), deployment.alerts
    flow = deployment.flows.current()
    keys = [company.key for company in flow.companies] if flow else []
    states = {key: deployment.documents.state(key) for key in keys}
    out = deployment.output
    return [
        DeadLetterQueue(
            sqs,
            "alerts dead letters",
            out("AlertsDlqUrl"),
            out("AlertsQueueUrl"),
            lambda letters: judge_alerts(letters, alerts.dispatches, now),
        ),
        *(
            DeadLetterQueue(sqs, name, out(url), "", lambda letters: judge_runs(letters, states))
            for name, url in (
                ("schedule dead letters", "ScheduleDlqUrl"),
                ("poll dead letters", "PollDlqUrl"),
            )
        ),
    ]


def _look(queue: DeadLetterQueue) -> _Look:
    return _Look(queue, *queue.look())


def _redrive(look: _Look, *, drop: bool) -> Outcome:
    """Leaves a queue alone that holds nothing to be put back or deleted."""
    if not look.count(Fate.BACK) and not (drop and look.count(Fate.SPENT)):
        return Outcome(left=len(look.seen))
    with bar(look.queue.name) as advance:
        return look.queue.redrive(look.seen, drop=drop, advance=advance)


def _question(back: int, dropped: int) -> str:
    parts = [f"put {count(back, 'message')} back"] if back else []
    parts += [f"delete {count(dropped, 'message')} for good"] if dropped else []
    said = " and ".join(parts)
    return f"{said[:1].upper()}{said[1:]}?"


def _shown(looks: Sequence[_Look], now: datetime) -> Iterator[RenderableType]:
    yield table(
        "Dead-letter queues",
        ("queue", "messages", "oldest", *_NAMES.values()),
        (
            (
                look.queue.name,
                f"{len(look.seen):,}" if look.whole else f"{MOST:,} or more",
                f"{ago(look.seen[0].letter.sent_at, now)} ago" if look.seen else "",
                *(f"{look.count(fate):,}" for fate in _NAMES),
            )
            for look in looks
        ),
    )
    every = [(look.queue.name, one) for look in looks for one in look.seen]
    yield table(
        "Messages",
        ("queue", "sent", "dispatch", "", "why"),
        (
            (
                name,
                f"{ago(one.letter.sent_at, now)} ago",
                one.dispatch or one.letter.id,
                _NAMES[one.fate],
                one.said,
            )
            for name, one in every[:MOST_LISTED]
        ),
    )
    if len(every) > MOST_LISTED:
        yield Text(f"... and {len(every) - MOST_LISTED:,} more; --json lists all of them.")


def _document(looks: Sequence[_Look], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    by_queue = {
        look.queue.name: {
            "messages": len(look.seen),
            "whole": look.whole,
            "oldest_at": to_text(look.seen[0].letter.sent_at) if look.seen else None,
            **{fate.value: number for fate, number in _counted(look).items()},
        }
        for look in looks
    }
    messages = [
        {
            "queue": look.queue.name,
            "message_id": one.letter.id,
            "dispatch": one.dispatch or None,
            "sent_at": to_text(one.letter.sent_at),
            "fate": one.fate.value,
            "said": one.said,
        }
        for look in looks
        for one in look.seen
    ]
    return {
        "ok": True,
        "queues": by_queue,
        "messages": messages,
        "moved": sum(one.moved for one in outcomes),
        "dropped": sum(one.dropped for one in outcomes),
        "left": sum(one.left for one in outcomes) if outcomes else len(messages),
        "moved_by_aws": any(one.task for one in outcomes),
    }


def _counted(look: _Look) -> dict[Fate, int]:
    counts = Counter(one.fate for one in look.seen)
    return {fate: counts[fate] for fate in Fate}
