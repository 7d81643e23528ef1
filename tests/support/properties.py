"""How property tests run here: a busy machine is no reason to fail."""

from __future__ import annotations

from hypothesis import settings

unhurried = settings(deadline=None)
