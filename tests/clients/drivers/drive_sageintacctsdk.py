"""sageintacctsdk against the simulator, by its public methods alone."""

from __future__ import annotations

import os

import redirect  # noqa: F401 - before the client
from report import Report
from sageintacctsdk import SageIntacctSDK
from sageintacctsdk.exceptions import SageIntacctSDKError


def connect(password: str) -> SageIntacctSDK:
    return SageIntacctSDK(
        sender_id=os.environ["SANDBOX_SENDER_ID"],
        sender_password=os.environ["SANDBOX_SENDER_PASSWORD"],
        user_id=os.environ["SANDBOX_USER_ID"],
        company_id=os.environ["SANDBOX_COMPANY_ID"],
        user_password=password,
        show_private=True,
    )


def main() -> None:
    report = Report("sageintacctsdk")
    sdk = connect(os.environ["SANDBOX_USER_PASSWORD"])
    report.logged_in()
    report.vendors({row["VENDORID"]: row["NAME"] for row in sdk.vendors.get_all()})
    # Its pages hold 2,000, and without an order the gateway gives none.
    for page in sdk.bills.get_all_generator(order_by_field="RECORDNO", order="ascending"):
        report.bills([row["RECORDNO"] for row in page])
    try:
        sdk.bills.get_all(fields=["RECORDNO", "NO_SUCH_FIELD"])
    except SageIntacctSDKError as error:
        report.error("unknown field", error)
    try:
        connect("wrong")
    except SageIntacctSDKError as error:
        report.error("wrong password", error)
    report.write()


main()
