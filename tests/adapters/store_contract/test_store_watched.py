"""What the stores promise about companies that were read whole."""

from __future__ import annotations

from datetime import date

from ml_connector.usecases.ports import AlertStore


def test_a_company_once_read_whole_is_remembered_for_good(alerts: AlertStore) -> None:
    assert not alerts.watched("acme")
    alerts.note_watched("acme", date(2026, 11, 20))
    assert alerts.watched("acme")
    alerts.note_watched("acme", date(2026, 11, 23))
    assert alerts.watched("acme")
    assert not alerts.watched("other")
