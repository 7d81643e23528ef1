"""How a request fails, by the level at which the gateway says so.

::

    RefusedError
    ├── GatewayError      before the XML gateway: an HTTP status, a GW code
    ├── ControlError      the envelope or the sender: no <operation> in the reply
    ├── SignInError       the login or the session: <authentication> failed, no <result>
    └── FunctionError     one function: <result> failed, others may have succeeded
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One `<error>`."""

    errorno: str
    description2: str
    correction: str = ""
    description: str = ""


class RefusedError(Exception):
    """Base: a request, or a part of it, is answered with errors."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(f"{fault.errorno}: {fault.description2}" for fault in faults))
        self.faults = faults


class GatewayError(RefusedError):
    """Refused before the XML gateway proper."""

    def __init__(self, status: int, errorno: str, description: str) -> None:
        super().__init__(Fault(errorno, "", description=description))
        self.status = status


class ControlError(RefusedError):
    """Refused as a whole, at the control level."""


class SignInError(RefusedError):
    """The login or session was refused; an invalid session echoes no user and no company."""

    def __init__(self, description: str, *, user: str = "", company: str = "") -> None:
        super().__init__(Fault("XL03000006", description))
        self.user = user
        self.company = company


class FunctionError(RefusedError):
    """One function failed."""

    @classmethod
    def query_failed(cls, text: str) -> FunctionError:
        """The generic refusal of a query: DL02000001, with the reason in the text."""
        return cls(Fault("DL02000001", f"There was an error processing the request. {text}"))


def schema_error(text: str) -> ControlError:
    """XML that breaks the schema: refused before any function runs."""
    return ControlError(Fault("XL03000003", f"XML Parse schema error: {text}"))
