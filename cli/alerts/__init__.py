"""For whoever is on call: single cases, the queues, and where everything stands."""
