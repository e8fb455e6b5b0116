"""Sizes for `serial`: the hosts of a play, whatever --limit leaves of them, cut where their batches end."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Any

from ansible import context
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.lookup import LookupBase

BATCH = re.compile(r"batch_[a-z_]+_[0-9]+")
APART = "one_at_a_time"

DOCUMENTATION = """
name: rackwright_serial
short_description: Batch sizes of a play from the plan
description:
  - Returns how many of the hosts of a pattern are changed together, batch after batch, for the play keyword C(serial).
  - A batch never reaches over the end of a planned batch, so it never holds both members of a pair, both feeds or
    both sites. What C(--limit) or tags leave out does not matter.
  - C(--start-at-task) and C(--step) are refused, because they leave out the guard; a dry run may use them.
  - The first batch is always one host.
options:
  _terms:
    description: The pattern of the play; it must be written as in C(hosts).
    required: true
  one_per_group:
    description: Change one device at a time when it belongs to a quorum, stand-in or replica group.
    type: bool
    default: false
"""


class LookupModule(LookupBase):  # type: ignore[misc]
    """`serial: "{{ lookup('rackwright_serial', 'batches_switch') }}"`."""

    def run(
        self, terms: list[str], variables: dict[str, Any] | None = None, **options: Any
    ) -> list[list[int]]:
        """One list of sizes. Raises AnsibleError for a host without a batch, as it is not of the plan, and where
        the guard of the play would be left out."""
        self.set_options(var_options=variables, direct=options)
        words = context.CLIARGS
        if (words.get("start_at_task") or words.get("step")) and not words.get("check"):
            raise AnsibleError(
                "--start-at-task and --step leave out the guard of a change: choose devices by --limit and parts of a "
                """stage by -e '{"rackwright_steps": ["verify"]}'"""
            )
        values = variables or {}
        groups: dict[str, list[str]] = values["groups"]
        hosts = _matching(groups, terms[0], values.get("ansible_limit"))
        batch_of = {h: name for name in sorted(groups) if BATCH.fullmatch(name) for h in groups[name]}
        if strangers := [h for h in hosts if h not in batch_of]:
            raise AnsibleError(f"not of the plan, so in no batch: {', '.join(strangers)}")
        apart = set(groups.get(APART, ())) if self.get_option("one_per_group") else set()
        keys = [(batch_of[h], h if h in apart else "") for h in hosts]
        sizes = [len(list(run)) for _, run in groupby(keys)]
        if sizes and sizes[0] > 1:
            sizes[:1] = [1, sizes[0] - 1]
        return [sizes or [1]]


def _matching(groups: dict[str, list[str]], pattern: str, limit: str | None) -> list[str]:
    """Hosts of the pattern that --limit leaves, in the order of the play."""
    inventory = InventoryManager(loader=DataLoader(), sources=None, parse=False)
    for group, hosts in groups.items():
        inventory.add_group(group)
        for host in hosts:
            inventory.add_host(host, group)
    inventory.subset(limit)
    return [h.name for h in inventory.get_hosts(pattern)]
