"""The access table read: every rule as boxes of zone, protocol, source, destination and port."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from inventory import model as m
from inventory.checks import Context
from inventory.inventory import Inventory
from topology.ip import Net, parse_address, parse_net
from topology.zones import PORTS, Box, Range, merged, port_ranges

ANY = "any"
V6 = 1 << 40
"""Where IPv6 addresses begin on the one line of numbers that sources and destinations are laid on."""
NAMES = 1 << 170
"""Where things without a known address begin: one number each."""
EVERYTHING: Range = (0, 1 << 180)
PROTOCOLS = {"tcp": 0, "udp": 1, "icmp": 2, "esp": 3}
ALL_PROTOCOLS: Range = (0, 255)


@dataclass(frozen=True)
class Item:
    """One thing a rule names: the numbers it covers, its widest prefix, and the zone its record says."""

    text: str
    ranges: tuple[Range, ...]
    widest: Net | None = None
    zone: str | None = None
    known: bool = True
    addressed: bool = True


@dataclass(frozen=True)
class Rule:
    """A rule with its two sides resolved. `ports` is empty where nobody has stated them, and where they cannot be
    read (`fault` says why); such a rule covers nothing."""

    record: m.SecurityRule
    index: int
    src: tuple[Item, ...]
    dst: tuple[Item, ...]
    ports: tuple[Range, ...]
    fault: str = ""
    boxes: tuple[Box, ...] = field(default=(), repr=False)

    @property
    def subject(self) -> str:
        """How findings name it."""
        return f"policies/{self.record.name}"

    @property
    def allows(self) -> bool:
        """True for a rule that lets traffic through."""
        return self.record.action == "allow"

    @property
    def has_ports(self) -> bool:
        """True when its protocol has ports at all."""
        return self.record.proto in ("tcp", "udp", "any")

    @property
    def port_count(self) -> int:
        """How many ports it opens."""
        return sum(high - low + 1 for low, high in self.ports) if self.has_ports else 0

    @property
    def readable(self) -> bool:
        """True when every name is known and the ports can be read."""
        return not self.fault and all(item.known for item in (*self.src, *self.dst))


def rule_book(ctx: Context) -> tuple[Rule, ...]:
    """All rules in the order of the table; made once per run."""
    book: tuple[Rule, ...] = ctx.memo("zones.rules", lambda: _book(ctx))
    return book


def _book(ctx: Context) -> tuple[Rule, ...]:
    return tuple(_rule(ctx, i, r) for i, r in enumerate(ctx.inventory.policies.values()))


def objects(ctx: Context) -> Objects:
    """What names in rules mean; made once per run."""
    made: Objects = ctx.memo("zones.objects", lambda: Objects(ctx))
    return made


def _rule(ctx: Context, index: int, record: m.SecurityRule) -> Rule:
    meaning = objects(ctx)
    src = tuple(meaning.item(text, record.src_zone) for text in record.src)
    dst = tuple(meaning.item(text, record.dst_zone) for text in record.dst)
    try:
        ports, fault = port_ranges(record.port) if record.port else (), ""
    except ValueError as exc:
        ports, fault = (), str(exc)
    rule = Rule(record, index, src, dst, ports, fault)
    return (
        rule if not rule.readable else Rule(record, index, src, dst, ports, "", _boxes(ctx.inventory, rule))
    )


def _boxes(inventory: Inventory, rule: Rule) -> tuple[Box, ...]:
    """The boxes of a rule: (source zone, destination zone, protocol, source, destination, port)."""
    record = rule.record
    number = {name: i for i, name in enumerate(sorted(inventory.zones))}
    protocol = PROTOCOLS.get(record.proto)
    protocols = ALL_PROTOCOLS if protocol is None else (protocol, protocol)
    ports = rule.ports if rule.has_ports else (PORTS,)
    sides = [
        (record.src_zone, record.dst_zone, ranges_of(rule.src), ranges_of(rule.dst)),
        (record.dst_zone, record.src_zone, ranges_of(rule.dst), ranges_of(rule.src)),
    ]
    return tuple(
        Box(((number[a], number[a]), (number[b], number[b]), protocols, source, target, port))
        for a, b, sources, targets in sides[: 2 if record.direction == "both-ways" else 1]
        for source in sources
        for target in targets
        for port in ports
    )


def ranges_of(items: Iterable[Item]) -> tuple[Range, ...]:
    """All numbers that some item covers."""
    return merged(r for item in items for r in item.ranges)


class Objects:
    """What names in rules mean: addresses as planned, else a number of their own."""

    def __init__(self, ctx: Context) -> None:
        self.inventory = ctx.inventory
        self.addresses: dict[tuple[str, bool], list[Range]] = {}
        for address in ctx.plan.addresses if ctx.plan else ():
            device = ctx.inventory.devices.get(address.device)
            number = address_range(address.address)
            if device is not None and number is not None and address.released is None:
                management = address.plane in ("bmc", "mgmt")
                self.addresses.setdefault((device.owner, management), []).append(number)
        self.prefixes: dict[str, list[Net]] = {}
        for prefix in ctx.plan.prefixes if ctx.plan else ():
            net = parse_net(prefix.prefix)
            if prefix.plane == "business" and net is not None:
                self.prefixes.setdefault(prefix.used_by, []).append(net)
        named = [*self.inventory.fleets, *self.inventory.pairs, *self.inventory.endpoints]
        self.number = {name: NAMES + i for i, name in enumerate(sorted({*named, *self.inventory.pools}))}

    def item(self, text: str, zone: str) -> Item:
        """What `text` means in a rule, on the side of `zone`."""
        inventory = self.inventory
        own: Range = (self.number.get(text, NAMES), self.number.get(text, NAMES))
        if text == ANY:
            return Item(text, (EVERYTHING,))
        if text in inventory.fleets:
            management = inventory.zones[zone].kind == "oob"
            found = merged(self.addresses.get((text, management), ()))
            return Item(text, found or (own,), zone=None if management else inventory.fleets[text].zone)
        if text in inventory.endpoints:
            return self._endpoint(inventory.endpoints[text], own)
        if text in inventory.pools:
            pool, net = inventory.pools[text], parse_net(inventory.pools[text].prefix)
            return Item(text, net_ranges([net]) if net else (own,), net, pool.zone)
        if text in inventory.pairs:
            nets = self.prefixes.get(text, [])
            vlans = {v.zone for v in inventory.vlans.values() if v.pair == text and v.plane == "business"}
            zone_there = vlans.pop() if len(vlans) == 1 else None
            return Item(text, net_ranges(nets) or (own,), _widest(nets), zone_there)
        there = _net_of(text)
        return Item(text, net_ranges([there]), there) if there else Item(text, (), known=False)

    def _endpoint(self, endpoint: m.Endpoint, own: Range) -> Item:
        nets = [net for text in endpoint.addresses or () if (net := _net_of(text))]
        return Item(
            endpoint.name,
            net_ranges(nets) or (own,),
            _widest(nets),
            endpoint.zone,
            known=len(nets) == len(endpoint.addresses or ()),
            addressed=endpoint.addresses is not None,
        )


def _widest(nets: Iterable[Net]) -> Net | None:
    return min(nets, key=lambda n: (n.length - n.bits, n.first), default=None)


def _net_of(text: str) -> Net | None:
    """An address or a prefix; None for anything else."""
    address = parse_address(text)
    if address is not None:
        return Net(address.version, address.value, 32 if address.version == 4 else 128)
    return parse_net(text) if "/" in text else None


def address_range(text: str) -> Range | None:
    """One address as a range of numbers; None when it cannot be read."""
    net = _net_of(text.partition("/")[0])
    return net_ranges([net])[0] if net else None


def net_ranges(nets: Iterable[Net]) -> tuple[Range, ...]:
    """Prefixes as ranges of numbers."""
    return merged(
        (n.first + (V6 if n.version == 6 else 0), n.last + (V6 if n.version == 6 else 0)) for n in nets
    )
