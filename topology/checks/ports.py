"""All checks of ports (PRT001-PRT025); importing this module registers them."""

from topology.checks import cable_ends, links, port_plans, port_reserves

MODULES = (port_plans, cable_ends, links, port_reserves)
