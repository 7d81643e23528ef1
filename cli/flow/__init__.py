"""The flow as people write it: a language with places, checks, and the published form."""
