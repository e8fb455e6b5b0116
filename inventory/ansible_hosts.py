"""The plan as Ansible sees it: hosts, groups and variables.

One function makes them; the inventory plugin of `playbooks/` and the static export both call it. Groups are
named `<kind>_<name>` in lower case with underscores: site_a, role_server, fleet_a_ecs, pair_a_asw_01, member_a,
rack_a01_a04, zone_core, service_ecs, platform_huawei_vrp. Variables begin with `rackwright_`, but for those
Ansible itself reads. A value nobody knows is absent and named in `rackwright_unknown`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from inventory import model as m
from inventory.controller_profiles import bios_attributes
from inventory.inventory import Device, Inventory
from inventory.plan_model import Cable, PlacedDevice, Plan, PlannedAddress, PlannedPrefix
from inventory.standing import standings

SITE_SERVERS: tuple[m.ServerKind, ...] = get_args(m.ServerKind)
SERVER_FIELDS = ("address", "port", "api_url", "account", "secret")


def ansible_inventory(inventory: Inventory, plan: Plan) -> dict[str, Any]:
    """Everything `ansible-inventory --list` prints: groups with `hosts` or `children` and `vars`, and all host
    variables under `_meta`. Hosts and groups are sorted; devices without a site are left out."""
    cables: dict[str, list[tuple[Cable, bool]]] = defaultdict(list)
    for cable in plan.cables:
        cables[cable.a.device].append((cable, True))
        cables[cable.b.device].append((cable, False))
    addresses: dict[str, list[PlannedAddress]] = defaultdict(list)
    for address in plan.addresses:
        if address.released is None:
            addresses[address.device].append(address)
    prefixes = {p.prefix: p for p in plan.prefixes}
    standing = standings(inventory, plan)
    hostvars: dict[str, dict[str, Any]] = {}
    groups: dict[str, set[str]] = defaultdict(set)
    kinds: dict[str, set[str]] = defaultdict(set)
    for placed in sorted(plan.devices, key=lambda d: d.name):
        device = inventory.devices.get(placed.name)
        if device is None or device.site is None:
            continue
        hostvars[placed.name] = (
            _host(inventory, device, placed, cables[placed.name], addresses[placed.name], prefixes)
            | standing[placed.name].to_vars()
        )
        for kind, name in _memberships(inventory, device, placed):
            group = group_name(kind, name)
            groups[group].add(placed.name)
            kinds[kind].add(group)
    out: dict[str, Any] = {"_meta": {"hostvars": hostvars}}
    out["all"] = {"children": sorted(f"{kind}s" for kind in kinds), "vars": _common_vars(inventory)}
    for kind in sorted(kinds):
        out[f"{kind}s"] = {"children": sorted(kinds[kind])}
    for group in sorted(groups):
        out[group] = {"hosts": sorted(groups[group])}
    for site in inventory.sites.values():
        group = group_name("site", site.name)
        if group in out:
            out[group]["vars"] = _site_vars(inventory, site.name)
    return out


def group_name(kind: str, name: str) -> str:
    """A group name that Ansible accepts: letters, digits and underscores, in lower case."""
    return re.sub(r"[^a-z0-9]+", "_", f"{kind}_{name}".lower()).strip("_")


def static_yaml(hosts: Mapping[str, Any]) -> dict[str, Any]:
    """The same inventory in the shape of Ansible's YAML inventory files, for a controller without this program."""

    def group(name: str) -> dict[str, Any]:
        data = hosts[name]
        out: dict[str, Any] = {}
        if "hosts" in data:
            out["hosts"] = dict.fromkeys(data["hosts"])
        if "vars" in data:
            out["vars"] = data["vars"]
        if "children" in data:
            out["children"] = {child: group(child) for child in data["children"]}
        return out

    return {"all": {"hosts": hosts["_meta"]["hostvars"], **group("all")}}


def _memberships(inventory: Inventory, device: Device, placed: PlacedDevice) -> list[tuple[str, str]]:
    record = device.record
    found = [
        ("site", str(device.site)),
        ("role", device.role if device.kind != "switch" else f"{device.role}-switch"),
    ]
    if placed.rack:
        found.append(("rack", placed.rack))
    if isinstance(record, m.Fleet):
        found.append(("fleet", record.name))
        if record.zone:
            found.append(("zone", record.zone))
        if record.service:
            found.append(("service", record.service))
        if placed.pair:
            found.append(("pair", placed.pair))
    else:
        if record.platform:
            found.append(("platform", record.platform))
        if isinstance(record, m.Pair):
            found += [("pair", record.name), ("member", str(device.member))]
    return found


