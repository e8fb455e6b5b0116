"""Ports on switches that stand already, reserves, breakouts and speed groups (PRT019-PRT025)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text
from inventory.inventory import Device
from inventory.model import ExistingSwitch, OobSwitch, Pair
from topology.checks.cable_book import CableView, cable_book
from topology.checks.cable_ends import end_fault
from topology.checks.medium_book import link_gbps, medium_faults
from topology.ports import PortUse, free_ports_of, port_plan_of, ports_for


def _used_switches(ctx: Context) -> list[ExistingSwitch]:
    need = cable_book(ctx).needed
    return [s for s in ctx.inventory.existing_switches.values() if need[s.name]]


def _surveyed(ctx: Context) -> list[ExistingSwitch]:
    """Those of the switches in use whose free ports are known; PRT019 speaks of the others."""
    return [s for s in _used_switches(ctx) if s.free_ports is not None]


def _sum_text(ctx: Context, switch: str) -> tuple[int, str]:
    """Ports that the inventory needs on a switch, and the sum by kind and speed, e.g. `6 x 40G uplink`."""

    def make() -> dict[str, Counter[tuple[str, float]]]:
        book = cable_book(ctx)
        out: dict[str, Counter[tuple[str, float]]] = {}
        for key, count in book.wanted.items():
            if key[3] in ctx.inventory.existing_switches:
                out.setdefault(key[3], Counter())[key[0], link_gbps(book, key)] += count
        return out

    needs: dict[str, Counter[tuple[str, float]]] = ctx.memo("topology.far_needs", make)
    parts = needs.get(switch, Counter())
    text = " + ".join(f"{n} x {gbps:g}G {kind}" for (kind, gbps), n in sorted(parts.items()))
    return sum(parts.values()), text


@check(
    "PRT019", severity=Severity.ERROR, over=_used_switches, clause="free ports of running switches are surveyed, not assumed",
    title=Text("Free ports not surveyed", "空闲端口未调查"),
)  # fmt: skip
def free_ports_surveyed(switch: ExistingSwitch, ctx: Context) -> Iterator[Finding]:
    """The ports that new cables take on a switch that stands already are known from a survey.

    Why it matters: a running switch without a free port of the right kind stops the whole expansion; the plan
    leaves such ports open and never invents one.
    How to fix: list the free ports per line card in `free_ports`, then plan again.
    Source: engineering estimate.
    Failing (never failed, only not evaluated): `{name: A-DSW-1, free_ports: null}`
    Passing: `{name: A-DSW-1, free_ports: [{card: "3", ports: "40GE3/0/[1-6]"}]}`
    """
    need, parts = _sum_text(ctx, switch.name)
    if switch.free_ports is None:
        yield lacking(
            "PRT019", switch.name,
            Text(f"needs {parts}, free ports not surveyed", f"需要 {parts}，空闲端口未调查"),
            ctx.where(switch, "free_ports"),
            Text(f"list {need} or more free ports per line card in free_ports", f"在 free_ports 中按板卡列出不少于 {need} 个空闲端口"),
        )  # fmt: skip
        return
    open_ends = [v for v in cable_book(ctx).by_device.get(switch.name, ()) if v.cable.b.port is None]
    if open_ends and switch.name not in cable_book(ctx).overbooked:
        yield lacking(
            "PRT019", switch.name,
            Text(f"{len(open_ends)} cables of the plan name no port yet", f"计划中 {len(open_ends)} 条线缆尚未指定端口"),
            ctx.where(open_ends[0].cable, "b"),
            Text("plan again, now that the ports are surveyed", "端口已调查，请重新规划"),
        )  # fmt: skip


@check(
    "PRT020", severity=Severity.ERROR, over=_surveyed, unless=("PRT004",), clause="free ports of running switches are surveyed, not assumed",
    title=Text("Surveyed free ports short", "已调查的空闲端口不足"),
)  # fmt: skip
def free_ports_suffice(switch: ExistingSwitch, ctx: Context) -> Iterator[Finding]:
    """A switch that stands already has a free port for every new cable that ends there.

    Why it matters: the links left over cannot be built without a new line card, which has a delivery time.
    How to fix: add a line card, spread the uplinks over more switches, or take fewer uplinks.
    Source: `free_ports` of the survey against the links of the inventory.
    Failing: `free_ports: [{card: "3", ports: "40GE3/0/[1-4]"}]` with six uplinks to the switch
    Passing: `free_ports: [{card: "3", ports: "40GE3/0/[1-6]"}]`
    """
    surveyed = free_ports_of(switch) or ()
    need, parts = _sum_text(ctx, switch.name)
    if len(surveyed) < need:
        per_card = Counter(card for card, _ in surveyed)
        have = " + ".join(f"{n} on card {card}" for card, n in per_card.items()) or "0"
        yield finding(
            "PRT020", switch.name,
            Text(f"needs {need} ports, {len(surveyed)} are free: {need - len(surveyed)} short",
                 f"需要 {need} 个端口，空闲 {len(surveyed)} 个，缺 {need - len(surveyed)} 个"),
            ctx.where(switch, "free_ports"),
            fix=Text(f"add {need - len(surveyed)} ports or move links to other switches",
                     f"增加 {need - len(surveyed)} 个端口，或将链路改接其他交换机"),
            arithmetic=f"{have} = {len(surveyed)} < {need} ({parts})",
        )  # fmt: skip


@check(
    "PRT021", severity=Severity.ERROR, clause="running links must not be disturbed",
    over=lambda ctx: [v for s in _surveyed(ctx) for v in cable_book(ctx).by_device.get(s.name, ())],
    title=Text("Planned port is not free", "规划端口非空闲"),
)  # fmt: skip
def planned_ports_are_free(view: CableView, ctx: Context) -> Iterator[Finding]:
    """A port planned on a switch that stands already is among those the survey found free.

    Why it matters: somebody would unplug a running link to make room.
    How to fix: correct the survey, or take a free port in the plan.
    Source: `free_ports` of the survey.
    Failing: a cable to `40GE1/0/9` where the survey lists `40GE3/0/[1-6]`
    Passing: a cable to `40GE3/0/1`
    """
    yield from end_fault("PRT021", view, ctx)


def _switches(ctx: Context) -> list[Pair | OobSwitch]:
    placed = cable_book(ctx).placed
    pairs = [p for p in ctx.inventory.pairs.values() if f"{p.name}A" in placed or f"{p.name}B" in placed]
    return [*pairs, *(s for s in ctx.inventory.oob_switches.values() if s.name in placed)]


def _members(record: Pair | OobSwitch) -> tuple[str, ...]:
    return (f"{record.name}A", f"{record.name}B") if isinstance(record, Pair) else (record.name,)


def _like(device: Device, use: PortUse, ctx: Context) -> list[str]:
    """Ports of the same interface type as the first port of a range."""
    ports = ports_for(port_plan_of(ctx.inventory, device), use)
    first = device.type.interface_by_name.get(ports[0]) if ports else None
    return [i.name for i in device.type.interfaces if first and i.type == first.type and not i.mgmt_only]


def _used(device: str, names: set[str], ctx: Context) -> int:
    return len({
        e.end.port for v in cable_book(ctx).by_device.get(device, ()) for e in v.ends
        if e.end.device == device and e.end.port in names
    })  # fmt: skip


@check(
    "PRT022", severity=Severity.WARNING, title=Text("Reserve of downlink ports too small", "下联端口预留不足"),
    clause="policy: net.port_reserve_down",
    over=lambda ctx: [r for r in _switches(ctx) if isinstance(r, Pair)],
)  # fmt: skip
def downlink_reserve(pair: Pair, ctx: Context) -> Iterator[Finding]:
    """A share of the downlink ports of an access switch stays free.

    Why it matters: a dead port or one more server needs a port before the next switch can be bought.
    How to fix: move servers to another pair, add a pair, or change `net.port_reserve_down` with a reason.
    Source: engineering estimate, 10 %.
    Failing: 46 of 48 ports in use
    Passing: 40 of 48 ports in use
    """
    limit = ctx.inventory.policy.number("net.port_reserve_down")
    for name in _members(pair):
        device = ctx.inventory.devices[name]
        ports = set(_like(device, "server", ctx))
        used = _used(name, ports, ctx)
        if ports and 1 - used / len(ports) < limit - 1e-9:
            most = int(len(ports) * (1 - limit) + 1e-9)
            yield finding(
                "PRT022", pair.name,
                Text(f"{name}: {len(ports) - used} of {len(ports)} downlink ports free, wanted {limit:.0%}",
                     f"{name}：{len(ports)} 个下联端口仅余 {len(ports) - used} 个，应预留 {limit:.0%}"),
                ctx.where(pair, "port_plan"),
                fix=Text(f"move {used - most} links to another pair", f"将 {used - most} 条链路移至其他交换机组"),
                arithmetic=f"1 - {used} / {len(ports)} = {1 - used / len(ports):.1%} < {limit:.0%}",
            )  # fmt: skip
            return


@check(
    "PRT023", severity=Severity.WARNING, over=_switches, title=Text("No spare uplink port", "上联端口无预留"),
    clause="policy: net.port_reserve_up",
)  # fmt: skip
def uplink_reserve(record: Pair | OobSwitch, ctx: Context) -> Iterator[Finding]:
    """A switch keeps a spare port of the kind its uplinks use.

    Why it matters: without one, a failed uplink port is not replaced by plugging over, and capacity cannot grow.
    How to fix: take fewer uplinks of higher speed, a switch with more uplink ports, or waive it with a reason.
    Source: engineering estimate, 1 port.
    Failing: 4 uplinks and 2 peer links on 6 QSFP ports
    Passing: 4 uplinks and 2 peer links on 8 QSFP ports
    """
    limit = round(ctx.inventory.policy.number("net.port_reserve_up"))
    name = _members(record)[0]
    ports = set(_like(ctx.inventory.devices[name], "uplink", ctx))
    kinds = Counter(
        v.cable.kind for v in cable_book(ctx).by_device.get(name, ()) for e in v.ends
        if e.end.device == name and e.end.port in ports
    )  # fmt: skip
    used = max((_used(n, ports, ctx) for n in _members(record)), default=0)
    if record.uplinks is not None and ports and len(ports) - used < limit:
        text = " + ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
        yield finding(
            "PRT023", record.name,
            Text(f"{len(ports) - used} spare uplink ports, wanted {limit}", f"上联端口余 {len(ports) - used} 个，应预留 {limit} 个"),
            ctx.where(record, "uplinks"),
            fix=Text("fewer uplinks of higher speed, or a switch with more uplink ports", "减少上联数量并提高速率，或选用上联端口更多的交换机"),
            arithmetic=f"{len(ports)} ports - ({text}) = {len(ports) - used}",
        )  # fmt: skip


@check(
    "PRT024", severity=Severity.ERROR, title=Text("Breakout the port does not allow", "端口不支持拆分"),
    clause="breakouts declared by the device type",
    over=lambda ctx: [v for v in cable_book(ctx).views if v.type and v.type.branches > 1],
)  # fmt: skip
def breakout_allowed(view: CableView, ctx: Context) -> Iterator[Finding]:
    """A harness starts at a port whose device type declares a breakout into so many parts, and the ports this
    switches off carry no cable.

    Why it matters: most switches split only some ports, and lose neighbours when they do.
    How to fix: use a straight cable, or a port that the device type allows to split.
    Source: `rackwright.ports.breakouts` of the device type; an absent entry allows nothing.
    Failing: `type: fibre-om4-mpo-4lc` on a port without a declared breakout
    Passing: the same on a port with `modes: [4x10g]`
    """
    device, port = view.a.device, view.cable.a.port or ""
    if device is None or view.type is None:
        return
    breakout = device.type.breakout_by_port.get(port)
    modes = [m for m in (breakout.modes if breakout else ()) if m.startswith(f"{view.type.branches}x")]
    if not modes:
        known = ", ".join(breakout.modes) if breakout else "none"
        yield finding(
            "PRT024", view.cable.id,
            Text(f"{view.a.name} cannot be split in {view.type.branches}; declared: {known}",
                 f"{view.a.name} 不能拆分为 {view.type.branches} 路；型号声明：{known}"),
            ctx.where(view.cable, "type"),
            fix=Text("use a straight cable, or a port that can be split", "改用直连线缆，或改用可拆分端口"),
        )  # fmt: skip


def _grouped_switches(ctx: Context) -> list[Device]:
    book = cable_book(ctx)
    return [d for n in book.placed if (d := book.inventory.devices[n]).type.rackwright.ports.port_groups]


@check(
    "PRT025", severity=Severity.ERROR, over=_grouped_switches, title=Text("Speeds mixed in a port group", "端口组内速率混用"),
    clause="speed groups of the device type",
)  # fmt: skip
def one_speed_per_group(device: Device, ctx: Context) -> Iterator[Finding]:
    """All cabled ports of one speed group run at one speed.

    Why it matters: ports of a group share a clock; the second speed is refused, or takes the first ports down.
    How to fix: move the link to a group of its speed or to an empty one.
    Source: `rackwright.ports.port_groups` of the device type.
    Failing: 10GE on 25GE1/0/1 and 25GE on 25GE1/0/2, in a group of four
    Passing: 10GE on 25GE1/0/1 and 25GE on 25GE1/0/5
    """
    groups: dict[tuple[str, ...], list[tuple[float, str, CableView]]] = {}
    for view in cable_book(ctx).by_device.get(device.name, ()):
        for end in view.ends:
            members = device.type.speed_group_by_port.get(end.end.port or "")
            if members and end.end.device == device.name and view.index not in medium_faults(ctx):
                gbps = end.optic.speed_gbps if end.optic else view.cable.speed_gbps
                groups.setdefault(members, []).append((gbps, end.side, view))
    for members, links in groups.items():
        count = Counter(gbps for gbps, _, _ in links)
        if len(count) < 2:
            continue
        rarest = min(count, key=lambda g: (count[g], g))
        gbps, side, view = next(x for x in links if x[0] == rarest)
        end = view.a if side == "a" else view.b
        yield finding(
            "PRT025", f"{device.name}:{members[0]}-{members[-1].rpartition('/')[2]}",
            Text(f"{end.end.port} runs at {gbps:g}G in a group of {max(count, key=lambda g: (count[g], g)):g}G ports",
                 f"{end.end.port} 以 {gbps:g}G 运行，所在端口组为 {max(count, key=lambda g: (count[g], g)):g}G"),
            ctx.where(view.cable, side, "port"),
            fix=Text("move it to a group of its speed", "移至同速率端口组"),
            arithmetic=", ".join(f"{n} x {g:g}G" for g, n in sorted(count.items())) + f" in {len(members)} ports",
            related=[Related(ctx.where(v.cable, s, "port"), f"{v.cable.id}: {g:g}G") for g, s, v in links if v is not view],
        )  # fmt: skip
