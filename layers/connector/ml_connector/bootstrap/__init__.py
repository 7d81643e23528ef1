"""The one place where things are wired together: lazily, once per container.

A function imports the module for its own work and with it nothing that only others need.
"""
