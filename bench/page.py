"""A page of bills as the gateway sends it: the same bytes on every machine and every Python.

Names are fields of Intacct's bills; values are made up by arithmetic alone. A third of the fields
is empty, as they are in real companies, and a few hold what XML has to escape.
"""

from __future__ import annotations

import hashlib
from xml.sax.saxutils import escape

RECORDS = 2000
_NAMES = """
    RECORDNO RECORDTYPE RECORDID DOCNUMBER DESCRIPTION DESCRIPTION2 MODULEKEY SYSTEMGENERATED STATE
    RAWSTATE ONHOLD PAYMENTPRIORITY VENDORID VENDORNAME VENDORKEY BILLTOPAYTOCONTACTNAME
    BILLTOPAYTOKEY SHIPTORETURNTOCONTACTNAME SHIPTORETURNTOKEY TERMNAME TERMKEY WHENCREATED
    WHENPOSTED WHENDUE WHENDISCOUNT WHENPAID RECPAYMENTDATE DUE_IN_DAYS AUWHENCREATED WHENMODIFIED
    BASECURR CURRENCY EXCH_RATE_DATE EXCH_RATE_TYPE_ID EXCHANGE_RATE TOTALENTERED TOTALSELECTED
    TOTALPAID TOTALDUE TRX_TOTALENTERED TRX_TOTALSELECTED TRX_TOTALPAID TRX_TOTALDUE TRX_ENTITYDUE
    PRBATCH PRBATCHKEY SUPDOCID SCHEDULEOPKEY CREATEDBY MODIFIEDBY CREATEDBYLOGINID
    MODIFIEDBYLOGINID CREATEDUSERID USERID INCLUSIVETAX MEGAENTITYKEY MEGAENTITYID MEGAENTITYNAME
    VENDTYPE1099TYPE RECORD_URL
"""
FIELDS = tuple(_NAMES.split())
#: Of the page of all fields, indented (what a gateway sends unasked) and not (what we ask for).
DIGESTS = {
    True: "ea870920878a3a3cea0a85447762c53736ec448a7effdc34d76a92d6465a1bb2",
    False: "f5e002b721a3a657b82c097cb4058334f54153179087fcc109aa1327b6a8c31b",
}

_VENDORS = ("Baker Steel", "Elm & Oak Furniture", "Harbour Müller Catering", "Cedar Office Supply")
_STATES = ("Submitted", "Partially Approved", "Posted", "Paid")
_STEP = 2_654_435_761  # odd, so that multiples of it spread over all of 32 bits


def page(fields: tuple[str, ...] = FIELDS, *, indented: bool) -> bytes:
    """A reply to one `query` for these fields.

    Raises ValueError where the page of all fields is no longer the pinned one.
    """
    outer, inner = ("\n        ", "\n            ") if indented else ("", "")
    records = "".join(
        f"{outer}<APBILL>"
        + "".join(f"{inner}<{name}>{_value(name, number)}</{name}>" for name in fields)
        + f"{outer}</APBILL>"
        for number in range(1, RECORDS + 1)
    )
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<response><control><status>success</status>'
        "<senderid>bench</senderid><controlid>bench</controlid><uniqueid>false</uniqueid>"
        "<dtdversion>3.0</dtdversion></control><operation><authentication><status>success</status>"
        "<userid>bench</userid><companyid>bench</companyid><locationid></locationid>"
        "<sessiontimestamp>2026-08-21T12:00:00+00:00</sessiontimestamp>"
        "<sessiontimeout>2026-08-21T18:00:00+00:00</sessiontimeout></authentication>"
        "<result><status>success</status><function>query</function><controlid>bench</controlid>"
        f'<data listtype="APBILL" totalcount="{RECORDS}" offset="0" count="{RECORDS}"'
        f' numremaining="0">{records}</data></result></operation></response>'
    ).encode()
    if fields == FIELDS and hashlib.sha256(body).hexdigest() != DIGESTS[indented]:
        raise ValueError("the page is not the one that earlier figures were measured on")
    return body


def _value(name: str, number: int) -> str:
    chance = (number * _STEP + sum(name.encode()) * 40_507) % 2**32
    day = f"08/{chance % 28 + 1:02d}/2026"
    always = {
        "RECORDNO": str(number),
        "STATE": _STATES[chance % len(_STATES)],
        "VENDORNAME": escape(_VENDORS[chance % len(_VENDORS)]),
        "RECORD_URL": f"https://www.intacct.com/ia/acct/ur.phtml?.r={chance:x}&amp;.t={number}",
        "WHENMODIFIED": f"{day} {chance % 24:02d}:{chance % 60:02d}:{number % 60:02d}",
        "TRX_TOTALENTERED": f"{chance % 5_000_000 / 100:.2f}",
        "CURRENCY": "USD",
    }.get(name)
    if always is not None:
        return always
    if chance % 3 == 0:
        return ""
    if name.startswith(("TOTAL", "TRX_")):
        return f"{chance % 5_000_000 / 100:.2f}"
    return day if name.startswith("WHEN") else f"{name[:6].title()} {chance % 100_000}"
