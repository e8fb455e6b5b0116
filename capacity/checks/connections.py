"""Listed = ported: every fleet has a site, a decided connection, enough switch ports, and a speed the switch
can serve (CAP030-CAP033)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from capacity.measures import known_business_interfaces
from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text
from inventory.interface_types import form_factor, speed_gbps
from inventory.model import Fleet, Pair
from topology.checks.cable_book import cable_book
from topology.ports import PortUse, ports_for


@dataclass(frozen=True)
class Served:
    """Fleets and access pairs that share each other: a fleet may use any pair it names."""

    pairs: tuple[Pair, ...]
    fleets: tuple[Fleet, ...]

    @property
    def subject(self) -> str:
        """The pairs, in name order."""
        return ", ".join(p.name for p in self.pairs)


def _fleets(ctx: Context) -> list[Fleet]:
    return [f for f in ctx.inventory.fleets.values() if f.count]


def _served(ctx: Context) -> list[Served]:
    """Connected groups of new access pairs and the fleets attached to them, by first pair."""
    first: dict[str, str] = {name: name for name in ctx.inventory.pairs}

    def top(name: str) -> str:
        while first[name] != name:
            name = first[name]
        return name

    attached = []
    for fleet in _fleets(ctx):
        pairs = [p for p in (fleet.attach.pairs if fleet.attach else ()) if p in first]
        if pairs:
            attached.append((fleet, pairs[0]))
        for name in pairs[1:]:
            low, high = sorted((top(pairs[0]), top(name)))
            first[high] = low
    out = []
    for root in sorted({top(p) for _, p in attached}):
        members = tuple(ctx.inventory.pairs[p] for p in sorted(first) if top(p) == root)
        out.append(Served(members, tuple(f for f, p in attached if top(p) == root)))
    return out


def _ports(pair: Pair, ctx: Context, use: PortUse = "server") -> int:
    """Ports set aside for `use` on both members."""
    return 2 * len(ports_for(ctx.inventory.port_plans[pair.port_plan], use))


def _out_of_range(served: Served, ctx: Context) -> bool:
    """Whether cables of the plan use ports outside the ranges: the range was cut, and the port checks say so."""
    if ctx.plan is None:
        return False
    members = {f"{pair.name}{member}" for pair in served.pairs for member in "AB"}
    return any(
        fault.code == "PRT012" and members & {fault.view.cable.a.device, fault.view.cable.b.device}
        for fault in cable_book(ctx).faults.values()
    )


@check(
    "CAP030", severity=Severity.ERROR, title=Text("Switch ports short", "交换机端口不足"),
    clause="one switch port per business interface", over=_served, needs="inventory",
)  # fmt: skip
def ports_suffice(served: Served, ctx: Context) -> Iterator[Finding]:
    """The access pairs sold have a port for every business interface of the fleets attached to them.

    Why it matters: a server without a port is found when it stands in the rack.
    How to fix: attach some fleets to other pairs, add a pair, or free ports kept for other uses in the port plan.
    Source: the server range of each pair's port plan, twice, once per member; growth ports are kept free.
    Failing: 41 servers with two interfaces on one pair with `server: "10GE1/0/[1-40]"`
    Passing: 40 servers with two interfaces on one pair with `server: "10GE1/0/[1-40]"`
    """
    needs: list[tuple[Fleet, int]] = []
    unknown = []
    for fleet in served.fleets:
        interfaces = known_business_interfaces(fleet, ctx.inventory.catalog.device_types[fleet.device_type])
        if interfaces is None:
            unknown.append(fleet)
        else:
            needs.append((fleet, fleet.count * len(interfaces)))
    sold = [_ports(pair, ctx) for pair in served.pairs]
    if not all(sold):
        return  # no range, or one that cannot be read: the port plan checks report it
    total, needed = sum(sold), sum(n for _, n in needs)
    if needed > total and not _out_of_range(served, ctx):
        largest = max(needs, key=lambda x: x[1])[0]
        growth = sum(_ports(pair, ctx, "growth") for pair in served.pairs)
        kept = f"; {growth} are kept for growth" if growth else ""
        zh_kept = f"；另有 {growth} 个预留扩容" if growth else ""
        yield finding(
            "CAP030", served.subject,
            Text(f"{needed} business interfaces attach to {served.subject}, which have {total} ports: {needed - total} short{kept}",
                 f"{served.subject} 需接入业务端口 {needed} 个，可用 {total} 个，缺 {needed - total} 个{zh_kept}"),
            ctx.where(served.pairs[0], "port_plan"),
            fix=Text(f"attach fleets with {needed - total} interfaces to other pairs, add a pair, or open growth ports",
                     f"将共 {needed - total} 个端口的设备组接入其他交换机组、增加一组或启用扩容端口"),
            arithmetic=f"{' + '.join(f'{f.count} x {n // f.count} {f.name}' for f, n in needs[:8])}"
            f"{' + …' if len(needs) > 8 else ''} = {needed}; {' + '.join(str(n) for n in sold)} = {total} ports",
            related=[Related(ctx.where(largest, "count"), f"{largest.name}: the largest fleet attached")],
        )  # fmt: skip
    elif unknown:
        names = ", ".join(f.name for f in unknown)
        yield lacking(
            "CAP030", served.subject,
            Text(f"speed or number of business interfaces of {names} is unknown", f"{names} 的业务端口数量或速率未知"),
            ctx.where(unknown[0], "device_type"),
            Text("name them in attach.interfaces", "在 attach.interfaces 中写明"),
        )  # fmt: skip


@check(
    "CAP031", severity=Severity.ERROR, title=Text("Switch does not serve the speed of the device", "交换机端口速率与设备不符"),
    clause="both ends of a link run at one speed", needs="inventory",
    over=lambda ctx: [f for f in _fleets(ctx) if f.attach is not None],
)  # fmt: skip
def speeds_match(fleet: Fleet, ctx: Context) -> Iterator[Finding]:
    """The interfaces of a fleet take the optic, and run at the speed, that the access pair gives its downlinks.

    Why it matters: a 10GE card and a 25G optic never see each other; the link stays dark.
    How to fix: attach the fleet to a pair of its speed, or order a downlink optic both ends can take.
    Source: IEEE 802.3: one link, one speed; form factors of the device types.
    Failing: `attach: {pairs: [P25]}` for servers with `10gbase-x-sfpp`, `downlink: {optic: sfp28-25g-sr}` on P25
    Passing: `attach: {pairs: [P10]}` with `downlink: {optic: sfpp-10g-sr}` on P10
    """
    attach = fleet.attach
    device_type = ctx.inventory.catalog.device_types[fleet.device_type]
    interfaces = known_business_interfaces(fleet, device_type)
    if attach is None or not interfaces:
        return
    optics = ctx.inventory.catalog.optics
    for i, name in enumerate(attach.pairs):
        serves = _serves(name, ctx)
        if serves is None:
            continue
        speed, optic, what = serves
        own = optics.get(attach.optic) if attach.optic else None
        for interface in interfaces:
            cages = device_type.cages_by_port.get(interface.name, ())
            if own is not None:
                fits, runs = bool(set(own.cages) & set(cages)), own.speed_gbps
            elif optic is not None and set(optics[optic].cages) & set(cages):
                fits, runs = True, speed
            else:
                fits, runs = optic is None, interface.speed_gbps or speed
            if fits and runs == speed:
                continue
            found = f"{own.slug}, {runs:g} Gb/s" if own is not None else interface.type
            yield finding(
                "CAP031", fleet.name,
                Text(f"interface {interface.name} ({found}) cannot run at the {speed:g} Gb/s of {name} ({what})",
                     f"接口 {interface.name}（{found}）无法以 {name} 的 {speed:g} Gb/s（{what}）运行"),
                ctx.where(fleet, "attach", "pairs", i),
                fix=Text(f"attach {fleet.name} to a pair that serves {interface.speed_gbps or 0:g} Gb/s",
                         f"将 {fleet.name} 接入 {interface.speed_gbps or 0:g} Gb/s 的交换机组"),
                arithmetic=f"{interface.speed_gbps or 0:g} Gb/s != {speed:g} Gb/s",
                related=_downlink(name, ctx),
            )  # fmt: skip
            break


def dark_fleets(ctx: Context) -> set[str]:
    """Fleets attached to a pair they cannot talk to (CAP031): what their links need is not known."""
    result: set[str] = ctx.memo(
        "dark fleets", lambda: {f.name for f in _fleets(ctx) if f.attach and list(speeds_match(f, ctx))}
    )
    return result


def _serves(name: str, ctx: Context) -> tuple[float, str | None, str] | None:
    """Speed in Gb/s, optic and description of what a pair gives its downlinks; None when nobody says."""
    pair = ctx.inventory.pairs.get(name)
    if pair is not None:
        optic = ctx.inventory.catalog.optics.get(pair.downlink.optic or "")
        if optic is not None:
            return optic.speed_gbps, optic.slug, optic.slug
        cable = ctx.inventory.catalog.cables[pair.downlink.cable]
        return (cable.speed_gbps, None, cable.slug) if cable.speed_gbps and cable.fixed_ends else None
    switch = ctx.inventory.existing_pairs[name][0]
    speed = speed_gbps(switch.port_type) if switch.port_type else None
    fitting = [
        o.slug
        for o in ctx.inventory.catalog.optics.values()
        if o.speed_gbps == speed and form_factor(switch.port_type) in o.cages
    ]
    return (speed, min(fitting, default=None), switch.port_type) if speed else None


def _downlink(name: str, ctx: Context) -> list[Related]:
    pair = ctx.inventory.pairs.get(name)
    if pair is not None:
        return [
            Related(
                ctx.where(pair, "downlink"), f"{name}: downlink {pair.downlink.optic or pair.downlink.cable}"
            )
        ]
    switch = ctx.inventory.existing_pairs[name][0]
    return [Related(ctx.where(switch, "port_type"), f"{switch.name}: {switch.port_type}")]


@check(
    "CAP032", severity=Severity.WARNING, title=Text("Fleet without a site", "设备组未定站点"),
    clause="every device of the order has a place", over=_fleets, needs="inventory",
)  # fmt: skip
def fleet_has_site(fleet: Fleet, ctx: Context) -> Iterator[Finding]:
    """A fleet has a site; without one it is not placed, powered, cabled or addressed.

    Why it matters: the devices are in the order and want racks; leaving them out of the plan is not a pass.
    How to fix: have the buyer say where they go; give the reason in `assumed` if it is your own split.
    Source: the lines of the order.
    Failing (never failed, only not evaluated): `{name: hsm, count: 2, site: null}`
    Passing: `{name: hsm, count: 2, site: A}`
    """
    if fleet.site is None:
        yield lacking(
            "CAP032", fleet.name,
            Text(f"{fleet.count} {fleet.device_type} have no site: not placed, not powered, not cabled",
                 f"{fleet.count} 台 {fleet.device_type} 未定站点：未上架、未配电、未布线"),
            ctx.where(fleet, "site"),
            Text("ask the buyer for the site, or assume one and say why", "请采购人确认站点，或自行假定并注明理由"),
        )  # fmt: skip


@check(
    "CAP033", severity=Severity.WARNING, title=Text("Data connection not decided", "业务连接未定"),
    clause="every device of the order has a connection", needs="inventory",
    over=lambda ctx: [f for f in _fleets(ctx) if f.site is not None],
)  # fmt: skip
def connection_is_decided(fleet: Fleet, ctx: Context) -> Iterator[Finding]:
    """The business interfaces of a fleet are attached to switches that exist.

    Why it matters: ports, optics and cables of an open connection are in no count; the totals are too low by them.
    How to fix: write `attach` once speed and place of the ports are known; until then keep the reason in `attach_open`.
    Devices that have management and serial ports only need no attachment.
    Source: the lines of the order.
    Failing (never failed, only not evaluated): `{name: hsm, attach_open: port speed not stated}`
    Passing: `{name: hsm, attach: {pairs: [A-ASW-01], interfaces: [eth1, eth2]}}`
    """
    if fleet.attach is not None:
        return
    device_type = ctx.inventory.catalog.device_types[fleet.device_type]
    if device_type.interfaces and all(i.mgmt_only for i in device_type.interfaces):
        return
    reason = fleet.attach_open or "no reason given"
    zh_reason = fleet.attach_open or "未写明原因"
    yield lacking(
        "CAP033", fleet.name,
        Text(f"data connection of {fleet.count} {fleet.device_type} is open: {reason}",
             f"{fleet.count} 台 {fleet.device_type} 的业务连接未定：{zh_reason}"),
        ctx.where(fleet, "attach_open") if fleet.attach_open else ctx.where(fleet, "name"),
        Text("write `attach` once speed and place of the ports are known", "端口速率与位置明确后填写 attach"),
    )  # fmt: skip
