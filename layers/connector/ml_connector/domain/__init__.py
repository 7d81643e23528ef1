"""Pure rules: standard library only, and the present time is always an argument."""
