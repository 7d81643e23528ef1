"""DynamoDB: the truth about alerts, dispatches, documents and the audit trail."""
