"""The sheets an installer works from: ports, cables and power cords."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.plan_model import Cable, End
from rackwright.documents.port_use import USE_NAMES, switch_ports
from rackwright.documents.sheet_model import UNKNOWN, Cell, Column, Marked, Sheet, Source


def ports(s: Source) -> Sheet:
    """Every port of every switch and console server, free ones too."""
    columns = (
        Column("设备", "device"), Column("端口", "port"), Column("用途", "use"), Column("规划区段", "range of the port plan"),
        Column("线缆编号", "cable id"), Column("对端设备", "far device"), Column("对端端口", "far port"),
        Column("对端机柜", "far rack"), Column("对端 U 位", "far units"), Column("对端说明", "far purpose"),
        Column("站点", "site"), Column("机柜", "rack"), Column("U 位", "rack units"), Column("端口类型", "port type"),
        Column("速率 Gbit/s", "speed, Gbit/s", "number"), Column("本端光模块", "optic here"), Column("线缆类型", "cable type"),
        Column("订货长度 m", "stock length, m", "metres"), Column("本端标签", "label here"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for switch in switch_ports(s.inventory, s.plan):
        line = s.placed[switch.name]
        here = (switch.device.site, line.rack.name if line.rack else None, line.units)
        for port in switch.ports:
            use = USE_NAMES[port.use][1]
            word: Cell = f"{use.zh} {use.en}"
            if port.use == "clash":
                word = Marked(f"{use.zh} {use.en}", "bad")
            kind = (port.type or None, "" if port.speed_gbps is None else port.speed_gbps)
            first = (switch.name, port.port, word, port.planned)
            if not port.cables:
                rows.append((*first, "", "", "", "", "", "", *here, *kind, "", "", "", ""))
            for cable, far in zip(port.cables, port.far_ends, strict=True):
                near = cable.a if far is cable.b else cable.b
                label = cable.label_a if near is cable.a else cable.label_b
                rows.append((
                    *first, cable.id, far.device, far.port, *_far_place(s, far.device), *here, *kind,
                    near.optic or "", cable.type, cable.stock_m, label,
                ))  # fmt: skip
    return Sheet("端口分配表", columns, tuple(rows), 2)


def cables(s: Source) -> Sheet:
    """The cable schedule: both ends, route, lengths, labels, and columns that are filled in on site."""

    def end_columns(zh: str, en: str) -> Iterator[Column]:
        for column, name in (
            ("站点", "site"), ("机房", "room"), ("机柜", "rack"), ("U 位", "units"), ("设备", "device"),
        ):  # fmt: skip
            yield Column(f"{zh} {column}", f"{en} {name}")
        yield Column(f"{zh} 序列号", f"{en} serial no., on site", "blank")
        for column, name in (("端口", "port"), ("光模块", "optic"), ("接头", "connector")):
            yield Column(f"{zh} {column}", f"{en} {name}")

    columns = (
        Column("线缆编号", "cable id"), Column("类别", "class"), Column("用途", "kind"), Column("型号", "type"),
        Column("速率 Gbit/s", "speed, Gbit/s", "number"), *end_columns("A 端", "A"), *end_columns("B 端", "B"),
        Column("路由", "tray segments", "long"), Column("计算长度 m", "length, m", "metres"), Column("订货长度 m", "stock length, m", "metres"),
        Column("颜色", "colour"), Column("A 端标签", "label A"), Column("B 端标签", "label B"), Column("线束", "bundle"),
        Column("冗余组", "redundancy group"), Column("成员", "member A/B"), Column("状态", "status"),
        Column("施工人", "installer, on site", "blank"), Column("日期", "date, on site", "blank"), Column("测试 dB", "test result, dB, on site", "blank"),
    )  # fmt: skip
    kinds = {
        "fibre": "光纤 fibre",
        "copper": "铜缆 copper",
        "dac": "DAC",
        "aoc": "AOC",
        "serial": "串口 serial",
    }
    uses = {
        "access": "业务接入 access", "uplink": "上联 uplink", "peer-link": "互联 peer-link", "keepalive": "心跳 keepalive",
        "oob": "带外 oob", "oob-uplink": "带外上联 oob-uplink", "console": "串口 console",
    }  # fmt: skip
    rows = []
    for cable in s.plan.cables:
        made = s.inventory.catalog.cables.get(cable.type)
        rows.append((
            cable.id, kinds.get(made.kind, made.kind) if made else None, uses[cable.kind], cable.type, cable.speed_gbps or "",
            *_end(s, cable.a, made.connector_a if made else None), *_end(s, cable.b, made.connector_b if made else None),
            " > ".join(cable.route), cable.length_m, cable.stock_m, cable.colour, cable.label_a, cable.label_b, cable.bundle,
            cable.group, _member(s, cable), "已规划 planned", "", "", "",
        ))  # fmt: skip
    return Sheet("线缆布放表", columns, tuple(rows))


def cords(s: Source) -> Sheet:
    """Power cords: inlet to outlet."""
    columns = (
        Column("电源线编号", "cord id"), Column("设备", "device"), Column("机柜", "rack"), Column("U 位", "rack units"),
        Column("电源口", "inlet"), Column("路", "side"), Column("PDU", "power strip"), Column("分组", "bank"),
        Column("插座", "outlet"), Column("相", "phase"), Column("标签", "label"), Column("施工人", "installer, on site", "blank"),
        Column("日期", "date, on site", "blank"),
    )  # fmt: skip
    rows = []
    for cord in s.plan.cords:
        line = s.placed.get(cord.device)
        rows.append((
            cord.id, cord.device, cord.rack, line.units if line else None, cord.inlet, cord.side.upper(), cord.pdu, cord.bank,
            cord.outlet, cord.phase, cord.label, "", "",
        ))  # fmt: skip
    return Sheet("电源线", columns, tuple(rows))


def _far_place(s: Source, device: str) -> tuple[Cell, Cell, Cell]:
    line = s.placed.get(device)
    if line is not None:
        return line.rack.name if line.rack else None, line.units, line.title.zh
    existing = s.inventory.existing_switches.get(device)
    return "在网 existing", "", existing.title.zh if existing else UNKNOWN


def _end(s: Source, end: End, connector: str | None) -> tuple[Cell, ...]:
    line = s.placed.get(end.device)
    where: tuple[Cell, ...]
    if line is not None:
        site = line.placed.site if line.placed else None
        where = (
            site,
            line.rack.room if line.rack else None,
            line.rack.name if line.rack else None,
            line.units,
        )
    elif existing := s.inventory.existing_switches.get(end.device):
        where = (existing.site, existing.room, "在网 existing", "")
    else:
        where = (None, None, None, None)
    return (*where, end.device, "", end.port, end.optic or "", connector)


def _member(s: Source, cable: Cable) -> str:
    """Member of the access pair a cable ends on."""
    for end in (cable.b, cable.a):
        device = s.inventory.devices.get(end.device)
        if device and device.member:
            return device.member
    return ""
