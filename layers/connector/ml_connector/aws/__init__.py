"""The remaining AWS adapters: queue, secrets, clock."""
