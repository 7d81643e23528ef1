"""The local world: what the connector talks to, played on one machine."""
