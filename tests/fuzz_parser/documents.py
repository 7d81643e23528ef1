"""Replies of the gateway made up at random: well-formed, with everything a real one may hold."""

from __future__ import annotations

from random import Random
from xml.sax.saxutils import escape, quoteattr

NAMES = ("RECORDNO", "STATE", "VENDORNAME", "WhenModified", "payto.ContactName", "Zoë", "data", "x")
OBJECTS = ("APBILL", "apbill", "Type", "API", "data", "record")
TEXTS = (
    "",
    "",
    "1",
    "Submitted",
    "Elm & Oak <Furniture>",
    "Harbour Müller",
    "\u2028 \U0001f4b6 \ufffd",
    "  two  spaces ",
    "line\nbreak\ttab",
    "]] >",
    "0" * 300,
)
SPACES = ("", "", "\n", "\n    ", " ")


def document(chance: Random) -> str:
    """One reply, as text: a control block, a sign-in, one to three results."""
    results = "".join(_result(chance) for _ in range(chance.choice((1, 1, 1, 2, 3))))
    head = chance.choice(
        ('<?xml version="1.0" encoding="UTF-8"?>', "<?xml version='1.0'?>", "", "")
    )
    gap = chance.choice(SPACES) if head else ""
    return (
        f"{head}{gap}<response><control><status>success</status><controlid>c</controlid></control>"
        f"{chance.choice(SPACES)}<operation><authentication><status>success</status><sessiontimeout>"
        f"2026-08-21T18:00:00+00:00</sessiontimeout></authentication>{results}</operation>"
        f"</response>{chance.choice(SPACES)}"
    )


def _result(chance: Random) -> str:
    if chance.random() < 0.1:
        return (
            "<result><status>failure</status><errormessage><error><errorno>DL02000001</errorno>"
            "<description2>no</description2></error></errormessage></result>"
        )
    records = [_record(chance) for _ in range(chance.choice((0, 1, 2, 3, 8)))]
    space = chance.choice(SPACES)
    inside = space.join(["", *records, ""])
    count = chance.choice((f' count="{len(records)}"', f" count='{len(records)}'", ""))
    kind = quoteattr(chance.choice(OBJECTS))
    return (
        f"<result><status>success</status><function>query</function><data listtype={kind}{count}"
        f' numremaining="0">{inside}</data></result>'
    )


def _record(chance: Random) -> str:
    name, space = chance.choice(OBJECTS), chance.choice(SPACES)
    # As a gateway sends them: all records alike; and now and then one that is not.
    names = list(NAMES) if chance.random() < 0.7 else chance.choices(NAMES, k=chance.randrange(5))
    fields = [_field(chance, field, 0) for field in names]
    inside = space.join(["", *fields, ""])
    return f"<{name}>{inside}</{name}>" if inside or chance.random() < 0.5 else f"<{name}/>"


def _field(chance: Random, name: str, depth: int) -> str:
    if depth < 3 and chance.random() < 0.03:
        children = [_field(chance, chance.choice(NAMES), depth + 1) for _ in range(3)]
        return f"<{name}>{''.join(children)}</{name}>"
    text = escape(chance.choice(TEXTS))
    return f"<{name}>{text}</{name}>" if text or chance.random() < 0.5 else f"<{name}/>"
