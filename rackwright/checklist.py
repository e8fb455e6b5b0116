"""The modules that hold checks, and one call that registers them all."""

from __future__ import annotations

from importlib import import_module

MODULES = (
    "inventory.codes",
    "topology.checks.ports",
    "topology.checks.cables",
    "topology.checks.addressing",
    "topology.checks.redundancy",
    "capacity.checks.racks",
    "capacity.checks.power",
    "capacity.checks.reconcile",
    "capacity.checks.clauses",
    "capacity.checks.consistency",
)


def register_all() -> None:
    """Import every module of checks; a code used twice fails here."""
    for module in MODULES:
        import_module(module)
