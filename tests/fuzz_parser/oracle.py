"""What is right: defusedxml reads the same bytes, and where XML was broken, a cleaned copy.

The cleaning and the conversion of the tree are written here a second time, slowly and plainly, and
share nothing with the parser but the names of its result.
"""

from __future__ import annotations

import re
from enum import StrEnum
from xml.etree.ElementTree import Element as Node
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ml_connector.errors import SourceError
from ml_connector.intacct.parser import ENCODINGS, MAX_DEPTH, parse
from ml_connector.intacct.reply import read_reply
from ml_connector.intacct.small import parse_small
from ml_connector.intacct.tree import Document, Element

UTF_32 = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
_NAME_WITH_PREFIX = re.compile(r"[<\s/]\w+:\w+[\s=/>]")
_DECLARATION = re.compile(
    r"""(?P<before><\?xml\s+version\s*=\s*(?:"1\.\d+"|'1\.\d+'))"""
    r"""\s+encoding\s*=\s*(?P<quote>["'])(?P<encoding>[A-Za-z][A-Za-z0-9._-]*)(?P=quote)"""
    r"""(?P<after>(?:\s+standalone\s*=\s*(?:"(?:yes|no)"|'(?:yes|no)'))?\s*\?>)"""
)
RECORDS_AT = ("RESPONSE", "OPERATION", "RESULT", "DATA")


class Outcome(StrEnum):
    """How one document went. The last three must not happen."""

    READ = "read"
    CLEANED = "cleaned"
    REFUSED = "refused"
    WRONG = "wrong"
    HUNG = "hung"
    OVER_MEMORY = "over_memory"

    @property
    def good(self) -> bool:
        """Whether a document may go this way."""
        return self in {Outcome.READ, Outcome.CLEANED, Outcome.REFUSED}


def judge(body: bytes) -> tuple[Outcome, str]:
    """Parse one document and hold the result against the oracle's; why, where it is wrong."""
    try:
        ours: Document | SourceError = parse(body)
    except SourceError as error:
        ours = error
    except MemoryError:
        return Outcome.OVER_MEMORY, "MemoryError"
    except Exception as error:  # noqa: BLE001 - anything else is what is looked for
        return Outcome.WRONG, f"parse raised {error!r}"
    trouble = _later_trouble(body, ours)
    if trouble:
        return Outcome.WRONG, trouble
    theirs = read(body)
    if isinstance(ours, SourceError):
        return _refused(body, ours, theirs)
    return _accepted(body, ours, theirs)


def _later_trouble(body: bytes, ours: Document | SourceError) -> str:
    """Whether what comes after the parser, or the small reader, raises what is not ours."""
    try:
        if isinstance(ours, Document):
            read_reply(ours)
    except SourceError:
        pass
    except Exception as error:  # noqa: BLE001
        return f"read_reply raised {error!r}"
    try:
        parse_small(body)
    except SourceError:
        pass
    except Exception as error:  # noqa: BLE001
        return f"parse_small raised {error!r}"
    return ""


def _accepted(body: bytes, ours: Document, theirs: Node | None) -> tuple[Outcome, str]:
    if theirs is not None:
        if ours.cleaned:
            return Outcome.WRONG, "cleaned although nothing was wrong with it"
        right = same(ours.root, theirs)
        return (Outcome.READ, "") if right else (Outcome.WRONG, "read otherwise than the oracle")
    if not ours.cleaned:
        return Outcome.WRONG, "accepted what the oracle refuses"
    cleaned, removed = clean(body)
    theirs = read(as_utf_8(cleaned))
    if theirs is None:
        return Outcome.WRONG, "accepted what the oracle refuses even when cleaned"
    if ours.cleaned != removed:
        return Outcome.WRONG, f"counts {ours.cleaned} characters removed, not {removed}"
    right = same(ours.root, theirs)
    return (Outcome.CLEANED, "") if right else (Outcome.WRONG, "read otherwise when cleaned")


def _refused(body: bytes, error: SourceError, theirs: Node | None) -> tuple[Outcome, str]:
    """Right, unless it is a document that has to be read."""
    cleaned, removed = clean(body)
    if theirs is None:
        theirs = read(as_utf_8(cleaned)) if removed else None
    if theirs is None or _depth(theirs) > MAX_DEPTH:
        return Outcome.REFUSED, ""
    # As it came, or as it reads once freed of what had broken it.
    for declared in (declared_encoding(body), declared_encoding(cleaned.encode())):
        if declared is not None and declared not in ENCODINGS:
            return Outcome.REFUSED, ""
    # What the gateway never sends: names with a prefix, declared or built in, and UTF-32.
    if _NAME_WITH_PREFIX.search(cleaned) or body[:4] in UTF_32:
        return Outcome.REFUSED, ""
    return Outcome.WRONG, f"refused a good document: {error.safe_message}"


