"""Power cords: every PSU inlet to an outlet, first inlet on side a, second on side b.

Banks of a PDU are filled so that each carries about the same peak with the other side dead; a device with
one inlet goes to the transfer switch of its fleet. Cords that were planned before keep id and outlet.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from capacity.draws import draws
from inventory.device_model import DeviceType, PowerOutlet, PowerPort
from inventory.inventory import Device, Inventory, RackPlace
from inventory.model import Fleet, Side
from inventory.plan_model import Cord, PlacedDevice, Plan, issued

SIDES: tuple[Side, Side] = ("a", "b")
STS_BANK = "sts"
_EXACT_INLETS = 24
_OUTLET_OF_INLET = {f"iec-60320-c{inlet}": f"iec-60320-c{inlet - 1}" for inlet in (6, 8, 14, 16, 18, 20, 22)}
_LEG_PHASE = {"A": "L1", "B": "L2", "C": "L3"}


def outlet_type(inlet_type: str) -> str:
    """Outlet that an inlet's cord plugs into (C14 inlet: C13 outlet); NEMA and IEC 60309 types by their suffix.

    Source: IEC 60320 (an inlet of even number mates with the connector one below it).
    """
    if inlet_type in _OUTLET_OF_INLET:
        return _OUTLET_OF_INLET[inlet_type]
    if inlet_type.startswith("nema-") and inlet_type.endswith("p"):
        return inlet_type[:-1] + "r"
    return inlet_type


def pdu_type(inventory: Inventory, rack: RackPlace, side: str) -> DeviceType | None:
    """Device type of the power strip of one side of a rack; None when the rack type names none there."""
    pdus = rack.rack_type.rackwright.pdus
    return None if pdus is None else inventory.catalog.device_types.get(getattr(pdus, side, ""))


def pdu_name(rack: str, side: str) -> str:
    """Name of the power strip of one side of a rack."""
    return f"{rack}/pdu-{side}"


def bank_name(pdu: DeviceType, outlet: str) -> str:
    """Bank behind an outlet; empty when the strip has no banks of its own."""
    bank = pdu.bank_by_outlet.get(outlet)
    return bank.name if bank else ""


def sts_of(device: Device) -> str | None:
    """The transfer switch that the fleet of a device names; None: none."""
    return device.record.sts if isinstance(device.record, Fleet) else None


def planned_side(index: int) -> Side:
    """Side of the inlet with this index: the first on a, the second on b, and so on in turn."""
    return SIDES[index % 2]


def plan_cords(
    inventory: Inventory, devices: Sequence[PlacedDevice], previous: Plan | None
) -> tuple[Cord, ...]:
    """Cords of all placed devices, by id.

    A cord of `previous` stays when its device still stands in the same rack and its outlet still exists and
    fits; phase and label are written anew. An inlet for which no outlet is left, or whose rack type names
    no power strip, gets no cord. New ids follow the highest ever issued at the site.
    """
    here = {
        d.name: d for d in devices if d.rack is not None and d.rack in inventory.racks and d.name in inventory.devices
    }  # fmt: skip
    planner = _Planner(inventory, here, issued(previous))
    for cord in sorted(previous.cords if previous else (), key=lambda c: c.id):
        planner.keep(cord)
    racks: dict[str, list[str]] = {}
    for placed in here.values():
        racks.setdefault(str(placed.rack), []).append(placed.name)
    for rack in sorted(racks):
        planner.connect(racks[rack])
    return tuple(sorted(planner.cords, key=lambda c: c.id))


class _Waiting(NamedTuple):
    """An inlet that needs a cord: its side and the peak in W it carries with the other side dead."""

    device: Device
    inlet: PowerPort
    side: Side
    peak_w: float

    @property
    def key(self) -> tuple[str, str]:
        """Device and inlet."""
        return self.device.name, self.inlet.name


def _even_split(loads_w: Mapping[str, float], waiting: Sequence[_Waiting]) -> dict[tuple[str, str], str]:
    """The split of a few inlets over two banks that leaves the heavier bank lightest; empty when there are
    more banks or more inlets than can be tried."""
    if len(loads_w) != 2 or len(waiting) > _EXACT_INLETS:
        return {}
    first, second = loads_w
    ways: dict[int, tuple[tuple[str, str], ...]] = {0: ()}
    for item in waiting:
        for watts, chosen in list(ways.items()):
            ways.setdefault(watts + math.ceil(item.peak_w), (*chosen, item.key))
    total = sum(math.ceil(item.peak_w) for item in waiting)
    best = min(ways, key=lambda w: (max(loads_w[first] + w, loads_w[second] + total - w), -w))
    return {item.key: first if item.key in ways[best] else second for item in waiting}


class _Planner:
    """Outlets taken, watts per bank and the next number per site while cords are dealt out."""

    def __init__(self, inventory: Inventory, here: Mapping[str, PlacedDevice], last: dict[str, int]) -> None:
        self.inventory = inventory
        self.here = here
        self.power = draws(inventory)
        self.cords: list[Cord] = []
        self.corded: set[tuple[str, str]] = set()
        self.taken: set[tuple[str, str]] = set()
        self.load_w: dict[tuple[str, str], float] = {}
        self.last = last
        """Highest number issued by series of ids."""

    def keep(self, cord: Cord) -> None:
        """Take over a cord of the previous plan if it can stay."""
        placed = self.here.get(cord.device)
        if (
            placed is None
            or (cord.device, cord.inlet) in self.corded
            or (cord.pdu, cord.outlet) in self.taken
        ):
            return
        device = self.inventory.devices[cord.device]
        inlet = next((p for p in device.type.power_ports if p.name == cord.inlet), None)
        if inlet is None:
            return
        if cord.pdu == sts_of(device):
            self.add(cord.id, device, cord.inlet, cord.rack, cord.side, cord.pdu, STS_BANK, cord.outlet)
            return
        rack = self.inventory.racks[str(placed.rack)]
        pdu = pdu_type(self.inventory, rack, cord.side)
        if cord.rack != rack.name or cord.pdu != pdu_name(rack.name, cord.side) or pdu is None:
            return
        outlet = next((o for o in pdu.power_outlets if o.name == cord.outlet), None)
        if outlet is None or outlet.type != outlet_type(inlet.type):
            return
        bank = bank_name(pdu, outlet.name)
        self.add(cord.id, device, cord.inlet, rack.name, cord.side, cord.pdu, bank, outlet.name, outlet)

    def connect(self, names: Iterable[str]) -> None:
        """Cord what has no cord yet among the devices of one rack: banks first, then outlets and ids, the
        largest draw first."""
        known = [p.peak_w for n in names if (p := self.power[n]) is not None]
        cautious = max(known, default=1.0)

        def peak_w(name: str) -> float:
            power = self.power[name]
            return cautious if power is None else power.peak_w

        waiting: list[_Waiting] = []
        single: dict[Side, float] = {"a": 0.0, "b": 0.0}
        for name in sorted(names, key=lambda n: (-peak_w(n), n)):
            device = self.inventory.devices[name]
            inlets = device.type.power_ports
            for index, inlet in enumerate(inlets):
                if (name, inlet.name) in self.corded:
                    continue
                side = planned_side(index) if len(inlets) > 1 else min(SIDES, key=lambda s: (single[s], s))
                on_side = sum(1 for i in range(len(inlets)) if planned_side(i) == side)
                share_w = peak_w(name) / max(on_side, 1)
                if len(inlets) == 1 and sts_of(device) is None:
                    single[side] += share_w
                waiting.append(_Waiting(device, inlet, side, share_w))
        if not waiting:
            return
        rack = self.inventory.racks[str(self.here[waiting[0].device.name].rack)]
        banks = {side: self.banks(rack, side, [w for w in waiting if w.side == side]) for side in SIDES}
        for item in waiting:
            sts = sts_of(item.device)
            if len(item.device.type.power_ports) == 1 and sts is not None:
                self.to_sts(item, sts)
            elif (bank := banks[item.side].get(item.key)) is not None:
                self.to_bank(item, rack, bank)

    def banks(self, rack: RackPlace, side: Side, waiting: Sequence[_Waiting]) -> dict[tuple[str, str], str]:
        """Bank for every waiting inlet of one side, by device and inlet; an inlet without a free outlet of its
        kind is absent."""
        pdu = pdu_type(self.inventory, rack, side)
        name = pdu_name(rack.name, side)
        free: dict[str, Counter[str]] = {}
        for outlet in pdu.power_outlets if pdu else ():
            kinds = free.setdefault(bank_name(pdu, outlet.name) if pdu else "", Counter())
            kinds[outlet.type] += (name, outlet.name) not in self.taken
        loads = {bank: self.load_w.get((name, bank), 0.0) for bank in free}
        exact = _even_split(loads, waiting)
        if exact and all(
            sum(1 for w in waiting if exact[w.key] == bank and outlet_type(w.inlet.type) == kind)
            <= free[bank][kind]
            for bank in free
            for kind in {outlet_type(w.inlet.type) for w in waiting}
        ):
            return exact
        out: dict[tuple[str, str], str] = {}
        for item in waiting:
            kind = outlet_type(item.inlet.type)
            options = [bank for bank in free if free[bank][kind] > 0]
            if options:
                bank = min(options, key=lambda b: loads[b])
                out[item.key] = bank
                loads[bank] += item.peak_w
                free[bank][kind] -= 1
        return out

    def to_sts(self, item: _Waiting, sts: str) -> None:
        """The lowest free outlet of a transfer switch; side a is its preferred source."""
        number = 1
        while (sts, f"out-{number:02d}") in self.taken:
            number += 1
        rack = self.inventory.sts[sts].rack
        outlet = f"out-{number:02d}"
        self.add(self.next_id(rack), item.device, item.inlet.name, rack, "a", sts, STS_BANK, outlet)

    def to_bank(self, item: _Waiting, rack: RackPlace, bank: str) -> None:
        """The first free outlet of the right kind in a bank."""
        pdu = pdu_type(self.inventory, rack, item.side)
        name = pdu_name(rack.name, item.side)
        wanted = outlet_type(item.inlet.type)
        for outlet in pdu.power_outlets if pdu else ():
            free = (name, outlet.name) not in self.taken
            if pdu and free and outlet.type == wanted and bank_name(pdu, outlet.name) == bank:
                self.add(
                    self.next_id(rack.name), item.device, item.inlet.name, rack.name, item.side, name, bank,
                    outlet.name, outlet, item.peak_w,
                )  # fmt: skip
                return

    def next_id(self, rack: str) -> str:
        series = f"{self.inventory.racks[rack].site}-P"
        self.last[series] = self.last.get(series, 0) + 1
        return f"{series}-{self.last[series]:06d}"

    def add(
        self, id: str, device: Device, inlet: str, rack: str, side: Side, pdu: str, bank: str, outlet: str,
        described: PowerOutlet | None = None, peak_w: float | None = None,
    ) -> None:  # fmt: skip
        place = self.inventory.racks[rack]
        leg = described.feed_leg if described else None
        feed = place.feeds.get(side)
        phase = _LEG_PHASE[leg] if leg else (feed.phase if feed else place.phase)
        if peak_w is None:
            power = self.power[device.name]
            peak_w = 0.0 if power is None else power.peak_w / max(len(device.type.power_ports) // 2, 1)
        self.corded.add((device.name, inlet))
        self.taken.add((pdu, outlet))
        self.load_w[pdu, bank] = self.load_w.get((pdu, bank), 0.0) + peak_w
        label = f"{device.name}/{inlet} > {pdu}/{outlet}"
        self.cords.append(
            Cord(
                id=id, device=device.name, inlet=inlet, rack=rack, side=side, pdu=pdu, bank=bank,
                outlet=outlet, phase=phase, label=label,
            )
        )  # fmt: skip
