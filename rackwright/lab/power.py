"""What dies when something is switched off: a device lives as long as one of its cords has a live feed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rackwright.lab.shape import Shape
from rackwright.lab.state import Fault

KINDS = ("device", "rack", "feed", "panel", "ups", "pair", "site")


def kind_of(shape: Shape, name: str) -> str | None:
    """What a name is in this lab: device, rack, feed, panel, ups, pair or site; None: unknown here."""
    if name in shape.nodes:
        return "device"
    if any(n.rack == name for n in shape.nodes.values()):
        return "rack"
    if name in shape.above and any(name in n.feeds for n in shape.nodes.values()):
        return "feed"
    for feed, above in shape.above.items():
        if name in above and any(feed in n.feeds for n in shape.nodes.values()):
            return "panel" if above.index(name) == 0 else "ups"
    if any(n.pair == name for n in shape.nodes.values() if n.kind == "switch"):
        return "pair"
    if any(n.site == name for n in shape.nodes.values()):
        return "site"
    return None


def names(shape: Shape) -> list[str]:
    """Everything that can be switched off."""
    found: set[str] = set(shape.nodes)
    for node in shape.nodes.values():
        found |= {node.site, *node.feeds, *(x for f in node.feeds for x in shape.above.get(f, ()))}
        found |= {x for x in (node.rack, node.pair) if x}
    return sorted(found)


def dead_nodes(shape: Shape, faults: Sequence[Fault]) -> list[str]:
    """Nodes without power under the faults, sorted. Loss of a feed, panel or UPS takes only those whose every cord
    hangs on something lost; existing switches are not fed by the plan and die by name or with their site alone."""
    off = {f.targets[0] for f in faults if f.kind == "kill"}
    return sorted(n for n in shape.nodes if _dead(shape, n, off))


def _dead(shape: Shape, name: str, off: Iterable[str]) -> bool:
    node = shape.nodes[name]
    gone = set(off)
    if gone & {name, node.rack, node.site} or (node.kind == "switch" and node.pair in gone):
        return True
    return bool(node.feeds) and all({feed, *shape.above.get(feed, ())} & gone for feed in node.feeds)


def lost_feeds(shape: Shape, name: str, faults: Sequence[Fault]) -> list[str]:
    """Feeds of a node that have no power: killed themselves, or with their panel or UPS."""
    off = {f.targets[0] for f in faults if f.kind == "kill"}
    return [feed for feed in shape.nodes[name].feeds if {feed, *shape.above.get(feed, ())} & off]
