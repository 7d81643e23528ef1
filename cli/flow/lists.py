"""The daily list as people write it: an hour, or an hour and its days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from ml_connector.domain.form import Refused
from ml_connector.domain.hours import WEEKDAYS
from ml_connector.domain.list_hours import daily_list_of

from .calendars import Weekday
from .part import Part
from .values import LISTED, checked, unfit

_CLOCK_SCHEMA = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}


def _clock(value: object) -> object:
    try:
        daily_list_of({"at": value}, "daily_list")
    except Refused as error:
        raise unfit("a time of day such as 08:00") from error
    return value


class DailyListIs(Part):
    """When each day's list of what still waits goes out."""

    at: Annotated[
        Annotated[str, *checked(_clock, **_CLOCK_SCHEMA)],
        Field(description="the hour, on the wall of whoever reads it"),
    ]
    days: Annotated[
        Annotated[list[Weekday], *LISTED] | None,
        Field(min_length=1, description="By default the days of the company's calendar"),
    ] = None

    @property
    def published(self) -> dict[str, Any]:
        """As functions read it."""
        if not self.days:
            return {"at": self.at}
        return {"at": self.at, "days": sorted(set(self.days), key=WEEKDAYS.index)}


class _OrHour:
    """A bare hour may stand for the whole, in the schema too."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [_CLOCK_SCHEMA, handler(core)]}


def _whole(value: object) -> object:
    return value if isinstance(value, Mapping | DailyListIs) else {"at": _clock(value)}


DailyList = Annotated[DailyListIs, BeforeValidator(_whole), _OrHour()]
