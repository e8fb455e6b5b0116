"""Draw of every device to be built, worked out once for each device type and workload class."""

from __future__ import annotations

from collections.abc import Mapping

from capacity.power import DevicePower, PowerParameters, power_table
from inventory.inventory import Inventory


def draws(inventory: Inventory) -> Mapping[str, DevicePower | None]:
    """Idle, allocated and peak draw in W by device name; None where the type does not let one tell.

    The policy's parameters apply (group `power`), with the budget point of the device's workload class.
    """
    parameters = PowerParameters.from_policy(inventory.policy)
    devices = inventory.devices
    table = power_table(((d.type.slug, d.workload) for d in devices.values()), inventory.catalog, parameters)
    return {name: table[d.type.slug, d.workload] for name, d in devices.items()}
