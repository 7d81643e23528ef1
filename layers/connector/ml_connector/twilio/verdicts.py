"""The error-code table in the words the use cases decide by."""

from __future__ import annotations

from ml_connector.domain.delivery import Cure, Verdict

from .error_codes import Action, after_create

_CURES = {
    Action.RETRY: Cure.RETRY,
    Action.PERMANENT: Cure.PERMANENT,
    Action.BLOCKED: Cure.BLOCKED,
}


def verdict_on(error_code: int | None) -> Verdict:
    """What to do about a message that Twilio accepted and that did not arrive."""
    meaning = after_create(error_code)
    return Verdict(
        cure=_CURES.get(meaning.action, Cure.PERMANENT),
        reason=meaning.reason,
        wait_seconds=float(meaning.retry_after or 0),
        operator_action=meaning.operator,
        retries=meaning.retries,
        account=meaning.account,
    )
