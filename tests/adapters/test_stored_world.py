"""The world over DynamoDB sees every chain that is there, takes nothing else for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ml_connector.domain.approvers import Approver
from ml_connector.store.models import CaseItem, DocumentItem, LikenessItem
from tests.support.likeness import RULE
from tests.support.stored_world import StoredWorld, number, stored_world
from tests.support.world import DEFAULT_FLOW


@pytest.fixture
def world() -> Iterator[StoredWorld]:
    """A bill was told of, in a company that keeps what bills may share."""
    rules = [{**RULE, "approver": "ann"}, *DEFAULT_FLOW["rules"]]
    flow = {**DEFAULT_FLOW, "rules": rules}
    with stored_world(flow=flow) as world:
        world.people.put(Approver("ann", "Ann Approver", number(1), salt="s"))
        world.flows.publish(flow, now=world.clock.now(), by="ann", reason="a test")
        world.baseline()
        world.ledger.submit("4711")
        world.run(minutes=3)
        yield world


def test_what_bills_are_found_by_is_no_chain(world: StoredWorld) -> None:
    assert next(iter(LikenessItem.scan(LikenessItem.pk == "alike#acme")), None) is not None
    assert world.broken_trails() == []


@pytest.mark.parametrize("owner", [CaseItem, DocumentItem])
def test_a_chain_that_does_not_end_in_its_head_is_named(
    world: StoredWorld, owner: type[CaseItem | DocumentItem]
) -> None:
    (row,) = owner.scan(owner.head_seq.exists())
    row.update([owner.head_digest.set("0" * 64)])
    named = row.id if owner is CaseItem else f"{row.company}#{row.sk}"
    (broken,) = world.broken_trails()
    assert broken.endswith(f"#{named}")
