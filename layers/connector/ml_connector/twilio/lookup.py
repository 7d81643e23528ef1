"""Lookup: does such a number exist, and what kind of line is it.

The basic answer is free by all that is published; the kind of line is a paid data package
(`line_type_intelligence`) and asked for only where the caller says so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ml_connector.domain.frozen import frozen
from ml_connector.domain.phone import is_e164

from .reading import Reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from .client import TwilioConnection

_LINE_TYPE_PACKAGE = "line_type_intelligence"
#: One of Twilio's words, such as `mobile`, `landline`, `fixedVoip`; nothing else is kept.
_WORD = re.compile("[A-Za-z]{1,32}")


@frozen
class LookedUp:
    """What Lookup says of a number. `line_type` is empty where it was not asked, or not known."""

    valid: bool
    line_type: str = ""

    @property
    def voip(self) -> bool:
        """Whether the number is one of an internet telephone service."""
        return self.line_type.casefold().endswith("voip")


class TwilioLookup:
    """Looks numbers up. Raises only the DeliveryError family."""

    def __init__(
        self, connection: TwilioConnection, *, time_left: Callable[[], float] | None = None
    ) -> None:
        self._connection = connection
        self._reader = Reader(connection, time_left)

    def look_up(self, number: str, *, line_type: bool = False) -> LookedUp:
        """One number in E.164. `line_type` also asks what kind of line it is, which is charged."""
        if not is_e164(number):
            return LookedUp(valid=False)
        numbers = self._connection.product("lookups").v2.phone_numbers
        wanted = {"fields": _LINE_TYPE_PACKAGE} if line_type else {}
        # A number that can be nobody's may be answered with "not found".
        found = self._reader.found(lambda: _looked_up(numbers(number).fetch(**wanted)))
        return found or LookedUp(valid=False)


def _looked_up(official: Any) -> LookedUp:  # noqa: ANN401 - the official classes are untyped
    if not isinstance(official.valid, bool):
        raise ValueError("an answer that does not say whether the number is valid")  # noqa: TRY004
    package = official.line_type_intelligence
    word = package.get("type") if isinstance(package, dict) else None
    known = isinstance(word, str) and _WORD.fullmatch(word)
    return LookedUp(official.valid, str(word) if known else "")
