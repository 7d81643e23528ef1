from __future__ import annotations

import gc
import tracemalloc
from contextlib import suppress

import pytest

from ml_connector.errors import SourceError, SourceProtocolError, SourceUnavailable
from ml_connector.intacct import parser
from ml_connector.intacct.bodies import BodyKind, kind_of
from ml_connector.intacct.parser import parse
from ml_connector.intacct.small import parse_small
from ml_connector.intacct.tree import Element


def page(inside: str, *, head: str = '<?xml version="1.0" encoding="UTF-8"?>') -> bytes:
    return (
        f"{head}<response><control><status>success</status></control><operation><result>"
        f'<function>query</function><data listtype="APBILL" count="1">{inside}</data>'
        "</result></operation></response>"
    ).encode()


def data_of(body: bytes) -> Element:
    operation = parse(body).root.child("OPERATION")
    assert operation is not None
    result = operation.child("RESULT")
    assert result is not None
    data = result.child("DATA")
    assert data is not None
    return data


BILL = "<APBILL><RECORDNO>1</RECORDNO><STATE>Submitted</STATE><MEMO></MEMO></APBILL>"


def test_records_are_dicts_and_null_is_an_empty_text() -> None:
    assert data_of(page(BILL)).records == [{"RECORDNO": "1", "STATE": "Submitted", "MEMO": ""}]


def test_one_record_and_many_come_out_the_same() -> None:
    assert len(data_of(page(BILL)).records) == 1
    assert len(data_of(page(BILL * 3)).records) == 3
    assert data_of(page("")).records == []


@pytest.mark.parametrize("space", ["", "\n    ", "\r\n\t"])
def test_white_space_around_elements_does_not_matter(space: str) -> None:
    spaced = BILL.replace("><", f">{space}<").replace(f"<MEMO>{space}</MEMO>", "<MEMO></MEMO>")
    assert data_of(page(space + spaced + space)).records == data_of(page(BILL)).records


def test_white_space_within_values_is_kept() -> None:
    assert data_of(page("<B><A>  x\n y </A></B>")).records == [{"A": "  x\n y "}]


def test_names_are_upper_case_whatever_the_function_sent() -> None:
    lower = "<apbill><RecordNo>1</RecordNo><payto.ContactName>Ann</payto.ContactName></apbill>"
    upper = "<APBILL><RECORDNO>2</RECORDNO><PAYTO.CONTACTNAME>Ben</PAYTO.CONTACTNAME></APBILL>"
    assert data_of(page(lower + upper)).records == [
        {"RECORDNO": "1", "PAYTO.CONTACTNAME": "Ann"},
        {"RECORDNO": "2", "PAYTO.CONTACTNAME": "Ben"},
    ]


def test_records_with_other_fields_than_the_one_before_are_read_by_their_own() -> None:
    inside = "<B><X>1</X><Y>2</Y></B><B><Y>3</Y></B><B/><B><X>4</X><Y>5</Y></B>"
    assert data_of(page(inside)).records == [
        {"X": "1", "Y": "2"},
        {"Y": "3"},
        {},
        {"X": "4", "Y": "5"},
    ]


def test_entities_cdata_comments_and_instructions_are_read_as_xml_means_them() -> None:
    inside = "<B><A>a&amp;b&lt;&#039;<![CDATA[<c>&]]><!-- no -->d<?pi x?>e</A><!-- - --></B>"
    assert data_of(page(inside)).records == [{"A": "a&b<'<c>&de"}]


def test_long_values_come_in_one_piece() -> None:
    value = "Zoë " * 20_000
    assert data_of(page(f"<B><A>{value}</A></B>")).records == [{"A": value}]


def test_what_nests_is_kept_as_a_tree() -> None:
    inside = (
        '<Type Name="APBILL"><Note>n</Note><Fields><Field><ID>STATE</ID><VALIDVALUES>'
        "<VALIDVALUE>Draft</VALIDVALUE><VALIDVALUE>Paid</VALIDVALUE></VALIDVALUES></Field>"
        f"</Fields><Last>z</Last></Type>{BILL}"
    )
    data = data_of(page(inside))
    (record,) = data.children
    assert (record.name, record.attributes) == ("TYPE", {"name": "APBILL"})
    assert record.text_of("NOTE") == "n"
    assert record.text_of("LAST") == "z"
    fields = record.child("FIELDS")
    assert fields is not None
    values = fields.children[0].child("VALIDVALUES")
    assert values is not None
    assert [value.text for value in values.children] == ["Draft", "Paid"]
    assert [row["RECORDNO"] for row in data.records] == ["1"]


