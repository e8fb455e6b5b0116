"""The fabric that the cables make: peer links, oversubscription, dealing of uplinks (NET030-NET036)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text
from inventory.model import Pair
from topology.checks.cable_book import CableView, cable_book
from topology.checks.links import incomplete
from topology.checks.medium_book import real_gbps, surveyed_card


def _mlag(ctx: Context) -> list[Pair]:
    return [p for p in ctx.inventory.pairs.values() if p.mlag]


def _of(pair: Pair, kind: str, ctx: Context) -> list[CableView]:
    """Sound cables of one kind at the members of a pair."""
    book = cable_book(ctx)
    views = [v for m in (f"{pair.name}A", f"{pair.name}B") for v in book.by_device.get(m, ())]
    return [v for v in dict.fromkeys(views) if v.cable.kind == kind and v.index not in book.faults]


@check(
    "NET030", severity=Severity.ERROR, needs="inventory", over=_mlag, title=Text("Pair without a peer link", "交换机对无互联链路"),
    clause="multi-chassis link aggregation needs a peer link",
)  # fmt: skip
def pair_has_peer_link(pair: Pair, ctx: Context) -> Iterator[Finding]:
    """A pair that serves hosts together has a peer link.

    Why it matters: without it the two switches cannot agree; a host with one dead link loses half its traffic.
    How to fix: declare `peer_link` with two cables, or `mlag: false` and single-homed hosts.
    Source: vendors' notes on M-LAG.
    Failing: `{name: A-ASW-01, mlag: true, peer_link: null}`
    Passing: `{name: A-ASW-01, peer_link: {count: 2, cable: dac-qsfpp-40g, length_m: 5}}`
    """
    if pair.peer_link is None or pair.peer_link.count == 0:
        yield finding(
            "NET030", pair.name, Text("no peer link between the members", "两台成员之间无互联链路"),
            ctx.where(pair, *(("peer_link",) if pair.peer_link else ("name",))),
            fix=Text("declare peer_link with at least 2 cables", "声明 peer_link，至少 2 条"), arithmetic="0 links < 2",
        )  # fmt: skip


@check(
    "NET031", severity=Severity.ERROR, needs="inventory", title=Text("Peer link of a single cable", "互联链路仅一条"),
    clause="engineering estimate: two links", over=lambda ctx: [p for p in _mlag(ctx) if p.peer_link and p.peer_link.count],
)  # fmt: skip
def peer_link_is_aggregated(pair: Pair, ctx: Context) -> Iterator[Finding]:
    """The peer link of a pair is made of two or more cables.

    Why it matters: the peer link is the one cable whose loss splits the pair.
    How to fix: `count: 2`, on ports of the peer_link range.
    Source: vendors' notes on M-LAG; engineering estimate.
    Failing: `peer_link: {count: 1, …}`
    Passing: `peer_link: {count: 2, …}`
    """
    if pair.peer_link is not None and pair.peer_link.count < 2:
        yield finding(
            "NET031", pair.name, Text("the peer link is a single cable", "互联链路仅一条线缆"), ctx.where(pair, "peer_link", "count"),
            fix=Text("use 2 cables", "使用 2 条"), arithmetic=f"{pair.peer_link.count} < 2",
        )  # fmt: skip


@check(
    "NET032", severity=Severity.ERROR, over=_mlag, title=Text("Peer link too small", "互联链路带宽不足"), unless=("NET030", "NET031"),
    clause="policy: net.peer_link_share",
)  # fmt: skip
def peer_link_carries_a_failure(pair: Pair, ctx: Context) -> Iterator[Finding]:
    """The peer links together carry a share of the uplinks of one member, and the largest link group of one host.

    Why it matters: when a member loses its uplinks or a host loses a link, that traffic crosses the peer link.
    How to fix: more peer links, or faster ones.
    Source: engineering estimate, 50 % of the uplinks of a member.
    Failing: 1 x 40G beside 4 x 40G uplinks: 40 < 0.5 x 160
    Passing: 2 x 40G: 80 = 0.5 x 160
    """
    broken = incomplete(ctx)
    if (pair.name, "peer-link") in broken or (pair.name, "uplink") in broken:
        return
    peers, uplinks = _of(pair, "peer-link", ctx), _of(pair, "uplink", ctx)
    if not peers:
        return
    have = _gbps(peers, ctx)
    share = ctx.inventory.policy.number("net.peer_link_share")
    up = max(_gbps([v for v in uplinks if v.cable.a.device == f"{pair.name}{m}"], ctx) for m in "AB")
    groups: Counter[tuple[str, str]] = Counter()
    for view in _of(pair, "access", ctx):
        groups[view.cable.a.device, view.cable.b.device] += int(real_gbps(view, cable_book(ctx)))
    host, largest = max(groups.items(), key=lambda g: (g[1], g[0]), default=(("", ""), 0))
    need = max(share * up, float(largest))
    if have < need - 1e-9:
        by_host = largest > share * up
        what = (
            f"largest host group {largest:g}G of {host[0]}"
            if by_host
            else f"{share:g} x {up:g}G of uplinks = {need:g}G"
        )
        yield finding(
            "NET032", pair.name, Text(f"peer links carry {have:g}G, {need:g}G wanted", f"互联带宽 {have:g}G，应不小于 {need:g}G"),
            ctx.where(pair, "peer_link"), arithmetic=f"{_product(peers, ctx)} = {have:g}G < {what}",
            fix=Text(f"add {need - have:g}G of peer links", f"增加 {need - have:g}G 互联带宽"),
        )  # fmt: skip


def _gbps(views: list[CableView], ctx: Context) -> float:
    book = cable_book(ctx)
    return sum(real_gbps(v, book) for v in views)


def _product(views: list[CableView], ctx: Context) -> str:
    count = Counter(real_gbps(v, cable_book(ctx)) for v in views)
    return " + ".join(f"{n} x {gbps:g}" for gbps, n in sorted(count.items())) or "0"


@check(
    "NET033", severity=Severity.ERROR, needs="inventory", over=_mlag, title=Text("Pair without keepalive", "交换机对无心跳"),
    clause="multi-chassis link aggregation needs a keepalive beside the peer link",
)  # fmt: skip
def pair_has_keepalive(pair: Pair, ctx: Context) -> Iterator[Finding]:
    """A pair has a keepalive on a path of its own: over the management ports or a cable between two ports.

    Why it matters: without it the loss of the peer link leaves both members active on the same addresses.
    How to fix: `keepalive: mgmt`, or `keepalive: port` and a keepalive range in the port plan.
    Source: vendors' notes on M-LAG.
    Failing: `keepalive: null`
    Passing: `keepalive: mgmt`
    """
    if pair.keepalive is None:
        yield finding(
            "NET033", pair.name, Text("no keepalive beside the peer link", "互联链路之外无心跳"), ctx.where(pair, "keepalive"),
            fix=Text("write keepalive: mgmt", "写 keepalive: mgmt"),
        )  # fmt: skip


def _loaded(ctx: Context) -> list[Pair]:
    placed = cable_book(ctx).placed
    return [p for p in ctx.inventory.pairs.values() if f"{p.name}A" in placed and f"{p.name}B" in placed]


@check(
    "NET034", severity=Severity.WARNING, over=_loaded, title=Text("Oversubscription too high", "收敛比过高"),
    clause="policy: net.os_general, net.os_storage",
)  # fmt: skip
def oversubscription_normal(pair: Pair, ctx: Context) -> Iterator[Finding]:
    """Downlinks in use over uplinks of each member stay within the limit of the pair's traffic (peer link not counted).

    Why it matters: beyond it, storage replication and big-data shuffles wait for each other.
    How to fix: more or faster uplinks, or fewer servers on the pair.
    Source: 3.0 as the access pair of the vendor is built; 2.5 for storage (engineering estimate).
    Failing: 48 x 10G over 3 x 40G = 4.0
    Passing: 40 x 10G over 4 x 40G = 2.5
    """
    yield from _oversubscribed(
        "NET034", pair, ctx, "os_storage" if pair.traffic == "storage" else "os_general", 0
    )


@check(
    "NET035", severity=Severity.WARNING, over=_loaded, title=Text("Oversubscription too high with one uplink down", "单上联故障时收敛比过高"),
    clause="policy: net.os_degraded", unless=("NET034",),
)  # fmt: skip
def oversubscription_degraded(pair: Pair, ctx: Context) -> Iterator[Finding]:
    """With its fastest uplink down, a member still keeps within the degraded limit.

    Why it matters: an uplink fails more often than a switch; the pair has to carry on through the day.
    How to fix: one more uplink, or fewer servers on the pair.
    Source: engineering estimate, 4.0.
    Failing: 36 x 10G over (3 - 1) x 40G = 4.5
    Passing: 40 x 10G over 3 x 40G = 3.33
    """
    yield from _oversubscribed("NET035", pair, ctx, "os_degraded", 1)


def _oversubscribed(code: str, pair: Pair, ctx: Context, parameter: str, down: int) -> Iterator[Finding]:
    if (pair.name, "uplink") in incomplete(ctx):
        return
    limit, book = ctx.inventory.policy.number(f"net.{parameter}"), cable_book(ctx)
    worst: tuple[float, str, list[CableView], list[CableView]] | None = None
    for member in (f"{pair.name}A", f"{pair.name}B"):
        downlinks = [v for v in _of(pair, "access", ctx) if v.cable.b.device == member]
        uplinks = [v for v in _of(pair, "uplink", ctx) if v.cable.a.device == member]
        left = sorted(uplinks, key=lambda v: (-real_gbps(v, book), v.index))[down:]
        load, room = _gbps(downlinks, ctx), _gbps(left, ctx)
        ratio = 0.0 if not load else load / room if room else float("inf")
        if worst is None or ratio > worst[0]:
            worst = (ratio, member, downlinks, left)
    if worst is None or worst[0] <= limit + 1e-9:
        return
    ratio, member, downlinks, left = worst
    load, room = _gbps(downlinks, ctx), _gbps(left, ctx)
    shown = f"{ratio:.2f}" if room else "no uplink left"
    state = Text(" with one uplink down", "（一条上联故障）") if down else Text("", "")
    yield finding(
        code, pair.name,
        Text(f"{member}: oversubscription {shown}{state.en}, limit {limit:g}", f"{member}：收敛比 {shown}{state.zh}，上限 {limit:g}"),
        ctx.where(pair, "uplinks") if pair.uplinks else ctx.where(pair, "name"),
        arithmetic=f"({_product(downlinks, ctx)}) / ({_product(left, ctx)}) = {load:g} / {room:g}" + (f" = {ratio:.2f}" if room else ""),
        fix=Text(f"{load / limit - room:.0f}G more uplink, or {(load - room * limit):.0f}G of servers elsewhere",
                 f"增加 {load / limit - room:.0f}G 上联，或移走 {(load - room * limit):.0f}G 服务器链路"),
    )  # fmt: skip


@check(
    "NET036", severity=Severity.ERROR, over=_loaded, title=Text("Uplinks dealt unevenly", "上联分配不一致"),
    clause="engineering estimate: same order on both members, different line cards",
)  # fmt: skip
def uplinks_dealt_alike(pair: Pair, ctx: Context) -> Iterator[Finding]:
    """Both members have their uplinks on the same ports to the same switches, and two uplinks of a member to one
    switch end on different line cards.

    Why it matters: configuration is made once for both members; two links on one card are one link when it fails.
    How to fix: deal the uplinks over the switches in the same order; take the second port from another card.
    Source: engineering estimate.
    Failing: 100GE1/0/1 of member A to A-DSW-1, of member B to A-DSW-2
    Passing: 100GE1/0/1 of both members to A-DSW-1
    """
    if (pair.name, "uplink") in incomplete(ctx):
        return
    uplinks = _of(pair, "uplink", ctx)
    odd, other = _misdealt(pair, uplinks)
    if odd is not None:
        found = other.cable.b.device if other else "no uplink"
        yield finding(
            "NET036", pair.name,
            Text(f"{odd.a.name} goes to {odd.cable.b.device}, the same port of the other member to {found}",
                 f"{odd.a.name} 接 {odd.cable.b.device}，另一成员同端口接 {found}"),
            ctx.where(odd.cable, "b", "device") if other else ctx.where(odd.cable, "a", "port"),
            fix=Text("deal both members in the same order", "两台成员按相同顺序分配"),
            related=[Related(ctx.where(other.cable, "b", "device"), f"{other.cable.id}: {other.a.name}")] if other else [],
        )  # fmt: skip
        return
    yield from _line_cards(pair, uplinks, ctx)


def _misdealt(pair: Pair, uplinks: list[CableView]) -> tuple[CableView | None, CableView | None]:
    """First uplink that goes elsewhere than the same port of the other member, and that one (None: it has none).
    Of two, the one whose label says another place is the odd one."""
    by_port: dict[str, dict[str, CableView]] = {}
    for view in uplinks:
        by_port.setdefault(str(view.cable.a.port), {})[view.cable.a.device] = view
    pairs = [(by_port[p].get(f"{pair.name}A"), by_port[p].get(f"{pair.name}B")) for p in sorted(by_port)]
    wrong = [
        (a, b) if b is None or (a is not None and a.stale) else (b, a)
        for a, b in pairs
        if a is None or b is None or a.cable.b.device != b.cable.b.device
    ]
    return min(wrong, key=lambda w: not (w[0] and w[0].stale), default=(None, None))


def misdealt_cables(ctx: Context) -> frozenset[int]:
    """Uplinks reported as dealt unevenly; their labels are stale for that reason."""

    def make() -> frozenset[int]:
        odd = (
            _misdealt(p, _of(p, "uplink", ctx))[0]
            for p in _loaded(ctx)
            if (p.name, "uplink") not in incomplete(ctx)
        )
        return frozenset(v.index for v in odd if v is not None)

    found: frozenset[int] = ctx.memo("topology.misdealt", make)
    return found


def _line_cards(pair: Pair, uplinks: list[CableView], ctx: Context) -> Iterator[Finding]:
    groups: dict[tuple[str, str], list[CableView]] = {}
    for view in uplinks:
        groups.setdefault((view.cable.a.device, view.cable.b.device), []).append(view)
    unknown: set[str] = set()
    for (near, far), views in sorted(groups.items()):
        if len(views) < 2:
            continue
        cards = [surveyed_card(v) for v in views]
        if None in cards:
            unknown.add(far)
        elif len(set(cards)) < len(cards):
            twice = next(i for i, c in enumerate(cards) if c in cards[:i])
            yield finding(
                "NET036", pair.name,
                Text(f"{len(views)} uplinks of {near} to {far} end on line card {cards[twice]}",
                     f"{near} 到 {far} 的 {len(views)} 条上联在同一板卡 {cards[twice]}"),
                ctx.where(views[twice].cable, "b", "port"),
                fix=Text("take a port of another line card", "改用另一块板卡的端口"),
            )  # fmt: skip
            return
    if unknown:
        yield lacking(
            "NET036", pair.name,
            Text(f"line cards on {', '.join(sorted(unknown))} not surveyed", f"{', '.join(sorted(unknown))} 的板卡未调查"),
            ctx.where(pair, "uplinks"), Text("list free_ports per line card", "按板卡填写 free_ports"),
        )  # fmt: skip
