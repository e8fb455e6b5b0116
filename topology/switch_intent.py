"""The configuration every planned switch must have: from the plan, nothing typed twice.

What nobody knows (an unsurveyed core port, a server without an address) is left out and named in `missing`.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inventory import model as m
from inventory.inventory import Device, Inventory
from inventory.plan_model import Cable, End, Plan, PlannedAddress, PlannedPrefix
from topology.switch_config import Bgp, Gateway, Lag, Mlag, Neighbour, Port, Server, SwitchConfig

PEER_LAG = 0
"""Number of the aggregate between the two members."""
DEVICE_SERVERS: tuple[m.ServerKind, ...] = ("ntp", "dns", "syslog", "snmp", "aaa")


@dataclass(frozen=True)
class Books:
    """The plan looked up the ways a configuration needs it."""

    inventory: Inventory
    plan: Plan
    cable_at: Mapping[tuple[str, str], tuple[Cable, End, End]]
    address_at: Mapping[tuple[str, str], PlannedAddress]
    addresses_of: Mapping[str, tuple[PlannedAddress, ...]]
    prefix: Mapping[str, PlannedPrefix]
    asn: Mapping[tuple[str, str], int]


def books(inventory: Inventory, plan: Plan) -> Books:
    """The books of a plan; tombstones are left out."""
    cable_at: dict[tuple[str, str], tuple[Cable, End, End]] = {}
    for cable in plan.cables:
        for near, far in ((cable.a, cable.b), (cable.b, cable.a)):
            if near.port is not None:
                cable_at[near.device, near.port] = (cable, near, far)
    live = [a for a in plan.addresses if a.released is None]
    by_device: dict[str, list[PlannedAddress]] = defaultdict(list)
    for address in live:
        by_device[address.device].append(address)
    return Books(
        inventory,
        plan,
        cable_at,
        {(a.device, a.interface): a for a in live},
        {k: tuple(v) for k, v in by_device.items()},
        {p.prefix: p for p in plan.prefixes},
        {(a.site, a.used_by): a.asn for a in plan.asns},
    )


def switch_configs(inventory: Inventory, plan: Plan) -> Iterator[SwitchConfig]:
    """Configurations of all planned switches whose platform is stated, in name order."""
    known = books(inventory, plan)
    for placed in sorted(plan.devices, key=lambda d: d.name):
        device = inventory.devices.get(placed.name)
        if device is None or device.site is None:
            continue
        if isinstance(device.record, m.Pair) and device.record.platform:
            yield _pair_member(known, device, device.record)
        elif isinstance(device.record, m.OobSwitch) and device.record.platform:
            yield _oob_switch(known, device, device.record)


def with_length(address: PlannedAddress) -> str:
    """The address with the length of its prefix: 10.10.254.1/31."""
    return f"{address.address}/{address.prefix.partition('/')[2]}"


def locally_administered_mac(text: str) -> str:
    """A unicast MAC of the locally administered range, the same for the same text."""
    digest = hashlib.sha256(text.encode()).digest()
    return ":".join(f"{b:02x}" for b in (0x02, *digest[:5]))


def _pair_member(known: Books, device: Device, pair: m.Pair) -> SwitchConfig:
    missing: list[str] = []
    jumbo = int(known.inventory.policy.number("net.mtu_fabric"))
    business = next(
        (p for p in known.plan.prefixes if p.plane == "business" and p.used_by == pair.name), None
    )
    vid = business.vid if business and business.vid else 0
    if not vid:
        missing.append("business VLAN of the pair: no prefix or VLAN planned")
    ports: list[Port] = []
    lags: list[Lag] = []
    neighbours: list[Neighbour] = []
    peer_members: list[str] = []
    data = [i for i in device.type.interfaces if not i.mgmt_only]
    for number, interface in enumerate(data, 1):
        name = interface.name
        cable, far = _link(known, device.name, name)
        if cable is None or far is None:
            ports.append(Port(name, "unused", "unused", enabled=False))
            continue
        text = f"{far.device}:{far.port or 'unsurveyed'} {cable.id}"
        if cable.kind == "access":
            ports.append(Port(name, "access", text, lag=number, mtu=jumbo))
            host = known.inventory.devices.get(far.device)
            installed = (
                host is not None and host.kind == "server"
            )  # it starts from the network, before its bond is
            lags.append(Lag(number, far.device, (name,), mlag=number, untagged=vid, fallback=installed))
        elif cable.kind == "peer-link":
            ports.append(Port(name, "peer-link", text, lag=PEER_LAG, mtu=jumbo))
            peer_members.append(name)
        elif cable.kind == "uplink":
            ports.append(_uplink(known, device, name, text, far, cable, jumbo, neighbours, missing))
        elif cable.kind == "keepalive":
            own = known.address_at.get((device.name, "keepalive"))
            ports.append(Port(name, "keepalive", text, address=with_length(own) if own else None))
        else:
            ports.append(Port(name, "unused", text, enabled=False))
            missing.append(f"{name}: a cable of kind {cable.kind} on a data port")
    loopback = known.address_at.get((device.name, "loopback0"))
    if loopback:
        ports.append(Port("loopback0", "loopback", "router id", address=f"{loopback.address}/32"))
    vlans = [(vid, _vlan_name(known, device.site, vid))] if vid else []
    if peer_members:
        tagged = tuple(v for v, _ in vlans)
        lags.append(
            Lag(PEER_LAG, f"peer link of {pair.name}", tuple(sorted(peer_members)), peer_link=True, tagged=tagged)
        )  # fmt: skip
    asn = known.asn.get((device.site or "", pair.name))
    bgp = None
    if asn is None or loopback is None:
        missing.append("BGP: no ASN or loopback planned for this pair")
    else:
        networks = [f"{loopback.address}/32", *([business.prefix] if business else [])]
        bgp = Bgp(asn, loopback.address, tuple(sorted(neighbours, key=lambda n: n.address)), tuple(networks))
    gateways: tuple[Gateway, ...] = ()
    if business and business.gateway and vid:
        length = business.prefix.partition("/")[2]
        mac = f"00:00:5e:00:01:{vid % 255 + 1:02x}"
        relay = _relay(known, device.site, missing)
        gateways = (
            Gateway(vid, f"{business.gateway}/{length}", mac, f"business of {pair.name}", jumbo, relay),
        )
    return SwitchConfig(
        device.name, str(pair.platform), tuple(vlans), tuple(ports), tuple(sorted(lags, key=lambda g: g.number)),
        gateways, _mlag(known, device, pair, missing), bgp, _management(known, device, missing),
        _servers(known, device.site, missing), True, tuple(missing),
    )  # fmt: skip


def _uplink(
    known: Books, device: Device, name: str, text: str, far: End, cable: Cable, mtu: int,
    neighbours: list[Neighbour], missing: list[str],
) -> Port:  # fmt: skip
    own = known.address_at.get((device.name, name))
    other = known.address_at.get((far.device, far.port or f"unsurveyed-{cable.id}"))
    far_asn = known.asn.get((device.site or "", "core"))
    if own and other and far_asn:
        neighbours.append(Neighbour(other.address, far_asn, f"{far.device}:{far.port or 'unsurveyed'}"))
    else:
        missing.append(f"{name}: no addresses or core ASN for the uplink to {far.device}")
    return Port(name, "uplink", text, address=with_length(own) if own else None, mtu=mtu)


def _mlag(known: Books, device: Device, pair: m.Pair, missing: list[str]) -> Mlag | None:
    if not pair.mlag:
        return None
    names = sorted(p.name for p in known.inventory.pairs.values() if p.site == pair.site)
    other = f"{pair.name}{'B' if device.member == 'A' else 'A'}"
    port = None
    if pair.keepalive == "port":
        own, far = (known.address_at.get((n, "keepalive")) for n in (device.name, other))
        port = next(
            (p for (d, p), (c, _, _) in known.cable_at.items() if d == device.name and c.kind == "keepalive"),
            None,
        )
    else:
        own, far = (_mgmt_address(known, known.inventory.devices[n]) for n in (device.name, other))
    if own is None or far is None:
        missing.append("keepalive of the pair: an address is missing")
        return None
    domain = (
        names.index(pair.name) + 1 if pair.platform == "ruijie_rgos" else 1
    )  # the others know no other number
    return Mlag(
        domain, 1 if device.member == "A" else 2, 150 if device.member == "A" else 120,
        locally_administered_mac(pair.name), PEER_LAG, own.address, far.address, port,
    )  # fmt: skip


def _oob_switch(known: Books, device: Device, record: m.OobSwitch) -> SwitchConfig:
    missing: list[str] = []
    vids = {
        plane: next((v.vid for v in known.inventory.vlans.values() if v.site == device.site and v.plane == plane), 0)
        for plane in ("bmc", "mgmt")
    }  # fmt: skip
    vlans = sorted((vid, _vlan_name(known, device.site, vid)) for vid in set(vids.values()) if vid)
    ports = []
    for interface in device.type.interfaces:
        if interface.mgmt_only:
            continue
        cable, far = _link(known, device.name, interface.name)
        if cable is None or far is None:
            ports.append(Port(interface.name, "unused", "unused", enabled=False))
            continue
        text = f"{far.device}:{far.port or 'unsurveyed'} {cable.id}"
        if cable.kind == "oob-uplink":
            ports.append(Port(interface.name, "uplink", text, tagged=tuple(v for v, _ in vlans)))
            continue
        address = known.address_at.get((far.device, far.port or ""))
        vid = address.vid if address and address.vid else vids["mgmt"]
        if address is None:
            missing.append(
                f"{interface.name}: no address planned for {far.device}:{far.port}; management VLAN taken"
            )
        ports.append(Port(interface.name, "oob", text, untagged=vid))
    return SwitchConfig(
        device.name, str(record.platform), tuple(vlans), tuple(ports), management=_management(known, device, missing),
        servers=_servers(known, device.site, missing), missing=tuple(missing),
    )  # fmt: skip


def _link(known: Books, device: str, port: str) -> tuple[Cable | None, End | None]:
    found = known.cable_at.get((device, port))
    return (found[0], found[2]) if found else (None, None)


def _mgmt_address(known: Books, device: Device) -> PlannedAddress | None:
    return next((a for a in known.addresses_of.get(device.name, ()) if a.plane == "mgmt"), None)


def _management(known: Books, device: Device, missing: list[str]) -> tuple[str, str, str] | None:
    address = _mgmt_address(known, device)
    if address is None:
        missing.append("management address: none planned")
        return None
    prefix = known.prefix.get(address.prefix)
    return address.interface, with_length(address), (prefix.gateway or "") if prefix else ""


def _servers(known: Books, site: str | None, missing: list[str]) -> tuple[Server, ...]:
    rows: dict[tuple[str, str], Server] = {}
    for kind in DEVICE_SERVERS:
        stated = sorted(known.inventory.servers(kind, site), key=lambda e: e.name)
        if not stated:
            missing.append(f"{kind} servers: none in the inventory (management_servers)")
        for e in stated:
            if e.address is None:
                missing.append(f"{kind} server {e.name}: its address is not known")
            elif kind == "snmp" and not e.account:
                missing.append(f"snmp server {e.name}: its SNMPv3 account is not known")
            else:
                account = e.account or "" if kind == "snmp" else ""
                secret = e.secret or "" if kind in ("snmp", "aaa") else ""
                rows.setdefault((kind, e.address), Server(kind, e.address, account, secret))  # type: ignore[arg-type]
    return tuple(sorted(rows.values(), key=lambda s: (s.kind, ipaddress.ip_address(s.address).packed)))


def _relay(known: Books, site: str | None, missing: list[str]) -> tuple[str, ...]:
    """DHCP servers of a site, or the boot servers where none are stated: one machine may be both."""
    stated = known.inventory.servers("dhcp", site) or known.inventory.servers("boot", site)
    if not stated:
        missing.append("DHCP relay: no dhcp or boot server in the inventory (management_servers)")
    missing += [f"{e.kind} server {e.name}: its address is not known" for e in stated if e.address is None]
    found = {e.address for e in stated if e.address is not None}
    return tuple(sorted(found, key=lambda a: ipaddress.ip_address(a).packed))


def _vlan_name(known: Books, site: str | None, vid: int) -> str:
    return next(
        (v.name for v in known.inventory.vlans.values() if (v.site, v.vid) == (site, vid)), f"vlan{vid}"
    )
