"""One contract for the stores: the fakes in memory and the adapters, on two kinds of DynamoDB."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import boto3
import pytest
from moto import mock_aws

from ml_connector.domain.approvers import Approver, forgotten
from ml_connector.domain.audit import ChainHead, Json, check, entry_after
from ml_connector.domain.cases import CaseState, StopReason
from ml_connector.domain.dispatches import DispatchState
from ml_connector.domain.documents import CompanyState
from ml_connector.domain.money import Money
from ml_connector.domain.payments import PaymentPhase
from ml_connector.domain.unit_of_work import Change, Counter, Fence, PersonWrite, SidRecord
from ml_connector.errors import StoreConflict, StoreError, StoreUnavailable
from ml_connector.store.alerts import DynamoAlertStore
from ml_connector.store.approvers import DynamoApproverStore
from ml_connector.store.audit import DynamoAuditTrail
from ml_connector.store.connection import SharedConnection
from ml_connector.store.documents import DynamoDocumentStore
from ml_connector.usecases.commit import commit
from sandbox.aws.local import LocalAws
from tests.support import samples
from tests.support.clock import START, HandClock
from tests.support.memory_store import (
    MemoryAlertStore,
    MemoryApproverStore,
    MemoryAuditTrail,
    MemoryDocumentStore,
    Tables,
)
from tests.support.tables import bind_models, connect, create_tables, empty_tables

Alerts = MemoryAlertStore | DynamoAlertStore
Documents = MemoryDocumentStore | DynamoDocumentStore
Approvers = MemoryApproverStore | DynamoApproverStore
Audit = MemoryAuditTrail | DynamoAuditTrail


@dataclass
class Stores:
    alerts: Alerts
    documents: Documents
    approvers: Approvers
    audit: Audit


@dataclass
class Backend:
    """What one kind of store needs for as long as the module runs."""

    connection: SharedConnection | None = None

    def fresh(self) -> Stores:
        if self.connection is None:
            tables = Tables()
            return Stores(
                MemoryAlertStore(tables),
                MemoryDocumentStore(tables),
                MemoryApproverStore(tables),
                MemoryAuditTrail(tables),
            )
        bind_models(self.connection)
        empty_tables(self.connection.client)
        return Stores(
            DynamoAlertStore(self.connection),
            DynamoDocumentStore(),
            DynamoApproverStore(),
            DynamoAuditTrail(),
        )


@pytest.fixture(scope="module", params=["memory", "moto", "local AWS"])
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    if request.param == "memory":
        yield Backend()
        return
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        if request.param == "moto":
            environment = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
            environment["AWS_DEFAULT_REGION"] = "us-east-1"
        else:
            environment = stack.enter_context(LocalAws()).environment()
        for name, value in environment.items():
            if name.startswith("AWS_"):
                patch.setenv(name, value)
        if request.param == "moto":
            stack.enter_context(mock_aws())
        client = boto3.client("dynamodb")
        stack.callback(client.close)
        create_tables(client)
        connection = connect(environment)
        stack.callback(connection.client.close)
        yield Backend(connection)


@pytest.fixture
def stores(backend: Backend) -> Stores:
    return backend.fresh()


@pytest.fixture
def alerts(stores: Stores) -> Alerts:
    return stores.alerts


def change(**parts: object) -> Change:
    return Change(write_id=str(uuid.uuid4()), **parts)  # type: ignore[arg-type]


def opened(alerts: Alerts) -> None:
    """A case with an alert and a dispatch."""
    alerts.commit(
        change(
            cases=(samples.written(samples.case()),),
            alerts=(samples.alert(dispatch="d1"),),
            dispatches=(samples.dispatch(),),
        )
    )


# ------------------------------------------------------------------------------- reading back
def test_what_was_never_written_is_not_there(alerts: Alerts) -> None:
    assert alerts.dispatch("d1") is None
    assert alerts.dispatches(["d1", "d2"]) == []
    assert alerts.dispatches([]) == []
    assert alerts.case_file("c1") is None
    assert alerts.sid_owner("SM1") is None
    assert alerts.paused_until("acme") is None
    assert alerts.look_due(START, 10) == []


def test_a_dispatch_comes_back_as_it_was_written(alerts: Alerts) -> None:
    first = change(dispatches=(samples.dispatch(),))
    alerts.commit(first)
    assert alerts.dispatch("d1") == samples.dispatch(write_id=first.write_id)
    second = change(dispatches=(samples.told_dispatch(version=2),))
    alerts.commit(second)
    assert alerts.dispatch("d1") == samples.told_dispatch(version=2, write_id=second.write_id)


def test_what_a_dispatch_no_longer_has_is_gone(alerts: Alerts) -> None:
    alerts.commit(change(dispatches=(samples.told_dispatch(),)))
    again = change(dispatches=(samples.dispatch(version=2, look_at=None),))
    alerts.commit(again)
    bare = samples.dispatch(version=2, look_at=None, write_id=again.write_id)
    assert alerts.dispatch("d1") == bare


def test_a_case_comes_back_with_its_alerts_in_order(alerts: Alerts) -> None:
    rows = (
        samples.alert("a9", step=1),
        samples.alert("a1", step=2, stop_reason=StopReason.NO_CHANNEL),
        samples.alert("a2", step=1, occurrence=2),
    )
    write = samples.written(samples.case())
    one = change(cases=(write,), alerts=rows)
    alerts.commit(one)
    file = alerts.case_file("c1")
    assert file
    assert file.case == samples.case(head=write.entry.head, write_id=one.write_id)
    assert [a.id for a in file.alerts] == ["a9", "a2", "a1"]
    assert file.alert("a1") == replace(rows[1], write_id=one.write_id)


def test_an_ended_case_comes_back_ended(alerts: Alerts) -> None:
    opened(alerts)
    file = alerts.case_file("c1")
    assert file
    over = file.case.ended(CaseState.HANDLED, "bill.approved", START)
    alerts.commit(change(cases=(samples.written(over, "case.handled"),)))
    file = alerts.case_file("c1")
    assert file
    assert (file.case.state, file.case.end_reason) == (CaseState.HANDLED, "bill.approved")
    assert file.case.ended_at == START
    assert file.case.head.seq == 2


def test_many_dispatches_are_read_at_once_each_once(alerts: Alerts) -> None:
    names = [f"d{place:03d}" for place in range(130)]
    for start in range(0, len(names), 65):
        part = tuple(samples.dispatch(name) for name in names[start : start + 65])
        alerts.commit(change(dispatches=part))
    found = alerts.dispatches([*names, *names[:5], "unknown"])
    assert sorted(dispatch.id for dispatch in found) == names


def test_the_audit_trail_comes_back_whole_and_verifies(stores: Stores) -> None:
    opened(stores.alerts)
    file = stores.alerts.case_file("c1")
    assert file
    data: dict[str, Json] = {
        "text": "ä ” \n",
        "number": 7,
        "nothing": None,
        "list": [1, {"a": True}],
    }
    write = samples.written(file.case, "dispatch.claimed", **data)
    stores.alerts.commit(change(cases=(write,)))
    entries = list(stores.audit.chain("case#c1"))
    assert [entry.kind for entry in entries] == ["case.opened", "dispatch.claimed"]
    assert entries[1] == write.entry
    assert check(entries, write.entry.head) is None


# -------------------------------------------------------------------------------- conditions
def test_a_new_item_must_not_exist(alerts: Alerts) -> None:
    opened(alerts)
    for part, name in (
        ({"dispatches": (samples.dispatch(),)}, "dispatch:d1"),
        ({"alerts": (samples.alert(),)}, "alert:a1"),
    ):
        with pytest.raises(StoreConflict) as refused:
            alerts.commit(change(**part))
        assert refused.value.failed == (name,)


@pytest.mark.parametrize("version", [3, 4])
def test_a_version_only_follows_the_one_before(alerts: Alerts, version: int) -> None:
    opened(alerts)
    with pytest.raises(StoreConflict) as refused:
        alerts.commit(change(dispatches=(samples.dispatch(version=version),)))
    assert refused.value.failed == ("dispatch:d1",)


def test_a_version_that_was_overtaken_is_refused(alerts: Alerts) -> None:
    opened(alerts)
    alerts.commit(change(dispatches=(samples.dispatch(version=2, rings=1),)))
    with pytest.raises(StoreConflict):
        alerts.commit(change(dispatches=(samples.dispatch(version=2, rings=9),)))
    stored = alerts.dispatch("d1")
    assert stored
    assert stored.rings == 1


def test_something_that_does_not_exist_has_no_second_version(alerts: Alerts) -> None:
    with pytest.raises(StoreConflict):
        alerts.commit(change(dispatches=(samples.dispatch(version=2),)))
    assert alerts.dispatch("d1") is None


def test_two_entries_never_take_the_same_place_in_a_chain(stores: Stores) -> None:
    opened(stores.alerts)
    with pytest.raises(StoreConflict) as refused:
        stores.alerts.commit(change(cases=(samples.written(samples.case(), "another"),)))
    assert refused.value.failed == ("audit:case#c1", "case:c1")
    assert [entry.kind for entry in stores.audit.chain("case#c1")] == ["case.opened"]


def test_a_case_changed_by_somebody_else_is_refused(alerts: Alerts) -> None:
    opened(alerts)
    file = alerts.case_file("c1")
    assert file
    alerts.commit(change(cases=(samples.written(file.case, "one"),)))
    with pytest.raises(StoreConflict) as refused:
        alerts.commit(change(cases=(samples.written(file.case, "other"),)))
    assert refused.value.failed == ("audit:case#c1", "case:c1")


def test_all_of_a_change_is_written_or_nothing(stores: Stores) -> None:
    opened(stores.alerts)
    with pytest.raises(StoreConflict) as refused:
        stores.alerts.commit(
            change(
                cases=(samples.written(samples.case("c2")),),
                alerts=(samples.alert("a2", "c2"),),
                dispatches=(samples.dispatch("d2"), samples.dispatch("d1", version=9)),
                sids=(SidRecord("SM2", "d2"),),
                counters=(Counter("sms#ann#900#0", 5, START),),
            )
        )
    assert refused.value.failed == ("dispatch:d1",)
    assert stores.alerts.dispatch("d2") is None
    assert stores.alerts.case_file("c2") is None
    assert stores.alerts.sid_owner("SM2") is None
    assert list(stores.audit.chain("case#c2")) == []


def test_a_providers_id_belongs_to_one_dispatch_for_ever(alerts: Alerts) -> None:
    alerts.commit(change(sids=(SidRecord("SM1", "d1"),)))
    assert alerts.sid_owner("SM1") == "d1"
    with pytest.raises(StoreConflict) as refused:
        alerts.commit(change(sids=(SidRecord("SM1", "d2"),)))
    assert refused.value.failed == ("sid:SM1",)
    assert alerts.sid_owner("SM1") == "d1"


def test_a_counter_counts_up_to_its_limit(alerts: Alerts) -> None:
    counter = Counter("sms#ann#900#0", 2, START + timedelta(days=1))
    alerts.commit(change(counters=(counter,)))
    alerts.commit(change(counters=(counter,)))
    with pytest.raises(StoreConflict) as refused:
        alerts.commit(change(counters=(counter,)))
    assert refused.value.failed == ("counter:sms#ann#900#0",)
    alerts.commit(change(counters=(replace(counter, key="sms#ann#900#900"),)))


def test_a_counter_takes_several_at_once_and_never_passes_its_limit(alerts: Alerts) -> None:
    two = Counter("cap#acme#2026-11-23", 5, START + timedelta(days=1), amount=2)
    alerts.commit(change(counters=(two,)))
    alerts.commit(change(counters=(two,)))
    with pytest.raises(StoreConflict):
        alerts.commit(change(counters=(two,)))
    alerts.commit(change(counters=(replace(two, amount=1),)))
    with pytest.raises(StoreConflict):
        alerts.commit(change(counters=(replace(two, amount=1),)))
    alerts.commit(change(counters=(replace(two, back=True),)))
    alerts.commit(change(counters=(two,)))


def test_what_was_counted_and_not_sent_is_given_back(alerts: Alerts) -> None:
    counter = Counter("sms#ann#900#0", 1, START + timedelta(days=1))
    alerts.commit(change(counters=(counter,)))
    alerts.commit(change(counters=(replace(counter, back=True),)))
    alerts.commit(change(counters=(counter,)))
    with pytest.raises(StoreConflict):
        alerts.commit(change(counters=(counter,)))


def test_everything_that_is_refused_is_named(alerts: Alerts) -> None:
    opened(alerts)
    full = Counter("sms#ann#900#0", 1, START)
    alerts.commit(change(counters=(full,), sids=(SidRecord("SM1", "d1"),)))
    with pytest.raises(StoreConflict) as refused:
        alerts.commit(
            change(
                fence=Fence("acme", 1),
                cases=(samples.written(samples.case()),),
                alerts=(samples.alert("a7"), samples.alert(version=5)),
                dispatches=(samples.dispatch(version=7),),
                sids=(SidRecord("SM1", "d9"),),
                counters=(full,),
            )
        )
    assert refused.value.failed == (
        "fence:acme",
        "audit:case#c1",
        "case:c1",
        "sid:SM1",
        "dispatch:d1",
        "alert:a1",
        "counter:sms#ann#900#0",
    )


def test_a_change_written_again_counts_once(stores: Stores) -> None:
    one = change(
        cases=(samples.written(samples.case()),),
        dispatches=(samples.dispatch(),),
        counters=(Counter("sms#ann#900#0", 2, START),),
    )

    def stored_write_id() -> str | None:
        stored = stores.alerts.dispatch("d1")
        return stored.write_id if stored else None

    clock = HandClock()
    for _ in range(2):
        commit(
            stores.alerts,
            one,
            stored_write_id=stored_write_id,
            clock=clock,
            until=clock.now(),
            sleep=clock.sleep,
        )
    assert len(list(stores.audit.chain("case#c1"))) == 1
    stores.alerts.commit(change(counters=one.counters))


def test_a_change_that_was_refused_is_judged_anew_when_it_is_written_again(
    alerts: Alerts,
) -> None:
    late = change(dispatches=(samples.dispatch(version=2),))
    with pytest.raises(StoreConflict):
        alerts.commit(late)
    alerts.commit(change(dispatches=(samples.dispatch(),)))
    alerts.commit(late)
    stored = alerts.dispatch("d1")
    assert stored
    assert stored.version == 2


def test_a_change_with_more_parts_than_a_transaction_holds_is_refused_whole(
    alerts: Alerts,
) -> None:
    many = tuple(samples.dispatch(f"d{place}") for place in range(101))
    with pytest.raises(StoreError) as refused:
        alerts.commit(change(dispatches=many))
    assert not isinstance(refused.value, StoreConflict | StoreUnavailable)
    assert alerts.dispatch("d0") is None


def test_a_change_that_names_one_item_twice_is_refused_and_not_tried_again(
    alerts: Alerts,
) -> None:
    with pytest.raises(StoreError) as refused:
        alerts.commit(change(dispatches=(samples.dispatch(), samples.dispatch(rings=1))))
    assert not isinstance(refused.value, StoreConflict | StoreUnavailable)
    assert alerts.dispatch("d1") is None


# ------------------------------------------------------------------------------ what is due
def test_what_is_due_comes_oldest_first_and_no_more_than_asked_for(alerts: Alerts) -> None:
    for name, wait in (("late", 30), ("early", 10), ("middle", 20), ("later", 40)):
        look_at = START + timedelta(seconds=wait)
        alerts.commit(change(dispatches=(samples.dispatch(name, look_at=look_at),)))
    assert alerts.look_due(START + timedelta(seconds=30), 10) == ["early", "middle", "late"]
    assert alerts.look_due(START + timedelta(seconds=40), 2) == ["early", "middle"]
    assert alerts.look_due(START, 10) == []


def test_what_is_to_be_blanked_comes_oldest_first_and_apart_from_what_is_looked_at(
    alerts: Alerts,
) -> None:
    rested = {"state": DispatchState.DELIVERED, "look_at": None}
    for name, wait in (("late", 30), ("early", 10), ("middle", 20)):
        at = START + timedelta(seconds=wait)
        alerts.commit(change(dispatches=(samples.dispatch(name, blank_at=at, **rested),)))
    watched = samples.dispatch("watched", blank_at=START, look_at=START)
    alerts.commit(change(dispatches=(watched,)))
    soon = START + timedelta(seconds=25)
    assert alerts.blank_due(soon, 10) == ["early", "middle"]
    assert alerts.blank_due(soon, 1) == ["early"]
    assert alerts.look_due(soon, 10) == ["watched"]
    blanked = samples.dispatch("early", blanked_at=soon, version=2, **rested)
    alerts.commit(change(dispatches=(blanked,)))
    assert alerts.blank_due(soon, 10) == ["middle"]
    stored = alerts.dispatch("early")
    assert stored is not None
    assert (stored.blank_at, stored.blanked_at) == (None, soon)


def test_where_more_is_due_than_asked_for_companies_and_people_take_turns(alerts: Alerts) -> None:
    whose = [*[("acme", "ann")] * 4, ("acme", "bob"), ("beta", "bea")]
    for place, (company, who) in enumerate(whose):
        look_at = START + timedelta(seconds=place)
        one = samples.dispatch(f"d{place}", company=company, recipient=who, look_at=look_at)
        alerts.commit(change(dispatches=(one,)))
    until = START + timedelta(minutes=1)
    assert alerts.look_due(until, 3) == ["d0", "d5", "d4"]
    assert alerts.look_due(until, 6) == ["d0", "d1", "d2", "d3", "d4", "d5"]


def test_of_cases_that_are_due_companies_take_turns(alerts: Alerts) -> None:
    for place, company in enumerate(["acme", "acme", "acme", "beta"]):
        look_at = START + timedelta(seconds=place)
        one = samples.written(samples.case(f"c{place}", company=company, look_at=look_at))
        alerts.commit(change(cases=(one,)))
    until = START + timedelta(minutes=1)
    assert alerts.cases_due(until, 2) == ["c0", "c3"]
    assert alerts.cases_due(until, 4) == ["c0", "c1", "c2", "c3"]


def test_what_moved_on_is_due_later_and_what_rests_never(alerts: Alerts) -> None:
    alerts.commit(change(dispatches=(samples.dispatch("d1"), samples.dispatch("d2"))))
    later = START + timedelta(hours=1)
    alerts.commit(change(dispatches=(samples.dispatch("d1", look_at=later, version=2),)))
    assert alerts.look_due(START + timedelta(minutes=30), 10) == ["d2"]
    assert alerts.look_due(later, 10) == ["d2", "d1"]
    rest = samples.dispatch("d1", look_at=None, version=3, state=DispatchState.DELIVERED)
    alerts.commit(change(dispatches=(rest,)))
    assert alerts.look_due(later, 10) == ["d2"]


def test_a_pause_is_only_ever_made_longer(alerts: Alerts) -> None:
    alerts.pause("acme", START + timedelta(minutes=5), "blocked")
    alerts.pause("acme", START + timedelta(minutes=3), "blocked")
    assert alerts.paused_until("acme") == START + timedelta(minutes=5)
    alerts.pause("acme", START + timedelta(minutes=9), "blocked")
    assert alerts.paused_until("acme") == START + timedelta(minutes=9)
    assert alerts.paused_until("another") is None


# ------------------------------------------------------------------------------- documents
def test_a_document_comes_back_as_it_was_written(stores: Stores) -> None:
    write = samples.seen(samples.document())
    one = change(documents=(write,))
    stores.alerts.commit(one)
    stored = samples.document(head=write.entry.head, write_id=one.write_id)
    assert stores.documents.documents("acme", ["bill#4711", "bill#1"]) == {"bill#4711": stored}
    assert stores.documents.waiting("acme") == [stored]
    assert stores.documents.documents("acme", []) == {}
    assert list(stores.audit.chain("doc#acme#bill#4711")) == [write.entry]


@pytest.mark.parametrize("amount", ["0", "-12.50", "0.1", "123456789012345678.12"])
def test_amounts_keep_every_digit(stores: Stores, amount: str) -> None:
    money = Money(Decimal(amount), "EUR")
    stores.alerts.commit(change(documents=(samples.seen(samples.document(amount=money)),)))
    (stored,) = stores.documents.waiting("acme")
    assert stored.amount.amount == Decimal(amount)
    assert stored.amount.currency == "EUR"


def test_a_bill_with_nothing_filled_in_is_stored_too(stores: Stores) -> None:
    bare = samples.document(
        number="", vendor_id="", vendor_name="", due=None, modified=None, open_cases=()
    )
    stores.alerts.commit(change(documents=(samples.seen(bare),)))
    (stored,) = stores.documents.waiting("acme")
    assert replace(stored, head=ChainHead(), write_id="") == bare


def test_only_documents_that_wait_are_waiting_the_oldest_first(stores: Stores) -> None:
    young = samples.document("bill#1", open_since=START + timedelta(days=1))
    old = samples.document("bill#2")
    closed = samples.document("bill#3", open_since=None)
    strange = samples.document("bill#4", company="other")
    for document in (young, old, closed, strange):
        stores.alerts.commit(change(documents=(samples.seen(document),)))
    assert [d.id for d in stores.documents.waiting("acme")] == ["bill#2", "bill#1"]
    assert [d.id for d in stores.documents.waiting("other")] == ["bill#4"]


def test_a_document_that_no_longer_waits_leaves_the_list(stores: Stores) -> None:
    stores.alerts.commit(change(documents=(samples.seen(samples.document()),)))
    (stored,) = stores.documents.waiting("acme")
    stores.alerts.commit(change(documents=(samples.seen(replace(stored, open_since=None)),)))
    assert stores.documents.waiting("acme") == []
    assert stores.documents.documents("acme", ["bill#4711"])["bill#4711"].head.seq == 2


def test_a_document_changed_by_somebody_else_is_refused(stores: Stores) -> None:
    stores.alerts.commit(change(documents=(samples.seen(samples.document()),)))
    (stored,) = stores.documents.waiting("acme")
    stores.alerts.commit(change(documents=(samples.seen(stored, one=1),)))
    with pytest.raises(StoreConflict) as refused:
        stores.alerts.commit(change(documents=(samples.seen(stored, other=1),)))
    assert refused.value.failed == ("audit:doc#acme#bill#4711", "document:bill#4711")


# -------------------------------------------------------------------------------- payments
def test_a_payment_comes_back_as_it_was_written(stores: Stores) -> None:
    write = samples.seen_payment(samples.payment())
    one = change(documents=(write,))
    stores.alerts.commit(one)
    stored = samples.payment(head=write.entry.head, write_id=one.write_id)
    ids = ["payment#12", "payment#13"]
    assert stores.documents.payments("acme", ids) == {"payment#12": stored}
    assert stores.documents.payments("acme", []) == {}
    assert list(stores.audit.chain("doc#acme#payment#12")) == [write.entry]


def test_a_payment_changed_by_somebody_else_is_refused(stores: Stores) -> None:
    stores.alerts.commit(change(documents=(samples.seen_payment(samples.payment()),)))
    (stored,) = stores.documents.payments("acme", ["payment#12"]).values()
    stores.alerts.commit(change(documents=(samples.seen_payment(stored, one=1),)))
    with pytest.raises(StoreConflict) as refused:
        stores.alerts.commit(change(documents=(samples.seen_payment(stored, other=1),)))
    assert refused.value.failed == ("audit:doc#acme#payment#12", "document:payment#12")


def test_what_cleared_is_listed_by_its_day_and_never_among_what_waits(stores: Stores) -> None:
    day = date(2026, 11, 20)
    entries = [
        samples.payment("payment#1", cleared_on=day),
        samples.payment("payment#2", cleared_on=day - timedelta(days=1)),
        samples.payment("payment#3", cleared_on=day + timedelta(days=9)),
        samples.payment("payment#4", phase=PaymentPhase.VOIDED),
        samples.payment("payment#5", company="other"),
        samples.payment("payment#6", cleared_on=None),
    ]
    for entry in entries:
        stores.alerts.commit(change(documents=(samples.seen_payment(entry),)))
    gone = samples.document("bill#9", open_since=None, deleted=True, gone_at=START)
    for document in (samples.document(), gone):
        stores.alerts.commit(change(documents=(samples.seen(document),)))
    listed = [document.id for document in stores.documents.cleared("acme", day)]
    assert listed == ["payment#1", "payment#3"]
    assert [document.id for document in stores.documents.waiting("acme")] == ["bill#4711"]
    assert [document.id for document in stores.documents.vanished("acme", START)] == ["bill#9"]


def test_a_payment_no_longer_cleared_leaves_the_list(stores: Stores) -> None:
    stores.alerts.commit(change(documents=(samples.seen_payment(samples.payment()),)))
    (stored,) = stores.documents.cleared("acme", date(2026, 1, 1))
    open_again = replace(stored, phase=PaymentPhase.OPEN)
    stores.alerts.commit(change(documents=(samples.seen_payment(open_again),)))
    assert stores.documents.cleared("acme", date(2026, 1, 1)) == []


def test_a_vanished_bill_is_listed_from_when_it_vanished(stores: Stores) -> None:
    gone = samples.document(
        open_since=None,
        deleted=True,
        gone_at=START,
        module="9.PO",
        overdue_on=date(2026, 12, 1),
        reminded_on=date(2026, 12, 2),
    )
    stores.alerts.commit(change(documents=(samples.seen(gone),)))
    (stored,) = stores.documents.vanished("acme", START)
    assert replace(stored, head=ChainHead(), write_id="") == gone
    assert stores.documents.vanished("acme", START + timedelta(seconds=1)) == []
    stores.alerts.commit(change(documents=(samples.seen(replace(stored, gone_at=None)),)))
    assert stores.documents.vanished("acme", START) == []


def test_where_payments_stand_is_kept_with_the_company(stores: Stores) -> None:
    lease = stores.documents.lease("acme", START, START + timedelta(minutes=2))
    assert lease
    after = replace(
        lease,
        payments_watermark=START,
        payments_baseline_done=True,
        payments_swept_at=START + timedelta(seconds=1),
    )
    stores.documents.finish(after)
    assert stores.documents.state("acme") == replace(after, lease_until=None)


# ------------------------------------------------------------------------------- the lease
def test_a_company_never_polled_has_an_empty_state(stores: Stores) -> None:
    assert stores.documents.state("acme") == CompanyState("acme")


def test_one_poll_at_a_time_holds_a_company(stores: Stores) -> None:
    soon = START + timedelta(minutes=2)
    first = stores.documents.lease("acme", START, soon)
    assert first == CompanyState("acme", fence=1, lease_until=soon, poll_started_at=START)
    assert stores.documents.lease("acme", START, soon) is None
    assert stores.documents.lease("other", START, soon)


def test_a_lease_given_back_can_be_taken_and_has_a_higher_fence(stores: Stores) -> None:
    first = stores.documents.lease("acme", START, START + timedelta(minutes=2))
    assert first
    stores.documents.finish(replace(first, watermark=START, baseline_done=True))
    state = stores.documents.state("acme")
    assert (state.lease_until, state.watermark, state.baseline_done) == (None, START, True)
    second = stores.documents.lease("acme", START, START + timedelta(minutes=2))
    assert second
    assert second.fence == 2
    assert second.watermark == START


def test_a_lease_that_ran_out_is_taken_over_and_its_old_holder_can_write_nothing(
    stores: Stores,
) -> None:
    later = START + timedelta(minutes=2)
    first = stores.documents.lease("acme", START, later)
    second = stores.documents.lease("acme", later, later + timedelta(minutes=2))
    assert first
    assert second
    with pytest.raises(StoreConflict):
        stores.documents.finish(first)
    with pytest.raises(StoreConflict) as refused:
        stores.alerts.commit(
            change(
                fence=Fence("acme", first.fence),
                documents=(samples.seen(samples.document()),),
            )
        )
    assert refused.value.failed == ("fence:acme",)
    stores.alerts.commit(
        change(fence=Fence("acme", second.fence), documents=(samples.seen(samples.document()),))
    )
    assert len(stores.documents.waiting("acme")) == 1


def test_a_state_comes_back_as_it_was_written(stores: Stores) -> None:
    lease = stores.documents.lease("acme", START, START + timedelta(minutes=2))
    assert lease
    full = replace(
        lease,
        watermark=START + timedelta(microseconds=7),
        baseline_done=True,
        poll_succeeded_at=START,
        last_error="source_unavailable",
    )
    stores.documents.finish(full)
    assert stores.documents.state("acme") == replace(full, lease_until=None)


# ---------------------------------------------------------------------------------- people
def test_people_come_back_as_they_were_written(stores: Stores) -> None:
    ann = Approver("ann", "Ann Approver", "+15550100001", salt="s")
    ben = Approver("ben", "Ben", "", salt="t", active=False, opted_out=True)
    stores.approvers.put(ben)
    stores.approvers.put(ann)
    assert stores.approvers.approver("ann") == ann
    assert stores.approvers.approver("ben") == ben
    assert stores.approvers.approver("nobody") is None
    assert stores.approvers.everybody() == [ann, ben]
    stores.approvers.put(replace(ann, phone=""))
    assert stores.approvers.approver("ann") == replace(ann, phone="")


def told_person() -> Approver:
    """A person with nothing left out."""
    return Approver(
        id="cho",
        name="Cho Controller",
        phone="+15550100003",
        salt="u",
        active=False,
        opted_out=True,
        user="cho.c",
        cost_centres=("300", "310"),
        channels=("voice",),
        language="es",
        zone="America/Chicago",
        manager="ann",
        substitute="ben",
        away_from=date(2026, 12, 24),
        away_until=date(2027, 1, 2),
        verified_at=START + timedelta(microseconds=1),
        line_type="landline",
        consent_on=date(2026, 1, 15),
        consent_source="form 12",
        calls_when_opted_out=True,
        welcomed_for="0123456789abcdef",
        head=ChainHead(3, "a" * 64),
        version=4,
        write_id="w",
    )


def with_entry(person: Approver, kind: str = "person.changed", **data: Json) -> PersonWrite:
    return PersonWrite(person, entry_after(person.head, person.chain, START, kind, data))


def test_everything_known_of_a_person_is_kept(stores: Stores) -> None:
    stores.approvers.put(told_person())
    assert stores.approvers.approver("cho") == told_person()
    bare = replace(told_person(), cost_centres=(), channels=(), zone="", away_until=None)
    stores.approvers.put(bare)
    assert stores.approvers.everybody() == [bare]


def test_nothing_is_written_over_a_person_who_was_forgotten(stores: Stores) -> None:
    stores.approvers.put(told_person())
    before = stores.approvers.approver("cho")
    assert before is not None
    end = with_entry(forgotten(before, START), "person.forgotten")
    stores.alerts.commit(change(people=(end,)))
    left = stores.approvers.approver("cho")
    assert left is not None
    assert (left.name, left.phone, left.salt, left.user) == ("", "", "", "")
    assert (left.forgotten_at, left.head) == (START, end.entry.head)
    again = replace(left, name="Zed New", forgotten_at=None, version=left.version + 1)
    with pytest.raises(StoreConflict):
        stores.alerts.commit(change(people=(with_entry(again),)))
    assert stores.approvers.approver("cho") == left
    assert [entry.kind for entry in stores.audit.chain(left.chain)][-1:] == ["person.forgotten"]


def test_more_people_than_one_page_holds_are_all_listed(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml_connector.store.approvers.PAGE", 2)
    people = [Approver(f"p{n}", "Somebody", "", "s") for n in range(7)]
    for person in people:
        stores.approvers.put(person)
    assert stores.approvers.everybody() == people


def test_a_person_is_saved_only_over_the_version_that_was_read(stores: Stores) -> None:
    first = Approver("ann", "Ann Approver", "+15550100001", salt="s")
    stores.approvers.save(first)
    with pytest.raises(StoreConflict):
        stores.approvers.save(first)
    for version in (2, 3):
        stores.approvers.save(replace(first, name=f"Ann {version}", version=version))
    with pytest.raises(StoreConflict):
        stores.approvers.save(replace(first, version=3))
    with pytest.raises(StoreConflict):
        stores.approvers.save(replace(first, id="nobody", version=2))
    assert stores.approvers.everybody() == [replace(first, name="Ann 3", version=3)]


def test_a_person_and_the_entry_of_their_chain_are_written_together(stores: Stores) -> None:
    first = with_entry(Approver("ann", "Ann Approver", "+15550100001", salt="s"))
    one = change(people=(first,))
    stores.alerts.commit(one)
    stored = stores.approvers.approver("ann")
    assert stored == replace(first.approver, head=first.entry.head, write_id=one.write_id)
    second = with_entry(replace(stored, opted_out=True, version=2), "person.opted_out")
    stores.alerts.commit(change(people=(second,)))
    entries = list(stores.audit.chain("person#ann"))
    assert [entry.kind for entry in entries] == ["person.changed", "person.opted_out"]
    known = stores.approvers.approver("ann")
    assert known
    assert known.opted_out
    assert check(entries, known.head) is None


def test_a_person_changed_by_somebody_else_is_refused_with_their_entry(stores: Stores) -> None:
    stores.alerts.commit(change(people=(with_entry(Approver("ann", "Ann", "", "s")),)))
    stored = stores.approvers.approver("ann")
    assert stored
    again = replace(stored, version=2)
    stores.alerts.commit(change(people=(with_entry(again, one=1),)))
    with pytest.raises(StoreConflict) as refused:
        stores.alerts.commit(change(people=(with_entry(again, other=1),)))
    assert refused.value.failed == ("audit:person#ann", "person:ann")
    assert len(list(stores.audit.chain("person#ann"))) == 2
    with pytest.raises(StoreConflict) as refused:
        stores.alerts.commit(change(people=(with_entry(Approver("ann", "New", "", "s")),)))
    assert "person:ann" in refused.value.failed
