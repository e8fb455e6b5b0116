"""Cables of the plan: which port goes to which, through which tray, with which optics and labels.

Append-only: a cable of the plan before stays as it is while both devices and ports exist and its link is
still wanted. What was unknown (far port, length) is filled in once it is known; nothing known changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inventory.inventory import Device, Inventory
from inventory.model import ExistingSwitch, Fleet, OobSwitch, Pair
from inventory.plan_model import Cable, CableKind, End, PlacedDevice, Plan, issued
from topology.cable_parts import (
    LETTERS,
    Places,
    cable_id,
    colour_of,
    joined_labels,
)
from topology.links import (
    Key,
    access_links,
    console_links,
    far_members,
    key_of,
    oob_links,
    wanted_keys,
)
from topology.media import (
    Medium,
    console_medium,
    keepalive_medium,
    link_speed_gbps,
    oob_medium,
    peer_medium,
    port_gbps,
    uplink_medium,
)
from topology.ports import Ledger, free_ports_of, port_exists, port_plan_of, ports_for
from topology.trays import Trays, cable_length_m


def plan_cables(
    inventory: Inventory, devices: Sequence[PlacedDevice], previous: Plan | None
) -> tuple[Cable, ...]:
    """All cables between the placed devices and to switches that stand already, by id.

    Devices without a rack get none. A link for which no port is left is not invented: the checks report it.
    """
    placed = {d.name: d for d in devices if d.rack in inventory.racks and d.name in inventory.devices}
    planner = _Planner(inventory, placed, issued(previous))
    planner.keep(previous.cables if previous else ())
    planner.access()
    planner.pair_links()
    planner.oob()
    planner.console()
    return tuple(sorted(planner.cables, key=lambda c: c.id))


@dataclass(frozen=True, slots=True)
class _Link:
    """A new link before it has an id: ends with ports, and how it is made."""

    kind: CableKind
    near: str
    near_port: str | None
    far: str
    far_port: str | None
    medium: Medium
    speed_gbps: float
    group: str
    stock_m: float | None = None


class _Planner:
    """Ports taken, links still wanted, and the next number per site and class while cables are dealt out."""

    def __init__(
        self, inventory: Inventory, placed: Mapping[str, PlacedDevice], last: dict[str, int]
    ) -> None:
        self.inventory = inventory
        self.placed = placed
        self.places = Places(Trays(inventory), placed)
        self.ledger = Ledger(inventory)
        self.cables: list[Cable] = []
        self.wanted: Counter[Key] = wanted_keys(inventory, placed)
        self.by_key: dict[Key, list[Cable]] = {}
        """Kept and new cables by key, to keep the two links of a server on one port number."""
        self.last = last
        """Highest number issued by series of ids."""
        self.bundles: Counter[str] = Counter()
        self.cards: Counter[tuple[str, str, str]] = Counter()
        """(near switch or pair, far switch, line card) -> uplinks that end there."""
        self.oob_count: Counter[str] = Counter()
        self.oob_avoid: dict[str, set[str]] = {}
        self.bundle_max = round(inventory.policy.number("cable.bundle_max"))

    # ------------------------------------------------------------ what was planned before

    def keep(self, cables: Sequence[Cable]) -> None:
        """Take over every cable of the plan before that is still wanted."""
        ids: set[str] = set()
        for cable in sorted(cables, key=lambda c: c.id):
            if cable.id in ids or not self._stands(cable):
                continue
            ids.add(cable.id)
            self._note(self._filled_in(cable))

    def _stands(self, cable: Cable) -> bool:
        """True when link, devices and ports of a cable are all still there and its ports not yet taken."""
        if self.wanted[key_of(cable)] <= 0 or not far_members(self.inventory, self.placed, cable):
            return False
        for end in (cable.a, cable.b):
            device = self.inventory.devices.get(end.device)
            if device is None and end.device not in self.inventory.existing_switches:
                return False
            if device is not None and end.device not in self.placed:
                return False
            if end.port is None:
                continue
            if device is not None and not port_exists(device, end.port, cable.kind):
                return False
            if self.ledger.taken(end.device, end.port):
                return False
        return cable.type in self.inventory.catalog.cables

    def _filled_in(self, cable: Cable) -> Cable:
        """The cable with what has become known since: a surveyed far port, a length."""
        update: dict[str, object] = {}
        if cable.b.port is None and cable.b.device in self.inventory.existing_switches:
            port = self._surveyed_port(cable)
            if port is not None:
                near = self.places.label(cable.a.device, cable.a.port)
                update["b"] = cable.b.model_copy(update={"port": port})
                labels = joined_labels(near, self.places.label(cable.b.device, port))
                update["label_a"], update["label_b"] = labels
        if cable.length_m is None:
            length, route = self._length(cable.a.device, cable.b.device, cable.type)
            if length is not None:
                stock = cable.stock_m
                if stock is None:
                    stock = self.inventory.catalog.cables[cable.type].stock_length_m(length)
                update.update(length_m=length, route=route, stock_m=stock)
        return cable.model_copy(update=update) if update else cable

    def _surveyed_port(self, cable: Cable) -> str | None:
        if cable.kind == "access":
            other = self._twin_port(cable.a.device, cable.a.port or "", cable.b.device)
            return self._existing_access_port(cable.b.device, cable.speed_gbps, other)
        return self._far_port(cable.a.device, cable.b.device, cable.speed_gbps)

    def _note(self, cable: Cable) -> None:
        """Count a cable in: ports, line cards, bundle, the link it serves."""
        self.cables.append(cable)
        key = key_of(cable)
        self.wanted[key] -= 1
        self.by_key.setdefault(key, []).append(cable)
        for end in (cable.a, cable.b):
            self.ledger.take(end.device, end.port, cable.speed_gbps)
        self.bundles[cable.bundle] += 1
        switch = self.inventory.existing_switches.get(cable.b.device)
        if switch is not None and cable.b.port is not None:
            card = next((c for c, p in free_ports_of(switch) or () if p == cable.b.port), "")
            for near in {cable.a.device, self._owner(cable.a.device)}:
                self.cards[near, cable.b.device, card] += 1
        if cable.kind == "oob":
            self.oob_count[cable.b.device] += 1
            apart = oob_apart(self.inventory.devices[cable.a.device])
            if apart:
                self.oob_avoid.setdefault(apart, set()).add(cable.b.device)

    def _owner(self, device: str) -> str:
        known = self.inventory.devices.get(device)
        return known.owner if known else device

    # ------------------------------------------------------------ access

    def access(self) -> None:
        """The business interfaces of every server: first to member A, second to member B, same port number."""
        for wants in access_links(self.inventory, self.placed):
            missing = [w for w in wants if self.wanted[w.key] > 0]
            if not missing:
                continue
            members = [w.far for w in wants]
            speed = missing[0].speed_gbps
            own = members[0] in self.inventory.devices
            kept = next((c.b.port for w in wants for c in self.by_key.get(w.key, ()) if c.b.port), None)
            port: str | None = None
            if own:
                ports = ports_for(port_plan_of(self.inventory, self.inventory.devices[members[0]]), "server")
                if any(m not in self.placed for m in members):
                    continue
                port = self.ledger.first_free([w.far for w in missing], ports, speed, kept)
                if port is None:
                    continue
            else:
                port = self._existing_access_port(members[0], speed, kept)
                if port is None and self._surveyed(members[0]):
                    continue
            for want in missing:
                if want.medium is not None:
                    self._add(
                        _Link(
                            "access", want.near, want.near_port, want.far, port, want.medium, speed, want.near
                        )
                    )

    def _existing_access_port(self, member: str, speed_gbps: float, prefer: str | None) -> str | None:
        """A port that a survey found free on both members of the pair of `member`; None: none, or not surveyed."""
        if not self._surveyed(member):
            return None
        pair = self._existing_pair(member)
        surveyed = [free_ports_of(s) for s in pair]
        common = set.intersection(*({port for _, port in s or ()} for s in surveyed))
        if prefer is not None:
            return prefer if prefer in common and self.ledger.free(member, prefer, speed_gbps) else None
        ports = [port for _, port in surveyed[0] or () if port in common]
        return self.ledger.first_free([s.name for s in pair], ports, speed_gbps)

    def _existing_pair(self, member: str) -> tuple[ExistingSwitch, ...]:
        switch = self.inventory.existing_switches[member]
        return self.inventory.existing_pairs.get(switch.pair or "", (switch,))

    def _surveyed(self, member: str) -> bool:
        return all(s.free_ports is not None for s in self._existing_pair(member))

    def _twin_port(self, server: str, interface: str, member: str) -> str | None:
        """Port number the other link of the same server has on the other member."""
        for wants in access_links(self.inventory, {server: self.placed[server]}):
            if any(w.near_port == interface and w.far == member for w in wants):
                cables = (c for w in wants for c in self.by_key.get(w.key, ()))
                return next((c.b.port for c in cables if c.b.port is not None), None)
        return None

    # ------------------------------------------------------------ links of switches

    def pair_links(self) -> None:
        """Uplinks, peer links and keepalive of every pair, by name."""
        pairs = [
            p
            for _, p in sorted(self.inventory.pairs.items())
            if f"{p.name}A" in self.placed and f"{p.name}B" in self.placed
        ]
        for pair in pairs:
            for member in (f"{pair.name}A", f"{pair.name}B"):
                self._uplinks(member, pair, "uplink")
        for pair in pairs:
            self._peer_links(pair)
        for pair in pairs:
            self._keepalive_port(pair)

    def _uplinks(self, near: str, record: Pair | OobSwitch, kind: CableKind) -> None:
        uplinks = record.uplinks
        if uplinks is None or not uplinks.to:
            return
        device = self.inventory.devices[near]
        ports = ports_for(port_plan_of(self.inventory, device), "uplink")
        for k in range(uplinks.per_member):
            far = uplinks.to[k % len(uplinks.to)]
            key: Key = (kind, near, "", far)
            done = k // len(uplinks.to) < len(self.by_key.get(key, ()))
            if done or self.wanted[key] <= 0:
                continue
            medium = uplink_medium(self.inventory, near, record, far)
            if medium is None:
                return
            preferred = ports[k] if k < len(ports) else None
            speed = link_speed_gbps(
                self.inventory,
                medium,
                port_gbps(self.inventory, near, ports[0]),
                port_gbps(self.inventory, far, None),
            )
            port = self.ledger.first_free([near], ports, speed, preferred)
            if port is None or port not in device.type.interface_by_name:
                continue
            far_port = self._far_port(near, far, speed)
            if far_port is None and free_ports_of(self.inventory.existing_switches[far]) is not None:
                continue
            self._add(_Link(kind, near, port, far, far_port, medium, speed, f"{record.name}:uplink"))

    def _far_port(self, near: str, far: str, speed_gbps: float) -> str | None:
        """A surveyed free port of a switch that stands already, on the line card that carries the fewest
        links of this switch and then of its pair."""
        surveyed = free_ports_of(self.inventory.existing_switches[far])
        order: dict[str, int] = {}
        for card, _ in surveyed or ():
            order.setdefault(card, len(order))
        free = [(c, p) for c, p in surveyed or () if self.ledger.free(far, p, speed_gbps)]
        owner = self._owner(near)
        best = min(
            free,
            key=lambda cp: (self.cards[near, far, cp[0]], self.cards[owner, far, cp[0]], order[cp[0]]),
            default=None,
        )
        return best[1] if best else None

    def _peer_links(self, pair: Pair) -> None:
        a, b = f"{pair.name}A", f"{pair.name}B"
        medium = peer_medium(self.inventory, pair)
        if pair.peer_link is None or medium is None:
            return
        ports = ports_for(port_plan_of(self.inventory, self.inventory.devices[a]), "peer_link")
        speed = link_speed_gbps(self.inventory, medium, port_gbps(self.inventory, a, ports[0]))
        stock = pair.peer_link.length_m if medium.cable.fixed_ends else None
        while self.wanted["peer-link", a, "", b] > 0:
            port = self.ledger.first_free([a, b], ports, speed)
            if port is None:
                return
            self._add(_Link("peer-link", a, port, b, port, medium, speed, f"{pair.name}:peer-link", stock))

    def _keepalive_port(self, pair: Pair) -> None:
        a, b = f"{pair.name}A", f"{pair.name}B"
        medium = keepalive_medium(self.inventory, pair)
        if self.wanted["keepalive", a, "", b] <= 0 or medium is None:
            return
        ports = ports_for(port_plan_of(self.inventory, self.inventory.devices[a]), "keepalive")
        speed = link_speed_gbps(self.inventory, medium, port_gbps(self.inventory, a, ports[0]))
        port = self.ledger.first_free([a, b], ports, speed)
        if port is not None:
            self._add(_Link("keepalive", a, port, b, port, medium, speed, f"{pair.name}:keepalive"))

    # ------------------------------------------------------------ out-of-band and console

    def oob(self) -> None:
        """Management and 1GE ports to the out-of-band switches that serve the row, evenly; then their uplinks."""
        serving: dict[str, list[str]] = {}
        at_site: dict[str, list[str]] = {}
        for name, switch in sorted(self.inventory.oob_switches.items()):
            if name in self.placed:
                at_site.setdefault(switch.site, []).append(name)
                for row in switch.rows:
                    serving.setdefault(row, []).append(name)
        for near, interface in oob_links(self.inventory, self.placed):
            if self.wanted["oob", near, interface, ""] <= 0:
                continue
            device = self.inventory.devices[near]
            rack = self.inventory.racks[str(self.placed[near].rack)]
            candidates = serving.get(rack.row, [])
            if isinstance(device.record, OobSwitch):
                candidates = [s for s in at_site.get(rack.site, []) if s != near]
            choice = self._oob_port(device, interface, candidates)
            if choice is None:
                continue
            far, port = choice
            medium = oob_medium(self.inventory, near, interface, far, port)
            speed = link_speed_gbps(
                self.inventory,
                medium,
                port_gbps(self.inventory, near, interface),
                port_gbps(self.inventory, far, port),
            )
            self._add(_Link("oob", near, interface, far, port, medium, speed, oob_group(device)))
        for name, switch in sorted(self.inventory.oob_switches.items()):
            if name in self.placed:
                self._uplinks(name, switch, "oob-uplink")

    def _oob_port(self, device: Device, interface: str, candidates: Sequence[str]) -> tuple[str, str] | None:
        """Switch and port for one management port: away from those its partners use, then the least used."""
        speed = device.type.interface_by_name[interface].speed_gbps or 0.0
        used = self.oob_avoid.get(oob_apart(device), set())
        for name in sorted(candidates, key=lambda s: (s in used, self.oob_count[s], s)):
            far = self.inventory.devices[name]
            port = self.ledger.first_free(
                [name], ports_for(port_plan_of(self.inventory, far), "oob"), speed
            )  # fmt: skip
            if port is not None and port in far.type.interface_by_name:
                return name, port
        return None

    def console(self) -> None:
        """The console port of every switch to the next free port of a console server of its site."""
        servers: dict[str, list[tuple[str, str]]] = {}
        for name in sorted(self.placed):
            device = self.inventory.devices[name]
            for port in device.type.console_server_ports:
                site = self.inventory.racks[str(self.placed[name].rack)].site
                servers.setdefault(site, []).append((name, port.name))
        medium = console_medium(self.inventory)
        if medium is None:
            return
        for near, port_name in console_links(self.inventory, self.placed):
            if self.wanted["console", near, port_name, ""] <= 0:
                continue
            site = self.inventory.racks[str(self.placed[near].rack)].site
            free = (sp for sp in servers.get(site, ()) if not self.ledger.taken(*sp))
            choice = next(free, None)
            if choice is not None:
                speed = link_speed_gbps(self.inventory, medium)
                self._add(_Link("console", near, port_name, choice[0], choice[1], medium, speed, ""))

    # ------------------------------------------------------------ one cable

    def _length(self, near: str, far: str, cable_type: str) -> tuple[float | None, tuple[str, ...]]:
        a, b = self.places.of(near), self.places.of(far)
        route = self.places.trays.route(a, b) if a and b else None
        if a is None or b is None or route is None:
            return None, ()
        fixed = self.inventory.catalog.cables[cable_type].fixed_ends
        return cable_length_m(self.inventory, a, b, route, fixed_ends=fixed), route.nodes

    def _add(self, link: _Link) -> None:
        """Give a link id, length, labels, bundle and colour, and count it in."""
        site = self.inventory.racks[str(self.placed[link.near].rack)].site
        cable = link.medium.cable
        letter = LETTERS[cable.kind]
        series = f"{site}-{letter}"
        self.last[series] = self.last.get(series, 0) + 1
        length, route = self._length(link.near, link.far, cable.slug)
        stock = link.stock_m
        if stock is None and length is not None:
            stock = cable.stock_length_m(length)
        near, far = (
            self.places.label(link.near, link.near_port),
            self.places.label(link.far, link.far_port),
        )
        label_a, label_b = joined_labels(near, far)
        self._note(
            Cable(
                id=cable_id(site, letter, self.last[series]),
                kind=link.kind,
                type=cable.slug,
                speed_gbps=link.speed_gbps,
                a=End(device=link.near, port=link.near_port, optic=link.medium.near_optic),
                b=End(device=link.far, port=link.far_port, optic=link.medium.far_optic),
                length_m=length,
                stock_m=stock,
                route=route,
                colour=colour_of(self.inventory, cable, link.kind, self.inventory.devices[link.near]),
                label_a=label_a,
                label_b=label_b,
                bundle=self._bundle(link),
                group=link.group,
            )
        )

    def _bundle(self, link: _Link) -> str:
        """First bundle with room between the rack of the near end and the far device; a keepalive never
        lies in the bundle of the peer links."""
        stem = f"{self.places.spot(link.near)}/{link.far}"
        if link.kind == "keepalive":
            stem += "/keepalive"
        number = 1
        while self.bundles[f"{stem}/{number}"] >= self.bundle_max:
            number += 1
        return f"{stem}/{number}"


def oob_apart(device: Device) -> str:
    """Devices of one such name should reach different out-of-band switches; empty: no such wish."""
    record = device.record
    if isinstance(record, Pair):
        return f"pair {record.name}"
    if isinstance(record, Fleet) and record.ha_group:
        return f"group {record.ha_group}"
    return f"device {device.name}" if isinstance(record, Fleet) else ""


def oob_group(device: Device) -> str:
    """Redundancy group of a management cable: the keepalive of a pair, or the devices that stand in for
    each other."""
    record = device.record
    if isinstance(record, Pair) and record.keepalive == "mgmt":
        return f"{record.name}:keepalive"
    if isinstance(record, Fleet) and record.ha_group:
        return f"{record.ha_group}:mgmt"
    return ""
