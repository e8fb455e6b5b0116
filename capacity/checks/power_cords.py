"""Power cords lead where they should: two sides, the right outlet, once each (PWR006-PWR009, PWR012)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from capacity.checks.power_state import (
    PLUG,
    CordFault,
    cord_faults,
    one_sided,
    power_state,
)
from capacity.cords import pdu_name, pdu_type, sts_of
from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Position, Related, Severity, Text, names_text
from inventory.inventory import Device
from inventory.plan_model import Cord


def _standing(ctx: Context) -> list[str]:
    """Names of the devices that stand in a rack, in name order."""
    return sorted(power_state(ctx).rack_of)


# ---------------------------------------------------------------- every inlet has one cord


@dataclass(frozen=True, slots=True)
class _Gap:
    """Inlets of one device without a cord, and cords that belong to no inlet of it or come second. An inlet whose
    cord was given to another device or inlet is not reported again."""

    missing: tuple[str, ...]
    surplus: tuple[Cord, ...]


def _gaps(ctx: Context) -> dict[str, _Gap]:
    """Devices whose cords do not match their inlets one to one."""
    return cast(dict[str, _Gap], ctx.memo("cord-gaps", lambda: _find_gaps(ctx)))


def _own_label(cord: Cord) -> bool:
    """True when the label still names the inlet the cord is at; if not, the line was changed by hand."""
    return cord.label.startswith(f"{cord.device}/{cord.inlet} ")


def _find_gaps(ctx: Context) -> dict[str, _Gap]:
    state = power_state(ctx)
    out: dict[str, _Gap] = {}
    cords_as_written = (c for cords in state.cords_of.values() for c in cords)
    astray = {c.label.partition(" ")[0] for c in cords_as_written if not _own_label(c)}
    for name in _standing(ctx):
        device = ctx.inventory.devices[name]
        by_inlet: dict[str, list[Cord]] = {}
        for cord in state.cords_of.get(name, ()):
            by_inlet.setdefault(cord.inlet, []).append(cord)
        inlets = [p.name for p in device.type.power_ports]
        surplus: list[Cord] = []
        for inlet, cords in by_inlet.items():
            cords.sort(key=lambda c: (not _own_label(c), c.id))
            surplus += cords if inlet not in inlets else cords[1:]
        missing = tuple(i for i in inlets if i not in by_inlet)
        if missing or surplus:
            out[name] = _Gap(missing, tuple(surplus))
    return {
        name: gap
        for name, gap in out.items()
        if gap.surplus or not all(f"{name}/{inlet}" in astray for inlet in gap.missing)
    }


def _alike(ctx: Context) -> dict[tuple[str, tuple[str, ...]], list[str]]:
    """Devices with gaps, by device type and missing inlets."""

    def make() -> dict[tuple[str, tuple[str, ...]], list[str]]:
        out: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for name, gap in _gaps(ctx).items():
            out.setdefault((ctx.inventory.devices[name].type.slug, gap.missing), []).append(name)
        return out

    return cast(dict[tuple[str, tuple[str, ...]], list[str]], ctx.memo("cord-gaps-alike", make))


@check(
    "PWR006", severity=Severity.ERROR, title=Text("Inlet without exactly one cord", "电源输入口未恰好接一根电源线"),
    clause="engineering estimate", over=_standing,
)  # fmt: skip
def every_inlet_corded(name: str, ctx: Context) -> Iterator[Finding]:
    """Every power inlet of a placed device has one cord, and every cord an inlet that exists.

    Why it matters: a supply without a cord leaves the device on one feed, and nobody notices until that feed fails.
    How to fix: run `rackwright plan` again; if no outlet is left, choose a strip with more outlets of that kind.
    Source: engineering estimate.
    Failing: a server with PSU1 and PSU2, and a cord for PSU1 only
    Passing: one cord for PSU1 on side a, one for PSU2 on side b
    """
    device = ctx.inventory.devices[name]
    rack = ctx.inventory.racks[power_state(ctx).rack_of[name]]
    gap = _gaps(ctx).get(name)
    strips = [pdu_type(ctx.inventory, rack, side) for side in ("a", "b")]
    if None in strips and sts_of(device) is None:
        if name == _first_without_strip(ctx, rack.rack_type.slug):
            yield lacking(
                "PWR006", rack.rack_type.slug,
                Text("the rack type names no power strips: no cord can be planned", "机柜型号未写明 PDU，无法规划电源线"),
                ctx.where(rack.rack_type, "rackwright", "pdus"),
                Text("the operator states make and outlets of the strips (rackwright.pdus)", "由机房方给出 PDU 型号与插座（rackwright.pdus）"),
            )  # fmt: skip
        return
    if gap is None:
        return
    alike = [
        n
        for n in _gaps(ctx)
        if ctx.inventory.devices[n].type is device.type and _gaps(ctx)[n].missing == gap.missing
    ]
    if len(alike) > 3 and gap.missing:
        if name == alike[0]:
            yield _type_gap(ctx, device, gap, alike)
        return
    parts, zh_parts = [], []
    if gap.missing:
        parts.append(f"no cord at {', '.join(gap.missing)}")
        zh_parts.append(f"{'、'.join(gap.missing)} 未接电源线")
    if gap.surplus:
        texts = [f"{c.id} at {c.inlet}" for c in gap.surplus]
        parts.append(f"cord {', '.join(texts)} is one too many")
        zh_parts.append(f"电源线 {', '.join(texts)} 多余")
    source = ctx.where(gap.surplus[0], "inlet") if gap.surplus else ctx.where(ctx.placed[name], "name")
    yield finding(
        "PWR006", name, Text("; ".join(parts), "；".join(zh_parts)), source,
        fix=Text("run `rackwright plan`, or give each inlet one cord", "重新运行 `rackwright plan`，或使每个输入口恰好一根电源线"),
        arithmetic=f"inlets of {device.type.slug}: {', '.join(p.name for p in device.type.power_ports) or 'none'}",
        related=[Related(ctx.where(c, "inlet"), f"{c.id}: {c.label}") for c in power_state(ctx).cords_of.get(name, ())],
    )  # fmt: skip


def _type_gap(ctx: Context, device: Device, gap: _Gap, alike: list[str]) -> Finding:
    """One finding for a whole device type whose inlets are not what the cords were planned for."""
    return finding(
        "PWR006", device.type.slug,
        Text(f"no cord at {', '.join(gap.missing)} of {len(alike)} devices: {names_text(alike)}",
             f"{len(alike)} 台设备的 {'、'.join(gap.missing)} 未接电源线：{names_text(alike)}"),
        ctx.where(device.type, "power-ports"),
        fix=Text("run `rackwright plan`; if outlets run out, choose a strip with more of that kind",
                 "重新运行 `rackwright plan`；若插座不足，选用同类插座更多的 PDU"),
    )  # fmt: skip


def _first_without_strip(ctx: Context, rack_type: str) -> str | None:
    """The first device that stands in a rack type without strips."""
    state = power_state(ctx)

    def make() -> dict[str, str]:
        out: dict[str, str] = {}
        for name in _standing(ctx):
            rack = ctx.inventory.racks[state.rack_of[name]]
            if sts_of(ctx.inventory.devices[name]) is None:
                out.setdefault(rack.rack_type.slug, name)
        return out

    return cast(dict[str, str], ctx.memo("first-in-rack-type", make)).get(rack_type)


# ---------------------------------------------------------------- sides, outlets


@check(
    "PWR007", severity=Severity.ERROR, title=Text("Both supplies on one side", "双电源接在同一路"),
    clause="engineering estimate: first supply on side a, second on side b", over=_standing,
)  # fmt: skip
def supplies_on_two_sides(name: str, ctx: Context) -> Iterator[Finding]:
    """The supplies of a device hang on both sides.

    Why it matters: with both on one side, the loss of that feed switches off a device that was bought redundant.
    How to fix: move the cord shown to an outlet of the other side.
    Source: engineering estimate; two feeds per rack from the lease.
    Failing: PSU1 on `A01-A01/pdu-a`, PSU2 on `A01-A01/pdu-a`
    Passing: PSU1 on `A01-A01/pdu-a`, PSU2 on `A01-A01/pdu-b`
    """
    cord = one_sided(ctx).get(name)
    if cord is None:
        return
    other = "b" if cord.side == "a" else "a"
    yield finding(
        "PWR007", name,
        Text(f"all inlets are on side {cord.side}: the device goes down with that feed",
             f"所有电源均接在 {cord.side.upper()} 路，该路失电即停机"),
        ctx.where(cord, "side"),
        fix=Text(f"move {cord.id} ({cord.inlet}) to {pdu_name(cord.rack, other)}", f"将 {cord.id}（{cord.inlet}）改接 {pdu_name(cord.rack, other)}"),
        related=[
            Related(ctx.where(c, "side"), f"{c.id}: {c.inlet} on side {c.side}")
            for c in power_state(ctx).cords_of[name]
            if c is not cord
        ],
    )  # fmt: skip


@check(
    "PWR008", severity=Severity.ERROR, title=Text("Cord leads to the wrong place", "电源线去向错误"),
    clause="IEC 60320 (connector), device type of the strip (outlets, banks)", over=_standing, unless=("PWR006", "PWR007"),
)  # fmt: skip
def cord_fits(name: str, ctx: Context) -> Iterator[Finding]:
    """Rack, side, strip, bank and outlet of a cord belong together, the outlet takes its plug, the label says so.

    Why it matters: the installer follows the label; an outlet that does not exist or does not fit stops the work, a
    wrong bank hides an overload.
    How to fix: correct the value shown, or run `rackwright plan` again.
    Source: IEC 60320: C14 inlet to C13 outlet (10 A), C20 inlet to C19 outlet (16 A).
    Failing: `{..., side: a, pdu: A01-A01/pdu-b, bank: B1, outlet: B2-C13-01}`
    Passing: `{..., side: b, pdu: A01-A01/pdu-b, bank: B2, outlet: B2-C13-01}`
    """
    device_type = ctx.inventory.devices[name].type
    for fault in cord_faults(ctx).get(name, ()):
        cord = fault.cord
        alike = _plug_faults(ctx).get((device_type.slug, cord.inlet), []) if fault.field == PLUG else []
        if len(alike) > 3:
            if name == alike[0]:
                yield _type_plug(ctx, name, fault, alike)
            continue
        field = "outlet" if fault.field == PLUG else fault.field
        yield finding(
            "PWR008", name,
            Text(f"cord {cord.id} of {cord.inlet}: {field} is {fault.found}, expected {fault.expected}",
                 f"电源线 {cord.id}（{cord.inlet}）：{field} 为 {fault.found}，应为 {fault.expected}"),
            ctx.where(cord, field),
            fix=Text(f"write {field}: {fault.expected}, or run `rackwright plan`", f"改为 {fault.expected}，或重新运行 `rackwright plan`"),
            related=[Related(ctx.where(ctx.placed[name], "rack"), f"{name} stands in {ctx.placed[name].rack}")],
        )  # fmt: skip
    for cord in power_state(ctx).cords_of.get(name, ()) if name not in cord_faults(ctx) else ():
        expected = f"{name}/{cord.inlet} > {cord.pdu}/{cord.outlet}"
        if cord.label and cord.label != expected and _cords_at(ctx)[cord.pdu, cord.outlet] == 1:
            yield finding(
                "PWR008", name,
                Text(f"cord {cord.id} of {cord.inlet}: label is {cord.label}, expected {expected}",
                     f"电源线 {cord.id}（{cord.inlet}）：标签为 {cord.label}，应为 {expected}"),
                ctx.where(cord, "label"), fix=Text(f"write {expected}", f"改为 {expected}"),
            )  # fmt: skip


def _cords_at(ctx: Context) -> Counter[tuple[str, str]]:
    """How many cords each outlet has; of two at one outlet, PWR009 tells which is wrong."""

    def make() -> Counter[tuple[str, str]]:
        return Counter((c.pdu, c.outlet) for cords in power_state(ctx).cords_of.values() for c in cords)

    return cast(Counter[tuple[str, str]], ctx.memo("cords-at-outlets", make))


def _plug_faults(ctx: Context) -> dict[tuple[str, str], list[str]]:
    """Devices whose inlet does not take the plug of its outlet, by device type and inlet."""

    def make() -> dict[tuple[str, str], list[str]]:
        out: dict[tuple[str, str], list[str]] = {}
        for name in _standing(ctx):
            for fault in cord_faults(ctx).get(name, ()):
                if fault.field == PLUG:
                    slug = ctx.inventory.devices[name].type.slug
                    out.setdefault((slug, fault.cord.inlet), []).append(name)
        return out

    return cast(dict[tuple[str, str], list[str]], ctx.memo("plug-faults", make))


def _type_plug(ctx: Context, name: str, fault: CordFault, alike: list[str]) -> Finding:
    """One finding for a device type whose inlet is not the one the cords were planned for."""
    device_type = ctx.inventory.devices[name].type
    index = next(i for i, p in enumerate(device_type.power_ports) if p.name == fault.cord.inlet)
    return finding(
        "PWR008", device_type.slug,
        Text(f"{fault.cord.inlet} of {len(alike)} devices needs {fault.expected}, their cords are at {fault.found} and the like",
             f"{len(alike)} 台设备的 {fault.cord.inlet} 需 {fault.expected}，现接 {fault.found} 等"),
        ctx.where(device_type, "power-ports", index, "type"),
        fix=Text("correct the inlet type, or run `rackwright plan`", "更正输入口类型，或重新运行 `rackwright plan`"),
        related=[Related(ctx.where(fault.cord, "outlet"), f"{name}: {fault.cord.outlet}")],
    )  # fmt: skip


def _outlets(ctx: Context) -> list[tuple[Cord, ...]]:
    """Cords by outlet, one group per outlet that is in use."""
    groups: dict[tuple[str, str], list[Cord]] = {}
    for name in _standing(ctx):
        for cord in power_state(ctx).cords_of.get(name, ()):
            groups.setdefault((cord.pdu, cord.outlet), []).append(cord)
    return [tuple(sorted(g, key=lambda c: c.id)) for _, g in sorted(groups.items())]


@check(
    "PWR009", severity=Severity.ERROR, title=Text("Outlet used twice", "插座重复使用"),
    clause="engineering estimate", over=_outlets,
)  # fmt: skip
def outlet_used_once(cords: tuple[Cord, ...], ctx: Context) -> Iterator[Finding]:
    """No outlet of a strip or transfer switch has two cords.

    Why it matters: the second cord ends up in whatever outlet is near, and the bank sums are no longer true.
    How to fix: move one of the two to a free outlet of the same bank.
    Source: engineering estimate.
    Failing: two cords with `pdu: A01-A01/pdu-a, outlet: B1-C13-01`
    Passing: `outlet: B1-C13-01` and `outlet: B1-C13-02`
    """
    faulty = {f.cord.id for c in cords for f in cord_faults(ctx).get(c.device, ())}
    sound = [c for c in cords if c.id not in faulty]
    if len({(c.device, c.inlet) for c in sound}) < 2:
        return
    place = f"{cords[0].pdu}/{cords[0].outlet}"
    wrong = next((c for c in sound if not c.label.endswith(place)), sound[-1])
    others = [c for c in sound if c is not wrong]
    yield finding(
        "PWR009", place,
        Text(f"{wrong.device}/{wrong.inlet} and {others[0].device}/{others[0].inlet} share one outlet",
             f"{wrong.device}/{wrong.inlet} 与 {others[0].device}/{others[0].inlet} 使用同一插座"),
        ctx.where(wrong, "outlet"),
        fix=Text(f"move {wrong.id} to a free outlet of {wrong.pdu}", f"将 {wrong.id} 改接 {wrong.pdu} 的空闲插座"),
        related=[Related(ctx.where(c, "outlet"), f"{c.id}: {c.label}") for c in others],
    )  # fmt: skip


# ---------------------------------------------------------------- phase on the label


def rack_phase_doubtful(ctx: Context, rack: str) -> bool:
    """True when all cords of a rack say another phase than the rack."""
    wrong = phase_conflicts(ctx).get(rack, ())
    names = power_state(ctx).in_rack.get(rack, ())
    return bool(wrong) and len(wrong) == sum(len(power_state(ctx).cords_of.get(n, ())) for n in names)


def phase_conflicts(ctx: Context) -> dict[str, tuple[Cord, ...]]:
    """Racks with cords planned for another phase than the rack has, by rack name."""
    return cast(dict[str, tuple[Cord, ...]], ctx.memo("phase-conflicts", lambda: _phase_conflicts(ctx)))


def _phase_conflicts(ctx: Context) -> dict[str, tuple[Cord, ...]]:
    state = power_state(ctx)
    out: dict[str, tuple[Cord, ...]] = {}
    for rack_name, names in state.in_rack.items():
        rack = ctx.inventory.racks[rack_name]
        wrong = []
        for cord in (c for n in names for c in state.cords_of.get(n, ()) if c.rack == rack_name):
            pdu = pdu_type(ctx.inventory, rack, cord.side)
            legs = any(o.feed_leg for o in pdu.power_outlets) if pdu else False
            if not legs and rack.phase is not None and cord.phase != rack.phase:
                wrong.append(cord)
        if wrong:
            out[rack_name] = tuple(sorted(wrong, key=lambda c: c.id))
    return out


@check(
    "PWR012", severity=Severity.ERROR, title=Text("Cord and rack on different phases", "电源线与机柜相位不一致"),
    clause="engineering estimate: both feeds of a rack on one phase", over=lambda ctx: list(power_state(ctx).in_rack),
)  # fmt: skip
def cord_on_phase_of_rack(name: str, ctx: Context) -> Iterator[Finding]:
    """The phase on the cords of a rack is the phase of the rack, on both sides.

    Why it matters: the phase stands on the label; balance and measurements on site follow it.
    How to fix: correct the phase of the rack, or run `rackwright plan` again.
    Source: engineering estimate.
    Failing: `{name: A01-A01, phase: L2}` and cords with `phase: L1`
    Passing: `{name: A01-A01, phase: L1}` and cords with `phase: L1`
    """
    wrong = phase_conflicts(ctx).get(name)
    if wrong is None:
        return
    rack = ctx.inventory.racks[name]
    all_cords = [c for n in power_state(ctx).in_rack[name] for c in power_state(ctx).cords_of.get(n, ())]
    whole_rack = rack_phase_doubtful(ctx, name) and len(wrong) > 1
    source: Position = ctx.where(rack.record, "phase") if whole_rack else ctx.where(wrong[0], "phase")
    ids = names_text([c.id for c in wrong])
    yield finding(
        "PWR012", name,
        Text(f"the rack is on {rack.phase}, {len(wrong)} of {len(all_cords)} cords say {wrong[0].phase}: {ids}",
             f"机柜相位为 {rack.phase}，{len(all_cords)} 根电源线中 {len(wrong)} 根标为 {wrong[0].phase}：{ids}"),
        source,
        fix=Text(f"run `rackwright plan`, or set the phase of {name} back to {wrong[0].phase}",
                 f"重新运行 `rackwright plan`，或将 {name} 相位改回 {wrong[0].phase}"),
        related=[Related(ctx.where(wrong[0], "phase") if whole_rack else ctx.where(rack.record, "phase"), "the other value")],
    )  # fmt: skip
