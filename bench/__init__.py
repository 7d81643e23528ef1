"""Benchmarks. Ratios travel between machines, milliseconds do not: compare ratios."""
