"""Rules of the rooms that need no plan: aisle widths, and all racks of a site together (RCK040-RCK041)."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Severity, Text
from inventory.model import Row, Site
from inventory.quantities import plain_number


@check(
    "RCK040", severity=Severity.ERROR, title=Text("Aisle too narrow", "通道宽度不足"),
    clause="GB 50174-2017 4.3", needs="inventory", over=lambda ctx: ctx.inventory.rows.values(),
)  # fmt: skip
def aisles_are_wide(row: Row, ctx: Context) -> Iterator[Finding]:
    """The clear width in front of a row and behind it is what people and devices need.

    Why it matters: a server does not turn in a narrow aisle, and nobody can work at the rear of the racks.
    How to fix: move the row, or lease another one; the limits are room.front_m and room.back_m.
    Source: GB 50174-2017 4.3: 1.2 m between fronts, 0.8 m between backs (1.0 m where the rear is serviced).
    Failing: `rows: [{name: A01-A, front_aisle_m: 1.0, back_aisle_m: 0.8}]`
    Passing: `rows: [{name: A01-A, front_aisle_m: 1.2, back_aisle_m: 0.8}]`
    """
    for side, zh, width in (("front", "前", row.front_aisle_m), ("back", "后", row.back_aisle_m)):
        limit = ctx.inventory.policy.number(f"room.{side}_m")
        where = ctx.where(row, f"{side}_aisle_m")
        if width is None:
            yield lacking(
                "RCK040", row.name,
                Text(f"width of the {side} aisle is not stated", f"{zh}通道宽度未说明"), where,
                Text("measure it, or take it from the room drawing", "现场测量或查机房图纸"),
            )  # fmt: skip
        elif width < limit - 1e-9:
            yield finding(
                "RCK040", row.name,
                Text(f"{side} aisle is {plain_number(width)} m wide, {plain_number(limit)} m needed",
                     f"{zh}通道宽 {plain_number(width)} m，需要 {plain_number(limit)} m"),
                where,
                fix=Text(f"give the {side} aisle {plain_number(round(limit - width, 3))} m more",
                         f"将{zh}通道加宽 {plain_number(round(limit - width, 3))} m"),
                arithmetic=f"{plain_number(limit)} m - {plain_number(width)} m = {plain_number(round(limit - width, 3))} m; "
                f"{ctx.inventory.policy.cite(f'room.{side}_m')}",
            )  # fmt: skip


@check(
    "RCK041", severity=Severity.WARNING, title=Text("Racks of a site in several rooms", "同一站点机柜分散在多个机房"),
    clause="engineering estimate", needs="inventory", over=lambda ctx: ctx.inventory.sites.values(),
)  # fmt: skip
def racks_in_one_room(site: Site, ctx: Context) -> Iterator[Finding]:
    """All racks of the customer at one site stand in one room.

    Why it matters: links between rooms leave the customer's area, pass other tenants and need trunks and ODFs.
    How to fix: lease the racks in one room, or decide that several rooms are meant and plan the trunks.
    Source: engineering estimate; a lease may ask for it (hold `rooms_with_racks` of scope site against 1).
    Failing: rows of one site in rooms A01 and A02
    Passing: all rows of one site in room A01
    """
    rooms: dict[str, list[Row]] = {}
    for row in ctx.inventory.rows.values():
        if row.racks and ctx.inventory.rooms[row.room].site == site.name:
            rooms.setdefault(row.room, []).append(row)
    if len(rooms) < 2:
        return
    counts = {room: sum(len(row.racks) for row in rows) for room, rows in rooms.items()}
    odd = min(counts, key=lambda room: (counts[room], room))
    yield finding(
        "RCK041", site.name,
        Text(f"racks stand in {len(rooms)} rooms: {', '.join(f'{r} {n}' for r, n in counts.items())}",
             f"机柜分布在 {len(rooms)} 个机房：{', '.join(f'{r} {n}' for r, n in counts.items())}"),
        ctx.where(rooms[odd][0], "room"),
        fix=Text(f"move the {counts[odd]} racks of {odd} into the other room, or plan trunks between the rooms",
                 f"将 {odd} 的 {counts[odd]} 个机柜并入其他机房，或规划机房间干线"),
        arithmetic=" + ".join(str(n) for n in counts.values()) + f" = {sum(counts.values())} racks",
    )  # fmt: skip
