"""Management controllers of a site, over Redfish."""

from stacks.programs.entry import run

run("bmc")
