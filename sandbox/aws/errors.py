"""What can go wrong in the local AWS, in words for whoever started it."""

from __future__ import annotations


class LocalAwsError(Exception):
    """The local AWS could not do what was asked; the message says what and where to look."""


class NotReadyError(LocalAwsError):
    """Something awaited did not happen in time; the message names it and the time given."""
