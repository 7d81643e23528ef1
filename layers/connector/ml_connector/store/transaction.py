"""A change as one DynamoDB transaction, and DynamoDB's refusals in words of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pynamodb.exceptions import (
    AttributeDeserializationError,
    PynamoDBException,
    TransactWriteError,
)
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from ml_connector.domain.approvers import Approver
from ml_connector.domain.unit_of_work import Change, Counter, PersonWrite
from ml_connector.errors import StoreConflict, StoreError, StoreRefused, StoreUnavailable

from .approver_items import approver_item
from .attributes import epoch
from .audit_items import audit_item
from .case_items import alert_item, case_item
from .company_items import company_key
from .connection import SharedConnection
from .dispatch_items import dispatch_item
from .inbox_items import reference_item, reference_name
from .models import ApproverItem, AuditItem, CompanyItem, CounterItem, SidItem

#: DynamoDB takes no more than this in one transaction.
MOST_ITEMS = 100

#: What DynamoDB says when a condition does not hold: of one item, and of one of a transaction.
_CONDITION = frozenset({"ConditionalCheckFailedException", "ConditionalCheckFailed"})

#: What DynamoDB says of a request that is wrong in itself: the same again is wrong again.
_HOPELESS = frozenset(
    {"ValidationError", "ValidationException", "ItemCollectionSizeLimitExceeded"},
)

#: What IAM says: by action and resource, of the caller too, who is left out here.
_REFUSED = frozenset({"AccessDenied", "AccessDeniedException"})
_ASKED = re.compile(r"perform: ([a-z]+:[A-Za-z]+)(?: on resource: (arn:[^ ]+))?")


def write(connection: SharedConnection, change: Change) -> None:
    """Write all of a change or nothing.

    Raises StoreConflict naming the refused parts when a condition does not hold, StoreUnavailable
    when DynamoDB was busy, throttled or did not answer. After the latter the change may be written:
    the same change, written again within ten minutes, counts once. A plain StoreError says that the
    change is wrong in itself.
    """
    transaction = _Transaction(connection, change)
    with translated():
        try:
            transaction.run()
        except TransactWriteError as error:
            raise transaction.explain(error) from error


class _Transaction:
    """Collects the operations in the order DynamoDB reports refusals: checks, puts, updates."""

    def __init__(self, connection: SharedConnection, change: Change) -> None:
        self._write = TransactWrite(connection=connection, client_request_token=change.write_id)
        self._checks: list[str] = []
        self._puts: list[str] = []
        self._updates: list[str] = []
        self._add(change)
        total = len(self._names)
        if total > MOST_ITEMS:
            raise StoreError(f"a change of {total} parts is more than the {MOST_ITEMS} possible")

    @property
    def _names(self) -> list[str]:
        return [*self._checks, *self._puts, *self._updates]

    def run(self) -> None:
        with self._write:
            pass

    def explain(self, error: TransactWriteError) -> StoreError:
        """The refusal in words of ours, naming the parts that were refused."""
        return _error_of(error, self._names)

    # ------------------------------------------------------------------------- collecting
    def _add(self, change: Change) -> None:
        if change.fence:
            self._checks.append(f"fence:{change.fence.company}")
            self._write.condition_check(
                CompanyItem,
                company_key(change.fence.company),
                "state",
                condition=CompanyItem.fence == change.fence.token,
            )
        for entry in change.entries:
            self._put(f"audit:{entry.chain}", audit_item(entry), AuditItem.chain.does_not_exist())
        for document in change.documents:
            from .document_items import item_of  # noqa: PLC0415 - no send writes these

            item = item_of(document.document, document.entry.head, change.write_id)
            self._versioned("document", document.document.id, item, document.entry.seq)
        for case in change.cases:
            stored = case_item(case.case, case.entry.head, change.write_id)
            self._versioned("case", case.case.id, stored, case.stored_seq + 1)
        for dispatch in change.dispatches:
            body = dispatch_item(dispatch, change.write_id)
            self._versioned("dispatch", dispatch.id, body, dispatch.version)
        for alert in change.alerts:
            row = alert_item(alert, change.write_id)
            self._versioned("alert", alert.id, row, alert.version)
        for person in change.people:
            self._person(person, change.write_id)
        self._add_records(change)

    def _add_records(self, change: Change) -> None:
        """What is written beside the things that have versions."""
        for sid in change.sids:
            owner = SidItem(f"sid#{sid.sid}", "sid", dispatch=sid.dispatch_id)
            self._put(f"sid:{sid.sid}", owner, SidItem.pk.does_not_exist())
        for reference in change.references:
            self._put(reference_name(reference), reference_item(reference), None)
        for line in change.lines:
            from .line_items import (  # noqa: PLC0415 - only calls that carry nothing write these
                line_item,
                still_last,
            )

            self._put(f"line:{line.line}", line_item(line), still_last(line))
        for likeness in change.likenesses:
            from .likeness_items import (  # noqa: PLC0415 - only the poll writes these
                likeness_item,
                likeness_name,
            )

            self._put(likeness_name(likeness), likeness_item(likeness), None)
        for counter in change.counters:
            self._count(counter)

    def _put(self, name: str, item: Model, condition: Any) -> None:  # noqa: ANN401 - PynamoDB's
        self._puts.append(name)
        self._write.save(item, condition=condition)

    def _versioned(self, kind: str, key: str, item: Model, version: int) -> None:
        """Version 1 must not exist; version n replaces n - 1 and leaves unknown attributes be."""
        attributes = type(item).get_attributes()
        if version == 1:
            self._put(f"{kind}:{key}", item, attributes["pk"].does_not_exist())
            return
        counted = attributes["version"] if "version" in attributes else attributes["head_seq"]
        self._updates.append(f"{kind}:{key}")
        self._write.update(item, actions=assignments(item), condition=counted == version - 1)

    def _person(self, person: PersonWrite, write_id: str) -> None:
        approver = replace(person.approver, head=person.entry.head, write_id=write_id)
        item, name = approver_item(approver), f"person:{approver.id}"
        if approver.version == 1:
            self._put(name, item, ApproverItem.pk.does_not_exist())
            return
        condition = follows(approver) & ApproverItem.forgotten_at.does_not_exist()
        if approver.forgotten_at:
            # The whole item: what a newer version keeps in it of a person goes as well.
            self._put(name, item, condition)
            return
        self._updates.append(name)
        self._write.update(item, actions=assignments(item), condition=condition)

    def _count(self, counter: Counter) -> None:
        self._updates.append(f"counter:{counter.key}")
        item = CounterItem(f"throttle#{counter.key}", "counter")
        most = counter.limit - counter.amount
        room = CounterItem.used.does_not_exist() | (CounterItem.used <= most)
        self._write.update(
            item,
            actions=[
                CounterItem.used.add(-counter.amount if counter.back else counter.amount),
                CounterItem.expires_at.set(epoch(counter.expires_at)),
            ],
            condition=None if counter.back else room,
        )


def follows(approver: Approver) -> Any:  # noqa: ANN401 - PynamoDB's
    """The condition that what is stored is the version before this one.

    Rows written before versions were kept have none, and count as version 1.
    """
    before = approver.version - 1
    stored = ApproverItem.version == before
    if before > 1:
        return stored
    return stored | (ApproverItem.version.does_not_exist() & ApproverItem.pk.exists())


def assignments(item: Model) -> list[Any]:
    """Every attribute of an item but its keys; those that are None are removed."""
    actions: list[Any] = []
    for name, attribute in type(item).get_attributes().items():
        if attribute.is_hash_key or attribute.is_range_key:
            continue
        value = getattr(item, name)
        actions.append(attribute.remove() if value is None else attribute.set(value))
    return actions


@contextmanager
def translated() -> Iterator[None]:
    """Everything PynamoDB raises, as an error of ours."""
    try:
        yield
    except PynamoDBException as error:
        raise _error_of(error) from error
    except AttributeDeserializationError as error:
        raise StoreError(f"an item is not as it was written: {error}") from error


def _error_of(error: PynamoDBException, names: Sequence[str] = ()) -> StoreError:
    """`names` are those of a transaction's operations, in its order."""
    # Not `cause_response_code`, which looks into the answer even where there was none.
    answer = getattr(error.cause, "response", None) or {}
    code = str(answer.get("Error", {}).get("Code") or type(error.cause or error).__name__)
    codes = [code]
    if isinstance(error, TransactWriteError) and error.cancellation_reasons:
        codes = [reason.code if reason else "" for reason in error.cancellation_reasons]
    others = set(codes) - {"", *_CONDITION}
    if others & _REFUSED:
        return _refusal(error)
    if others & _HOPELESS:
        return StoreError(f"not a request DynamoDB takes: {', '.join(sorted(others))}")
    if others or not _CONDITION.intersection(codes):
        return StoreUnavailable(f"DynamoDB: {', '.join(sorted(others)) or code}")
    failed = tuple(name for name, said in zip(names, codes, strict=False) if said in _CONDITION)
    return StoreConflict(f"refused: {', '.join(failed) or 'condition'}", failed)


def _refusal(error: PynamoDBException) -> StoreRefused:
    """One line that names the action and where it was asked for; never who asked."""
    asked = _ASKED.search(error.cause_response_message or "")
    action, resource = (asked[1], asked[2] or "") if asked else ("", "")
    place = f" on {resource.rpartition(':')[2]}" if resource else ""
    said = f"AWS does not allow {action or 'this'}{place}"
    return StoreRefused(said, action=action, resource=resource)
