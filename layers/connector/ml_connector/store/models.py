"""The items of every table, as DynamoDB holds them.

Instants are text of one width (`domain.instants`), money is its canonical text, lists of ids are
JSON: an item can be read in the console. Attributes are only ever added, with a default, so that
the version before and the version after can work on the same items while a deployment rolls.
"""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.indexes import (
    AllProjection,
    GlobalSecondaryIndex,
    IncludeProjection,
    LocalSecondaryIndex,
)
from pynamodb.models import Model

from .damaged import BearsDamage

#: The one value of the sparse index's hash key. One partition carries a thousand writes a second,
#: which is far above what a company's approvers can be sent.
DUE_SHARD = "due"
#: The same for cases, in the same index: looked at by themselves, for fewer are.
CASE_SHARD = "case"
#: The same for settled dispatches whose text is to be blanked: they crowd out nobody.
BLANK_SHARD = "blank"

#: In the partition of a case: the key of the case, and what those of its alerts begin with.
CASE_KEY = "case"
ALERT_KEYS = "alert#"


class _Unbound:
    """Table names come from the environment; see `connection.bind`."""

    table_name = "unbound"
    region = "us-east-1"


# --------------------------------------------------------------------------- table: alerts
class DueIndex(GlobalSecondaryIndex["DispatchItem"]):  # type: ignore[no-untyped-call]
    """Unsettled dispatches, and cases with a plan, by when they are looked at. Sparse; may lag.

    It says whose they are, so that each company and person has a turn before anything is read.
    """

    class Meta:
        index_name = "due"
        projection = IncludeProjection(["company", "recipient"])

    due_shard = UnicodeAttribute(hash_key=True)
    look_at = NumberAttribute(range_key=True)


class DispatchItem(BearsDamage):
    """`dispatch#<id>` / `dispatch`."""

    class Meta(_Unbound):
        pass

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    due_index = DueIndex()
    due_shard = UnicodeAttribute(null=True)
    look_at = NumberAttribute(null=True)

    id = UnicodeAttribute()
    company = UnicodeAttribute()
    channel = UnicodeAttribute()
    recipient = UnicodeAttribute()
    members: JSONAttribute = JSONAttribute()
    text = UnicodeAttribute()
    reference = UnicodeAttribute()
    validity_seconds = NumberAttribute()
    created_at = UnicodeAttribute()
    due_at = UnicodeAttribute()
    look_text = UnicodeAttribute(null=True)
    state = UnicodeAttribute()
    sequence = NumberAttribute()
    attempt = NumberAttribute()
    replaces = UnicodeAttribute(null=True)
    rings = NumberAttribute()
    returns = NumberAttribute()
    to = UnicodeAttribute(null=True)
    claim_token = UnicodeAttribute(null=True)
    claimed_at = UnicodeAttribute(null=True)
    sid = UnicodeAttribute(null=True)
    sent_at = UnicodeAttribute(null=True)
    provider_status = UnicodeAttribute(null=True)
    error_code = NumberAttribute(null=True)
    empty_lists = NumberAttribute()
    last_empty_at = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    version = NumberAttribute()
    write_id = UnicodeAttribute()
    confirm = BooleanAttribute(null=True)
    language = UnicodeAttribute(null=True)
    call_sid = UnicodeAttribute(null=True)
    segments = NumberAttribute(null=True)
    duration = NumberAttribute(null=True)
    price = UnicodeAttribute(null=True)
    price_unit = UnicodeAttribute(null=True)
    blank_at = UnicodeAttribute(null=True)
    blanked_at = UnicodeAttribute(null=True)
    sender = UnicodeAttribute(null=True)


