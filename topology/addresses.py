"""The address plan: prefixes, ASNs and addresses, issued in a fixed order and never moved afterwards.

Rules:

- loopback, BMC and management pools are one prefix per site; addresses follow in the order site, role, pair,
  owner, index, at the lowest free place. Business prefixes are cut one per access pair, point-to-point ones
  one per uplink cable (/31, /127), keepalive ones one per pair that has a port for it.
- The gateway is the first usable address; `address.gateways` addresses are held for it and for the switches'
  own. A gateway that is reserved or taken is left open (None).
- What a previous plan issued stays with its interface. Where the interface is gone the address becomes a
  tombstone, and is free again `address.quarantine_d` days later; the same interface gets its own back.
- Nothing is issued inside a reserved prefix or on an address of a host that stands already. A pool that is
  missing or full leaves needs unserved; the checks NET019 and NET020 say which.

Source: RFC 3021 and RFC 6164 (point-to-point prefixes), RFC 7938 (an ASN per pair), RFC 6996 (private ASNs).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from inventory import model as m
from inventory.inventory import Inventory
from inventory.plan_model import Cable, PlacedDevice, Plan, PlannedAddress, PlannedAsn, PlannedPrefix
from topology.address_needs import (
    ROUTED,
    SITE_WIDE,
    AddressNeed,
    AsnNeed,
    BlockNeed,
    Needs,
    address_needs,
    find_vlan,
    hosts_with_spare,
    vlan_of,
)
from topology.ip import Address, Net, Taken, address_text, parse_address, parse_net

Issued = tuple[tuple[PlannedPrefix, ...], tuple[PlannedAsn, ...], tuple[PlannedAddress, ...]]


def plan_addresses(
    inventory: Inventory,
    devices: Sequence[PlacedDevice],
    cables: Sequence[Cable],
    previous: Plan | None,
    today: date,
) -> Issued:
    """Prefixes, ASNs and addresses (tombstones included) for the devices and cables of a plan.

    Results are sorted by number. The order of inventory, devices and cables does not matter; `previous`
    keeps what it issued to interfaces that still exist. Cost: about linear in interfaces.
    """
    needs = address_needs(inventory, devices, cables)
    work = _Work(inventory, previous or Plan(), needs, today)
    work.keep_prefixes()
    work.keep_addresses()
    work.cut_prefixes()
    work.hold_gateways()
    work.issue_addresses()
    return work.prefix_records(), _asns(inventory, needs.asns, previous), work.address_records()


def first_free_gateway(net: Net, occupied: Taken | None) -> Address | None:
    """The first usable address of a prefix, or None when it is reserved or taken."""
    if occupied is not None and occupied.meets(net.first_usable, net.first_usable):
        return None
    return Address(net.version, net.first_usable)


def foreign_ranges(inventory: Inventory) -> dict[int, Taken]:
    """Addresses that are not ours to issue, by IP version: reserved prefixes and hosts that stand already."""
    taken = {4: Taken(), 6: Taken()}
    for reserved in inventory.reserved_prefixes.values():
        net = parse_net(reserved.prefix)
        if net is not None:
            taken[net.version].add(net.first, net.last)
    for group in inventory.existing_hosts.values():
        for host in group.hosts:
            for text in host.addresses:
                address = parse_address(text.partition("/")[0])
                if address is not None:
                    taken[address.version].add(address.value, address.value)
    return taken


def in_quarantine(row: PlannedAddress, today: date, days: float) -> bool:
    """True while a tombstone must not be issued again; an unreadable date never ends."""
    try:
        return (today - date.fromisoformat(row.released or "")).days < days
    except ValueError:
        return True


class _Work:
    """The books while one plan is made: what is taken, what is kept, what is new."""

    def __init__(self, inventory: Inventory, previous: Plan, needs: Needs, today: date) -> None:
        self.inventory, self.previous, self.needs, self.today = inventory, previous, needs, today
        self.gateways = int(inventory.policy.number("address.gateways"))
        self.spare = inventory.policy.number("address.business_spare")
        self.days = inventory.policy.number("address.quarantine_d")
        self.vlans = vlan_of(inventory)
        self.foreign = foreign_ranges(inventory)
        self.blocks, self.hosts = foreign_ranges(inventory), foreign_ranges(inventory)
        self.pools: dict[tuple[str, str], list[tuple[m.Pool, Net]]] = {}
        for pool in sorted(inventory.pools.values(), key=lambda p: p.name):
            net = parse_net(pool.prefix)
            if net is not None:
                self.pools.setdefault((pool.plane, pool.site), []).append((pool, net))
        self.pair_of = {b.key: b.pair for b in needs.blocks}
        self.cut: dict[tuple[str, str], tuple[str, str, Net]] = {}  # block key -> pool, site, prefix
        self.wide: dict[str, tuple[m.Pool, Net]] = {}  # pool of a site-wide plane -> its prefix
        self.moved_text: dict[str, str] = {}  # prefix that grew -> its new text
        self.live: dict[tuple[str, str, str], tuple[Address, str]] = {}
        self.tombstones: list[PlannedAddress] = []
        self.cursor: dict[tuple[str, int], int] = {}

    # ------------------------------------------------------------ what stays

    def keep_prefixes(self) -> None:
        """Prefixes of a previous plan that still serve; the one prefix of each site-wide pool."""
        wanted = {b.key: b for b in self.needs.blocks}
        before: dict[str, list[Net]] = {}
        for record in self.previous.prefixes:
            net = parse_net(record.prefix)
            if net is None:
                continue
            if record.plane in SITE_WIDE:
                before.setdefault(record.pool, []).append(net)
            block = wanted.get((record.plane, record.used_by))
            if block is not None and block.key not in self.cut:
                self.cut[block.key] = (record.pool, record.site, net)
                self.blocks[net.version].add(net.first, net.last)
        for (plane, _), pools in sorted(self.pools.items()):
            if plane not in SITE_WIDE:
                continue
            for pool, net in pools:
                old = next((o for o in before.get(pool.name, ()) if o.overlaps(net)), net)
                whole = net if net.contains(old) else old  # a pool that grew takes its prefix along
                if whole != old:
                    self.moved_text[old.text] = whole.text
                self.wide[pool.name] = (pool, whole)
                self.blocks[whole.version].add(whole.first, whole.last)

    def keep_addresses(self) -> None:
        """Addresses that stay with their interface; the rest of the previous plan becomes tombstones."""
        wanted = {n.key: n for n in self.needs.addresses if n.offset is None}
        rows = sorted(self.previous.addresses, key=lambda r: (r.released is not None, r.address, r.device))
        site_of = {r.prefix: r.site for r in self.previous.prefixes}
        left: list[tuple[PlannedAddress, Address]] = []
        for row in rows:
            address = parse_address(row.address)
            if address is None:
                continue
            key = (row.plane, row.device, row.interface)
            need = wanted.get(key)
            own = self.cut.get((row.plane, need.used_by)) if need and need.used_by else None
            if need is not None and need.used_by:
                fits = own is not None and own[2].holds(address)
            else:
                fits = need is not None and site_of.get(row.prefix, need.site) == need.site
            if fits and key not in self.live:
                self.live[key] = (address, self.moved_text.get(row.prefix, row.prefix))
                self.hosts[address.version].add(address.value, address.value)
            else:
                left.append((row, address))
        used = {address for address, _ in self.live.values()} | {a for _, a in self.point_to_point()}
        for row, address in left:
            stone = row.model_copy(update={"released": row.released or self.today.isoformat(), "at": ""})
            if address not in used and in_quarantine(stone, self.today, self.days):
                self.tombstones.append(stone)
                self.blocks[address.version].add(address.value, address.value)
                self.hosts[address.version].add(address.value, address.value)

    # ------------------------------------------------------------ what is new

    def cut_prefixes(self) -> None:
        """A prefix for every block that has none: the lowest free place of the first pool with room."""
        for need in self.needs.blocks:
            if need.key in self.cut:
                continue
            for pool, net in self.pools.get((need.plane, need.site), ()):
                length = self.length(need, pool, net)
                if length < net.length:
                    continue
                size = 1 << (net.bits - length)
                start = self.cursor.get((pool.name, size), net.first)
                first = self.blocks[net.version].lowest_free(start, net.last, size)
                self.cursor[pool.name, size] = net.last + 1 if first is None else first
                if first is not None:
                    self.blocks[net.version].add(first, first + size - 1)
                    self.cut[need.key] = (pool.name, need.site, Net(net.version, first, length))
                    break

    def length(self, need: BlockNeed, pool: m.Pool, net: Net) -> int:
        """Prefix length for a block: two addresses, what the pool says, or the smallest that holds the hosts."""
        if need.hosts is None:
            return net.bits - 1
        if pool.per_pair_length is not None:
            return min(pool.per_pair_length, net.bits)
        wanted = hosts_with_spare(need.hosts, self.gateways, self.spare) + 2  # network and broadcast
        return net.bits - max(2, (wanted - 1).bit_length())

    def hold_gateways(self) -> None:
        """Keep the gateway and the switches' own addresses out of what is issued to hosts."""
        routed = [net for (plane, _), (_, _, net) in self.cut.items() if plane in ROUTED]
        routed += [net for pool, net in self.wide.values() if pool.plane in ROUTED]
        for net in routed:
            last = min(net.first_usable + self.gateways - 1, net.last_usable)
            self.hosts[net.version].add(net.first_usable, last)

    def issue_addresses(self) -> None:
        """An address for every interface that has none, where there is room."""
        for need in self.needs.addresses:
            if need.offset is not None or need.key in self.live:
                continue
            for name, whole, within in self.places(need):
                start = max(within.first_usable, self.cursor.get((name, 1), 0))
                value = self.hosts[whole.version].lowest_free(start, within.last_usable, 1)
                self.cursor[name, 1] = within.last_usable + 1 if value is None else value
                if value is not None:
                    self.hosts[whole.version].add(value, value)
                    self.live[need.key] = (Address(whole.version, value), whole.text)
                    break

    def places(self, need: AddressNeed) -> Iterable[tuple[str, Net, Net]]:
        """Where an address may come from: (cursor name, prefix it belongs to, part of it to issue from)."""
        if need.used_by:
            own = self.cut.get((need.plane, need.used_by))
            return [(own[2].text, own[2], own[2])] if own else []
        out = []
        for pool, net in self.pools.get((need.plane, need.site), ()):
            whole = self.wide[pool.name][1]
            out.append((pool.name, whole, net if whole.contains(net) else whole))
        return out

    # ------------------------------------------------------------ results

    def point_to_point(self) -> Iterable[tuple[AddressNeed, Address]]:
        """Addresses of point-to-point prefixes: settled by the prefix, core side first."""
        for need in self.needs.addresses:
            own = self.cut.get((need.plane, need.used_by)) if need.offset is not None else None
            if own is not None and need.offset is not None:
                yield need, Address(own[2].version, own[2].first + need.offset)

    def vid(self, plane: str, site: str, used_by: str) -> int | None:
        """VLAN id of a prefix, from the inventory."""
        vlan = find_vlan(self.vlans, plane, site, self.pair_of.get((plane, used_by)))
        return vlan.vid if vlan else None

    def prefix_records(self) -> tuple[PlannedPrefix, ...]:
        """Prefixes in number order; a site-wide one only when something was issued from it."""
        used = {text for _, text in self.live.values()}
        out: list[tuple[Net, PlannedPrefix]] = []
        rows = [(plane, pool, site, by, net) for (plane, by), (pool, site, net) in self.cut.items()]
        rows += [(p.plane, p.name, p.site, p.site, net) for p, net in self.wide.values() if net.text in used]
        kept = {(pool, net.text) for _, pool, _, _, net in rows}
        for record in self.previous.prefixes:  # a pool that was moved away from issued addresses
            net = parse_net(record.prefix)
            if record.plane in SITE_WIDE and net and net.text in used and (record.pool, net.text) not in kept:
                rows.append((record.plane, record.pool, record.site, record.used_by, net))
        for plane, pool, site, by, net in rows:
            gateway = first_free_gateway(net, self.foreign[net.version]) if plane in ROUTED else None
            out.append(
                (net, PlannedPrefix(prefix=net.text, pool=pool, plane=plane, site=site, used_by=by,
                                    gateway=gateway.text if gateway else None, vid=self.vid(plane, site, by)))
            )  # fmt: skip
        return tuple(r for _, r in sorted(out, key=lambda x: (x[0], x[1].pool, x[1].used_by)))

    def address_records(self) -> tuple[PlannedAddress, ...]:
        """Addresses in number order, tombstones among them."""
        out: list[tuple[tuple[int, int, bool, str, str], PlannedAddress]] = []

        def add(need: AddressNeed, address: Address, prefix: str) -> None:
            row = PlannedAddress(
                address=address_text(*address), prefix=prefix, plane=need.plane, device=need.device,
                interface=need.interface, vid=self.vid(need.plane, need.site, need.used_by),
            )  # fmt: skip
            out.append(((*address, False, need.device, need.interface), row))

        for need in self.needs.addresses:
            if need.key in self.live and need.offset is None:
                add(need, *self.live[need.key])
        for need, address in self.point_to_point():
            add(need, address, self.cut[need.plane, need.used_by][2].text)
        for stone in self.tombstones:
            number = parse_address(stone.address)
            if number is not None:
                out.append(((*number, True, stone.device, stone.interface), stone))
        return tuple(row for _, row in sorted(out, key=lambda x: x[0]))


