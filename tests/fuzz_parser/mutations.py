"""What happens to a document on its way: one function per kind of damage, from text to bytes.

Each takes the chance and a well-formed document; what it returns may be well-formed still.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from random import Random

Mutation = Callable[[Random, str], bytes]

REFERENCES = (
    "&#0;", "&#1;", "&#x1F;", "&#x0000B;", "&#xD800;", "&#57343;", "&#xFFFE;", "&#65535;",
    "&#x110000;", "&#99999999999999999999;", "&#x;", "&#;", "&#xG1;", "&#12", "&", "& ", "&;",
    "&nbsp;", "&hallo;", "&amp", "&&#1;#1;", "&#38;#1;", "&#9;", "&#xD;", "&#x1F600;", "&lt;",
)  # fmt: skip
SURROGATES = (
    b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xed\xa0\xbd\xed\xb2\xa9", b"\xed\xb2\xa9\xed\xa0\xbd",
)  # fmt: skip
BROKEN_UTF8 = (b"\xff", b"\xc0\x80", b"\xe2\x82", b"\xf5\x80\x80\x80", b"\xe9", b"\x80")
ENCODINGS = (
    "UTF-8", "utf-16", "UTF-16LE", "utf-16be", "ISO-8859-1", "windows-1252", "us-ascii", "utf-7",
    "rot13", "gbk", "utf-32", "cp037", "idna", "base64", "x" * 300, "UTF-8 ", "",
)  # fmt: skip
ENTITIES = {
    "laughs": "<!ENTITY a 'ha'>" + "".join(
        f"<!ENTITY {new} '{f'&{old};' * 10}'>" for old, new in pairwise("abcdefghi")
    ),
    "file": '<!ENTITY i SYSTEM "file:///etc/hostname">',
    "network": '<!ENTITY i SYSTEM "http://127.0.0.1:9/x">',
    "parameter": '<!ENTITY % p SYSTEM "file:///etc/hostname">%p;<!ENTITY i "x">',
    "plain": '<!ENTITY i "harmless">',
    "attribute list": '<!ATTLIST data count CDATA "1"><!ENTITY i "x">',
    "none": "",
}  # fmt: skip


def _places(text: str) -> list[int]:
    """Between two elements, or between an element and its text."""
    return [match.end() for match in re.finditer(">", text)]


def _between(chance: Random, text: str, piece: str) -> str:
    at = chance.choice(_places(text))
    return text[:at] + piece + text[at:]


def _anywhere(chance: Random, body: bytes, piece: bytes) -> bytes:
    at = chance.randrange(len(body) + 1)
    return body[:at] + piece + body[at:]


def _span(chance: Random, body: bytes) -> tuple[int, int]:
    begin = chance.randrange(len(body) + 1)
    return begin, min(len(body), begin + chance.choice((1, 1, 2, 5, 20, 200)))


def _text_places(text: str) -> list[re.Match[str]]:
    return list(re.finditer(r">([^<>]+)</", text))


def nothing(_chance: Random, text: str) -> bytes:
    """As it came."""
    return text.encode()


def cdata(chance: Random, text: str) -> bytes:
    """A text put in a CDATA section, or a section where there was nothing."""
    found = _text_places(text)
    if found and chance.random() < 0.7:
        match = chance.choice(found)
        return (text[: match.start(1)] + f"<![CDATA[{match[1]}]]>" + text[match.end(1) :]).encode()
    pieces = ("<![CDATA[]]>", "<![CDATA[<a>&#1;]]>", "<![CDATA[", "]]>", "<![CDATA[x]]]]>")
    return _between(chance, text, chance.choice(pieces)).encode()


def comment(chance: Random, text: str) -> bytes:
    """Comments where they may stand and where they may not."""
    piece = chance.choice(("<!---->", "<!-- <a> & -->", "<!-- -- -->", "<!--", "-->", "<!--->"))
    if chance.random() < 0.2:
        return _anywhere(chance, text.encode(), piece.encode())
    return _between(chance, text, piece).encode()


def instruction(chance: Random, text: str) -> bytes:
    """Processing instructions, a second declaration among them."""
    pieces = ("<?p?>", "<?p <a> ?>", '<?xml version="1.0"?>', "<?", "<?xml-stylesheet href='x'?>")
    return _between(chance, text, chance.choice(pieces)).encode()


def nesting(chance: Random, text: str) -> bytes:
    """Elements within a field, up to deeper than is allowed, closed or not."""
    depth = chance.choice((1, 2, 3, 30, 60))
    inside = "<n>" * depth + chance.choice(("", "v")) + "</n>" * chance.choice((depth, depth, 1))
    return _between(chance, text, inside).encode()


def line_ends(chance: Random, text: str) -> bytes:
    """CR and CR LF, which XML reads as LF."""
    if chance.random() < 0.5:
        return text.replace("\n", chance.choice(("\r\n", "\r", "\n\r", "\r\r\n"))).encode()
    return _anywhere(chance, text.encode(), chance.choice((b"\r", b"\r\n", b"\xc2\x85", b"\n")))


def reference(chance: Random, text: str) -> bytes:
    """References to characters that XML forbids, to none, and cut ones."""
    for _ in range(chance.choice((1, 1, 3))):
        text = _between(chance, text, chance.choice(REFERENCES))
    return text.encode()


def control(chance: Random, text: str) -> bytes:
    """Control bytes, and the two characters at the end of the plane."""
    body = text.encode()
    for _ in range(chance.choice((1, 1, 3, 20))):
        piece = bytes([chance.randrange(32)]) if chance.random() < 0.8 else "\ufffe\uffff".encode()
        body = _anywhere(chance, body, piece)
    return body


def deletion(chance: Random, text: str) -> bytes:
    """Something is missing."""
    body = text.encode()
    begin, end = _span(chance, body)
    return body[:begin] + body[end:]


def duplication(chance: Random, text: str) -> bytes:
    """Something is there twice."""
    body = text.encode()
    begin, end = _span(chance, body)
    return body[:end] + body[begin:end] + body[end:]


def duplicate_element(chance: Random, text: str) -> bytes:
    """A whole element is there twice: a field, a record, a result."""
    found = list(
        re.finditer(r"<([\w.]+)>[^<>]*</\1>|<(APBILL|data|result)\b.*?</\2>", text, re.DOTALL)
    )
    if not found:
        return text.encode()
    match = chance.choice(found)
    return (text[: match.end()] + match.group() + text[match.end() :]).encode()


def exchange(chance: Random, text: str) -> bytes:
    """Two pieces change places."""
    body = text.encode()
    first, second = sorted(_span(chance, body) for _ in range(2))
    if first[1] > second[0]:
        return body
    return (
        body[: first[0]] + body[second[0] : second[1]] + body[first[1] : second[0]]
        + body[first[0] : first[1]] + body[second[1] :]
    )  # fmt: skip


def bits(chance: Random, text: str) -> bytes:
    """Bits flip."""
    body = bytearray(text.encode())
    for _ in range(chance.choice((1, 1, 4))):
        body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
    return bytes(body)


def truncation(chance: Random, text: str) -> bytes:
    """The rest is missing."""
    body = text.encode()
    return body[: chance.randrange(len(body))]


def surrogate(chance: Random, text: str) -> bytes:
    """Halves of surrogate pairs and other bytes that are no UTF-8."""
    return _anywhere(chance, text.encode(), chance.choice(SURROGATES + BROKEN_UTF8))


def _declared(text: str, encoding: str) -> str:
    bare = re.sub(r"^<\?xml.*?\?>\s*", "", text, flags=re.DOTALL)
    return f'<?xml version="1.0" encoding="{encoding}"?>{bare}'


def encoding(chance: Random, text: str) -> bytes:
    """Declared as one encoding and written in another, or in the same."""
    declared = chance.choice(ENCODINGS)
    actual = chance.choice(("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1",
                            "cp1252", "utf-32", "utf-7"))  # fmt: skip
    shown = _declared(text, declared) if chance.random() < 0.8 else text
    return shown.encode(actual, chance.choice(("replace", "xmlcharrefreplace")))


def utf_16(chance: Random, text: str) -> bytes:
    """UTF-16 with its mark, and something odd within: a lone surrogate, a control, an odd end."""
    piece = chance.choice(
        ("", "\ud800", "\udfff", "\x01", "\ufffe", "\uffff", "&#1;", "\U0001f4b6")
    )
    order = chance.choice(("utf-16-le", "utf-16-be"))
    body = "\ufeff" + _between(
        chance, text.removeprefix('<?xml version="1.0" encoding="UTF-8"?>'), piece
    )
    raw = body.encode(order, "surrogatepass")
    return raw[:-1] if chance.random() < 0.1 else raw


def latin_as_utf_8(chance: Random, text: str) -> bytes:
    """Latin-1 in a reply that says UTF-8, as a careless proxy makes it."""
    body = _declared(_between(chance, text, "Café ÿ"), "UTF-8")
    return body.encode("latin-1", "xmlcharrefreplace")


def entities(chance: Random, text: str) -> bytes:
    """A document type with entities, and where one would be read."""
    subset = ENTITIES[chance.choice(list(ENTITIES))]
    kind = chance.choice((f"<!DOCTYPE response [{subset}]>", '<!DOCTYPE a SYSTEM "x.dtd">',
                          '<!DOCTYPE html PUBLIC "x" "y">', "<!DOCTYPE response>"))  # fmt: skip
    bare = re.sub(r"^<\?xml.*?\?>\s*", "", text, flags=re.DOTALL)
    return (kind + _between(chance, bare, chance.choice(("&i;", "", "&#1;")))).encode()


def letters(chance: Random, text: str) -> bytes:
    """Names in another case, at one end of an element or at both."""
    names = sorted(set(re.findall(r"<([\w.]+)", text)))
    name = chance.choice(names)
    turned = chance.choice((name.upper(), name.lower(), name.title(), name + "\u00df", "1" + name))
    times = chance.choice((0, 0, 1))
    return re.sub(
        rf"(</?){re.escape(name)}(?=[\s/>])", rf"\g<1>{turned}", text, count=times
    ).encode()


def attributes(chance: Random, text: str) -> bytes:
    """Attributes of all kinds: repeated, cut, with line breaks and references in them."""
    piece = chance.choice((
        ' a="1"', " a='1' A='2'", ' a="1" a="2"', ' a="&lt;&#10;"', ' a="\r\n\t"', ' a="<"', " a",
        " a=1", ' count="7"', ' count="x"', ' numremaining="-1"', ' a="&#1;"', ' a="\x01"',
        f' a="{"v" * 3000}"', ' xml:space="preserve"',
    ))  # fmt: skip
    at = chance.choice([m.end() for m in re.finditer(r"<[\w.]+", text)])
    return (text[:at] + piece + text[at:]).encode()


def namespaces(chance: Random, text: str) -> bytes:
    """Prefixes, declared or not."""
    piece = chance.choice((' xmlns="urn:x"', ' xmlns:p="urn:x"', ' p:a="1"', ' xmlns:p=""',
                           ' xmlns:xml="urn:y"', ' xmlns=""'))  # fmt: skip
    if chance.random() < 0.5:
        return re.sub(r"(</?)(STATE|status|data)\b", r"\g<1>p:\g<2>", text).encode()
    at = chance.choice([m.end() for m in re.finditer(r"<[\w.]+", text)])
    return (text[:at] + piece + text[at:]).encode()


def around(chance: Random, text: str) -> bytes:
    """Something before the document or after it."""
    pieces = (" ", "\n", "\ufeff", "x", "<a/>", text, "<!-- c -->", "\x00", "&#1;", "{}", "\x01")
    before, after = chance.choice(("", *pieces)), chance.choice(("", *pieces))
    return f"{before}{text}{after}".encode()


MUTATIONS: Mapping[str, Mutation] = {
    "as it came": nothing,
    "cdata": cdata,
    "comment": comment,
    "instruction": instruction,
    "nesting": nesting,
    "line ends": line_ends,
    "reference": reference,
    "control byte": control,
    "deletion": deletion,
    "duplication": duplication,
    "duplicate element": duplicate_element,
    "exchange": exchange,
    "bits": bits,
    "truncation": truncation,
    "surrogate": surrogate,
    "encoding": encoding,
    "utf-16": utf_16,
    "latin-1 as utf-8": latin_as_utf_8,
    "entities": entities,
    "letters": letters,
    "attributes": attributes,
    "namespaces": namespaces,
    "around": around,
}


def mutated(chance: Random, text: str) -> tuple[str, bytes]:
    """A document with one kind of damage, or with two of which the first one gives the name."""
    name = chance.choice(list(MUTATIONS))
    body = MUTATIONS[name](chance, text)
    if chance.random() < 0.25:
        second = chance.choice((deletion, control, bits, reference, cdata))
        try:
            body = second(chance, body.decode())
        except (UnicodeDecodeError, IndexError, ValueError):
            return name, body
    return name, body
