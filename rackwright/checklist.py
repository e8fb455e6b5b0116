"""The modules that hold checks, and one call that registers them all."""

from __future__ import annotations

from importlib import import_module

MODULES = (
    "inventory.codes",
    "topology.verify_codes",
    "topology.checks.addressing",
    "topology.checks.addressing_asns",
    "topology.checks.addressing_coverage",
    "topology.checks.addressing_pools",
    "topology.checks.addressing_prefixes",
    "topology.checks.addressing_rows",
    "topology.checks.cable_ends",
    "topology.checks.deliveries",
    "topology.checks.fabric",
    "topology.checks.labels",
    "topology.checks.lengths",
    "topology.checks.links",
    "topology.checks.oob_fabric",
    "topology.checks.optics",
    "topology.checks.port_plans",
    "topology.checks.port_reserves",
    "topology.checks.redundancy",
    "topology.checks.redundancy_links",
    "topology.checks.redundancy_quorum",
    "topology.checks.redundancy_sites",
    "topology.checks.redundancy_spread",
    "topology.checks.risk_groups",
    "topology.checks.shared_trays",
    "topology.checks.zones",
    "topology.checks.zones_between",
    "topology.checks.zones_ha",
    "topology.checks.zones_members",
    "topology.checks.zones_policy",
    "topology.checks.zones_table",
    "capacity.failure_codes",
    "capacity.checks.clauses",
    "capacity.checks.connections",
    "capacity.checks.consistency",
    "capacity.checks.licences",
    "capacity.checks.placement_proofs",
    "capacity.checks.power",
    "capacity.checks.power_cascade",
    "capacity.checks.power_cords",
    "capacity.checks.power_generators",
    "capacity.checks.power_outlets",
    "capacity.checks.power_plant",
    "capacity.checks.power_supplies",
    "capacity.checks.power_wiring",
    "capacity.checks.rack_placement",
    "capacity.checks.rack_types",
    "capacity.checks.racks",
    "capacity.checks.reconcile",
    "capacity.checks.rooms",
    "capacity.checks.statements",
    "capacity.drill_codes",
    "stacks.ownership_checks",
)


def register_all() -> None:
    """Import every module of checks; a code used twice fails here."""
    for module in MODULES:
        import_module(module)