def _asns(inventory: Inventory, needs: Sequence[AsnNeed], previous: Plan | None) -> tuple[PlannedAsn, ...]:
    """ASNs in number order: those stated, those issued before, then the lowest free of each pool."""
    before = {(r.site, r.used_by): r for r in reversed(previous.asns if previous else ())}
    pools = sorted(inventory.asn_pools.values(), key=lambda p: p.name)
    taken = {s.asn for s in inventory.existing_switches.values() if s.asn}
    taken |= {r.asn for r in before.values()}
    free = {
        key: _numbers([p for p in pools if (p.site, p.role) == key])
        for key in {(n.site, n.role) for n in needs}
    }
    out: list[PlannedAsn] = []
    for need in needs:
        old = before.get((need.site, need.used_by))
        if need.stated is not None:
            pool = next(
                (p.name for p in pools if p.site == need.site and p.first <= need.stated <= p.last), ""
            )
            out.append(PlannedAsn(asn=need.stated, pool=pool, site=need.site, used_by=need.used_by))
        elif old is not None:
            out.append(old.model_copy(update={"at": ""}))
        else:
            found = next(((p, n) for p, n in free[need.site, need.role] if n not in taken), None)
            if found is not None:
                taken.add(found[1])
                out.append(PlannedAsn(asn=found[1], pool=found[0].name, site=need.site, used_by=need.used_by))
    return tuple(sorted(out, key=lambda r: (r.asn, r.site, r.used_by)))


def _numbers(pools: Sequence[m.AsnPool]) -> Iterator[tuple[m.AsnPool, int]]:
    for pool in pools:
        for number in range(pool.first, pool.last + 1):
            yield pool, number
