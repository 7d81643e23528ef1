"""The harness itself: laws that refuse, a queue that behaves like one, faults that happen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ml_connector.domain.audit import ChainHead
from ml_connector.domain.delivery import MessageStatus, SmsRequest
from ml_connector.domain.dispatches import Dispatch, DispatchState
from ml_connector.domain.unit_of_work import Change
from ml_connector.errors import QueueUnavailable
from tests.support import samples
from tests.support.clock import START, HandClock
from tests.support.doorbell import Queue
from tests.support.faults import Fault, Faults, Killed
from tests.support.laws import LawBroken, LawfulAlertStore
from tests.support.memory_store import Tables
from tests.support.provider import Provider


@pytest.fixture
def store() -> LawfulAlertStore:
    return LawfulAlertStore(Tables())


def write(store: LawfulAlertStore, dispatch: Dispatch, *, told: bool = True) -> None:
    """Write the dispatch with an entry in its case's chain, or without."""
    file = store.case_file("c1")
    case = file.case if file else samples.case(head=ChainHead())
    cases = (samples.written(case, "a step"),) if told else ()
    store.commit(Change(f"w{len(store.tables.tokens)}", dispatches=(dispatch,), cases=cases))


def test_a_lawful_life_is_left_alone(store: LawfulAlertStore) -> None:
    waiting = samples.dispatch()
    write(store, waiting)
    write(store, replace(waiting, rings=1, version=2), told=False)
    sending = replace(waiting, state=DispatchState.SENDING, version=3)
    write(store, sending)
    write(store, replace(sending, state=DispatchState.SENT, sid="SM1", version=4))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"state": DispatchState.DELIVERED, "look_at": None}, "waiting became delivered"),
        ({"state": DispatchState.UNKNOWN}, "waiting became unknown"),
        ({"text": "another text"}, "its text changed"),
        ({"members": ()}, "its members changed"),
        ({"attempt": 6}, "more attempts"),
    ],
)
def test_what_may_not_be_is_refused(
    store: LawfulAlertStore, changes: dict[str, Any], complaint: str
) -> None:
    write(store, samples.dispatch())
    with pytest.raises(LawBroken, match=complaint):
        write(store, samples.dispatch(version=2, **changes))


def test_a_step_nobody_hears_of_is_refused(store: LawfulAlertStore) -> None:
    write(store, samples.dispatch())
    with pytest.raises(LawBroken, match="silently changed"):
        write(store, samples.dispatch(version=2, state=DispatchState.SENDING), told=False)


def test_a_dispatch_nobody_hears_of_is_refused(store: LawfulAlertStore) -> None:
    with pytest.raises(LawBroken, match="without an audit entry"):
        write(store, samples.dispatch(), told=False)


def test_a_dispatch_is_born_waiting(store: LawfulAlertStore) -> None:
    with pytest.raises(LawBroken, match="born in another state"):
        write(store, samples.dispatch(state=DispatchState.SENT))


def test_what_is_settled_may_rest_and_nothing_else(store: LawfulAlertStore) -> None:
    write(store, samples.dispatch())
    write(store, samples.dispatch(version=2, state=DispatchState.SENDING))
    failed = samples.dispatch(version=3, state=DispatchState.FAILED)
    with pytest.raises(LawBroken, match="still looked at"):
        write(store, failed)
    write(store, replace(failed, look_at=None, version=4), told=False)
    with pytest.raises(LawBroken, match="failed became waiting"):
        write(store, samples.dispatch(version=5))


# --------------------------------------------------------------------------------- the queue
@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def test_a_message_taken_is_hidden_and_comes_back_until_it_is_dead(clock: HandClock) -> None:
    queue = Queue(clock, visibility=60, max_receives=2)
    queue.ring(["d1"])
    for _ in range(2):
        assert len(queue.receive()) == 1
        assert queue.receive() == []
        clock.forward(seconds=60)
    assert queue.receive() == []
    assert len(queue.dead) == 1
    assert len(queue) == 0


def test_a_message_deleted_is_gone_and_a_delayed_one_comes_later(clock: HandClock) -> None:
    queue = Queue(clock)
    queue.ring(["d1"])
    (message,) = queue.receive()
    queue.delete(message)
    queue.ring(["d2"], 30)
    assert queue.receive() == []
    clock.forward(seconds=30)
    assert len(queue.receive()) == 1


def test_a_queue_that_is_down_takes_nothing(clock: HandClock) -> None:
    queue = Queue(clock)
    queue.down = True
    with pytest.raises(QueueUnavailable):
        queue.ring(["d1"])
    assert len(queue) == 0


def test_a_delay_sqs_would_not_take_is_cut_short(clock: HandClock) -> None:
    queue = Queue(clock)
    queue.ring(["d1"], 901)
    assert queue.next_visible() == clock.ahead(900)


# ------------------------------------------------------------------------------ the provider
def test_what_is_accepted_is_listed_newest_first_and_not_before_its_time(
    clock: HandClock,
) -> None:
    provider = Provider(clock)
    first = provider.send_sms(SmsRequest("+15550100001", "one", 60), 10)
    clock.forward(seconds=10)
    provider.list_delay = timedelta(seconds=30)
    second = provider.send_sms(SmsRequest("+15550100001", "two", 60), 10)
    assert [m.sid for m in provider.list_to("+15550100001", START)] == [first.sid]
    assert provider.fetch(second.sid) is None
    clock.forward(seconds=30)
    assert [m.sid for m in provider.list_created_since(START)] == [second.sid, first.sid]
    assert [m.sid for m in provider.list_to("+15550100002", START)] == []
    assert first.status is MessageStatus.QUEUED
    fetched = provider.fetch(first.sid)
    assert fetched
    assert fetched.status is MessageStatus.DELIVERED


# -------------------------------------------------------------------------------- the faults
def test_a_function_whose_time_is_over_dies_at_its_next_call(clock: HandClock) -> None:
    faults = Faults(clock)
    faults.deaths.append(START + timedelta(seconds=30))
    faults.meet("read", ())
    clock.forward(seconds=30)
    with pytest.raises(Killed):
        faults.meet("read", ())


def test_faults_are_arranged_for_a_point_and_happen_once(clock: HandClock) -> None:
    faults = Faults(clock)
    faults.arrange("post", Fault.BUSY)
    assert faults.meet("read", ()) is None
    assert faults.meet("post", ()) is Fault.BUSY
    assert faults.meet("post", ()) is None
    assert faults.counts == {("post", Fault.BUSY): 1}


def test_faults_by_chance_are_as_frequent_as_was_said(clock: HandClock) -> None:
    faults = Faults(clock, seed=1, chances={Fault.BUSY: 0.25, Fault.NOT_SENT: 0.25})
    met = [faults.meet("post", (Fault.BUSY, Fault.NOT_SENT)) for _ in range(2000)]
    assert 400 < met.count(Fault.BUSY) < 600
    assert 400 < met.count(Fault.NOT_SENT) < 600
    faults.calm()
    assert faults.meet("post", (Fault.BUSY,)) is None
