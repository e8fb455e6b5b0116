"""Management controllers of one site: what is kept on each over Redfish, and its accounts.

Name, address, asset tag, serial number and clock come from the plan, deliveries and `management_servers`; BIOS
attributes, boot source, power restore and accounts from `bmc_profiles`. Only what the stacks own is declared.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from inventory.findings import Text
from inventory.inventory import Device, Inventory
from inventory.model_controllers import BmcAccount, BmcProfile
from inventory.plan_model import Plan, PlannedAddress
from stacks.programs.declared import NotDeclared
from stacks.programs.wanted import Declaration, Wanted, kept_elsewhere, places

ITEMS = (
    "asset_tag", "bios_attributes", "bmc_account", "bmc_network", "bmc_ntp", "boot_order", "power_restore",
)  # fmt: skip
NO_SERIAL = Text(
    "serial number not delivered: whoever answers at the address is taken for the planned server",
    "序列号未到：按规划地址应答者即视为该服务器",
)
NO_CLOCK = Text("no time server has an address: clock not declared", "时间服务器无地址：未声明 BMC 时间源")
NO_PROFILE = Text("no bmc_profiles say so: not declared", "bmc_profiles 未给出：未声明")


def declaration(inventory: Inventory, plan: Plan, site: str, *, port: int = 443) -> Declaration:
    """One Bmc a server with a planned controller address, and its accounts, sorted by device."""
    owners = inventory.project.owners.as_dict()
    clocks = [s.address for s in inventory.servers("ntp", site) if s.address]
    missing = kept_elsewhere(inventory, *ITEMS)
    if not clocks and owners["bmc_ntp"] == "pulumi":
        missing.append(NotDeclared(site, NO_CLOCK))
    gateways = {p.prefix: p.gateway for p in plan.prefixes}
    under = places(plan, site)
    out: list[Wanted] = []
    seen: dict[str, bool] = dict.fromkeys(
        ("BIOS attributes", "boot source", "power restore", "accounts"), False
    )
    for address in sorted(plan.addresses, key=lambda a: a.device):
        device = inventory.devices.get(address.device)
        if address.plane != "bmc" or address.released or device is None or device.site != site:
            continue
        delivery = inventory.delivered.get(device.name)
        serial = delivery.serial if delivery else None
        if serial is None:
            missing.append(NotDeclared(device.name, NO_SERIAL))
        chosen = settings(profiles(inventory, device))
        for word, key in (
            ("BIOS attributes", "bios"), ("boot source", "boot"), ("power restore", "power_restore"), ("accounts", "accounts"),
        ):  # fmt: skip
            seen[word] |= bool(chosen[key])
        kept: dict[str, Any] = {
            "asset_tag": device.name if owners["asset_tag"] == "pulumi" else None,
            "bios": chosen["bios"] if owners["bios_attributes"] == "pulumi" else None,
            "boot": chosen["boot"] if owners["boot_order"] == "pulumi" else None,
            "power_restore": chosen["power_restore"] if owners["power_restore"] == "pulumi" else None,
            "power_on_delay_s": chosen["power_on_delay_s"] if owners["power_restore"] == "pulumi" else None,
            "ntp_servers": clocks if owners["bmc_ntp"] == "pulumi" else None,
            "network": _network(inventory, device, address, gateways) if owners["bmc_network"] == "pulumi" else None,
        }  # fmt: skip
        kept = {key: value for key, value in kept.items() if value}
        reach: dict[str, Any] = {"device": device.name, "address": address.address, "port": port}
        if serial:
            reach["serial"] = serial
        name, groups = device.name, under.get(device.name, ())
        place = f"{name}@{address.address}" + (f":{port}" if port != 443 else "")
        if kept:
            out.append(Wanted("Bmc", name, {**reach, **kept}, groups, identity=place))
        for account in chosen["accounts"] if owners["bmc_account"] == "pulumi" else ():
            out.append(
                Wanted(
                    "Account", f"{name}-{account.user}",
                    {**reach, "user_name": account.user, "role": account.role, "secret": account.secret,
                     "rotation": account.rotation, "enabled": account.enabled},
                    groups, after=(name,) if kept else (), identity=f"{place}/{account.user}",
                )
            )  # fmt: skip
    if out:
        missing += [
            NotDeclared(f"{word} of site {site}", NO_PROFILE) for word, told in seen.items() if not told
        ]
    return Declaration(tuple(out), tuple(missing))


def profiles(inventory: Inventory, device: Device) -> Sequence[BmcProfile]:
    """Profiles that fit a server, the most particular first: by fleet, by device type, for all; then by name."""
    ranks = []
    for profile in inventory.bmc_profiles.values():
        if profile.fleets or profile.device_types:
            if device.owner in profile.fleets:
                ranks.append((0, profile.name, profile))
            elif device.type.slug in profile.device_types:
                ranks.append((1, profile.name, profile))
        else:
            ranks.append((2, profile.name, profile))
    return [profile for _, _, profile in sorted(ranks, key=lambda r: r[:2])]


def settings(fitting: Sequence[BmcProfile]) -> dict[str, Any]:
    """What the profiles say together: the first that says something counts; attributes and accounts add up."""
    out: dict[str, Any] = {"bios": {}, "boot": None, "power_restore": None, "power_on_delay_s": None}
    accounts: dict[str, BmcAccount] = {}
    for profile in fitting:
        for key, value in profile.bios.items():
            out["bios"].setdefault(key, value)
        for key in ("boot", "power_restore", "power_on_delay_s"):
            if out[key] is None:
                out[key] = getattr(profile, key)
        for account in profile.accounts:
            accounts.setdefault(account.user, account)
    out["bios"] = {key: out["bios"][key] for key in sorted(out["bios"])}
    return {**out, "accounts": tuple(accounts[user] for user in sorted(accounts))}


def _network(
    inventory: Inventory, device: Device, address: PlannedAddress, gateways: Mapping[str, str | None]
) -> dict[str, Any]:
    """Name of the controller, and its address unless a reservation gives it one."""
    out: dict[str, Any] = {"host_name": f"{device.name.lower()}-bmc"}
    delivery = inventory.delivered.get(device.name)
    ports = [i.name for i in device.type.interfaces if i.mgmt_only]
    reserved = any(s.api_url for s in inventory.servers("dhcp", device.site)) and delivery is not None
    if reserved and delivery is not None and any(delivery.macs.get(port) for port in ports):
        return out
    prefix = ipaddress.ip_network(address.prefix)
    out |= {"address": address.address, "prefix": prefix.prefixlen, "dhcp": False}
    if gateway := gateways.get(address.prefix):
        out["gateway"] = gateway
    return out
