"""Putting tables back as they were, and everything up to its audit chain."""
