"""The summary in lines for people, in both languages: the terminal, the report and the workbook show these."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from inventory.findings import Text
from rackwright.documents.port_use import PortFamily
from rackwright.summary import Load, SiteRacks, Summary, Supply, kilowatts

State = Literal["good", "attention", "bad", "unknown"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line for people. `state` bad: must be mended; attention: someone must decide; unknown: data is
    missing, so the value is not the whole truth."""

    key: str
    label: Text
    value: Text
    note: Text
    state: State


_STATUS = {
    "optimal": Text("fewest possible, proven", "已证明最少"),
    "feasible": Text("fits, not proven fewest", "可行，未证明最少"),
    "infeasible": Text("does not fit", "放不下"),
    "unknown": Text("not evaluated", "未评估"),
}
NOT_EVALUATED = Text("not evaluated", "未评估")
_NOTHING = Text("", "")


def proof_line(racks: SiteRacks) -> Text:
    """How good the number of racks is, in one line."""
    status = _STATUS[racks.status]
    if racks.lower_bound is None:
        return status
    return Text(f"{status.en}; lower bound {racks.lower_bound}", f"{status.zh}；下限 {racks.lower_bound} 个")


def figures(summary: Summary) -> tuple[Figure, ...]:
    """The lines of a summary: findings first, then space, power, ports, goods and addresses."""
    return tuple(_lines(summary))


def _lines(s: Summary) -> Iterator[Figure]:
    c = s.counts
    yield Figure(
        "findings", Text("Findings", "问题"),
        Text(f"{_count(c.errors, 'error')}, {_count(c.warnings, 'warning')}, {_count(c.infos, 'note')}", f"错误 {c.errors}，警告 {c.warnings}，提示 {c.infos}"),
        Text(f"waived {c.waived}, not evaluated {c.not_evaluated}", f"已豁免 {c.waived}，未评估 {c.not_evaluated}"),
        "bad" if c.errors else "attention" if c.warnings else "good",
    )  # fmt: skip
    yield Figure(
        "checks", Text("Checks", "检查项"),
        Text(f"{c.checks_passed} passed, {c.checks_failed} failed", f"通过 {c.checks_passed}，未通过 {c.checks_failed}"),
        Text(f"not evaluated {c.checks_not_evaluated}", f"未评估 {c.checks_not_evaluated}"),
        "unknown" if c.checks_not_evaluated else "good",
    )  # fmt: skip
    yield Figure(
        "assumptions", Text("Assumptions", "假设"), _both(s.assumptions),
        Text("to be confirmed", "待确认") if s.assumptions else _NOTHING, "good",
    )  # fmt: skip
    left = f"{s.placed} / {s.devices}"
    some = ", ".join(s.unplaced[:4]) + (" …" if len(s.unplaced) > 4 else "")
    yield Figure(
        "devices", Text("Devices placed", "已落位设备"), Text(left, left),
        Text(f"not placed: {len(s.unplaced)} ({some})", f"未落位 {len(s.unplaced)} 台（{some}）") if s.unplaced else _NOTHING,
        "bad" if s.unplaced else "good",
    )  # fmt: skip
    for site in s.racks:
        reserved = (
            Text(f"; {site.reserved} reserved", f"；另预留 {site.reserved} 个") if site.reserved else _NOTHING
        )
        proof = proof_line(site)
        state: State = {"infeasible": "bad", "unknown": "unknown"}.get(site.status, "good")  # type: ignore[assignment]
        yield Figure(
            f"racks.{site.site}",
            Text(f"Racks at {site.site}", f"{site.site} 机柜"),
            Text(f"{site.used} of {site.available}", f"{site.used} / {site.available}"),
            Text(proof.en + reserved.en, proof.zh + reserved.zh),
            state,
        )
        yield _site_load(site)
    yield _load_figure("rack", Text("Tightest rack", "最紧机柜"), s.tightest_rack)
    yield _load_figure("feed", Text("Feed with other side dead", "最紧馈线（另一路断电）"), s.tightest_feed)
    if s.tightest_bank:
        yield _load_figure(
            "bank", Text("Bank with other side dead", "最紧 PDU 分组（另一路断电）"), s.tightest_bank
        )
    if s.loads_not_evaluated:
        yield Figure(
            "loads.unknown", Text("Loads not evaluated", "未评估的供电元件"), _both(s.loads_not_evaluated),
            Text("limit or draw unknown", "容量或功耗未知"), "unknown",
        )  # fmt: skip
    for _, of_type in groupby(s.ports, key=lambda family: family.device_type):
        yield _ports_figure(tuple(of_type))
    yield _supply_figure("optics", Text("Optics needed / supplied", "光模块 需求 / 供货"), s.optics)
    if s.fixed_cables.lines:
        yield _supply_figure(
            "fixed", Text("Cables on order lines", "订单所列线缆 需求 / 供货"), s.fixed_cables
        )
    yield Figure(
        "cables", Text("Data cables", "数据线缆"),
        Text(f"{s.cables}, {s.stock_m:,.0f} m", f"{s.cables} 根，{s.stock_m:,.0f} m"),
        Text(f"length unknown: {s.cables_of_unknown_length}", f"长度未知 {s.cables_of_unknown_length} 根")
        if s.cables_of_unknown_length else _NOTHING,
        "unknown" if s.cables_of_unknown_length else "good",
    )  # fmt: skip
    yield Figure("cords", Text("Power cords", "电源线"), _both(s.cords), _NOTHING, "good")
    planes = ", ".join(f"{plane} {count}" for plane, count in s.addresses_by_plane)
    gone = Text(f"; kept back {s.tombstones}", f"；隔离期 {s.tombstones}") if s.tombstones else _NOTHING
    yield Figure(
        "addresses", Text("Addresses issued", "已分配地址"), _both(s.addresses),
        Text(planes + gone.en, planes + gone.zh), "good",
    )  # fmt: skip


