"""The power layer: from utility and generators over UPS, panel, phase, feed, strip, bank and outlet to each inlet."""

from __future__ import annotations

from typing import Any

from inventory.device_model import DeviceType, PowerOutlet
from inventory.findings import Text
from inventory.inventory import Inventory, RackPlace
from inventory.plan_model import Cord
from topology.draft import Draft, Facts, rack_facts

SIDES = ("a", "b")
PHASE_OF_LEG = {"A": "L1", "B": "L2", "C": "L3"}
_PSUS_NEEDED = {"1+1": 1, "1+0": 1, "2+0": 2}


def add_power(draft: Draft) -> None:
    """Elements, nodes and edges of the power path of every site; devices must have been entered before."""
    _plant(draft)
    for rack in sorted(draft.inventory.racks.values(), key=lambda r: r.name):
        for side in SIDES:
            _feed(draft, rack, side)
    _transfer_switches(draft)
    _cords(draft)


def pdu_type_of(inventory: Inventory, rack: RackPlace, side: str) -> DeviceType | None:
    """Device type of the power strip on one side of a rack; None when the rack type names none."""
    pdus = rack.rack_type.rackwright.pdus
    return None if pdus is None else inventory.catalog.device_types.get(getattr(pdus, side, ""))


def _node(draft: Draft, key: str, sources: tuple[str, ...] = (), **attributes: Any) -> None:
    draft.power_nodes.setdefault(key, {}).update(attributes)
    for source in sources:
        draft.power_edges[source, key] = None


def _side(draft: Draft, panel: str) -> Facts:
    """The power side a panel belongs to: that of its UPS."""
    ups = draft.inventory.ups[draft.inventory.panels[panel].ups]
    return {"power-side": (f"{ups.site}/{ups.side}",)}


def _plant(draft: Draft) -> None:
    inventory = draft.inventory
    sources: dict[str, list[str]] = {}
    for name, generator in sorted(inventory.generators.items()):
        key = draft.add("generator", name, {"site": (generator.site,)}, generator.risks)
        _node(draft, key, kind="generator", site=generator.site, rated_kw=generator.rated_kw)
        sources.setdefault(generator.site, []).append(key)
    for site in sorted({u.site for u in inventory.ups.values()} & sources.keys()):
        key = draft.add("utility", site, {"site": (site,)})
        _node(draft, key, kind="utility", site=site)
        sources[site].insert(0, key)
        draft.assume(key, Text("one utility supply for the whole site; any source feeds every UPS of the site",
                               "全站一路市电；任一电源均可为本站所有 UPS 供电"))  # fmt: skip
    for name, ups in sorted(inventory.ups.items()):
        key = draft.add(
            "ups", name, {"site": (ups.site,), "power-side": (f"{ups.site}/{ups.side}",)}, ups.risks
        )
        _node(
            draft, key, tuple(sources.get(ups.site, ())), kind="ups", site=ups.site, side=ups.side,
            rated_kva=ups.rated_kva, power_factor=ups.power_factor,
        )  # fmt: skip
        if ups.site not in sources:
            draft.assume(
                f"site/{ups.site}",
                Text(
                    "no generator is listed: each UPS is taken as a source by itself",
                    "未列发电机：每台 UPS 视为独立电源",
                ),
            )
    for name, panel in sorted(inventory.panels.items()):
        facts = {"site": (inventory.rooms[panel.room].site,), "room": (panel.room,), **_side(draft, name)}
        key = draft.add("panel", name, facts, panel.risks)
        shared = {
            "site": facts["site"][0],
            "voltage_v": panel.voltage_v,
            "phases": panel.phases,
            "breaker_a": panel.breaker_a,
        }
        _node(draft, key, (f"ups/{panel.ups}",), kind="panel", side=panel.side, **shared)
        for phase in PHASE_OF_LEG.values() if panel.phases == 3 else ():
            leg = draft.add("phase", f"{name}/{phase}", facts)
            _node(draft, leg, (key,), kind="phase", side=panel.side, phase=phase, **shared)


