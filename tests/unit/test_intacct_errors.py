from __future__ import annotations

import pytest

from ml_connector.errors import (
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceRateLimited,
    SourceRejected,
    SourceUnavailable,
)
from ml_connector.intacct.errors import (
    CONSEQUENCES,
    SIGNS,
    GatewayRefused,
    Level,
    Meaning,
    SessionDead,
    refusal,
    second_chances,
)
from ml_connector.intacct.reply import GatewayMessage

CONTROL, OPERATION, FUNCTION = Level.CONTROL, Level.OPERATION, Level.FUNCTION
OFFLINE = "The Service is Temporarily Off-line"
CHECK = "Check the transaction for errors or inconsistencies, then try again."

#: What has been seen of the gateway: level, number, text, by session or by login, and what it is.
SEEN: list[tuple[Level, str, str, bool, type[SourceError]]] = [
    (OPERATION, "XL03000006", "Invalid session q.", True, SessionDead),
    (OPERATION, "XL03000006", "", True, SessionDead),
    (OPERATION, "XL03000006", "Sign-in information is incorrect", True, SessionDead),
    (OPERATION, "XL03000006", "Sign-in information is incorrect", False, SourceAuthError),
    (OPERATION, "XL03000006", "Invalid session q.", False, SourceAuthError),
    (OPERATION, "", "", False, SourceAuthError),
    (OPERATION, "XL03000006", "Invalid Web Services Authorization", True, SourceAuthError),
    (CONTROL, "XMLGW_JPP0002", "Sign-in information is incorrect.", False, SourceAuthError),
    (CONTROL, "XMLGW_JPP0002", "Sign-in information is incorrect.", True, SessionDead),
    (
        CONTROL,
        "XL03000006",
        "Incorrect Intacct XML Partner ID or password",
        True,
        SourceAuthError,
    ),
    (CONTROL, "XL03000006", "poll is not a valid transport policy", True, SourceAuthError),
    (CONTROL, "PL04000055", "The demo company has expired", True, SourceAuthError),
    (CONTROL, "XL03000003", "XML Parse schema error: no pagesizes", True, GatewayRefused),
    (CONTROL, "GW-0011", "Invalid Request [Request ID: x]", True, GatewayRefused),
    (CONTROL, "GW-0010", "API rate limit exceeded", True, SourceRateLimited),
    (FUNCTION, "", "API rate limit exceeded", True, SourceRateLimited),
    (CONTROL, "GW-0001", "Unable to process request", True, SourceUnavailable),
    (CONTROL, "GW-0012", "", True, GatewayRefused),
    (CONTROL, "GW-0042", "", True, GatewayRefused),
    (CONTROL, "", OFFLINE, True, SourceUnavailable),
    (FUNCTION, "", OFFLINE, True, SourceUnavailable),
    (FUNCTION, "BL01001973", CHECK, True, SourceUnavailable),
    (FUNCTION, "XL03000009", "The entire transaction has been rolled back", True, GatewayRefused),
    (FUNCTION, "XL03000027", "", True, GatewayRefused),
    (FUNCTION, "PL04000005", "You do not have permission for API operation", True, GatewayRefused),
    (FUNCTION, "", "You do not have permission to view audit history", True, GatewayRefused),
    (FUNCTION, "Query Failed", "Object definition FOO not found", True, GatewayRefused),
    (FUNCTION, "DL02000001", "There was an error processing the request", True, GatewayRefused),
    (FUNCTION, "Invalid fields list x", "", True, GatewayRefused),
    (FUNCTION, "BL34000061", "", True, GatewayRefused),
    (FUNCTION, "", "", True, GatewayRefused),
    (CONTROL, "ZZ99", "never seen before", True, GatewayRefused),
]


def message(number: str, text: str) -> GatewayMessage:
    return GatewayMessage(number, ("", text, ""))


@pytest.mark.parametrize(("level", "number", "text", "session", "kind"), SEEN)
def test_what_the_gateway_is_known_to_say(
    level: Level, number: str, text: str, session: bool, kind: type[SourceError]
) -> None:
    error = refusal(level, [message(number, text)], session_used=session)
    assert type(error) is kind