def _ports_figure(of_type: tuple[PortFamily, ...]) -> Figure:
    """Ports of all switches of one type, by speed; the note tells where the fewest are left."""
    shares = [(speed_name(f), f"{f.used}/{f.usable}") for f in of_type]
    tight = min(of_type, key=lambda f: (f.tightest_usable - f.tightest_used) / f.tightest_usable)
    left = tight.tightest_usable - tight.tightest_used
    full = Text("", "") if left else Text(", none left", "，无空闲")
    count = f"{tight.tightest_used}/{tight.tightest_usable}"
    return Figure(
        f"ports.{tight.device_type}",
        Text(f"Ports {tight.device_type}", f"端口 {tight.device_type}"),
        Text(
            " · ".join(f"{speed.en} {share}" for speed, share in shares),
            " · ".join(f"{speed.zh} {share}" for speed, share in shares),
        ),
        Text(
            f"tightest {tight.tightest} {speed_name(tight).en} {count}{full.en}",
            f"最紧 {tight.tightest} {speed_name(tight).zh} {count}{full.zh}",
        ),
        "good",
    )


def speed_name(family: PortFamily) -> Text:
    """`10G`, or that the ports are serial."""
    if family.speed_gbps:
        return Text(f"{family.speed_gbps:g}G", f"{family.speed_gbps:g}G")
    return Text("serial", "串口")


def _site_load(site: SiteRacks) -> Figure:
    label = Text(f"IT load {site.site}, budget / peak", f"{site.site} IT 负荷 分配 / 峰值")
    if site.alloc_w is None or site.peak_w is None:
        return Figure(
            f"load.{site.site}", label, NOT_EVALUATED, Text("no load lines", "尚无负荷数据"), "unknown"
        )
    least = "≥ " if site.unknown else ""
    value = f"{least}{site.alloc_w / 1000:.1f} / {least}{site.peak_w / 1000:.1f} kW"
    note = Text(f"draw unknown: {site.unknown}", f"功耗未知 {site.unknown} 台") if site.unknown else _NOTHING
    return Figure(f"load.{site.site}", label, Text(value, value), note, "unknown" if site.unknown else "good")


def _load_figure(key: str, label: Text, load: Load | None) -> Figure:
    if load is None:
        return Figure(key, label, NOT_EVALUATED, Text("no limit known", "容量未知"), "unknown")
    assert load.limit_w is not None and load.share is not None  # noqa: S101  what `tightest` chose has a limit
    at_least = "≥ " if load.unknown else ""
    value = f"{at_least}{kilowatts(load.peak_w)} / {kilowatts(load.limit_w)} kW ({load.share:.1%})"
    missing = len(load.unknown)
    note = Text(
        f"{load.element}: budget {kilowatts(load.alloc_w)} kW"
        + (f"; {missing} devices of unknown draw" if missing else ""),
        f"{load.element}：分配 {kilowatts(load.alloc_w)} kW" + (f"；{missing} 台功耗未知" if missing else ""),
    )
    state: State = "bad" if load.share > 1 else "unknown" if missing else "good"
    return Figure(key, label, Text(value, value), note, state)


def _supply_figure(key: str, label: Text, supply: Supply) -> Figure:
    if not supply.lines:
        return Figure(key, label, NOT_EVALUATED, Text("no bill of material", "尚无清单"), "unknown")
    note = _NOTHING
    if supply.short_lines:
        note = Text(
            f"short: {', '.join(supply.shorts[:3])}{' …' if len(supply.shorts) > 3 else ''}",
            f"短缺：{'，'.join(supply.shorts[:3])}{' …' if len(supply.shorts) > 3 else ''}",
        )
    value = f"{supply.needed} / {supply.supplied}"
    return Figure(key, label, Text(value, value), note, "attention" if supply.short_lines else "good")


def _both(number: int) -> Text:
    return Text(str(number), str(number))


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
