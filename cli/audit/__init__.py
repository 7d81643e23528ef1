"""What was told to whom, read from the audit trail: shown, exported, verified, counted."""
