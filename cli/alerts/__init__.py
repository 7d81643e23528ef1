"""Single cases for whoever is on call: found, shown, stopped, sent once more, their queues."""
