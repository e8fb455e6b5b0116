"""Whether everything that needs an address has one, and nothing else has (NET009, NET022, NET025, NET026, NET028)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text
from inventory.plan_model import Cable
from topology.address_needs import AddressNeed, BlockNeed
from topology.addresses import in_quarantine
from topology.checks.address_book import Block, Row, book
from topology.checks.addressing_pools import Unmet, unserved
from topology.ip import Address


def _rows(ctx: Context) -> Sequence[Row]:
    return book(ctx).rows


def _explained(ctx: Context) -> tuple[dict[int, AddressNeed], list[Unmet]]:
    """Missing addresses set against rows nobody asked for: (index of row -> need it probably belongs to),
    and what is missing for no such reason although there is room."""
    have = book(ctx)
    left: list[AddressNeed] = []
    spare: dict[str, list[int]] = {}
    for i, row in enumerate(have.surplus):
        spare.setdefault(row.record.plane, []).append(i)
    pairs: dict[int, AddressNeed] = {}
    for need in have.missing:
        candidates = spare.get(need.plane, [])
        same = [i for i in candidates if need.interface == have.surplus[i].record.interface]
        same = same or [i for i in candidates if need.device == have.surplus[i].record.device]
        if same:
            candidates.remove(same[0])
            pairs[same[0]] = need
        else:
            left.append(need)
    out: list[Unmet] = [n for n in have.missing_blocks if n not in unserved(ctx)]
    out += [n for n in have.missing_asns[len(have.surplus_asns) :] if n not in unserved(ctx)]
    without = {b.key for b in (*have.missing_blocks, *have.displaced_blocks)}
    for need in left:
        if need not in unserved(ctx) and (need.plane, need.used_by) not in without:
            out.append(need)
    return pairs, out


def _explanation(ctx: Context) -> tuple[dict[int, AddressNeed], list[Unmet]]:
    made: tuple[dict[int, AddressNeed], list[Unmet]] = ctx.memo(
        "addressing.explained", lambda: _explained(ctx)
    )
    return made


def _what(need: Unmet) -> str:
    if isinstance(need, AddressNeed):
        return f"{need.plane} ({need.interface})"
    return f"{need.plane} prefix" if isinstance(need, BlockNeed) else f"{need.role} ASN"


def _cables(ctx: Context) -> dict[str, Cable]:
    made: dict[str, Cable] = ctx.memo(
        "addressing.cables", lambda: {c.id: c for c in (ctx.plan.cables if ctx.plan else ())}
    )
    return made


def _owners(ctx: Context) -> list[tuple[str, list[Unmet]]]:
    """Devices, pairs and links with their needs that are open although there is room."""
    out: dict[str, list[Unmet]] = {}
    for address in book(ctx).needs.addresses:
        out.setdefault(address.device, [])
    for block in book(ctx).needs.blocks:
        out.setdefault(block.used_by, [])
    for asn in book(ctx).needs.asns:
        out.setdefault(asn.used_by, [])
    for need in _explanation(ctx)[1]:
        out[need.device if isinstance(need, AddressNeed) else need.used_by].append(need)
    return sorted(out.items())


@check(
    "NET022", severity=Severity.ERROR, over=_owners,
    title=Text("Device without an address it needs", "设备缺少必要的地址"), clause="engineering estimate",
)  # fmt: skip
def addresses_complete(subject: tuple[str, Sequence[Unmet]], ctx: Context) -> Iterator[Finding]:
    """A device, pair or link has no address or prefix although the pool has room.

    Why it matters: its configuration cannot be written.
    How to fix: run `rackwright plan`; existing addresses stay.
    Source: engineering estimate.
    Failing: no line for `a-ecs-001` interface BMC in plan/addresses.yml
    Passing: `{address: 10.10.240.4, device: a-ecs-001, interface: BMC}`
    """
    owner, needs = subject
    if needs:
        listed = ", ".join(_what(n) for n in needs)
        record = ctx.placed.get(owner) or _cables(ctx).get(owner) or ctx.inventory.pairs.get(owner)
        yield finding(
            "NET022", owner, Text(f"no address for {listed}", f"缺少地址：{listed}"),
            ctx.where(record) if record else None,
            fix=Text("run `rackwright plan`", "运行 `rackwright plan`"),
        )  # fmt: skip


def _existing_pairs(ctx: Context) -> list[tuple[str, list[str]]]:
    """Pairs that stand already and take new servers, with those servers."""
    hosts: dict[str, list[str]] = {}
    for device in ctx.plan.devices if ctx.plan else ():
        if device.pair:
            hosts.setdefault(device.pair, []).append(device.name)
    return [(name, hosts[name]) for name in ctx.inventory.existing_pairs if name in hosts]


@check(
    "NET009", severity=Severity.WARNING, over=_existing_pairs,
    title=Text("Servers on an existing pair have no business address", "接入既有交换机对的服务器无业务地址"),
    clause="engineering estimate",
)  # fmt: skip
def existing_pair_prefix(subject: tuple[str, list[str]], ctx: Context) -> Iterator[Finding]:
    """Servers attach to a pair that stands already; its prefix and VLAN are part of the running platform.

    Why it matters: these servers get no business address from this plan; somebody has to give them one.
    How to fix: take free addresses from the prefix of the existing pair once its plan is imported.
    Source: engineering estimate.
    Failing: never; without the existing address plan this is not evaluated
    Passing: no server on an existing pair
    """
    name, hosts = subject
    yield lacking(
        "NET009", name,
        Text(f"business prefix of existing pair {name} is not known: {len(hosts)} servers have no business address ({', '.join(hosts[:3])})",
             f"既有交换机对 {name} 的业务网段未知：{len(hosts)} 台服务器无业务地址（{'、'.join(hosts[:3])}）"),
        ctx.where(ctx.inventory.existing_pairs[name][0]),
        Text("get prefix, VLAN and free addresses from the operator of the platform", "向平台运维方索取网段、VLAN 与空闲地址"),
    )  # fmt: skip


def _links(ctx: Context) -> list[tuple[Block, list[Row]]]:
    users = book(ctx).users
    return [
        (b, list(users.get(("p2p", b.record.used_by), ())))
        for b in book(ctx).blocks
        if b.record.plane == "p2p" and b.need is not None
    ]


@check(
    "NET025", severity=Severity.WARNING, over=_links, unless=("NET010", "NET011", "NET012"),
    title=Text("Lower address of a link is not on the core side", "互联链路低位地址不在核心侧"),
    clause="engineering estimate",
)  # fmt: skip
def lower_address_core_side(subject: tuple[Block, Sequence[Row]], ctx: Context) -> Iterator[Finding]:
    """On a point-to-point link the core switch has the lower address.

    Why it matters: whoever stands at the rack knows the far end's address without a list; templates rely on it.
    How to fix: swap the two addresses.
    Source: engineering estimate (convention of this plan); RFC 3021 for /31.
    Failing: `{address: 10.10.254.0, device: A-ASW-01A}` and `{address: 10.10.254.1, device: A-DSW-1}`
    Passing: `{address: 10.10.254.0, device: A-DSW-1}` and `{address: 10.10.254.1, device: A-ASW-01A}`
    """
    block, rows = subject
    by_offset = {r.need.offset: r for r in rows if r.need is not None}
    core, near = by_offset.get(0), by_offset.get(1)
    if core is None or near is None or block.net is None or core.address is None or near.address is None:
        return
    if block.net.holds(core.address) and block.net.holds(near.address) and core.address > near.address:
        yield finding(
            "NET025", block.subject,
            Text(f"{core.record.device} has {core.record.address}, {near.record.device} the lower {near.record.address}",
                 f"{core.record.device} 为 {core.record.address}，{near.record.device} 为较低的 {near.record.address}"),
            ctx.where(core.record, "address"), fix=Text("swap the two", "对调两端地址"),
            related=[Related(ctx.where(near.record, "address"), near.subject)],
        )  # fmt: skip


@check(
    "NET026", severity=Severity.ERROR, over=lambda ctx: book(ctx).stones,
    title=Text("Address issued again within its quarantine", "隔离期内重复下发地址"),
    clause="policy: address.quarantine_d",
)  # fmt: skip
def tombstone_respected(stone: Row, ctx: Context) -> Iterator[Finding]:
    """An address whose device is gone is issued again before its quarantine is over.

    Why it matters: neighbours, firewalls and monitoring still know the old owner; rules written for it now
    open the new one.
    How to fix: delete the line of the new owner and run `rackwright plan`, or wait until the date shown.
    Source: engineering estimate (180 days).
    Failing: `{address: 10.10.0.9, device: old-001, released: '2026-05-01'}` and `{address: 10.10.0.9, device: new-001}` in June
    Passing: the same in December
    """
    days = ctx.inventory.policy.number("address.quarantine_d")
    if stone.address is None or not in_quarantine(stone.record, ctx.today, days):
        return
    live: dict[Address, Row] = ctx.memo(
        "addressing.live", lambda: {r.address: r for r in _rows(ctx) if r.address}
    )
    row = live.get(stone.address)
    if row is not None:
        yield finding(
            "NET026", row.subject,
            Text(f"{row.record.address} was released by {stone.subject} on {stone.record.released}",
                 f"{row.record.address} 由 {stone.subject} 于 {stone.record.released} 释放"),
            ctx.where(row.record, "address"), arithmetic=ctx.inventory.policy.cite("address.quarantine_d"),
            fix=Text("plan another address", "另行规划地址"),
            related=[Related(ctx.where(stone.record, "released"), f"tombstone of {stone.subject}")],
        )  # fmt: skip


@check(
    "NET028", severity=Severity.ERROR, over=_rows,
    title=Text("Address nobody asked for", "无主地址"), clause="engineering estimate",
)  # fmt: skip
def address_has_owner(row: Row, ctx: Context) -> Iterator[Finding]:
    """A live address belongs to no interface of the plan, or is the second one of its interface.

    Why it matters: either a device name was mistyped and the real one has no address, or the address was not
    released when its device went.
    How to fix: correct device or interface, or run `rackwright plan`, which releases it properly.
    Source: engineering estimate.
    Failing: `{address: 10.10.0.5, device: a-ecs-099, interface: bond0}` with 12 ECS servers
    Passing: `{address: 10.10.0.5, device: a-ecs-001, interface: bond0}`
    """
    places = ctx.memo("addressing.surplus", lambda: {id(r): i for i, r in enumerate(book(ctx).surplus)})
    owner = ctx.inventory.devices.get(row.record.device)
    if id(row) not in places or (owner is not None and owner.site is None):  # CAP032 says so
        return
    need = _explanation(ctx)[0].get(places[id(row)])
    why = "is a second address of this interface" if row.need else "belongs to no interface of the plan"
    zh = "为该接口的第二个地址" if row.need else "不属于规划中的任何接口"
    also = f"; {need.device}:{need.interface} has none" if need else ""
    also_zh = f"；{need.device}:{need.interface} 尚无地址" if need else ""
    field = "interface" if need is not None and need.device == row.record.device else "device"
    yield finding(
        "NET028", row.subject, Text(f"{row.record.address} {why}{also}", f"{row.record.address} {zh}{also_zh}"),
        ctx.where(row.record, field), fix=Text("correct the line, or run `rackwright plan`", "改正该行，或运行 `rackwright plan`"),
    )  # fmt: skip
