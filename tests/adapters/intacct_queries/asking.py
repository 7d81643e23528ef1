"""Queries as the tests here write them."""

from __future__ import annotations

from sandbox.intacct.caller import Caller

START = 1_790_000_000  # 2026-09-21T14:13:20Z
PRIVATE = "<options><showprivate>true</showprivate></options>"
BY_NUMBER = "<orderby><order><field>RECORDNO</field><ascending/></order></orderby>"


def found(caller: Caller, filters: str, options: str = PRIVATE) -> str:
    """Record numbers that a filter finds, joined."""
    answer = caller.query("APBILL", "RECORDNO", filters=filters, rest=BY_NUMBER + options)
    return "".join(answer.column("RECORDNO"))


def compare(operator: str, field: str, *values: str) -> str:
    literals = "".join(f"<value>{value}</value>" for value in values)
    return f"<{operator}><field>{field}</field>{literals}</{operator}>"
