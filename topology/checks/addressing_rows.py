"""Addresses of the plan, one by one: unique, in their prefix, free, of their plane (NET015-NET019)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inventory import model as m
from inventory.checks import Context, check, finding
from inventory.findings import Finding, Related, Severity, Text
from topology.address_needs import ROUTED
from topology.checks.address_book import Block, Row, book, odd_row
from topology.checks.address_doubts import cabled_pairs
from topology.ip import Address, parse_address, parse_net


def _rows(ctx: Context) -> Sequence[Row]:
    return book(ctx).rows


def _held(ctx: Context) -> dict[Address, Block]:
    """Addresses kept for the gateway and for the switches' own, by address."""
    count = int(ctx.inventory.policy.number("address.gateways"))
    return {
        Address(b.net.version, value): b
        for b in book(ctx).blocks
        if b.net and b.record.plane in ROUTED and book(ctx).settled(b)
        for value in range(b.net.first_usable, min(b.net.first_usable + count - 1, b.net.last_usable) + 1)
    }


def _shared(ctx: Context) -> dict[Address, list[Row]]:
    count: dict[Address, list[Row]] = {}
    for row in _rows(ctx):
        if row.address:
            count.setdefault(row.address, []).append(row)
    return {address: rows for address, rows in count.items() if len(rows) > 1}


@check(
    "NET015", severity=Severity.ERROR, over=_rows,
    title=Text("Address used twice", "地址重复"), clause="RFC 5227: one address, one host",
)  # fmt: skip
def addresses_unique(row: Row, ctx: Context) -> Iterator[Finding]:
    """Two interfaces have one address, or a host has one kept for the gateway and its switches.

    Why it matters: both answer ARP; which one is reached changes by the minute.
    How to fix: restore the address, or delete the line and run `rackwright plan` again.
    Source: RFC 5227.
    Failing: `{address: 10.10.0.5, device: a-ecs-001}` and `{address: 10.10.0.5, device: a-ecs-002}`
    Passing: `{address: 10.10.0.5, device: a-ecs-001}` and `{address: 10.10.0.6, device: a-ecs-002}`
    """
    if row.address is None:
        return
    twins = ctx.memo("addressing.shared", lambda: _shared(ctx)).get(row.address, ())
    if twins and odd_row(ctx, twins) is row:
        others = [t for t in twins if t is not row]
        names = ", ".join(t.subject for t in others[:5])
        yield finding(
            "NET015", row.subject,
            Text(f"{row.record.address} is also issued to {names}", f"{row.record.address} 同时分配给 {names}"),
            ctx.where(row.record, "address"), fix=Text("restore the address, or plan it anew", "恢复地址，或重新规划"),
            related=[Related(ctx.where(o.record, "address"), o.subject) for o in others[:5]],
        )  # fmt: skip
    kept: Block | None = ctx.memo("addressing.held", lambda: _held(ctx)).get(row.address)
    if kept is not None and kept.net is not None and not twins:
        first = row.address.value == kept.net.first_usable
        what = "the gateway" if first else "kept for the switches behind the gateway"
        zh = "的网关" if first else "为网关交换机自用保留的地址"
        yield finding(
            "NET015", row.subject,
            Text(f"{row.record.address} is {what} of {kept.record.prefix}", f"{row.record.address} 是 {kept.record.prefix} {zh}"),
            ctx.where(row.record, "address"), fix=Text("restore the address, or plan it anew", "恢复地址，或重新规划"),
            related=[Related(ctx.where(kept.record, "gateway"), f"gateway of {kept.record.prefix}")],
        )  # fmt: skip


