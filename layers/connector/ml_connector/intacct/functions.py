"""The functions this connector may call: plain values, each one read only.

`envelope.WRITERS` is the list of what can be written; a function that is not in it cannot leave
this process.
"""

from __future__ import annotations

from typing import TypeAlias

from ml_connector.domain.frozen import frozen

from .filters import Filter

#: The schema's range is 1 to 2,000, its default 100.
MAX_PAGE_SIZE = 2000


@frozen
class Order:
    """One sort key. Without any, the order of results is undefined."""

    field: str
    descending: bool = False


@frozen
class Query:
    """`query`: selected fields of the objects that meet a condition.

    `show_private` is on, for without it a top-level session does not see what belongs to private
    entities.
    """

    object: str
    fields: tuple[str, ...]
    where: Filter | None = None
    order: tuple[Order, ...] = ()
    page_size: int = MAX_PAGE_SIZE
    offset: int = 0
    show_private: bool = True

    def __post_init__(self) -> None:
        if not self.fields:
            raise ValueError("a query names the fields it wants; there is no 'all'")
        if not 1 <= self.page_size <= MAX_PAGE_SIZE or self.offset < 0:
            raise ValueError("page size 1 to 2,000, offset from 0")


@frozen
class Read:
    """`read`: objects by RECORDNO."""

    object: str
    keys: tuple[str, ...]
    fields: tuple[str, ...]

    def __post_init__(self) -> None:
        _plain_list(self.keys)


@frozen
class ReadByName:
    """`readByName`: objects by their name key (LOGINID, VENDORID, ...)."""

    object: str
    keys: tuple[str, ...]
    fields: tuple[str, ...]

    def __post_init__(self) -> None:
        _plain_list(self.keys)


@frozen
class ReadMore:
    """`readMore`: the next part of a result that came with a result id."""

    result_id: str


@frozen
class Lookup:
    """`lookup`: fields and relationships of an object, as this company has them."""

    object: str


@frozen
class ReadUserFormatting:
    """`readUserFormatting`: a user's date and time preferences, by USERINFO RECORDNO."""

    key: str


@frozen
class GetApiSession:
    """`getAPISession`: a session at the level of the login. Never together with other functions."""


@frozen
class GetAuditTrail:
    """`getAuditTrail`: who did what to one record, by object type and RECORDNO."""

    object: str
    record_no: str


ReadFunction: TypeAlias = (
    Query
    | Read
    | ReadByName
    | ReadMore
    | Lookup
    | ReadUserFormatting
    | GetApiSession
    | GetAuditTrail
)


def _plain_list(keys: tuple[str, ...]) -> None:
    """Keys travel in one comma-separated text, which knows no escape for a comma."""
    if not keys or any("," in key for key in keys):
        raise ValueError("at least one key, and none with a comma")
