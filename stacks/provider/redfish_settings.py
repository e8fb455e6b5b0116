"""Settings of a controller as flat values (`assetTag`, `boot.target`, `bios.Smt`, `ntpServers`, `network.address`):
read from the resources of Redfish that hold them, and the changes that bring them about.

Source: DMTF DSP0266 and the schemas ComputerSystem 1.13, Bios 1.0, ManagerNetworkProtocol 1.5, EthernetInterface 1.8.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stacks.provider.errors import ProviderError
from stacks.provider.redfish import Controller, Resource, nearest
from stacks.provider.values import Props

SCALARS = ("assetTag", "powerRestore", "powerOnDelayS", "ntpServers")
MAPS = ("boot", "bios", "network")
MANAGED = (*SCALARS, *MAPS)
BOOT = {
    "boot.target": "BootSourceOverrideTarget", "boot.mode": "BootSourceOverrideMode",
    "boot.enabled": "BootSourceOverrideEnabled", "boot.order": "BootOrder",
}  # fmt: skip
SYSTEM = {
    "assetTag": "AssetTag",
    "powerRestore": "PowerRestorePolicy",
    "powerOnDelayS": "PowerOnDelaySeconds",
}
CARD = ("network.address", "network.prefix", "network.gateway", "network.dhcp")


def flat(inputs: Mapping[str, Any]) -> Props:
    """Managed values of inputs by flat name."""
    out: Props = {key: inputs[key] for key in SCALARS if inputs.get(key) is not None}
    for key in MAPS:
        group = inputs.get(key)
        if isinstance(group, Mapping):  # in a preview it may not be known yet
            out |= {f"{key}.{name}": value for name, value in group.items() if value is not None}
    return out


def nested(values: Mapping[str, Any]) -> Props:
    """The inputs of flat values."""
    out: Props = {}
    for name, value in sorted(values.items()):
        head, _, tail = name.partition(".")
        if tail:
            out.setdefault(head, {})[tail] = value
        else:
            out[head] = value
    return out


@dataclass
class View:
    """The resources of one controller that hold settings, each read when first needed and again after `forget`."""

    controller: Controller
    system: Resource
    manager: Resource
    _read: dict[str, Resource | None] = field(default_factory=dict)

    def forget(self) -> None:
        """Read again what is asked for from here on."""
        self._read.clear()
        self.system = self.controller.get(self.system.path)

    def bios(self) -> Resource | None:
        """BIOS attributes in force."""
        return self._once("bios", self.system.link("Bios"))

    def bios_settings(self) -> Resource | None:
        """BIOS attributes at the next start; where a controller has no such resource, those in force."""
        bios = self.bios()
        path = bios.link("@Redfish.Settings", "SettingsObject") if bios else None
        return self._once("bios settings", path) if path else bios

    def protocol(self) -> Resource | None:
        """Network services of the controller."""
        return self._once("protocol", self.manager.link("NetworkProtocol"))

    def card(self) -> Resource | None:
        """The controller's interface that has the address it is reached at, or its only one.

        Raises ProviderError when that is not clear.
        """
        if "card" not in self._read:
            found = list(self.controller.members(self.manager.link("EthernetInterfaces")))
            mine = [c for c in found if self.controller.address in _addresses(c)] or found
            if len(mine) > 1:
                names = ", ".join(str(c.body.get("Id")) for c in mine)
                raise ProviderError(
                    self.controller.say(
                        "find its own interface", f"several could be it ({names})",
                        "Leave `network` out for this controller",
                    )
                )  # fmt: skip
            self._read["card"] = mine[0] if mine else None
        return self._read["card"]

    def _once(self, name: str, path: str | None) -> Resource | None:
        if name not in self._read:
            self._read[name] = self.controller.find(path)
        return self._read[name]


def read(view: View, names: Iterable[str]) -> tuple[Props, list[str]]:
    """Values of the named settings as they are (BIOS: as they will be after the next start), and a sentence for each
    that this controller does not have."""
    found: Props = {}
    lacking: list[str] = []
    for name in sorted(names):
        head, _, tail = name.partition(".")
        value = (
            _bios(view, tail) if head == "bios" else _card(view, name) if head == "network" else _other(view, name)
        )  # fmt: skip
        if value is not None:
            found[name] = value
        elif head == "bios":
            there = _attributes(view.bios_settings())
            lacking.append(f"no BIOS attribute {tail} (there are {nearest(tail, there)})")
        elif name == "powerRestore":
            lacking.append("no PowerRestorePolicy; on some it is a BIOS attribute: declare it in `bios`")
        else:
            lacking.append(f"no {name}")
    return found, lacking


def pending(view: View, names: Iterable[str]) -> Props:
    """BIOS attributes among the named settings that wait for the next start, with the value they will have."""
    now, then = _attributes(view.bios()), _attributes(view.bios_settings())
    attributes = sorted(n.partition(".")[2] for n in names if n.startswith("bios."))
    return {a: then[a] for a in attributes if a in then and then[a] != now.get(a)}


def everything(view: View) -> Props:
    """All that a stack could declare but BIOS attributes (there are hundreds), for an import: no address where DHCP
    gives one, no override that is off or holds once."""
    found = read(view, (*SCALARS, *BOOT, "network.hostName", *CARD))[0]
    none = {"network.address", "network.prefix", "network.gateway"} if found.get("network.dhcp") else set()
    if found.get("boot.enabled") != "Continuous":
        none |= {"boot.target", "boot.enabled"}
    return {name: value for name, value in found.items() if name not in none}


def changes(view: View, values: Mapping[str, Any], names: Iterable[str]) -> list[tuple[Resource, Props]]:
    """The PATCHes that make the named settings what `values` says, least risky first; the controller's own network
    last, since it may end the connection. `values` holds every setting of a group of which one changes."""
    names = set(names)
    out: list[tuple[Resource | None, Props]] = []
    system: Props = {key: values[name] for name, key in SYSTEM.items() if name in names}
    if boot := _boot(values, names):
        system["Boot"] = boot
    out.append((view.system, system))
    attributes = {n.partition(".")[2]: values[n] for n in sorted(names) if n.startswith("bios.")}
    out.append((view.bios_settings() if attributes else None, {"Attributes": attributes}))
    card = _network(view, values, names) if names & {*CARD, "network.hostName"} else {}
    protocol: Props = {}
    if "ntpServers" in names:
        servers = list(values["ntpServers"])
        protocol["NTP"] = {"ProtocolEnabled": bool(servers), "NTPServers": _padded(view, servers)}
    if "network.hostName" in names and "HostName" not in card:
        protocol["HostName"] = values["network.hostName"]
    out.append((view.protocol() if protocol else None, protocol))
    out.append((view.card() if card else None, card))
    return [(resource, body) for resource, body in out if resource is not None and body]


def _other(view: View, name: str) -> Any:
    body = view.system.body
    if name in SYSTEM:
        return body.get(SYSTEM[name])
    if name in BOOT:
        boot = body.get("Boot", {})
        if name == "boot.target" and boot.get("BootSourceOverrideEnabled") == "Disabled":
            return "None"
        return boot.get(BOOT[name])
    protocol = view.protocol()
    ntp = protocol.body.get("NTP") if protocol else None
    if not isinstance(ntp, Mapping):
        return None
    return [s for s in ntp.get("NTPServers") or () if s] if ntp.get("ProtocolEnabled", True) else []


def _bios(view: View, attribute: str) -> Any:
    return _attributes(view.bios_settings()).get(attribute, _attributes(view.bios()).get(attribute))


def _attributes(resource: Resource | None) -> Mapping[str, Any]:
    found = resource.body.get("Attributes") if resource else None
    return found if isinstance(found, Mapping) else {}


def _addresses(card: Resource) -> set[str]:
    rows = [*(card.body.get("IPv4Addresses") or ()), *(card.body.get("IPv4StaticAddresses") or ())]
    return {str(row.get("Address")) for row in rows}


def _card(view: View, name: str) -> Any:
    card = view.card()
    if name == "network.hostName":
        protocol = view.protocol()
        return next((r.body["HostName"] for r in (card, protocol) if r and "HostName" in r.body), None)
    if card is None:
        return None
    if name == "network.dhcp":
        dhcp = card.body.get("DHCPv4")
        return dhcp.get("DHCPEnabled") if isinstance(dhcp, Mapping) else None
    row: Mapping[str, Any] = next(
        iter(card.body.get("IPv4StaticAddresses") or card.body.get("IPv4Addresses") or ()), {}
    )
    if name == "network.address":
        return row.get("Address")
    if name == "network.gateway":
        return row.get("Gateway")
    mask = row.get("SubnetMask")
    return ipaddress.ip_network(f"0.0.0.0/{mask}").prefixlen if mask else None


def _boot(values: Mapping[str, Any], names: set[str]) -> Props:
    boot: Props = {}
    if "boot.order" in names:
        boot["BootOrder"] = list(values["boot.order"])
    if names & {"boot.target", "boot.mode", "boot.enabled"}:
        if values.get("boot.enabled") == "Disabled":
            boot["BootSourceOverrideEnabled"] = "Disabled"
            if "boot.mode" in names:
                boot["BootSourceOverrideMode"] = values["boot.mode"]
        else:  # several controllers take these only together
            boot |= {BOOT[n]: values[n] for n in ("boot.target", "boot.mode", "boot.enabled") if n in values}
    return boot


def _network(view: View, values: Mapping[str, Any], names: set[str]) -> Props:
    """Change of the controller's own interface; empty when it has none."""
    card = view.card()
    body: Props = {}
    if card is None:
        return body
    if "network.hostName" in names and "HostName" in card.body:
        body["HostName"] = values["network.hostName"]
    if names & set(CARD):
        if "network.dhcp" in values:
            body["DHCPv4"] = {"DHCPEnabled": values["network.dhcp"]}
        if not values.get("network.dhcp") and {"network.address", "network.prefix"} <= set(values):
            mask = ipaddress.ip_network(f"0.0.0.0/{values['network.prefix']}").netmask
            row = {"Address": values["network.address"], "SubnetMask": str(mask)}
            if values.get("network.gateway"):
                row["Gateway"] = values["network.gateway"]
            body["IPv4StaticAddresses" if "IPv4StaticAddresses" in card.body else "IPv4Addresses"] = [row]
    return body


def _padded(view: View, servers: list[str]) -> list[str | None]:
    """Servers in as many places as the controller has, where it has a fixed number."""
    protocol = view.protocol()
    there = (protocol.body.get("NTP") or {}).get("NTPServers") or [] if protocol else []
    empty = [s for s in there if not s]
    return [*servers, *(empty[:1] * (len(there) - len(servers)))] if empty else [*servers]
