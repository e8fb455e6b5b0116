"""What the rack and power checks read in common, worked out once per run: where each device draws its power,
what every element carries, and which faults of the data would only echo in other checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from capacity.cords import STS_BANK, bank_name, outlet_type, pdu_name, pdu_type, sts_of
from capacity.draws import draws
from capacity.load_lines import Kind, lines_of, powered
from capacity.power import DevicePower
from inventory.checks import Context
from inventory.findings import Related
from inventory.inventory import Device
from inventory.plan_model import Cord, LoadLine, PlacedDevice


@dataclass(frozen=True)
class PowerState:
    """The plan as the power checks see it.

    `rack_of` is the rack a device draws its power in: where it stands, or where all its cords lead when
    that is another rack (`moved`: such devices, with the rack their cords lead to). `in_rack` and `cords_of` are in
    name and id order. `lines` are load lines by kind and element, recomputed from devices and cords; a cord that
    names another rack by itself counts in the rack of its device.
    """

    power: Mapping[str, DevicePower | None]
    rack_of: Mapping[str, str]
    moved: Mapping[str, str]
    in_rack: Mapping[str, tuple[str, ...]]
    cords_of: Mapping[str, tuple[Cord, ...]]
    lines: Mapping[tuple[Kind, str], LoadLine]

    def largest(self, rack: str, count: int = 3) -> list[str]:
        """Names of the devices of a rack that draw most at peak."""

        def peak_w(name: str) -> float:
            power = self.power[name]
            return 0.0 if power is None else power.peak_w

        return sorted(self.in_rack.get(rack, ()), key=lambda n: (-peak_w(n), n))[:count]


def power_state(ctx: Context) -> PowerState:
    """The shared state of this run."""
    return cast(PowerState, ctx.memo("power-state", lambda: _build(ctx)))


def _build(ctx: Context) -> PowerState:
    inventory = ctx.inventory
    unique = {(c.id, c.device, c.inlet): c for c in (ctx.plan.cords if ctx.plan else ())}
    cords_of: dict[str, list[Cord]] = {}
    for cord in unique.values():
        cords_of.setdefault(cord.device, []).append(cord)
    rack_of: dict[str, str] = {}
    moved: dict[str, str] = {}
    standing: list[PlacedDevice] = []
    for placed in ctx.placed.values():
        if placed.name not in inventory.devices or placed.rack not in inventory.racks:
            continue
        strips = {c.rack for c in cords_of.get(placed.name, ()) if c.pdu not in inventory.sts}
        racks = {c.rack for c in cords_of.get(placed.name, ()) if c.pdu == pdu_name(c.rack, c.side)}
        rack = str(placed.rack)
        if len(strips) == 1 and racks == strips and rack not in strips and strips <= set(inventory.racks):
            rack = moved[placed.name] = next(iter(strips))
        rack_of[placed.name] = rack
        standing.append(placed if rack == placed.rack else placed.model_copy(update={"rack": rack}))
    in_rack: dict[str, list[str]] = {}
    for name in sorted(rack_of):
        in_rack.setdefault(rack_of[name], []).append(name)
    at_home = [
        c if c.pdu in inventory.sts or c.rack == rack_of.get(c.device, c.rack)
        else c.model_copy(update={"rack": rack_of[c.device]})
        for c in unique.values()
    ]  # fmt: skip
    devices = powered(inventory, standing, at_home)
    lines = lines_of(inventory, devices)
    return PowerState(
        draws(inventory),
        rack_of,
        moved,
        {rack: tuple(names) for rack, names in sorted(in_rack.items())},
        {name: tuple(sorted(c, key=lambda cord: cord.id)) for name, c in cords_of.items()},
        {(line.kind, line.element): line for line in lines},
    )


def occupied_racks(ctx: Context) -> list[str]:
    """Racks that at least one device stands in, by name."""
    return list(power_state(ctx).in_rack)


def contributors(ctx: Context, names: Iterable[str]) -> list[Related]:
    """The plan lines of devices, with what each draws."""
    state = power_state(ctx)
    out = []
    for name in names:
        power = state.power[name]
        what = (
            "draw unknown"
            if power is None
            else f"{watts(power.alloc_w)} allocated, {watts(power.peak_w)} peak"
        )
        out.append(Related(ctx.where(ctx.placed[name], "name"), f"{name}: {what}"))
    return out


def watts(value: float) -> str:
    """A draw for people: `4363 W`."""
    return f"{value:.0f} W"


def sum_text(values: Mapping[str, float]) -> str:
    """Draws added up by class, the largest first: `6 x 810 W (a-realtime) + ... = 4860 W`."""
    groups: dict[tuple[str, int], int] = {}
    for name, value in values.items():
        key = (name.rpartition("-")[0] or name, round(value))
        groups[key] = groups.get(key, 0) + 1
    ordered = sorted(groups.items(), key=lambda g: (-g[0][1] * g[1], g[0][0]))
    parts = [f"{count} x {each} W ({owner})" for (owner, each), count in ordered]
    return " + ".join(parts) + f" = {sum(values.values()):.0f} W"


def clause_states(ctx: Context, scope: str, fact: str) -> bool:
    """True when a clause of the project holds this fact against a value: the clause speaks then, not the rule."""
    return any(r.scope == scope and r.fact == fact for r in ctx.inventory.requirements.values())


def clause_breaks(ctx: Context, scope: str, fact: str, value: float) -> bool:
    """True when a clause asks for more than `value` of this fact and nobody has waived it: the clause is the
    finding then, and what follows from it is not said again."""
    waived = [w.subject for w in ctx.inventory.waivers.values() if w.code.startswith("REQ")]
    return any(
        r.scope == scope and r.fact == fact and r.op == ">=" and isinstance(r.value, int | float)
        and value < r.value and not any(subject.startswith(r.name) for subject in waived)
        for r in ctx.inventory.requirements.values()
    )  # fmt: skip


# ---------------------------------------------------------------- cords


PLUG = "plug"
"""The field of a fault between inlet and outlet, which may lie with either."""


@dataclass(frozen=True, slots=True)
class CordFault:
    """What is wrong with one cord by itself: the field at fault, and what is expected there."""

    cord: Cord
    field: str
    found: str
    expected: str


def one_sided(ctx: Context) -> Mapping[str, Cord]:
    """Devices whose inlets all hang on one side although there are several, with the cord that should move."""
    return cast(Mapping[str, Cord], ctx.memo("one-sided", lambda: _one_sided(ctx)))


def _one_sided(ctx: Context) -> dict[str, Cord]:
    out: dict[str, Cord] = {}
    for name, cords in power_state(ctx).cords_of.items():
        device = ctx.inventory.devices.get(name)
        own = [c for c in cords if c.pdu not in ctx.inventory.sts]
        if device is None or len(device.type.power_ports) < 2 or len(own) < 2:
            continue
        if len({c.side for c in own}) == 1:
            wrong = [c for c in own if c.pdu != pdu_name(c.rack, c.side)]
            order = [p.name for p in device.type.power_ports]
            own.sort(key=lambda c: (order.index(c.inlet) if c.inlet in order else len(order), c.id))
            out[name] = wrong[0] if wrong else own[0 if own[0].side == "b" else 1]
    return out


def cord_faults(ctx: Context) -> Mapping[str, tuple[CordFault, ...]]:
    """Faults of single cords by device: rack, strip, outlet, bank or connector that do not fit together."""
    return cast(Mapping[str, tuple[CordFault, ...]], ctx.memo("cord-faults", lambda: _cord_faults(ctx)))


def _cord_faults(ctx: Context) -> dict[str, tuple[CordFault, ...]]:
    out: dict[str, tuple[CordFault, ...]] = {}
    for name, cords in power_state(ctx).cords_of.items():
        device = ctx.inventory.devices.get(name)
        if device is None or name not in power_state(ctx).rack_of:
            continue
        found = [fault for cord in cords if (fault := _cord_fault(ctx, device, cord)) is not None]
        if found:
            out[name] = tuple(found)
    return out


def _cord_fault(ctx: Context, device: Device, cord: Cord) -> CordFault | None:
    inventory = ctx.inventory
    rack = power_state(ctx).rack_of[device.name]
    if cord.pdu in inventory.sts:
        named = sts_of(device)
        if named is not None and cord.pdu != named:
            return CordFault(cord, "pdu", cord.pdu, named)
        if cord.rack != inventory.sts[cord.pdu].rack:
            return CordFault(cord, "rack", cord.rack, inventory.sts[cord.pdu].rack)
        return None
    if cord.rack != rack:
        return CordFault(cord, "rack", cord.rack, rack)
    if cord.pdu != pdu_name(rack, cord.side):
        other = "b" if cord.side == "a" else "a"
        if cord.pdu == pdu_name(rack, other) and f"> {cord.pdu}/" in cord.label:
            return CordFault(cord, "side", cord.side, other)
        return CordFault(cord, "pdu", cord.pdu, pdu_name(rack, cord.side))
    pdu = pdu_type(inventory, inventory.racks[rack], cord.side)
    if pdu is None:
        return None
    outlet = next((o for o in pdu.power_outlets if o.name == cord.outlet), None)
    if outlet is None:
        return CordFault(cord, "outlet", cord.outlet, f"an outlet of {pdu.slug}")
    if cord.bank != bank_name(pdu, outlet.name):
        field = "bank" if cord.label.endswith(f"/{cord.outlet}") else "outlet"
        expected = bank_name(pdu, outlet.name) if field == "bank" else cord.label.rpartition("/")[2]
        return CordFault(cord, field, getattr(cord, field), expected)
    inlet = next((p for p in device.type.power_ports if p.name == cord.inlet), None)
    if inlet is not None and outlet.type != outlet_type(inlet.type):
        wanted = outlet_type(inlet.type)
        return CordFault(cord, PLUG, f"{cord.outlet} ({outlet.type})", f"an outlet of type {wanted}")
    return None


def badly_corded_racks(ctx: Context) -> frozenset[str]:
    """Racks with a cord that leads somewhere it cannot: their banks are not judged before that is mended."""

    def make() -> frozenset[str]:
        rack_of = power_state(ctx).rack_of
        return frozenset(rack_of[name] for name in (*one_sided(ctx), *cord_faults(ctx)) if name in rack_of)

    return cast(frozenset[str], ctx.memo("badly-corded-racks", make))


def sts_cords(ctx: Context, sts: str) -> list[Cord]:
    """Cords on a transfer switch, by id."""
    found = (c for cords in power_state(ctx).cords_of.values() for c in cords)
    return sorted((c for c in found if c.pdu == sts and c.bank == STS_BANK), key=lambda c: c.id)
