"""From the bytes of a reply to a tree whose records are plain dicts, or one of our errors.

The gateway's replies are a small envelope around one long list of flat records, so two pairs of
expat handlers share the work: one builds `Element` trees for the envelope and for everything
nested (the answer to `lookup`), the other does as little as it can for each field of a record.

What is refused, always: document type declarations (and with them entities and external
references), encodings outside a short list, and documents whose shape only serves to exhaust
memory. Nothing parsed leaves this module before the last byte was found well-formed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias
from xml.parsers import expat

from ml_connector.errors import SourceProtocolError, SourceUnavailable

from .cleaning import clean
from .tree import Document, Element

_Start: TypeAlias = Callable[[str, dict[str, str]], None]
_End: TypeAlias = Callable[[str], None]

#: Limits far above anything the gateway sends: a lookup has some 2,000 elements, a page 2,000
#: records of at most a few hundred fields, and no tag comes near 256 KiB.
MAX_DEPTH = 40
MAX_ELEMENTS = 50_000
MAX_RECORDS = 20_000
MAX_NAMES = 10_000
MAX_FIELDS = 10_000
FEED_BYTES = 256 * 1024

_HANDLERS = (
    "XmlDeclHandler",
    "StartDoctypeDeclHandler",
    "ProcessingInstructionHandler",
    "StartElementHandler",
    "EndElementHandler",
    "CharacterDataHandler",
)

#: Encodings a reply may declare. Expat would hand any other name to Python's codec registry.
ENCODINGS = frozenset({"utf-8", "utf-16", "us-ascii", "iso-8859-1", "windows-1252"})

#: Expat's way of saying "it ends too early": a reply that was cut off on its way to us.
_CUT_SHORT = frozenset(
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)


def parse(body: bytes) -> Document:
    """Parse a whole reply.

    A reply that is not well-formed is freed once of characters XML forbids, and of references to
    them, and parsed again; a good page pays nothing for that.

    Raises SourceUnavailable where the reply was cut short or is a web page, and
    SourceProtocolError where it is malformed or hostile.
    """
    reader = _Reader()
    try:
        return Document(reader.read(body))
    except expat.ExpatError as error:
        cleaned, removed = clean(body, reader.encoding)
        if not removed:
            raise malformed(error.code) from error
    try:
        # The clean copy is UTF-8 whatever the original declared.
        return Document(_Reader("utf-8").read(cleaned), removed)
    except expat.ExpatError as error:
        raise malformed(error.code) from error


def holds_records(path: Sequence[str]) -> bool:
    """Whether the children of the element at this path (upper case names) are records."""
    return list(path) == ["RESPONSE", "OPERATION", "RESULT", "DATA"]


def malformed(code: int) -> SourceUnavailable | SourceProtocolError:
    """The error for one of expat's error codes."""
    if code in _CUT_SHORT:
        return SourceUnavailable("the gateway's reply was cut short")
    reason = expat.errors.messages.get(code, "unknown")
    return SourceProtocolError(f"the gateway's reply is not well-formed XML ({reason})")


