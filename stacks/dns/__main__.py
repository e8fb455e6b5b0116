"""Zones and records on the name servers of a site (PowerDNS)."""

from stacks.programs.entry import run

run("dns")
