"""Whom a step is for: the candidates in their order, each with its reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.approvers import Approver
from ml_connector.domain.bills import BillState
from ml_connector.domain.books import Books, LineCoding
from ml_connector.domain.documents import AnyDocument, Document
from ml_connector.domain.events import EventKind
from ml_connector.domain.flows import (
    Decision,
    DecisionContext,
    Flow,
    FlowCompany,
    Step,
    decide,
)
from ml_connector.domain.people import Directory
from tests.support.bills import COMPANY, a_document
from tests.support.flows import a_payment_document, a_rule
from tests.support.properties import unhurried

TODAY = date(2026, 11, 25)
NAMED, DEFAULT = "named in rule", "default"
IN_INTACCT = "bill approver in Intacct"

#: Vendor V-100 has vic as bill approver; department 310 belongs to 300, whose supervisor is sue.
BOOKS = Books(
    parents={"department": {"310": "300"}},
    bill_approvers={"V-100": "VLogin"},
    supervisors={"300": "slogin"},
)


def person(name: str, **more: Any) -> Approver:
    return Approver(name, f"{name.title()} Approver", "+15550100001", f"salt of {name}", **more)


VIC = person("vic", user="vlogin")
SUE = person("sue", user="slogin")
CAT = person("cat", cost_centres=("300",))


def submitted(*departments: str) -> Document:
    lines = tuple(LineCoding(department=each) for each in departments)
    return replace(a_document(), lines=lines)


def approved_by(levels: int, *departments: str) -> Document:
    return replace(submitted(*departments), state=BillState.PARTIALLY_APPROVED, level=levels)


def decided(
    document: AnyDocument,
    *people: Approver,
    to: str = "approver",
    flow: Flow | None = None,
    today: date = TODAY,
    **rule: Any,
) -> Decision:
    frame = flow or Flow(1, (), (), "dee", "lea")
    made = a_rule("one", steps=(Step("sms", to),), **{"approver": "", **rule})
    context = DecisionContext(today, BOOKS, Directory(people))
    decision = decide(replace(frame, rules=(made,)), EventKind.SUBMITTED, document, context)
    assert decision
    return decision


def tried(*arguments: Any, **more: Any) -> list[tuple[str, str]]:
    decision = decided(*arguments, **more)
    return list(zip(decision.candidates[0], decision.reasons[0], strict=True))


# ----------------------------------------------------------------------------- the approver
def test_the_approver_is_looked_for_in_this_order() -> None:
    found = tried(submitted("310"), VIC, CAT, approver="ann", levels=("bob", "cho"))
    assert found == [
        ("ann", NAMED),
        ("bob", "matrix level 1"),
        ("vic", IN_INTACCT),
        ("cat", "cost centre 300"),
        ("dee", DEFAULT),
    ]


def test_everybody_is_tried_once_for_the_first_reason() -> None:
    everything = person("ann", user="vlogin", cost_centres=("310", "300"))
    flow = Flow(1, (), (), "ann")
    found = tried(submitted("310"), everything, approver="ann", levels=("ann",), flow=flow)
    assert found == [("ann", NAMED)]


def test_a_login_nobody_has_leads_to_nobody() -> None:
    assert tried(submitted(), person("vic", user="other")) == [("dee", DEFAULT)]


def test_the_nearest_cost_centre_comes_first() -> None:
    own, above = person("zoe", cost_centres=("310",)), person("amy", cost_centres=("300",))
    assert tried(submitted("310"), own, above)[:2] == [
        ("zoe", "cost centre 310"),
        ("amy", "cost centre 300"),
    ]


def test_the_cost_centres_of_all_lines_count_in_their_order() -> None:
    first, second = person("zoe", cost_centres=("400",)), person("amy", cost_centres=("300",))
    found = tried(submitted("", "400", "310"), first, second)
    assert [who for who, _ in found] == ["zoe", "amy", "dee"]


def test_somebody_named_by_id_is_backed_by_the_default_alone() -> None:
    assert tried(submitted("310"), VIC, CAT, to="bob") == [("bob", NAMED), ("dee", DEFAULT)]


def test_a_payment_goes_to_the_vendors_approver_for_it_has_no_cost_centre() -> None:
    assert tried(a_payment_document(), VIC, CAT) == [("vic", IN_INTACCT), ("dee", DEFAULT)]


def test_a_company_has_its_own_default_and_lead_before_those_of_the_flow() -> None:
    companies = (FlowCompany(COMPANY, "Acme AP", "UTC", default_approver="own", ap_lead="led"),)
    flow = Flow(1, companies, (), "dee", "lea")
    defaults = [("own", f"default of {COMPANY}"), ("dee", DEFAULT)]
    assert tried(submitted(), flow=flow) == defaults
    leads = [("led", f"AP lead of {COMPANY}"), ("lea", "AP lead")]
    assert tried(submitted(), flow=flow, to="ap_lead") == [*leads, *defaults]


# ------------------------------------------------------------------------- levels further on
@pytest.mark.parametrize("to", ["approver", "next_level"])
def test_a_bill_one_level_approved_goes_to_the_next_level_of_the_matrix(to: str) -> None:
    levels = ("ann", "bob", "cho")
    assert tried(submitted(), to=to, levels=levels)[0] == ("ann", "matrix level 1")
    assert tried(approved_by(1), to=to, levels=levels)[0] == ("bob", "matrix level 2")
    assert tried(approved_by(2), to=to, levels=levels)[0] == ("cho", "matrix level 3")


def test_after_the_last_level_the_lead_is_asked() -> None:
    found = tried(approved_by(2), to="next_level", levels=("ann", "bob"))
    assert found == [("lea", "AP lead"), ("dee", DEFAULT)]


def test_a_partly_approved_bill_whose_levels_nobody_counted_has_one() -> None:
    assert tried(approved_by(0), levels=("ann", "bob"))[0] == ("bob", "matrix level 2")


def test_a_level_of_an_earlier_round_does_not_count() -> None:
    waits_anew = replace(submitted(), level=1)
    assert tried(waits_anew, levels=("ann", "bob"))[0] == ("ann", "matrix level 1")


@pytest.mark.parametrize("to", ["approver", "next_level", "manager"])
def test_the_vendors_approver_is_never_told_again_of_a_partial_approval(to: str) -> None:
    # By every other way that leads there too.
    vic = replace(VIC, cost_centres=("300",))
    cat = replace(CAT, manager="vic", substitute="vic", away_from=TODAY)
    assert "vic" in [who for who, _ in tried(submitted("300"), vic, cat)]
    found = [who for who, _ in tried(approved_by(1, "300"), vic, cat, to=to)]
    assert "vic" not in found


def test_nor_is_their_manager_for_it_is_another_who_keeps_the_bill_waiting() -> None:
    vic, cat = replace(VIC, manager="max"), replace(CAT, manager="moe")
    assert tried(submitted("300"), vic, cat, to="manager")[0] == ("max", "manager of vic")
    assert tried(approved_by(1, "300"), vic, cat, to="manager")[0] == ("moe", "manager of cat")


def test_whom_the_flow_itself_names_is_told_although_they_are_the_vendors_approver() -> None:
    assert tried(approved_by(1), VIC, approver="vic")[0] == ("vic", NAMED)
    assert tried(approved_by(1), VIC, levels=("ann", "vic"))[0] == ("vic", "matrix level 2")


# -------------------------------------------------------------------------------- managers
def test_the_manager_is_that_of_the_approver() -> None:
    ann, dee = person("ann", manager="max"), person("dee", manager="moe")
    assert tried(submitted("310"), ann, dee, SUE, to="manager", approver="ann") == [
        ("max", "manager of ann"),
        ("moe", "manager of dee"),
        ("sue", "supervisor of department 300 in Intacct"),
        ("lea", "AP lead"),
        ("dee", DEFAULT),
    ]


def test_nobody_is_their_own_manager() -> None:
    ann = person("ann", manager="ann")
    assert tried(submitted(), ann, to="manager", approver="ann")[0] == ("lea", "AP lead")


# ------------------------------------------------------------------------------ substitutes
def away(name: str, substitute: str, until: date | None = date(2026, 11, 30)) -> Approver:
    return person(name, substitute=substitute, away_from=date(2026, 11, 23), away_until=until)


def test_a_substitute_comes_before_the_person_who_is_away() -> None:
    assert tried(submitted(), away("ann", "bob"), approver="ann") == [
        ("bob", "substitute of ann until Nov 30"),
        ("ann", NAMED),
        ("dee", DEFAULT),
    ]


def test_a_substitute_may_stand_in_for_as_long_as_it_takes() -> None:
    found = tried(submitted(), away("ann", "bob", until=None), approver="ann")
    assert found[0] == ("bob", "substitute of ann until further notice")


@pytest.mark.parametrize(
    ("day", "first"),
    [
        (date(2026, 11, 22), "ann"),
        (date(2026, 11, 23), "bob"),
        (date(2026, 11, 30), "bob"),
        (date(2026, 12, 1), "ann"),
    ],
)
def test_a_substitute_stands_in_from_the_first_day_to_the_end_of_the_last(
    day: date, first: str
) -> None:
    assert tried(submitted(), away("ann", "bob"), approver="ann", today=day)[0][0] == first


def test_the_substitute_of_a_substitute_comes_first() -> None:
    found = tried(submitted(), away("ann", "bob"), away("bob", "cho"), approver="ann")
    assert found[:3] == [
        ("cho", "substitute of bob until Nov 30"),
        ("bob", "substitute of ann until Nov 30"),
        ("ann", NAMED),
    ]


def test_somebody_away_whom_nobody_stands_in_for_is_still_told() -> None:
    assert tried(submitted(), away("ann", ""), approver="ann")[0] == ("ann", NAMED)


def test_substitutes_of_managers_and_of_the_default_stand_in_too() -> None:
    ann = person("ann", manager="max")
    found = tried(
        submitted(), ann, away("max", "eve"), away("dee", "ed"), to="manager", approver="ann"
    )
    assert [who for who, _ in found] == ["eve", "max", "lea", "ed", "dee"]


def test_people_who_stand_in_for_one_another_and_are_all_away_are_reported() -> None:
    people = (away("ann", "bob"), away("bob", "cho"), away("cho", "bob"))
    decision = decided(submitted(), *people, approver="ann")
    assert decision.candidates == (("cho", "bob", "ann", "dee"),)
    assert decision.problems == (
        "all are away and stand in for one another: ann -> bob -> cho -> bob",
    )


# ------------------------------------------------------------------------------ properties
NAMES = st.sampled_from(["ann", "bob", "cho", "dee", "vic"])
PEOPLE = st.lists(
    st.builds(
        person,
        NAMES,
        user=st.sampled_from(["", "vlogin"]),
        manager=NAMES | st.just(""),
        substitute=NAMES | st.just(""),
        away_from=st.none() | st.just(TODAY),
        cost_centres=st.just(()) | st.just(("300",)),
    ),
    unique_by=lambda each: each.id,
)


@unhurried
@given(
    PEOPLE,
    st.sampled_from(["approver", "manager", "next_level", "ap_lead", "bob"]),
    st.integers(0, 3),
    st.lists(NAMES, max_size=3).map(tuple),
)
def test_whoever_is_away_somebody_is_tried_each_once_with_a_reason_and_the_default_among_them(
    people: list[Approver], to: str, level: int, levels: tuple[str, ...]
) -> None:
    bill = approved_by(level, "310") if level else submitted("310")
    found = tried(bill, *people, to=to, levels=levels)
    names = [who for who, _ in found]
    assert len(names) == len(set(names))
    assert all(why for _, why in found)
    assert "dee" in names
