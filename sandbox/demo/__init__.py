"""A story told live: bills in a simulated Intacct reach simulated phones the real way.

python -m sandbox.demo [--exit]
"""
