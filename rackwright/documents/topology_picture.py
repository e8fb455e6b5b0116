"""The platform as one SVG: what failed in red, what that darkens hatched, everything else plain."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Collection, Iterable
from html import escape
from typing import Literal

from inventory.findings import Text
from rackwright.documents.topology_layout import BOX_W, RACK_W, Box, Layout, Panel, RackBox, layout
from rackwright.documents.topology_marks import (
    NAMESPACE,
    PAGE,
    curve,
    hatching,
    rect,
    style,
    text_at,
    text_width,
)
from topology.elements import Layers

Language = Literal["en", "zh", "both"]
State = Literal["ok", "failed", "dark", "part"]

_TIERS = {
    "edge": Text("Edge", "边界"), "core": Text("Core", "核心"), "access": Text("Access", "接入"),
    "rack": Text("Racks", "机柜"), "oob": Text("Out of band", "带外接入"), "oob-core": Text("Out-of-band core", "带外核心"),
    "source": Text("Supply", "电源"), "ups": Text("UPS", "UPS"), "panel": Text("Row cabinets", "列头柜"),
}  # fmt: skip
_STATES = {
    "ok": Text("works", "正常"), "failed": Text("failed", "失效"), "dark": Text("darkened by it", "受影响停用"),
    "part": Text("partly lost", "部分失效"),
}  # fmt: skip


def darkened(layers: Layers, failed: Collection[str], devices: Collection[str] = ()) -> frozenset[str]:
    """Everything that `failed` darkens: parts of the power path left without a source, `devices` (the dark and cut
    off ones of a `Survival`), the cables that end at a failed or powerless device, and data cables of `devices`."""
    dead = set(failed)
    works: dict[str, bool] = {}

    def fed(key: str) -> bool:
        if key not in works:
            works[key] = False
            sources = list(layers.power.pred[key])
            needs = layers.power.nodes[key].get("needs_psus", 1 if sources else 0)
            works[key] = key not in dead and sum(fed(source) for source in sources) >= needs
        return works[key]

    lost = {key for key in layers.power if not fed(key)} | dead
    off = lost | set(devices)
    off |= {
        key
        for a, b, key, data in layers.physical.edges(keys=True, data=True)
        if not lost.isdisjoint((a, b)) or (data["plane"] == "data" and not off.isdisjoint((a, b)))
    }
    return frozenset(off - dead)


def topology_svg(
    layers: Layers, failed: Collection[str], dark: Collection[str], title: Text, language: Language
) -> str:
    """The picture as one `<svg>` element, to stand in a page or in a file of its own.

    Parameters: element keys that failed (the members of a group) and that are darkened (see `darkened`). Sites
    stand side by side; tiers from the edge down: core, access pairs, racks with their servers as bars and a foot
    for each supply, out-of-band, power plant. Cables of a rack to one switch are one line. Follows the theme of the page
    (`data-theme` on its root, else the system's). `both` writes both languages, of which the page shows one.
    """
    return _Picture(layers, frozenset(failed), frozenset(dark), language).drawn(title)


def inline_svg(layers: Layers, failed: Collection[str], dark: Collection[str], title: Text) -> str:
    """The same for an HTML page, in both languages: its title is only told to screen readers, the page prints it;
    style and hatching stand in the page once for all pictures (`page_style`, `page_hatching`)."""
    return _Picture(layers, frozenset(failed), frozenset(dark), "both", PAGE).drawn(title)


class _Picture:
    """One picture while it is drawn: lines first, boxes above them."""

    def __init__(
        self,
        layers: Layers,
        failed: frozenset[str],
        dark: frozenset[str],
        language: Language,
        number: str = "",
    ) -> None:
        self.layers = layers
        self.failed = failed
        self.dark = dark
        self.language = language
        self.number = number
        self.layout: Layout = layout(layers)
        self.touched = _fed_by(layers, failed)
        self.lines: dict[State, list[str]] = {"ok": [], "part": [], "dark": [], "failed": []}
        self.shapes: list[str] = []

    def say(self, text: Text) -> str:
        """The text in the language of the picture, escaped."""
        if self.language == "both" and text.en != text.zh:
            zh, en = escape(text.zh), escape(text.en)
            return f'<tspan class="zh" lang="zh-CN">{zh}</tspan><tspan class="en" lang="en">{en}</tspan>'
        return escape(text.en if self.language == "en" else text.zh)

    def tell(self, text: Text) -> str:
        """The same where no mark-up may stand: both languages one after the other."""
        if self.language == "both" and text.en != text.zh:
            return escape(f"{text.zh} {text.en}")
        return self.say(text)

    def width(self, text: Text) -> float:
        """About how wide a text of 9.5 px is, in the wider language of those shown."""
        spoken = {"en": (text.en,), "zh": (text.zh,), "both": (text.en, text.zh)}[self.language]
        return max(map(text_width, spoken))

    def state(self, key: str) -> State:
        """State of one element."""
        return "failed" if key in self.failed else "dark" if key in self.dark else "ok"

    def together(self, keys: Iterable[str]) -> State:
        """State of many that are drawn as one: theirs when all agree, else part of them is lost."""
        states = {self.state(key) for key in keys}
        if len(states) == 1:
            return next(iter(states))
        return "dark" if states == {"failed", "dark"} else "part" if states else "ok"

    def drawn(self, title: Text) -> str:
        """The whole element."""
        for panel in self.layout.panels:
            self._panel(panel)
        self._site_links()
        self._cables()
        self._power_lines()
        for frame in self.layout.pairs:
            self.shapes.append(rect("tp-pair", frame))
        for rack in self.layout.racks.values():
            self._rack(rack)
        for row, x, y in self.layout.rows:
            self.shapes.append(text_at("tp-small tp-halo", x, y, row))
        for key, box in self.layout.boxes.items():
            self._box(key, box)
        inline = bool(self.number)
        own = format(zlib.crc32(repr((title, self.language, sorted(self.failed))).encode()), "08x")
        number = self.number or own
        width, height = round(self.layout.width), round(self.layout.height)
        lost = Counter(self.state(k) for k, e in self.layers.elements.items() if e.kind == "device")
        summary = Text(
            f"devices: {lost['failed']} failed, {lost['dark']} darkened, {lost['ok']} work",
            f"设备：失效 {lost['failed']}，停用 {lost['dark']}，正常 {lost['ok']}",
        )
        lines = [line for state in ("ok", "part", "dark", "failed") for line in self.lines[state]]
        return "\n".join(
            [
                f'<svg class="tp"{"" if inline else NAMESPACE} viewBox="0 0 {width} {height}" width="{width}" '
                f'height="{height}" role="img" aria-label="{self.tell(title)}. {self.tell(summary)}">',
                *([] if inline else [f"<style>{style(number)}</style>", f"<defs>{hatching(number)}</defs>"]),
                f'<g class="tp-p{number}">',
                f'<rect class="tp-ground" width="{width}" height="{height}"/>',
                "" if inline else f'<text class="tp-title" x="16" y="26">{self.say(title)}</text>',
                f'<text class="tp-summary" x="16" y="44">{self.say(summary)}</text>',
                *self._legend(width),
                *lines,
                *self.shapes,
                "</g></svg>",
            ]
        )

    def _legend(self, width: float) -> list[str]:
        """Two lines at the right: states, then what stands for what."""
        box, link = "tp-box tp-{}", "tp-link tp-{}"
        states = [
            (box.format("ok"), "ok"),
            (box.format("failed"), "failed"),
            (box.format("dark"), "dark"),
            (link.format("part"), "part"),
        ]
        first = [(look, _STATES[state]) for look, state in states]
        second = [
            ("tp-box tp-server", Text("server", "服务器")),
            ("tp-box tp-appliance", Text("appliance", "安全设备")),
            ("tp-foot", Text("rack supply", "机柜供电")),
            ("tp-box tp-server tp-touched", Text("lost a power supply", "失去一路电源模块")),
            ("tp-link tp-oob", Text("out of band (where lost)", "带外（仅示失效）")),
        ]
        return [*self._legend_line(first, width, 27), *self._legend_line(second, width, 45)]

    def _legend_line(self, entries: list[tuple[str, Text]], width: float, y: float) -> list[str]:
        """Marks with their words, set from the right edge."""
        out, x = [], width - 16
        for look, word in reversed(entries):
            x -= self.width(word) + 12
            out.append(f'<text class="tp-small tp-left" x="{x:.1f}" y="{y + 3:.1f}">{self.say(word)}</text>')
            x -= 26
            if "tp-link" in look:
                out.append(f'<line class="{look}" x1="{x:.1f}" x2="{x + 20:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>')
            else:
                out.append(rect(look, Box("", x, y - 5, 20, 10)))
        return out

    # ------------------------------------------------------------ sites

    def _panel(self, panel: Panel) -> None:
        top, bottom = self.layout.top + 8, self.layout.height - 16
        self.lines["ok"].append(
            f'<rect class="tp-site" x="{panel.x:.1f}" y="{top:.1f}" width="{panel.w:.1f}" height="{bottom - top:.1f}" rx="6"/>'
        )
        place = f"place/{panel.site}"
        name = self.say(Text(f"Site {panel.site}", f"{panel.site} 中心"))
        self.shapes.append(
            f'<text class="tp-sitename" x="{panel.x + 12:.1f}" y="{top + 22:.1f}">{name}</text>'
        )
        if place in self.layers.elements:
            box = Box(place, panel.x + (panel.w - BOX_W) / 2, top + 44, BOX_W, 20, panel.site)
            self._box(place, box)
        for tier, y in panel.tiers:
            word = self.say(_TIERS[tier])
            self.shapes.append(f'<text class="tp-tier" x="{panel.x + 12:.1f}" y="{y - 12:.1f}">{word}</text>')
        if panel.hub:
            x1, x2, y = panel.hub
            for box in self.layout.boxes.values():
                hubs = self.layers.logical.adj.get(box.key, ())
                if f"hub/{panel.site}" in hubs:
                    self.lines["ok"].append(
                        f'<path class="tp-link" d="M{box.centre:.1f} {y:.1f}V{box.y:.1f}"/>'
                    )
            self.lines["ok"].append(f'<path class="tp-hub" d="M{x1:.1f} {y:.1f}H{x2:.1f}"/>')

    def _site_links(self) -> None:
        """Links between sites, each at a height of its own above the panels."""
        panels = {panel.site: panel for panel in self.layout.panels}
        below: Counter[str] = Counter()
        for a, b, key, data in self.layers.physical.edges(keys=True, data=True):
            if data["kind"] != "site-link":
                continue
            y = self.layout.lane_of[key]
            ends = []
            for site in sorted((a.partition("/")[2], b.partition("/")[2]), key=lambda s: panels[s].x):
                panel = panels[site]
                low = panel.hub[2] if panel.hub else self.layout.top + 52
                middle = (panel.hub[0] + panel.hub[1]) / 2 if panel.hub else panel.x + panel.w / 2
                ends.append((middle + 10 * below[site], low))
                below[site] += 1
            (x1, y1), (x2, y2) = ends
            path = f"M{x1:.1f} {y1:.1f}V{y:.1f}H{x2:.1f}V{y2:.1f}"
            self._line((key,), path, "tp-wide", key)
            label = escape(key.partition("/")[2])
            self.shapes.append(
                text_at(f"tp-small tp-on tp-text-{self.state(key)}", (x1 + x2) / 2, y - 4, label)
            )

    # ------------------------------------------------------------ lines

    def _cables(self) -> None:
        """Cables: one line for each between switches, one for all of a rack to a switch. Out-of-band lines of
        racks that work are not drawn."""
        bundles: dict[tuple[str, str], list[str]] = {}
        for a, b, key, data in self.layers.physical.edges(keys=True, data=True):
            if data["kind"] == "site-link":
                continue
            ends = sorted((self.layout.rack_of.get(end, end) for end in (a, b)), key=lambda e: "/" in e)
            bundles.setdefault((ends[0], ends[1]), []).append(key)
        for (near, far), keys in sorted(bundles.items()):
            rack = self.layout.racks.get(near)
            if rack is None:
                for n, key in enumerate(sorted(keys)):
                    self._between(near, far, key, n - (len(keys) - 1) / 2)
            elif far in self.layout.boxes:
                self._rack_line(rack, self.layout.boxes[far], keys)

    def _between(self, near: str, far: str, key: str, shift: float) -> None:
        """One cable between two boxes, parallel ones side by side; management ports only when lost."""
        data = self.layers.physical.get_edge_data(near, far)[key]
        if data["kind"] in ("oob", "console") and self.state(key) == "ok":
            return
        a, b = self.layout.boxes[near], self.layout.boxes[far]
        if a.y > b.y:
            a, b = b, a
        if a.y == b.y:
            left, right = sorted((a, b), key=lambda box: box.x)
            y = left.y + left.h / 2 + 4 * shift
            gap = right.x - left.x - left.w
            path = f"M{left.x + left.w:.1f} {y:.1f}H{right.x:.1f}"
            if gap > 40:
                top = left.y - 14 - 3 * shift
                path = f"M{left.centre:.1f} {left.y:.1f}C{left.centre:.1f} {top:.1f} {right.centre:.1f} {top:.1f} {right.centre:.1f} {right.y:.1f}"
        else:
            path = curve(a.centre + 3 * shift, a.y + a.h, b.centre + 3 * shift, b.y)
        self._line((key,), path, "tp-oob" if data["plane"] == "oob" else "", key)

    def _rack_line(self, rack: RackBox, box: Box, keys: list[str]) -> None:
        """All cables of a rack to one switch, above it (data) or below it (out of band)."""
        up = box.y < rack.y
        state = self.together(keys)
        if not up and state == "ok":
            return
        path = (
            curve(box.centre, box.y + box.h, rack.centre, rack.y)
            if up
            else curve(rack.centre, rack.y + rack.h + 9, box.centre, box.y)
        )
        count = Counter(self.state(key) for key in keys)
        words = ", ".join(f"{n} {self.tell(_STATES[s])}" for s, n in sorted(count.items()))
        self._line(
            keys, path, "tp-bundle" if up else "tp-bundle tp-oob", f"{rack.name} – {box.label}: {words}"
        )

    def _line(self, keys: Iterable[str], path: str, more: str, told: str) -> None:
        state = self.together(keys)
        classes = f"tp-link tp-{state} {more}".strip()
        self.lines[state].append(f'<path class="{classes}" d="{path}"><title>{escape(told)}</title></path>')

    def _power_lines(self) -> None:
        """Lines of the power plant; a line is lost with what it comes from."""
        for a, b in sorted(self.layers.power.edges()):
            if a in self.layout.boxes and b in self.layout.boxes and not b.startswith("device/"):
                up, down = self.layout.boxes[a], self.layout.boxes[b]
                state = "dark" if self.state(a) != "ok" else "ok"
                path = curve(up.centre, up.y + up.h, down.centre, down.y)
                self.lines[state].append(f'<path class="tp-link tp-power tp-{state}" d="{path}"/>')  # type: ignore[index]

    # ------------------------------------------------------------ boxes

    def _rack(self, rack: RackBox) -> None:
        group = [k for k, name in self.layout.rack_of.items() if name == rack.name]
        self.shapes.append(
            f'<rect class="tp-rack" x="{rack.x:.1f}" y="{rack.y:.1f}" width="{RACK_W:.1f}" height="{rack.h:.1f}" rx="2">'
            f"<title>{escape(rack.name)}: {len(group)}</title></rect>"
        )
        foot = (RACK_W - 3) / 2
        for n, keys in enumerate(rack.supplies):
            if keys:
                box = Box("", rack.x + n * (foot + 3), rack.y + rack.h + 2, foot, 6)
                states = {self.state(key) for key in keys}
                state = "failed" if "failed" in states else "dark" if "dark" in states else "ok"
                self.shapes.append(rect(f"tp-foot tp-{state}", box, ", ".join(keys)))
        short = rack.name.rpartition("-")[2]
        self.shapes.append(text_at("tp-tiny tp-halo", rack.centre, rack.y + rack.h + 17, short))

    def _box(self, key: str, box: Box) -> None:
        kind = self.layers.logical.nodes[key]["kind"] if key in self.layers.logical else "power"
        state = self.state(key)
        touched = " tp-touched" if state == "ok" and key in self.touched else ""
        self.shapes.append(rect(f"tp-box tp-{kind} tp-{state}{touched}", box, key))
        label = Text(box.label, box.label)
        if key.startswith("utility/"):
            label = Text(f"Utility {box.label}", f"市电 {box.label}")
        if box.label:
            text = f"tp-name tp-text-{state}"
            fit = (
                f' textLength="{box.w - 6:.0f}" lengthAdjust="spacingAndGlyphs"'
                if self.width(label) > box.w - 4
                else ""
            )
            self.shapes.append(
                f'<text class="{text}" x="{box.centre:.1f}" y="{box.y + box.h / 2 + 3.2:.1f}"{fit}>{self.say(label)}</text>'
            )
        if box.note:
            self.shapes.append(text_at("tp-tiny tp-halo", box.centre, box.y + box.h + 15, box.note))


def _fed_by(layers: Layers, failed: Collection[str]) -> frozenset[str]:
    """Devices of which a power supply, or the outlet before it, failed."""
    supplies = {key for key in failed if layers.elements[key].kind == "psu"}
    for key in failed:
        if layers.elements[key].kind == "outlet" and key in layers.power:
            supplies.update(layers.power.succ[key])
    return frozenset(
        device for supply in supplies if supply in layers.power for device in layers.power.succ[supply]
    )
