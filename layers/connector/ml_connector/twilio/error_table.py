"""Twilio's error codes, one row each.

What a code is for is in Twilio's error dictionary; what follows from it is decided here. Where one
recipient's number, carrier or country is the cause, the row is permanent with something for the
operator to do, not blocked: one approver abroad must not silence everybody else. For the same
reason what only calls or only texts need (a flow, a permission, a sender) is not the account.

SHARED holds what means the same in both places. AT_CREATE and AFTER_CREATE hold what differs.
"""

from __future__ import annotations

from .error_codes import Action, CodeMeaning

_MINUTE, _HOUR = 60, 3600


def _retry(
    code: int, reason: str, after: int, *, retries: int | None = None, operator: str = ""
) -> CodeMeaning:
    return CodeMeaning(code, Action.RETRY, reason, operator, after, retries)


def _permanent(code: int, reason: str, operator: str = "") -> CodeMeaning:
    return CodeMeaning(code, Action.PERMANENT, reason, operator)


def _blocked(code: int, reason: str, operator: str) -> CodeMeaning:
    return CodeMeaning(code, Action.BLOCKED, reason, operator)


def _closed(code: int, reason: str, operator: str) -> CodeMeaning:
    return CodeMeaning(code, Action.BLOCKED, reason, operator, account=True)


def _unknown(code: int, reason: str) -> CodeMeaning:
    return CodeMeaning(code, Action.OUTCOME_UNKNOWN, reason)


def _by_code(*rows: CodeMeaning) -> dict[int, CodeMeaning]:
    table = {row.code: row for row in rows if row.code is not None}
    if len(table) != len(rows):
        raise ValueError("a code stands twice in one table")
    return table


_CHECK_NUMBER = "correct the approver's phone number"
_CHECK_SENDER = "check the sender in the twilio secret: it must be yours and able to send SMS"
_REGISTER = "finish the sender's registration in the Twilio console; carriers block it until then"
_ACCOUNT = "look at the account in the Twilio console: it is closed or suspended"
_OUR_TEXT = "a text of ours is wrong: report it with the code"
_SERVICE = "check the messaging service in the twilio secret and the numbers in its sender pool"
_OTHER_CHANNEL = "if it happens often, give this approver a voice channel"

