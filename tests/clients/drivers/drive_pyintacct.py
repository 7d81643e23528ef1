"""pyintacct against the simulator, by its public methods alone."""

from __future__ import annotations

import os

import redirect  # noqa: F401 - before the client
from pyintacct import IntacctAPI, IntacctException
from report import Report


def api(password: str) -> IntacctAPI:
    return IntacctAPI(
        {
            "SENDER_ID": os.environ["SANDBOX_SENDER_ID"],
            "SENDER_PW": os.environ["SANDBOX_SENDER_PASSWORD"],
            "COMPANY_ID": os.environ["SANDBOX_COMPANY_ID"],
            "USER_ID": os.environ["SANDBOX_USER_ID"],
            "USER_PW": password,
        }
    )


def main() -> None:
    report = Report("pyintacct")
    client = api(os.environ["SANDBOX_USER_PASSWORD"])
    client.get_session_id()
    report.logged_in()
    vendors = client.read_by_query("VENDOR", "", fields="VENDORID,NAME")
    report.vendors({str(row["vendorid"]): str(row["name"]) for row in vendors})
    # It goes on with readMore by itself until nothing is left.
    bills = client.read_by_query("APBILL", "", fields="RECORDNO,STATE", pagesize=1000)
    report.bills([str(row["recordno"]) for row in bills])
    try:
        client.read_by_query("APBILL", "", fields="RECORDNO,NO_SUCH_FIELD")
    except IntacctException as error:
        report.error("unknown field", error)
    try:
        api("wrong").get_session_id()
    except IntacctException as error:
        report.error("wrong password", error)
    report.write()


main()
