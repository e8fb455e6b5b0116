"""The plan against the inventory it was made from (PLN001-PLN007): both say the same devices, and every line
of the plan is about something that exists. Plan files edited by hand are judged as they stand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from inventory.checks import Context, check, finding
from inventory.findings import Finding, Related, Severity, Text, names_text
from inventory.inventory import Device
from inventory.model import Fleet, Record
from inventory.nearest import near
from inventory.plan_model import Cord, PlacedDevice, PlanRecord

RULE = "a plan describes the inventory it was made from"
FEW = 50
"""Up to so many faults of a kind a suggestion is looked for by likeness; more are no slip of the pen."""
AGAIN = Text("run `rackwright plan` again", "重新运行 `rackwright plan`")


@dataclass(frozen=True)
class Owned:
    """A fleet, pair or out-of-band switch, with its devices in inventory and plan."""

    name: str
    record: Record
    listed: tuple[Device, ...]


@dataclass(frozen=True)
class Mention:
    """A device name and the power cords that use it."""

    name: str
    cords: tuple[Cord, ...]


def _owned(ctx: Context) -> list[Owned]:
    out: dict[str, list[Device]] = {}
    for device in ctx.inventory.devices.values():
        out.setdefault(device.owner, []).append(device)
    return [Owned(name, devices[0].record, tuple(devices)) for name, devices in out.items()]


def _planned(ctx: Context) -> tuple[PlacedDevice, ...]:
    return ctx.plan.devices if ctx.plan else ()


def _renamed(ctx: Context) -> dict[str, str]:
    """Planned name the inventory does not list -> the missing device it most likely is (same owner and type)."""
    missing: dict[tuple[str, str], list[str]] = {}
    for name, device in ctx.inventory.devices.items():
        if name not in ctx.placed:
            missing.setdefault((device.owner, device.type.slug), []).append(name)
    strays: dict[tuple[str, str], list[str]] = {}
    for name, planned in ctx.placed.items():
        if name not in ctx.inventory.devices:
            strays.setdefault((planned.owner, planned.device_type), []).append(name)
    out: dict[str, str] = {}
    for key, names in strays.items():
        candidates = missing.get(key, [])
        if len(names) > FEW:
            out.update(zip(names, candidates, strict=False))
            continue
        for name in names:
            if candidates:
                guess = near(name, candidates, cutoff=0.5) or candidates[0]
                candidates.remove(guess)
                out[name] = guess
    return out


def _renames(ctx: Context) -> dict[str, str]:
    result: dict[str, str] = ctx.memo("renamed devices", lambda: _renamed(ctx))
    return result


def _several(names: list[str]) -> str:
    """The names in front of a message that is about more than its subject."""
    return f"{names_text(names, 4)}: " if len(names) > 1 else ""


@check(
    "PLN001", severity=Severity.ERROR, title=Text("Device missing from the plan", "计划缺少设备"), clause=RULE,
    over=_owned,
)  # fmt: skip
def devices_are_planned(owned: Owned, ctx: Context) -> Iterator[Finding]:
    """Every device the inventory lists is in the plan, placed or not.

    Why it matters: the plan is of another day; nobody reserves rack, ports, power and addresses for the device.
    How to fix: run `rackwright plan`; what stands already keeps its place.
    Source: the fleets, pairs and out-of-band switches of the inventory.
    Failing: `fleets: [{name: rds, count: 31}]` and `rds-001` to `rds-030` in plan/devices.yml
    Passing: `fleets: [{name: rds, count: 30}]` and `rds-001` to `rds-030` in plan/devices.yml
    """
    taken = set(_renames(ctx).values())
    missing = [d.name for d in owned.listed if d.name not in ctx.placed and d.name not in taken]
    if not missing:
        return
    total, have = len(owned.listed), len(owned.listed) - len(missing)
    yield finding(
        "PLN001", missing[0] if len(missing) == 1 else owned.name,
        Text(f"{_several(missing)}in the inventory, not in the plan", f"{_several(missing)}在清单中，但不在计划中"),
        ctx.where(owned.record, "count" if isinstance(owned.record, Fleet) else "name"), fix=AGAIN,
        arithmetic=f"{total} listed - {have} planned = {len(missing)}",
    )  # fmt: skip


@check(
    "PLN002", severity=Severity.ERROR, title=Text("Planned device that the inventory does not list", "计划中有清单外的设备"),
    clause=RULE, over=_planned,
)  # fmt: skip
def planned_devices_are_listed(planned: PlacedDevice, ctx: Context) -> Iterator[Finding]:
    """Every device of the plan is listed in the inventory.

    Why it matters: rack, ports and addresses are kept for a device that nobody delivers.
    How to fix: take the suggestion if the name is misspelt; else run `rackwright plan`, which drops it.
    Source: the fleets, pairs and out-of-band switches of the inventory.
    Failing: `- {name: rds-O01, owner: rds, …}` in plan/devices.yml
    Passing: `- {name: rds-001, owner: rds, …}` in plan/devices.yml
    """
    if planned.name in ctx.inventory.devices:
        return
    guess = _renames(ctx).get(planned.name)
    yield finding(
        "PLN002", planned.name,
        Text("in the plan, not in the inventory", "在计划中，但不在清单中"),
        ctx.where(planned, "name"),
        fix=Text(f"did you mean {guess}?", f"是否为 {guess}？") if guess
        else Text("run `rackwright plan` again: it drops the device", "重新运行 `rackwright plan`，将移除该设备"),
    )  # fmt: skip


@check(
    "PLN003", severity=Severity.ERROR, title=Text("Plan and inventory describe a device differently", "计划与清单对设备的描述不同"),
    clause=RULE, over=_owned,
)  # fmt: skip
def descriptions_agree(owned: Owned, ctx: Context) -> Iterator[Finding]:
    """Owner, device type and site of a planned device are those of the inventory, and its pair is one it may use.

    Why it matters: height, power and ports were planned for another device than the one that arrives.
    How to fix: run `rackwright plan`; correct the line by hand only if the inventory is right.
    Source: the record that lists the device.
    Failing: `- {name: rds-001, owner: rds, device_type: server-1u, site: A}` where fleet rds has `server-2u`
    Passing: `- {name: rds-001, owner: rds, device_type: server-2u, site: A}`
    """
    record = owned.record
    attach = record.attach if isinstance(record, Fleet) else None
    different: dict[tuple[str, str, str], list[PlacedDevice]] = {}
    for device in owned.listed:
        planned = ctx.placed.get(device.name)
        if planned is None:
            continue
        for field, found, expected in (
            ("owner", planned.owner, device.owner),
            ("device_type", planned.device_type, device.type.slug),
            ("site", planned.site, device.site),
        ):
            if found != expected and not (field == "site" and expected is None):  # CAP032 says so
                different.setdefault((field, found or "null", expected or "null"), []).append(planned)
        pair, allowed = planned.pair, attach.pairs if attach else ()
        if isinstance(record, Fleet) and pair and pair not in allowed and _cabled_as_planned(planned, ctx):
            different.setdefault(("pair", pair, " or ".join(allowed) or "null"), []).append(planned)
    for (field, found, expected), devices in different.items():
        names = [d.name for d in devices]
        source = {"owner": "name", "pair": "attach"}.get(field, field)
        yield finding(
            "PLN003", names[0] if len(names) == 1 else owned.name,
            Text(f"{_several(names)}{field} is {found} in the plan, {expected} in the inventory",
                 f"{_several(names)}{field} 在计划中为 {found}，在清单中为 {expected}"),
            ctx.where(devices[0], field), fix=AGAIN,
            related=[Related(ctx.where(record, source), f"{owned.name}: {expected}")],
        )  # fmt: skip


def _cabled_as_planned(planned: PlacedDevice, ctx: Context) -> bool:
    """False when the access cables of a device lead elsewhere than its pair: the port checks say which is wrong."""
    pair = planned.pair or ""
    members = {f"{pair}A", f"{pair}B", *(s.name for s in ctx.inventory.existing_pairs.get(pair, ()))}
    ends = {
        end.device
        for cable in ctx.cables_of.get(planned.name, ())
        if cable.kind == "access"
        for end in (cable.a, cable.b)
    }
    return not ends or bool(ends & members)


@check(
    "PLN004", severity=Severity.ERROR, title=Text("Device without a place", "设备未上架"), clause=RULE, over=_owned,
)  # fmt: skip
def devices_are_placed(owned: Owned, ctx: Context) -> Iterator[Finding]:
    """Every planned device whose site is known has a rack and a position.

    Why it matters: a device without a place has no power, no cables and no height in any drawing.
    How to fix: free what the proof of the site names as the limit (racks, power, spread rules), then plan again.
    A site proved to be too small is PLN008 and is not repeated here for each device.
    Source: the plan itself.
    Failing: `- {name: rds-001, owner: rds, device_type: server-2u, site: A}`
    Passing: `- {name: rds-001, owner: rds, device_type: server-2u, site: A, rack: A01-A01, position: 5}`
    """
    full = {p.site for p in (ctx.plan.proofs if ctx.plan else ()) if p.status == "infeasible"}
    loose: list[PlacedDevice] = []
    for device in owned.listed:
        planned = ctx.placed.get(device.name)
        if planned is None or device.site is None or device.site in full or not device.type.u_height:
            continue
        if planned.rack is None or planned.position is None:
            loose.append(planned)
    if not loose:
        return
    names = [d.name for d in loose]
    missing = "rack" if any(d.rack is None for d in loose) else "position"
    zh_missing = {"rack": "机柜", "position": "U 位"}[missing]
    yield finding(
        "PLN004", names[0] if len(names) == 1 else owned.name,
        Text(f"{_several(names)}no {missing}", f"{_several(names)}无{zh_missing}"),
        ctx.where(loose[0], missing),
        fix=Text("free racks, power or spread limits at the site, then run `rackwright plan` again",
                 "在该站点腾出机柜、功率或放宽分布限制后，重新运行 `rackwright plan`"),
        arithmetic=f"{len(owned.listed)} listed - {len(owned.listed) - len(names)} placed = {len(names)}",
    )  # fmt: skip


def _by_key(ctx: Context) -> list[tuple[str, list[PlanRecord]]]:
    """Lines of the plan by what must be unique in them: device name, cable id, cord id."""
    out: dict[str, list[PlanRecord]] = {}
    if ctx.plan:
        for device in ctx.plan.devices:
            out.setdefault(device.name, []).append(device)
        for cable in ctx.plan.cables:
            out.setdefault(cable.id, []).append(cable)
        for cord in ctx.plan.cords:
            out.setdefault(cord.id, []).append(cord)
    return list(out.items())


@check(
    "PLN005", severity=Severity.ERROR, title=Text("Line stands twice in the plan", "计划中有重复记录"), clause=RULE,
    over=_by_key,
)  # fmt: skip
def lines_are_unique(entry: tuple[str, list[PlanRecord]], ctx: Context) -> Iterator[Finding]:
    """A device name, cable id or cord id stands once in the plan.

    Why it matters: one label on two cables, or one server in two racks; whoever reads first is wrong half the time.
    How to fix: remove the line that does not match the room, or run `rackwright plan`.
    Source: the plan itself.
    Failing: two lines `- {name: rds-001, …}` in plan/devices.yml
    Passing: one line `- {name: rds-001, …}`
    """
    name, records = entry
    if len(records) < 2:
        return
    key = "name" if isinstance(records[0], PlacedDevice) else "id"
    first = ctx.where(records[0], key)
    yield finding(
        "PLN005", name,
        Text(f"{name} stands {len(records)} times in the plan, first at {first}", f"{name} 在计划中出现 {len(records)} 次，首次在 {first}"),
        ctx.where(records[1], key),
        fix=Text("remove the line that does not match the room", "删除与现场不符的一行"),
        related=[Related(first, f"{name}, first line")],
    )  # fmt: skip


def _by_unknown_rack(ctx: Context) -> dict[str, list[PlacedDevice]]:
    """Planned devices in racks that the inventory does not have, by rack."""

    def make() -> dict[str, list[PlacedDevice]]:
        out: dict[str, list[PlacedDevice]] = {}
        for planned in _planned(ctx):
            if planned.rack is not None and planned.rack not in ctx.inventory.racks:
                out.setdefault(planned.rack, []).append(planned)
        return out

    found: dict[str, list[PlacedDevice]] = ctx.memo("devices in unknown racks", make)
    return found


@check(
    "PLN006", severity=Severity.ERROR, title=Text("Place that does not exist", "位置不存在"), clause=RULE, over=_planned,
)  # fmt: skip
def places_exist(planned: PlacedDevice, ctx: Context) -> Iterator[Finding]:
    """The rack of a planned device exists, stands at the device's site, and is high enough for its position.

    Why it matters: drawings, cables and power of the device are made for a place where nothing can stand.
    How to fix: take the suggestion, or run `rackwright plan`.
    Source: the rows of the inventory; positions count from U1 at the bottom.
    Failing: `- {name: rds-001, …, rack: A01-A1O, position: 5}`
    Passing: `- {name: rds-001, …, rack: A01-A10, position: 5}`
    """
    if planned.rack is None:
        return
    rack = ctx.inventory.racks.get(planned.rack)
    if rack is None:
        text = planned.rack
        guess = ctx.memo(f"rack like {text}", lambda: near(text, ctx.inventory.racks))
        here = _by_unknown_rack(ctx)[text]
        if here[0] is not planned:
            return
        yield finding(
            "PLN006", planned.name if len(here) == 1 else text,
            Text(f"{_several([d.name for d in here])}rack {text} does not exist", f"{_several([d.name for d in here])}机柜 {text} 不存在"),
            ctx.where(planned, "rack"),
            fix=Text(f"did you mean {guess}?", f"是否为 {guess}？") if guess else AGAIN,
        )  # fmt: skip
        return
    device = ctx.inventory.devices.get(planned.name)
    site = device.site if device else planned.site
    if site is not None and rack.site != site:
        yield finding(
            "PLN006", planned.name,
            Text(f"rack {planned.rack} stands at site {rack.site}, the device belongs to {site}",
                 f"机柜 {planned.rack} 位于 {rack.site}，设备属于 {site}"),
            ctx.where(planned, "rack"), fix=Text(f"choose a rack at {site}", f"选择 {site} 的机柜"),
            related=[Related(ctx.where(rack.record, "name"), f"{rack.name}: site {rack.site}")],
        )  # fmt: skip
    height = device.type.u_height if device else 0
    if planned.position is None or not height:
        return
    low, high = rack.rack_type.starting_unit, rack.rack_type.starting_unit + rack.rack_type.u_height - 1
    top = planned.position + math.ceil(height) - 1
    if planned.position < low or top > high:
        yield finding(
            "PLN006", planned.name,
            Text(f"position U{planned.position} to U{top} is outside rack {planned.rack} (U{low} to U{high})",
                 f"位置 U{planned.position} 至 U{top} 超出机柜 {planned.rack}（U{low} 至 U{high}）"),
            ctx.where(planned, "position"),
            fix=Text(f"choose a position from U{low} to U{high - (top - planned.position)}",
                     f"选择 U{low} 至 U{high - (top - planned.position)} 的位置"),
            arithmetic=f"U{planned.position} + {top - planned.position + 1}U - 1 = U{top}; highest U{high}",
        )  # fmt: skip


def _mentions(ctx: Context) -> list[Mention]:
    """Every device name that the power cords of the plan use."""
    out: dict[str, list[Cord]] = {}
    for cord in ctx.plan.cords if ctx.plan else ():
        out.setdefault(cord.device, []).append(cord)
    return [Mention(name, tuple(cords)) for name, cords in out.items()]


@check(
    "PLN007", severity=Severity.ERROR, title=Text("Power cord of an unknown device", "电源线指向未知设备"), clause=RULE,
    over=_mentions,
)  # fmt: skip
def corded_devices_exist(mention: Mention, ctx: Context) -> Iterator[Finding]:
    """Every device that a power cord names is in the plan, in the inventory, or a transfer switch.

    Why it matters: an outlet is kept for nothing, while the device that was meant goes without.
    How to fix: take the suggestion, or run `rackwright plan`. Ends of data cables are checked with the ports,
    addresses with the address plan.
    Source: the devices of inventory and plan, and the transfer switches of the racks.
    Failing: `- {id: A-P-000001, device: rds-O01, inlet: PSU1, …}` in plan/cords.yml
    Passing: `- {id: A-P-000001, device: rds-001, inlet: PSU1, …}`
    """
    inventory = ctx.inventory
    known: set[str] = ctx.memo(
        "names cords may use", lambda: {*inventory.devices, *inventory.sts, *ctx.placed}
    )
    if mention.name in known:
        return
    unknown: int = ctx.memo("unknown mentions", lambda: sum(m.name not in known for m in _mentions(ctx)))
    guess = near(mention.name, known) if unknown <= FEW else None
    first, *others = mention.cords
    more = f", and {len(others)} more" if others else ""
    yield finding(
        "PLN007", mention.name,
        Text(f"cord {first.id}{more}: nothing lists {mention.name}", f"电源线 {first.id}{f' 等 {len(others) + 1} 条' if others else ''} 引用了不存在的设备 {mention.name}"),
        ctx.where(first, "device"), fix=Text(f"did you mean {guess}?", f"是否为 {guess}？") if guess else AGAIN,
        related=[Related(ctx.where(cord, "device"), f"cord {cord.id}") for cord in others[:3]],
    )  # fmt: skip
