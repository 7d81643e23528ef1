"""The daily roots as they are kept: every version of every document, for none may say otherwise."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from ml_connector.domain.chains import Named
from ml_connector.domain.roots import (
    PREFIX,
    Root,
    RootMalformed,
    digest_of,
    is_root,
    read_part,
    read_root,
)

#: A bucket's documents: key and content, in the order of the keys.
Documents = Iterator[tuple[str, bytes]]


@dataclass(slots=True)
class KeptRoots:
    """What the roots name: per chain, which entry had which digest, and the day it was first named.

    `problems` are documents that are not as they were written. `missing` are days between the first
    and the last root that have none.
    """

    named: dict[str, dict[int, Named]] = field(default_factory=dict)
    days: list[date] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def missing(self) -> list[date]:
        """Days without a root, between the first and the last that have one."""
        if not self.days:
            return []
        first, last = min(self.days), max(self.days)
        every = (first + timedelta(days=n) for n in range((last - first).days))
        return [day for day in every if day not in set(self.days)]

    def expired(self, chain: str, before: str) -> int:
        """How many entries of a chain were written before that day, as far as roots prove it."""
        named = self.named.get(chain, {})
        return max((seq for seq, one in named.items() if one.day < before), default=0)


def kept_roots(client: Any, bucket: str) -> KeptRoots:  # noqa: ANN401 - boto3 has no types
    """All roots in a bucket; `client` is a boto3 S3 client."""
    return gathered(_documents(client, bucket))


def gathered(documents: Documents) -> KeptRoots:
    """What documents say, given by day.

    All that was ever written counts: a part written twice, for somebody lost track, says twice what
    was true at its time. So nothing is gained by writing another version.
    """
    found = KeptRoots()
    digests: defaultdict[date, set[str]] = defaultdict(set)
    roots: list[tuple[str, Root]] = []
    for key, body in documents:
        try:
            if is_root(key):
                roots.append((key, read_root(body)))
                continue
            day, heads = read_part(body)
        except RootMalformed as error:
            found.problems.append(f"{key}: {error}")
            continue
        digests[day].add(digest_of(body))
        text = sys.intern(day.isoformat())
        for chain, head in heads:
            known = found.named.setdefault(chain, {})
            one = known.setdefault(head.seq, Named(head.digest, text))
            if one.digest != head.digest:
                found.problems.append(
                    f"{key}: {chain} entry {head.seq} is another than on {one.day}"
                )
    for key, root in roots:
        found.days.append(root.day)
        lost = sum(part.digest not in digests[root.day] for part in root.parts)
        if lost:
            found.problems.append(f"{key}: {lost} of its {len(root.parts)} parts are not there")
    found.days = sorted(set(found.days))
    return found


def _documents(client: Any, bucket: str) -> Documents:  # noqa: ANN401 - boto3 has no types
    pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=PREFIX)
    for page in pages:
        for one in page.get("Versions", ()):
            read: Callable[..., Any] = client.get_object
            found = read(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
            yield one["Key"], found["Body"].read()