class CaseItem(BearsDamage):
    """`case#<id>` / `case`."""

    class Meta(_Unbound):
        pass

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    id = UnicodeAttribute()
    company = UnicodeAttribute()
    document = UnicodeAttribute()
    kind = UnicodeAttribute()
    round = NumberAttribute()
    state = UnicodeAttribute()
    opened_at = UnicodeAttribute()
    expires_at_text = UnicodeAttribute()
    rule = UnicodeAttribute()
    flow_version = NumberAttribute()
    ended_at = UnicodeAttribute(null=True)
    end_reason = UnicodeAttribute(null=True)
    head_seq = NumberAttribute()
    head_digest = UnicodeAttribute()
    write_id = UnicodeAttribute()
    due_shard = UnicodeAttribute(null=True)
    look_at = NumberAttribute(null=True)
    look_text = UnicodeAttribute(null=True)
    plan: JSONAttribute = JSONAttribute(null=True)
    position = NumberAttribute(null=True)
    agenda: JSONAttribute = JSONAttribute(null=True)
    repeats: JSONAttribute = JSONAttribute(null=True)
    asked_at = UnicodeAttribute(null=True)
    company_name = UnicodeAttribute(null=True)
    zone = UnicodeAttribute(null=True)
    reply_confirms = BooleanAttribute(null=True)
    snooze = NumberAttribute(null=True)
    replies = BooleanAttribute(null=True)
    listed: JSONAttribute = JSONAttribute(null=True)


class AlertItem(Model):
    """`case#<case id>` / `alert#<id>`."""

    class Meta(_Unbound):
        pass

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    id = UnicodeAttribute()
    case_id = UnicodeAttribute()
    company = UnicodeAttribute()
    step = NumberAttribute()
    occurrence = NumberAttribute()
    recipient = UnicodeAttribute()
    channel = UnicodeAttribute()
    created_at = UnicodeAttribute()
    dispatch = UnicodeAttribute(null=True)
    stop_reason = UnicodeAttribute(null=True)
    version = NumberAttribute()
    write_id = UnicodeAttribute()
    passed_on = BooleanAttribute(null=True)


class CaseRow(Model):
    """Whatever is in a case's partition, the case and its alerts, in one request instead of two."""

    class Meta(_Unbound):
        pass

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)

    @classmethod
    def from_raw_data(cls, data: dict[str, Any]) -> Model:  # type: ignore[override]
        """A row as the kind of item that its key says it is; one of a newer version as nothing."""
        key = data["sk"]["S"]
        if key == CASE_KEY:
            return CaseItem.from_raw_data(data)
        if key.startswith(ALERT_KEYS):
            return AlertItem.from_raw_data(data)
        return super().from_raw_data(data)


class SidItem(Model):
    """`sid#<provider id>` / `sid`: exists once, so one provider id is adopted once."""

    class Meta(_Unbound):
        pass

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    dispatch = UnicodeAttribute()


class ReferenceItem(Model):
    """`recipient#<approver id>` / `sent#<instant>#<dispatch id>`: removed by TTL after a month."""

    class Meta(_Unbound):
        pass

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    reference = UnicodeAttribute()
    dispatch = UnicodeAttribute()
    at = UnicodeAttribute()
    expires_at = NumberAttribute()


class LineItem(Model):
    """`line#<hash of a number>` / `last`: the last call to it that carries nothing; for a month."""

    class Meta(_Unbound):
        pass

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    dispatch = UnicodeAttribute()
    claim = UnicodeAttribute()
    expires_at = NumberAttribute()


class InboxItem(Model):
    """`inbox` / `mark`: where reading replies stands."""

    class Meta(_Unbound):
        pass

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    read_until = UnicodeAttribute()
    looked_at = UnicodeAttribute()
    awaited_at = UnicodeAttribute(null=True)


class WatchedItem(Model):
    """`watched#<company>` / `mark`: the company was read whole, last on that UTC day."""

    class Meta(_Unbound):
        pass

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    day = UnicodeAttribute()


class CounterItem(Model):
    """`throttle#…` / `counter`: removed by TTL after its window."""

    class Meta(_Unbound):
        pass

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    used = NumberAttribute()
    expires_at = NumberAttribute()


