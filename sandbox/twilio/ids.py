"""Identifiers in Twilio's form."""

from __future__ import annotations

import uuid


def new_sid(prefix: str) -> str:
    """Return a fresh SID: two letters for the kind and 32 hexadecimal digits."""
    return prefix + uuid.uuid4().hex
