"""What people are told about people.

A notice is a case of its own, about a person: one alert and one text. It is opened in the
transaction that changes them, so that there is none without the other.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from .audit import ChainHead, Json, entry_after
from .cases import Alert, Case, CaseState, case_chain
from .dispatches import Dispatch
from .formats import language_of
from .frozen import frozen
from .gsm7 import normalise, segments
from .ids import stable_id
from .messages import plain
from .one_text import one_alert, one_text, told
from .unit_of_work import CaseWrite
from .wording import spoken_language

if TYPE_CHECKING:
    from collections.abc import Callable

    from .approvers import Approver

#: Somebody wants no more texts: who leads accounts payable is told.
OPTED_OUT = "person.opted_out"
#: Somebody will be texted from now on: they are told themselves.
WELCOME = "person.welcome"

#: Why somebody is told, as a case's audit says it; no rule of a flow does.
_SENTENCES = MappingProxyType(
    {
        OPTED_OUT: "Whoever leads accounts payable is told that somebody wants no more texts.",
        WELCOME: "Whoever agreed is told what they will be texted and how to end it.",
    }
)

MOST_SEGMENTS = 2
_LONGEST_NAME = 80

_WORDS = MappingProxyType(
    {
        "en": {
            "no_texts": "{who} gets no more texts from us (replied STOP).",
            "calls": "Calls still go out.",
            "no_calls": "No calls either.",
            "welcome": "we will text you about bills waiting for your approval in Intacct. "
            "Reply STOP to end, HELP for help.",
        },
        # No accent that GSM-7 lacks, and no word that means something else without its own.
        "es": {
            "no_texts": "{who} ya no recibe mensajes nuestros (hubo un STOP).",
            "calls": "Las llamadas siguen.",
            "no_calls": "Tampoco llamadas.",
            "welcome": "le avisaremos de facturas que esperan su aprobación en Intacct. "
            "Responda STOP para terminar, HELP para ayuda.",
        },
    }
)


@frozen
class Frame:
    """What goes with a notice whatever it says.

    `company_name` begins the text. `cause` tells it from those made before and later about the same
    person: the same cause gives the same ids. The times are those of a plan (`PlanTimes`).
    """

    company: str
    company_name: str
    zone: str
    flow_version: int
    cause: str
    now: datetime
    expires_at: datetime
    validity_seconds: int


@frozen
class Notice:
    """What comes into being with one notice; due at once, for the status check to ring."""

    case: CaseWrite
    alert: Alert
    dispatch: Dispatch


def opt_out_notice(about: Approver, to: Approver, frame: Frame) -> Notice:
    """Tell `to` that the person wants no more texts. `about` is the person as they are then."""

    def said(reference: str, tag: str) -> str:
        return opt_out_sms(frame.company_name, about, reference, tag)

    case_id = stable_id(OPTED_OUT, about.id, frame.cause, to.id)
    return _notice(OPTED_OUT, case_id, about.chain, to, frame, said)


def welcome_notice(to: Approver, frame: Frame) -> Notice:
    """Tell a person what they will be texted about, and how to end it."""

    def said(reference: str, tag: str) -> str:
        return welcome_sms(frame.company_name, reference, tag)

    case_id = stable_id(WELCOME, to.id, frame.cause, to.id)
    return _notice(WELCOME, case_id, to.chain, to, frame, said)


def _notice(
    kind: str,
    case_id: str,
    document: str,
    to: Approver,
    frame: Frame,
    said: Callable[[str, str], str],
) -> Notice:
    alert = one_alert(case_id, frame.company, to.id, frame.now)
    dispatch = one_text(
        alert,
        lambda reference: said(reference, spoken_language(to.language)),
        now=frame.now,
        validity_seconds=frame.validity_seconds,
        look_at=frame.now,
    )
    alert = replace(alert, dispatch=dispatch.id)
    case = Case(
        id=case_id,
        company=frame.company,
        document=document,
        kind=kind,
        round=1,
        state=CaseState.OPEN,
        opened_at=frame.now,
        expires_at=frame.expires_at,
        rule="notice",
        flow_version=frame.flow_version,
        head=ChainHead(),
        company_name=frame.company_name,
        zone=frame.zone,
    )
    data: dict[str, Json] = {
        "company": case.company,
        "document": case.document,
        "event": kind,
        "flow_version": case.flow_version,
        "sentence": _SENTENCES[kind],
        "alerts": [told(alert, to)],
    }
    entry = entry_after(ChainHead(), case_chain(case_id), frame.now, "case.opened", data)
    return Notice(CaseWrite(case, entry), alert, dispatch)


# -------------------------------------------------------------------------------- the texts
def opt_out_sms(company_name: str, about: Approver, reference: str, language: str) -> str:
    """The SMS about somebody who opted out, for example::

        Acme AP: Ann Approver gets no more texts from us (replied STOP). Calls still go out.
        Ref K7F2

    At most two segments: the company's name is shortened, then the person's.
    """
    words = _WORDS[language_of(language)]
    calls = words["no_calls" if about.obstacle_to("voice") else "calls"]
    who = (plain(about.name) or plain(about.id)).rstrip(" .,;:")[:_LONGEST_NAME]
    end = normalise(f" {calls}") + f" Ref {reference}"
    news = normalise(words["no_texts"])
    company = _shortened(company_name, news.format(who=who) + end)
    while len(who) > 1 and segments(company + news.format(who=who) + end).parts > MOST_SEGMENTS:
        who = who[:-1].rstrip(" .,;:")
    return company + news.format(who=who) + end


def welcome_sms(company_name: str, reference: str, language: str) -> str:
    """The first SMS a person gets, for example::

        Acme AP: we will text you about bills waiting for your approval in Intacct. Reply STOP to
        end, HELP for help. Ref K7F2

    At most two segments: the company's name is shortened.
    """
    end = f"{normalise(_WORDS[language_of(language)]['welcome'])} Ref {reference}"
    return _shortened(company_name, end) + end


def _shortened(company_name: str, rest: str) -> str:
    """The company's name with its colon, as far as there is room for it before the rest."""
    company = plain(company_name).rstrip(" :")[:_LONGEST_NAME]
    while company and segments(f"{company}: {rest}").parts > MOST_SEGMENTS:
        company = company[:-1].rstrip(" :")
    return f"{company}: " if company else ""
