"""Where everything of a platform stands in its picture: tiers from the edge down to power, sites side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from topology.elements import Element, Layers

Tier = Literal["edge", "core", "access", "rack", "oob", "oob-core", "source", "ups", "panel"]

_TIER_OF_ROLE: dict[str, Tier] = {
    "router": "edge", "dci": "edge", "firewall": "edge", "border": "edge", "core": "core", "access": "access",
    "general-access": "access", "service": "access", "oob": "oob", "oob-core": "oob-core",
}  # fmt: skip
_TIER_OF_POWER: dict[str, Tier] = {"utility": "source", "generator": "source", "ups": "ups", "panel": "panel"}

BOX_W, BOX_H = 62.0, 20.0
MEMBER_GAP, PAIR_PAD = 16.0, 6.0
RACK_W, RACK_GAP, ROW_GAP = 30.0, 4.0, 18.0
UNIT_W, UNIT_H, UNIT_GAP = 23.0, 8.0, 2.0
PAD, SITE_GAP, TOP = 16.0, 46.0, 62.0
LANE_H = 18.0
"""Sizes in px of the picture at its own scale: switch boxes, racks and the bars of their devices, margins."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle for one element; `x` and `y` are its upper left corner. `note` stands under it."""

    key: str
    x: float
    y: float
    w: float
    h: float
    label: str = ""
    note: str = ""

    @property
    def centre(self) -> float:
        """Middle of its width."""
        return self.x + self.w / 2


@dataclass(frozen=True, slots=True)
class RackBox:
    """A rack: its frame, and the elements of each of its supplies (feed, power strip, banks), side a first."""

    name: str
    x: float
    y: float
    h: float
    supplies: tuple[tuple[str, ...], tuple[str, ...]]

    @property
    def centre(self) -> float:
        """Middle of its width."""
        return self.x + RACK_W / 2


@dataclass(frozen=True, slots=True)
class Panel:
    """The area of one site. `hub_y` is the height of the line that joins its core; None: there is none."""

    site: str
    x: float
    w: float
    hub: tuple[float, float, float] | None
    tiers: tuple[tuple[Tier, float], ...]


@dataclass
class Layout:
    """The whole picture: boxes by element key (devices and the power plant), racks by name, frames of pairs, and
    (row, middle, y) of row names. `lane_of` gives every link between sites a height of its own above the panels."""

    width: float = 0.0
    height: float = 0.0
    top: float = TOP
    boxes: dict[str, Box] = field(default_factory=dict)
    racks: dict[str, RackBox] = field(default_factory=dict)
    rack_of: dict[str, str] = field(default_factory=dict)
    pairs: list[Box] = field(default_factory=list)
    rows: list[tuple[str, float, float]] = field(default_factory=list)
    panels: list[Panel] = field(default_factory=list)
    lane_of: dict[str, float] = field(default_factory=dict)


@dataclass
class _Site:
    """What one site has to show, by tier: groups of keys that stay together (the members of a pair)."""

    tiers: dict[Tier, list[tuple[str, ...]]] = field(default_factory=dict)
    racks: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """Row -> rack -> devices in it."""
    supplies: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """Rack -> side -> elements."""


def layout(layers: Layers) -> Layout:
    """Positions of everything in the picture; the same layers give the same positions."""
    sites = _collected(layers)
    out = Layout()
    links = [key for key, element in layers.elements.items() if element.kind == "site-link"]
    out.top = TOP + LANE_H * len(links)
    out.lane_of = {key: TOP + LANE_H * (n + 0.5) for n, key in enumerate(links)}
    rack_h = max((len(devices) for site in sites.values() for row in site.racks.values() for devices in row.values()),
                 default=0) * (UNIT_H + UNIT_GAP) + 8  # fmt: skip
    heights = _heights(sites.values(), rack_h, out.top)
    x = PAD
    for name, site in sites.items():
        width = _site(out, name, site, x, rack_h, heights, layers.elements)
        x += width + SITE_GAP
    out.width = x - SITE_GAP + PAD
    out.height = max(heights.values(), default=out.top) + 62
    return out


def _collected(layers: Layers) -> dict[str, _Site]:
    """Sites by name, those without devices last."""
    sites: dict[str, _Site] = {}
    pairs: dict[tuple[str, Tier, str], list[str]] = {}
    for key, node in layers.logical.nodes(data=True):
        if node["kind"] == "hub":
            sites.setdefault(node["site"], _Site())
            continue
        site = sites.setdefault(node["site"] or "?", _Site())
        element = layers.elements[key]
        tier = _TIER_OF_ROLE.get(node["role"])
        if tier is None:
            row, rack = element.facts.get("row", ("?",))[0], element.facts.get("rack", ("?",))[0]
            site.racks.setdefault(row, {}).setdefault(rack, []).append(key)
        else:
            pairs.setdefault((node["site"] or "?", tier, node.get("pair") or key), []).append(key)
    for (name, tier, _), members in sorted(pairs.items()):
        sites[name].tiers.setdefault(tier, []).append(tuple(sorted(members)))
    for key, element in layers.elements.items():
        site = sites.get(element.facts.get("site", ("?",))[0], _Site())
        if element.kind in _TIER_OF_POWER:
            site.tiers.setdefault(_TIER_OF_POWER[element.kind], []).append((key,))
        elif element.kind in ("feed", "pdu", "bank"):
            row, rack = element.facts["row"][0], element.facts["rack"][0]
            site.racks.setdefault(row, {}).setdefault(rack, [])
            side = layers.power.nodes[key]["side"]
            site.supplies.setdefault(rack, {}).setdefault(side, []).append(key)
        elif element.kind == "sts":
            row, rack = element.facts["row"][0], element.facts["rack"][0]
            site.racks.setdefault(row, {}).setdefault(rack, []).append(key)
    for site in sites.values():
        site.racks = {row: dict(sorted(site.racks[row].items())) for row in sorted(site.racks)}
        for racks in site.racks.values():
            for devices in racks.values():
                devices.sort(key=lambda key: (layers.elements[key].facts.get("fleet", ("~",)), key))
    ordered = sorted(sites, key=lambda name: (not sites[name].tiers and not sites[name].racks, name))
    by_name = {name: sites[name] for name in ordered}
    for name in ordered:
        _by_what_they_serve(by_name[name], layers)
    return by_name


