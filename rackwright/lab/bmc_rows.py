"""What the management controllers of a lab tell: one row a controller, from the plan, the catalogue and deliveries."""

from __future__ import annotations

import hashlib
from typing import Any

from inventory.inventory import Device, Inventory
from inventory.plan_model import Plan
from rackwright.lab.shape import Shape
from rackwright.lab.state import State


def bmc_rows(state: State, inventory: Inventory, plan: Plan, shape: Shape) -> dict[str, Any]:
    """What `rackwright.lab.bmc` reads: the control socket, and a row a BMC address of the shape."""
    feeds: dict[tuple[str, str], list[str]] = {}
    for cord in plan.cords:
        sides = ("a", "b") if cord.pdu in inventory.sts else (cord.side,)
        feeds.setdefault((cord.device, cord.inlet), []).extend(f"{cord.rack}/{side}" for side in sides)
    rows = [
        {
            **bmc_row(inventory, inventory.devices[node.name], feeds),
            "interface": next((node.ports[p] for p in node.silent if p in node.ports), None),
            "namespace": state.nodes[node.name],
            "address": node.bmc.partition("/")[0],
        }
        for node in shape.nodes.values()
        if node.bmc
    ]
    return {"control": str(state.run / "bmc.sock"), "bmcs": rows}


def bmc_row(inventory: Inventory, device: Device, feeds: dict[tuple[str, str], list[str]]) -> dict[str, Any]:
    """Identity and parts of one device. `feeds`: (device, inlet) -> rack feeds of its cord.

    A serial number or MAC address nobody has delivered is made from the name of the device (`LAB-…`, 02:…).
    """
    delivery = inventory.delivered.get(device.name)
    serial = delivery.serial if delivery else None
    macs = delivery.macs if delivery else {}
    drives: list[dict[str, Any]] = []
    processors: list[dict[str, Any]] = []
    memory: float | None = 0
    for use in device.type.rackwright.components:
        part = inventory.catalog.components[use.part]
        if part.kind == "disk":
            nvme = part.media == "nvme"
            drives += [
                {
                    "name": f"Disk{len(drives) + n}", "model": part.part, "media": "HDD" if part.media == "hdd" else "SSD",
                    "protocol": "NVMe" if nvme else "SATA",
                    "bytes": None if part.tb is None else round(part.tb * 1e12),
                }
                for n in range(1, use.count + 1)
            ]  # fmt: skip
        elif part.kind == "cpu":
            processors += [{"model": part.part, "cores": part.cores, "threads": part.threads}] * use.count
        elif part.kind == "memory":
            memory = None if memory is None or part.memory_gb is None else memory + part.memory_gb * use.count
    psu = device.type.rackwright.psu
    own = next((i.name for i in device.type.interfaces if i.mgmt_only), "BMC")
    return {
        "name": device.name,
        "manufacturer": device.type.manufacturer,
        "model": device.type.model,
        "sku": device.type.slug,
        "serial": serial or f"LAB-{device.name}",
        "serial_planned": serial is not None,
        "bmc_mac": macs.get(own) or made_mac(device.name, own),
        "nics": [
            {"name": i.name, "mac": macs.get(i.name) or made_mac(device.name, i.name)}
            for i in device.type.interfaces
            if not i.mgmt_only
        ],
        "supplies": [
            {"name": p.name, "rated_w": psu.rating_w, "feeds": feeds.get((device.name, p.name), [])}
            for p in device.type.power_ports
        ],
        "drives": drives,
        "processors": processors,
        "memory_gb": memory,
    }  # fmt: skip


def made_mac(device: str, port: str) -> str:
    """A locally administered MAC address (second bit of the first octet set, IEEE 802) that only the lab has."""
    digest = hashlib.sha256(f"{device}/{port}".encode()).digest()
    return ":".join(f"{octet:02x}" for octet in (0x02, *digest[:5]))
