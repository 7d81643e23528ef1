"""People and the chains that say what became of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from ml_connector.domain.approvers import Approver, forgotten
from ml_connector.domain.audit import ChainHead, Json, check, entry_after
from ml_connector.domain.unit_of_work import PersonWrite
from ml_connector.errors import StoreConflict
from tests.support.clock import START
from tests.support.samples import change
from tests.support.stores import Stores


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
