"""Erasing a person: what there is of them, what stands against it, and doing it."""
