"""What the addressing checks read: the records of the plan as numbers, beside what the devices need.

Nothing is taken from the plan on trust: needs come from devices and cables, pools and VLANs from the
inventory. Where two records clash, the one that differs from a plan made afresh is the one to look at.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from inventory import model as m
from inventory.checks import Context
from inventory.plan_model import Plan, PlannedAddress, PlannedAsn, PlannedPrefix
from topology.address_needs import (
    SITE_WIDE,
    AddressNeed,
    AsnNeed,
    BlockNeed,
    Needs,
    address_needs,
    find_vlan,
    vlan_of,
)
from topology.addresses import Issued, foreign_ranges, plan_addresses
from topology.checks.address_doubts import all_devices, doubtful_uplinks, there, wanting
from topology.ip import Address, Net, Taken, parse_address, parse_net

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Block:
    """A planned prefix: as a number (None: unreadable), its pool, the need it serves (None: nothing asks for
    it), the VLAN the inventory gives it, and whether plane, site and user agree with pool and need."""

    record: PlannedPrefix
    net: Net | None
    pool: m.Pool | None
    need: BlockNeed | None
    vlan: m.Vlan | None
    sound: bool

    @property
    def subject(self) -> str:
        """How findings name it; stays the same when only the prefix changes."""
        return f"prefixes/{self.record.pool}/{self.record.used_by}"


@dataclass(frozen=True, slots=True)
class Row:
    """A planned address: as a number, its stated prefix as a number, and the need it serves."""

    record: PlannedAddress
    address: Address | None
    net: Net | None
    need: AddressNeed | None
    in_order: bool

    @property
    def subject(self) -> str:
        """How findings name it."""
        return f"{self.record.device}:{self.record.interface}"


@dataclass(frozen=True)
class Book:
    """Prefixes, live addresses and tombstones of a plan, in file order, and the lookups between them.

    `first_row` holds one row per served need; `surplus` the rows nothing asks for or that repeat an
    interface; `missing` the needs without a row. `users` lists rows by (plane, pair, cable or site).
    `displaced_blocks` lack a prefix because one of their pool is written for something else;
    `missing_blocks` lack it for no such reason. ASNs likewise. `excused` prefixes belong to a cable in doubt.
    """

    needs: Needs
    blocks: tuple[Block, ...]
    rows: tuple[Row, ...]
    stones: tuple[Row, ...]
    by_text: Mapping[str, Sequence[Block]]
    users: Mapping[tuple[str, str], Sequence[Row]]
    first_row: Mapping[tuple[str, str], Row]
    surplus: tuple[Row, ...]
    missing: tuple[AddressNeed, ...]
    missing_blocks: tuple[BlockNeed, ...]
    displaced_blocks: tuple[BlockNeed, ...]
    missing_asns: tuple[AsnNeed, ...]
    surplus_asns: tuple[PlannedAsn, ...]
    excused: frozenset[str]
    foreign: Mapping[int, Taken]

    def owns(self, row: Row) -> bool:
        """True when the address is the one of its interface, not a second one or one nobody asked for."""
        return self.first_row.get((row.record.device, row.record.interface)) is row

    def detached(self, block: Block) -> bool:
        """True when addresses that belong to the prefix name another one, which is not in the plan: the
        prefix was changed under them."""
        rows = self.users.get((block.record.plane, block.record.used_by), ())
        named = any(r.record.prefix == block.record.prefix for r in rows)
        return not named and any(r.record.prefix not in self.by_text for r in rows)

    def settled(self, block: Block) -> bool:
        """True when the prefix can be judged further: sound, inside its pool, and named by its addresses."""
        whole = parse_net(block.pool.prefix) if block.pool else None
        inside = block.net is not None and whole is not None and whole.contains(block.net)
        return block.sound and inside and not self.detached(block)


def book(ctx: Context) -> Book:
    """The book of the plan, made once per run."""
    made: Book = ctx.memo("addressing.book", lambda: _book(ctx))
    return made


def afresh(ctx: Context) -> Mapping[tuple[str, str, str], str]:
    """What a plan made from nothing would issue: ("prefix", plane, used by), ("address", device, interface)
    or ("asn", site, used by) -> text. Made only when a clash needs a judge."""
    made: Mapping[tuple[str, str, str], str] = ctx.memo("addressing.afresh", lambda: _afresh(ctx))
    return made


def rerun(ctx: Context) -> Issued:
    """What the next `rackwright plan` would issue on top of this plan. Made only when something is missing."""
    made: Issued = ctx.memo("addressing.rerun", lambda: _issue(ctx, ctx.plan))
    return made


def odd_one(ctx: Context, candidates: Sequence[T], key: Callable[[T], tuple[str, str, str]], text: Callable[[T], str]) -> T:  # fmt: skip
    """Of records that clash, the one that differs from a plan made afresh; the last when that decides nothing."""
    expected = afresh(ctx)
    odd = [c for c in candidates if expected.get(key(c)) != text(c)]
    return odd[0] if len(odd) == 1 else candidates[-1]


def odd_row(ctx: Context, rows: Sequence[Row]) -> Row:
    """Of addresses that clash, the one to look at."""
    outside = [r for r in rows if r.address and not (r.net and r.net.holds(r.address))]
    if len(outside) == 1:
        return outside[0]
    return odd_one(
        ctx, rows, lambda r: ("address", r.record.device, r.record.interface), lambda r: r.record.address
    )


def odd_block(ctx: Context, blocks: Sequence[Block]) -> Block:
    """Of prefixes that clash, the one to look at."""
    changed = [b for b in blocks if book(ctx).detached(b)]
    if len(changed) == 1:
        return changed[0]
    return odd_one(
        ctx, blocks, lambda b: ("prefix", b.record.plane, b.record.used_by), lambda b: b.record.prefix
    )


def _issue(ctx: Context, previous: Plan | None) -> Issued:
    plan = ctx.plan or Plan()
    return plan_addresses(ctx.inventory, plan.devices, plan.cables, previous, ctx.today)


def _afresh(ctx: Context) -> dict[tuple[str, str, str], str]:
    prefixes, asns, addresses = _issue(ctx, None)
    out = {("prefix", p.plane, p.used_by): p.prefix for p in prefixes}
    out |= {("asn", a.site, a.used_by): str(a.asn) for a in asns}
    return out | {("address", a.device, a.interface): a.address for a in addresses}


def _book(ctx: Context) -> Book:
    plan, inventory = ctx.plan or Plan(), ctx.inventory
    doubtful = doubtful_uplinks(ctx)
    needs = address_needs(inventory, all_devices(ctx), [c for c in plan.cables if c.id not in doubtful])
    block_needs = {n.key: n for n in needs.blocks}
    wide = {(n.plane, n.site) for n in needs.addresses if n.plane in SITE_WIDE}
    vlans = vlan_of(inventory)
    blocks = []
    for record in plan.prefixes:
        block_need = block_needs.get((record.plane, record.used_by))
        pool = inventory.pools.get(record.pool)
        vlan = find_vlan(vlans, record.plane, record.site, block_need.pair if block_need else None)
        asked = block_need is not None or (record.plane, record.used_by) in wide
        place = (record.plane, record.site)
        sound = asked and pool is not None and (pool.plane, pool.site) == place
        sound = sound and (block_need is None or block_need.site == record.site)
        blocks.append(Block(record, parse_net(record.prefix), pool, block_need, vlan, sound))
    rows, stones = _rows(plan.addresses, needs)
    excused = _excused(ctx, blocks, rows, doubtful)
    blocks = [replace(b, sound=True) if b.record.prefix in excused else b for b in _one_each(ctx, blocks)]
    by_text: dict[str, list[Block]] = {}
    for block in blocks:
        by_text.setdefault(block.record.prefix, []).append(block)
    first_row: dict[tuple[str, str], Row] = {}
    surplus: list[Row] = []
    users: dict[tuple[str, str], list[Row]] = {}
    by_key: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        by_key.setdefault((row.record.device, row.record.interface), []).append(row)
    for (device, interface), same in by_key.items():
        own, need = same[0], same[0].need
        if need is None:
            planned = (device in inventory.devices) == (device in ctx.placed)  # else PLN001 or PLN002
            surplus.extend(r for r in same if planned and r.record.prefix not in excused)
            continue
        if len(same) > 1:
            wanted = afresh(ctx).get(("address", device, interface))
            own = next((r for r in same if r.record.address == wanted), own)
        first_row[device, interface] = own
        users.setdefault((need.plane, need.used_by or need.site), []).append(own)
        surplus.extend(r for r in same if r is not own)
    have = {b.need.key for b in blocks if b.need and b.sound}
    renamed = {r.need.used_by for r in rows if r.need and r.record.prefix in excused}
    lacking = [
        n
        for n in needs.blocks
        if n.key not in have and n.used_by not in renamed and there(ctx, f"{n.pair}A", f"{n.pair}B")
    ]
    displaced, absent = _displaced(blocks, lacking)
    missing_asns, surplus_asns = _asns(ctx, plan.asns, needs)
    return Book(
        needs, tuple(blocks), rows, stones, by_text, users, first_row, tuple(surplus),
        tuple(n for n in needs.addresses if n.used_by not in renamed and wanting(ctx, n, first_row)),
        absent, displaced, missing_asns, surplus_asns, frozenset(excused), foreign_ranges(inventory),
    )  # fmt: skip


def _excused(ctx: Context, blocks: Sequence[Block], rows: Sequence[Row], doubtful: set[str]) -> set[str]:
    """Prefixes of links whose cable is in doubt, or is gone or renamed while both addresses still agree on the prefix."""
    uplinks = {c.id for c in (ctx.plan.cables if ctx.plan else ()) if c.kind == "uplink"}
    out = {b.record.prefix for b in blocks if b.record.plane == "p2p" and b.record.used_by in doubtful}
    lost = {
        b.record.prefix: b.record.used_by
        for b in blocks
        if b.record.plane == "p2p" and b.record.used_by not in uplinks
    }
    named: dict[str, list[Row]] = {}
    for row in rows:
        if row.record.prefix in lost:
            named.setdefault(row.record.prefix, []).append(row)
    for text, both in named.items():
        orphans = [r for r in both if r.need is None]
        renamed = any(r.record.interface == f"unsurveyed-{lost[text]}" for r in orphans)
        if len(both) > 1 and (len(orphans) == len(both) or renamed):
            out.add(text)
    return out


def _one_each(ctx: Context, blocks: list[Block]) -> list[Block]:
    """The blocks, where of several for one need only one is left sound."""
    same: dict[tuple[str, str], list[int]] = {}
    for i, block in enumerate(blocks):
        if block.sound and block.need is not None:
            same.setdefault(block.need.key, []).append(i)
    out = list(blocks)
    for key, places in same.items():
        if len(places) > 1:
            wanted = afresh(ctx).get(("prefix", *key))
            own = next((i for i in places if blocks[i].record.prefix == wanted), places[0])
            for i in places:
                if i != own:
                    out[i] = replace(blocks[i], sound=False)
    return out


def _meant(block: Block, need: BlockNeed) -> bool:
    """True when one edit of the record would make it serve the need."""
    record, pool = block.record, block.pool
    if (record.plane, record.used_by) == need.key:
        return True
    return pool is not None and (pool.plane, pool.site) == (need.plane, need.site)


def _displaced(
    blocks: Sequence[Block], missing: Sequence[BlockNeed]
) -> tuple[tuple[BlockNeed, ...], tuple[BlockNeed, ...]]:
    """Needs without a prefix: those that a prefix written for something else explains, and the rest."""
    stray = [b for b in blocks if not b.sound]
    out: tuple[list[BlockNeed], list[BlockNeed]] = ([], [])
    for need in missing:
        by = next((b for b in stray if _meant(b, need)), None)
        if by is not None:
            stray.remove(by)
        out[by is None].append(need)
    return tuple(out[0]), tuple(out[1])


def _asns(
    ctx: Context, records: Sequence[PlannedAsn], needs: Needs
) -> tuple[tuple[AsnNeed, ...], tuple[PlannedAsn, ...]]:
    """Needs without an ASN, and ASNs without a need or beside another one for it."""
    by_key: dict[tuple[str, str], list[PlannedAsn]] = {}
    for record in records:
        by_key.setdefault((record.site, record.used_by), []).append(record)
    missing: list[AsnNeed] = []
    for need in needs.asns:
        same = by_key.get((need.site, need.used_by), [])
        if len(same) > 1:
            wanted = afresh(ctx).get(("asn", need.site, need.used_by))
            same.remove(next((r for r in same if str(r.asn) == wanted), same[0]))
        elif same:
            same.clear()
        else:
            missing.append(need)
    return tuple(missing), tuple(r for same in by_key.values() for r in same)


def _rows(records: Iterable[PlannedAddress], needs: Needs) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    wanted = {(n.device, n.interface): n for n in needs.addresses}
    nets: dict[str, Net | None] = {}
    all_rows: list[Row] = []
    for record in records:
        if record.prefix not in nets:
            nets[record.prefix] = parse_net(record.prefix)
        need = wanted.get((record.device, record.interface))
        all_rows.append(Row(record, parse_address(record.address), nets[record.prefix], need, True))
    for i, (before, after) in enumerate(itertools.pairwise(all_rows)):
        if before.address and after.address and before.address > after.address:
            all_rows[i], all_rows[i + 1] = replace(before, in_order=False), replace(after, in_order=False)
    live = tuple(r for r in all_rows if r.record.released is None)
    return live, tuple(r for r in all_rows if r.record.released is not None)