@check(
    "NET016", severity=Severity.ERROR, over=_rows, unless=("NET015",),
    title=Text("Address outside its prefix", "地址不在所属网段内"), clause="RFC 950",
)  # fmt: skip
def address_in_prefix(row: Row, ctx: Context) -> Iterator[Finding]:
    """An address does not lie in the prefix it names, is no address at all, or names a prefix that is not planned.

    Why it matters: with this mask the host cannot reach its gateway.
    How to fix: restore address or prefix; delete the line and run `rackwright plan` to have a new one.
    Source: RFC 950, RFC 4632.
    Failing: `{address: 10.10.0.70, prefix: 10.10.0.0/26}`
    Passing: `{address: 10.10.0.7, prefix: 10.10.0.0/26}`
    """
    record = row.record
    if row.address is None:
        yield finding(
            "NET016", row.subject, Text(f"{record.address} is not an address", f"{record.address} 不是合法地址"),
            ctx.where(record, "address"), fix=Text("write the address without a prefix length", "填写不带掩码长度的地址"),
        )  # fmt: skip
    elif record.prefix not in book(ctx).by_text:
        block = next((b for b in _home(ctx, row) if book(ctx).detached(b) or b.net is None), None)
        alike = _without_prefix(ctx)[record.prefix]
        if block is None and (len(alike) == 1 or alike[0] is row):
            many = len(alike) > 1
            also = f" and {len(alike) - 1} more" if many else ""
            zh_also = f" 等 {len(alike)} 个地址" if many else ""
            yield finding(
                "NET016", f"prefixes/{record.prefix}" if many else row.subject,
                Text(f"prefix {record.prefix} of {record.address}{also} is not in the plan", f"{record.address}{zh_also}所属网段 {record.prefix} 不在规划中"),
                ctx.where(record, "prefix"),
                fix=Text("put the prefix back, or run `rackwright plan`", "恢复该网段，或运行 `rackwright plan`") if many
                else Text("name the planned prefix it lies in", "填写规划中的所属网段"),
            )  # fmt: skip
    elif row.net is not None and not row.net.holds(row.address):
        yield finding(
            "NET016", row.subject,
            Text(f"{record.address} lies outside {record.prefix}", f"{record.address} 不在 {record.prefix} 内"),
            ctx.where(record, "address"), arithmetic=f"{record.prefix} ends at {Address(row.net.version, row.net.last).text}",
            fix=Text("restore the address, or plan it anew", "恢复地址，或重新规划"),
            related=[Related(ctx.where(book(ctx).by_text[record.prefix][0].record, "prefix"), record.prefix)],
        )  # fmt: skip


def _without_prefix(ctx: Context) -> dict[str, list[Row]]:
    """Addresses that name a prefix the plan does not have, by that prefix."""

    def make() -> dict[str, list[Row]]:
        out: dict[str, list[Row]] = {}
        for row in _rows(ctx):
            if row.address is not None and row.record.prefix not in book(ctx).by_text:
                out.setdefault(row.record.prefix, []).append(row)
        return out

    found: dict[str, list[Row]] = ctx.memo("addressing.without_prefix", make)
    return found


def _home(ctx: Context, row: Row) -> list[Block]:
    """Prefixes that serve the need of an address."""
    if row.need is None:
        return []
    key = (row.need.plane, row.need.used_by or row.need.site)
    homes: dict[tuple[str, str], list[Block]] = ctx.memo("addressing.homes", dict)
    if not homes:
        for block in book(ctx).blocks:
            homes.setdefault((block.record.plane, block.record.used_by), []).append(block)
    return homes.get(key, [])


@check(
    "NET017", severity=Severity.ERROR, over=_rows, unless=("NET015", "NET016"),
    title=Text("Network or broadcast address issued", "下发了网络地址或广播地址"), clause="RFC 1122 section 3.2.1.3",
)  # fmt: skip
def address_usable(row: Row, ctx: Context) -> Iterator[Finding]:
    """An interface has the first or the last address of its prefix, where those are not for hosts.

    Why it matters: hosts refuse such an address or answer every broadcast.
    How to fix: delete the line and run `rackwright plan` again.
    Source: RFC 1122 3.2.1.3; /31 and /127 are excepted by RFC 3021 and RFC 6164.
    Failing: `{address: 10.10.0.63, prefix: 10.10.0.0/26}`
    Passing: `{address: 10.10.0.62, prefix: 10.10.0.0/26}`
    """
    if row.address and row.net and row.net.holds(row.address):
        low, high = row.net.first_usable, row.net.last_usable
        if not low <= row.address.value <= high:
            what, zh = ("network", "网络") if row.address.value < low else ("broadcast", "广播")
            yield finding(
                "NET017", row.subject,
                Text(f"{row.record.address} is the {what} address of {row.record.prefix}", f"{row.record.address} 是 {row.record.prefix} 的{zh}地址"),
                ctx.where(row.record, "address"),
                arithmetic=f"usable: {Address(row.net.version, low).text}-{Address(row.net.version, high).text}",
                fix=Text("restore the address, or plan it anew", "恢复地址，或重新规划"),
            )  # fmt: skip


def _taken_elsewhere(ctx: Context) -> list[tuple[str, m.Record, tuple[str | int, ...], str, list[Row], int]]:
    """Everything that stands already: (subject, record, path, name, our addresses in it, our prefixes in it)."""
    out: list[tuple[str, m.Record, tuple[str | int, ...], str, list[Row], int]] = []
    inside = (r for r in _rows(ctx) if r.address and (r.net is None or r.net.holds(r.address)))
    mine = sorted(inside, key=lambda r: r.address or Address(0, 0))
    for reserved in ctx.inventory.reserved_prefixes.values():
        net = parse_net(reserved.prefix)
        if net is None:
            continue
        rows = [r for r in mine if r.address and net.holds(r.address)]
        cut = [b for b in book(ctx).blocks if b.net and b.need is not None and b.net.overlaps(net)]
        name = f"{net.text} ({reserved.reason})"
        out.append((f"reserved_prefixes/{reserved.prefix}", reserved, ("prefix",), name, rows, len(cut)))
    by_address: dict[Address, list[Row]] = {}
    for row in mine:
        by_address.setdefault(row.address or Address(0, 0), []).append(row)
    for group in ctx.inventory.existing_hosts.values():
        for i, host in enumerate(group.hosts):
            for j, text in enumerate(host.addresses):
                address = parse_address(text.partition("/")[0])
                subject = f"existing_hosts/{group.name}/{host.name}"
                rows = by_address.get(address, []) if address else []
                out.append((subject, group, ("hosts", i, "addresses", j), f"{host.name} {text}", rows, 0))
    return out


