"""Kea DHCPv4 configuration of one site, from the plan: reservations for management controllers and servers, nothing
for strangers.

Both data ports of a server are reserved to the address of its bond, so it starts from either. A device whose MAC
address nobody has delivered is left out and named among what is lacking.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inventory.inventory import Inventory
from inventory.plan_model import Plan

LOADERS: Mapping[str, tuple[tuple[int, ...], str]] = {
    "bios-x86": ((0x0000,), "ipxe/undionly.kpxe"),
    "uefi-x86-64": ((0x0007, 0x0009), "ipxe/snponly.efi"),
    "uefi-arm64": ((0x000B,), "ipxe/snponly-arm64.efi"),
}
"""Architecture -> values of DHCP option 93 (RFC 4578, IANA registry) and first file to load, over TFTP: iPXE."""
SCRIPT = "boot.ipxe"
"""What iPXE loads next, over HTTP (`topology.os_install.IPXE`)."""
LEASE_S = 43_200
"""Twelve hours (engineering estimate): an installation is done in one lease."""
PLANES = ("bmc", "business")


@dataclass(frozen=True)
class Lacking:
    """What could not be rendered: device, and the reason in words."""

    device: str
    reason: str


def kea_config(inventory: Inventory, plan: Plan, site: str) -> tuple[dict[str, Any], tuple[Lacking, ...]]:
    """The configuration as Kea reads it, and what it lacks. Sorted: the same plan gives the same text.

    Known servers that start from the network are told the boot server of the site (`management_servers` of kind boot):
    first to load iPXE for their architecture, then, as iPXE, the script that leads to their own installation.
    """
    boot = next(
        (s.address for s in inventory.servers("boot", site) if s.address), None
    )  # the one next-server
    lacking: list[Lacking] = []
    if boot is None:
        lacking.append(
            Lacking(site, "no boot server in management_servers: servers get addresses, nothing to start")
        )
    reservations: dict[str, list[dict[str, Any]]] = {}
    for address in plan.addresses:
        device = inventory.devices.get(address.device)
        if address.released or address.plane not in PLANES or device is None or device.site != site:
            continue
        ports = _ports(inventory, device.name, address.plane)
        known = [(port, mac) for port, mac in ports if mac]
        for port in sorted({p for p, _ in ports} - {p for p, _ in known}):
            lacking.append(
                Lacking(
                    device.name, f"MAC address of {port} not delivered: no reservation for {address.address}"
                )
            )
        for port, mac in known:
            entry: dict[str, Any] = {"hw-address": mac, "ip-address": address.address}
            if address.plane == "business":
                entry["hostname"] = device.name
            else:
                entry["hostname"] = f"{device.name}-bmc"
            entry["user-context"] = {"device": device.name, "port": port}
            reservations.setdefault(address.prefix, []).append(entry)
    subnets = []
    for prefix in plan.prefixes:
        if prefix.site == site and prefix.plane in PLANES:
            subnets.append((ipaddress.IPv4Network(prefix.prefix), prefix))
    subnets.sort(key=lambda s: s[0])
    dns = [s.address for s in inventory.servers("dns", site) if s.address]
    ntp = [s.address for s in inventory.servers("ntp", site) if s.address]
    common = [{"name": "domain-name-servers", "data": ", ".join(dns)}] if dns else []
    if ntp:
        common.append({"name": "ntp-servers", "data": ", ".join(ntp)})
    if inventory.project.dns_domain:
        common.append({"name": "domain-name", "data": inventory.project.dns_domain})
    rendered = []
    for network, prefix in subnets:
        subnet: dict[str, Any] = {
            "id": int(network.network_address),  # its own, and stays when other subnets come or go
            "subnet": prefix.prefix,
            "option-data": [{"name": "routers", "data": prefix.gateway}] if prefix.gateway else [],
            "reservations": sorted(
                reservations.get(prefix.prefix, ()),
                key=lambda r: (int(ipaddress.IPv4Address(r["ip-address"])), r["hw-address"]),
            ),
            "user-context": {"plane": prefix.plane, "used-by": prefix.used_by, "vlan": prefix.vid},
        }
        rendered.append(subnet)
    config: dict[str, Any] = {
        "Dhcp4": {
            "interfaces-config": {"interfaces": ["*"]},
            "lease-database": {"type": "memfile", "persist": True, "lfc-interval": 3600},
            "authoritative": True,
            "valid-lifetime": LEASE_S,
            "renew-timer": LEASE_S // 2,
            "rebind-timer": LEASE_S * 7 // 8,
            "host-reservation-identifiers": ["hw-address"],
            "ip-reservations-unique": False,
            "reservations-global": False,
            "reservations-in-subnet": True,
            "option-data": common,
            "subnet4": rendered,
        }
    }
    if boot:
        config["Dhcp4"]["client-classes"] = _classes(boot)
    return config, tuple(sorted(set(lacking), key=lambda x: (x.device, x.reason)))


def text(config: Mapping[str, Any]) -> str:
    """The configuration file."""
    return json.dumps(config, indent=2, ensure_ascii=False) + "\n"


def _ports(inventory: Inventory, device: str, plane: str) -> list[tuple[str, str | None]]:
    """Ports that may ask for the address, with their MAC addresses (None: not delivered)."""
    delivery = inventory.delivered.get(device)
    macs = delivery.macs if delivery else {}
    interfaces = inventory.devices[device].type.interfaces
    return [(i.name, macs.get(i.name)) for i in interfaces if i.mgmt_only == (plane == "bmc")]


def _classes(boot: str) -> list[dict[str, Any]]:
    """What known clients load: iPXE (it says so in option 77) its script, firmware of each architecture iPXE.

    `member('KNOWN')` makes Kea look at a class after it has found the reservation.
    """
    script = {
        "name": "ipxe", "test": "member('KNOWN') and substring(option[77].hex, 0, 4) == 'iPXE'", "next-server": boot,
        "boot-file-name": f"http://{boot}/{SCRIPT}",
    }  # fmt: skip
    firmware = []
    for architecture, (values, loader) in LOADERS.items():
        asked = " or ".join(f"option[93].hex == 0x{value:04X}" for value in values)
        test = f"member('KNOWN') and not member('ipxe') and ({asked})"
        firmware.append({"name": architecture, "test": test, "next-server": boot, "boot-file-name": loader})
    return [script, *firmware]
