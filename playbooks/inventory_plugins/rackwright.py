"""Ansible inventory plugin: the hosts of a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin

DOCUMENTATION = """
name: rackwright
short_description: Hosts, groups and variables from a plan
description:
  - Reads a project folder and its plan, and gives every planned device as a host.
  - Groups by site, role, rack, pair, member, zone, fleet, service and platform, and by batch of change.
options:
  plugin:
    description: Marks this file as one for this plugin.
    required: true
    choices: [rackwright]
  project:
    description: Project folder, relative to this file, or the name of a shipped project.
    required: true
    type: str
"""


class InventoryModule(BaseInventoryPlugin):  # type: ignore[misc]
    """Takes files named *rackwright.yml."""

    NAME = "rackwright"

    def verify_file(self, path: str) -> bool:
        """True for files this plugin reads."""
        return bool(super().verify_file(path)) and path.endswith(("rackwright.yml", "rackwright.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Add everything to Ansible's inventory. Raises AnsibleParserError with every fault of the project."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        from inventory.load import PROJECTS, load
        from inventory.plan_store import load_plan
        from topology.batch_groups import batched_inventory

        name = str(self.get_option("project"))
        folder = (Path(path).parent / name).resolve()
        if not folder.is_dir() and "/" not in name:
            folder = PROJECTS / name
        if not folder.is_dir():
            raise AnsibleParserError(f"{path}: no project folder {name}")
        loaded, stored = load(folder), load_plan(folder)
        faults = [f for f in (*loaded.findings, *stored.findings) if f.blocks]
        if faults or loaded.inventory is None:
            raise AnsibleParserError("\n".join(f.to_text() for f in faults) or f"{folder}: not readable")
        if stored.plan is None:
            raise AnsibleParserError(f"{folder}: no plan yet; run `rackwright plan` first")
        groups = batched_inventory(loaded.inventory, stored.plan)
        inventory.set_variable("all", "rackwright_folder", str(folder))
        for group in groups:
            if group not in ("_meta", "all"):
                inventory.add_group(group)
        for group, data in groups.items():
            if group == "_meta":
                continue
            for child in data.get("children", ()):
                inventory.add_child(group, child)
            for host in data.get("hosts", ()):
                inventory.add_host(host, group=group)
            for key, value in data.get("vars", {}).items():
                inventory.set_variable(group, key, value)
        for host, values in groups["_meta"]["hostvars"].items():
            for key, value in values.items():
                inventory.set_variable(host, key, value)
