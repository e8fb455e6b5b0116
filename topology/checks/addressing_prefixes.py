"""Prefixes of the plan against each other, their pools, gateways and VLANs (NET010-NET014)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inventory.checks import Context, check, finding
from inventory.findings import Finding, Related, Severity, Text
from topology.address_needs import ROUTED
from topology.checks.address_book import Block, book, odd_block
from topology.checks.addressing import vlan_range_fault
from topology.ip import Net, parse_address, parse_net


def _blocks(ctx: Context) -> Sequence[Block]:
    return book(ctx).blocks


def _overlaps(ctx: Context) -> dict[str, tuple[Block, list[Block]]]:
    """Prefixes that overlap others, by subject: the one to look at, and those it meets."""
    readable = sorted(
        ((b.net.version, b.net.first, -b.net.size, i, b, b.net) for i, b in enumerate(_blocks(ctx)) if b.net),
        key=lambda x: x[:4],
    )
    out: dict[str, tuple[Block, list[Block]]] = {}
    widest: tuple[int, Block, Net] | None = None
    for _, _, _, i, block, net in readable:
        if widest is not None and widest[2].overlaps(net):
            clash = [widest[1], block] if widest[0] < i else [block, widest[1]]
            odd = odd_block(ctx, clash)
            other = clash[0] if odd is clash[1] else clash[1]
            out.setdefault(odd.subject, (odd, []))[1].append(other)
        if widest is None or widest[2].version != net.version or net.last > widest[2].last:
            widest = (i, block, net)
    return out


@check(
    "NET010", severity=Severity.ERROR, over=_blocks,
    title=Text("Planned prefixes overlap", "规划网段重叠"), clause="RFC 4632 section 5.1: longest match decides",
)  # fmt: skip
def prefixes_overlap(block: Block, ctx: Context) -> Iterator[Finding]:
    """Two prefixes of the plan share addresses.

    Why it matters: hosts behind one of them become unreachable, because the longer prefix takes their traffic.
    How to fix: undo the hand edit, or delete the line and run `rackwright plan` again.
    Source: RFC 4632 (longest match).
    Failing: `{prefix: 10.10.0.0/25, used_by: A-ASW-01}` and `{prefix: 10.10.0.64/26, used_by: A-ASW-02}`
    Passing: `{prefix: 10.10.0.0/26, used_by: A-ASW-01}` and `{prefix: 10.10.0.64/26, used_by: A-ASW-02}`
    """
    odd, others = ctx.memo("addressing.overlaps", lambda: _overlaps(ctx)).get(block.subject, (None, []))
    if odd is block:
        names = ", ".join(f"{o.record.prefix} ({o.record.used_by})" for o in others[:5])
        yield finding(
            "NET010", block.subject,
            Text(f"{block.record.prefix} overlaps {names}", f"{block.record.prefix} 与 {names} 重叠"),
            ctx.where(block.record, "prefix"), arithmetic=f"{len(others)} prefix(es) met",
            fix=Text("restore the prefix, or plan it anew", "恢复原网段，或重新规划"),
            related=[Related(ctx.where(o.record, "prefix"), o.record.prefix) for o in others[:5]],
        )  # fmt: skip


def _by_pool(ctx: Context) -> list[tuple[str, list[Block]]]:
    out: dict[str, list[Block]] = {}
    for block in _blocks(ctx):
        out.setdefault(block.record.pool, []).append(block)
    return sorted(out.items())


def _lived_in(ctx: Context, block: Block) -> bool:
    """True when the prefix is what its addresses and its user say, and lies in its pool: then the pool changed."""
    record, whole = block.record, parse_net(block.pool.prefix) if block.pool else None
    pair = ctx.inventory.pairs.get(record.used_by)
    rows = book(ctx).users.get((record.plane, record.used_by), ())
    here = record.site == (pair.site if pair else record.used_by)
    inside = whole is not None and block.net is not None and whole.contains(block.net)
    return here and inside and any(r.record.prefix == record.prefix for r in rows)


@check(
    "NET011", severity=Severity.ERROR, over=_by_pool, unless=("NET001", "NET002", "NET010"),
    title=Text("Planned prefix outside its pool", "规划网段不在地址池内"), clause="engineering estimate",
)  # fmt: skip
def prefixes_in_pool(subject: tuple[str, Sequence[Block]], ctx: Context) -> Iterator[Finding]:
    """A prefix of the plan does not lie in the pool it names, or the pool is of another plane or site.

    Why it matters: filters and route summaries are written from the pools; what lies outside is not let through.
    How to fix: where one prefix is out of place, restore it; where the pool was moved, move it back, or plan
    afresh with `--replan`, which renumbers.
    Source: engineering estimate (summaries per plane and site).
    Failing: `{prefix: 10.11.0.0/26, pool: a-business, ...}` with pool a-business 10.10.0.0/20
    Passing: `{prefix: 10.10.0.0/26, pool: a-business, ...}`
    """
    name, blocks = subject
    pool = ctx.inventory.pools.get(name)
    whole = parse_net(pool.prefix) if pool else None
    strays: list[Block] = []
    for block in blocks:
        record = block.record
        if block.net is None:
            yield finding(
                "NET011", block.subject,
                Text(f"{record.prefix} is not a prefix", f"{record.prefix} 不是合法网段"),
                ctx.where(record, "prefix"), fix=Text("restore the prefix", "恢复原网段"),
            )  # fmt: skip
        elif pool is None or whole is None:
            yield finding(
                "NET011", block.subject,
                Text(f"{record.prefix} names pool {name}, which the inventory does not have",
                     f"{record.prefix} 引用的地址池 {name} 不存在"),
                ctx.where(record, "pool"), fix=Text("name the pool it is cut from", "填写所属地址池"),
            )  # fmt: skip
        elif (pool.plane, pool.site) != (record.plane, record.site):
            at = "plane" if pool.plane != record.plane else "site"
            yield finding(
                "NET011", block.subject,
                Text(f"{record.prefix} is {record.plane} of {record.site}; pool {name} is {pool.plane} of {pool.site}",
                     f"{record.prefix} 属 {record.site} 的 {record.plane}，地址池 {name} 属 {pool.site} 的 {pool.plane}"),
                ctx.where(pool if _lived_in(ctx, block) else record, at),
                fix=Text("make plane and site of prefix and pool agree", "使网段与地址池的平面、站点一致"),
                related=[Related(ctx.where(record if _lived_in(ctx, block) else pool, at), name)],
            )  # fmt: skip
        elif not whole.contains(block.net) and book(ctx).detached(block):
            yield finding(
                "NET011", block.subject,
                Text(f"{record.prefix} lies outside pool {name} {whole.text}", f"{record.prefix} 不在地址池 {name} {whole.text} 内"),
                ctx.where(record, "prefix"), fix=Text("restore the prefix", "恢复原网段"),
                related=[Related(ctx.where(pool, "prefix"), f"{name} {whole.text}")],
            )  # fmt: skip
        elif not whole.contains(block.net):
            strays.append(block)
    if pool is not None and pool.per_pair_length is not None and not strays:
        cut = {b.net.length for b in blocks if b.net}
        if len(cut) == 1 and cut != {pool.per_pair_length} and not any(book(ctx).detached(b) for b in blocks):
            yield finding(
                "NET011", f"pools/{name}",
                Text(f"the plan cut {len(blocks)} prefixes of /{min(cut)} from {name}, the pool says /{pool.per_pair_length}",
                     f"规划自 {name} 划出 {len(blocks)} 个 /{min(cut)} 网段，地址池规定为 /{pool.per_pair_length}"),
                ctx.where(pool, "per_pair_length"),
                fix=Text(f"write {min(cut)}, or renumber with --replan", f"改为 {min(cut)}，或用 --replan 重新编址"),
                related=[Related(ctx.where(b.record, "prefix"), b.record.prefix) for b in blocks[:3]],
            )  # fmt: skip
    if strays and pool is not None and whole is not None:
        record = strays[0].record
        unused = not book(ctx).users.get((record.plane, record.used_by))
        one = len(strays) == 1 and len(blocks) > 1 and unused
        place = ctx.where(strays[0].record, "prefix") if one else ctx.where(pool, "prefix")
        listed = ", ".join(b.record.prefix for b in strays[:5])
        yield finding(
            "NET011", strays[0].subject if one else f"pools/{name}",
            Text(f"{listed} cut from {name} lie outside {whole.text}", f"自 {name} 划出的 {listed} 不在 {whole.text} 内"),
            place, arithmetic=f"{len(strays)} of {len(blocks)} prefixes outside",
            fix=Text("give the pool its prefix back, or renumber with --replan", "恢复地址池网段，或用 --replan 重新编址"),
            related=[Related(ctx.where(b.record, "prefix"), b.record.prefix) for b in strays[:3]],
        )  # fmt: skip


@check(
    "NET012", severity=Severity.ERROR, over=_blocks, unless=("NET010", "NET011"),
    title=Text("Prefix is not the one its addresses stand in", "网段与所属地址不一致"), clause="engineering estimate",
)  # fmt: skip
def prefix_matches_addresses(block: Block, ctx: Context) -> Iterator[Finding]:
    """A prefix was changed while the addresses issued in it name another; or nothing uses the prefix.

    Why it matters: two members of a pair, or a host and its gateway, would have different masks.
    How to fix: restore the prefix; to renumber, delete the lines of its addresses too and plan again.
    Source: engineering estimate.
    Failing: `{prefix: 10.10.0.0/27, used_by: A-ASW-01}` with addresses whose prefix is 10.10.0.0/26
    Passing: `{prefix: 10.10.0.0/26, used_by: A-ASW-01}`
    """
    record = block.record
    if book(ctx).detached(block):
        rows = book(ctx).users[record.plane, record.used_by]
        named = sorted({r.record.prefix for r in rows})
        yield finding(
            "NET012", block.subject,
            Text(f"{record.prefix} serves {record.used_by}, whose addresses name {', '.join(named)}",
                 f"{record.prefix} 用于 {record.used_by}，其地址却属于 {', '.join(named)}"),
            ctx.where(record, "prefix"), arithmetic=f"0 of {len(rows)} addresses name it",
            fix=Text(f"restore {named[0]}", f"恢复 {named[0]}"),
            related=[Related(ctx.where(rows[0].record, "prefix"), f"{rows[0].subject} {rows[0].record.address}")],
        )  # fmt: skip
    elif (
        block.pool is not None
        and block.pool.plane == record.plane
        and not block.sound
        and block.pool.site == record.site
    ):
        waiting = [n for n in book(ctx).displaced_blocks if n.plane == record.plane and n.site == record.site]
        wants = f"; {waiting[0].used_by} has none" if waiting else ""
        zh = f"；{waiting[0].used_by} 尚无网段" if waiting else ""
        yield finding(
            "NET012", block.subject,
            Text(f"nothing in the plan needs this {record.plane} prefix for {record.used_by}{wants}",
                 f"规划中没有 {record.used_by} 的 {record.plane} 需求{zh}"),
            ctx.where(record, "used_by"), fix=Text("correct the name, or run `rackwright plan`", "改正名称，或重新运行 `rackwright plan`"),
        )  # fmt: skip


@check(
    "NET013", severity=Severity.ERROR, over=_blocks, unless=("NET010", "NET011", "NET012"),
    title=Text("Gateway missing or not the first usable address", "网关缺失或不是首个可用地址"),
    clause="engineering estimate",
)  # fmt: skip
def gateway_first_usable(block: Block, ctx: Context) -> Iterator[Finding]:
    """The gateway of a routed prefix is its first usable address, the same on both members; other prefixes have none.

    Why it matters: templates and hosts both derive the gateway; a different one on either side cuts the hosts off.
    How to fix: write the first usable address; if it is taken, free it or move the prefix.
    Source: engineering estimate (anycast gateway, first usable address).
    Failing: `{prefix: 10.10.0.0/26, plane: business, gateway: 10.10.0.62}`
    Passing: `{prefix: 10.10.0.0/26, plane: business, gateway: 10.10.0.1}`
    """
    record, net = block.record, block.net
    if net is None:
        return
    first = net.first_usable
    if record.plane not in ROUTED:
        if record.gateway is not None:
            yield finding(
                "NET013", block.subject,
                Text(f"plane {record.plane} is not routed by a gateway, found {record.gateway}",
                     f"平面 {record.plane} 不设网关，实际为 {record.gateway}"),
                ctx.where(record, "gateway"), fix=Text("remove the gateway", "删除网关"),
            )  # fmt: skip
        return
    wanted = Net(net.version, first, net.bits).text.partition("/")[0]
    if record.gateway is None and book(ctx).foreign[net.version].meets(first, first):
        yield finding(
            "NET013", block.subject,
            Text(f"{record.prefix} has no gateway: {wanted} is reserved or belongs to an existing host",
                 f"{record.prefix} 无网关：{wanted} 已保留或属既有主机"),
            ctx.where(record, "gateway"), fix=Text(f"free {wanted}, or move the prefix", f"腾出 {wanted}，或更换网段"),
        )  # fmt: skip
    elif record.gateway is None or parse_address(record.gateway) != (net.version, first):
        found = record.gateway or "none"
        yield finding(
            "NET013", block.subject,
            Text(f"expected gateway {wanted} in {record.prefix}, found {found}",
                 f"{record.prefix} 的网关应为 {wanted}，实际为 {record.gateway or '无'}"),
            ctx.where(record, "gateway"), arithmetic=f"first usable address of {record.prefix} = {wanted}",
            fix=Text(f"write {wanted}", f"改为 {wanted}"),
        )  # fmt: skip


@check(
    "NET014", severity=Severity.ERROR, over=_blocks, unless=("NET011", "NET012"),
    title=Text("VLAN differs from the inventory", "VLAN 与清单不一致"), clause="IEEE 802.1Q",
)  # fmt: skip
def vlan_as_intended(block: Block, ctx: Context) -> Iterator[Finding]:
    """A prefix, or an address in it, carries another VLAN id than the inventory gives its plane and pair.

    Why it matters: two prefixes in one VLAN join two layer-2 domains; one prefix in two VLANs cuts it apart.
    How to fix: restore the id; after changing it in the inventory run `rackwright plan` again.
    Source: IEEE 802.1Q; one VLAN per prefix and layer-2 domain (engineering estimate).
    Failing: `{prefix: 10.10.0.64/26, used_by: A-ASW-02, vid: 101}` with VLAN 102 for A-ASW-02
    Passing: `{prefix: 10.10.0.64/26, used_by: A-ASW-02, vid: 102}`
    """
    record = block.record
    if not block.sound:
        return
    carried = ctx.inventory.vlans.get(f"{record.site}/{record.vid}")
    if any(v is not None and vlan_range_fault(ctx, v) for v in (block.vlan, carried)):
        return
    wanted = block.vlan.vid if block.vlan else None
    if record.vid != wanted:
        twin = next(
            (b for b in _blocks(ctx) if b is not block and b.record.site == record.site and b.record.vid == record.vid),
            None,
        ) if record.vid is not None else None  # fmt: skip
        also = f", which {twin.record.prefix} uses" if twin else ""
        yield finding(
            "NET014", block.subject,
            Text(f"expected VLAN {wanted or 'none'}, found {record.vid or 'none'}{also}",
                 f"VLAN 应为 {wanted or '无'}，实际为 {record.vid or '无'}"),
            ctx.where(record, "vid"), fix=Text(f"write {wanted or 'null'}", f"改为 {wanted or 'null'}"),
            related=[Related(ctx.where(block.vlan, "vid"), f"VLAN {wanted} {block.vlan.name}")] if block.vlan else [],
        )  # fmt: skip
        return
    for row in book(ctx).users.get((record.plane, record.used_by), ()):
        if row.record.vid != wanted and row.record.prefix == record.prefix:
            yield finding(
                "NET014", row.subject,
                Text(f"expected VLAN {wanted or 'none'} of {record.prefix}, found {row.record.vid or 'none'}",
                     f"应为 {record.prefix} 的 VLAN {wanted or '无'}，实际为 {row.record.vid or '无'}"),
                ctx.where(row.record, "vid"), fix=Text(f"write {wanted or 'null'}", f"改为 {wanted or 'null'}"),
                related=[Related(ctx.where(record, "vid"), f"VLAN of {record.prefix}")],
            )  # fmt: skip
