"""The Sage Intacct XML gateway: read only."""
