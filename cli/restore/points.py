"""A table as it was at an earlier moment, beside the live one: DynamoDB restores it there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from cli.console.failures import Failure

#: How often is asked whether the table is there. A restore takes twenty minutes at least.
PAUSE_SECONDS = 10.0
#: Table names are no longer than this.
_LONGEST_NAME = 255


@dataclass
class EarlierTable:
    """One live table, and the table beside it that holds what was in it at `at`."""

    client: Any
    live: str
    at: datetime
    sleep: Callable[[float], None] = field(default=time.sleep)

    @property
    def name(self) -> str:
        """The table beside; the same for the same moment, so that a second run finds it."""
        stamp = self.at.strftime("%Y%m%dT%H%M%S")
        return f"{self.live[: _LONGEST_NAME - 25]}-at-{stamp}"

    def begin(self) -> None:
        """Ask for it, unless an earlier run did. Raises Failure where there is no such moment."""
        if self._status():
            return
        try:
            self.client.restore_table_to_point_in_time(
                SourceTableName=self.live,
                TargetTableName=self.name,
                RestoreDateTime=self.at,
                UseLatestRestorableTime=False,
            )
        except ClientError as error:
            code, said = error.response["Error"]["Code"], error.response["Error"]["Message"]
            if code in ("InvalidRestoreTimeException", "PointInTimeRecoveryUnavailableException"):
                raise Failure(
                    f"{self.live} cannot be restored to that moment: {said}",
                ) from error
            if code in ("UnknownOperationException", "InvalidAction", "NotImplemented"):
                raise Failure(
                    "this DynamoDB has no point-in-time recovery; name a table that holds what "
                    "was, with --from"
                ) from error
            raise

    def wait(self, waiting: Callable[[str], None]) -> None:
        """Until it is there; `waiting` is told its status again and again."""
        while (status := self._status()) != "ACTIVE":
            if not status:
                raise Failure(
                    f"{self.name} was removed while it was being restored; run this again"
                )
            waiting(status)
            self.sleep(PAUSE_SECONDS)

    def remove(self) -> None:
        """Delete it: what it held is in the live table."""
        self.client.delete_table(TableName=self.name)

    def _status(self) -> str:
        try:
            return str(self.client.describe_table(TableName=self.name)["Table"]["TableStatus"])
        except self.client.exceptions.ResourceNotFoundException:
            return ""
