"""All checks of cables (PRT050-PRT070) and of the fabric they make (NET030-NET040); importing this module
registers them."""

from topology.checks import fabric, labels, lengths, oob_fabric, optics, shared_trays

MODULES = (labels, lengths, optics, shared_trays, fabric, oob_fabric)
