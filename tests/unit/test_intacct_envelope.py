from __future__ import annotations

import typing
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.intacct import functions
from ml_connector.intacct.cleaning import allowed
from ml_connector.intacct.envelope import WRITERS, ByLogin, BySession, write_request
from ml_connector.intacct.filters import (
    And,
    Between,
    Compare,
    Filter,
    In,
    NotIn,
    Null,
    Operator,
    Or,
    at_least,
    equal,
    every,
    one_of,
)
from ml_connector.intacct.functions import (
    GetApiSession,
    GetAuditTrail,
    Lookup,
    Order,
    Query,
    Read,
    ReadByName,
    ReadFunction,
    ReadMore,
    ReadUserFormatting,
)
from tests.unit.intacct_stage import CREDENTIALS

#: Every element a request may hold; no name may ever come from data.
VOCABULARY = {
    "request",
    "control",
    "senderid",
    "password",
    "controlid",
    "uniqueid",
    "dtdversion",
    "includewhitespace",
    "operation",
    "authentication",
    "sessionid",
    "login",
    "userid",
    "companyid",
    "locationid",
    "content",
    "function",
    "query",
    "object",
    "select",
    "field",
    "filter",
    "orderby",
    "order",
    "ascending",
    "descending",
    "options",
    "showprivate",
    "pagesize",
    "offset",
    "value",
    "and",
    "or",
    "in",
    "notin",
    "between",
    "isnull",
    "isnotnull",
    "equalto",
    "notequalto",
    "lessthan",
    "lessthanorequalto",
    "greaterthan",
    "greaterthanorequalto",
    "like",
    "notlike",
    "read",
    "readByName",
    "keys",
    "fields",
    "readMore",
    "resultId",
    "lookup",
    "readUserFormatting",
    "key",
    "getAPISession",
    "getAuditTrail",
    "recordNo",
}

EXAMPLES: list[ReadFunction] = [
    Query("APBILL", ("RECORDNO",)),
    Read("APBILL", ("1", "2"), ("RECORDNO", "STATE")),
    ReadByName("USERINFO", ("ws.user",), ("RECORDNO",)),
    ReadMore("result-1"),
    Lookup("APBILL"),
    ReadUserFormatting("12"),
    GetApiSession(),
    GetAuditTrail("APBILL", "204"),
]

