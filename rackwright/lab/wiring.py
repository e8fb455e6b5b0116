"""How the cables of a lab are plugged: as planned, but for the faults in force; and making it so, live.

A cable is a veth pair. One that is pulled out leaves an interface at both ends whose other side hangs, switched
off, in the control namespace: the port is on and has no carrier, as with a real cable in nobody's hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rackwright.lab import netns
from rackwright.lab.shape import Shape, Wire
from rackwright.lab.state import Fault, State

End = tuple[str, str]
"""Node and interface."""


def desired(shape: Shape, faults: Sequence[Fault]) -> dict[str, list[str]]:
    """How every wire should be plugged under the faults, as State.links keeps it: node and interface of both ends,
    then "pulled" when the cable is out. Swaps change the ends in the order the faults came."""
    ends: dict[str, list[End]] = {
        name: [(w.a[0], w.a_interface), (w.b[0], w.b_interface)] for name, w in shape.wires.items()
    }
    pulled = set()
    for fault in faults:
        if fault.kind == "swap":
            first, second = fault.targets
            i, j = int(fault.options["end_1"]), int(fault.options["end_2"])
            ends[first][i], ends[second][j] = ends[second][j], ends[first][i]
        elif fault.kind == "cut" and fault.options.get("how", "loud") == "loud":
            pulled.add(fault.targets[0])
    return {
        name: [*pair[0], *pair[1], *(["pulled"] if name in pulled else [])] for name, pair in ends.items()
    }


def dropped(shape: Shape, faults: Sequence[Fault]) -> dict[str, str]:
    """Interfaces (`node interface`) that drop what they send (egress: nothing leaves, LLDP neither) or take
    (ingress: traffic, while LLDP still shows) under the faults. A cable that was swapped takes its fault along."""
    links = desired(shape, faults)
    out: dict[str, str] = {}
    for fault in faults:
        if fault.kind == "cut" and fault.options.get("how") in ("silent", "traffic"):
            hook = "egress" if fault.options["how"] == "silent" else "ingress"
            row = links[fault.targets[0]]
            towards = fault.options.get("towards")
            for (node, interface), other in (((row[0], row[1]), row[2]), ((row[2], row[3]), row[0])):
                if towards in (None, "", other if hook == "egress" else node):
                    out[f"{node} {interface}"] = hook
    return out


def plug(state: State, shape: Shape, wanted: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Make the wires so; interfaces by node that were plugged anew. Wires that are so already are not touched.

    Interrupted, the next call does the rest: a wire under work is not written down as being anything.
    """
    changed = {name: row for name, row in wanted.items() if state.links.get(name) != row}
    if not changed:
        return {}
    first = not state.links
    for name in changed:
        state.links.pop(name, None)
    state.save()
    ends = sorted({(row[i], row[i + 1]) for row in changed.values() for i in (0, 2)})
    if not first:
        by_node: dict[str, list[str]] = {}
        for node, interface in ends:
            by_node.setdefault(node, []).append(interface)
        for node, interfaces in by_node.items():
            netns.ip_batch((f"link del {i}" for i in interfaces), state.nodes[node], force=True)
        numbers = {name: n for n, name in enumerate(shape.wires, 1)}
        stubs = [f"link del x{numbers[name]}{side}" for name in changed for side in "ab"]
        netns.ip_batch(stubs, state.control, force=True)
    netns.ip_batch(_creation(state, shape, changed))
    touched: dict[str, list[str]] = {}
    for node, interface in ends:
        touched.setdefault(node, []).append(interface)
    for node, interfaces in touched.items():
        if node not in state.dead:
            netns.ip_batch((f"link set {i} up" for i in interfaces), state.nodes[node])
    state.links.update(changed)
    for key in [k for k in state.dropped if tuple(k.split(" ")) in set(ends)]:
        del state.dropped[key]  # nft forgets a device that is gone
    state.save()
    return touched


def _creation(state: State, shape: Shape, rows: Mapping[str, list[str]]) -> list[str]:
    numbers = {name: n for n, name in enumerate(shape.wires, 1)}
    out = []
    for name, row in rows.items():
        a, b = state.nodes[row[0]], state.nodes[row[2]]
        if len(row) == 4:
            out.append(f"link add {row[1]} netns {a} type veth peer name {row[3]} netns {b}")
            continue
        for side, interface, space in (("a", row[1], a), ("b", row[3], b)):
            stub = f"x{numbers[name]}{side}"
            out.append(f"link add {stub} netns {state.control} type veth peer name {interface} netns {space}")
    return out


def drop(state: State, wanted: Mapping[str, str], *, anew: bool = False) -> None:
    """Make interfaces drop what they should and nothing else; `anew` trusts nothing that is written down."""
    for key in sorted(set(state.dropped) | set(wanted)):
        if state.dropped.get(key) == wanted.get(key) and not anew:
            continue
        node, interface = key.split(" ")
        space, table = state.nodes[node], f"rackwright_{interface}"
        if key in state.dropped:
            netns.in_namespace(space, "nft", "delete", "table", "netdev", table, check=False)
            del state.dropped[key]
        if key in wanted:
            state.dropped[key] = wanted[key]
            state.save()
            rules = (
                f"table netdev {table} {{\n chain faulty {{\n"
                f'  type filter hook {wanted[key]} device "{interface}" priority 0; policy drop;\n }}\n}}\n'
            )
            netns.in_namespace(space, "nft", "-f", "-", stdin=rules)
        state.save()


def swap_ends(first: Wire, second: Wire, at: str | None) -> tuple[int, int] | None:
    """Which ends (0 is a, 1 is b) of two cables to exchange: those at device `at`, else those at the device both
    end at, else the b ends. None when a cable does not end at `at`."""
    devices = ([first.a[0], first.b[0]], [second.a[0], second.b[0]])
    if at is None:
        common = [d for d in devices[0][::-1] if d in devices[1]]
        if not common:
            return 1, 1
        at = common[0]
    if at not in devices[0] or at not in devices[1]:
        return None
    return devices[0].index(at), devices[1].index(at)
