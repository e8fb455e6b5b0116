"""What each resource of the stacks manages, in the items of the ownership list: the Pulumi side of "one owner each".

The Ansible side is read from the roles themselves (stacks/role_writes.py).
"""

from __future__ import annotations

from collections.abc import Mapping

from inventory.model_ownership import ITEMS

WHOLE = "*"
"""Stands for a resource as a whole: the item is managed as soon as the resource is there."""

RESOURCES: Mapping[str, Mapping[str, str]] = {
    "rackwright:redfish:Bmc": {
        "assetTag": "asset_tag",
        "bios": "bios_attributes",
        "boot": "boot_order",
        "network": "bmc_network",
        "ntpServers": "bmc_ntp",
        "powerOnDelayS": "power_restore",
        "powerRestore": "power_restore",
    },
    "rackwright:redfish:Account": {WHOLE: "bmc_account"},
    "rackwright:dhcp:Reservation": {WHOLE: "dhcp_reservation"},
    "rackwright:dns:Zone": {WHOLE: "dns_record"},
    "rackwright:dns:RecordSet": {WHOLE: "dns_record"},
    "rackwright:switch:Config": {WHOLE: "switch_configuration"},
}
"""Resource type -> input -> item. An input that is not given is not managed; what is no item here says where and how
to reach what is managed, or how to leave it."""

CLOUD = "alicloud:"
"""Every resource of this package is of the item `cloud`."""

GROUPING = ("pulumi:", "rackwright:components:")
"""Types that manage nothing themselves: the stack, providers, components."""


def claims(resource_type: str, inputs: Mapping[str, object]) -> frozenset[str] | None:
    """The items a declared resource manages; empty for what only groups others, None for a type nobody knows."""
    if resource_type.startswith(GROUPING):
        return frozenset()
    if resource_type.startswith(CLOUD):
        return frozenset({"cloud"})
    managed = RESOURCES.get(resource_type)
    if managed is None:
        return None
    return frozenset(item for name, item in managed.items() if name == WHOLE or inputs.get(name) is not None)


def resources_of(item: str) -> tuple[str, ...]:
    """The resource types that can manage an item, sorted; empty when the stacks have none for it."""
    if item == "cloud":
        return (f"{CLOUD}*",)
    return tuple(sorted(kind for kind, managed in RESOURCES.items() if item in managed.values()))


CONTESTED = tuple(item for item in ITEMS if resources_of(item))
"""Items that the stacks can manage: a role that writes one has to ask first who owns it."""