texts = st.text(alphabet=st.characters(codec=None), max_size=40)
names = texts.filter(bool)
leaf_filters: st.SearchStrategy[Filter] = st.one_of(
    st.builds(Compare, names, st.sampled_from(Operator), texts),
    st.builds(Between, names, texts, texts),
    st.builds(In, names, st.lists(texts, min_size=1, max_size=4).map(tuple)),
    st.builds(NotIn, names, st.lists(texts, min_size=1, max_size=4).map(tuple)),
    st.builds(Null, names, st.booleans()),
)
filters = st.recursive(
    leaf_filters,
    lambda inner: st.one_of(
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
queries = st.builds(
    Query,
    object=texts,
    fields=st.lists(texts, min_size=1, max_size=5).map(tuple),
    where=st.none() | filters,
    order=st.lists(st.builds(Order, texts, st.booleans()), max_size=2).map(tuple),
    page_size=st.integers(1, 2000),
    offset=st.integers(0, 10**6),
    show_private=st.booleans(),
)
keys = texts.filter(lambda text: "," not in text)
all_functions: st.SearchStrategy[ReadFunction] = st.one_of(
    queries,
    st.builds(
        Read, texts, st.lists(keys, min_size=1, max_size=3).map(tuple), st.tuples(texts, texts)
    ),
    st.builds(ReadByName, texts, st.tuples(keys), st.tuples(texts)),
    st.builds(ReadMore, texts),
    st.builds(Lookup, texts),
    st.builds(ReadUserFormatting, texts),
    st.just(GetApiSession()),
    st.builds(GetAuditTrail, texts, texts),
)


def written(*functions_: ReadFunction, session: str = "the-session") -> Element:
    calls = {f"f{i}": function for i, function in enumerate(functions_)}
    body = write_request(CREDENTIALS, BySession(session), "control-1", calls)
    return typing.cast("Element", fromstring(body, forbid_dtd=True))


def as_read(text: str) -> str:
    """What an XML reader makes of an allowed text."""
    return allowed(text).replace("\r\n", "\n").replace("\r", "\n")


def test_the_control_block_is_in_the_order_of_the_gateways_dtd() -> None:
    control = written(Lookup("APBILL")).find("control")
    assert control is not None
    assert [(child.tag, child.text) for child in control] == [
        ("senderid", "acme-sender"),
        ("password", "sender-pass-word"),
        ("controlid", "control-1"),
        ("uniqueid", "false"),
        ("dtdversion", "3.0"),
        ("includewhitespace", "false"),
    ]


def test_a_login_names_user_company_password_and_only_then_the_entity() -> None:
    body = write_request(CREDENTIALS, ByLogin(), "c", {"f": GetApiSession()})
    login = fromstring(body).find("operation/authentication/login")
    assert [(child.tag, child.text) for child in login] == [
        ("userid", "ws.user"),
        ("companyid", "acme-ap"),
        ("password", "user-pass-word"),
    ]


def test_an_entity_login_carries_its_location() -> None:
    entity = type(CREDENTIALS)("s", "p", "acme-ap", "u", "p", entity_id="E100")
    body = write_request(entity, ByLogin(), "c", {"f": GetApiSession()})
    assert fromstring(body).findtext("operation/authentication/login/locationid") == "E100"


def test_a_session_request_holds_the_session_and_no_user_password() -> None:
    body = write_request(CREDENTIALS, BySession("the-session"), "c", {"f": Lookup("APBILL")})
    root = fromstring(body)
    assert root.findtext("operation/authentication/sessionid") == "the-session"
    assert root.find("operation/authentication/login") is None
    assert b"user-pass-word" not in body


def test_operations_are_not_transactions() -> None:
    operation = written(Lookup("APBILL")).find("operation")
    assert operation is not None
    assert operation.get("transaction") == "false"


def test_a_query_is_written_out_in_full() -> None:
    query = Query(
        "APBILL",
        ("RECORDNO", "STATE"),
        Or((one_of("STATE", ["Submitted"]), at_least("WHENMODIFIED", "08/21/2026 13:05:00"))),
        (Order("RECORDNO"), Order("STATE", descending=True)),
        page_size=500,
        offset=7,
    )
    body = write_request(CREDENTIALS, BySession("s"), "c", {"f": query}).decode()
    assert (
        "<query><object>APBILL</object><select><field>RECORDNO</field><field>STATE</field></select>"
        "<filter><or><in><field>STATE</field><value>Submitted</value></in><greaterthanorequalto>"
        "<field>WHENMODIFIED</field><value>08/21/2026 13:05:00</value></greaterthanorequalto></or>"
        "</filter><orderby><order><field>RECORDNO</field><ascending/></order><order>"
        "<field>STATE</field><descending/></order></orderby><options><showprivate>true"
        "</showprivate></options><pagesize>500</pagesize><offset>7</offset></query>"
    ) in body


def test_a_filter_holds_exactly_one_operator() -> None:
    both = every(equal("A", "1"), None, equal("B", "2"))
    found = written(Query("X", ("A",), both)).find(".//filter")
    assert found is not None
    assert [child.tag for child in found] == ["and"]
    assert every(equal("A", "1"), None) == equal("A", "1")
    assert every(None) is None


def test_and_or_need_two_conditions_and_in_needs_a_value() -> None:
    for bad in (
        lambda: And((equal("A", "1"),)),
        lambda: Or(()),
        lambda: one_of("A", []),
        lambda: NotIn("A", ()),
    ):
        with pytest.raises(ValueError, match=r"two conditions|no values"):
            bad()


@pytest.mark.parametrize(
    ("where", "joined", "inner"),
    [
        (In("KEY", tuple(map(str, range(2001)))), "or", "in"),
        (NotIn("KEY", tuple(map(str, range(2001)))), "and", "notin"),
    ],
)
def test_more_than_a_thousand_values_are_split(where: Filter, joined: str, inner: str) -> None:
    found = written(Query("X", ("A",), where)).find(".//filter")
    assert found is not None
    assert [child.tag for child in found] == [joined]
    parts = found[0].findall(inner)
    assert [len(part.findall("value")) for part in parts] == [1000, 1000, 1]
    assert [v.text for part in parts for v in part.findall("value")] == list(map(str, range(2001)))


def test_a_thousand_values_are_one_in() -> None:
    found = written(Query("X", ("A",), one_of("KEY", map(str, range(1000))))).find(".//filter")
    assert found is not None
    assert [child.tag for child in found] == ["in"]


@pytest.mark.parametrize("size", [0, 2001])
def test_page_sizes_the_schema_does_not_know_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="page size"):
        Query("X", ("A",), page_size=size)


def test_a_query_without_fields_and_keys_with_commas_are_refused() -> None:
    with pytest.raises(ValueError, match="names the fields"):
        Query("X", ())
    with pytest.raises(ValueError, match="comma"):
        Read("X", ("1,2",), ("A",))
    with pytest.raises(ValueError, match="at least one key"):
        ReadByName("X", (), ("A",))


def test_the_functions_that_can_be_written_are_exactly_the_known_reading_ones() -> None:
    assert {name for name, _ in WRITERS.values()} == {
        "query",
        "read",
        "readByName",
        "readMore",
        "lookup",
        "readUserFormatting",
        "getAPISession",
        "getAuditTrail",
    }
    assert set(WRITERS) == set(typing.get_args(functions.ReadFunction))
    assert set(WRITERS) == {type(example) for example in EXAMPLES}


def test_the_list_of_functions_cannot_be_added_to() -> None:
    with pytest.raises(TypeError):
        WRITERS[object] = WRITERS[Lookup]  # type: ignore[index]


class DisguisedQuery(Query):
    """A subclass could be written differently, so it is not the class on the list."""


@pytest.mark.parametrize(
    "function", ["<create/>", object(), None, {"delete": 1}, DisguisedQuery("X", ("A",)), Query]
)
def test_nothing_else_can_be_written(function: object) -> None:
    with pytest.raises(TypeError, match="not a function this connector may call"):
        write_request(
            CREDENTIALS,
            BySession("s"),
            "c",
            {"a": Lookup("X"), "b": function},  # type: ignore[dict-item]
        )


@given(st.lists(all_functions, min_size=1, max_size=3), texts)
@settings(max_examples=150, deadline=None)
def test_no_value_ever_becomes_markup(calls: list[ReadFunction], session_id: str) -> None:
    root = written(*calls, session=session_id)
    assert {element.tag for element in root.iter()} <= VOCABULARY
    asked = root.findall("operation/content/function")
    assert [len(function) for function in asked] == [1] * len(calls)
    assert [function[0].tag for function in asked] == [WRITERS[type(c)][0] for c in calls]
    assert (root.findtext("operation/authentication/sessionid") or "") == as_read(session_id)


@given(queries)
@settings(max_examples=100, deadline=None)
def test_every_value_arrives_as_it_was_but_for_what_xml_forbids(query: Query) -> None:
    found = written(query).find("operation/content/function/query")
    assert found is not None
    assert (found.findtext("object") or "") == as_read(query.object)
    fields = [field.text or "" for field in found.findall("select/field")]
    assert fields == [as_read(name) for name in query.fields]


def test_credentials_with_markup_in_them_are_escaped_once() -> None:
    awkward = type(CREDENTIALS)("s<&>", "p&amp;\"']]>", "c", "Zoë", "<é&>")
    root = fromstring(write_request(awkward, ByLogin(), "c", {"f": GetApiSession()}))
    assert root.findtext("control/senderid") == "s<&>"
    assert root.findtext("control/password") == "p&amp;\"']]>"
    assert root.findtext("operation/authentication/login/userid") == "Zoë"
    assert root.findtext("operation/authentication/login/password") == "<é&>"
