"""Documents whose size is the attack, each as large as the client reads at most."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ml_connector.intacct.client import ClientOptions

SIZE = ClientOptions().size_limit
DATA = b"<response><operation><result><status>success</status><data>"
END = b"</data></result></operation></response>"


def _filled(piece: bytes, begin: bytes = b"", end: bytes = b"") -> bytes:
    """As many whole pieces as fit."""
    return begin + piece * ((SIZE - len(begin) - len(end)) // len(piece)) + end


def _numbered(template: str, begin: bytes, end: bytes, count: int) -> bytes:
    return begin + "".join(template.format(i) for i in range(count)).encode() + end


def _laughs(levels: int, times: int) -> bytes:
    entities = "".join(
        f'<!ENTITY l{level} "{f"&l{level - 1};" * times}">' for level in range(1, levels)
    )
    head = f'<!DOCTYPE response [<!ENTITY l0 "{"ha" * 1000}">{entities}]>'
    return f"{head}<response>&l{levels - 1};</response>".encode()


FIELD = DATA + b"<B><A>"
FIELD_END = b"</A></B>" + END

#: Name → the document, and whether it has to be read; the others have to be refused.
LARGE: Mapping[str, tuple[Callable[[], bytes], bool]] = {
    "nothing but nesting": (lambda: _filled(b"<a>"), False),
    "nesting with long names": (lambda: _filled(b"<" + b"n" * 1000 + b">"), False),
    "nesting in a record": (lambda: _filled(b"<a>", DATA), False),
    "nesting, closed": (lambda: b"<a>" * 2_000_000 + b"</a>" * 2_000_000, False),
    "nesting after a forbidden character": (lambda: _filled(b"<a>", b"\x01"), False),
    "billion laughs": (lambda: _laughs(12, 10), False),
    "quadratic blow-up": (
        lambda: b'<!DOCTYPE a [<!ENTITY b "' + b"x" * 1_000_000 + b'">]><a>' + b"&b;" * 1_000_000,
        False,
    ),
    "many external entities": (
        lambda: _filled(b'<!ENTITY e SYSTEM "file:///etc/hostname">', b"<!DOCTYPE a ["),
        False,
    ),
    "one tag": (lambda: _numbered(' a{0}="x"', b"<response", b"/>", 1_000_000), False),
    "one attribute": (lambda: _filled(b"v", b'<response a="', b'"/>'), False),
    "one name": (lambda: _filled(b"n", b"<", b"/>"), False),
    "one comment": (lambda: _filled(b"c", b"<response><!--", b"--></response>"), False),
    "one instruction": (lambda: _filled(b"i", b"<response><?p ", b"?></response>"), False),
    "one text": (lambda: _filled(b"t", FIELD, FIELD_END), True),
    "one text of line ends": (lambda: _filled(b"\r\n", FIELD, FIELD_END), True),
    "one text of references": (lambda: _filled(b"&lt;", FIELD, FIELD_END), True),
    "one text of astral characters": (
        lambda: _filled("\U0001f4b6".encode(), FIELD, FIELD_END),
        True,
    ),
    "one text of CDATA sections": (lambda: _filled(b"<![CDATA[]]>", FIELD, FIELD_END), True),
    "one CDATA section": (
        lambda: _filled(b"c", FIELD + b"<![CDATA[", b"]]>" + FIELD_END),
        True,
    ),
    "forbidden references": (lambda: _filled(b"&#1;", FIELD, FIELD_END), True),
    "forbidden characters": (lambda: _filled(b"\x01", FIELD, FIELD_END), True),
    "bytes that are no text": (lambda: _filled(b"\xff", FIELD, FIELD_END), True),
    "references that never end": (lambda: _filled(b"&#", FIELD, FIELD_END), False),
    "a reference of digits": (lambda: _filled(b"9", FIELD + b"&#", b";" + FIELD_END), False),
    "white space": (lambda: _filled(b" ", b"<response>", b"</response>"), True),
    "comments": (lambda: _filled(b"<!---->", b"<response>", b"</response>"), True),
    "instructions": (lambda: _filled(b"<?p?>", b"<response>", b"</response>"), True),
    "elements": (lambda: _filled(b"<a/>", b"<response>", b"</response>"), False),
    "elements with attributes": (
        lambda: _filled(b'<a b="c"/>', b"<response>", b"</response>"),
        False,
    ),
    "records": (lambda: _filled(b"<B><A>1</A></B>", DATA, END), False),
    "empty records": (lambda: _filled(b"<B/>", DATA, END), False),
    "records with attributes": (lambda: _filled(b'<B a="b"/>', DATA, END), False),
    "one record of one field repeated": (
        lambda: _filled(b"<a/>", DATA + b"<B>", b"</B>" + END),
        False,
    ),
    "one record of one field repeated, unclosed": (lambda: _filled(b"<a/>", DATA + b"<B>"), False),
    "records of repeated fields": (
        lambda: _filled(b"<B>" + b"<a/>" * 1000 + b"</B>", DATA, END),
        False,
    ),
    "one record of many fields": (
        lambda: _numbered("<f{0}>v</f{0}>", DATA + b"<B>", b"</B>" + END, 800_000),
        False,
    ),
    "fields of many names": (
        lambda: _numbered("<B><f{0}>v</f{0}></B>", DATA, END, 19_000),
        False,
    ),
    "results": (lambda: _filled(b"<result/>", b"<response><operation>"), False),
    "not XML": (lambda: _filled(b"{"), False),
    "UTF-16": (lambda: (FIELD + b"t" * 4_000_000 + FIELD_END).decode().encode("utf-16"), True),
}
