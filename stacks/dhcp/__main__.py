"""DHCP reservations on the servers of a site (Kea)."""

from stacks.programs.entry import run

run("dhcp")
