"""What an entry of the audit trail says, for people: one line, nothing but what the entry holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ml_connector.domain.entry_shapes import mappings
from ml_connector.domain.planning import NOBODY_ELSE

Data = Mapping[str, Any]

#: What happened in Intacct, in the words of those who did it.
EVENTS = MappingProxyType(
    {
        "bill.submitted": "submitted for approval",
        "bill.partially_approved": "approved at one level, waits for the next",
        "bill.changed": "changed while waiting",
        "bill.approved": "approved in Intacct",
        "bill.declined": "declined in Intacct",
        "bill.recalled": "recalled in Intacct",
        "bill.deleted": "deleted in Intacct",
        "bill.overdue": "past its due date",
        "bill.reminder": "edited while waiting",
        "bill.possible_duplicate": "looked like another bill",
        "payment.cleared": "cleared at the bank",
        "payment.voided": "voided",
        "payment.declined": "declined",
        "payment.uncleared": "clearing taken back",
    }
)

_STOPPED = MappingProxyType(
    {
        "handled": "handled meanwhile",
        "expired": "its time is over",
        "no_channel": "the person has no usable number",
        "opted_out": "the person asked for no texts",
        "unreachable": "the number cannot be reached this way",
        "exhausted": "every attempt the rule allows was made",
        "needless": "the case had come far enough before",
        "unanswered": "nobody took any of the calls",
        "declined": "the person said it is not theirs",
        "cancelled": "an operator stopped it",
    }
)


def said(kind: str, data: Data) -> str:
    """The line for an entry. One of a kind this version does not know is told by its name."""
    words = _WORDS.get(kind)
    if words is None:
        reason = data.get("reason")
        plain = kind.replace(".", ": ").replace("_", " ")
        return f"{plain} ({reason})" if isinstance(reason, str) and reason else plain
    return words if isinstance(words, str) else words(data)


def said_of_alert(told: Data) -> str:
    """What an opening or a step says of one person to be told."""
    passed = "; ".join(
        f"not {one.get('approver')}: {one.get('reason')}"
        for one in mappings(told.get("passed_over"))
    )
    stopped = str(told.get("stopped") or "")
    line = f"cannot be told: {_STOPPED.get(stopped, stopped)}" if stopped else "to be told"
    because = str(told.get("because") or "")
    notes = "; ".join(note for note in (because, passed) if note)
    return f"{line} ({notes})" if notes else line


def masked(fingerprint: str) -> str:
    """Enough of a fingerprint to tell two numbers apart."""
    return f"#{fingerprint[:4]}…{fingerprint[-2:]}" if fingerprint else ""


# ------------------------------------------------------------------------------- documents
def _seen(data: Data) -> str:
    events = [_event(event) for event in mappings(data.get("events"))]
    facts = [str(data.get(name)) for name in ("phase", "state", "amount") if data.get(name)]
    ended = _count(data, "ended_cases")
    tail = f"; ends {ended} case(s)" if ended else ""
    if data.get("absent_since"):
        tail += "; it has no row, and too many others have none"
    return f"{', '.join(events) or 'looked at'} ({', '.join(facts)}){tail}"


def _event(event: Data) -> str:
    kind = str(event.get("kind"))
    words = EVENTS.get(kind, kind)
    excluded = event.get("excluded")
    return f"{words}; nobody is told: {excluded}" if excluded else words


# ----------------------------------------------------------------------------------- cases
def _opened(data: Data) -> str:
    if data.get("bills"):
        return f"one text for {data['bills']} waiting bills"
    sentence = str(data.get("sentence") or data.get("rule"))
    return f"by flow version {data.get('flow_version')}: {sentence}"


def _stepped(data: Data) -> str:
    left = _count(data, "left_out")
    unheard = sum(one.get("stopped") == NOBODY_ELSE for one in mappings(data.get("alerts")))
    begun = _count(data, "alerts") - unheard
    parts = [f"{begun} step(s) begun"] if begun else []
    parts += [f"{left} left out, for the case had come far enough"] if left else []
    parts += [f"{unheard} with nobody else left to tell"] if unheard else []
    as_of = data.get("state_as_of")
    return ", ".join(parts or ["the plan went on"]) + (f"; state as of {as_of}" if as_of else "")


def _operator(words: str) -> Callable[[Data], str]:
    def line(data: Data) -> str:
        reason = f": {data['reason']}" if data.get("reason") else ""
        return f"{words} by {data.get('by') or 'an operator'}{reason}"

    return line


def _handled(data: Data) -> str:
    because = str(data.get("because"))
    return f"over: {EVENTS.get(because, because)}; nobody is told any more"


def _reply(words: str) -> Callable[[Data], str]:
    return lambda data: f"{words} ({data.get('how', 'reply')})"


def _count(data: Data, name: str) -> int:
    """How many there are, of what is listed or only counted."""
    found = data.get(name)
    if isinstance(found, list):
        return len(found)
    return found if isinstance(found, int) else 0


# ------------------------------------------------------------------------------ dispatches
def _bundled(data: Data) -> str:
    return f"joined into one text that tells of {_count(data, 'alerts')} alerts"


def _sent(data: Data) -> str:
    late = ", found in Twilio's list after the grace period" if data.get("after_grace") else ""
    twice = "; AN EARLIER ONE WAS SENT TOO" if data.get("twice") else ""
    return f"accepted by Twilio ({data.get('status')}){late}{twice}"


def _adopted(data: Data) -> str:
    return f"found in Twilio's list: {_sent(data)}"


def _failed(words: str) -> Callable[[Data], str]:
    def line(data: Data) -> str:
        code, reason = data.get("error_code"), data.get("reason")
        why = ", ".join(str(part) for part in (reason, code and f"code {code}") if part)
        return f"{words}{f': {why}' if why else ''}{_next(data)}"

    return line


def _next(data: Data) -> str:
    after, due = str(data.get("next") or ""), data.get("next_due_at")
    if due:
        return f"; tried again at {due}"
    return f"; {after}" if " " in after or after == "stopped" else ""


def _call(words: str) -> Callable[[Data], str]:
    def line(data: Data) -> str:
        seconds = data.get("duration")
        taken = [f"answered by {data['answered_by']}"] if data.get("answered_by") else []
        taken += [f"{seconds} s"] if seconds else []
        how = f" ({', '.join(taken)})" if taken else ""
        return f"{words}{how}{_next(data)}"

    return line


def _confirmed(data: Data) -> str:
    witnesses = f"the call's flow says {data.get('status')}, {_second(data)}"
    return f"{_call('confirmed by key press')(data)}; two witnesses: {witnesses}"


def _second(data: Data) -> str:
    return f"its second source {data.get('witness') or 'nothing'}"


def _why(words: str) -> Callable[[Data], str]:
    def line(data: Data) -> str:
        reason = str(data.get("reason") or "")
        until = f" until {data['due_at']}" if data.get("due_at") else ""
        return f"{words}{until}: {_STOPPED.get(reason, reason)}" if reason else words + until

    return line


_WORDS: Mapping[str, str | Callable[[Data], str]] = MappingProxyType(
    {
        "document.seen": _seen,
        "case.opened": _opened,
        "case.stepped": _stepped,
        "case.handled": _handled,
        "case.expired": "given up: too old to be worth a phone's buzz",
        "case.fresh_look_asked": "a fresh look at the bill was asked for first",
        "case.acknowledged": _reply("the person replied: seen"),
        "case.confirmed": _reply("confirmed by reply"),
        "case.cancelled": _operator("stopped"),
        "case.resent": _operator("told once more"),
        "case.restored": "its table was restored: brought up to this trail",
        "document.said_gone": _operator("said to be deleted"),
        "document.lost": "its table was restored, and no poll has shown it since",
        "dispatch.bundled": _bundled,
        "dispatch.claimed": "about to be sent",
        "dispatch.sent": _sent,
        "dispatch.adopted": _adopted,
        "dispatch.delivered": "delivered",
        "dispatch.undelivered": _failed("not delivered"),
        "dispatch.failed": _failed("failed"),
        "dispatch.refused": _failed("refused by Twilio"),
        "dispatch.unconfirmed": _call("sent, and no receipt or key press came"),
        "dispatch.confirmed": _confirmed,
        "dispatch.declined": _call("the person pressed: not mine"),
        "dispatch.unanswered": _call("nobody took the call or pressed a key"),
        "dispatch.machine": _call("a machine took the call"),
        "dispatch.unknown": _why("Twilio may or may not have it"),
        "dispatch.not_listed": "looked for in Twilio's list, not there yet",
        "dispatch.not_sent": "certainly not sent",
        "dispatch.deferred": _why("put off"),
        "dispatch.returned": _why("given back"),
        "dispatch.suppressed": _why("not sent"),
        "dispatch.superseded": "not sent: an earlier one was found",
    }
)