@pytest.mark.parametrize(
    ("number", "text", "meaning"),
    [
        ("PL04000005", "no permission on objects of type APBILL", Meaning.PERMISSION),
        ("Query Failed", "Object definition FOO not found", Meaning.NO_SUCH_OBJECT),
        ("DL02000001", "There was an error processing the request", Meaning.QUERY_FAILED),
        ("DL02000001", "Invalid fields: CFDA", Meaning.BAD_FIELD),
        ("Invalid fields list CFDA", "", Meaning.BAD_FIELD),
        ("Query Failed", "anything", Meaning.QUERY_FAILED),
        ("XL03000009", "rolled back", Meaning.ROLLED_BACK),
        ("GW-0011", "", Meaning.TENANT),
        ("", "", Meaning.UNKNOWN),
    ],
)
def test_refusals_keep_their_meaning(number: str, text: str, meaning: Meaning) -> None:
    error = refusal(FUNCTION, [message(number, text)])
    assert isinstance(error, GatewayRefused)
    assert error.meaning is meaning


def test_every_meaning_has_a_consequence_and_a_way_to_it() -> None:
    assert set(CONSEQUENCES) == set(Meaning)
    assert {sign.meaning for sign in SIGNS} | {Meaning.UNKNOWN} == set(Meaning)


def test_a_rollback_notice_gives_way_to_its_cause() -> None:
    error = refusal(
        FUNCTION,
        [message("XL03000009", "rolled back"), message("PL04000005", "no permission")],
    )
    assert error.errorno == "PL04000005"


def test_a_wrapper_gives_way_too_and_stands_where_it_is_alone() -> None:
    both = [message("XL03000027", ""), message("", OFFLINE)]
    assert isinstance(refusal(FUNCTION, both), SourceUnavailable)
    assert refusal(FUNCTION, both[:1]).errorno == "XL03000027"
    assert isinstance(refusal(FUNCTION, []), GatewayRefused)


def test_the_support_id_is_unquoted() -> None:
    text = "Failed [Support ID: EsppO%7EZEcj0DEGV_L5hm95Ec91twAAABA]"
    error = refusal(FUNCTION, [message("DL02000001", text)])
    assert error.support_id == "EsppO~ZEcj0DEGV_L5hm95Ec91twAAABA"
    assert "support id EsppO~ZEcj0DEGV_L5hm95Ec91twAAABA" in error.safe_message


@pytest.mark.parametrize(
    "text", ["[Support ID: <script>]", "[Support ID: ]", "[Support ID: a%0Ab%20c]"]
)
def test_a_support_id_that_is_none_is_left_out(text: str) -> None:
    assert refusal(FUNCTION, [message("DL02000001", text)]).support_id is None


SECRETS = ("user-pass-word", "session-8F3A", "Ann Approver", "+15550100123", "Baker Steel")


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("number", ["DL02000001", "Query Failed for Ann Approver", "", "GW-0011"])
def test_nothing_the_gateway_says_gets_into_the_message(level: Level, number: str) -> None:
    text = " ".join(SECRETS) + " [Support ID: abcdEFGH~1]"
    error = refusal(level, [GatewayMessage(number, (text, text, text))], doing="Query APBILL")
    for secret in SECRETS:
        assert secret not in error.safe_message
        assert secret not in str(error)
        assert secret not in repr(error)
        assert secret not in (error.errorno or "")
    assert error.safe_message.startswith("Query APBILL: ")


def test_sentences_in_place_of_numbers_are_not_repeated() -> None:
    assert refusal(FUNCTION, [message("Invalid fields list x", "")]).errorno is None


def test_names_we_asked_for_may_be_repeated_and_no_others() -> None:
    error = refusal(
        FUNCTION,
        [message("DL02000001", "Invalid fields: CFDA, ANN, VENDOR.STATE.")],
        our_words=("RECORDNO", "CFDA", "STATE", "CF"),
    )
    assert isinstance(error, GatewayRefused)
    assert error.mentioned == {"CFDA"}
    assert "fields CFDA" in error.safe_message
    assert "ANN" not in error.safe_message


def test_a_field_is_recognised_whatever_stands_around_it() -> None:
    for text in ("field STATE.", "(state)", "APBILL,STATE,x", "'STATE'", "STATE"):
        error = refusal(FUNCTION, [message("DL02000001", text)], our_words=("STATE",))
        assert isinstance(error, GatewayRefused)
        assert error.mentioned == {"STATE"}, text


@pytest.mark.parametrize(
    ("error", "chances"),
    [
        (SourceUnavailable("x"), None),
        (SourceRateLimited("x"), None),
        (SourceProtocolError("x"), 1),
        (SourceAuthError("x"), 0),
        (SessionDead("x"), 0),
        (SourceRejected("x"), 0),
        (GatewayRefused("x", meaning=Meaning.QUERY_FAILED), 1),
        (GatewayRefused("x", meaning=Meaning.PERMISSION), 0),
        (GatewayRefused("x", meaning=Meaning.TENANT), 0),
    ],
)
def test_how_often_it_is_worth_asking_again(error: SourceError, chances: int | None) -> None:
    assert second_chances(error) == chances