class PauseItem(Model):
    """`pause#<company>` / `pause`: the company's sends stand still until then.

    `pause#<company>` / `<channel>`: those over that channel do. `restore` / `pause`: everything
    does, while tables are put back.
    """

    class Meta(_Unbound):
        pass

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    until = UnicodeAttribute()
    reason = UnicodeAttribute()
    since = UnicodeAttribute(null=True)
    wary_until = UnicodeAttribute(null=True)
    probe = UnicodeAttribute(null=True)


class RootMarkItem(Model):
    """`roots` / `mark`: how far writing down the heads of all audit chains has come today."""

    class Meta(_Unbound):
        pass

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    day = UnicodeAttribute()
    version = NumberAttribute()
    cursor = UnicodeAttribute(null=True)
    parts: JSONAttribute = JSONAttribute()
    done = BooleanAttribute()


# ------------------------------------------------------------------------ table: documents
class OpenIndex(LocalSecondaryIndex["DocumentItem"]):  # type: ignore[no-untyped-call]
    """Documents there may be more to say about. Sparse, and read consistently.

    Its key says why: an instant is a bill somebody still has to approve, `cleared#<day>` a payment
    that cleared, `gone#<instant>` a purchase order's bill that vanished.
    """

    class Meta:
        index_name = "open"
        projection = AllProjection()

    pk = UnicodeAttribute(hash_key=True)
    open_since = UnicodeAttribute(range_key=True)


class DocumentItem(BearsDamage):
    """`company#<key>` / `bill#<record number>` or `payment#<record number>`."""

    class Meta(_Unbound):
        pass

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    open_index = OpenIndex()
    open_since = UnicodeAttribute(null=True)
    company = UnicodeAttribute()
    record_no = UnicodeAttribute()
    number = UnicodeAttribute()
    vendor_id = UnicodeAttribute()
    vendor_name = UnicodeAttribute()
    amount = UnicodeAttribute()
    currency = UnicodeAttribute()
    state = UnicodeAttribute()
    due = UnicodeAttribute(null=True)
    modified = UnicodeAttribute(null=True)
    first_seen = UnicodeAttribute()
    round = NumberAttribute()
    level = NumberAttribute()
    deleted = BooleanAttribute()
    generation = NumberAttribute(null=True)
    module = UnicodeAttribute(null=True)
    overdue_on = UnicodeAttribute(null=True)
    reminded_on = UnicodeAttribute(null=True)
    gone_at = UnicodeAttribute(null=True)
    phase = UnicodeAttribute(null=True)
    cleared_on = UnicodeAttribute(null=True)
    entity = UnicodeAttribute(null=True)
    description = UnicodeAttribute(null=True)
    lines: JSONAttribute = JSONAttribute(null=True)
    digest = UnicodeAttribute(null=True)
    url = UnicodeAttribute(null=True)
    absent_since = UnicodeAttribute(null=True)
    said_gone = BooleanAttribute(null=True)
    open_cases: JSONAttribute = JSONAttribute()
    head_seq = NumberAttribute()
    head_digest = UnicodeAttribute()
    write_id = UnicodeAttribute()


class CompanyItem(Model):
    """`company#<key>` / `state`."""

    class Meta(_Unbound):
        pass

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    company = UnicodeAttribute()
    fence = NumberAttribute()
    lease_until = UnicodeAttribute(null=True)
    watermark = UnicodeAttribute(null=True)
    baseline_done = BooleanAttribute()
    poll_started_at = UnicodeAttribute(null=True)
    poll_succeeded_at = UnicodeAttribute(null=True)
    last_error = UnicodeAttribute(null=True)
    payments_watermark = UnicodeAttribute(null=True)
    payments_baseline_done = BooleanAttribute(null=True)
    payments_swept_at = UnicodeAttribute(null=True)
    lines_failing_since = UnicodeAttribute(null=True)
    reconciled_at = UnicodeAttribute(null=True)
    reconciled_upto = UnicodeAttribute(null=True)
    lists: JSONAttribute = JSONAttribute(null=True)
    utc_offset = NumberAttribute(null=True)
    gaps: JSONAttribute = JSONAttribute(null=True)


