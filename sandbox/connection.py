"""DynamoDB as this process reads it, beside the functions: as the account's root, and patiently."""

from __future__ import annotations

import botocore.session

from ml_connector.store.connection import SharedConnection
from sandbox.aws.access import ACCOUNT
from sandbox.aws.local import REGION, LocalAws

#: How long one answer of the local AWS is waited for, seconds: it may share two cores with a dozen
#: functions that all begin at once. Functions themselves give it far less, for their time is short.
PATIENCE_SECONDS = 30.0


class _PatientConnection(SharedConnection):
    def __init__(self, session: botocore.session.Session, host: str) -> None:
        super().__init__(session, host)
        self._connect_timeout_seconds = self._read_timeout_seconds = PATIENCE_SECONDS


def connect(aws: LocalAws) -> SharedConnection:
    """A connection for the models of `ml_connector.store`."""
    session = botocore.session.Session()
    session.set_credentials(ACCOUNT, aws.access.secret)
    session.set_config_variable("region", REGION)
    if aws.access.authority:
        session.set_config_variable("ca_bundle", str(aws.access.authority))
    return _PatientConnection(session, aws.endpoint)
