"""The CloudWatch Logs Insights query that finds every line about a case.

Lines carry the case in one field, whichever function wrote them. What is said of a message before
its dispatch could be read knows only that one's id, so the dispatches are asked for as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

#: Insights takes 10,000 characters; each id is 27 with its separator.
MOST_IDS = 300

_FUNCTIONS = ("poll", "send", "status-check")


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Where to look, and what to ask."""

    groups: tuple[str, ...]
    query: str


def log_query(stack: str, case_id: str, dispatch_ids: Iterable[str]) -> LogQuery:
    """The query for a case and its dispatches, oldest line first.

    Of more dispatches than fit into one query the last named are left out.
    """
    ids = list(dict.fromkeys(dispatch_ids))[: MOST_IDS - 1]
    dispatches = f" or dispatch like /{'|'.join(ids)}/" if ids else ""
    query = (
        "fields @timestamp, level, message, case, dispatch, reason, @log\n"
        f"| filter case like /{case_id}/{dispatches}\n"
        "| sort @timestamp asc\n"
        "| limit 1000"
    )
    return LogQuery(tuple(f"/aws/lambda/{stack}-{name}" for name in _FUNCTIONS), query)