def _feed(draft: Draft, rack: RackPlace, side: str) -> None:
    """One supply of a rack down to the banks of its strip. A strip with several legs gets one chain for each
    leg, named by it; they are one feed and one strip to the groups of shared risk."""
    feed = rack.feeds.get(side)
    if feed is None:
        return
    panel = draft.inventory.panels[feed.panel]
    strip = pdu_type_of(draft.inventory, rack, side)
    leg_of = {o.name: PHASE_OF_LEG[o.feed_leg] for o in (strip.power_outlets if strip else ()) if o.feed_leg}
    several = len(set(leg_of.values())) > 1
    phases = sorted(set(leg_of.values())) if several else [feed.phase or next(iter(leg_of.values()), None)]
    place = {**rack_facts(draft.inventory, rack.name), **_side(draft, feed.panel)}
    shared = {
        "site": rack.site,
        "side": panel.side,
        "panel": feed.panel,
        "voltage_v": panel.voltage_v,
        "panel_phases": panel.phases,
    }
    pdu_name = f"{rack.name}/pdu-{side}"
    for phase in phases:
        ending = f"/{phase}" if several else ""
        source = f"phase/{feed.panel}/{phase}" if panel.phases == 3 and phase else f"panel/{feed.panel}"
        if panel.phases == 3 and not phase:
            draft.lack(
                f"feed/{feed.name}",
                Text(
                    "no phase is stated; it is taken as fed while its panel is",
                    "未说明相别；配电屏有电即视为有电",
                ),
            )
        key = draft.add("feed", f"{feed.name}{ending}", {**place, "feed": (feed.name,)})
        _node(draft, key, (source,), kind="feed", breaker_a=feed.breaker_a, phase=phase, **shared)
        if strip is None:
            continue
        pdu = draft.add(
            "pdu", f"{pdu_name}{ending}", {**place, "pdu": (pdu_name,), "device-type": (strip.slug,)}
        )
        _node(draft, pdu, (key,), kind="pdu", phase=phase, **shared)
        for bank in strip.rackwright.banks:
            name = f"{pdu_name}/{bank.name}"
            legs = {leg_of[o] for o in bank.outlet_names if o in leg_of}
            if not several or phase in legs:
                key = draft.add(
                    "bank", name if len(legs) < 2 else f"{name}{ending}", {**place, "bank": (name,)}
                )
                _node(draft, key, (pdu,), kind="bank", breaker_a=bank.breaker_a, phase=phase, **shared)


def _transfer_switches(draft: Draft) -> None:
    for name, sts in sorted(draft.inventory.sts.items()):
        rack = draft.inventory.racks[sts.rack]
        place = rack_facts(draft.inventory, rack.name)
        key = draft.add("sts", name, place, sts.risks)
        feeds = [f"feed/{rack.feeds[side].name}" for side in SIDES if side in rack.feeds]
        sources = [_one_leg(draft, feed) for feed in feeds]
        _node(
            draft, key, tuple(sources), kind="sts", site=rack.site, rating_a=sts.rating_a,
            prefer=sources[0] if sources else None,
        )  # fmt: skip
        draft.assume(
            key,
            Text(
                f"its inputs are not planned: taken as both feeds of rack {rack.name}, feed a preferred",
                f"其输入未规划：视为接机柜 {rack.name} 的两路馈线，优先 a 路",
            ),
        )
        if not sources:
            draft.lack(key, Text(f"rack {rack.name} has no feed", f"机柜 {rack.name} 没有馈线"))


def _one_leg(draft: Draft, feed: str) -> str:
    """The feed itself, or the first leg of one with several."""
    legs = [f"{feed}/{phase}" for phase in PHASE_OF_LEG.values() if f"{feed}/{phase}" in draft.power_nodes]
    return feed if feed in draft.power_nodes or not legs else legs[0]