class _Reader:
    """One pass of expat over one reply."""

    def __init__(self, encoding: str | None = None) -> None:
        self.encoding = encoding
        self._names: dict[str, str] = {}
        self._expat = expat.ParserCreate(encoding, intern=self._names)
        self._expat.buffer_text = True
        self._text: list[str] = []
        self._stack: list[Element] = []
        self._root: Element | None = None
        self._elements = 0
        self._records = 0
        self._record_depth = 0
        self._record_name = ""
        self._record_attributes: dict[str, str] = {}
        self._keys: list[str] = []
        self._values: list[str] = []
        self._last_keys: list[str] = []
        self._last_upper: list[str] = []
        self._field, self._field_end = self._field_handlers()
        self._expat.XmlDeclHandler = self._declaration
        self._expat.StartDoctypeDeclHandler = self._doctype
        self._expat.ProcessingInstructionHandler = self._instruction
        # A C function as handler: no Python frame for every piece of text.
        self._expat.CharacterDataHandler = self._text.append
        self._expect_elements()

    def read(self, body: bytes) -> Element:
        """Parse it all. Fed in parts, so that one endless tag is noticed while it is small."""
        try:
            self._feed(memoryview(body))
        finally:
            self._let_go()
        self._refuse_prefixes(self._names)
        if self._root is None:  # pragma: no cover - expat raises "no element found" first
            raise SourceProtocolError("the gateway's reply holds no element")
        return self._root

    def _feed(self, body: memoryview) -> None:
        for start in range(0, len(body), FEED_BYTES):
            self._expat.Parse(body[start : start + FEED_BYTES], False)
            fed = min(start + FEED_BYTES, len(body))
            if fed - self._expat.CurrentByteIndex > FEED_BYTES:
                raise SourceProtocolError("the gateway's reply holds a tag of enormous length")
            if len(self._keys) > MAX_FIELDS:
                raise SourceProtocolError("the gateway's reply holds a record without end")
            self._check_names()
        self._expat.Parse(b"", True)

    def _let_go(self) -> None:
        """End the cycles between this reader and its handlers: a page is freed when dropped."""
        for handler in _HANDLERS:
            setattr(self._expat, handler, None)
        del self._field, self._field_end

    # ------------------------------------------------------------------ what is refused
    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is None:
            return
        if encoding.lower() not in ENCODINGS:
            raise SourceProtocolError("the gateway's reply declares an encoding never used by it")
        self.encoding = self.encoding or encoding.lower()

    def _doctype(self, name: str, _system: object, _public: object, _internal: object) -> None:
        if name.lower() == "html":
            raise SourceUnavailable("the gateway answered with a web page")
        raise SourceProtocolError("the gateway's reply declares a document type")

    def _instruction(self, target: str, _data: str) -> None:
        self._refuse_prefixes((target,))

    @staticmethod
    def _refuse_prefixes(names: Iterable[str]) -> None:
        """The gateway uses no namespaces, and nothing here checks that a prefix is declared."""
        if any(":" in name for name in names):
            raise SourceProtocolError("the gateway's reply uses names with a prefix")

    # ------------------------------------------------- the envelope, and what nests
    def _expect_elements(self) -> None:
        self._expat.StartElementHandler = self._open
        self._expat.EndElementHandler = self._close

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        element = _element(name, attributes)
        self._push(element)
        if holds_records([ancestor.name for ancestor in self._stack]):
            self._record_depth = len(self._stack)
            self._expect_record()

    def _push(self, element: Element) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS or len(self._stack) >= MAX_DEPTH:
            raise SourceProtocolError("the gateway's reply nests or repeats beyond all measure")
        self._check_names()
        if self._stack:
            self._stack[-1].children.append(element)
        else:
            self._root = element
        self._stack.append(element)
        self._text.clear()

    def _check_names(self) -> None:
        if len(self._names) > MAX_NAMES:
            raise SourceProtocolError("the gateway's reply holds too many different names")

    def _close(self, _name: str) -> None:
        element = self._stack.pop()
        if not element.children and not element.records:
            element.text = "".join(self._text)
        self._text.clear()
        depth = len(self._stack)
        if depth == self._record_depth and depth:
            self._expect_record()
        elif depth < self._record_depth:
            self._record_depth = 0
            self._expect_elements()

    # --------------------------------------------------------------------- records
    def _expect_record(self) -> None:
        """The next element is a record of the DATA element on top of the stack, or its end."""
        self._expat.StartElementHandler = self._record
        self._expat.EndElementHandler = self._close

    def _record(self, name: str, attributes: dict[str, str]) -> None:
        self._records += 1
        if self._records > MAX_RECORDS:
            raise SourceProtocolError("the gateway's reply holds more records than a page can")
        self._record_name, self._record_attributes = name, attributes
        self._keys.clear()
        self._values.clear()
        self._expat.StartElementHandler = self._field
        self._expat.EndElementHandler = self._field_end

    def _field_handlers(self) -> tuple[_Start, _End]:
        """Handlers for the fields of a record: the only code that runs for every field.

        Names and texts are collected in two lists, for one dict made of both at the end of the
        record costs less than a dict filled field by field.
        """
        in_field = False
        text, put_key, put_value, join = self._text, self._keys.append, self._values.append, "".join
        forget_text = text.clear

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal in_field
            if in_field:
                in_field = False
                self._unfold()
                self._open(name, attributes)
            else:
                in_field = True
                put_key(name)
                forget_text()

        def end(_name: str) -> None:
            nonlocal in_field
            if in_field:
                in_field = False
                put_value(join(text))
            else:
                self._finish_record()

        return start, end

    def _finish_record(self) -> None:
        if self._keys != self._last_keys:
            # Records of a page have the same fields, so this happens once per page.
            self._check_names()
            self._last_keys = self._keys.copy()
            self._last_upper = [key.upper() for key in self._keys]
        row = dict(zip(self._last_upper, self._values, strict=True))
        if len(row) == len(self._keys):
            self._stack[-1].records.append(row)
        else:
            # A repeated field would silently hide a value: kept as a tree, which no reader of
            # flat records accepts.
            self._unfold()
            self._stack.pop()
        self._expect_record()

    def _unfold(self) -> None:
        """Turn a record begun as flat into an Element, and go on with the general handlers."""
        self._push(_element(self._record_name, self._record_attributes))
        for key, value in zip(self._keys, self._values, strict=False):
            self._push(Element(key.upper(), text=value))
            self._stack.pop()
        if len(self._keys) > len(self._values):  # the field that holds elements is still open
            self._push(Element(self._keys[-1].upper()))
        self._expect_elements()


def _element(name: str, attributes: dict[str, str]) -> Element:
    return Element(name.upper(), {key.lower(): value for key, value in attributes.items()})