def test_a_repeated_field_makes_a_tree_rather_than_hiding_a_value() -> None:
    data = data_of(page(f"<B><A>1</A><a>2</a></B>{BILL}"))
    assert [child.text for child in data.children[0].children] == ["1", "2"]
    assert len(data.records) == 1


def test_several_results_keep_their_records_apart() -> None:
    one = "<result><data><A><X>1</X></A></data></result>"
    two = "<result><status>failure</status></result><result><data><A><X>2</X></A></data></result>"
    root = parse(f"<response><operation>{one}{two}</operation></response>".encode()).root
    operation = root.child("OPERATION")
    assert operation is not None
    found = [result.child("DATA") for result in operation.children]
    assert [data.records if data else None for data in found] == [[{"X": "1"}], None, [{"X": "2"}]]


def test_data_elsewhere_than_in_a_result_is_an_element_like_any_other() -> None:
    root = parse(b"<response><data><A><X>1</X></A></data></response>").root
    assert root.children[0].records == []
    assert root.children[0].children[0].text_of("X") == "1"


@pytest.mark.parametrize(
    "body", [page(BILL), page("<T><F><ID>1</ID></F></T>"), b"<a>", b"<!DOCTYPE a>"]
)
def test_a_page_is_freed_without_the_help_of_the_cyclic_collector(body: bytes) -> None:
    with suppress(SourceError):
        parse(body)
    gc.collect()
    gc.disable()
    try:
        with suppress(SourceError):
            parse(body)
        assert gc.collect() == 0
    finally:
        gc.enable()


# --------------------------------------------------------------------- forbidden characters
def test_a_page_with_forbidden_characters_is_cleaned_once_and_counted() -> None:
    dirty = BILL.replace("Submitted", "Sub\x01mit&#x1;ted&#0;")
    document = parse(page(dirty))
    assert document.cleaned == 3
    assert data_of(page(dirty)).records[0]["STATE"] == "Submitted"


def test_a_good_page_is_not_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("cleaned without need")

    monkeypatch.setattr(parser, "clean", fail)
    assert parse(page(BILL)).cleaned == 0


def test_a_page_that_is_still_broken_after_cleaning_is_refused() -> None:
    with pytest.raises(SourceProtocolError, match="not well-formed"):
        parse(page("<B><A>\x01</B></A>"))
    with pytest.raises(SourceProtocolError, match="not well-formed"):
        parse(page("<B><A>&&#1;#1;</A></B>"))


def test_latin_1_bytes_in_a_utf_8_page_do_not_cost_the_page() -> None:
    document = parse(page("<B><A>Caf@</A></B>").replace(b"@", b"\xe9"))
    assert document.cleaned == 1
    assert data_of(page("<B><A>Caf@</A></B>").replace(b"@", b"\xe9")).records == [
        {"A": "Caf\ufffd"}
    ]


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "utf-16", "UTF-8", "us-ascii"])
def test_the_declared_encoding_is_honoured(encoding: str) -> None:
    head = f'<?xml version="1.0" encoding="{encoding}"?>'
    name = "Zoe" if encoding == "us-ascii" else "Zoë"
    body = page(f"<B><A>{name}</A></B>", head=head).decode()
    assert data_of(body.encode(encoding)).records == [{"A": name}]
    assert data_of(body.replace("Zo", "Z\x02o").encode(encoding)).records == [{"A": name}]


def test_a_byte_order_mark_is_no_obstacle() -> None:
    assert data_of(b"\xef\xbb\xbf" + page(BILL)).records[0]["RECORDNO"] == "1"
    headless = page(BILL, head="").decode().encode("utf-16")
    assert data_of(headless).records[0]["RECORDNO"] == "1"


# ----------------------------------------------------------------------------- truncation
def test_a_page_cut_anywhere_is_never_taken_for_a_page() -> None:
    body = page("<B><A>Zoë &amp; <![CDATA[x]]></A><C/></B>")
    for length in range(len(body)):
        with pytest.raises(SourceError):
            parse(body[:length])