SHARED = _by_code(
    # ------------------------------------------------------------------ retry: it passes
    _retry(20429, "too many requests; this one was never processed", 1),
    _retry(14107, "too many messages to one number in half a minute: a loop guard", 30),
    _retry(21611, "the sender's queue is full", 5 * _MINUTE, operator="use a faster sender"),
    _retry(10004, "as many calls at a time as the account may make", _MINUTE),
    _retry(30001, "the sender's queue overflowed", 5 * _MINUTE, operator="use a faster sender"),
    _retry(30003, "the handset is off or out of reach", 5 * _MINUTE, retries=1),
    _retry(30017, "the carrier's network is congested", 5 * _MINUTE),
    _retry(30022, "faster than the registered campaign allows", _MINUTE),
    _retry(30023, "the carrier's daily cap is reached, until 00:00 Pacific", 8 * _HOUR, retries=0,
           operator="raise the campaign's daily cap, or send through a messaging service"),
    _retry(30027, "T-Mobile's daily limit is reached, until 00:00 Pacific", 8 * _HOUR, retries=0,
           operator="raise the brand's trust score, or send through a messaging service"),
    _retry(30036, "it waited in the queue until its validity ran out", _MINUTE),
    _retry(30450, "held back by SMS pumping protection; lifts after 15 to 30 minutes",
           30 * _MINUTE, retries=0, operator="allow the country or prefix if this is an approver"),
    _retry(63018, "faster than the channel allows", _MINUTE),
    _retry(63038, "the account's daily message limit is reached", 8 * _HOUR, retries=0,
           operator="raise the account's daily limit"),
    # ------------------------------------------- permanent: this recipient, this channel
    _permanent(30004, "the recipient's carrier or handset blocks the message", _OTHER_CHANNEL),
    _permanent(30005, "no such handset: the number is unknown or gone", _CHECK_NUMBER),
    _permanent(30006, "a landline, or a carrier that cannot be reached by SMS", _OTHER_CHANNEL),
    _permanent(30007, "filtered by the carrier as unwanted",
               "check the sender's registration and that the texts match what was registered"),
    _permanent(30011, "the recipient's network takes no MMS", _OUR_TEXT),
    _permanent(30019, "larger than the carrier takes", _OUR_TEXT),
    _permanent(21211, "no valid number to send to", _CHECK_NUMBER),
    _permanent(21217, "no valid number to call", _CHECK_NUMBER),
    _permanent(21401, "no valid phone number", _CHECK_NUMBER),
    _permanent(21214, "the number cannot be reached", _CHECK_NUMBER),
    _permanent(21216, "the number is on a list Twilio will not call", _CHECK_NUMBER),
    _permanent(21610, "the recipient sent STOP to this sender",
               "only START from that phone opts it in again"),
    _permanent(21612, "no route for SMS from this sender to this number",
               "use a sender of the recipient's country, or a voice channel"),
    _permanent(21614, "not a mobile number", "give this approver a voice channel"),
    _permanent(63003, "no such recipient on the channel", _CHECK_NUMBER),
    _permanent(63024, "not a recipient the channel can reach", _CHECK_NUMBER),
    _permanent(63013, "against the channel's policy", _OUR_TEXT),
    _permanent(63014, "the recipient blocked the sender"),
    _permanent(63016, "outside the channel's window without a template", _OUR_TEXT),
    _permanent(63036, "the recipient cannot be reached by RCS", _OTHER_CHANNEL),
    _permanent(60205, "a landline takes no SMS", "give this approver a voice channel"),
    _permanent(60410, "verification to this prefix is blocked as fraud",
               "ask Twilio to allow the number"),
    _permanent(60605, "verification to this country is blocked",
               "enable the country in Verify's geo permissions"),
    # ------------------- permanent for one recipient or text, and an operator has to act
    _permanent(21408, "SMS to the recipient's country is not enabled",
               "enable the country in Messaging's geo permissions"),
    _permanent(21215, "calls to the recipient's country are not enabled",
               "enable the country in Voice's geo permissions"),
    _permanent(21608, "a trial account may only send to verified numbers",
               "verify the number in the Twilio console, or upgrade the account"),
    _permanent(30018, "the recipient's network wants senders registered beforehand", _REGISTER),
    _permanent(30024, "the recipient's carrier does not know the sender", _REGISTER),
    _permanent(21602, "no text", _OUR_TEXT),
    _permanent(21604, "no recipient", _CHECK_NUMBER),
    _permanent(21617, "longer than 1,600 characters", _OUR_TEXT),
    _permanent(21620, "a media address that cannot be used", _OUR_TEXT),
    _permanent(12100, "TwiML that cannot be read", _OUR_TEXT),
    _permanent(13310, "TwiML with a key that ends input but is none", _OUR_TEXT),
    _permanent(13521, "TwiML with too much to say", _OUR_TEXT),
    # ------------------- blocked: the account (closed), or one channel's configuration
    _closed(20003, "credentials refused (also: wrong region, suspended account)",
             "put valid credentials into the twilio secret; keys belong to one region"),
    _blocked(20006, "access denied", "check what the API key may do"),
    _closed(20010, "the account may not do this", _ACCOUNT),
    _blocked(20403, "the API key may not do this",
             "give the restricted key the Messaging permissions"),
    _closed(20005, "the account is not active", _ACCOUNT),
    _closed(10001, "the account is not active", _ACCOUNT),
    _closed(21472, "the account is not active", _ACCOUNT),
    _closed(90010, "the account is not active", _ACCOUNT),
    _closed(30002, "the account is suspended", _ACCOUNT),
    _closed(20008, "test credentials cannot do this",
             "put live credentials into the twilio secret"),
    _blocked(20404, "the account, service or flow named does not exist",
             "check the SIDs in the twilio secret"),
    _blocked(20422, "a parameter is invalid", "check the sender and the settings of this flow"),
    _blocked(20007, "a page size Twilio does not take", _OUR_TEXT),
    _blocked(21210, "the caller id is neither bought nor verified", _CHECK_SENDER),
    _blocked(21212, "the sender is no valid number", _CHECK_SENDER),
    _blocked(21601, "the sender cannot send SMS", _CHECK_SENDER),
    _blocked(21603, "no sender", _CHECK_SENDER),
    _blocked(21606, "the sender is not yours or cannot send SMS", _CHECK_SENDER),
    _blocked(21609, "a status callback address that cannot be used", _OUR_TEXT),
    _blocked(21624, "a validity period out of range", "check `validity` in TIMINGS"),
    _blocked(90007, "a validity period out of range", "check `validity` in TIMINGS"),
    _blocked(30045, "a validity period out of range", "check `validity` in TIMINGS"),
    _blocked(21703, "the messaging service has no sender", _SERVICE),
    _blocked(21704, "the messaging service has no phone numbers", _SERVICE),
    _blocked(21705, "no such messaging service", _SERVICE),
    _blocked(30032, "the toll-free sender is not verified", _REGISTER),
    _blocked(30033, "the sender's campaign is suspended", _REGISTER),
    _blocked(30034, "the sender is not registered for US A2P 10DLC", _REGISTER),
    _blocked(30035, "the sender is still being registered", _REGISTER),
    _blocked(30010, "dearer than the price limit set", "raise or remove the price limit"),
    _blocked(35114, "a send time that cannot be scheduled", _OUR_TEXT),
    _blocked(35115, "a message that cannot be scheduled", _OUR_TEXT),
    _blocked(35118, "scheduling without a messaging service", _SERVICE),
    _blocked(63001, "the channel could not authenticate the sender", _CHECK_SENDER),
    _blocked(63007, "no such sender on the channel", _CHECK_SENDER),
    _blocked(60200, "a parameter of the verification is invalid",
             "check the Verify service in the twilio secret"),
)  # fmt: skip

#: As the answer to a create these leave open whether the message exists: "sending an SMS is not
#: idempotent, possible to receive multiple" (Twilio, error 20500).
AT_CREATE = _by_code(
    _unknown(20500, "Twilio failed inside"),
    _unknown(20503, "Twilio is not available"),
    _unknown(30008, "Twilio met an error it does not know"),
    _unknown(30020, "Twilio failed to schedule it"),
    _unknown(30021, "Twilio failed to route it"),
    _unknown(30410, "the provider did not answer in time; it may have been sent"),
    _unknown(30500, "Twilio failed inside"),
)

#: As the code of a failed message the same ones are final: that message is dead, a new one may go.
AFTER_CREATE = _by_code(
    _retry(20500, "Twilio failed inside", _MINUTE, retries=1),
    _retry(20503, "Twilio was not available", _MINUTE),
    _retry(30008, "an error neither Twilio nor the carrier explains", 2 * _MINUTE, retries=1),
    _retry(30020, "Twilio failed to schedule it", _MINUTE),
    _retry(30021, "Twilio failed to route it", _MINUTE),
    _retry(30410, "the provider did not answer in time; it may have arrived all the same",
           5 * _MINUTE, retries=1),
    _retry(30500, "Twilio failed inside", _MINUTE, retries=1),
)  # fmt: skip
