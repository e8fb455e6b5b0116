"""A rehearsal of the plan on one machine: real hosts, switches that behave, cables as planned."""
