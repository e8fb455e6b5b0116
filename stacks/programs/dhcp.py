"""DHCP reservations on the servers of one site: controllers and servers whose MAC addresses are known.

A server is `management_servers` of kind dhcp with an `api_url`. One that serves all sites belongs to the first site's
stack. Both data ports of a host are reserved to the address of its bond, so it starts from either. What it loads is said by
the classes of the server's own configuration (`topology.dhcp`), not by the reservation.
"""

from __future__ import annotations

from typing import Any

from inventory import model as m
from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.plan_model import Plan
from stacks.programs.declared import NotDeclared
from stacks.programs.wanted import Declaration, Wanted, kept_elsewhere, label, places, served_by
from topology.dhcp import PLANES

ITEM = "dhcp_reservation"
NO_SERVER = Text(
    "no DHCP server in management_servers: no reservation declared", "无 DHCP 服务器：未声明地址保留"
)
NO_API = Text("no api_url: nobody knows where it is controlled", "未给出 api_url：控制接口未知")
NO_MAC = Text("MAC address not delivered: no reservation", "MAC 地址未到：无地址保留")


def declaration(inventory: Inventory, plan: Plan, site: str) -> Declaration:
    """One reservation a server, device and known port, sorted by these."""
    missing = kept_elsewhere(inventory, ITEM)
    if missing:
        return Declaration((), tuple(missing))
    servers = served_by(inventory, "dhcp", site)
    if not inventory.servers("dhcp", site):
        missing.append(NotDeclared(site, NO_SERVER))
    missing += [NotDeclared(s.name, NO_API) for s in servers if s.api_url is None]
    out: list[Wanted] = []
    under = {s: places(plan, s) for s in inventory.sites}
    for server in servers:
        for address in sorted(plan.addresses, key=lambda a: (a.device, a.plane)):
            device = inventory.devices.get(address.device)
            if server.api_url is None or address.released or address.plane not in PLANES or device is None:
                continue
            if server.site not in (None, device.site) or device.site is None:
                continue
            delivery = inventory.delivered.get(device.name)
            for interface in device.type.interfaces:
                if interface.mgmt_only != (address.plane == "bmc"):
                    continue
                mac = delivery.macs.get(interface.name) if delivery else None
                if mac is None:
                    missing.append(NotDeclared(f"{device.name} {interface.name}", NO_MAC))
                    continue
                arguments: dict[str, Any] = {
                    "api_url": server.api_url, "server": server.name, "subnet": address.prefix, "mac": mac,
                    "address": address.address,
                    "hostname": device.name.lower() + ("-bmc" if address.plane == "bmc" else ""),
                    **_login(server),
                }  # fmt: skip
                out.append(
                    Wanted(
                        "Reservation", f"{server.name}:{device.name}:{interface.name}", arguments,
                        under[device.site].get(device.name, ()),
                        identity=f"{mac}/{address.prefix}@{server.api_url.rstrip('/')}" + label(server),
                    )
                )  # fmt: skip
    return Declaration(tuple(out), tuple(missing))


def _login(server: m.ManagementServer) -> dict[str, str]:
    """Who asks the control API, by the name of a secret."""
    if not server.secret:
        return {}
    return {"secret": server.secret, **({"api_user": server.account} if server.account else {})}