def _host(
    inventory: Inventory,
    device: Device,
    placed: PlacedDevice,
    cables: Sequence[tuple[Cable, bool]],
    addresses: Sequence[PlannedAddress],
    prefixes: Mapping[str, PlannedPrefix],
) -> dict[str, Any]:
    record, unknown = device.record, []
    out: dict[str, Any] = {
        "rackwright_site": device.site,
        "rackwright_role": device.role,
        "rackwright_owner": device.owner,
        "rackwright_device_type": device.type.slug,
        "rackwright_model": device.type.model,
    }
    if placed.rack:
        rack = inventory.racks[placed.rack]
        out |= {
            "rackwright_room": rack.room,
            "rackwright_row": rack.row,
            "rackwright_rack": rack.name,
            "rackwright_position": placed.position,
        }
    else:
        unknown.append("rack")
    if placed.pair:
        out["rackwright_pair"] = placed.pair
    if device.member:
        out["rackwright_pair"] = device.owner
        out["rackwright_member"] = device.member
    if isinstance(record, m.Fleet):
        out |= {
            k: v for k, v in (("rackwright_zone", record.zone), ("rackwright_service", record.service)) if v
        }
        out["rackwright_workload"] = record.workload
        if record.ha_group:
            out["rackwright_ha_group"] = record.ha_group
        if record.os:
            out["rackwright_os"] = record.os
        if bios := bios_attributes(inventory, record):
            out["rackwright_bios"] = bios
    elif record.platform:
        out["rackwright_platform"] = record.platform
    else:
        unknown.append("platform")
    delivery = inventory.delivered.get(device.name)
    if delivery and delivery.serial:
        out["rackwright_serial"] = delivery.serial
    else:
        unknown.append("serial")
    if delivery and (macs := {port: mac for port, mac in sorted(delivery.macs.items()) if mac}):
        out["rackwright_macs"] = macs
    reach = "mgmt" if not isinstance(record, m.Fleet) or record.role != "server" else "business"
    for address in sorted(addresses, key=lambda a: (a.plane, a.interface)):
        prefix = prefixes.get(address.prefix)
        entry = {
            "interface": address.interface,
            "address": address.address,
            "prefix": address.prefix,
            "vid": address.vid,
            "gateway": prefix.gateway if prefix else None,
        }
        out.setdefault("rackwright_addresses", {}).setdefault(address.plane, []).append(
            {k: v for k, v in entry.items() if v is not None}
        )
        if address.plane == reach and "ansible_host" not in out:
            out["ansible_host"] = address.address
        if address.plane == "bmc":
            out["rackwright_bmc_address"] = address.address
    if "ansible_host" not in out:
        unknown.append("ansible_host")
    out["rackwright_links"] = [_link(cable, near) for cable, near in cables]
    if unknown:
        out["rackwright_unknown"] = unknown
    return out


def _link(cable: Cable, near_is_a: bool) -> dict[str, Any]:
    near, far = (cable.a, cable.b) if near_is_a else (cable.b, cable.a)
    entry = {
        "cable": cable.id,
        "kind": cable.kind,
        "interface": near.port,
        "peer": far.device,
        "peer_interface": far.port,
        "speed_gbps": cable.speed_gbps,
        "label": cable.label_a if near_is_a else cable.label_b,
        "optic": near.optic,
    }
    return {k: v for k, v in entry.items() if v is not None}


def _common_vars(inventory: Inventory) -> dict[str, Any]:
    """Limits the playbooks keep, from the policy, who keeps what, and where secrets are to be found."""
    policy = inventory.policy
    return {
        "rackwright_project": inventory.project.name,
        "rackwright_secrets": {
            s.name: {"source": s.source, "key": s.key} for s in inventory.secrets.values()
        },
        "rackwright_owners": dict(inventory.project.owners.as_dict()),
        **({"rackwright_dns_domain": domain} if (domain := inventory.project.dns_domain) else {}),
        "rackwright_mtu_host": int(policy.number("net.mtu_host")),
        "rackwright_change_window": policy.text("change.window"),
        "rackwright_change_freeze_days": policy.text("change.freeze_days"),
        "rackwright_change_utc_offset_h": policy.number("change.utc_offset_h"),
    }


def _site_vars(inventory: Inventory, site: str) -> dict[str, Any]:
    """Servers every host of a site talks to; passwords by the name of their secret only."""
    out: dict[str, Any] = {}
    for kind in SITE_SERVERS:
        rows = [
            {field: value for field in SERVER_FIELDS if (value := getattr(server, field)) is not None}
            for server in inventory.servers(kind, site)
            if server.address
        ]
        if rows:
            out[f"rackwright_{kind}_servers"] = rows
    return out