@check(
    "NET018", severity=Severity.ERROR, over=_taken_elsewhere, unless=("NET015", "NET016", "NET017"),
    title=Text("Address is reserved or stands already", "地址已保留或已被既有主机使用"), clause="engineering estimate",
)  # fmt: skip
def address_free(
    subject: tuple[str, m.Record, tuple[str | int, ...], str, Sequence[Row], int], ctx: Context
) -> Iterator[Finding]:
    """An address or a prefix of the plan lies in a reserved prefix, or is that of a host that runs already.

    Why it matters: the running platform loses the host whose address is switched on a second time.
    How to fix: delete the lines of the clashing addresses and run `rackwright plan`; existing hosts never move.
    Source: engineering estimate.
    Failing: plan issues 10.10.0.5 while `hosts: [{name: cn-01, addresses: [10.10.0.5]}]`
    Passing: plan issues 10.10.0.5 while `hosts: [{name: cn-01, addresses: [10.9.0.5]}]`
    """
    name, record, path, text, rows, cut = subject
    if not rows and not cut:
        return
    edited = rows[0] if len(rows) == 1 and not rows[0].in_order else None
    ours = ", ".join(f"{r.subject} {r.record.address}" for r in rows[:3]) or "prefixes of the plan"
    yield finding(
        "NET018", edited.subject if edited else name,
        Text(f"{text} stands already; the plan issues {ours}", f"{text} 已存在，规划却下发了 {ours}"),
        ctx.where(edited.record, "address") if edited else ctx.where(record, *path),
        arithmetic=f"{len(rows)} address(es) and {cut} prefix(es) of the plan inside",
        fix=Text("delete these lines of the plan and run `rackwright plan`", "删除规划中的这些行，再运行 `rackwright plan`"),
        related=[Related(ctx.where(record, *path), text)] if edited
        else [Related(ctx.where(r.record, "address"), r.subject) for r in rows[:3]],
    )  # fmt: skip


@check(
    "NET019", severity=Severity.ERROR, over=_rows, unless=("NET015", "NET016", "NET017", "NET018"),
    title=Text("Address of another plane, site or pair", "地址属于其他平面、站点或交换机对"),
    clause="GB/T 22239-2019 8.1.5.4",
)  # fmt: skip
def address_in_its_plane(row: Row, ctx: Context) -> Iterator[Finding]:
    """An interface stands in a prefix of another plane, site or pair: above all a BMC in a business prefix.

    Why it matters: a BMC beside business hosts gives whoever holds one host the consoles of all; an address of
    another pair is unreachable.
    How to fix: restore plane, prefix and address together, or delete the line and run `rackwright plan`.
    Source: GB/T 22239-2019 8.1.5.4 (separate management area); engineering estimate.
    Failing: `{plane: business, device: a-ecs-001, interface: BMC}`
    Passing: `{plane: bmc, device: a-ecs-001, interface: BMC}`
    """
    need, record = row.need, row.record
    if need is None or not book(ctx).owns(row) or record.prefix in book(ctx).excused:
        return
    blocks = [b.record for b in book(ctx).by_text.get(record.prefix, ()) if b.sound]
    wanted = (need.plane, need.used_by or need.site)
    if record.plane != need.plane:
        at, found = "plane", record.plane
    elif blocks and all((b.plane, b.used_by) != wanted for b in blocks):
        at, found = "prefix", f"{blocks[0].plane} of {blocks[0].used_by}"
    else:
        return
    if (
        at == "prefix"
        and need.plane == "business"
        and cabled_pairs(ctx, record.device) == {b.used_by for b in blocks}
    ):
        return  # address and cables agree; the pair written for the device is what differs
    yield finding(
        "NET019", row.subject,
        Text(f"expected an address of {wanted[0]} of {wanted[1]}, found {found}", f"应为 {wanted[1]} 的 {wanted[0]} 地址，实际为 {found}"),
        ctx.where(record, at), fix=Text("restore the line, or plan it anew", "恢复该行，或重新规划"),
    )  # fmt: skip
