"""A simulated Twilio: messages, calls, Studio, Verify, Lookup, and the phones at the other end.

`python -m sandbox.twilio --port 0` runs it by itself, `TwilioSimulator` (in `simulator`) on a
thread of a test. `admin.TwilioAdmin` speaks to its admin API and hands out phones as objects.
It imports nothing of ml_connector: what it accepts and answers is its own reading of Twilio's
published API, so that a mistake of the connector cannot be mirrored here.
"""
