"""What this company's Intacct has: which fields can be asked for, and the API user's zone.

Fields come and go with subscriptions, and one that is missing fails a whole query. So what we
want is intersected with `lookup`, cached for a day; and since `lookup` also lists fields that
cannot be queried, a query that is refused all the same is searched for the culprits, which are
remembered for a day too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from ml_connector.domain.frozen import frozen
from ml_connector.errors import (
    SourceProtocolError,
    SourceRateLimited,
    SourceRejected,
    SourceUnavailable,
    StoreError,
)

from .client import IntacctClient, Page
from .errors import OF_THE_FUNCTION, GatewayRefused, Meaning
from .filters import Filter
from .functions import Lookup, Query, ReadByName, ReadUserFormatting
from .zone import UserZone, configured_zone, zone_of

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
#: For how long nothing is asked again after trouble on the way.
PAUSE = timedelta(minutes=10)
#: For how long an answer stands in for one that cannot be had.
LONG = timedelta(days=90)

#: Refusals that a field may have caused.
FIELD_TROUBLE = frozenset({Meaning.BAD_FIELD, Meaning.QUERY_FAILED, Meaning.BAD_REQUEST})
#: The most sets of fields a search for culprits may try, with one-row queries, each asked twice
#: before its failure is believed; beyond it, the fields still in doubt are left out.
MOST_PROBES = 24


@frozen
class Wanted:
    """An object and its fields: those without which it means nothing, and the rest."""

    object: str
    required: tuple[str, ...]
    optional: tuple[str, ...]


class Catalogue:
    """One company's fields and zone, through the client and its cache."""

    def __init__(self, client: IntacctClient) -> None:
        self._client = client
        who = client.credentials
        self.prefix = json.dumps([who.company_id, who.user_id, who.entity_id])

    # ----------------------------------------------------------------------- fields
    def select(
        self, wanted: Wanted, where: Filter | None, page_size: int | None = None
    ) -> Iterator[Page]:
        """All pages of a query for what there is of the wanted fields.

        Raises the SourceError family; SourceRejected where a required field does not exist.
        """
        query = Query(wanted.object, self.fields(wanted), where)
        if page_size is not None:
            query = replace(query, page_size=page_size)
        pages = self._client.pages(query)
        try:
            first = next(pages)
        except GatewayRefused as error:
            bad = self._bad(wanted.object)
            for name in self._culprits(wanted, query, error):
                # One by one, so that a search that runs out of time is not begun from nothing.
                bad.append(name)
                self._remember(self._bad_key(wanted.object), bad, DAY)
            good = tuple(name for name in query.fields if name not in bad)
            pages = self._client.pages(replace(query, fields=good))
            first = next(pages)
        yield first
        yield from pages

    def fields(self, wanted: Wanted) -> tuple[str, ...]:
        """The wanted fields this company has, the required ones first."""
        existing, bad = self._existing(wanted.object), self._bad(wanted.object)
        missing = [name for name in wanted.required if existing and name not in existing]
        if missing:
            raise SourceRejected(f"{wanted.object} has no {', '.join(missing)} in this company")
        optional = (
            name
            for name in wanted.optional
            if name not in bad and (not existing or name in existing)
        )
        return (*wanted.required, *optional)

    def _existing(self, name: str) -> frozenset[str]:
        """All field names `lookup` gives; empty where it is refused, and then all are tried."""
        key = f"lookup/{name}/{self.prefix}"
        known = self._recall(key)
        if known is None:
            known = self._look_up(name)
            self._remember(key, known, DAY)
        return frozenset(known)

    def _look_up(self, name: str) -> list[str]:
        try:
            result = self._client.call(Lookup(name))
        except GatewayRefused as error:
            if error.meaning not in OF_THE_FUNCTION:
                raise
            return []
        blocks = [block for record in result.structured if (block := record.child("FIELDS"))]
        names = {field.text_of("ID").upper() for block in blocks for field in block.children}
        return sorted(names - {""})

    # --------------------------------------------------------------- bad fields
    def _culprits(self, wanted: Wanted, query: Query, error: GatewayRefused) -> Iterator[str]:
        """The optional fields that make a query fail. Raises the error where none is to blame."""
        if error.meaning not in FIELD_TROUBLE:
            raise error
        suspects = [name for name in query.fields if name in wanted.optional]
        named = [name for name in suspects if name in error.mentioned]
        innocent = set(wanted.required) & error.mentioned
        if named and not innocent and len(named) < len(suspects):
            yield from named
            return
        probe = _Probe(self._client, query, wanted.required)
        if not suspects or not probe.works([]):
            raise error  # without them it fails as well: the condition is to blame
        yield from probe.bad_among(suspects)

    def _bad(self, name: str) -> list[str]:
        return self._recall(self._bad_key(name)) or []

    def _bad_key(self, name: str) -> str:
        return f"bad/{name}/{self.prefix}"

    # ------------------------------------------------------------------------- zone
    def zone(self) -> UserZone:
        """The API user's zone: by setting, or as Intacct says, cached for a day.

        Where Intacct does not say it any more, what it said last goes on being true: a zone is
        changed about never, and not to know it costs far more. It is asked for again in an hour, or
        sooner where there was trouble on the way.
        Raises SourceRejected where the user's preferences make dates ambiguous.
        """
        configured = self._client.credentials.utc_offset
        if configured:
            return configured_zone(configured)
        key, last = f"zone/{self.prefix}", f"last zone/{self.prefix}"
        known = self._recall(key)
        if known is not None:
            return _zone_in(known)
        try:
            zone = self._ask_zone()
        except (SourceUnavailable, SourceRateLimited, SourceProtocolError):
            before = self._recall(last)
            if not before:
                raise
            self._remember(key, before, PAUSE)
            return _zone_in(before)
        if zone.verified:
            minutes = [str(int(zone.offset.total_seconds() // 60))]
            self._remember(key, minutes, DAY)
            self._remember(last, minutes, LONG)
            return zone
        minutes = self._recall(last) or []
        self._remember(key, minutes, HOUR)
        return _zone_in(minutes)

    def _ask_zone(self) -> UserZone:
        user = self._client.credentials.user_id
        unknown = UserZone(verified=False)
        if "," in user:
            return unknown  # readByName would take it for two users
        try:
            rows = self._client.call(ReadByName("USERINFO", (user,), ("RECORDNO",))).rows
            number = rows[0].get("RECORDNO", "") if rows else ""
            rows = self._client.call(ReadUserFormatting(number)).rows if number else ()
        except GatewayRefused as error:
            if error.meaning not in OF_THE_FUNCTION:
                raise
            return unknown
        return zone_of(rows[0]) if rows else unknown

    # ------------------------------------------------------------------------ cache
    def refused(self, what: str) -> bool:
        """Whether this company is known to refuse something."""
        return self._recall(f"refused/{what}/{self.prefix}") is not None

    def remember_refused(self, what: str, lifetime: timedelta = DAY) -> None:
        """Remember for a day, or less, that this company refuses something."""
        self._remember(f"refused/{what}/{self.prefix}", [], lifetime)

    def _recall(self, key: str) -> list[str] | None:
        """What was remembered; a cache that fails is one that is empty."""
        try:
            text = self._client.cache.get(key, now=self._client.clock.now())
            known = json.loads(text) if text is not None else None
        except (StoreError, ValueError):
            return None
        return [str(item) for item in known] if isinstance(known, list) else None

    def _remember(self, key: str, items: Iterable[str], lifetime: timedelta) -> None:
        text = json.dumps(list(items), separators=(",", ":"))
        with suppress(StoreError):
            self._client.cache.put(key, text, until=self._client.clock.now() + lifetime)


def _zone_in(minutes: list[str]) -> UserZone:
    """The zone that was remembered; none is one that is not known."""
    return UserZone(timedelta(minutes=int(minutes[0]))) if minutes else UserZone(verified=False)


class _Probe:
    """Tries sets of fields with one-row queries, by halves."""

    def __init__(self, client: IntacctClient, query: Query, required: tuple[str, ...]) -> None:
        self._client = client
        self._query = replace(query, page_size=1)
        self._required = required
        self._left = MOST_PROBES

    def works(self, names: list[str]) -> bool:
        """Whether the query works with these fields beside the required ones."""
        self._left -= 1
        try:
            self._client.call(replace(self._query, fields=(*self._required, *names)))
        except GatewayRefused as error:
            if error.meaning not in FIELD_TROUBLE:
                raise
            return False
        return True

    def bad_among(self, names: list[str]) -> Iterator[str]:
        """Those of the names that do not work; all of them once too much was asked."""
        if self._left > 0 and self.works(names):
            return
        if self._left <= 0 or len(names) == 1:
            yield from names
            return
        half = len(names) // 2
        yield from self.bad_among(names[:half])
        yield from self.bad_among(names[half:])
