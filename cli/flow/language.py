"""The language of a flow file, as pydantic models: every key there is, and what may stand there.

The same models give the JSON Schema that editors complete and check with.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from ml_connector.domain.caps import LEAST_CAP, MOST_CAP, USUAL_CAP
from ml_connector.domain.flow_form import MOST_ATTEMPTS, MOST_REPEATS
from ml_connector.domain.rules import MOST_STEPS

from .calendars import CalendarIs
from .lists import DailyList
from .part import Part
from .values import (
    LISTED,
    Amount,
    CompanyKey,
    Currency,
    Days,
    Duration,
    Event,
    Key,
    Pattern,
    Pause,
    Person,
    Recipient,
    Text,
    Zone,
    unfit,
    words,
)

Keys = Annotated[list[Key], *LISTED]
People = Annotated[list[Person], *LISTED]
Point = Annotated[str, *words("acknowledged", "confirmed", "handled")]
Detail = Annotated[str, *words("full", "amount_only", "reference_only")]


class Band(Part):
    """Amounts of one currency. Bills in other currencies never match."""

    at_least: Annotated[
        Amount | None, Field(description="The least amount that matches; a number")
    ] = None
    under: Annotated[
        Amount | None, Field(description="The first amount that no longer matches; a number")
    ] = None
    between: Annotated[
        list[Amount] | None,
        Field(description="Two numbers: at least the first, and under the second"),
    ] = None
    currency: Annotated[
        Currency, Field(description="the currency of the amounts, an ISO 4217 code such as USD")
    ]

    @model_validator(mode="after")
    def _holds_something(self) -> Band:
        low, high = self.low, self.high
        if self.between is not None and (self.at_least or self.under):
            raise unfit("either `between`, or `at_least` and `under`")
        if self.between is not None and len(self.between) != 2:  # noqa: PLR2004 - from and to
            raise unfit("two amounts in `between`, such as [10000, 50000]")
        if low is None and high is None:
            raise unfit("at_least, under or between")
        if low is not None and high is not None and Decimal(low) >= Decimal(high):
            raise unfit(
                f"a band that holds something: no amount is at least {low} and under {high}"
            )
        return self

    @property
    def low(self) -> str | None:
        """The least amount inside."""
        return self.between[0] if self.between else self.at_least

    @property
    def high(self) -> str | None:
        """The first amount above."""
        return self.between[-1] if self.between else self.under


class VendorIs(Part):
    """A vendor by id, or by name: either is enough."""

    ids: Annotated[Keys | None, Field(description="Vendor ids as Intacct has them")] = None
    name: Annotated[
        Pattern | None,
        Field(description="The vendor's name; * stands for any text, capitals do not count"),
    ] = None

    @model_validator(mode="after")
    def _says_something(self) -> VendorIs:
        if not self.ids and self.name is None:
            raise unfit("ids, name or both")
        return self


class Conditions(Part):
    """All that are given have to hold."""

    amount: Annotated[Band | None, Field(description="The amount, always with its currency")] = None
    vendor: Annotated[VendorIs | None, Field(description="Who is paid")] = None
    entity: Annotated[
        Keys | None, Field(description="Entity ids; an entity covers those under it")
    ] = None
    department: Annotated[
        Keys | None, Field(description="Department ids of lines, with those under them")
    ] = None
    location: Annotated[
        Keys | None, Field(description="Location ids of lines, with those under them")
    ] = None
    class_: Annotated[
        Keys | None,
        Field(alias="class", description="Class ids of lines, with those under them"),
    ] = None
    project: Annotated[
        Keys | None, Field(description="Project ids of lines, with those under them")
    ] = None
    account: Annotated[Keys | None, Field(description="GL accounts of lines")] = None
    lines: Annotated[
        Annotated[str, *words("any", "all")] | None,
        Field(description="Whether one fitting line is enough (any, the default), or all must fit"),
    ] = None
    due_within: Annotated[
        Days | None, Field(description="Due within so many days, such as 2d, or overdue")
    ] = None
    description: Annotated[
        Pattern | None,
        Field(description="What is written on the bill; * stands for any text"),
    ] = None

    @model_validator(mode="after")
    def _fits_together(self) -> Conditions:
        if self.lines and not any(ids for _, ids in self.dimensions):
            raise unfit("what the lines must have beside `lines`: department, location, class, ...")
        return self

    @property
    def dimensions(self) -> tuple[tuple[str, list[str] | None], ...]:
        """What lines are asked for, by the published names."""
        return (
            ("department", self.department),
            ("location", self.location),
            ("class", self.class_),
            ("project", self.project),
            ("account", self.account),
        )


class _Step(Part):
    """What texts and calls have in common."""

    to: Annotated[
        Recipient,
        Field(
            description="whom: approver, manager, next_level, ap_lead, default_approver, or "
            "somebody's id of the approvers"
        ),
    ]
    after: Annotated[
        Duration | None, Field(description="Counted from the real start of the step before")
    ] = None
    unless: Annotated[
        Point | None, Field(description="Left out once somebody has acknowledged or confirmed")
    ] = None
    repeat: Annotated[Pause | None, Field(description="Start this step again every so often")] = (
        None
    )
    at_most: Annotated[
        int | None, Field(ge=2, le=MOST_REPEATS, description="How many times in all")
    ] = None
    until: Annotated[
        Point | None, Field(description="Repeat no longer than this; by default handled")
    ] = None
    attempts: Annotated[
        int | None,
        Field(ge=1, le=MOST_ATTEMPTS, description="How often to try where it does not arrive"),
    ] = None
    urgent: Annotated[
        bool | None, Field(description="May pass quiet hours, and goes before what is not urgent")
    ] = None
    detail: Annotated[Detail | None, Field(description="How much is said")] = None

    @model_validator(mode="after")
    def _repeats_sensibly(self) -> _Step:
        if self.repeat and self.at_most is None:
            raise unfit("at_most beside `repeat`: how many times in all")
        if not self.repeat and (self.at_most is not None or self.until):
            raise unfit("`repeat` beside at_most and until: how often")
        return self


class Text_(_Step):  # noqa: N801 - the schema shows `sms`; this is only its name here
    """An SMS."""

    model_config = ConfigDict(title="sms")

    link: Annotated[
        bool | None,
        Field(description="Add the link to the record in Intacct; the text may take two segments"),
    ] = None


class Call(_Step):
    """A voice call."""

    model_config = ConfigDict(title="voice")

    confirm: Annotated[
        bool | None, Field(description="Ask for a key press; without one nothing is confirmed")
    ] = None


class StepIs(Part):
    """One step: a text or a call."""

    model_config = ConfigDict(
        title="step", json_schema_extra={"minProperties": 1, "maxProperties": 1}
    )

    sms: Annotated[Text_ | None, Field(description="Send a text")] = None
    voice: Annotated[Call | None, Field(description="Place a call")] = None

    @model_validator(mode="after")
    def _is_one(self) -> StepIs:
        if (self.sms is None) == (self.voice is None):
            raise unfit("sms or voice, one of them in each step")
        return self

    @property
    def to(self) -> str:
        """Whom it means."""
        return self.only.to

    @property
    def only(self) -> Text_ | Call:
        """The text or the call."""
        step = self.sms or self.voice
        if step is None:
            raise ValueError("a step that was never checked")
        return step


class RuleIs(Part):
    """One rule. The first that matches wins."""

    model_config = ConfigDict(title="rule")

    name: Annotated[Text, Field(description="the rule's name, for people")]
    on: Annotated[
        Annotated[list[Event], *LISTED],
        Field(description="the events it speaks about, such as bill.submitted"),
    ]
    companies: Annotated[
        Keys | None, Field(description="Only these companies; by default all of them")
    ] = None
    when: Annotated[Conditions | None, Field(description="By default every document matches")] = (
        None
    )
    approver: Annotated[Person | None, Field(description="Whom `approver` means in this rule")] = (
        None
    )
    levels: Annotated[
        People | None, Field(description="Who approves level 1, level 2 and so on")
    ] = None
    reply_confirms: Annotated[
        bool | None, Field(description="Whether a reply counts as much as a key press")
    ] = None
    snooze: Annotated[
        Duration | None,
        Field(description="For how long a reply puts off the texts to come; 4h by default"),
    ] = None
    notify: Annotated[
        Annotated[list[StepIs], Field(min_length=1, max_length=MOST_STEPS)],
        Field(description="the steps: whom to text or call, and when"),
    ]


class CompanyIs(Part):
    """A company of the deployment."""

    model_config = ConfigDict(title="company")

    name: Annotated[Text, Field(description="the name that begins every text")]
    zone: Annotated[Zone, Field(description="the company's IANA time zone")]
    calendar: Annotated[
        CalendarIs | None, Field(description="When to poll how often, holidays, maintenance")
    ] = None
    default_approver: Annotated[
        Person | None, Field(description="In place of the flow's default approver")
    ] = None
    ap_lead: Annotated[Person | None, Field(description="In place of the flow's AP lead")] = None
    daily_list: Annotated[
        DailyList | None,
        Field(
            description="When whoever was told of bills gets one text a day about those that still "
            "wait; nobody does by default"
        ),
    ] = None
    replies: Annotated[
        bool | None,
        Field(
            description="Whether texts ask for a reply, as they do by default; false for a sender "
            "that receives none, such as a name"
        ),
    ] = None
    cap_per_day: Annotated[
        int | None,
        Field(
            ge=LEAST_CAP,
            le=MOST_CAP,
            description="How many messages go out in a day at most, a call counting twice and a "
            f"long text its segments; {USUAL_CAP} by default. What is over it waits for the next "
            "morning",
        ),
    ] = None


class FlowIs(Part):
    """Who is told what, when and how, of bills and payments in Sage Intacct."""

    model_config = ConfigDict(title="ml-connector flow")

    schema_: Annotated[Literal[1], Field(alias="schema", description="the version of this form: 1")]
    companies: Annotated[
        dict[CompanyKey, CompanyIs],
        Field(
            min_length=1,
            description="the companies by their keys in the Intacct secret, each with its name "
            "and zone",
        ),
    ]
    default_approver: Annotated[
        Person | None, Field(description="Told in place of whoever cannot be found or reached")
    ] = None
    ap_lead: Annotated[
        Person | None, Field(description="Who looks after accounts payable; the last resort")
    ] = None
    matrix: Annotated[
        Text | None,
        Field(description="An approval matrix as CSV, by its path from this file's folder"),
    ] = None
    rules: Annotated[
        list[RuleIs] | None, Field(description="Read from the top; the first that matches wins")
    ] = None
