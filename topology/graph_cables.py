"""The cables of a platform as elements with everything they share: card, line card, tray, bundle, rack, room."""

from __future__ import annotations

from collections.abc import Mapping

from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.model import Fleet
from inventory.plan_model import Cable
from topology.cable_parts import Places
from topology.cards import Cards, cards_of
from topology.draft import PLACE_FACTS, Draft, Facts
from topology.ports import cable_ends, free_ports_of
from topology.trays import Route, Trays

OOB_KINDS = frozenset({"oob", "oob-uplink", "console"})
"""Kinds of cable that belong to the out-of-band network; the others carry data."""


def add_cables(draft: Draft) -> None:
    """Elements and edges of planned cables, of links that run already, and of links between sites; devices must
    have been entered before."""
    book = _Book(draft)
    for cable in sorted(draft.plan.cables, key=lambda c: (c.id, c.a.device, c.a.port or "")):
        book.cable(cable)
    _existing_links(draft)
    _site_links(draft)


class _Book:
    """What facts of cables are looked up in: places, line cards by port, network cards by device type."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.places = Places(Trays(draft.inventory), draft.placed)
        self._line_cards: dict[str, Mapping[str, str]] = {}
        self._cards: dict[str, Cards] = {}
        self._segments: dict[tuple[str, ...], tuple[str, ...]] = {}

    def cable(self, cable: Cable) -> None:
        """One planned cable: its element and, when both ends are known, its edge."""
        draft, name, repeat = self.draft, cable.id, 1
        while f"cable/{name}" in draft.elements:
            repeat += 1
            name = f"{cable.id}#{repeat}"
        facts, risks = _joined(draft, cable.a.device, cable.b.device)
        unknown: set[str] = set()
        for fact, value in (
            ("nic", self._nics(cable)),
            ("line-card", self._line_card(cable)),
            ("tray", self._trays(cable)),
        ):
            if value is None:
                unknown.add(fact)
            elif value:
                facts[fact] = value
        if cable.bundle:
            facts["bundle"] = (cable.bundle,)
        if cable.kind == "peer-link":
            facts["peer-link"] = (self._pair(cable.a.device),)
        key = draft.add("cable", name, facts, risks, unknown)
        ends = [f"device/{end.device}" for _, end in cable_ends(cable)]
        missing = [end for end in ends if end not in draft.devices]
        if missing:
            draft.lack(
                key,
                Text(
                    f"ends at {', '.join(missing)}, which neither plan nor inventory knows",
                    f"端点 {'、'.join(missing)} 在规划和清单中均不存在",
                ),
            )
            return
        plane = "oob" if cable.kind in OOB_KINDS else "data"
        draft.links.append(
            (ends[0], ends[1], key, {"kind": cable.kind, "plane": plane, "speed_gbps": cable.speed_gbps})
        )

    def _pair(self, device: str) -> str:
        known = self.draft.inventory.devices.get(device)
        return known.owner if known else device

    def _nics(self, cable: Cable) -> tuple[str, ...] | None:
        """Network cards the cable ends on; None when a card cannot be told."""
        out: list[str] = []
        for _, end in cable_ends(cable):
            device = self.draft.inventory.devices.get(end.device)
            if device is None or not isinstance(device.record, Fleet) or cable.kind == "console":
                continue
            slug = device.type.slug
            if slug not in self._cards:
                found = self._cards[slug] = cards_of(device.type, self.draft.inventory.catalog.components)
                if found.assumed is not None:
                    self.draft.assume(f"device_types/{slug}", found.assumed)
            cards = self._cards[slug].card
            if end.port is None or (end.port in cards and cards[end.port] is None):
                return None
            if end.port in cards:
                out.append(f"{end.device}/{cards[end.port]}")
        return tuple(out)

    def _line_card(self, cable: Cable) -> tuple[str, ...] | None:
        """Line cards of switches that stand already; None when a port or its card is not known."""
        out: list[str] = []
        for _, end in cable_ends(cable):
            switch = self.draft.inventory.existing_switches.get(end.device)
            if switch is None:
                continue
            if end.device not in self._line_cards:
                self._line_cards[end.device] = {port: card for card, port in free_ports_of(switch) or ()}
            card = self._line_cards[end.device].get(end.port or "")
            if card is None:
                return None
            out.append(f"{end.device}/{card}")
        return tuple(sorted(out))

    def _trays(self, cable: Cable) -> tuple[str, ...] | None:
        """Tray segments passed, each by its two nodes in name order; None when the way is not known. A cable
        inside one rack passes none. A way that leads from end to end no more is replaced by the shortest."""
        a, b = self.places.of(cable.a.device), self.places.of(cable.b.device)
        trays = self.places.trays
        route = trays.along(cable.route, a, b) or trays.route(a, b) if a and b else None
        if route is None and not cable.route:
            return None
        nodes = route.nodes if route else cable.route
        if nodes not in self._segments:
            named = (f"{x}--{y}" for x, y in Route(0.0, nodes).segments)
            self._segments[nodes] = tuple(sorted(named))
        return self._segments[nodes]


def _joined(draft: Draft, a: str, b: str) -> tuple[Facts, Facts]:
    """Places and stated risks of both ends."""
    near, far = draft.place_facts(a), draft.place_facts(b)
    facts: Facts = {}
    for fact in PLACE_FACTS:
        here, there = near.get(fact, ()), far.get(fact, ())
        if values := here if here == there else tuple(sorted({*here, *there})):
            facts[fact] = values
    risks: Facts = {}
    for device in (a, b):
        for fact, stated in stated_risks(draft.inventory, device).items():
            risks[fact] = tuple(sorted({*risks.get(fact, ()), *stated}))
    return facts, risks


def stated_risks(inventory: Inventory, device: str) -> Mapping[str, tuple[str, ...]]:
    """Risks that the record behind a device states; none for a device nobody knows."""
    known = inventory.devices.get(device)
    record = known.record if known else inventory.existing_switches.get(device)
    return record.risks if record else {}


def _existing_links(draft: Draft) -> None:
    for name, link in sorted(draft.inventory.existing_links.items()):
        switches = [draft.inventory.existing_switches[end] for end in (link.a, link.b)]
        facts, _ = _joined(draft, link.a, link.b)
        plane = "oob" if any(s.role == "oob-core" for s in switches) else "data"
        for n in range(1, link.count + 1):
            key = draft.add("existing-link", f"{name}/{n}", facts, link.risks)
            attributes = {"kind": "existing", "plane": plane, "speed_gbps": link.speed_gbps}
            draft.links.append((f"device/{link.a}", f"device/{link.b}", key, attributes))


def _site_links(draft: Draft) -> None:
    for name, link in sorted(draft.inventory.site_links.items()):
        entries = [
            f"{site}/{entry}" for site, entry in ((link.a, link.entry_a), (link.b, link.entry_b)) if entry
        ]
        unknown = {"entry"} if len(entries) < 2 else set()
        facts: Facts = {
            "site": tuple(sorted({link.a, link.b})),
            "carrier": (link.carrier,) if link.carrier else (),
            "conduit": (link.conduit,) if link.conduit else (),
            "entry": tuple(sorted(entries)),
            "equipment": (link.equipment,) if link.equipment else (),
            "power-side": tuple(
                sorted(f"{site}/{link.power_side}" for site in (link.a, link.b) if link.power_side)
            ),
        }
        key = draft.add("site-link", name, facts, link.risks, unknown)
        attributes = {
            "kind": "site-link",
            "plane": "data",
            "speed_gbps": link.bandwidth_gbps,
            "via": link.via,
        }
        draft.links.append((f"hub/{link.a}", f"hub/{link.b}", key, attributes))
