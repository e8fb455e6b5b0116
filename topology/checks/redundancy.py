"""HA groups and switch pairs: what devices that stand in for each other must not share (RED001-RED003, RED005, RED006).

A transfer switch they share is PWR014."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inventory import model as m
from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text
from inventory.inventory import Device


@dataclass(frozen=True)
class Group:
    """Devices that stand in for each other: an HA group of fleets, or the two members of a pair."""

    name: str
    members: tuple[Device, ...]
    records: tuple[m.Fleet | m.Pair, ...]

    @property
    def subject(self) -> str:
        """How findings name it."""
        return f"ha_groups/{self.name}" if isinstance(self.records[0], m.Fleet) else self.name


def ha_groups(ctx: Context) -> list[Group]:
    """HA groups with their devices, by name."""
    records: dict[str, list[m.Fleet]] = {}
    for fleet in ctx.inventory.fleets.values():
        if fleet.ha_group and fleet.count:
            records.setdefault(fleet.ha_group, []).append(fleet)
    owners = {f.name: group for group, fleets in records.items() for f in fleets}
    members: dict[str, list[Device]] = {}
    for device in ctx.inventory.devices.values():
        if device.owner in owners:
            members.setdefault(owners[device.owner], []).append(device)
    return [Group(name, tuple(members[name]), tuple(fleets)) for name, fleets in sorted(records.items())]


def pair_groups(ctx: Context) -> list[Group]:
    """Access pairs as groups of two, by name."""
    devices = ctx.inventory.devices
    return [
        Group(pair.name, (devices[f"{pair.name}A"], devices[f"{pair.name}B"]), (pair,))
        for _, pair in sorted(ctx.inventory.pairs.items())
    ]


def _several(ctx: Context) -> list[Group]:
    return [g for g in ha_groups(ctx) if len(g.members) > 1]


def moved(ctx: Context, names: Sequence[str]) -> str:
    """Of devices that stand too close, the one to look at: whose power cords lie in another rack, else the last."""
    cords: dict[str, str] = ctx.memo(
        "redundancy.cords", lambda: {c.device: c.rack for c in (ctx.plan.cords if ctx.plan else ())}
    )
    odd = [n for n in names if n in cords and n in ctx.placed and cords[n] != ctx.placed[n].rack]
    return odd[0] if len(odd) == 1 else names[-1]


def by_rack(ctx: Context, devices: Sequence[Device]) -> tuple[dict[str, list[str]], list[str]]:
    """Names by rack, and the names planned without a rack (PLN001 reports those not planned at all)."""
    racks: dict[str, list[str]] = {}
    open_names: list[str] = []
    for device in devices:
        placed = ctx.placed.get(device.name)
        if placed is None:
            continue
        if placed.rack is None:
            open_names.append(device.name)
        else:
            racks.setdefault(placed.rack, []).append(device.name)
    return racks, open_names


def rack_clash(ctx: Context, group: Group) -> tuple[str, list[str]] | None:
    """The first rack that holds two members, with their names."""
    racks, _ = by_rack(ctx, group.members)
    return next(((rack, names) for rack, names in sorted(racks.items()) if len(names) > 1), None)


def _same_rack(code: str, group: Group, ctx: Context) -> Iterator[Finding]:
    racks, unplaced = by_rack(ctx, group.members)
    for rack, names in sorted(racks.items()):
        if len(names) < 2:
            continue
        odd = moved(ctx, names)
        others = [n for n in names if n != odd]
        yield finding(
            code, group.subject,
            Text(f"{', '.join(names)} stand in one rack, {rack}", f"{'、'.join(names)} 位于同一机柜 {rack}"),
            ctx.where(ctx.placed[odd], "rack"), arithmetic=f"{len(names)} of {len(group.members)} members in {rack}, at most 1",
            fix=Text(f"place {odd} in another rack", f"将 {odd} 移至其他机柜"),
            related=[Related(ctx.where(ctx.placed[n], "rack"), f"{n} in {rack}") for n in others],
        )  # fmt: skip
    if unplaced and len(group.members) > 1:
        yield lacking(
            code, group.subject,
            Text(f"{', '.join(unplaced)} have no rack yet", f"{'、'.join(unplaced)} 尚未上架"),
            ctx.where(group.records[0]), Text("run `rackwright plan`", "运行 `rackwright plan`"),
        )  # fmt: skip


@check(
    "RED001", severity=Severity.ERROR, over=_several,
    title=Text("HA members in one rack", "高可用成员位于同一机柜"), clause="GB/T 22239-2019 8.1.2.1 e",
)  # fmt: skip
def ha_members_in_different_racks(group: Group, ctx: Context) -> Iterator[Finding]:
    """Devices of one HA group stand in different racks.

    Why it matters: one rack lost to power, water or a fallen tray takes both.
    How to fix: move one; give the fleet `spread: {racks_min: 2}` so that the planner keeps them apart.
    Source: GB/T 22239-2019 8.1.2.1 e (redundancy of key devices); engineering estimate.
    Failing: `ha_group: fw` with fw-001 and fw-002 both in A01-A03
    Passing: fw-001 in A01-A03, fw-002 in A01-B03
    """
    yield from _same_rack("RED001", group, ctx)


@check(
    "RED002", severity=Severity.ERROR, over=_several,
    title=Text("HA members hang on one switch", "高可用成员接入同一台交换机"), clause="GB/T 22239-2019 8.1.2.1 e",
)  # fmt: skip
def ha_members_on_different_switches(group: Group, ctx: Context) -> Iterator[Finding]:
    """The loss of one switch leaves at least one member of an HA group connected.

    Why it matters: two firewalls on one switch are one firewall when that switch restarts.
    How to fix: cable the members to different switches of the pair, or each to both.
    Source: GB/T 22239-2019 8.1.2.1 e; engineering estimate.
    Failing: fw-001 and fw-002 both cabled to A-ASW-01A only
    Passing: fw-001 to A-ASW-01A, fw-002 to A-ASW-01B
    """
    if len({d.site for d in group.members}) > 1 or any(d.name not in ctx.placed for d in group.members):
        return  # one switch never serves two sites; PLN001 reports a device that is not planned
    reach: dict[str, set[str]] = {}
    for device in group.members:
        for cable in ctx.cables_of.get(device.name, ()):
            if cable.kind == "access":
                far = cable.b.device if cable.a.device == device.name else cable.a.device
                reach.setdefault(device.name, set()).add(far)
    open_names = [d for d in group.members if d.name not in reach]
    if open_names:
        fleet = open_names[0].record
        reason = fleet.attach_open if isinstance(fleet, m.Fleet) else ""
        names = ", ".join(d.name for d in open_names)
        yield lacking(
            "RED002", group.subject,
            Text(f"{names} not cabled yet{': ' + reason if reason else ''}", f"{names} 尚未布线{'：' + reason if reason else ''}"),
            ctx.where(fleet, "attach_open" if reason else "name"), Text("decide `attach` of the fleet", "确定设备组的 `attach`"),
        )  # fmt: skip
        return
    shared = set.intersection(*reach.values())
    alone = {switch for switch in shared if all(r == {switch} for r in reach.values())}
    for switch in sorted(alone):
        names_on = sorted(reach)
        yield finding(
            "RED002", group.subject,
            Text(f"{', '.join(names_on)} all depend on {switch}", f"{'、'.join(names_on)} 均只接入 {switch}"),
            ctx.where(ctx.placed[names_on[-1]]), arithmetic=f"{len(names_on)} of {len(names_on)} members lost with {switch}",
            fix=Text(f"cable {names_on[-1]} to another switch", f"将 {names_on[-1]} 接入另一台交换机"),
        )  # fmt: skip


@check(
    "RED003", severity=Severity.WARNING, needs="inventory", over=ha_groups, unless=("SEC010",),
    title=Text("HA group with a single member", "高可用组仅一台设备"), clause="GB/T 22239-2019 8.1.2.1 e",
)  # fmt: skip
def ha_group_has_a_partner(group: Group, ctx: Context) -> Iterator[Finding]:
    """An HA group has at least two devices.

    Why it matters: with one device the service stops whenever it does; nobody may notice before.
    How to fix: order the partner, or record a waiver that says who accepts the risk.
    Source: GB/T 22239-2019 8.1.2.1 e (redundancy of key devices).
    Failing: `{name: a-sslvpn, count: 1, ha_group: ssl-vpn}` and no other fleet of this group
    Passing: `{name: a-sslvpn, count: 2, ha_group: ssl-vpn}`
    """
    if len(group.members) == 1:
        fleet = group.records[0]
        yield finding(
            "RED003", group.subject,
            Text(f"{group.members[0].name} has no partner", f"{group.members[0].name} 没有备机"),
            ctx.where(fleet, "count"), arithmetic="1 device, 2 wanted", clause=ctx.inventory.clause(fleet),
            fix=Text("add a second device, or record a waiver", "增加一台，或登记豁免"),
        )  # fmt: skip


@check(
    "RED005", severity=Severity.ERROR, over=pair_groups,
    title=Text("Both members of a pair in one rack", "交换机对两台位于同一机柜"), clause="GB/T 22239-2019 8.1.2.1 e",
)  # fmt: skip
def pair_members_in_different_racks(group: Group, ctx: Context) -> Iterator[Finding]:
    """The two switches of a pair stand in different racks.

    Why it matters: the rack that falls takes every server of the pair off the network, not half of its links.
    How to fix: move one member; the distance is bounded by the cable between them.
    Source: GB/T 22239-2019 8.1.2.1 e; engineering estimate.
    Failing: A-ASW-01A and A-ASW-01B both in A01-A04
    Passing: A-ASW-01A in A01-A04, A-ASW-01B in A01-A06
    """
    yield from _same_rack("RED005", group, ctx)


def _sides(ctx: Context) -> dict[str, set[str]]:
    """Power sides by device: from its cords; a transfer switch has both."""
    out: dict[str, set[str]] = {}
    for cord in ctx.plan.cords if ctx.plan else ():
        out.setdefault(cord.device, set()).update("ab" if cord.pdu in ctx.inventory.sts else cord.side)
    return out


@check(
    "RED006", severity=Severity.ERROR, over=lambda ctx: [*pair_groups(ctx), *_several(ctx)],
    title=Text("One power side carries all members", "同一路供电承载全部成员"), clause="engineering estimate: two feeds per rack",
)  # fmt: skip
def members_survive_a_side(group: Group, ctx: Context) -> Iterator[Finding]:
    """The loss of power side a, or of side b, leaves at least one member of a pair or HA group alive.

    Why it matters: single-corded partners on one side are lost together when that UPS is serviced.
    How to fix: cross the feeds: one member on a, the other on b, or both supplies on both sides.
    Source: engineering estimate (two feeds per rack, each carries it alone).
    Failing: both members with one cord each, both on side a
    Passing: one on side a, the other on side b
    """
    sides: dict[str, set[str]] = ctx.memo("redundancy.sides", lambda: _sides(ctx))
    if any(d.name not in ctx.placed for d in group.members):
        return  # PLN001 reports it
    unknown = [d.name for d in group.members if d.name not in sides]
    if unknown:
        yield lacking(
            "RED006", group.subject,
            Text(f"no power cord planned for {', '.join(unknown)}", f"{'、'.join(unknown)} 无电源线规划"),
            ctx.where(group.records[0]), Text("run `rackwright plan`", "运行 `rackwright plan`"),
        )  # fmt: skip
        return
    for side in "ab":
        if all(sides[d.name] == {side} for d in group.members):
            names = [d.name for d in group.members]
            cord = next(c for c in (ctx.plan.cords if ctx.plan else ()) if c.device == names[-1])
            yield finding(
                "RED006", group.subject,
                Text(f"{', '.join(names)} have power from side {side} only", f"{'、'.join(names)} 仅由 {side} 路供电"),
                ctx.where(cord, "side"), arithmetic=f"{len(names)} of {len(names)} members lost with side {side}",
                fix=Text(f"feed {names[-1]} from the other side", f"将 {names[-1]} 改接另一路"),
            )  # fmt: skip
