"""A simulated Sage Intacct XML gateway, for people who have none.

Run it: `python -m sandbox.intacct --port 8010 --bills 100`. It answers POSTs at
`/ia/xml/xmlgw.phtml` as the gateway does, and an admin API under `/_sandbox/` plays the people who
enter, approve and pay bills, and orders faults.

Credentials, published and good for nothing else:

==================  ==========================
sender id           sandbox-sender
sender password     sandbox-sender-password
company id          acme-sandbox
user id             sandbox-user
user password       sandbox-user-password
==================  ==========================

In tests: `with IntacctSimulator() as sim:`; `sim.url` is the gateway, `sim.admin` an AdminClient,
`sim.gateway.handle(body)` the gateway without HTTP. Nothing here looks at who the client is.
"""

from .client import AdminClient, AdminError, LogEntry, Options, Record
from .clock import SandboxClock
from .gateway import Arrival, Gateway
from .replies import Reply
from .seed import Recipe
from .server import IntacctSimulator
from .world import COMPANY_ID, SENDER_ID, SENDER_PASSWORD, USER_ID, USER_PASSWORD, World

__all__ = [
    "COMPANY_ID",
    "SENDER_ID",
    "SENDER_PASSWORD",
    "USER_ID",
    "USER_PASSWORD",
    "AdminClient",
    "AdminError",
    "Arrival",
    "Gateway",
    "IntacctSimulator",
    "LogEntry",
    "Options",
    "Recipe",
    "Record",
    "Reply",
    "SandboxClock",
    "World",
]