def _cords(draft: Draft) -> None:
    """Outlets in use, power supplies and devices."""
    inventory = draft.inventory
    outlets: Outlets = {}
    cords: dict[str, list[Cord]] = {}
    for cord in sorted(draft.plan.cords, key=lambda c: (c.device, c.inlet, c.id)):
        cords.setdefault(cord.device, []).append(cord)
    for device in sorted(cords.keys() - draft.placed.keys()):
        draft.lack(
            f"device/{device}",
            Text(
                "has power cords, and no place in the plan or no record in the inventory",
                "有电源线，但规划中无位置或清单中无记录",
            ),
        )
    for name, placed in sorted(draft.placed.items()):
        device_type = inventory.devices[name].type
        if name not in cords:
            if device_type.is_powered:
                draft.lack(
                    f"device/{name}",
                    Text("no power cord is planned; taken as powered", "未规划电源线；视为有电"),
                )
            continue
        psu = device_type.rackwright.psu
        place = draft.place_facts(name)
        key = f"device/{name}"
        order = {port.name: i for i, port in enumerate(device_type.power_ports)}
        supplies: dict[str, None] = {}
        for cord in sorted(cords[name], key=lambda c: (order.get(c.inlet, len(order)), c.inlet, c.id)):
            source, side = _outlet(draft, cord, outlets)
            supply = f"psu/{name}/{cord.inlet}"
            if supply not in draft.elements:
                draft.add("psu", f"{name}/{cord.inlet}", {"device": (name,), **place, **side})
            if source is None:
                draft.lack(
                    supply,
                    Text(
                        f"cord {cord.id} leads to {cord.pdu}/{cord.outlet}, which has no feed: without power",
                        f"电源线 {cord.id} 接至 {cord.pdu}/{cord.outlet}，该处没有馈线：无电",
                    ),
                )
                continue
            supplies[supply] = None
            _node(draft, supply, (source,), kind="psu", rating_w=psu.rating_w, site=placed.site)
        needs = _PSUS_NEEDED.get(psu.redundancy or "", 1)
        if psu.redundancy is None and len(device_type.power_ports) > 1:
            draft.assume(
                f"device_types/{device_type.slug}",
                Text(
                    "redundancy of its supplies is not stated: one carries it",
                    "未说明电源冗余方式：视为一个电源即可承载",
                ),
            )
        if psu.sharing is None and len(device_type.power_ports) > 1:
            draft.assume(
                f"device_types/{device_type.slug}",
                Text("sharing of its supplies is not stated: even", "未说明电源均流方式：视为均分"),
            )
        _node(
            draft, key, tuple(supplies), kind="device", site=placed.site, needs_psus=needs,
            sharing=psu.sharing or "active", psus=tuple(supplies),
        )  # fmt: skip
    for site in sorted({s.site for s in inventory.existing_switches.values()}):
        count = sum(s.site == site for s in inventory.existing_switches.values())
        draft.lack(
            f"site/{site}",
            Text(
                f"power of {count} switches that stand already: taken as powered",
                f"{count} 台原有交换机的供电未知：视为有电",
            ),
        )


Outlets = dict[str, dict[str, PowerOutlet]]


def _outlet(draft: Draft, cord: Cord, outlets: Outlets) -> tuple[str | None, Facts]:
    """The node that a cord hangs on (None: it has no supply), and the power side behind it. `outlets` keeps those
    of each type of strip, by name."""
    if cord.pdu in draft.inventory.sts:
        return f"sts/{cord.pdu}", {}
    rack = draft.inventory.racks.get(cord.rack)
    feed = rack.feeds.get(cord.side) if rack else None
    if rack is None or feed is None:
        return None, {}
    strip = pdu_type_of(draft.inventory, rack, cord.side)
    own = strip is not None and cord.pdu == f"{rack.name}/pdu-{cord.side}"
    bank = strip.bank_by_outlet.get(cord.outlet) if strip and own else None
    if strip and strip.slug not in outlets:
        outlets[strip.slug] = {outlet.name: outlet for outlet in strip.power_outlets}
    described = outlets[strip.slug].get(cord.outlet) if strip and own else None
    leg = f"/{PHASE_OF_LEG[described.feed_leg]}" if described and described.feed_leg else ""
    parents = [f"bank/{cord.pdu}/{bank.name}"] if bank else []
    parents += [f"pdu/{cord.pdu}", f"feed/{feed.name}"]
    candidates = [name for parent in parents for name in (f"{parent}{leg}", parent)]
    source = next((c for c in candidates if c in draft.power_nodes), None)
    if source is None:
        return None, {}
    side = _side(draft, feed.panel)
    key = f"outlet/{cord.pdu}/{cord.outlet}"
    if key not in draft.elements:
        draft.add("outlet", f"{cord.pdu}/{cord.outlet}", {**rack_facts(draft.inventory, rack.name), **side})
        panel = draft.inventory.panels[feed.panel]
        _node(
            draft, key, (source,), kind="outlet", type=described.type if described else None, site=rack.site,
            voltage_v=panel.voltage_v, panel_phases=panel.phases,
        )  # fmt: skip
    return key, side
