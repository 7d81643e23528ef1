"""What stands in a reply's body: XML, or one of the things that arrive in its place."""

from __future__ import annotations

from enum import StrEnum


class BodyKind(StrEnum):
    """What a reply's body is by its first bytes; the Content-Type is not to be relied on."""

    XML = "XML"
    HTML = "HTML"
    JSON = "JSON"
    TEXT = "text"
    """Anything else, CSV included."""
    EMPTY = "empty"


def kind_of(body: bytes) -> BodyKind:
    """Tell XML from the other things that arrive in its place."""
    head = body[:512]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return BodyKind.XML
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not start:
        return BodyKind.EMPTY if len(body) <= len(head) else BodyKind.TEXT
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return BodyKind.HTML
    if start.startswith(b"<"):
        return BodyKind.XML
    return BodyKind.JSON if start[:1] in b"{[" else BodyKind.TEXT
