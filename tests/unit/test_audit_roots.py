"""The documents of the daily root."""

from __future__ import annotations

from datetime import date

import pytest

from ml_connector.domain.audit import ChainHead
from ml_connector.domain.roots import (
    Part,
    RootMalformed,
    digest_of,
    is_root,
    part_document,
    part_key,
    read_part,
    read_root,
    root_document,
    root_key,
)
from tests.support.bills import MORNING

DAY = date(2026, 11, 20)
A, B = ChainHead(3, "a" * 64), ChainHead(1, "b" * 64)


def test_a_part_lists_heads_by_chain_whatever_order_they_came_in() -> None:
    one = part_document(DAY, 1, [("case#b", B), ("case#a", A)])
    assert one == part_document(DAY, 1, [("case#a", A), ("case#b", B)])
    part, body = one
    assert part == Part(1, digest_of(body), 2, 4)
    assert read_part(body) == (DAY, [("case#a", A), ("case#b", B)])


def test_a_root_names_its_parts_and_a_digest_over_theirs() -> None:
    parts = [part_document(DAY, n, [(f"case#{n}", A)])[0] for n in (1, 2)]
    root = read_root(root_document(DAY, MORNING, parts))
    assert (root.day, list(root.parts), root.chains) == (DAY, parts, 2)
    assert root.digest == digest_of(f"{parts[0].digest}\n{parts[1].digest}".encode())


def test_another_head_is_another_root() -> None:
    def root(head: ChainHead) -> str:
        part, _ = part_document(DAY, 1, [("case#a", head)])
        return read_root(root_document(DAY, MORNING, [part])).digest

    assert root(A) != root(B)


def test_a_root_whose_digest_is_not_over_its_parts_is_refused() -> None:
    part, _ = part_document(DAY, 1, [("case#a", A)])
    body = root_document(DAY, MORNING, [part])
    with pytest.raises(RootMalformed, match="over its parts"):
        read_root(body.replace(part.digest.encode(), b"c" * 64))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"v":1}',
        b'{"v":1,"day":"2026-11-20","heads":[["x",1,"short"]],"parts":[[1,"short",1,1]]}',
        b'{"v":1,"day":"20 Nov","heads":[],"parts":[],"taken_at":"","root":""}',
        b'{"v":2,"day":"2026-11-20","heads":[],"parts":[]}',
    ],
)
def test_what_is_no_part_and_no_root_is_refused(body: bytes) -> None:
    with pytest.raises(RootMalformed):
        read_part(body)
    with pytest.raises(RootMalformed):
        read_root(body)


def test_keys_say_what_is_kept_there() -> None:
    assert is_root(root_key(DAY))
    assert not is_root(part_key(DAY, 7))
    with pytest.raises(RootMalformed):
        is_root("roots/2026-11-20/other.json")
