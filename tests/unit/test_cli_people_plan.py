"""What an import would do to people, and to the flow that names them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from cli.console.failures import Failure
from cli.files.people_file import Row
from cli.people_flow import Mention, mentions, unreached
from cli.people_plan import Effect, plan, remaining, unusable
from ml_connector.domain.approvers import Approver

ANN = Approver(
    "ann",
    "Ann Approver",
    "+15550100001",
    "salt",
    opted_out=True,
    opted_out_by="reply",
    verified_at=datetime(2026, 1, 2, tzinfo=UTC),
    line_type="mobile",
    manager="bob",
    version=4,
)
BOB = Approver("bob", "Bob Approver", "+15550100002", "pepper")
OLD = frozenset({"id", "name", "phone", "active"})


def row(person: Approver, **changes: Any) -> Row:
    return Row(person.id, person.name, person.phone, person.active, columns=OLD, **changes)


def effects(rows: list[Row], people: list[Approver], **options: bool) -> dict[str, Effect]:
    return {one.id: one.effect for one in plan(rows, people, **options)}


def test_a_file_of_few_columns_changes_nothing_else() -> None:
    (ann, bob) = plan([row(ANN), row(BOB)], [ANN, BOB])
    assert (ann.effect, bob.effect) == (Effect.UNCHANGED, Effect.UNCHANGED)
    assert ann.after == ANN
    renamed = replace(row(ANN), name="Ann Other")
    (ann, _bob) = plan([renamed, row(BOB)], [ANN, BOB])
    assert ann.after == replace(ANN, name="Ann Other", version=5)
    assert ann.fields == ("name",)


def test_a_file_of_all_columns_says_everything() -> None:
    whole = Row("ann", "Ann Approver", "+15550100001", away_from=date(2026, 12, 24))
    (ann, _bob) = plan([whole, row(BOB)], [ANN, BOB])
    assert ann.fields == ("manager", "away_from")
    assert ann.after == replace(ANN, manager="", away_from=date(2026, 12, 24), version=5)


def test_a_new_number_is_unverified_and_nobody_has_refused_it() -> None:
    (ann, _bob) = plan([replace(row(ANN), phone="+15550100009"), row(BOB)], [ANN, BOB])
    assert ann.after == replace(
        ANN,
        phone="+15550100009",
        opted_out=False,
        opted_out_by="",
        verified_at=None,
        line_type="",
        version=5,
    )
    assert ann.new_number


def test_an_opt_out_goes_with_the_number_to_whoever_gets_it() -> None:
    swapped = [
        replace(row(ANN), phone=BOB.phone),
        replace(row(BOB), phone=ANN.phone),
    ]
    (ann, bob) = plan(swapped, [ANN, BOB])
    assert (ann.after.opted_out, ann.after.opted_out_by) == (False, "")
    assert (bob.after.opted_out, bob.after.opted_out_by) == (True, "reply")


def test_somebody_new_gets_a_salt_of_their_own_and_no_version_before() -> None:
    (ann, bob) = plan([row(ANN), row(BOB)], [])
    assert {ann.effect, bob.effect} == {Effect.ADDED}
    assert len(ann.after.salt) == len(bob.after.salt) == 32
    assert ann.after.salt != bob.after.salt
    assert (ann.after.version, ann.before) == (1, None)
    assert not ann.after.opted_out


def test_whoever_is_in_no_row_leaves_once() -> None:
    (ann, bob) = plan([row(replace(ANN, manager=""))], [ANN, BOB])
    assert ann.effect is Effect.UNCHANGED
    assert (bob.effect, bob.after) == (Effect.LEFT, replace(BOB, active=False, version=2))
    assert effects([row(ANN)], [ANN, bob.after]) == {"ann": Effect.UNCHANGED}
    assert effects([row(ANN)], [ANN, BOB], keep_others=True) == {"ann": Effect.UNCHANGED}


def test_a_row_that_says_no_longer_active_leaves_too() -> None:
    gone = replace(row(BOB), active=False)
    assert effects([row(ANN), gone], [ANN, BOB]) == {"ann": Effect.UNCHANGED, "bob": Effect.LEFT}
    back = plan([row(ANN), row(BOB)], [ANN, replace(BOB, active=False)])[1]
    assert (back.effect, back.fields) == (Effect.CHANGED, ("active",))


def test_people_who_do_not_fit_with_what_is_stored_are_refused() -> None:
    bob = Row("bob", "Bob Approver", BOB.phone, manager="ann", columns=OLD | {"manager"})
    with pytest.raises(Failure, match="the people do not fit") as refused:
        plan([row(ANN), bob], [ANN, BOB])
    (said,) = refused.value.details
    assert said.startswith("ann: manager: found 'ann > bob > ann', expected a chain that ends")
    cho = Row("cho", "Cho Controller", BOB.phone, columns=OLD)
    with pytest.raises(Failure) as refused:
        plan([row(ANN), cho], [ANN, BOB], keep_others=True)
    assert refused.value.details == ("cho: phone: the number is already that of bob",)
    bob = replace(BOB, user="approver")
    dee = Row("dee", "Dee", "+15550100077", user="Approver", columns=OLD | {"user"})
    with pytest.raises(Failure) as refused:
        plan([row(ANN), dee], [ANN, bob], keep_others=True)
    assert refused.value.details == ("dee: user: the login is already that of bob",)


def test_those_who_remain_are_everybody_as_they_will_be() -> None:
    planned = plan([row(replace(ANN, name="Ann Other"))], [ANN, BOB])
    after = remaining([ANN, BOB], planned)
    assert [(one.id, one.name, one.active) for one in after] == [
        ("ann", "Ann Other", True),
        ("bob", "Bob Approver", False),
    ]


def test_one_channel_is_enough_to_be_told() -> None:
    assert unusable(BOB) == ""
    assert unusable(ANN) == "opted out"
    assert unusable(replace(ANN, calls_when_opted_out=True)) == ""
    assert unusable(replace(BOB, line_type="landline")) == ""
    assert unusable(replace(BOB, line_type="landline", channels=("sms",))) == (
        "a landline takes no texts, voice is not among the person's channels"
    )


# ------------------------------------------------------------------------------- the flow
FLOW: dict[str, Any] = {
    "schema": 1,
    "default_approver": "cho",
    "ap_lead": "lea",
    "companies": {
        "acme": {"name": "Acme AP", "zone": "America/Chicago", "default_approver": "bob"},
        "beta": {"name": "Beta AP", "zone": "UTC", "ap_lead": "ann"},
    },
    "rules": [
        {
            "name": "large",
            "on": ["bill.submitted"],
            "approver": "ann",
            "levels": ["ann", "dee"],
            "notify": [
                {"voice": {"to": "approver", "confirm": True}},
                {"sms": {"to": "manager", "after": 600}},
                {"sms": {"to": "eve"}},
                {"voice": {"to": "next_level"}},
                {"voice": {"to": "ap_lead"}},
            ],
        }
    ],
}


def test_everybody_a_flow_names_is_found_with_their_place() -> None:
    assert list(mentions(FLOW)) == [
        Mention("cho", "the flow as default approver"),
        Mention("lea", "the flow as AP lead"),
        Mention("bob", "company acme as default approver"),
        Mention("ann", "company beta as AP lead"),
        Mention("ann", 'rule "large"'),
        Mention("dee", 'rule "large"'),
        Mention("eve", 'rule "large"'),
    ]


@pytest.mark.parametrize(
    "odd", [{}, {"rules": 1, "companies": []}, {"rules": [{"notify": [7]}, 3]}]
)
def test_a_form_this_version_does_not_know_names_nobody(odd: dict[str, Any]) -> None:
    assert list(mentions(odd)) == []


def test_whom_no_channel_reaches_is_said_with_the_rule_that_names_them() -> None:
    people = [replace(BOB, id=name, active=name != "eve") for name in ("cho", "lea", "bob", "eve")]
    assert [str(one) for one in unreached(FLOW, [*people, ANN])] == [
        "company beta as AP lead names ann: opted out",
        'rule "large" names ann: opted out',
        'rule "large" names dee: nobody has this id',
        'rule "large" names eve: not active',
    ]