class LikenessItem(Model):
    """`alike#<company>` / `like|<mark>#<first seen>#<document id>`: a bill by what it may share.

    Written with the document it names and never changed; kept as documents are.
    """

    class Meta(_Unbound):
        pass

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    document = UnicodeAttribute()


# ---------------------------------------------------------------------------- table: audit
class AuditItem(BearsDamage):
    """One link of a chain. Written once, with `attribute_not_exists`; never changed."""

    class Meta(_Unbound):
        pass

    chain = UnicodeAttribute(hash_key=True)
    seq = NumberAttribute(range_key=True)
    at = UnicodeAttribute()
    kind = UnicodeAttribute()
    data = UnicodeAttribute()
    before = UnicodeAttribute()
    digest = UnicodeAttribute()


# ---------------------------------------------------------------- tables: flows, approvers
class FlowItem(Model):
    """`flow` / `version#<number>`: immutable; `flow` / `pointer`: the version in force.

    The pointer says as well who moved it last, when and why, and holds the head of the audit chain
    `flow`.
    """

    class Meta(_Unbound):
        pass

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    version = NumberAttribute()
    body = UnicodeAttribute(null=True)
    digest = UnicodeAttribute(null=True)
    published_at = UnicodeAttribute(null=True)
    published_by = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    head_seq = NumberAttribute(null=True)
    head_digest = UnicodeAttribute(null=True)


class ApproverItem(BearsDamage):
    """`<approver id>`."""

    class Meta(_Unbound):
        pass

    pk = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute()
    phone = UnicodeAttribute(null=True)
    salt = UnicodeAttribute()
    active = BooleanAttribute()
    opted_out = BooleanAttribute()
    user = UnicodeAttribute(null=True)
    cost_centres: JSONAttribute = JSONAttribute(null=True)
    channels: JSONAttribute = JSONAttribute(null=True)
    language = UnicodeAttribute(null=True)
    zone = UnicodeAttribute(null=True)
    manager = UnicodeAttribute(null=True)
    substitute = UnicodeAttribute(null=True)
    away_from = UnicodeAttribute(null=True)
    away_until = UnicodeAttribute(null=True)
    verified_at = UnicodeAttribute(null=True)
    line_type = UnicodeAttribute(null=True)
    consent_on = UnicodeAttribute(null=True)
    consent_source = UnicodeAttribute(null=True)
    calls_when_opted_out = BooleanAttribute(null=True)
    opted_out_by = UnicodeAttribute(null=True)
    welcomed_for = UnicodeAttribute(null=True)
    quiet_hours = UnicodeAttribute(null=True)
    working_days: JSONAttribute = JSONAttribute(null=True)
    holidays: JSONAttribute = JSONAttribute(null=True)
    forgotten_at = UnicodeAttribute(null=True)
    holidays_as = UnicodeAttribute(null=True)
    head_seq = NumberAttribute(null=True)
    head_digest = UnicodeAttribute(null=True)
    version = NumberAttribute(null=True)
    write_id = UnicodeAttribute(null=True)


# ------------------------------------------------------------------------- table: sessions
class SessionItem(Model):
    """`<sender>/<company>/<user>/<entity>`: the gateway session, shared by all functions.

    `session` and `hold` are JSON; what conditions look at stands beside them.
    """

    class Meta(_Unbound):
        pass

    pk = UnicodeAttribute(hash_key=True)
    session = UnicodeAttribute(null=True)
    session_id = UnicodeAttribute(null=True)
    hold = UnicodeAttribute(null=True)
    lock_owner = UnicodeAttribute(null=True)
    lock_until = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(null=True)


class CacheItem(Model):
    """`cache#<key>` in the sessions table: what may be asked of Intacct again at any time."""

    class Meta(_Unbound):
        pass

    pk = UnicodeAttribute(hash_key=True)
    body = UnicodeAttribute()
    expires_at = NumberAttribute()


AnyModel = type[Model]
ModelTables = dict[AnyModel, str]
Attributes = dict[str, Any]
