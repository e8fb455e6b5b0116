"""Which network card an interface sits on, as far as the catalogue lets one tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from inventory.catalog_parts import Component
from inventory.device_model import DeviceType
from inventory.findings import Text


@dataclass(frozen=True, slots=True)
class Cards:
    """Card of each interface by name (None: cannot be told); an interface that is absent is on no card, as that
    of a management controller. `assumed` says what was taken for granted; None: nothing."""

    card: Mapping[str, str | None]
    assumed: Text | None = None


def cards_of(device_type: DeviceType, components: Mapping[str, Component]) -> Cards:
    """Cards of a server or appliance, by its interfaces that are not for management.

    One card carries all ports. With more, each port speed has a card of its own and the fastest has the rest;
    its ports are dealt over them in order, as many to each. Where that does not come out even, or the type lists no cards,
    nothing is told. Cards are named by speed and number: 10G-1.
    """
    ports = [i for i in device_type.interfaces if not i.mgmt_only]
    count = sum(use.count for use in device_type.rackwright.components if components[use.part].kind == "nic")
    speeds = sorted({i.speed_gbps for i in ports if i.speed_gbps is not None}, reverse=True)
    nobody: dict[str, str | None] = {i.name: None for i in ports}
    if not count or any(i.speed_gbps is None for i in ports):
        return Cards(nobody)
    if count == 1:
        return Cards({i.name: "1" for i in ports})
    if count < len(speeds):
        return Cards(nobody)
    out: dict[str, str | None] = {}
    assumed = None
    for speed in speeds:
        names = [i.name for i in ports if i.speed_gbps == speed]
        cards = count - len(speeds) + 1 if speed == speeds[0] else 1
        each, rest = divmod(len(names), cards)
        for i, name in enumerate(names):
            out[name] = None if rest else f"{speed:g}G-{i // each + 1}"
        if cards > 1 and not rest:
            assumed = Text(
                f"{len(names)} ports of {speed:g} Gbit/s dealt in order over {cards} cards",
                f"{len(names)} 个 {speed:g} Gbit/s 端口按顺序分布在 {cards} 块线卡上",
            )
    return Cards(out, assumed)
