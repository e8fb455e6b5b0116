"""The batches of a project as Ansible groups: `batch_server_03`, and `batches_server` with all of them in order."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from inventory.ansible_hosts import ansible_inventory
from inventory.inventory import Inventory
from inventory.plan_model import Plan
from topology.batches import batches

KINDS = ("server", "switch", "appliance", "console-server")


def batched_inventory(inventory: Inventory, plan: Plan) -> dict[str, Any]:
    """`ansible_inventory` with the batches of each kind of device added.

    The hosts of `batches_<kind>` stand in the order in which they are changed; `rackwright_batch` of a host is
    the number of its batch. `one_at_a_time` are the devices of quorums, stand-in and replica groups;
    `without_address` those nobody can log in to, because the plan gives them no address.
    """
    out = ansible_inventory(inventory, plan)
    hostvars = out["_meta"]["hostvars"]
    apart = sorted(h for h, values in hostvars.items() if "rackwright_shares" in values)
    if apart:
        out["one_at_a_time"] = {"hosts": apart}
        out["all"]["children"].append("one_at_a_time")
    lost = sorted(h for h, values in hostvars.items() if "ansible_host" not in values)
    if lost:
        out["without_address"] = {"hosts": lost}
        out["all"]["children"].append("without_address")
    of_kind: dict[str, list[str]] = defaultdict(list)
    for host in hostvars:
        of_kind[inventory.devices[host].kind].append(host)
    for kind in KINDS:
        found = batches(inventory, plan, of_kind[kind])
        if not found:
            continue
        word = kind.replace("-", "_")
        out[f"batches_{word}"] = {"hosts": [h for batch in found for h in batch.hosts]}
        out["all"]["children"].append(f"batches_{word}")
        for batch in found:
            group = f"batch_{word}_{batch.number:02d}"
            out[group] = {"hosts": list(batch.hosts)}
            out["all"]["children"].append(group)
            for host in batch.hosts:
                hostvars[host] |= {
                    "rackwright_batch": batch.number,
                    "rackwright_batch_step": batch.step,
                    "rackwright_batch_hold": batch.hold,
                }
    return out
