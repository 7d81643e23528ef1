"""Rows that somebody edited by hand, read as far as they can be taken apart.

One of them must not hide the others of its page: each is turned down by itself, by its name.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Self

from pynamodb.models import Model


class BearsDamage(Model):
    """An item of which any attribute may hold another type than it is written in."""

    #: An attribute that could not be taken apart.
    unread = ""

    @classmethod
    def from_raw_data(cls, data: dict[str, Any]) -> Self:
        """A row, as far as it can be taken apart. What cannot is None, and `unread` names it."""
        try:
            return super().from_raw_data(data)
        except (ValueError, TypeError):
            return cls._as_far_as_it_goes(data)

    @classmethod
    def _as_far_as_it_goes(cls, data: dict[str, Any]) -> Self:
        item = cls()
        for name, attribute in cls.get_attributes().items():
            raw = data.get(attribute.attr_name)
            try:
                if raw and "NULL" not in raw:
                    setattr(item, name, attribute.deserialize(attribute.get_value(raw)))
            except (ValueError, TypeError):
                item.unread = name
        return item

    def whole(self) -> None:
        """Raises ValueError, naming an attribute, where not all of it is as it was written."""
        required = _required(type(self))
        missing = next((name for name in required if getattr(self, name) is None), "")
        if self.unread or missing:
            raise ValueError(f"{self.unread or missing} is not what it has to be")


@cache
def _required(model: type[Model]) -> tuple[str, ...]:
    """What every item of a kind was written with."""
    attributes = model.get_attributes().items()
    return tuple(name for name, attribute in attributes if not attribute.null)
