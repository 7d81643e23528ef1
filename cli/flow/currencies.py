"""The currencies a flow may speak of: ISO 4217, codes in use and those that ledgers still hold.

A code nobody uses would make a rule that never matches, and nobody would notice.
"""

from __future__ import annotations

CURRENCIES = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP
    BYN BZD CAD CDF CHE CHF CHW CLF CLP CNH CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN
    ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD
    JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP
    MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON
    RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP
    TRY TTD TWD TZS UAH UGX USD UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW
    ZWG ZWL
    """.split()  # noqa: SIM905 - a list of literals would take 180 lines
)


def likely(found: object) -> str:
    """What was probably meant, to follow what was expected; empty where that would be guessing.

    Of so many codes of three letters many are alike: only the same letters tell enough.
    """
    letters = sorted(str(found).strip().upper())
    same = [code for code in CURRENCIES if sorted(code) == letters]
    return f"; did you mean {same[0]!r}?" if len(same) == 1 else ""
