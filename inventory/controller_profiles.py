"""Which profiles of `bmc_profiles` hold for the servers of a fleet, and what they say together."""

from __future__ import annotations

from inventory import model as m
from inventory.inventory import Inventory


def profiles_of(inventory: Inventory, fleet: m.Fleet) -> tuple[m.BmcProfile, ...]:
    """The profiles that fit, the one that counts least first: those for all servers, those that name the device type,
    those that name the fleet. Only servers have any."""
    if fleet.role != "server":
        return ()
    known = inventory.bmc_profiles.values()
    return (
        *(p for p in known if not p.fleets and not p.device_types),
        *(p for p in known if fleet.device_type in p.device_types),
        *(p for p in known if fleet.name in p.fleets),
    )


def bios_attributes(inventory: Inventory, fleet: m.Fleet) -> dict[str, bool | int | str]:
    """BIOS attributes kept on the servers of a fleet, in the words of the maker, sorted; empty: none stated."""
    kept: dict[str, bool | int | str] = {}
    for profile in profiles_of(inventory, fleet):
        kept |= profile.bios
    return dict(sorted(kept.items()))
