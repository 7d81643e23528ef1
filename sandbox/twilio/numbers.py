"""Phone numbers with a meaning of their own: Twilio's published ones, and the sandbox's range."""

from __future__ import annotations

import re
from types import MappingProxyType

E164 = re.compile(r"\+[1-9]\d{6,14}")
SID = re.compile(r"[A-Z]{2}[0-9a-f]{32}")

MAGIC_SENDER = "+15005550006"
DEFAULT_SENDER = "+15550100000"
"""The number the sandbox's account owns, next to Twilio's magic one."""

# https://www.twilio.com/docs/iam/test-credentials: number -> error code, raised at once.
SMS_FROM = MappingProxyType(
    {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611},
)
SMS_TO = MappingProxyType(
    {
        "+15005550001": 21211,
        "+15005550002": 21612,
        "+15005550003": 21408,
        "+15005550004": 21610,
        "+15005550009": 21614,
    },
)
CALL_FROM = MappingProxyType({"+15005550001": 21212})
CALL_TO = MappingProxyType(
    {
        "+15005550001": 21217,
        "+15005550002": 21214,
        "+15005550003": 21215,
        "+15005550004": 21216,
    },
)

# The sandbox's own range, kept apart from Twilio's: these numbers start out with a behaviour.
# Any other number starts as `on`, and the admin API gives any number any behaviour.
PRIVATE_RANGE = MappingProxyType(
    {
        "+15550109001": "off",
        "+15550109002": "landline",
        "+15550109003": "voicemail",
        "+15550109004": "busy",
        "+15550109005": "no_answer",
        "+15550109006": "ends_in_a_second",
        "+15550109007": "no_receipt",
        "+15550109008": "filtered",
        "+15550109009": "slow",
        "+15550109010": "opted_out",
        "+15550109011": "blocked",
        "+15550109012": "unknown_number",
        "+15550109013": "lost",
        "+15550109014": "unreachable_call",
    },
)


def is_e164(number: str) -> bool:
    """Whether the text is `+`, a country code and up to 15 digits in all."""
    return E164.fullmatch(number) is not None
