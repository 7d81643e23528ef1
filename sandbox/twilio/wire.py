"""The two dialects of Twilio's API: v2010 (RFC 2822, `*_uri`), and the newer (ISO 8601, `meta`)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import urlencode

from sandbox.twilio.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Json = dict[str, object]
MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE = 1000, 50
_TOKEN = re.compile(r"P(?P<side>[AB])(?P<place>[0-9a-f]{32})")
_PAGING = frozenset({"PageSize", "Page", "PageToken"})


class Numbered(Protocol):
    """Anything listed: a higher sequence is newer."""

    @property
    def sequence(self) -> int:
        """Its place in the order of creation."""


Item = TypeVar("Item", bound=Numbered)


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request to Twilio's API. `args` are the names in its path, `base` scheme and host."""

    method: str
    path: str
    base: str
    args: dict[str, str]
    query: list[tuple[str, str]]
    form: dict[str, list[str]]

    def get(self, name: str, default: str = "") -> str:
        """Return the first value of a form field."""
        return self.form.get(name, [default])[0]

    def has(self, name: str) -> bool:
        """Whether the form has that field at all."""
        return name in self.form

    def param(self, name: str, default: str = "") -> str:
        """Return the first value of a query parameter."""
        return next((value for key, value in self.query if key == name), default)


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """What to answer: a JSON body (None: empty), and headers beyond the usual."""

    status: int = HTTPStatus.OK
    body: Json | None = None
    headers: dict[str, str] = field(default_factory=dict)


def created(body: Json) -> ApiResponse:
    """Answer 201."""
    return ApiResponse(HTTPStatus.CREATED, body)


def rfc2822(moment: datetime | None) -> str | None:
    """Write a time as v2010 does: `Thu, 24 Aug 2023 05:01:45 +0000`."""
    return None if moment is None else format_datetime(moment.replace(microsecond=0))


def iso8601(moment: datetime | None) -> str | None:
    """Write a time as the newer products do: `2015-07-30T20:00:00Z`."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def read_time(text: str) -> datetime:
    """Read a date (its midnight, UTC) or an ISO 8601 time of a filter; else error 20001."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ApiError(20001, f"Invalid date or time: {text}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cut:
    """One page of a list and the tokens of its neighbours (None: there is none)."""

    items: Sequence[Numbered]
    number: int
    size: int
    following: str | None
    preceding: str | None


def cut_page(request: ApiRequest, items: Iterable[Item]) -> tuple[list[Item], Cut]:
    """Take the requested page out of `items`, which are newest first.

    A token stands for a place in the order, so what is created meanwhile shifts no later page.
    A `Page` number without its token still counts from the newest, as old clients do.
    """
    size = _page_size(request)
    number = _whole(request.param("Page", "0"))
    token = request.param("PageToken")
    rows = list(items)
    if token:
        older, place = _read_token(token)
        if older:
            rows = [item for item in rows if item.sequence < place]
        else:
            rows = [item for item in rows if item.sequence > place][-size:]
    elif number:
        rows = rows[number * size :]
    page = rows[:size]
    more = len(rows) > size or (bool(token) and not _read_token(token)[0])
    return page, Cut(
        page,
        number,
        size,
        following=f"PA{page[-1].sequence:032x}" if page and more else None,
        preceding=f"PB{page[0].sequence:032x}" if page and number else None,
    )


def _page_size(request: ApiRequest) -> int:
    size = _whole(request.param("PageSize", str(DEFAULT_PAGE_SIZE)))
    if size > MAX_PAGE_SIZE:
        raise ApiError(20007, str(size))
    return size or DEFAULT_PAGE_SIZE


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ApiError(20001, f"Not a whole number: {text}")
    return int(text)


def _read_token(token: str) -> tuple[bool, int]:
    """Return whether the page is of older items, and the place it borders on."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise ApiError(20001, "Invalid PageToken")
    return match["side"] == "A", int(match["place"], base=16)


def _link(request: ApiRequest, cut: Cut, number: int, token: str | None) -> str:
    filters = [(key, value) for key, value in request.query if key not in _PAGING]
    paging = [("PageSize", str(cut.size)), ("Page", str(number))]
    if token is not None:
        paging.append(("PageToken", token))
    return f"{request.path}?{urlencode(filters + paging)}"


def list_v2010(
    request: ApiRequest, key: str, items: Iterable[Item], render: Callable[[Item], Json]
) -> ApiResponse:
    """Answer a list the way api.twilio.com does."""
    page, cut = cut_page(request, items)
    start = cut.number * cut.size
    body: Json = {
        key: [render(item) for item in page],
        "start": start,
        "end": max(start + len(page) - 1, 0),
        "page": cut.number,
        "page_size": cut.size,
        "uri": _link(request, cut, cut.number, request.param("PageToken") or None),
        "first_page_uri": _link(request, cut, 0, None),
        "next_page_uri": None,
        "previous_page_uri": None,
    }
    if cut.following is not None:
        body["next_page_uri"] = _link(request, cut, cut.number + 1, cut.following)
    if cut.preceding is not None:
        body["previous_page_uri"] = _link(request, cut, cut.number - 1, cut.preceding)
    return ApiResponse(body=body)


def list_meta(
    request: ApiRequest, key: str, items: Iterable[Item], render: Callable[[Item], Json]
) -> ApiResponse:
    """Answer a list the way the newer products do: absolute addresses under `meta`."""
    page, cut = cut_page(request, items)

    def address(number: int, token: str | None) -> str:
        return request.base + _link(request, cut, number, token)

    meta: Json = {
        "key": key,
        "page": cut.number,
        "page_size": cut.size,
        "url": address(cut.number, request.param("PageToken") or None),
        "first_page_url": address(0, None),
        "next_page_url": None,
        "previous_page_url": None,
    }
    if cut.following is not None:
        meta["next_page_url"] = address(cut.number + 1, cut.following)
    if cut.preceding is not None:
        meta["previous_page_url"] = address(cut.number - 1, cut.preceding)
    return ApiResponse(body={"meta": meta, key: [render(item) for item in page]})
