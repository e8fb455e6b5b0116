"""The out-of-band network: fill, independence from the fabric, partners on different switches (NET037-NET040)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from inventory.checks import Context, check, finding
from inventory.findings import Finding, Related, Severity, Text
from inventory.model import Fleet, OobSwitch, Pair
from topology.checks.cable_book import CableView, cable_book, in_band_uplinks
from topology.checks.cable_ends import end_fault
from topology.ports import port_plan_of, ports_for


def _standing(ctx: Context) -> list[OobSwitch]:
    placed = cable_book(ctx).placed
    return [s for s in ctx.inventory.oob_switches.values() if s.name in placed]


@check(
    "NET037", severity=Severity.WARNING, over=_standing, title=Text("Out-of-band switch too full", "带外交换机端口占用过高"),
    clause="policy: net.oob_fill_max",
)  # fmt: skip
def oob_has_room(switch: OobSwitch, ctx: Context) -> Iterator[Finding]:
    """An out-of-band switch keeps a share of its ports free.

    Why it matters: the next servers, sensors and power strips all want a management port.
    How to fix: add a switch, or let another serve some of the rows.
    Source: engineering estimate, 85 %.
    Failing: 47 of 48 ports in use
    Passing: 40 of 48
    """
    device = ctx.inventory.devices[switch.name]
    ports = set(ports_for(port_plan_of(ctx.inventory, device), "oob"))
    views = cable_book(ctx).by_device.get(switch.name, ())
    used = len(
        {e.end.port for v in views for e in v.ends if e.end.device == switch.name and e.end.port in ports}
    )
    limit = ctx.inventory.policy.number("net.oob_fill_max")
    if ports and used / len(ports) > limit + 1e-9:
        most = int(limit * len(ports) + 1e-9)
        yield finding(
            "NET037", switch.name,
            Text(f"{used} of {len(ports)} ports in use, limit {limit:.0%}", f"{len(ports)} 个端口已用 {used} 个，上限 {limit:.0%}"),
            ctx.where(switch, "rows"), arithmetic=f"{used} / {len(ports)} = {used / len(ports):.1%} > {limit:.0%} ({most} ports)",
            fix=Text(f"move {used - most} ports to another switch", f"将 {used - most} 个端口移至其他交换机"),
        )  # fmt: skip


@check(
    "NET038", severity=Severity.ERROR, title=Text("Out-of-band network depends on the fabric", "带外网络依赖业务网络"),
    over=lambda ctx: [*ctx.inventory.oob_switches.values(), *cable_book(ctx).views],
    clause="GB/T 22239-2019 8.1.5.4: management path of its own",
)  # fmt: skip
def oob_stands_alone(subject: OobSwitch | CableView, ctx: Context) -> Iterator[Finding]:
    """Out-of-band switches are uplinked to the out-of-band core only, and management ports end at out-of-band
    switches only.

    Why it matters: when the fabric is down, the network meant to repair it must still be there.
    How to fix: uplink to switches of role oob-core.
    Source: GB/T 22239-2019 8.1.5.4.
    Failing: `{name: A-OASW-01, uplinks: {to: [A-DSW-1], …}}` with A-DSW-1 of role core
    Passing: `{name: A-OASW-01, uplinks: {to: [A-OMR-1, A-OMR-2], …}}`
    """
    if isinstance(subject, CableView):
        if subject.owner not in cable_book(ctx).in_band:
            yield from end_fault("NET038", subject, ctx)
        return
    wrong = in_band_uplinks(ctx.inventory, subject.uplinks.to) if subject.uplinks else []
    if wrong and subject.uplinks:
        switches = [ctx.inventory.existing_switches[subject.uplinks.to[i]] for i in wrong]
        names = ", ".join(f"{s.name} ({s.role})" for s in switches)
        yield finding(
            "NET038", subject.name, Text(f"uplinked to the fabric: {names}", f"上联至业务网络：{names}"),
            ctx.where(subject, "uplinks", "to", wrong[0]),
            fix=Text("uplink to switches of role oob-core", "上联至带外核心交换机"),
            related=[Related(ctx.where(s, "role"), f"{s.name}: role {s.role}") for s in switches],
        )  # fmt: skip


@check(
    "NET039", severity=Severity.WARNING, needs="inventory", over=lambda ctx: ctx.inventory.oob_switches.values(),
    title=Text("Out-of-band switch without two uplinks", "带外交换机上联不足两路"), unless=("NET038",),
    clause="engineering estimate: one uplink to each of two core switches",
)  # fmt: skip
def oob_has_two_uplinks(switch: OobSwitch, ctx: Context) -> Iterator[Finding]:
    """An out-of-band switch has uplinks to two different switches.

    Why it matters: with one, the restart of a core switch blinds every rack behind it.
    How to fix: `uplinks: {to: [A-OMR-1, A-OMR-2], per_member: 2}`.
    Source: engineering estimate.
    Failing: `uplinks: {to: [A-OMR-1], per_member: 2}`
    Passing: `uplinks: {to: [A-OMR-1, A-OMR-2], per_member: 2}`
    """
    uplinks = switch.uplinks
    far = (
        {uplinks.to[k % len(uplinks.to)] for k in range(uplinks.per_member)}
        if uplinks and uplinks.to
        else set()
    )
    if len(far) < 2:
        yield finding(
            "NET039", switch.name, Text(f"uplinks to {len(far)} switches, 2 wanted", f"上联至 {len(far)} 台交换机，应为 2 台"),
            ctx.where(switch, "uplinks") if uplinks else ctx.where(switch, "name"),
            fix=Text("one uplink to each of two core switches", "分别上联至两台带外核心"), arithmetic=f"{len(far)} < 2",
        )  # fmt: skip


@dataclass(frozen=True)
class Partners:
    """Devices that stand in for each other, and the management cables of each."""

    subject: str
    record: Pair | Fleet
    views: tuple[CableView, ...]

    @property
    def shared(self) -> str | None:
        """The one switch all their management cables end at; None: they end at several, or there is one device."""
        far = {v.cable.b.device for v in self.views}
        return min(far) if len(far) == 1 and len({v.cable.a.device for v in self.views}) > 1 else None


def _partners(ctx: Context) -> list[Partners]:
    book = cable_book(ctx)
    groups: dict[str, tuple[Pair | Fleet, list[CableView]]] = {}
    for view in book.sound("oob"):
        device = view.a.device
        interface = view.a.interface
        if device is None or interface is None or not interface.mgmt_only:
            continue
        record = device.record
        if isinstance(record, Pair) and record.mlag:
            groups.setdefault(record.name, (record, []))[1].append(view)
        elif isinstance(record, Fleet) and record.ha_group:
            groups.setdefault(record.ha_group, (record, []))[1].append(view)
    return [Partners(name, record, tuple(views)) for name, (record, views) in sorted(groups.items())]


def sharing_cables(ctx: Context) -> frozenset[int]:
    """Management cables of partners that all end at one switch although there are several at the site."""

    def make() -> frozenset[int]:
        return frozenset(v.index for p in _partners(ctx) if p.shared for v in p.views)

    found: frozenset[int] = ctx.memo("topology.sharing_cables", make)
    return found


@check(
    "NET040", severity=Severity.WARNING, over=_partners, title=Text("Partners managed over one switch", "互备设备的管理口接在同一台带外交换机"),
    clause="engineering estimate: keepalive and management of partners do not share fate",
)  # fmt: skip
def partners_on_different_switches(partners: Partners, ctx: Context) -> Iterator[Finding]:
    """The management ports of the two members of a pair, and of devices that stand in for each other, end at
    different out-of-band switches.

    Why it matters: the keepalive of a pair runs over these ports; one switch less, and a lost peer link makes
    both members active.
    How to fix: move one of them to another out-of-band switch of the row.
    Source: engineering estimate.
    Failing: MEth0/0/0 of A-ASW-01A and of A-ASW-01B both at A-OASW-01
    Passing: one at A-OASW-01, one at A-OASW-02
    """
    if partners.shared is None:
        return
    odd = next((v for v in partners.views if "b" in v.stale), partners.views[-1])
    yield finding(
        "NET040", partners.subject,
        Text(f"{', '.join(v.a.name for v in partners.views)} all end at {partners.shared}",
             f"{', '.join(v.a.name for v in partners.views)} 均接 {partners.shared}"),
        ctx.where(odd.cable, "b", "device"),
        fix=Text(f"move {odd.cable.id} to another out-of-band switch", f"将 {odd.cable.id} 改接另一台带外交换机"),
        related=[Related(ctx.where(v.cable, "b", "device"), f"{v.cable.id}: {v.b.name}") for v in partners.views if v is not odd],
    )  # fmt: skip
