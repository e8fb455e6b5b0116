"""Autonomous system numbers: private, from their pool, one per pair (NET007, NET023, NET024, NET029)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from inventory import model as m
from inventory.checks import Context, check, finding
from inventory.findings import Finding, Related, Severity, Text
from inventory.plan_model import PlannedAsn
from topology.checks.address_book import book, odd_one
from topology.checks.addressing import PRIVATE_ASNS, private_asn

PRIVATE = ", ".join(f"{low}-{high}" for low, high in PRIVATE_ASNS)


def _asns(ctx: Context) -> Sequence[PlannedAsn]:
    return ctx.plan.asns if ctx.plan else ()


def _subject(record: PlannedAsn) -> str:
    return f"asns/{record.site}/{record.used_by}"


def _strays(ctx: Context, pool: m.AsnPool) -> int:
    return sum(1 for r in _asns(ctx) if r.pool == pool.name and not pool.first <= r.asn <= pool.last)


def _pool_fault(ctx: Context, pool: m.AsnPool) -> tuple[str, Text, str, m.AsnPool | None] | None:
    """What is wrong with an ASN pool: (field, message, arithmetic, the pool it meets); None when nothing is."""
    whole = f"{pool.first}-{pool.last}"
    if not any(low <= pool.first and pool.last <= high for low, high in PRIVATE_ASNS):
        end = "last" if private_asn(pool.first) else "first"
        said = Text(f"{whole} is not all private", f"{whole} 不全是私有 ASN")
        return end, said, f"private: {PRIVATE}", None
    pools = list(ctx.inventory.asn_pools.values())
    mine = pools.index(pool)
    for i, other in enumerate(pools):
        if i == mine or pool.first > other.last or other.first > pool.last:
            continue
        a, b = _strays(ctx, pool), _strays(ctx, other)
        if a > b or (a == b and i < mine):
            end = "first" if other.first <= pool.first <= other.last else "last"
            low, high = max(pool.first, other.first), min(pool.last, other.last)
            said = Text(
                f"{whole} shares {low}-{high} with {other.name}", f"{whole} 与 {other.name} 重叠 {low}-{high}"
            )
            return end, said, f"{high - low + 1} ASNs shared", other
    return None


@check(
    "NET007", severity=Severity.ERROR, needs="inventory", over=lambda ctx: ctx.inventory.asn_pools.values(),
    title=Text("ASN pool not private or overlapping", "ASN 池非私有或重叠"), clause="RFC 6996 section 5",
)  # fmt: skip
def asn_pools_private(pool: m.AsnPool, ctx: Context) -> Iterator[Finding]:
    """An ASN pool leaves the private ranges, or shares numbers with another pool.

    Why it matters: a public ASN belongs to somebody; a shared one is issued to two pairs, and each drops the
    other's routes as a loop.
    How to fix: take a range of its own within 64512-65534 or 4200000000-4294967294.
    Source: RFC 6996 section 5 (private ranges; 65535 and 4294967295 are not among them).
    Failing: `{name: a-access, role: access, first: 64000, last: 64099}`
    Passing: `{name: a-access, role: access, first: 65101, last: 65199}`
    """
    fault = _pool_fault(ctx, pool)
    if fault is not None:
        end, message, arithmetic, other = fault
        yield finding(
            "NET007", f"asn_pools/{pool.name}", message, ctx.where(pool, end), arithmetic=arithmetic,
            fix=Text("give each pool a private range of its own", "各池使用独立的私有范围"),
            related=[Related(ctx.where(other, "first"), f"{other.name} {other.first}-{other.last}")] if other else [],
        )  # fmt: skip


def _core(ctx: Context) -> list[tuple[str, list[m.ExistingSwitch]]]:
    """Sites with the core switches that state an ASN."""
    out: dict[str, list[m.ExistingSwitch]] = {}
    for switch in ctx.inventory.existing_switches.values():
        if switch.role == "core" and switch.asn:
            out.setdefault(switch.site, []).append(switch)
    return sorted(out.items())


def _deviant(ctx: Context) -> dict[str, tuple[m.ExistingSwitch, int]]:
    """Core switches whose ASN is not that of most core switches of the site, and what most have."""
    found: dict[str, tuple[m.ExistingSwitch, int]] = ctx.memo(
        "addressing.deviant_asns", lambda: _find_deviant(ctx)
    )
    return found


def _find_deviant(ctx: Context) -> dict[str, tuple[m.ExistingSwitch, int]]:
    out: dict[str, tuple[m.ExistingSwitch, int]] = {}
    for _, switches in _core(ctx):
        common = Counter(s.asn or 0 for s in switches).most_common(1)[0][0]
        out.update({s.name: (s, common) for s in switches if s.asn != common})
    return out


def _standing(ctx: Context) -> dict[int, list[m.ExistingSwitch]]:
    """Switches that stand already, by their ASN."""
    out: dict[int, list[m.ExistingSwitch]] = {}
    for switch in ctx.inventory.existing_switches.values():
        if switch.asn:
            out.setdefault(switch.asn, []).append(switch)
    return out


def _clashes(ctx: Context) -> dict[int, list[PlannedAsn]]:
    out: dict[int, list[PlannedAsn]] = {}
    for record in _asns(ctx):
        out.setdefault(record.asn, []).append(record)
    return {asn: records for asn, records in out.items() if len(records) > 1}


def _holders(ctx: Context) -> list[PlannedAsn | m.ExistingSwitch]:
    standing = [s for s in ctx.inventory.existing_switches.values() if s.asn]
    return [*_asns(ctx), *standing]


@check(
    "NET023", severity=Severity.ERROR, over=_holders,
    title=Text("ASN used twice on a path", "同一路径上 ASN 重复"), clause="RFC 4271 section 9.1.2",
)  # fmt: skip
def asns_unique(holder: PlannedAsn | m.ExistingSwitch, ctx: Context) -> Iterator[Finding]:
    """Two pairs, or a pair and the core, share an ASN; or core switches of one site differ.

    Why it matters: a router drops every route whose path holds its own ASN, so the two never see each other.
    How to fix: one ASN per access pair, one for all core switches of a site, none twice in both sites.
    Source: RFC 4271 9.1.2 (loop detection); RFC 7938 5.2 (numbering of a Clos fabric).
    Failing: `{asn: 65101, used_by: A-ASW-01}` and `{asn: 65101, used_by: A-ASW-02}`
    Passing: `{asn: 65101, used_by: A-ASW-01}` and `{asn: 65102, used_by: A-ASW-02}`
    """
    if isinstance(holder, m.ExistingSwitch):
        odd = _deviant(ctx).get(holder.name)
        if odd is not None:
            yield finding(
                "NET023", f"existing_switches/{holder.name}",
                Text(f"ASN {holder.asn}; the other core switches of {holder.site} have {odd[1]}",
                     f"ASN 为 {holder.asn}，{holder.site} 其余核心交换机为 {odd[1]}"),
                ctx.where(holder, "asn"), fix=Text(f"write {odd[1]}, or correct the others", f"改为 {odd[1]}，或更正其余"),
            )  # fmt: skip
        return
    same = ctx.memo("addressing.asns", lambda: _clashes(ctx)).get(holder.asn, [])
    if same and odd_one(ctx, same, lambda r: ("asn", r.site, r.used_by), lambda r: str(r.asn)) is holder:
        others = [r for r in same if r is not holder]
        yield finding(
            "NET023", _subject(holder),
            Text(f"ASN {holder.asn} of {holder.used_by} is also that of {', '.join(f'{r.site} {r.used_by}' for r in others)}",
                 f"{holder.used_by} 的 ASN {holder.asn} 与 {'、'.join(f'{r.site} {r.used_by}' for r in others)} 相同"),
            ctx.where(holder, "asn"), fix=Text("restore the ASN, or plan it anew", "恢复 ASN，或重新规划"),
            related=[Related(ctx.where(r, "asn"), f"{r.site} {r.used_by}") for r in others],
        )  # fmt: skip
        return
    deviant = _deviant(ctx)
    for switch in ctx.memo("addressing.standing_asns", lambda: _standing(ctx)).get(holder.asn, ()):
        own_core = switch.role == "core" and holder.used_by == "core" and holder.site == switch.site
        if not own_core and switch.name not in deviant and not same:
            yield finding(
                "NET023", _subject(holder),
                Text(f"ASN {holder.asn} of {holder.used_by} is that of existing switch {switch.name}",
                     f"{holder.used_by} 的 ASN {holder.asn} 与既有交换机 {switch.name} 相同"),
                ctx.where(holder, "asn"), fix=Text("plan another ASN for the pair", "为该交换机对另行规划 ASN"),
                related=[Related(ctx.where(switch, "asn"), switch.name)],
            )  # fmt: skip
            return


def _pools_in_use(ctx: Context) -> list[tuple[str, list[PlannedAsn]]]:
    out: dict[str, list[PlannedAsn]] = {}
    for record in _asns(ctx):
        out.setdefault(record.pool, []).append(record)
    return sorted(out.items())


@check(
    "NET024", severity=Severity.ERROR, over=_pools_in_use, unless=("NET023",),
    title=Text("ASN not private or outside its pool", "ASN 非私有或不在池内"), clause="RFC 6996 section 5",
)  # fmt: skip
def asns_in_pool(subject: tuple[str, Sequence[PlannedAsn]], ctx: Context) -> Iterator[Finding]:
    """An ASN of the plan is not private, or does not lie in the pool it names.

    Why it matters: filters at the exit and at the other site are written from the pools.
    How to fix: restore the ASN; where the pool was moved, move it back.
    Source: RFC 6996 section 5; engineering estimate (a range per site and role).
    Failing: `{asn: 65301, pool: a-access, used_by: A-ASW-01}` with pool 65101-65199
    Passing: `{asn: 65101, pool: a-access, used_by: A-ASW-01}`
    """
    name, records = subject
    pool = ctx.inventory.asn_pools.get(name)
    if pool is not None and _pool_fault(ctx, pool) is not None:
        return
    outside = [r for r in records if pool is not None and not pool.first <= r.asn <= pool.last]
    short = pool is not None and pool.last - pool.first + 1 < len(records)
    moved = short or (bool(outside) and len(outside) == len(records) and _unchanged(ctx, outside))
    for record in records:
        if pool is None and name:
            message = Text(
                f"ASN {record.asn} names pool {name}, which the inventory does not have",
                f"ASN {record.asn} 引用的池 {name} 不存在",
            )
            place = ctx.where(record, "pool")
        elif not private_asn(record.asn):
            message = Text(
                f"ASN {record.asn} of {record.used_by} is not private",
                f"{record.used_by} 的 ASN {record.asn} 不是私有 ASN",
            )
            place = ctx.where(record, "asn")
        elif record in outside and pool is not None and not moved:
            message = Text(f"ASN {record.asn} of {record.used_by} lies outside {name} {pool.first}-{pool.last}",
                           f"{record.used_by} 的 ASN {record.asn} 不在 {name} {pool.first}-{pool.last} 内")  # fmt: skip
            place = ctx.where(record, "asn")
        else:
            continue
        yield finding(
            "NET024", _subject(record), message, place,
            arithmetic=f"private: {PRIVATE}" if pool is None else f"{name}: {pool.first}-{pool.last}",
            fix=Text("restore the ASN, or plan it anew", "恢复 ASN，或重新规划"),
        )  # fmt: skip
    if moved and outside and pool is not None:
        listed = ", ".join(f"{r.asn} ({r.used_by})" for r in outside[:5])
        yield finding(
            "NET024", f"asn_pools/{name}",
            Text(f"{listed} issued from {name} lie outside {pool.first}-{pool.last}", f"自 {name} 下发的 {listed} 不在 {pool.first}-{pool.last} 内"),
            ctx.where(pool, "last" if short else "first"), arithmetic=f"{len(outside)} of {len(records)} outside",
            fix=Text("give the pool its range back, or renumber with --replan", "恢复池范围，或用 --replan 重新编号"),
            related=[Related(ctx.where(r, "asn"), r.used_by) for r in outside[:3]],
        )  # fmt: skip


def _unchanged(ctx: Context, records: Sequence[PlannedAsn]) -> bool:
    """True when several ASNs, or the one the core switches state, lie outside together: then the pool moved."""
    if len(records) > 1:
        return True
    stated = {(s.site, s.asn) for _, switches in _core(ctx) for s in switches}
    return records[0].used_by == "core" and (records[0].site, records[0].asn) in stated


@check(
    "NET029", severity=Severity.ERROR, over=_asns, unless=("NET023", "NET024"),
    title=Text("ASN nobody asked for", "无主 ASN"), clause="engineering estimate",
)  # fmt: skip
def asn_has_owner(record: PlannedAsn, ctx: Context) -> Iterator[Finding]:
    """An ASN of the plan belongs to no pair and no core of its site, or is the second one of its pair.

    Why it matters: either a name was mistyped and the real pair has no ASN, or a number is blocked for nothing.
    How to fix: correct pair or site, or run `rackwright plan`.
    Source: engineering estimate.
    Failing: `{asn: 65101, site: A, used_by: A-ASW-09}` without such a pair
    Passing: `{asn: 65101, site: A, used_by: A-ASW-01}`
    """
    have = book(ctx)
    if not any(record is other for other in have.surplus_asns):
        return
    pair = ctx.inventory.pairs.get(record.used_by)
    field = "site" if pair is not None and pair.site != record.site else "used_by"
    waiting = ", ".join(n.used_by for n in have.missing_asns)
    also, also_zh = (f"; {waiting} has none", f"；{waiting} 尚无 ASN") if waiting else ("", "")
    yield finding(
        "NET029", _subject(record),
        Text(f"{record.used_by} at {record.site} does not need ASN {record.asn}{also}",
             f"{record.site} 的 {record.used_by} 不需要 ASN {record.asn}{also_zh}"),
        ctx.where(record, field), fix=Text("correct the line, or run `rackwright plan`", "改正该行，或运行 `rackwright plan`"),
    )  # fmt: skip
