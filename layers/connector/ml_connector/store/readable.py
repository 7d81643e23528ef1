"""Items this version cannot read: said in words of ours, never guessed at.

After a step back a newer version's items are still there. What it added is passed over and kept; a
state or a word that means nothing here makes the whole item unreadable, and nothing is done with it
until a version that knows it is back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ml_connector.errors import StoreError


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Read one item; `what` names it by its id. Raises StoreError where it makes no sense here."""
    try:
        yield
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(
            f"{what} cannot be read by this version: a newer version wrote it, or it was damaged"
        ) from error
