"""The sheets of the workbook as plain rows: what each column says, and every line under it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from capacity.bom import cable_bill
from inventory.checks import Report
from inventory.findings import Finding, Status
from inventory.inventory import Inventory
from inventory.plan_model import LoadLine, Plan
from rackwright.documents.address_overview import prefix_uses
from rackwright.documents.device_list import GROUPS, DeviceLine
from rackwright.documents.reconcile import RESULT_NAMES
from rackwright.documents.sheet_model import (
    NOT_EVALUATED,
    UNKNOWN,
    Cell,
    Column,
    Flag,
    Marked,
    Sheet,
    Source,
    source,
)
from rackwright.documents.sheets_cabling import cables, cords, ports
from rackwright.figures import figures
from rackwright.summary import by_urgency


def sheets(inventory: Inventory, plan: Plan, report: Report) -> Iterator[Sheet]:
    """Every sheet of the workbook, in order."""
    everything = source(inventory, plan, report)
    for make in _SHEETS:
        yield make(everything)


def _summary(s: Source) -> Sheet:
    words: dict[str, Cell] = {
        "good": "",
        "bad": Marked("✗ 需处理", "bad"),
        "attention": Marked("! 需决定", "attention"),
        "unknown": Marked("? 未评估", "unknown"),
    }
    rows = [
        (f.label.zh, f.value.zh, f.note.zh, words[f.state], f.label.en, f.value.en, f.note.en)
        for f in figures(s.summary)
    ]
    return Sheet(
        "概要",
        (
            Column("项目", "item"), Column("数值", "value"), Column("说明", "note", "long"),
            Column("状态", "state"), Column("项目（英文）", "item in English"),
            Column("数值（英文）", "value in English"), Column("说明（英文）", "note in English", "long"),
        ),
        tuple(rows),
    )  # fmt: skip


def _devices(s: Source) -> Sheet:
    columns = (
        Column("序号", "no.", "count"), Column("设备名称", "device"), Column("站点", "site"), Column("机房", "room"),
        Column("机柜", "rack"), Column("U 位", "rack units"), Column("面", "face"), Column("用途", "purpose"),
        Column("类别", "class"), Column("厂商", "manufacturer"), Column("型号", "model"),
        Column("高度 U", "height, U", "number"), Column("重量 kg", "weight, kg", "number"),
        Column("待机 W", "idle, W", "watts"), Column("分配 W", "budget, W", "watts"), Column("峰值 W", "peak, W", "watts"),
        Column("功耗依据", "basis of draw"), Column("电源数", "supplies", "count"), Column("电源额定 W", "supply rating, W", "watts"),
        Column("电源冗余", "redundancy"), Column("接入组", "access pair"), Column("条款", "clause"),
        Column("用途（英文）", "purpose in English"), Column("序列号", "serial no., on site", "blank"), Column("备注", "remark, on site", "blank"),
    )  # fmt: skip
    rows = []
    for n, line in enumerate(s.lines, 1):
        device, placed, power = line.device, line.placed, line.power
        psu = line.type.rackwright.psu if line.type else None
        rows.append((
            n, line.name, device.site if device else placed.site if placed else None, line.rack.room if line.rack else "",
            line.rack.name if line.rack else Marked("未落位 not placed", "bad"), line.units,
            "后 rear" if placed and placed.face == "rear" else "前 front" if line.units else "",
            line.title.zh, GROUPS[line.group].zh,
            line.type.manufacturer if line.type else None, line.type.model if line.type else None,
            line.height_u, line.type.weight_kg if line.type else None,
            power.idle_w if power else None, power.alloc_w if power else None, power.peak_w if power else None,
            _BASIS[power.basis] if power else UNKNOWN, psu.count if psu else None, psu.rating_w if psu else None,
            psu.redundancy if psu else None, placed.pair or "" if placed else "",
            device.record.clause if device else "", line.title.en, "", "",
        ))  # fmt: skip
    return Sheet("设备及功耗清单", columns, tuple(rows), 2)


def _racks(s: Source) -> Sheet:
    columns = (
        Column("机柜", "rack"), Column("站点", "site"), Column("机房", "room"), Column("列", "row"), Column("机柜类型", "rack type"),
        Column("相", "phase"), Column("用途", "state"), Column("设备数", "devices", "count"),
        Column("已用 U", "used, U", "number"), Column("可用 U", "usable, U", "number"), Column("总重 kg", "weight with rack, kg", "number"),
        Column("分配 W", "budget, W", "watts"), Column("峰值 W", "peak, W", "watts"), Column("上限 W", "limit, W", "watts"),
        Column("峰值占比", "peak of limit", "share"),
        Column("A 路独立峰值 W", "feed A alone, peak W", "watts"), Column("A 路上限 W", "feed A limit, W", "watts"),
        Column("B 路独立峰值 W", "feed B alone, peak W", "watts"), Column("B 路上限 W", "feed B limit, W", "watts"),
        Column("结论", "result"),
    )  # fmt: skip
    standing: dict[str, list[DeviceLine]] = {}
    for line in s.lines:
        if line.rack:
            standing.setdefault(line.rack.name, []).append(line)
    rows = []
    for rack in s.inventory.racks.values():
        devices = standing.get(rack.name, [])
        own = s.loads.get(("rack", rack.name))
        feeds = {side: s.loads.get(("feed", feed.name)) for side, feed in rack.feeds.items()}
        alone = {side: _alone(feeds.get(side), rack.feeds[side].side) for side in rack.feeds}
        state = f"预留 {rack.reserved}" if rack.reserved else "" if devices else "空 empty"
        weights = [line.type.weight_kg if line.type else None for line in devices]
        weights += [rack.rack_type.own_weight_kg, rack.rack_type.rackwright.cable_weight_kg]
        rows.append((
            rack.name, rack.site, rack.room, rack.row, rack.rack_type.model, rack.phase, state, len(devices),
            _sum([line.height_u for line in devices]),
            rack.rack_type.rackwright.usable_u or rack.rack_type.u_height, _sum(weights),
            *_loads(own), own.limit_w if own else None, _share(own),
            alone.get("a"), _limit(feeds.get("a")), alone.get("b"), _limit(feeds.get("b")),
            _rack_verdict(own, [(_alone(feeds.get(side), rack.feeds[side].side), feeds[side]) for side in feeds]),
        ))  # fmt: skip
    return Sheet("机柜汇总", columns, tuple(rows))


def _bill(s: Source) -> Sheet:
    columns = (
        Column("物料", "item"), Column("说明", "description", "long"), Column("站点", "site"), Column("用处", "where", "long"),
        Column("订货长度 m", "stock length, m", "metres"), Column("需求", "needed", "count"), Column("供货", "supplied", "count"),
        Column("备件目标", "spares wanted", "count"), Column("结论", "result"), Column("差额", "difference", "count"),
        Column("来源", "comes from", "long"),
    )  # fmt: skip
    flags: dict[str, Flag] = {"short": "bad", "orphan": "attention"}
    rows: list[tuple[Cell, ...]] = []
    for line in s.plan.bom:
        word = f"{RESULT_NAMES[line.result].zh} {line.result}"
        rows.append((
            line.item, described(s.inventory, line.item), line.site, line.where, "", line.needed, line.supplied, line.spare_wanted,
            Marked(word, flags[line.result]) if line.result in flags else word, line.supplied - line.needed, "; ".join(line.sources),
        ))  # fmt: skip
    listed = {line.item for line in s.plan.bom}
    for bill in cable_bill(c for c in s.plan.cables if c.type not in listed):
        rows.append((
            bill.type, described(s.inventory, bill.type), "", "全部 all", bill.stock_m, bill.quantity, None, "", NOT_EVALUATED, "",
            "无供货条目 no order line",
        ))  # fmt: skip
    return Sheet("光模块及线缆清单", columns, tuple(rows))


def described(inventory: Inventory, item: str) -> str | None:
    """What an optic or cable is, in the words of the catalogue; None when it holds no such item."""
    if optic := inventory.catalog.optics.get(item):
        return f"{optic.standard} {optic.description}".strip()
    cable = inventory.catalog.cables.get(item)
    return cable.description if cable else None


def _addresses(s: Source) -> Sheet:
    columns = (
        Column("类别", "kind"), Column("站点", "site"), Column("平面", "plane"), Column("网段 / 地址 / 号", "prefix, address, number"),
        Column("使用者", "used by"), Column("接口", "interface"), Column("所属网段 / 池", "prefix or pool it is from"),
        Column("VLAN", "VLAN", "number"), Column("网关", "gateway"), Column("已分配", "issued", "count"), Column("可容纳", "room for", "count"),
        Column("状态", "state"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for use in prefix_uses(s.plan):
        p = use.planned
        rows.append((
            "网段 prefix", p.site, p.plane, p.prefix, p.used_by, "", p.pool, "" if p.vid is None else p.vid, p.gateway or "",
            use.issued, use.size, "",
        ))  # fmt: skip
    sites = {p.prefix: p.site for p in s.plan.prefixes}
    for a in s.plan.addresses:
        state: Cell = Marked(f"已释放 released {a.released}", "attention") if a.released else "已分配 issued"
        rows.append((
            "地址 address", sites.get(a.prefix), a.plane, a.address, a.device, a.interface, a.prefix, "" if a.vid is None else a.vid,
            "", "", "", state,
        ))  # fmt: skip
    for asn in s.plan.asns:
        rows.append(("ASN", asn.site, "", str(asn.asn), asn.used_by, "", asn.pool, "", "", "", "", ""))
    for vlan in s.inventory.vlans.values():
        rows.append((
            "VLAN", vlan.site, vlan.plane, str(vlan.vid), vlan.pair or vlan.name, "", vlan.zone or "", vlan.vid, "", "", "", vlan.name,
        ))  # fmt: skip
    return Sheet("地址规划表", columns, tuple(rows))


def _findings(s: Source) -> Sheet:
    columns = (
        Column("级别", "severity"), Column("状态", "status"), Column("代码", "code"), Column("对象", "subject"),
        Column("问题", "problem", "long"), Column("处理建议", "fix", "long"), Column("算式", "sum", "long"), Column("依据", "rule", "long"),
        Column("位置", "place"), Column("相关", "related", "long"), Column("豁免", "waiver", "long"),
        Column("问题（英文）", "problem in English", "long"), Column("处理建议（英文）", "fix in English", "long"),
    )  # fmt: skip
    rows = []
    for f in by_urgency(s.report.findings):
        related = "; ".join(
            f"{r.position.path}:{r.position.line} {r.note}" if r.position else r.note for r in f.related
        )
        waiver = f"{f.waived.reason} ({f.waived.by}, {f.waived.until})" if f.waived else ""
        place = f"{f.source.path}:{f.source.line}" if f.source else ""
        rows.append((
            _severity(f), _status(f), f.code, f.subject, f.message.zh, f.fix.zh if f.fix else "", f.arithmetic, f.clause, place,
            related, waiver, f.message.en, f.fix.en if f.fix else "",
        ))  # fmt: skip
    return Sheet("问题清单", columns, tuple(rows), 4)


def _assumptions(s: Source) -> Sheet:
    columns = (
        Column("对象", "subject"), Column("字段", "field"), Column("理由", "reason", "long"), Column("位置", "place"),
        Column("确认结果", "confirmed as, on site", "blank"), Column("确认人", "by, on site", "blank"),
    )  # fmt: skip
    rows = [
        (subject, name, reason, f"{at.path}:{at.line}" if at.line else at.path, "", "")
        for subject, name, reason, at in s.inventory.assumptions
    ]
    return Sheet("假设清单", columns, tuple(rows), 2)


_BASIS = {
    "components": "部件累加 components",
    "stated": "给定 stated",
    "typical": "典型值 typical",
    "inlets": "电源口 inlets",
    "label derated": "铭牌折算 label derated",
}

_SHEETS: tuple[Callable[[Source], Sheet], ...] = (
    _summary, _devices, _racks, ports, cables, cords, _bill, _addresses, _findings, _assumptions,
)  # fmt: skip


def _sum(values: Sequence[float | None]) -> float | None:
    """The sum, None as soon as one value is unknown."""
    known = [value for value in values if value is not None]
    return round(sum(known), 1) if len(known) == len(values) else None


def _loads(line: LoadLine | None) -> tuple[Cell, Cell]:
    """Budget and peak; a sum that lacks a device is marked as a least value."""
    if line is None:
        return NOT_EVALUATED, NOT_EVALUATED
    if line.unknown:
        return Marked(f"≥ {line.alloc_w:.0f}", "unknown"), Marked(f"≥ {line.peak_w:.0f}", "unknown")
    return line.alloc_w, line.peak_w


def _share(line: LoadLine | None) -> Cell:
    if line is None or not line.limit_w or line.unknown:
        return NOT_EVALUATED
    return line.peak_w / line.limit_w


def _alone(line: LoadLine | None, side: str) -> Cell:
    """Peak on a feed of `side` while the other side is dead."""
    if line is None:
        return NOT_EVALUATED
    peak_w = line.peak_b_dead_w if side == "a" else line.peak_a_dead_w
    return Marked(f"≥ {peak_w:.0f}", "unknown") if line.unknown else peak_w


def _limit(line: LoadLine | None) -> float | None:
    return line.limit_w if line else None


def _rack_verdict(own: LoadLine | None, feeds: Iterable[tuple[Cell, LoadLine | None]]) -> Cell:
    loads: list[tuple[float, LoadLine | None]] = [(own.peak_w, own)] if own else [(0.0, None)]
    for cell, line in feeds:
        loads.append((cell if isinstance(cell, int | float) else 0.0, line))
    if any(line and line.limit_w is not None and peak_w > line.limit_w for peak_w, line in loads):
        return Marked("超限 over", "bad")
    if len(loads) < 3 or any(line is None or line.limit_w is None or line.unknown for _, line in loads):
        return NOT_EVALUATED
    return "满足 within"


def _severity(finding: Finding) -> Cell:
    flags: dict[str, Flag] = {"error": "bad", "warning": "attention"}
    word = {"error": "错误 error", "warning": "警告 warning", "info": "提示 note"}[finding.severity.value]
    stands = finding.status is Status.FAILED and finding.waived is None
    flag = flags.get(finding.severity.value) if stands else None
    return Marked(word, flag) if flag else word


def _status(finding: Finding) -> Cell:
    if finding.waived:
        return "已豁免 waived"
    return NOT_EVALUATED if finding.status is Status.NOT_EVALUATED else "未通过 failed"
