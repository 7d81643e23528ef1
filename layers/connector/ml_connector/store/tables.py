"""Which model lives in which table, in the order `bind` needs."""

from __future__ import annotations

from pynamodb.models import Model

from ml_connector.settings import Settings

from .models import (
    AlertItem,
    ApproverItem,
    AuditItem,
    CacheItem,
    CaseItem,
    CaseRow,
    CompanyItem,
    CounterItem,
    DispatchItem,
    DocumentItem,
    FlowItem,
    InboxItem,
    LikenessItem,
    LineItem,
    PauseItem,
    ReferenceItem,
    RootMarkItem,
    SessionItem,
    SidItem,
    WatchedItem,
)


def tables(settings: Settings) -> dict[type[Model], str]:
    """Every model with its table; the model that declares a table's indexes comes first."""
    return {
        DispatchItem: settings.alerts_table,
        CaseItem: settings.alerts_table,
        AlertItem: settings.alerts_table,
        CaseRow: settings.alerts_table,
        SidItem: settings.alerts_table,
        CounterItem: settings.alerts_table,
        ReferenceItem: settings.alerts_table,
        LineItem: settings.alerts_table,
        InboxItem: settings.alerts_table,
        PauseItem: settings.alerts_table,
        RootMarkItem: settings.alerts_table,
        WatchedItem: settings.alerts_table,
        DocumentItem: settings.documents_table,
        CompanyItem: settings.documents_table,
        LikenessItem: settings.documents_table,
        AuditItem: settings.audit_table,
        FlowItem: settings.flows_table,
        ApproverItem: settings.approvers_table,
        SessionItem: settings.sessions_table,
        CacheItem: settings.sessions_table,
    }
