"""Copies, voters and fleets over racks and pairs (RED007-RED012)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from inventory import model as m
from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text
from topology.checks.redundancy import ha_groups, moved, rack_clash

RACKS_OF_COPIES = 3
"""Racks that copies need at least, however many there are: one lost leaves a majority (engineering estimate)."""


@dataclass(frozen=True)
class Spread:
    """Devices of something that has to be spread, at one site: by rack, by pair, those planned without a rack,
    and how many the plan lacks altogether (PLN001 reports them)."""

    site: str
    names: tuple[str, ...]
    racks: Mapping[str, Sequence[str]]
    pairs: Mapping[str, Sequence[str]]
    unplaced: tuple[str, ...]
    missing: int

    @property
    def open(self) -> int:
        """Devices whose rack is not known yet: any of them may still stand where it helps."""
        return len(self.unplaced) + self.missing

    @property
    def unpaired(self) -> int:
        """Devices whose pair is not known yet."""
        return len(self.names) - sum(len(names) for names in self.pairs.values())

    @property
    def racks_text(self) -> str:
        """Devices per rack, for the arithmetic of a finding."""
        return ", ".join(f"{rack} {len(names)}" for rack, names in sorted(self.racks.items())) or "none"


@dataclass(frozen=True)
class Copies:
    """A replica group at one site."""

    group: m.ReplicaGroup
    spread: Spread

    @property
    def subject(self) -> str:
        """How findings name it."""
        return f"replica_groups/{self.group.name}/{self.spread.site}"


@dataclass(frozen=True)
class Voters:
    """The voters of a quorum of scope rack."""

    quorum: m.Quorum
    spread: Spread
    without_fleet: int

    @property
    def total(self) -> int:
        """All votes."""
        return len(self.spread.names) + self.without_fleet

    @property
    def limit(self) -> int:
        """Most voters that may be lost at once: n - (n // 2 + 1)."""
        return self.total - (self.total // 2 + 1)


def _spread(ctx: Context, fleets: Sequence[str], site: str | None) -> Spread:
    names = _names(ctx, fleets, site)
    planned = [n for n in names if n in ctx.placed]
    racks: dict[str, list[str]] = {}
    pairs: dict[str, list[str]] = {}
    unplaced: list[str] = []
    for name in planned:
        placed = ctx.placed[name]
        if placed.rack is None:
            unplaced.append(name)
        else:
            racks.setdefault(placed.rack, []).append(name)
        if placed.pair is not None:
            pairs.setdefault(placed.pair, []).append(name)
    return Spread(site or "", tuple(names), racks, pairs, tuple(unplaced), len(names) - len(planned))


def _names(ctx: Context, fleets: Sequence[str], site: str | None) -> list[str]:
    by_fleet: dict[str, list[str]] = ctx.memo("redundancy.fleets", dict)
    if not by_fleet:
        for device in ctx.inventory.devices.values():
            by_fleet.setdefault(device.owner, []).append(device.name)
    sites = {f: ctx.inventory.fleets[f].site for f in fleets}
    return [name for f in fleets if sites[f] == site for name in by_fleet.get(f, ())]


def replica_copies(ctx: Context) -> list[Copies]:
    """Replica groups, once for each site that holds devices of theirs."""
    out = []
    for group in ctx.inventory.replica_groups.values():
        sites = sorted({s for f in group.fleets if (s := ctx.inventory.fleets[f].site)})
        out += [Copies(group, _spread(ctx, group.fleets, site)) for site in sites]
    return [c for c in out if c.spread.names]


def rack_quorums(ctx: Context) -> list[Voters]:
    """Quorums of scope rack with their voters."""
    out = []
    for quorum in ctx.inventory.quorums.values():
        if quorum.scope == "rack":
            fleets = [v.fleet for v in quorum.votes if v.fleet]
            site = quorum.votes[0].site if quorum.votes else None
            other = sum(v.votes for v in quorum.votes if v.fleet is None)
            out.append(Voters(quorum, _spread(ctx, fleets, site), other))
    return out


def _unplaced(code: str, subject: str, spread: Spread, record: m.Record, ctx: Context) -> Finding:
    some = ", ".join(spread.unplaced[:3])
    return lacking(
        code, subject,
        Text(f"{len(spread.unplaced)} of {len(spread.names)} devices have no rack yet: {some}",
             f"{len(spread.names)} 台中 {len(spread.unplaced)} 台尚未上架：{some}"),
        ctx.where(record), Text("run `rackwright plan`", "运行 `rackwright plan`"),
    )  # fmt: skip


def copies_fault(copies: Copies) -> tuple[str, str, str, str] | None:
    """What is wrong with the spread of copies: (field, English, Chinese, arithmetic); None when nothing is,
    or when devices without a rack could still mend it."""
    group, spread = copies.group, copies.spread
    racks, pairs, n = len(spread.racks), len(spread.pairs), len(spread.names)
    best = racks + spread.open
    if n < group.copies:
        return (
            "copies",
            f"{group.copies} copies on {n} devices",
            f"{group.copies} 份副本，仅 {n} 台设备",
            f"{n} < {group.copies}",
        )
    if best < group.copies:
        return (
            "copies", f"{group.copies} copies need as many racks, found {racks}", f"{group.copies} 份副本需同样多的机柜，实际 {racks}",
            f"racks: {spread.racks_text}; {racks} < {group.copies}",
        )  # fmt: skip
    if group.domain == "pair" and pairs + spread.unpaired < group.copies:
        return (
            "domain", f"{group.copies} copies need as many pairs (domain: pair), found {pairs}",
            f"{group.copies} 份副本需同样多的交换机对（domain: pair），实际 {pairs}",
            f"{pairs} pairs < {group.copies} copies",
        )  # fmt: skip
    if best < group.racks_min and pairs + spread.unpaired < group.pairs_min:
        return (
            "racks_min", f"found {racks} racks and {pairs} pairs, one of the two must reach its minimum",
            f"机柜 {racks} 个、交换机对 {pairs} 组，须有一项达标",
            f"{racks} < racks_min {group.racks_min} and {pairs} < pairs_min {group.pairs_min}",
        )  # fmt: skip
    least = min(group.copies, RACKS_OF_COPIES)
    if group.racks_min < least:
        return (
            "racks_min", f"racks_min {group.racks_min} lets {group.copies} copies stand in {group.racks_min} racks",
            f"racks_min {group.racks_min} 允许 {group.copies} 份副本仅分布于 {group.racks_min} 个机柜",
            f"{group.racks_min} < min({group.copies} copies, {RACKS_OF_COPIES} racks) = {least}",
        )  # fmt: skip
    return None


@check(
    "RED007", severity=Severity.ERROR, over=lambda ctx: [c for c in replica_copies(ctx) if c.group.scheme == "replica"],
    title=Text("Copies not spread far enough", "副本分布不足"), clause="engineering estimate: copies over 3 racks or 3 access pairs",
)  # fmt: skip
def copies_spread(copies: Copies, ctx: Context) -> Iterator[Finding]:
    """Copies of data stand in different racks, and over enough racks or enough access pairs.

    Why it matters: two copies in one rack are lost together; the third is then the only one while the others
    are rebuilt.
    How to fix: spread the fleets over more racks (`spread: {racks_min: 3}`), or over more pairs. With
    `domain: pair` no two copies may share a pair, so that there must be as many pairs as copies.
    Source: engineering estimate (three copies over three racks or three access pairs, as platform vendors ask).
    Failing: three copies on six servers in two racks on two pairs, or `{copies: 3, racks_min: 2}`
    Passing: three copies on six servers in three racks
    """
    fault = copies_fault(copies)
    if fault is not None:
        field, en, zh, arithmetic = fault
        yield finding(
            "RED007", copies.subject, Text(en, zh), ctx.where(copies.group, field), arithmetic=arithmetic,
            clause=ctx.inventory.clause(copies.group),
            fix=Text("spread the devices over more racks or pairs", "将设备分布到更多机柜或交换机对"),
        )  # fmt: skip
    elif copies.spread.unplaced and len(copies.spread.racks) < copies.group.copies:
        yield _unplaced("RED007", copies.subject, copies.spread, copies.group, ctx)


@check(
    "RED008", severity=Severity.ERROR, over=lambda ctx: [c for c in replica_copies(ctx) if c.group.scheme == "erasure"],
    title=Text("Shards of a stripe too dense", "纠删码分片过于集中"), clause="engineering estimate",
)  # fmt: skip
def shards_spread(copies: Copies, ctx: Context) -> Iterator[Finding]:
    """No rack has to hold more shards of a stripe than parity can replace.

    Why it matters: a rack with more shards than parity loses data, not only access, when it fails.
    How to fix: spread the devices over more racks, or use more parity.
    Source: engineering estimate: a stripe of k + m shards survives m losses, so at most m in a rack.
    Failing: 4 + 2 shards on 6 servers in two racks: 2 + 2 = 4 < 6
    Passing: 4 + 2 shards on 6 servers in three racks: 2 + 2 + 2 = 6
    """
    group, spread = copies.group, copies.spread
    if not group.data_shards or not group.parity_shards:
        missing = "data_shards" if not group.data_shards else "parity_shards"
        yield lacking(
            "RED008", copies.subject, Text(f"{missing} is not stated", f"{missing} 未填写"),
            ctx.where(group, missing), Text(f"write {missing}", f"填写 {missing}"),
        )  # fmt: skip
        return
    stripe, parity = group.data_shards + group.parity_shards, group.parity_shards
    counts = sorted((len(names) for names in spread.racks.values()), reverse=True)
    room = sum(min(count, parity) for count in counts)
    if room + spread.open < stripe:
        yield finding(
            "RED008", copies.subject,
            Text(f"a stripe of {stripe} shards does not fit with at most {parity} in a rack", f"每柜至多 {parity} 片时，{stripe} 片的条带放不下"),
            ctx.where(group, "parity_shards"),
            arithmetic=f"sum of min(devices, {parity}) over racks {spread.racks_text} = {room} < {stripe}",
            fix=Text("spread the devices over more racks, or use more parity", "分布到更多机柜，或增加校验片"),
        )  # fmt: skip
    elif room < stripe and spread.unplaced:
        yield _unplaced("RED008", copies.subject, spread, group, ctx)


@check(
    "RED009", severity=Severity.WARNING, over=replica_copies, unless=("RED007", "RED008"),
    title=Text("One rack holds too many storage devices", "单机柜存储设备过多"), clause="engineering estimate",
)  # fmt: skip
def copies_balanced(copies: Copies, ctx: Context) -> Iterator[Finding]:
    """No rack holds more devices of a replica group than its even share over the least number of racks.

    Why it matters: the rack that holds half of the devices holds half of the capacity; after its loss there is
    no room to copy again.
    How to fix: move the surplus devices to racks that hold fewer.
    Source: engineering estimate: at most ceil(devices / racks_min) in a rack.
    Failing: 6 devices, racks_min 3, in racks of 3, 2 and 1
    Passing: 6 devices, racks_min 3, in racks of 2, 2 and 2
    """
    group, spread = copies.group, copies.spread
    if all(ctx.inventory.fleets[f].spread.max_per_rack for f in group.fleets):
        return  # the fleets state their own limit, which RED010 holds
    n = len(spread.names)
    limit = math.ceil(n / max(1, min(group.racks_min, n)))
    for rack, names in sorted(spread.racks.items()):
        if len(names) > limit:
            odd = moved(ctx, names)
            yield finding(
                "RED009", copies.subject,
                Text(f"{rack} holds {len(names)} of {n} devices", f"{rack} 内有 {n} 台中的 {len(names)} 台"),
                ctx.where(ctx.placed[odd], "rack"),
                arithmetic=f"ceil({n} / {group.racks_min} racks) = {limit} < {len(names)}; racks: {spread.racks_text}",
                fix=Text(f"move {len(names) - limit} out of {rack}", f"从 {rack} 移出 {len(names) - limit} 台"),
                related=[Related(ctx.where(group, "racks_min"), f"replica group {group.name}")],
            )  # fmt: skip


def _explained_fleets(ctx: Context) -> set[str]:
    """Fleets whose spread another check already reports: HA groups, copies, voters."""
    out = {r.name for g in ha_groups(ctx) if rack_clash(ctx, g) for r in g.records}
    out |= {f for c in replica_copies(ctx) if copies_fault(c) for f in c.group.fleets}
    for voters in rack_quorums(ctx):
        if any(len(names) > voters.limit for names in voters.spread.racks.values()):
            out |= {v.fleet for v in voters.quorum.votes if v.fleet}
    return out


@check(
    "RED010", severity=Severity.ERROR,
    over=lambda ctx: [f for f in ctx.inventory.fleets.values() if f.spread != m.Spread() and f.site and f.count],
    title=Text("Fleet not spread as intended", "设备组分布不符合要求"), clause="engineering estimate",
)  # fmt: skip
def fleet_spread(fleet: m.Fleet, ctx: Context) -> Iterator[Finding]:
    """The devices of a fleet keep its `spread`: least racks, least pairs, most per rack.

    Why it matters: the service above counts on losing at most this many at once.
    How to fix: move devices, or widen the rows the fleet may use; `rackwright plan` keeps the limits.
    Source: engineering estimate, stated per fleet.
    Failing: `spread: {max_per_rack: 1}` with two devices in A01-A03
    Passing: `spread: {max_per_rack: 1}` with one device in each of three racks
    """
    spread = _spread(ctx, [fleet.name], fleet.site)
    wanted = fleet.spread
    explained: set[str] = ctx.memo("redundancy.explained", lambda: _explained_fleets(ctx))
    racks, pairs = len(spread.racks), len(spread.pairs)
    if wanted.max_per_rack is not None and fleet.name not in explained:
        crowded = [(rack, names) for rack, names in spread.racks.items() if len(names) > wanted.max_per_rack]
        if crowded:
            yield _crowded(fleet, sorted(crowded), wanted.max_per_rack, ctx)
            return  # with these out of their racks, the number of racks is another
    for field, found, least, what, zh in (
        ("racks_min", racks, wanted.racks_min, "racks", "机柜"),
        ("pairs_min", pairs, wanted.pairs_min, "pairs", "交换机对"),
    ):
        still = spread.open if field == "racks_min" else spread.unpaired
        if found >= least or (field == "racks_min" and fleet.name in explained):
            continue
        if found + still >= least and not spread.unplaced:
            continue  # PLN001 reports what the plan lacks
        if found + still >= least:
            yield _unplaced("RED010", f"fleets/{fleet.name}", spread, fleet, ctx)
            continue
        yield finding(
            "RED010", f"fleets/{fleet.name}",
            Text(f"{fleet.name} stands on {found} {what}, at least {least} wanted", f"{fleet.name} 分布于 {found} 个{zh}，至少 {least}"),
            ctx.where(fleet, "spread", field), arithmetic=f"{len(spread.names)} devices: {found} < {least}",
            fix=Text(f"use more {what}, or correct {field}", f"增加{zh}，或改正 {field}"),
        )  # fmt: skip


def _crowded(
    fleet: m.Fleet, crowded: Sequence[tuple[str, Sequence[str]]], most: int, ctx: Context
) -> Finding:
    """Racks that hold more of a fleet than it allows: one is the fault of a device, several that of the limit."""
    rack, names = crowded[0]
    odd, alone = moved(ctx, names), len(crowded) == 1
    limit = ctx.where(fleet, "spread", "max_per_rack")
    more = "" if alone else f", and {len(crowded) - 1} more racks hold too many"
    zh_more = "" if alone else f"，另有 {len(crowded) - 1} 个机柜超限"
    return finding(
        "RED010", f"fleets/{fleet.name}",
        Text(f"{rack} holds {len(names)} of {fleet.name}, at most {most} wanted{more}", f"{rack} 内有 {len(names)} 台 {fleet.name}，上限 {most}{zh_more}"),
        ctx.where(ctx.placed[odd], "rack") if alone else limit,
        arithmetic=f"{', '.join(names)}: {len(names)} > {most}",
        fix=Text(f"place {odd} in another rack", f"将 {odd} 移至其他机柜") if alone
        else Text("correct max_per_rack, or plan the fleet anew", "更正 max_per_rack，或重新规划该设备组"),
        related=[Related(limit, f"spread of {fleet.name}")] if alone
        else [Related(ctx.where(ctx.placed[n[0]], "rack"), f"{r}: {len(n)}") for r, n in crowded[:4]],
    )  # fmt: skip


def _voters_over(voters: Voters, places: Mapping[str, Sequence[str]]) -> list[tuple[str, Sequence[str]]]:
    return [(place, names) for place, names in sorted(places.items()) if len(names) > voters.limit]


def _rule(voters: Voters) -> str:
    n = voters.total
    return f"{n} - ({n} // 2 + 1) = {voters.limit}"


@check(
    "RED011", severity=Severity.ERROR, over=rack_quorums, unless=("RED018",),
    title=Text("One rack holds a quorum", "单机柜掌握多数票"), clause="engineering estimate",
)  # fmt: skip
def voters_over_racks(voters: Voters, ctx: Context) -> Iterator[Finding]:
    """The loss of any rack leaves more than half of the voters.

    Why it matters: without a majority the control plane stops, and with it every change and every repair.
    How to fix: at most n - (n // 2 + 1) voters in a rack; three voters are the least that bear a loss.
    Source: majority rule of consensus protocols; engineering estimate.
    Failing: five voters with three in A01-A03
    Passing: five voters in racks of 2, 2 and 1
    """
    subject = f"quorums/{voters.quorum.name}"
    if voters.total < 3:
        yield finding(
            "RED011", subject,
            Text(f"{voters.total} voters bear no loss", f"{voters.total} 个投票成员不能承受任何失效"),
            ctx.where(voters.quorum, "votes"), arithmetic=f"{_rule(voters)}; 3 voters are the least",
            fix=Text("use three voters or more", "至少设三个投票成员"),
        )  # fmt: skip
        return
    for rack, names in _voters_over(voters, voters.spread.racks):
        odd = moved(ctx, names)
        yield finding(
            "RED011", subject,
            Text(f"{rack} holds {len(names)} of {voters.total} voters", f"{rack} 内有 {voters.total} 个投票成员中的 {len(names)} 个"),
            ctx.where(ctx.placed[odd], "rack"), arithmetic=f"{_rule(voters)} < {len(names)}",
            fix=Text(f"move {len(names) - voters.limit} of {', '.join(names)} to another rack", f"将其中 {len(names) - voters.limit} 个移至其他机柜"),
            related=[Related(ctx.where(voters.quorum), f"quorum {voters.quorum.name}")],
        )  # fmt: skip
    if voters.spread.unplaced:
        yield _unplaced("RED011", subject, voters.spread, voters.quorum, ctx)
    elif voters.without_fleet:
        yield lacking(
            "RED011", subject,
            Text(f"{voters.without_fleet} votes name no fleet", f"{voters.without_fleet} 票未对应设备组"),
            ctx.where(voters.quorum, "votes"), Text("write the fleet that votes", "填写投票的设备组"),
        )  # fmt: skip


@check(
    "RED012", severity=Severity.WARNING, over=rack_quorums, unless=("RED018",),
    title=Text("One access pair holds a quorum", "单组交换机掌握多数票"), clause="engineering estimate",
)  # fmt: skip
def voters_over_pairs(voters: Voters, ctx: Context) -> Iterator[Finding]:
    """The loss of any access pair leaves more than half of the voters.

    Why it matters: both switches of a pair share configuration and software; an upgrade that fails takes both.
    How to fix: deal the voters over three pairs; with two pairs only, upgrade one member at a time and say so
    in a waiver.
    Source: engineering estimate (common cause within a pair).
    Failing: four voters, two on each of two pairs: 4 - 3 = 1 < 2
    Passing: five voters on three pairs, 2 + 2 + 1
    """
    if voters.total < 3:
        return
    over = _voters_over(voters, voters.spread.pairs)
    if over:
        counts = Counter({pair: len(names) for pair, names in voters.spread.pairs.items()})
        listed = ", ".join(f"{pair} {count}" for pair, count in sorted(counts.items()))
        yield finding(
            "RED012", f"quorums/{voters.quorum.name}",
            Text(f"{', '.join(pair for pair, _ in over)}: the loss of either pair ends the majority of {voters.total} voters"
                 if len(over) > 1 else f"the loss of {over[0][0]} ends the majority of {voters.total} voters",
                 f"失去 {'、'.join(pair for pair, _ in over)} 即失去 {voters.total} 票的多数"),
            ctx.where(voters.quorum, "votes"), arithmetic=f"at most {_rule(voters)} per pair; pairs: {listed}",
            fix=Text("deal the voters over more pairs, or record a waiver", "将投票成员分布到更多交换机对，或登记豁免"),
        )  # fmt: skip
