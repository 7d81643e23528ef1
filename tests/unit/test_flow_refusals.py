"""What is not understood, cannot match or reaches nobody: refused with place and reason."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from ml_connector.domain.flow_form import LONGEST_SECONDS, MOST_ATTEMPTS, MOST_LEVELS, MOST_REPEATS
from ml_connector.domain.flows import MOST_STEPS, parse
from ml_connector.errors import ConfigurationError
from tests.support.flows import PUBLISHED, telling

Edit = Callable[[dict[str, Any]], object]
FIRST = 'rules[1] "large bills"'


STEPS_REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("a key press on a text", "sms", {"confirm": True}, ".confirm: only a call can ask"),
    ("no wait at all", "sms", {"after": -1}, ".after: -1 is not from 0"),
    ("a wait of years", "sms", {"after": LONGEST_SECONDS + 1}, ".after: "),
    ("a wait in words", "sms", {"after": "10m"}, ".after: must be a whole number"),
    ("a wait of true", "sms", {"after": True}, ".after: must be a whole number"),
    ("a wait in fractions", "sms", {"after": 1.5}, ".after: must be a whole number"),
    ("a wait beyond numbers", "sms", {"after": 10**5000}, ".after: a number beyond all bounds"),
    ("a number of times and no period", "sms", {"at_most": 3}, ".at_most: needs repeat"),
    ("an end of nothing repeated", "sms", {"until": "handled"}, ".until: needs repeat"),
    ("a period and no number of times", "sms", {"repeat": 60}, ".repeat: needs at_most"),
    ("a hasty period", "sms", {"repeat": 59, "at_most": 2}, ".repeat: 59 is not from 60"),
    ("one time in all", "sms", {"repeat": 60, "at_most": 1}, ".at_most: 1 is not from 2"),
    ("too many times", "sms", {"repeat": 60, "at_most": MOST_REPEATS + 1}, ".at_most: "),
    ("no attempt", "voice", {"attempts": 0}, ".attempts: 0 is not from 1"),
    ("too many attempts", "voice", {"attempts": MOST_ATTEMPTS + 1}, ".attempts: 11 is not from 1"),
    ("an unknown moment", "sms", {"unless": "seen"}, ".unless: 'seen' is not one of: acknowledged"),
    (
        "an unknown end",
        "sms",
        {"repeat": 60, "at_most": 2, "until": "paid"},
        ".until: 'paid' is not one of",
    ),
    ("an unknown detail", "sms", {"detail": "all"}, ".detail: 'all' is not one of: full"),
    ("urgency in words", "voice", {"urgent": "yes"}, ".urgent: must be true or false"),
    ("confirmation in words", "voice", {"confirm": 1}, ".confirm: must be true or false"),
    ("a key nobody knows", "voice", {"loud": True}, ": unknown key 'loud'"),
]

CONDITIONS_REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("a vendor as a word", {"vendor": "V-1"}, ".vendor: must be an object"),
    ("no vendor", {"vendor": {}}, ".vendor: needs ids, name or both"),
    ("no vendor's id", {"vendor": {"ids": []}}, ".vendor.ids: is an empty list"),
    ("an unknown key of a vendor", {"vendor": {"id": "1"}}, ".vendor: unknown key 'id'"),
    ("an empty name", {"vendor": {"name": " "}}, ".vendor.name: is empty"),
    ("a department as a word", {"department": "300"}, ".department: must be a list"),
    ("no department", {"department": []}, ".department: is an empty list"),
    ("an empty id", {"project": [""]}, ".project: is empty"),
    ("an id as a number", {"account": [60000]}, ".account: must be text"),
    ("a pattern of ids", {"account": ["6*"]}, ".account: '6*' is a pattern"),
    ("lines of nothing", {"lines": "all"}, ".lines: says nothing without one of: department"),
    ("most lines", {"class": ["1"], "lines": "most"}, ".lines: 'most' is not one of: any, all"),
    ("days before today", {"due_within_days": -1}, ".due_within_days: -1 is not from 0"),
    ("days in words", {"due_within_days": "2d"}, ".due_within_days: must be a whole number"),
    ("an empty description", {"description": ""}, ".description: is empty"),
    ("a condition as a list", [], ": must be an object"),  # type: ignore[list-item]
]

REFUSALS: list[tuple[str, Edit, str]] = [
    # Unknown things are refused, never skipped: a misspelt condition would match everything.
    ("a key", lambda b: b.update(quiet=True), "flow: unknown key 'quiet'"),
    (
        "a key of a company",
        lambda b: b["companies"]["acme"].update(country="US"),
        "companies.acme: unknown key 'country'",
    ),
    ("a key of a rule", lambda b: b["rules"][0].update(of="x"), "rules[1]: unknown key 'of'"),
    (
        "a condition",
        lambda b: b["rules"][0]["when"].update(vendors="V-1"),
        f"{FIRST}.when: unknown key 'vendors'",
    ),
    (
        "a bound",
        lambda b: b["rules"][0]["when"]["amount"].update(over=1),
        f"{FIRST}.when.amount: unknown key 'over'",
    ),
    (
        "a key of a step",
        lambda b: b["rules"][0]["notify"][1]["sms"].update(wait=600),
        f"{FIRST}.notify[2].sms: unknown key 'wait'",
    ),
    (
        "a channel",
        lambda b: b["rules"][0]["notify"].append({"fax": {"to": "ann"}}),
        f"{FIRST}.notify[3]: unknown key 'fax'",
    ),
    ("an event", lambda b: b["rules"][0]["on"].append("bill.lost"), f"{FIRST}.on: unknown event"),
    # What is missing is named.
    ("no companies", lambda b: b.pop("companies"), "flow: 'companies' is missing"),
    ("no rules", lambda b: b.pop("rules"), "flow: 'rules' is missing"),
    ("a nameless company", lambda b: b["companies"]["acme"].pop("name"), "companies.acme: 'name'"),
    ("a nameless rule", lambda b: b["rules"][1].pop("name"), "rules[2]: 'name' is missing"),
    ("a step for nobody", lambda b: b["rules"][1]["notify"][0].update(sms={}), "'to' is missing"),
    (
        "a threshold without currency",
        lambda b: b["rules"][0]["when"]["amount"].pop("currency"),
        f"{FIRST}.when.amount: 'currency' is missing",
    ),
    # What can match nothing or reach nobody.
    ("no event", lambda b: b["rules"][0].update(on=[]), f"{FIRST}.on: names no event"),
    ("no step", lambda b: b["rules"][0].update(notify=[]), f"{FIRST}.notify: tells nobody"),
    (
        "no bound",
        lambda b: b["rules"][0]["when"].update(amount={"currency": "USD"}),
        f"{FIRST}.when.amount: needs at_least, under or both",
    ),
    (
        "an empty band",
        lambda b: b["rules"][0]["when"]["amount"].update(under="10000"),
        f"{FIRST}.when.amount: no amount is at least 10000 and under 10000",
    ),
    (
        "a currency in small letters",
        lambda b: b["rules"][0]["when"]["amount"].update(currency="usd"),
        f"{FIRST}.when.amount.currency: 'usd' is not an ISO 4217 code",
    ),
    (
        "an approver nobody named",
        lambda b: b.update(default_approver=""),
        'rules[2] "everything else".notify[1]: reaches nobody',
    ),
    # What nobody has to hear of has no text.
    (
        "an event without a text",
        lambda b: b["rules"][1]["on"].append("bill.approved"),
        'rules[2] "everything else".on: there is no text for bill.approved',
    ),
    # Amounts are exact.
    (
        "a float",
        lambda b: b["rules"][0]["when"]["amount"].update(at_least=0.1),
        f"{FIRST}.when.amount.at_least: an amount is text or a whole number",
    ),
    (
        "a truth value",
        lambda b: b["rules"][0]["when"]["amount"].update(at_least=True),
        f"{FIRST}.when.amount.at_least: an amount is text or a whole number",
    ),
    (
        "no number",
        lambda b: b["rules"][0]["when"]["amount"].update(at_least="ten"),
        f"{FIRST}.when.amount.at_least: 'ten' is no amount",
    ),
    (
        "an endless number",
        lambda b: b["rules"][0]["when"]["amount"].update(at_least="Infinity"),
        f"{FIRST}.when.amount.at_least: 'Infinity' is no amount",
    ),
    (
        "not a number",
        lambda b: b["rules"][0]["when"]["amount"].update(under="NaN"),
        f"{FIRST}.when.amount.under: 'NaN' is no amount",
    ),
    # Shapes.
    ("companies as a list", lambda b: b.update(companies=["acme"]), "companies: must be an object"),
    ("rules as an object", lambda b: b.update(rules={}), "rules: must be a list"),
    (
        "events as a word",
        lambda b: b["rules"][0].update(on="bill.submitted"),
        ".on: must be a list",
    ),
    ("a rule as a word", lambda b: b["rules"].append("all"), "rules[3]: must be an object"),
    ("a name as a number", lambda b: b["rules"][0].update(name=7), "rules[1].name: must be text"),
    ("an empty name", lambda b: b["companies"]["acme"].update(name=" "), "acme.name: is empty"),
    ("no recipient", lambda b: b["rules"][0]["notify"][0]["sms"].update(to=None), "must be text"),
    (
        "two channels in one step",
        lambda b: b["rules"][0]["notify"][0].update(fax={}),
        f"{FIRST}.notify[1]: unknown key 'fax'",
    ),
    *[
        (
            f"a step with {what}",
            lambda b, channel=channel, words=words: b["rules"][0].update(
                notify=[{channel: {"to": "ann", **words}}]
            ),
            f"{FIRST}.notify[1].{channel}{complaint}",
        )
        for what, channel, words, complaint in STEPS_REFUSED
    ],
    *[
        (
            f"a condition with {what}",
            lambda b, when=when: b["rules"][0].update(when=when),
            f"{FIRST}.when{complaint}",
        )
        for what, when, complaint in CONDITIONS_REFUSED
    ],
    (
        "no channel",
        lambda b: b["rules"][0].update(notify=[{}]),
        f"{FIRST}.notify[1]: a step has one channel, sms or voice",
    ),
    (
        "both channels in one step",
        lambda b: b["rules"][0].update(notify=[{"sms": {"to": "ann"}, "voice": {"to": "ann"}}]),
        f"{FIRST}.notify[1]: a step has one channel",
    ),
    # Who and where.
    (
        "a company the flow does not have",
        lambda b: b["rules"][0].update(companies=["acme", "zeta"]),
        f"{FIRST}.companies: the flow has no company 'zeta'",
    ),
    (
        "a rule for no company",
        lambda b: b["rules"][0].update(companies=[]),
        f"{FIRST}.companies: is an empty list, so the rule can match nothing",
    ),
    (
        "a matrix without levels",
        lambda b: b["rules"][0].update(levels=[]),
        f"{FIRST}.levels: needs from 1 to {MOST_LEVELS} approvers",
    ),
    (
        "a role among the levels",
        lambda b: b["rules"][0].update(levels=["ann", "manager"]),
        f"{FIRST}.levels: 'manager' is a word for `to`",
    ),
    (
        "a role as approver",
        lambda b: b["rules"][0].update(approver="next_level"),
        f"{FIRST}.approver: 'next_level' is a word for `to`",
    ),
    (
        "a role as default",
        lambda b: b.update(default_approver="approver"),
        "default_approver: 'approver' is a word for `to`",
    ),
    (
        "a manager of nobody",
        lambda b: (b.pop("default_approver"), b.update(rules=[telling("manager")])),
        'rules[1] "x".notify[1]: reaches nobody in company acme: the rule names no approver, and',
    ),
    (
        "a next level of nothing",
        lambda b: (b.pop("default_approver"), b.update(rules=[telling("next_level")])),
        'rules[1] "x".notify[1]: reaches nobody in company acme: the rule has no levels, and',
    ),
    (
        "a lead nobody named",
        lambda b: b.update(rules=[telling("ap_lead")]),
        'rules[1] "x".notify[1]: reaches nobody in company acme: there is no ap_lead',
    ),
    (
        "a lead that one company alone has",
        lambda b: (
            b["companies"]["acme"].update(ap_lead="lea"),
            b.update(rules=[telling("ap_lead")]),
        ),
        "reaches nobody in company apex: there is no ap_lead",
    ),
    (
        "whether replies confirm as a word",
        lambda b: b["rules"][0].update(reply_confirms="yes"),
        f"{FIRST}.reply_confirms: must be true or false",
    ),
    (
        "whether texts ask for replies as a word",
        lambda b: b["companies"]["acme"].update(replies="no"),
        "companies.acme.replies: must be true or false",
    ),
    (
        "a cap of nothing",
        lambda b: b["companies"]["acme"].update(cap_per_day=0),
        "companies.acme.cap_per_day: 0 is not from 10 to 1000000",
    ),
    (
        "a cap that is no number of messages",
        lambda b: b["companies"]["acme"].update(cap_per_day="500"),
        "companies.acme.cap_per_day: must be a whole number",
    ),
    (
        "a link in a call",
        lambda b: b["rules"][0].update(notify=[{"voice": {"to": "ann", "link": True}}]),
        f"{FIRST}.notify[1].voice.link: nobody can follow a link in a call, so use sms",
    ),
    (
        "a calendar that cannot be",
        lambda b: b["companies"]["acme"].update(calendar={"working": {"days": []}}),
        "companies.acme.calendar.working.days: names no day",
    ),
    (
        "blanks around the key of a company",
        lambda b: b["companies"].update({" acme": b["companies"].pop("acme")}),
        "companies. acme: has blanks around its key",
    ),
    (
        "a condition no payment can meet, of payments alone",
        lambda b: b["rules"][0].update(on=["payment.cleared"], when={"department": ["300"]}),
        f"{FIRST}.when: a payment has no lines, description or due date",
    ),
    # Sizes.
    (
        "an amount no ledger holds",
        lambda b: b["rules"][0]["when"]["amount"].update(at_least="1e30"),
        f"{FIRST}.when.amount.at_least: '1e30' is beyond what a ledger holds",
    ),
    (
        "an amount of endless decimals",
        lambda b: b["rules"][0]["when"]["amount"].update(at_least="1." + "1" * 40),
        "is beyond what a ledger holds",
    ),
    (
        "a name as long as a book",
        lambda b: b["rules"][0].update(name="x" * 201),
        "rules[1].name: is longer than 200 characters",
    ),
    (
        "more ids than one condition takes",
        lambda b: b["rules"][0].update(when={"department": [str(n) for n in range(101)]}),
        f"{FIRST}.when.department: lists more than 100",
    ),
    (
        "more steps than one transaction can hold",
        lambda b: b["rules"][0].update(notify=[{"sms": {"to": "ann"}}] * (MOST_STEPS + 1)),
        f"{FIRST}.notify: {MOST_STEPS + 1} steps are more than the {MOST_STEPS} possible",
    ),
]


@pytest.mark.parametrize(
    ("edit", "complaint"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS]
)
def test_what_is_not_understood_is_refused_with_place_and_reason(
    edit: Edit, complaint: str
) -> None:
    body = deepcopy(PUBLISHED)
    edit(body)
    with pytest.raises(ConfigurationError) as refused:
        parse(body, 12)
    assert complaint in refused.value.safe_message
    assert refused.value.safe_message.startswith("flow version 12: ")


@pytest.mark.parametrize("schema", [None, 0, 2, "1"])
def test_a_flow_of_another_schema_is_refused_and_never_guessed_at(schema: object) -> None:
    with pytest.raises(ConfigurationError, match=r"schema .* is not 1"):
        parse({**PUBLISHED, "schema": schema}, 1)


@pytest.mark.parametrize("body", [None, [], "flow", 1])
def test_a_flow_that_is_no_object_is_refused(body: Any) -> None:
    with pytest.raises(ConfigurationError, match="must be an object"):
        parse(body, 1)


def test_a_refusal_never_repeats_a_value_of_any_length() -> None:
    body = deepcopy(PUBLISHED)
    body["rules"][0]["on"] = ["x" * 150]
    with pytest.raises(ConfigurationError) as refused:
        parse(body, 1)
    assert len(refused.value.safe_message) < 250
