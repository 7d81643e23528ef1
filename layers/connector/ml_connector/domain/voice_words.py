"""What calls say besides the facts: the words of each language, and how currencies are spoken.

A call is spoken in English or Spanish. A speech synthesiser reads what is written, so nothing here
is an abbreviation.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

from .events import EventKind
from .frozen import frozen
from .wording import WORDS


class Unit(NamedTuple):
    """A unit of money: one of it, and more than one."""

    one: str
    more: str


class Currency(NamedTuple):
    """How a currency is spoken. `digits` is how many decimals its smaller unit has (ISO 4217)."""

    whole: Unit
    small: Unit | None
    digits: int = 2


_CENTS, _PENCE, _ORE = Unit("cent", "cents"), Unit("penny", "pence"), Unit("öre", "öre")
_OERE, _PAISE, _RAPPEN = Unit("øre", "øre"), Unit("paisa", "paise"), Unit("centime", "centimes")
_CENTAVOS, _CENTIMOS = Unit("centavo", "centavos"), Unit("céntimo", "céntimos")
_PENIQUES = Unit("penique", "peniques")


@frozen
class Told:
    """What is said of one kind of event: with its facts before it, and without any."""

    thing: str
    news: str
    briefly: str


@frozen
class Prompts:
    """What the flow says around the text. Each becomes a parameter of the call.

    `ask` follows the text; `again` is said once after a key that means nothing; the others end the
    call.
    """

    ask: str
    again: str
    confirmed: str
    declined: str


@frozen
class Language:
    """One language of calls.

    `named` and `unnamed` open what is said of a thing, in full and by its amount alone. `months`
    begin with January.
    """

    told: MappingProxyType[EventKind, Told]
    currencies: MappingProxyType[str, Currency]
    months: tuple[str, ...]
    prompts: Prompts
    named: MappingProxyType[str, str]
    unnamed: MappingProxyType[str, str]
    nobody: str
    number: str
    record: str
    ending_in: str
    due: str
    day: str
    cleared_on: str
    minus: str
    point: str
    joined: str
    ampersand: str
    thousands: str


def _english_news() -> dict[EventKind, Told]:
    """The words of the texts, as they stand."""
    return {
        kind: Told(words.thing, words.news, words.briefly[0].upper() + words.briefly[1:])
        for kind, words in WORDS.items()
    }


_WAITS = "espera aprobación en Intacct."

_SPANISH_NEWS = {
    EventKind.SUBMITTED: Told("factura", "Espera aprobación en Intacct.", f"Una factura {_WAITS}"),
    EventKind.PARTIALLY_APPROVED: Told(
        "factura",
        "Aprobada en parte. Espera el siguiente nivel en Intacct.",
        "Una factura aprobada en parte espera el siguiente nivel en Intacct.",
    ),
    EventKind.CHANGED: Told(
        "factura",
        "Ha cambiado y espera aprobación en Intacct.",
        f"Una factura que ha cambiado {_WAITS}",
    ),
    EventKind.DECLINED: Told(
        "factura", "Rechazada en Intacct.", "Una factura fue rechazada en Intacct."
    ),
    EventKind.OVERDUE: Told(
        "factura",
        "Está vencida y espera aprobación en Intacct.",
        f"Una factura vencida {_WAITS}",
    ),
    EventKind.REMINDER: Told(
        "factura",
        "Fue editada y todavía espera aprobación en Intacct.",
        "Una factura editada todavía espera aprobación en Intacct.",
    ),
    EventKind.POSSIBLE_DUPLICATE: Told(
        "factura",
        "Parece duplicada y espera aprobación en Intacct.",
        f"Una factura que parece duplicada {_WAITS}",
    ),
    EventKind.PAYMENT_CLEARED: Told(
        "pago", "El banco lo pagó, según Intacct.", "El banco hizo un pago, según Intacct."
    ),
    EventKind.PAYMENT_VOIDED: Told(
        "pago", "Anulado en Intacct.", "Un pago fue anulado en Intacct."
    ),
    EventKind.PAYMENT_DECLINED: Told(
        "pago", "Rechazado en Intacct.", "Un pago fue rechazado en Intacct."
    ),
    EventKind.PAYMENT_UNCLEARED: Told(
        "pago",
        "En Intacct ya no consta que el banco lo pagara.",
        "En Intacct ya no consta que el banco hiciera un pago.",
    ),
}

ENGLISH = Language(
    told=MappingProxyType(_english_news()),
    currencies=MappingProxyType(
        {
            "USD": Currency(Unit("US dollar", "US dollars"), _CENTS),
            "EUR": Currency(Unit("euro", "euros"), _CENTS),
            "GBP": Currency(Unit("British pound", "British pounds"), _PENCE),
            "CAD": Currency(Unit("Canadian dollar", "Canadian dollars"), _CENTS),
            "AUD": Currency(Unit("Australian dollar", "Australian dollars"), _CENTS),
            "NZD": Currency(Unit("New Zealand dollar", "New Zealand dollars"), _CENTS),
            "SGD": Currency(Unit("Singapore dollar", "Singapore dollars"), _CENTS),
            "HKD": Currency(Unit("Hong Kong dollar", "Hong Kong dollars"), _CENTS),
            "MXN": Currency(Unit("Mexican peso", "Mexican pesos"), Unit("centavo", "centavos")),
            "CHF": Currency(Unit("Swiss franc", "Swiss francs"), _RAPPEN),
            "SEK": Currency(Unit("Swedish krona", "Swedish kronor"), _ORE),
            "NOK": Currency(Unit("Norwegian krone", "Norwegian kroner"), _OERE),
            "DKK": Currency(Unit("Danish krone", "Danish kroner"), _OERE),
            "ZAR": Currency(Unit("South African rand", "South African rand"), _CENTS),
            "INR": Currency(Unit("Indian rupee", "Indian rupees"), _PAISE),
            "BRL": Currency(Unit("Brazilian real", "Brazilian reais"), Unit("centavo", "centavos")),
            "CNY": Currency(Unit("Chinese yuan", "Chinese yuan"), None),
            "JPY": Currency(Unit("Japanese yen", "Japanese yen"), None, 0),
        }
    ),
    months=(
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ),
    prompts=Prompts(
        ask="Press 1 to confirm that you take care of it. Press 2 if it is not yours. "
        "Press star to hear this again.",
        again="That key has no meaning here.",
        confirmed="Thank you. It is confirmed. Goodbye.",
        declined="Thank you. We will look for somebody else. Goodbye.",
    ),
    named=MappingProxyType(
        {
            "bill": "A bill from {vendor}, {amount}, {number}",
            "payment": "A payment to {vendor}, {amount}, {number}",
        }
    ),
    unnamed=MappingProxyType({"bill": "A bill of {amount}", "payment": "A payment of {amount}"}),
    nobody="an unnamed vendor",
    number="number {number}",
    record="record {number}",
    ending_in="ending in {number}",
    due=", due {day}",
    day="{month} {day}",
    cleared_on="Cleared the bank on {day}, says Intacct.",
    minus="minus",
    point="point",
    joined="and",
    ampersand="and",
    thousands=",",
)  # fmt: skip

SPANISH = Language(
    told=MappingProxyType(_SPANISH_NEWS),
    currencies=MappingProxyType(
        {
            "USD": Currency(Unit("dólar estadounidense", "dólares estadounidenses"), _CENTAVOS),
            "EUR": Currency(Unit("euro", "euros"), _CENTIMOS),
            "GBP": Currency(Unit("libra esterlina", "libras esterlinas"), _PENIQUES),
            "CAD": Currency(Unit("dólar canadiense", "dólares canadienses"), _CENTAVOS),
            "AUD": Currency(Unit("dólar australiano", "dólares australianos"), _CENTAVOS),
            "NZD": Currency(Unit("dólar neozelandés", "dólares neozelandeses"), _CENTAVOS),
            "SGD": Currency(Unit("dólar de Singapur", "dólares de Singapur"), _CENTAVOS),
            "HKD": Currency(Unit("dólar de Hong Kong", "dólares de Hong Kong"), _CENTAVOS),
            "MXN": Currency(Unit("peso mexicano", "pesos mexicanos"), _CENTAVOS),
            "CHF": Currency(Unit("franco suizo", "francos suizos"), _CENTIMOS),
            "SEK": Currency(Unit("corona sueca", "coronas suecas"), _ORE),
            "NOK": Currency(Unit("corona noruega", "coronas noruegas"), _OERE),
            "DKK": Currency(Unit("corona danesa", "coronas danesas"), _OERE),
            "ZAR": Currency(Unit("rand sudafricano", "rands sudafricanos"), _CENTAVOS),
            "INR": Currency(Unit("rupia india", "rupias indias"), _PAISE),
            "BRL": Currency(Unit("real brasileño", "reales brasileños"), _CENTAVOS),
            "CNY": Currency(Unit("yuan chino", "yuanes chinos"), None),
            "JPY": Currency(Unit("yen japonés", "yenes japoneses"), None, 0),
        }
    ),
    months=(
        "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre",
        "octubre", "noviembre", "diciembre",
    ),
    prompts=Prompts(
        ask="Pulse 1 para confirmar que se ocupa. Pulse 2 si no le corresponde. "
        "Pulse asterisco para escucharlo otra vez.",
        again="Esa tecla no tiene ninguna función aquí.",
        confirmed="Gracias. Queda confirmado. Adiós.",
        declined="Gracias. Buscaremos a otra persona. Adiós.",
    ),
    named=MappingProxyType(
        {
            "factura": "Una factura de {vendor}, {amount}, {number}",
            "pago": "Un pago a {vendor}, {amount}, {number}",
        }
    ),
    unnamed=MappingProxyType({"factura": "Una factura de {amount}", "pago": "Un pago de {amount}"}),
    nobody="un proveedor sin nombre",
    number="número {number}",
    record="registro {number}",
    ending_in="que termina en {number}",
    due=", vence el {day}",
    day="{day} de {month}",
    cleared_on="El banco lo pagó el {day}, según Intacct.",
    minus="menos",
    point="punto",
    joined="con",
    ampersand="y",
    # Spain separates by a full stop, Mexico by a comma: a number without either is read by both.
    thousands="",
)  # fmt: skip

#: By the first part of an IETF tag.
LANGUAGES = MappingProxyType({"en": ENGLISH, "es": SPANISH})
