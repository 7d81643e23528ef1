"""What is said when nothing is read from Intacct any more: since when, and what to do."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from .formats import language_of, written_day
from .frozen import frozen
from .gsm7 import normalise, segments
from .messages import PLAIN, Manner, ending, plain

if TYPE_CHECKING:
    from .silences import Silence

MOST_SEGMENTS = 2
_LONGEST_NAME = 80


@frozen
class SilenceWords:
    """One language: a text, what a lock screen may show at the least, and what a call says."""

    text: str
    briefly: str
    spoken: str
    spoken_briefly: str


WORDS = MappingProxyType(
    {
        "en": SilenceWords(
            text="nothing was read from Intacct since {day}, {time}. Nobody is told of bills until "
            "that works again. Look in Intacct and call IT.",
            briefly="nothing can be read from Intacct. Look there and call IT.",
            spoken="Nothing was read from Intacct since {day}, {time}. Nobody is told of bills "
            "until that works again. Please look in Intacct yourself, and call your IT.",
            spoken_briefly="Nothing can be read from Intacct. Please look there yourself, and call "
            "your IT.",
        ),
        # In texts no accent that GSM-7 lacks, and no word that means something else without it.
        "es": SilenceWords(
            text="no se ha podido leer Intacct desde {day}, {time}. Mientras tanto nadie recibe "
            "avisos de facturas. Mire en Intacct y avise a soporte.",
            briefly="no se puede leer Intacct. Mire en Intacct y avise a soporte.",
            spoken="No se ha podido leer Intacct desde el {day}, {time}. Mientras tanto nadie "
            "recibe avisos de facturas. Por favor, mire en Intacct y avise a soporte.",
            spoken_briefly="No se puede leer Intacct. Por favor, mire en Intacct y avise a "
            "soporte.",
        ),
    }
)


def silence_sms(company_name: str, silence: Silence, reference: str, manner: Manner = PLAIN) -> str:
    """The SMS about a company nothing is read of, for example::

        Acme AP: nothing was read from Intacct since Nov 23, 08:05. Nobody is told of bills until
        that works again. Look in Intacct and call IT. Reply 1 = seen. Ref K7F2

    The time is the company's own. At most two segments: the company's name is shortened.
    """
    tag = manner.language
    words, since = WORDS[language_of(tag)], silence.local
    said = words.text if manner.detail == "full" else words.briefly
    day = normalise(written_day(since.date(), tag))
    news = normalise(said).format(day=day, time=f"{since:%H:%M}")
    rest = news + ending(manner.ask, reference, tag)
    company = plain(company_name).rstrip(" :")[:_LONGEST_NAME]
    while company and segments(f"{company}: {rest}").parts > MOST_SEGMENTS:
        company = company[:-1].rstrip(" :")
    return f"{company}: {rest}" if company else rest