def test_a_cut_reply_can_be_asked_for_again() -> None:
    with pytest.raises(SourceUnavailable, match="cut short"):
        parse(page(BILL)[:-20])
    with pytest.raises(SourceUnavailable, match="cut short"):
        parse(b"")


# ------------------------------------------------------------------------ hostile documents
LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))

HOSTILE = {
    "billion laughs": f'<!DOCTYPE response [<!ENTITY l0 "ha">{LAUGHS}]><response>&l9;</response>',
    "quadratic blow-up": f'<!DOCTYPE a [<!ENTITY b "{"x" * 50_000}">]><a>{"&b;" * 1000}</a>',
    "external entity": '<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/hostname">]><a>&f;</a>',
    "external network entity": '<!DOCTYPE a [<!ENTITY f SYSTEM "http://127.0.0.1:9/x">]><a>&f;</a>',
    "parameter entity": '<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/hostname">%p;]><a/>',
    "external subset": '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>',
    "harmless doctype": "<!DOCTYPE response><response/>",
    "unknown codec": '<?xml version="1.0" encoding="rot13"?><a/>',
    "multi-byte codec": '<?xml version="1.0" encoding="gbk"?><a/>',
    "undefined entity": "<response>&hallo;</response>",
    "two roots": "<response></response><response></response>",
    "illegal name": "<response><GLDIMBuild/Disassemble_1></response>",
    "undeclared prefix": "<response><p:operation></p:operation></response>",
    "undeclared prefix in a record": page("<B><p:A>1</p:A></B>").decode(),
    "undeclared prefix of an instruction": "<response><?p:a x?></response>",
    "undeclared prefix of an attribute": '<response p:a="1"></response>',
    "deep nesting": "<a>" * 100_000,
    "deep nesting in a record": "<response><operation><result><data>" + "<a>" * 100_000,
    "many elements": "<response>" + "<a/>" * 200_000 + "</response>",
    "many records": page("<a/>" * 30_000).decode(),
    "many names": page("".join(f"<r><a{i}/></r>" for i in range(15_000))).decode(),
    "many names elsewhere": "<r>" + "".join(f"<a{i}/>" for i in range(15_000)) + "</r>",
    "many names in one record": page(
        f"<r>{''.join(f'<a{i}/>' for i in range(90_000))}</r>"
    ).decode(),
    "endless record": page(f"<B>{'<a/>' * 600_000}</B>").decode(),
    "endless tag": "<response " + " ".join(f'a{i}="x"' for i in range(100_000)) + "/>",
    "endless comment": "<response><!--" + "x" * 2_000_000 + "--></response>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_are_refused_within_bounds(name: str) -> None:
    body = HOSTILE[name].encode()
    tracemalloc.start()
    try:
        with pytest.raises(SourceError) as caught:
            parse(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * 1024 * 1024
    assert not isinstance(caught.value, SourceUnavailable)
    assert "hostname" not in str(caught.value)


@pytest.mark.parametrize("name", HOSTILE)
def test_the_reader_of_small_replies_refuses_them_too(name: str) -> None:
    with pytest.raises(SourceError):
        parse_small(HOSTILE[name].encode())


def test_a_web_page_with_a_doctype_is_a_passing_fault_and_not_an_attack() -> None:
    with pytest.raises(SourceUnavailable, match="web page"):
        parse(b"<!-- x --><!DOCTYPE html><html><body>busy</body></html>")


# ------------------------------------------------------------------------------- kinds
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<?xml version='1.0'?><response/>", BodyKind.XML),
        (b"\xef\xbb\xbf\r\n <response/>", BodyKind.XML),
        ("<response/>".encode("utf-16"), BodyKind.XML),
        (b"<!DOCTYPE HTML PUBLIC '-//W3C'><html>", BodyKind.HTML),
        (b"\n\n<HTML><body>", BodyKind.HTML),
        (b'{"ia::error": {}}', BodyKind.JSON),
        (b"[]", BodyKind.JSON),
        (b'"RECORDNO","STATE"\r\n1,Paid', BodyKind.TEXT),
        (b"", BodyKind.EMPTY),
        (b" \r\n\t", BodyKind.EMPTY),
        (b" " * 600 + b"x", BodyKind.TEXT),
    ],
)
def test_bodies_are_told_apart_by_their_beginning(body: bytes, kind: BodyKind) -> None:
    assert kind_of(body) is kind
