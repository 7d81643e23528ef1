"""Any bytes in, records or one of our errors out; and never other records than an oracle reads."""

from __future__ import annotations

from xml.etree.ElementTree import Element as Node
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ml_connector.errors import SourceError
from ml_connector.intacct.parser import parse
from ml_connector.intacct.reply import Reply, read_reply
from ml_connector.intacct.small import parse_small
from ml_connector.intacct.tree import Document, Element

#: response, operation, result, data, record.
RECORD_DEPTH = 5

names = st.sampled_from(["RECORDNO", "State", "data", "result", "API", "a.b", "Zoë", "FIELD", "x"])
texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\r", exclude_categories=("Cs", "Cc")),
    max_size=12,
)
spaces = st.sampled_from(["", "", " ", "\n  ", "<!-- c -->", "<?p i?>"])


@st.composite
def elements(draw: st.DrawFn, depth: int = 0) -> str:
    name = draw(names)
    attributes = draw(st.sampled_from(["", "", ' count="2"', ' Name="x" resultId="&lt;"']))
    if depth > 2 or draw(st.booleans()):
        text = draw(texts)
        inside = (
            f"<![CDATA[{text}]]>" if draw(st.booleans()) and "]]>" not in text else escape(text)
        )
    else:
        children = draw(st.lists(elements(depth + 1), max_size=3))
        inside = "".join(draw(spaces) + child for child in children) + draw(spaces)
    return f"<{name}{attributes}>{inside}</{name}>"


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    records = "".join(draw(st.lists(elements(), max_size=3)))
    results = draw(st.sampled_from(["", f"<result>{draw(elements())}</result>"]))
    head = draw(st.sampled_from(["", '<?xml version="1.0" encoding="UTF-8"?>', "\ufeff"]))
    count = draw(st.sampled_from(["", ' count="1"', ' count="x"']))
    return (
        f"{head}<response>{draw(elements())}<operation>{results}<result><status>success</status>"
        f"<data{count}>{draw(spaces)}{records}</data></result></operation></response>"
    ).encode()


def mutated(body: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """Cut out and put in, at places counted from the start."""
    for place, length, instead in edits:
        at = place % (len(body) + 1)
        body = body[:at] + instead + body[at + length :]
    return body


FRAGMENTS = [
    *(b"", b"<", b">", b"&", b"/", b"&#1;", b"\x00", b"\x01", b"\xff", b"]]>", b"<!--", b"<a>"),
    *(b"</data>", b"<data>", b"\xed\xa0\x80", b"&#xFFFF;", b"<![CDATA[", b'"'),
]

edits = st.lists(
    st.tuples(
        st.integers(0, 4000),
        st.integers(0, 6),
        st.sampled_from(FRAGMENTS),
    ),
    min_size=1,
    max_size=4,
)


def understood(body: bytes) -> Document | SourceError:
    try:
        document = parse(body)
        reply = read_reply(document)
    except SourceError as error:
        return error
    assert isinstance(reply, Reply)
    return document


def oracle(body: bytes) -> Node | None:
    try:
        node = fromstring(body, forbid_dtd=True)
    except (DefusedXmlException, ParseError, LookupError, ValueError):
        return None
    assert isinstance(node, Node)
    return node


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_a_reply_or_one_of_our_errors(body: bytes) -> None:
    understood(body)


@given(
    st.binary(max_size=80), st.sampled_from([b"<response>", b"<?xml ", b"<!DOCTYPE ", b"\xff\xfe"])
)
@settings(max_examples=120, deadline=None)
def test_bytes_that_begin_like_xml_do_too(rest: bytes, start: bytes) -> None:
    understood(start + rest)


@given(documents(), edits)
@settings(max_examples=150, deadline=None)
def test_what_the_oracle_refuses_is_refused_unless_it_was_cleaned(
    body: bytes, changes: list[tuple[int, int, bytes]]
) -> None:
    body = mutated(body, changes)
    try:
        document = parse(body)
    except SourceError:
        return
    if oracle(body) is None:
        assert document.cleaned > 0


@given(documents())
@settings(max_examples=120, deadline=None)
def test_records_are_those_the_oracle_reads(body: bytes) -> None:
    document = parse(body)
    root = oracle(body)
    assert root is not None
    ours = [
        data
        for operation in document.root.children
        if operation.name == "OPERATION"
        for result in operation.children
        if result.name == "RESULT"
        for data in result.children
        if data.name == "DATA"
    ]
    theirs = [
        data
        for operation in root
        if operation.tag.upper() == "OPERATION"
        for result in operation
        if result.tag.upper() == "RESULT"
        for data in result
        if data.tag.upper() == "DATA"
    ]
    assert len(ours) == len(theirs)
    for data, node in zip(ours, theirs, strict=True):
        flat = [
            {field.tag.upper(): field.text or "" for field in record}
            for record in node
            if not any(len(field) for field in record)
            and len({field.tag.upper() for field in record}) == len(record)
        ]
        assert data.records == flat
        assert len(data.children) == len(node) - len(flat)


def without_attributes(element: Element, depth: int = 1) -> Element:
    """Attributes of what is inside records are not kept by the faster reader."""
    children = [without_attributes(child, depth + 1) for child in element.children]
    attributes = element.attributes if depth <= RECORD_DEPTH else {}
    return Element(element.name, attributes, element.text, children, element.records)


@given(documents())
@settings(max_examples=120, deadline=None)
def test_both_readers_see_the_same(body: bytes) -> None:
    assert without_attributes(parse(body).root) == without_attributes(parse_small(body).root)


@given(documents(), st.integers(0, 5000))
@settings(max_examples=120, deadline=None)
def test_a_page_cut_short_is_never_a_page(body: bytes, length: int) -> None:
    assume(length < len(body))
    assert isinstance(understood(body[:length]), SourceError)
