"""How long to wait before the next try: exponential, with equal jitter."""

from __future__ import annotations

from datetime import timedelta

#: A float of seconds carries this many, and no cap is that long.
_MOST_DOUBLINGS = 60


def retry_delay(
    attempt: int, base: timedelta, cap: timedelta, share: float, at_least: timedelta
) -> timedelta:
    """The wait after the `attempt`-th failure (1 is the first).

    The ceiling is `base * 2 ** (attempt - 1)`, never above `cap`; `share`, a random number in
    [0, 1], picks a point of the upper half of it. Full jitter down to zero would let a phone that
    is off be tried at once; half keeps the growth visible and still spreads a storm.
    `at_least` is what the provider asked for (Retry-After, or the hint of an error code).
    """
    if attempt < 1:
        raise ValueError("the first attempt is number 1")
    if not 0.0 <= share <= 1.0:
        raise ValueError("share is a number between 0 and 1")
    doubled = base.total_seconds() * 2.0 ** min(attempt - 1, _MOST_DOUBLINGS)
    ceiling = cap if doubled >= cap.total_seconds() else timedelta(seconds=doubled)
    return max(at_least, ceiling * ((1 + share) / 2))
