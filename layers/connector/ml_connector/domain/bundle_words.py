"""What bundles say besides the facts, in each language. An event without words here joins none.

Spanish is written as it should be; a text leaves out the accents that GSM-7 lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from .events import EventKind
from .frozen import frozen


class Counted(NamedTuple):
    """One of a thing, and more of them: `count` is filled in."""

    one: str
    more: str


@frozen
class BundleWords:
    """One language. The order of `kinds` is the order in which things are said.

    `place`, or `source` where the bank is meant, follows the first of them. `some_payments` and
    `some` are all that is said with the least detail; `you_have` opens a call about bills.
    """

    kinds: Mapping[EventKind, Counted]
    bills: Counted
    payments: Counted
    place: str
    source: str
    more: str
    joined: str
    some_payments: str
    some: str
    you_have: str
    together: str
    largest: str


ENGLISH = BundleWords(
    kinds=MappingProxyType(
        {
            EventKind.OVERDUE: Counted(
                "1 overdue bill waiting for approval", "{count} overdue bills waiting for approval"
            ),
            EventKind.SUBMITTED: Counted(
                "1 bill waiting for approval", "{count} bills waiting for approval"
            ),
            EventKind.PARTIALLY_APPROVED: Counted(
                "1 bill waiting for the next level", "{count} bills waiting for the next level"
            ),
            EventKind.CHANGED: Counted(
                "1 changed bill waiting for approval", "{count} changed bills waiting for approval"
            ),
            EventKind.REMINDER: Counted(
                "1 edited bill still waiting for approval",
                "{count} edited bills still waiting for approval",
            ),
            EventKind.DECLINED: Counted("1 bill declined", "{count} bills declined"),
            EventKind.PAYMENT_UNCLEARED: Counted(
                "1 payment no longer cleared", "{count} payments no longer cleared"
            ),
            EventKind.PAYMENT_VOIDED: Counted("1 payment voided", "{count} payments voided"),
            EventKind.PAYMENT_DECLINED: Counted("1 payment declined", "{count} payments declined"),
            EventKind.PAYMENT_CLEARED: Counted(
                "1 payment cleared the bank", "{count} payments cleared the bank"
            ),
        }
    ),
    bills=Counted("1 bill", "{count} bills"),
    payments=Counted("1 payment", "{count} payments"),
    place=" in Intacct",
    source=", says Intacct",
    more="and {count} more",
    joined="and",
    some_payments="there is news of payments in Intacct.",
    some="there is news of bills and payments in Intacct.",
    you_have="You have {things}",
    together="together {sums}",
    largest="The largest is from {vendor}, {amount}.",
)

SPANISH = BundleWords(
    kinds=MappingProxyType(
        {
            EventKind.OVERDUE: Counted(
                "1 factura vencida espera aprobación",
                "{count} facturas vencidas esperan aprobación",
            ),
            EventKind.SUBMITTED: Counted(
                "1 factura espera aprobación", "{count} facturas esperan aprobación"
            ),
            EventKind.PARTIALLY_APPROVED: Counted(
                "1 factura espera el siguiente nivel", "{count} facturas esperan el siguiente nivel"
            ),
            EventKind.CHANGED: Counted(
                "1 factura que ha cambiado espera aprobación",
                "{count} facturas que han cambiado esperan aprobación",
            ),
            EventKind.REMINDER: Counted(
                "1 factura editada todavía espera aprobación",
                "{count} facturas editadas todavía esperan aprobación",
            ),
            EventKind.DECLINED: Counted("1 factura rechazada", "{count} facturas rechazadas"),
            EventKind.PAYMENT_UNCLEARED: Counted(
                "1 pago ya no consta como pagado", "{count} pagos ya no constan como pagados"
            ),
            EventKind.PAYMENT_VOIDED: Counted("1 pago anulado", "{count} pagos anulados"),
            EventKind.PAYMENT_DECLINED: Counted("1 pago rechazado", "{count} pagos rechazados"),
            EventKind.PAYMENT_CLEARED: Counted(
                "1 pago hecho por el banco", "{count} pagos hechos por el banco"
            ),
        }
    ),
    bills=Counted("1 factura", "{count} facturas"),
    payments=Counted("1 pago", "{count} pagos"),
    place=" en Intacct",
    source=", según Intacct",
    more="y {count} más",
    joined="y",
    some_payments="hay novedades de pagos en Intacct.",
    some="hay novedades de facturas y pagos en Intacct.",
    you_have="{things}",
    together="en total {sums}",
    largest="La mayor es de {vendor}, {amount}.",
)

#: By the first part of an IETF tag, as `formats.language_of` gives it.
BUNDLE_LANGUAGES = MappingProxyType({"en": ENGLISH, "es": SPANISH})