def _by_what_they_serve(site: _Site, layers: Layers) -> None:
    """Order access and out-of-band switches by the middle of the racks they serve, so that few lines cross."""
    place = {
        device: n
        for n, devices in enumerate(d for row in site.racks.values() for d in row.values())
        for device in devices
    }

    def middle(group: tuple[str, ...]) -> float:
        found = [place[other] for key in group for other in layers.physical[key] if other in place]
        return sum(found) / len(found) if found else float("inf")

    for tier in ("access", "oob"):
        if tier in site.tiers:
            site.tiers[tier].sort(key=lambda group: (middle(group), group))


def _heights(sites: Iterable[_Site], rack_h: float, top: float) -> dict[str, float]:
    """Upper edge of every tier that some site has; the sites share them, so that like stands beside like."""
    gaps: dict[str, float] = {
        "edge": 74, "core": 96, "access": 96, "rack": rack_h + 92, "oob": 66, "oob-core": 62, "source": 46, "ups": 46, "panel": 40,
    }  # fmt: skip
    used = {tier for site in sites for tier in site.tiers}
    if any(site.racks for site in sites):
        used.add("rack")
    out: dict[str, float] = {}
    y = top + 62
    for tier, gap in gaps.items():
        if tier in used:
            out[tier] = y
            y += gap
    return out


def _site(
    out: Layout,
    name: str,
    site: _Site,
    x: float,
    rack_h: float,
    heights: Mapping[str, float],
    elements: Mapping[str, Element],
) -> float:
    """Place one site with its left edge at `x`; returns its width."""
    racks_w = _racks_width(site)
    tiers_w = {
        tier: sum(map(_group_width, groups)) + 14 * (len(groups) - 1) for tier, groups in site.tiers.items()
    }
    width = max([racks_w, *tiers_w.values(), 120.0]) + 2 * PAD
    if site.racks:
        _racks(out, site, x + (width - racks_w) / 2, heights["rack"], rack_h)
    for tier, groups in site.tiers.items():
        free = (width - 2 * PAD - sum(map(_group_width, groups))) / len(groups)
        left = x + PAD + free / 2
        for group in groups:
            _group(out, group, left, heights[tier], elements)
            left += _group_width(group) + free
    cores = [key for group in site.tiers.get("core", ()) for key in group]
    hub = None
    if cores:
        ends = [out.boxes[key].centre for key in cores]
        hub = (min(ends) - 24, max(ends) + 24, heights["core"] - 22)
    tiers: list[tuple[Tier, float]] = [(tier, heights[tier]) for tier in site.tiers]
    if site.racks:
        tiers.append(("rack", heights["rack"]))
    out.panels.append(Panel(name, x, width, hub, tuple(tiers)))
    return width


def _group_width(group: Sequence[str]) -> float:
    inner = len(group) * BOX_W + (len(group) - 1) * MEMBER_GAP
    return inner + 2 * PAIR_PAD if len(group) > 1 else inner


def _group(out: Layout, group: Sequence[str], x: float, y: float, elements: Mapping[str, Element]) -> None:
    """Boxes of one switch or pair, or of one part of the power plant; a pair gets a frame."""
    if len(group) > 1:
        name = elements[group[0]].facts.get("pair", ("",))[0]
        out.pairs.append(
            Box(f"pair/{name}", x, y - PAIR_PAD, _group_width(group), BOX_H + 2 * PAIR_PAD, name)
        )
        x += PAIR_PAD
    for key in group:
        facts = elements[key].facts
        note = facts.get("rack", ("",))[0]
        out.boxes[key] = Box(key, x, y, BOX_W, BOX_H, elements[key].name, note)
        legs = [f"phase/{elements[key].name}/L{n}" for n in (1, 2, 3)]
        for n, leg in enumerate(leg for leg in legs if leg in elements):
            third = (BOX_W - 4) / 3
            out.boxes[leg] = Box(leg, x + n * (third + 2), y + BOX_H + 3, third, 7)
        x += BOX_W + MEMBER_GAP


def _racks_width(site: _Site) -> float:
    rows = [len(racks) * (RACK_W + RACK_GAP) - RACK_GAP for racks in site.racks.values()]
    return sum(rows) + ROW_GAP * max(len(rows) - 1, 0)


def _racks(out: Layout, site: _Site, x: float, y: float, rack_h: float) -> None:
    """Racks of a site, row beside row; the devices of each as bars from the top."""
    for row, racks in site.racks.items():
        start = x
        for name, devices in racks.items():
            supplies = site.supplies.get(name, {})
            out.racks[name] = RackBox(
                name, x, y, rack_h, (tuple(supplies.get("a", ())), tuple(supplies.get("b", ())))
            )
            for n, key in enumerate(devices):
                top = y + 5 + n * (UNIT_H + UNIT_GAP)
                out.boxes[key] = Box(key, x + (RACK_W - UNIT_W) / 2, top, UNIT_W, UNIT_H)
                out.rack_of[key] = name
            x += RACK_W + RACK_GAP
        out.rows.append((row, (start + x - RACK_GAP) / 2, y + rack_h + 30))
        x += ROW_GAP - RACK_GAP