# ---------------------------------------------------------------------------- the oracle
def read(body: bytes) -> Node | None:
    """defusedxml's tree, or None where it refuses."""
    try:
        node: Node = fromstring(body, forbid_dtd=True)
    except (DefusedXmlException, ParseError, LookupError, ValueError):
        return None
    return node


def _depth(node: Node) -> int:
    deepest, waiting = 0, [(node, 1)]
    while waiting:
        element, depth = waiting.pop()
        deepest = max(deepest, depth)
        waiting += [(child, depth + 1) for child in element]
    return deepest


def same(ours: Element, theirs: Node, above: tuple[str, ...] = ()) -> bool:
    """Whether the two trees hold the same. Attributes of what is inside records are not kept."""
    path = (*above, _name(theirs))
    in_record = len(path) > len(RECORDS_AT) + 1 and path[: len(RECORDS_AT)] == RECORDS_AT
    attributes = {key.lower(): value for key, value in theirs.attrib.items()}
    kept = {key: value for key, value in ours.attributes.items() if key != "xmlns"}
    if ours.name != path[-1] or not (in_record or kept == attributes):
        return False
    if ours.text != ("" if len(theirs) else theirs.text or ""):
        return False
    nested, rows = list(theirs), []
    if path == RECORDS_AT:
        nested = [child for child in theirs if not _flat(child)]
        rows = [{_name(f): f.text or "" for f in child} for child in theirs if _flat(child)]
    return (
        ours.records == rows
        and len(ours.children) == len(nested)
        and all(same(a, b, path) for a, b in zip(ours.children, nested, strict=True))
    )


def _name(node: Node) -> str:
    """In upper case, without the namespace: the parser knows none."""
    return str(node.tag).rpartition("}")[2].upper()


def _flat(record: Node) -> bool:
    names = [_name(field) for field in record]
    return len(set(names)) == len(names) and not any(len(field) for field in record)


# -------------------------------------------------------------------------- the cleaning
def declared_encoding(body: bytes) -> str | None:
    """What a well-formed XML declaration names, in lower case; None where there is none."""
    for plain in ("latin-1", "utf-16-le", "utf-16-be"):
        head = body[:1200].decode(plain, "replace").lstrip("\ufeff\xef\xbb\xbf")
        found = _DECLARATION.match(head)
        if found:
            return found["encoding"].lower()
    return None


def allowed(character: str) -> bool:
    """The Char production of XML 1.0, section 2.2."""
    return character in "\t\n\r" or (
        " " <= character <= "\ud7ff"
        or "\ue000" <= character <= "\ufffd"
        or "\U00010000" <= character <= "\U0010ffff"
    )


def clean(body: bytes) -> tuple[str, int]:
    """The text without what XML forbids, and how many characters that took out.

    A byte that is no text in the declared encoding counts as one that was taken out.
    """
    marks = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
    if body[:2] in marks:
        text = body[2:].decode(marks[body[:2]], "replace")
    else:
        try:
            text = body.decode(declared_encoding(body) or "utf-8", "replace")
        except (LookupError, ValueError):
            # The declaration itself is damaged, and so not read as one.
            text = body.decode("utf-8", "replace")
    removed = max(0, text.count("\ufffd") - body.count("\ufffd".encode()))
    text = text.removeprefix("\ufeff")
    kept = "".join(character for character in text if allowed(character))
    removed += len(text) - len(kept)
    pieces, at = [], 0
    for match in re.finditer(r"&#(x[0-9A-Fa-f]+|[0-9]+);", kept):
        number = match[1]
        value = int(number[1:], 16) if number[0] == "x" else int(number)
        if value > 0x10FFFF or not allowed(chr(value)):
            pieces.append(kept[at : match.start()])
            at, removed = match.end(), removed + 1
    return "".join([*pieces, kept[at:]]), removed


def as_utf_8(text: str) -> bytes:
    """The copy is UTF-8, whatever the original said."""
    return _DECLARATION.sub(r"\g<before>\g<after>", text, count=1).encode()
