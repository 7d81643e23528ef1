"""Identifiers that come out the same on every run.

Whatever is written twice carries the same id twice, so a repeated poll, a redelivered message or a
restarted function finds what it already wrote instead of writing it again.
"""

from __future__ import annotations

import base64
import hashlib
import json


def stable_id(*parts: str | int) -> str:
    """26 characters of lower-case base 32 over the parts; collisions are out of reach (130 bits).

    The parts are joined as JSON, so `("a", "bc")` and `("ab", "c")` differ.
    """
    joined = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(joined.encode()).digest()
    return base64.b32encode(digest).decode().lower()[:26]


def event_id(company: str, document: str, kind: str, round_no: int, discriminator: str) -> str:
    """The id of an event, which is also the id of its case."""
    return stable_id("event", company, document, kind, round_no, discriminator)


def alert_id(event: str, step: int, occurrence: int, recipient: str) -> str:
    """The id of one thing one person is to be told."""
    return stable_id("alert", event, step, occurrence, recipient)


def dispatch_id(first_alert: str, sequence: int) -> str:
    """The id of the n-th outgoing message made for an alert (or for the first of a bundle)."""
    return stable_id("dispatch", first_alert, sequence)
