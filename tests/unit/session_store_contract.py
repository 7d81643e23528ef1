"""What every SessionStore and Cache has to do; run over the one in memory and the one in DynamoDB.

A test module subclasses these and gives `store` and `cache` as fixtures.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ml_connector.domain.sessions import LoginHold, SessionKey, SessionRecord, StoredSession
from ml_connector.intacct.ports import Cache, SessionStore

NOW = datetime(2026, 8, 21, 12, 0, tzinfo=UTC)
KEY = SessionKey("acme-sender", "acme-ap", "ws.user", "")
LOCK_END = NOW + timedelta(seconds=30)
HOLD = LoginHold(NOW + timedelta(minutes=15), 2, "v1", final=True)


def made(session_id: str = "session-1") -> StoredSession:
    return StoredSession(
        session_id,
        "https://na12.intacct.com/ia/xml/xmlgw.phtml",
        opened_at=NOW,
        refresh_at=NOW + timedelta(minutes=40),
        expires_at=NOW + timedelta(minutes=50),
    )


def locked(store: SessionStore, owner: str = "me", key: SessionKey = KEY) -> None:
    assert store.try_lock(key, owner, now=NOW, until=LOCK_END)


class SessionStoreContract:
    def test_an_unknown_key_has_neither_session_nor_hold(self, store: SessionStore) -> None:
        assert store.get(KEY) == SessionRecord()

    def test_what_was_put_comes_back_whole(self, store: SessionStore) -> None:
        locked(store)
        assert store.put(KEY, made(), replaces=None, owner="me")
        assert store.get(KEY) == SessionRecord(made())

    def test_keys_that_differ_in_any_part_are_different(self, store: SessionStore) -> None:
        locked(store)
        store.put(KEY, made(), replaces=None, owner="me")
        for other in (
            SessionKey("acme-sender", "acme-ap", "ws.user", "E100"),
            SessionKey("acme-sender", "acme-ap/ws.user", "", ""),
            SessionKey("acme-sender", "acme-ap", "ws.User", ""),
            SessionKey("acme", "sender/acme-ap", "ws.user", ""),
        ):
            assert store.get(other) == SessionRecord()

    def test_an_expired_session_is_still_given(self, store: SessionStore) -> None:
        locked(store)
        old = StoredSession(
            "old",
            "https://api.intacct.com/",
            opened_at=NOW - timedelta(days=2),
            refresh_at=NOW - timedelta(days=2),
            expires_at=NOW - timedelta(days=1),
        )
        assert store.put(KEY, old, replaces=None, owner="me")
        assert store.get(KEY).session == old

    def test_a_lock_keeps_others_out_until_its_end(self, store: SessionStore) -> None:
        locked(store)
        later = LOCK_END + timedelta(seconds=30)
        assert not store.try_lock(KEY, "other", now=NOW, until=later)
        assert not store.try_lock(KEY, "other", now=LOCK_END - timedelta(seconds=1), until=later)
        assert store.try_lock(KEY, "other", now=LOCK_END, until=later)

    def test_the_owner_may_lock_again(self, store: SessionStore) -> None:
        locked(store)
        assert store.try_lock(KEY, "me", now=NOW, until=LOCK_END + timedelta(seconds=5))

    def test_unlocking_lets_others_in_and_only_the_owner_can(self, store: SessionStore) -> None:
        locked(store)
        store.unlock(KEY, "other")
        assert not store.try_lock(KEY, "other", now=NOW, until=LOCK_END)
        store.unlock(KEY, "me")
        assert store.try_lock(KEY, "other", now=NOW, until=LOCK_END)

    def test_putting_ends_the_lock(self, store: SessionStore) -> None:
        locked(store)
        store.put(KEY, made(), replaces=None, owner="me")
        assert store.try_lock(KEY, "other", now=NOW, until=LOCK_END)

    def test_without_the_lock_nothing_is_put(self, store: SessionStore) -> None:
        assert not store.put(KEY, made(), replaces=None, owner="me")
        locked(store, "other")
        assert not store.put(KEY, made(), replaces=None, owner="me")
        assert store.get(KEY) == SessionRecord()
        assert not store.try_lock(KEY, "me", now=NOW, until=LOCK_END)

    def test_a_lock_that_ran_out_is_good_until_somebody_takes_it(self, store: SessionStore) -> None:
        assert store.try_lock(KEY, "me", now=NOW - timedelta(minutes=5), until=NOW)
        assert store.put(KEY, made(), replaces=None, owner="me")

    def test_only_the_session_named_is_replaced(self, store: SessionStore) -> None:
        locked(store)
        store.put(KEY, made("first"), replaces=None, owner="me")
        for wrong in (None, "another"):
            locked(store)
            assert not store.put(KEY, made("second"), replaces=wrong, owner="me")
            assert store.get(KEY).session == made("first")
        assert store.put(KEY, made("second"), replaces="first", owner="me")
        assert store.get(KEY).session == made("second")

    def test_a_session_is_not_put_over_none_if_one_was_expected(self, store: SessionStore) -> None:
        locked(store)
        assert not store.put(KEY, made(), replaces="gone", owner="me")
        assert store.get(KEY).session is None

    def test_a_hold_is_kept_beside_the_session_and_ends_the_lock(self, store: SessionStore) -> None:
        locked(store)
        store.put(KEY, made(), replaces=None, owner="me")
        locked(store)
        assert store.put_hold(KEY, HOLD, owner="me")
        assert store.get(KEY) == SessionRecord(made(), HOLD)
        assert store.try_lock(KEY, "other", now=NOW, until=LOCK_END)

    def test_a_hold_needs_the_lock(self, store: SessionStore) -> None:
        assert not store.put_hold(KEY, HOLD, owner="me")
        locked(store, "other")
        assert not store.put_hold(KEY, HOLD, owner="me")
        assert store.get(KEY) == SessionRecord()

    def test_a_doubtful_hold_comes_back_as_one(self, store: SessionStore) -> None:
        doubtful = LoginHold(NOW, 1, "", final=False)
        locked(store)
        store.put_hold(KEY, doubtful, owner="me")
        assert store.get(KEY).hold == doubtful

    def test_a_new_session_ends_the_hold(self, store: SessionStore) -> None:
        locked(store)
        store.put_hold(KEY, HOLD, owner="me")
        locked(store)
        assert store.put(KEY, made(), replaces=None, owner="me")
        assert store.get(KEY) == SessionRecord(made(), None)


class CacheContract:
    def test_what_was_put_is_there_until_its_time_is_over(self, cache: Cache) -> None:
        cache.put("lookup/APBILL", '["STATE"]', until=NOW + timedelta(seconds=60))
        assert cache.get("lookup/APBILL", now=NOW) == '["STATE"]'
        assert cache.get("lookup/APBILL", now=NOW + timedelta(seconds=59)) == '["STATE"]'
        assert cache.get("lookup/APBILL", now=NOW + timedelta(seconds=60)) is None

    def test_an_unknown_key_has_nothing(self, cache: Cache) -> None:
        assert cache.get("lookup/APBILL", now=NOW) is None

    def test_the_later_text_counts(self, cache: Cache) -> None:
        for text in ("[1]", "[2]"):
            cache.put("k", text, until=NOW + timedelta(days=1))
        assert cache.get("k", now=NOW) == "[2]"

    def test_long_texts_and_odd_keys_fit(self, cache: Cache) -> None:
        key = 'lookup/VENDOR/["acme-ap","ws.user",""]'
        cache.put(key, "x" * 20_000, until=NOW + timedelta(days=1))
        assert cache.get(key, now=NOW) == "x" * 20_000
