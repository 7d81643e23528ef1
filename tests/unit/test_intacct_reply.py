from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ml_connector.errors import SourceProtocolError, SourceUnavailable
from ml_connector.intacct.parser import parse
from ml_connector.intacct.reply import Reply, read_reply


def read(inside: str) -> Reply:
    return read_reply(parse(f"<response>{inside}</response>".encode()))


def result(inside: str, head: str = "<status>success</status>") -> Reply:
    return read(f"<operation><result>{head}{inside}</result></operation>")


def test_a_full_reply_is_read_level_by_level() -> None:
    reply = read(
        "<control><status>success</status><senderid>s</senderid><controlid>c-1</controlid></control>"
        "<operation><authentication><status>success</status><userid>u</userid>"
        "<sessiontimestamp>2020-11-19T15:39:40+00:00</sessiontimestamp>"
        "<sessiontimeout>2020-11-19T19:39:40-08:00</sessiontimeout></authentication>"
        "<result><status>success</status><function>query</function><controlid>f-1</controlid>"
        '<data listtype="VENDOR" totalcount="18" offset="0" count="1" numremaining="17">'
        "<VENDOR><RECORDNO>3</RECORDNO></VENDOR></data></result></operation>"
    )
    assert reply.control_id == "c-1"
    assert reply.control_accepted
    assert reply.errors == ()
    assert reply.authentication is not None
    assert reply.authentication.timestamp == datetime(2020, 11, 19, 15, 39, 40, tzinfo=UTC)
    assert reply.authentication.timeout == datetime(2020, 11, 20, 3, 39, 40, tzinfo=UTC)
    (found,) = reply.results
    assert found.succeeded
    assert (found.control_id, found.function) == ("f-1", "query")
    assert (found.count, found.total, found.remaining) == (1, 18, 17)
    assert found.rows == [{"RECORDNO": "3"}]


def test_everything_that_is_sometimes_left_out_may_be_missing() -> None:
    reply = read("<operation><authentication/><result><data/></result></operation>")
    assert reply.control_id == ""
    assert reply.authentication is not None
    assert reply.authentication.accepted
    assert reply.authentication.timestamp is None
    assert reply.authentication.timeout is None
    (found,) = reply.results
    assert found.succeeded
    assert found.control_id == ""
    assert (found.count, found.total, found.remaining, found.result_id) == (None, None, None, "")


@pytest.mark.parametrize("stamp", ["", "yesterday", "2020-11-19T15:39:40", "2020-11-19"])
def test_a_stamp_without_a_usable_offset_is_no_stamp(stamp: str) -> None:
    reply = read(
        "<operation><authentication><status>success</status>"
        f"<sessiontimestamp>{stamp}</sessiontimestamp></authentication></operation>"
    )
    assert reply.authentication is not None
    assert reply.authentication.timestamp is None


def test_several_results_keep_their_order_and_their_own_outcome() -> None:
    reply = read(
        "<operation><result><status>success</status><controlid>a</controlid><data/></result>"
        "<result><status>failure</status><controlid>b</controlid><errormessage><error>"
        "<errorno>DL02000001</errorno></error></errormessage></result>"
        "<result><status>aborted</status><controlid>c</controlid></result></operation>"
    )
    assert [(r.control_id, r.succeeded) for r in reply.results] == [
        ("a", True),
        ("b", False),
        ("c", False),
    ]
    assert reply.results[1].errors[0].errorno == "DL02000001"


def test_data_beside_an_error_are_not_released() -> None:
    reply = result(
        '<data count="1"><A><X>1</X></A></data><errormessage><error><errorno>E</errorno></error>'
        "</errormessage>"
    )
    assert not reply.results[0].succeeded
    assert reply.results[0].rows == ()


def test_a_result_without_a_status_failed_unless_it_holds_data() -> None:
    assert not result("", head="").results[0].succeeded
    assert result("<data/>", head="").results[0].succeeded


@pytest.mark.parametrize("count", [0, 2, 17])
def test_a_result_that_counts_wrong_is_not_released(count: int) -> None:
    with pytest.raises(SourceUnavailable, match="counts"):
        result(f'<data count="{count}"><A><X>1</X></A></data>')


def test_structured_records_count_too() -> None:
    reply = result('<data listtype="All" count="1"><Type Name="X"><F><ID>1</ID></F></Type></data>')
    assert len(reply.results[0].structured) == 1


@pytest.mark.parametrize("number", ["x", "-1", "1.5", "9" * 40, "\u0665"])
def test_counts_that_are_no_numbers_are_refused(number: str) -> None:
    with pytest.raises(SourceProtocolError, match="not a number"):
        result(f'<data numremaining="{number}"/>')


def test_attribute_names_are_read_in_any_case() -> None:
    reply = result('<data Count="0" totalCount="816" numRemaining="815" resultId="77X"/>')
    assert (reply.results[0].remaining, reply.results[0].result_id) == (815, "77X")


def test_errors_of_the_control_level_need_no_number_and_no_description() -> None:
    reply = read(
        "<control><status>failure</status></control><errormessage><error>"
        "<description2>Something</description2></error><error><errorno>GW-0011</errorno></error>"
        "</errormessage>"
    )
    assert not reply.control_accepted
    assert [message.errorno for message in reply.errors] == ["", "GW-0011"]
    assert "something" in reply.errors[0].words


def test_an_empty_errormessage_is_still_an_error() -> None:
    assert len(read("<errormessage></errormessage>").errors) == 1
    assert read("<errormessage>Just words</errormessage>").errors[0].words.strip() == "just words"


def test_what_the_gateway_said_does_not_show_in_a_repr() -> None:
    reply = read("<errormessage><error><description2>Ann A.</description2></error></errormessage>")
    assert "Ann" not in repr(reply)


def test_other_xml_is_not_a_reply() -> None:
    with pytest.raises(SourceProtocolError, match="not one of the gateway's"):
        read_reply(parse(b"<rss></rss>"))
    with pytest.raises(SourceUnavailable, match="web page"):
        read_reply(parse(b"<!-- --><html><body/></html>"))
