"""What a plan comes to, in figures that the terminal, the report and the workbook all show alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any, Literal

from inventory.checks import Report
from inventory.findings import Finding, Severity, Status, Text
from inventory.inventory import Inventory
from inventory.plan_model import BomLine, LoadLine, PlacementProof, Plan
from rackwright.documents.port_use import PortFamily, families, switch_ports

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


@dataclass(frozen=True, slots=True)
class SiteRacks:
    """Racks of one site: in use, of those not reserved, and the draw of what stands in them.
    `lower_bound` None: no proof in the plan; `alloc_w` None: no load lines; `unknown`: devices left out of it."""

    site: str
    title: Text
    used: int
    available: int
    reserved: int
    status: str
    lower_bound: int | None
    proof: str
    alloc_w: float | None
    peak_w: float | None
    unknown: int


@dataclass(frozen=True, slots=True)
class Load:
    """One element of the power path at its worst. `dead` is the side that is dead ("" in the normal state);
    `limit_w` None and a non-empty `unknown` (devices without a known draw) leave it not evaluated."""

    element: str
    dead: str
    alloc_w: float
    peak_w: float
    limit_w: float | None
    unknown: tuple[str, ...]

    @property
    def share(self) -> float | None:
        """Peak over limit; None when the limit is unknown."""
        return self.peak_w / self.limit_w if self.limit_w else None


@dataclass(frozen=True, slots=True)
class Supply:
    """Pieces of one class of goods, needed against supplied, with the lines that are short."""

    lines: int
    needed: int
    supplied: int
    short_lines: int
    short_pieces: int
    shorts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """Findings by severity that stand, those waived, those not evaluated; outcomes of the checks."""

    errors: int
    warnings: int
    infos: int
    waived: int
    not_evaluated: int
    checks_passed: int
    checks_failed: int
    checks_not_evaluated: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything `figures` is made from; `to_dict` is the JSON form."""

    project: str
    title: Text
    devices: int
    placed: int
    unplaced: tuple[str, ...]
    racks: tuple[SiteRacks, ...]
    tightest_rack: Load | None
    tightest_feed: Load | None
    loads_not_evaluated: int
    ports: tuple[PortFamily, ...]
    optics: Supply
    fixed_cables: Supply
    cables: int
    cables_of_unknown_length: int
    stock_m: float
    cords: int
    addresses: int
    tombstones: int
    addresses_by_plane: tuple[tuple[str, int], ...]
    assumptions: int
    counts: Counts

    def to_dict(self) -> dict[str, Any]:
        """JSON form; keys are stable."""
        return asdict(self)

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The lines people read, most asked first."""
        return tuple(_figures(self))


def summarise(inventory: Inventory, plan: Plan, report: Report) -> Summary:
    """The summary of a plan and of what the checks said about it. Counts come from the state of the plan
    (devices, cables, addresses), loads and supply from its derived lists."""
    standing = {device.name: device for device in plan.devices}
    unplaced = sorted(
        name
        for name in {*inventory.devices, *standing}
        if name not in standing or standing[name].rack is None
    )
    lines = {kind: [line for line in plan.power if line.kind == kind] for kind in ("rack", "feed")}
    planes = Counter(address.plane for address in plan.addresses if address.released is None)
    optics = [line for line in plan.bom if line.item in inventory.catalog.optics]
    fixed = [line for line in plan.bom if line.item not in inventory.catalog.optics]
    title = inventory.project.title
    return Summary(
        project=inventory.project.name,
        title=Text(title.en, title.zh),
        devices=len({*inventory.devices, *standing}),
        placed=len({*inventory.devices, *standing}) - len(unplaced),
        unplaced=tuple(unplaced),
        racks=tuple(_site_racks(inventory, plan)),
        tightest_rack=tightest(lines["rack"]),
        tightest_feed=tightest(lines["feed"], one_side_dead=True),
        loads_not_evaluated=sum(line.limit_w is None or bool(line.unknown) for line in plan.power),
        ports=families(switch_ports(inventory, plan)),
        optics=_supply(optics),
        fixed_cables=_supply(fixed),
        cables=len(plan.cables),
        cables_of_unknown_length=sum(cable.stock_m is None for cable in plan.cables),
        stock_m=round(sum(cable.stock_m or 0.0 for cable in plan.cables), 1),
        cords=len(plan.cords),
        addresses=sum(planes.values()),
        tombstones=sum(address.released is not None for address in plan.addresses),
        addresses_by_plane=tuple(sorted(planes.items())),
        assumptions=len(inventory.assumptions),
        counts=_counts(report),
    )


def worst(line: LoadLine, *, one_side_dead: bool = False) -> Load:
    """A load line in its worst state: normal, or with either side dead."""
    states = [
        ("a", line.alloc_a_dead_w, line.peak_a_dead_w),
        ("b", line.alloc_b_dead_w, line.peak_b_dead_w),
    ]
    if not one_side_dead:
        states.insert(0, ("", line.alloc_w, line.peak_w))
    dead, alloc_w, peak_w = max(states, key=lambda state: state[2])
    return Load(line.element, dead, alloc_w, peak_w, line.limit_w, line.unknown)


def tightest(lines: Iterable[LoadLine], *, one_side_dead: bool = False) -> Load | None:
    """The load with the highest share of its limit; among lines without limits, none."""
    loads = [worst(line, one_side_dead=one_side_dead) for line in lines]
    known = [load for load in loads if load.share is not None]
    return max(known, key=lambda load: (load.share or 0.0, load.element), default=None)


def kilowatts(watts: float) -> str:
    """Watts as kilowatts with two decimals."""
    return f"{watts / 1000:.2f}"


def _site_racks(inventory: Inventory, plan: Plan) -> Iterable[SiteRacks]:
    proofs: dict[str, PlacementProof] = {proof.site: proof for proof in plan.proofs}
    used = {device.rack for device in plan.devices if device.rack is not None}
    for name, site in inventory.sites.items():
        racks = [rack for rack in inventory.racks.values() if rack.site == name]
        if not racks:
            continue
        proof = proofs.get(name)
        lines = [
            line for line in plan.power if line.kind == "rack" and line.element in {r.name for r in racks}
        ]
        yield SiteRacks(
            name,
            Text(site.title.en, site.title.zh),
            sum(rack.name in used for rack in racks),
            sum(not rack.reserved for rack in racks),
            sum(bool(rack.reserved) for rack in racks),
            proof.status if proof else "unknown",
            proof.lower_bound if proof else None,
            proof.proof if proof else "",
            round(sum(line.alloc_w for line in lines), 1) if lines else None,
            round(sum(line.peak_w for line in lines), 1) if lines else None,
            sum(len(line.unknown) for line in lines),
        )


def _supply(lines: list[BomLine]) -> Supply:
    short = [line for line in lines if line.result == "short"]
    return Supply(
        len(lines),
        sum(line.needed for line in lines),
        sum(line.supplied for line in lines),
        len(short),
        sum(line.quantity for line in short),
        tuple(f"{line.site} {line.item} × {line.quantity}" for line in short),
    )


def _counts(report: Report) -> Counts:
    def standing(severity: Severity) -> int:
        return sum(
            f.severity is severity and f.status is Status.FAILED and f.waived is None for f in report.findings
        )

    def open_questions(finding: Finding) -> bool:
        return finding.status is Status.NOT_EVALUATED and finding.waived is None

    verdicts = Counter(outcome.verdict for outcome in report.outcomes)
    return Counts(
        standing(Severity.ERROR),
        standing(Severity.WARNING),
        standing(Severity.INFO),
        sum(f.waived is not None for f in report.findings),
        sum(open_questions(f) for f in report.findings),
        verdicts["passed"],
        verdicts["failed"],
        verdicts["not evaluated"],
    )


# ---------------------------------------------------------------- lines for people

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


def _figures(s: Summary) -> Iterable[Figure]:
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
    yield _load_figure(
        "feed", Text("Tightest feed, other side dead", "最紧馈线（另一路断电）"), s.tightest_feed
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
    c = s.counts
    yield Figure(
        "findings", Text("Findings", "问题"),
        Text(f"{c.errors} errors, {c.warnings} warnings, {c.infos} notes", f"错误 {c.errors}，警告 {c.warnings}，提示 {c.infos}"),
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


def _ports_figure(of_type: tuple[PortFamily, ...]) -> Figure:
    """Ports of all switches of one type, by speed; the note tells where the fewest are left."""
    shares = " · ".join(f"{speed_name(f)} {f.used}/{f.usable}" for f in of_type)
    tight = min(of_type, key=lambda f: (f.tightest_usable - f.tightest_used) / f.tightest_usable)
    left = tight.tightest_usable - tight.tightest_used
    full = Text("", "") if left else Text(", none left", "，无空闲")
    count = f"{tight.tightest_used}/{tight.tightest_usable}"
    return Figure(
        f"ports.{tight.device_type}",
        Text(f"Ports {tight.device_type}", f"端口 {tight.device_type}"),
        Text(shares, shares),
        Text(
            f"tightest {tight.tightest} {speed_name(tight)} {count}{full.en}",
            f"最紧 {tight.tightest} {speed_name(tight)} {count}{full.zh}",
        ),
        "good",
    )


def speed_name(family: PortFamily) -> str:
    """`10G`, or `console` for serial ports."""
    return f"{family.speed_gbps:g}G" if family.speed_gbps else "console"


def _site_load(site: SiteRacks) -> Figure:
    label = Text(f"IT load at {site.site}, budget / peak", f"{site.site} IT 负荷 分配 / 峰值")
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
