"""Dead letters on SQS: looked at and left as they were, put back on their queue, or deleted.

AWS moves messages itself where all of them go back; else, and where the queue service cannot, they
are received, sent and deleted here. A doorbell that is doubled by a crash in between does no harm.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from cli.console.failures import Failure

from .dead_letters import Fate, Judge, Letter, Verdict, letter_of
from .progress import Advance

#: SQS hands out and takes at most ten messages a call.
BATCH = 10
#: The most messages of one queue that are looked at, and that one run puts back or deletes.
MOST = 5_000
#: How long nobody else sees what is being looked at, seconds; given back before that.
HELD = 300
#: Waiting makes SQS look at all of its servers; without it a message may be missed. Seconds.
WAIT = 1

#: What a queue service says that does not know move tasks.
_NO_MOVE_TASKS = frozenset(
    {
        "InvalidAction",
        "NotImplemented",
        "UnknownOperationException",
        "UnsupportedOperation",
        "AWS.SimpleQueueService.UnsupportedOperation",
    }
)
_TASK_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a queue's messages."""

    moved: int = 0
    dropped: int = 0
    left: int = 0
    task: bool = False
    """Whether AWS moved them itself."""


@dataclass
class DeadLetterQueue:
    """One dead-letter queue, and the queue its messages came from (empty: none takes them back)."""

    client: Any
    name: str
    url: str
    source_url: str
    judge: Judge
    sleep: Callable[[float], None] = field(default=time.sleep)

    def look(self) -> tuple[list[Verdict], bool]:
        """What is in it, oldest first, and whether that is all; every message is given back."""
        letters: dict[str, Letter] = {}
        try:
            for batch in self._batches():
                letters |= {letter.id: letter for letter in batch}
                if len(letters) >= MOST:
                    break
        finally:
            self._give_back(letters.values())
        verdicts = [
            verdict for part in _parts(list(letters.values())) for verdict in self.judge(part)
        ]
        return sorted(verdicts, key=lambda one: one.letter.sent_at), len(letters) < MOST

    def redrive(self, seen: Sequence[Verdict], *, drop: bool, advance: Advance) -> Outcome:
        """Put back what goes back, and with `drop` delete what is spent.

        `seen` is what a look showed just now. Every message is judged again when it is received.
        Raises Failure where the queue does not take a message or the move stops.
        """
        back = [one for one in seen if one.fate is Fate.BACK]
        if back and len(back) == len(seen) < MOST:
            moved = self._move_task(len(back), advance)
            if moved is not None:
                return Outcome(moved=moved, task=True)
        return self._by_hand(len(seen), drop=drop, advance=advance)

    # ------------------------------------------------------------------------- by AWS itself
    def _move_task(self, expected: int, advance: Advance) -> int | None:
        """How many messages AWS moved; None where the queue service cannot."""
        source, destination = self._arn(self.url), self._arn(self.source_url)
        try:
            self.client.start_message_move_task(SourceArn=source, DestinationArn=destination)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _NO_MOVE_TASKS:
                return None
            raise
        while True:
            found = self.client.list_message_move_tasks(SourceArn=source, MaxResults=1)
            task = found["Results"][0]
            moved = int(task.get("ApproximateNumberOfMessagesMoved", 0))
            advance(moved, int(task.get("ApproximateNumberOfMessagesToMove", expected)))
            if task["Status"] == "COMPLETED":
                return moved
            if task["Status"] != "RUNNING":
                why = task.get("FailureReason") or task["Status"].lower()
                raise Failure(f"{self.name}: AWS moved {moved} message(s) and stopped: {why}")
            self.sleep(_TASK_PAUSE_SECONDS)

    def _arn(self, url: str) -> str:
        found = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(found["Attributes"]["QueueArn"])

    # ------------------------------------------------------------------------------ by hand
    def _by_hand(self, expected: int, *, drop: bool, advance: Advance) -> Outcome:
        moved = dropped = 0
        held: dict[str, Letter] = {}
        try:
            for batch in self._batches():
                # Held until the end, so that the next batch is not the same again.
                held |= {letter.id: letter for letter in batch}
                verdicts = self.judge(batch)
                back = [one.letter for one in verdicts if one.fate is Fate.BACK]
                spent = [one.letter for one in verdicts if one.fate is Fate.SPENT and drop]
                self._send(back)
                self._delete([*back, *spent])
                for letter in (*back, *spent):
                    held.pop(letter.id, None)
                moved, dropped = moved + len(back), dropped + len(spent)
                advance(moved + dropped + len(held), expected)
                if moved + dropped + len(held) >= MOST:
                    break
        finally:
            self._give_back(held.values())
        return Outcome(moved, dropped, len(held))

    def _batches(self) -> Iterator[list[Letter]]:
        """Messages nobody else sees for a while, until none is left that could be seen."""
        while True:
            found = self.client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=BATCH,
                VisibilityTimeout=HELD,
                WaitTimeSeconds=WAIT,
                AttributeNames=["SentTimestamp"],
            )
            messages = found.get("Messages", [])
            if not messages:
                return
            yield [letter_of(message) for message in messages]

    def _send(self, letters: Sequence[Letter]) -> None:
        if not letters:
            return
        entries = [
            {"Id": str(number), "MessageBody": letter.body} for number, letter in enumerate(letters)
        ]
        self._all_taken(
            self.client.send_message_batch(QueueUrl=self.source_url, Entries=entries), "put back"
        )

    def _delete(self, letters: Sequence[Letter]) -> None:
        for part in _parts(letters):
            entries = [
                {"Id": str(number), "ReceiptHandle": letter.receipt}
                for number, letter in enumerate(part)
            ]
            self._all_taken(
                self.client.delete_message_batch(QueueUrl=self.url, Entries=entries), "deleted"
            )

    def _give_back(self, letters: Iterable[Letter]) -> None:
        """Let others see them again at once; those this fails for are seen when time is up."""
        for part in _parts(list(letters)):
            entries = [
                {"Id": str(number), "ReceiptHandle": letter.receipt, "VisibilityTimeout": 0}
                for number, letter in enumerate(part)
            ]
            self.client.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)

    def _all_taken(self, reply: Any, done: str) -> None:  # noqa: ANN401 - boto3 has no types
        refused = len(reply.get("Failed", []))
        if refused:
            raise Failure(f"{self.name}: {refused} message(s) could not be {done}; run it again")


def _parts(letters: Sequence[Letter]) -> Iterator[list[Letter]]:
    for start in range(0, len(letters), BATCH):
        yield list(letters[start : start + BATCH])
