"""The daily root: what the heads of all audit chains were on one day, as documents to lock away.

Heads are listed in parts, for they are read a few at a time; the root names the digest of each part
and a digest over those. Whoever has the root can tell whether a part is the one that was written,
and whoever has the parts can tell whether a chain was cut off, written anew or removed since.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from .audit import ChainHead, canonical
from .frozen import frozen
from .instants import to_text

VERSION = 1
PREFIX = "roots/"

_KEY = re.compile(r"roots/([0-9]{4}-[0-9]{2}-[0-9]{2})/(root|part-[0-9]{5})\.json")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class RootMalformed(ValueError):
    """A document that is no root and no part of one."""


@frozen
class Part:
    """One part as the root names it: `digest` is the SHA-256 of its document."""

    number: int
    digest: str
    heads: int
    entries: int


@frozen
class Root:
    """One day's root. `taken_at` is when its last head was read."""

    day: date
    taken_at: str
    parts: tuple[Part, ...]
    digest: str

    @property
    def chains(self) -> int:
        """How many heads it names."""
        return sum(part.heads for part in self.parts)


@frozen
class HeadsPage:
    """Some heads by chain, and from where to go on: empty once all were read."""

    heads: tuple[tuple[str, ChainHead], ...]
    cursor: str


@frozen
class RootMark:
    """How far the root of a day has come: the parts that are kept, and where reading goes on.

    `version` counts the writes; a write follows the one before it or is refused.
    """

    day: date
    version: int
    cursor: str = ""
    parts: tuple[Part, ...] = ()
    done: bool = False


def part_key(day: date, number: int) -> str:
    """Where a part is kept."""
    return f"{PREFIX}{day.isoformat()}/part-{number:05d}.json"


def root_key(day: date) -> str:
    """Where the root of a day is kept."""
    return f"{PREFIX}{day.isoformat()}/root.json"


def is_root(key: str) -> bool:
    """Whether a root is kept there, rather than a part. ValueError for the key of neither."""
    found = _KEY.fullmatch(key)
    if not found:
        raise RootMalformed(f"{key[:80]!r} is not where a root or a part is kept")
    return found[2] == "root"


def part_document(
    day: date, number: int, heads: Iterable[tuple[str, ChainHead]]
) -> tuple[Part, bytes]:
    """The document of a part, sorted by chain, and what the root says of it."""
    listed = sorted((chain, head.seq, head.digest) for chain, head in heads)
    body = canonical(
        {"v": VERSION, "day": day.isoformat(), "part": number, "heads": [list(h) for h in listed]}
    ).encode()
    entries = sum(seq for _, seq, _ in listed)
    return Part(number, digest_of(body), len(listed), entries), body


def root_document(day: date, taken_at: datetime, parts: Sequence[Part]) -> bytes:
    """The document of a day's root over its parts."""
    return canonical(
        {
            "v": VERSION,
            "day": day.isoformat(),
            "taken_at": to_text(taken_at),
            "parts": [[part.number, part.digest, part.heads, part.entries] for part in parts],
            "root": _over(parts),
        }
    ).encode()


def digest_of(document: bytes) -> str:
    """The SHA-256 of a document, in hex."""
    return hashlib.sha256(document).hexdigest()


def read_root(document: bytes) -> Root:
    """The root in a document. Raises RootMalformed, also where its digest is not over its parts."""
    body = _body(document)
    try:
        parts = tuple(
            Part(int(number), _digest(digest), int(heads), int(entries))
            for number, digest, heads, entries in body["parts"]
        )
        root = Root(
            date.fromisoformat(body["day"]), str(body["taken_at"]), parts, _digest(body["root"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RootMalformed("not a root of this version") from error
    if root.digest != _over(parts):
        raise RootMalformed("its digest is not the one over its parts")
    return root


def read_part(document: bytes) -> tuple[date, list[tuple[str, ChainHead]]]:
    """The day and the heads in the document of a part. Raises RootMalformed."""
    body = _body(document)
    try:
        heads = [(str(chain), ChainHead(int(s), _digest(d))) for chain, s, d in body["heads"]]
        return date.fromisoformat(body["day"]), heads
    except (KeyError, TypeError, ValueError) as error:
        raise RootMalformed("not a part of a root of this version") from error


def _over(parts: Sequence[Part]) -> str:
    return digest_of("\n".join(part.digest for part in parts).encode())


def _body(document: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(document)
    except ValueError as error:
        raise RootMalformed("not JSON") from error
    if not isinstance(body, dict) or body.get("v") != VERSION:
        raise RootMalformed(f"not of version {VERSION}")
    return body


def _digest(text: object) -> str:
    if not isinstance(text, str) or not _DIGEST.fullmatch(text):
        raise RootMalformed("not a digest")
    return text
