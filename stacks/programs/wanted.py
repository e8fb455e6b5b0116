"""What a program of this provider declares, as plain data: resources with the place they hang under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from inventory import model as m
from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.model_ownership import ITEMS
from inventory.plan_model import PlacedDevice, Plan
from stacks.programs.declared import NotDeclared

Kind = Literal["Bmc", "Account", "Reservation", "Zone", "RecordSet", "SwitchConfig"]
"""A class of `stacks.resources`."""
TOKENS: Mapping[Kind, str] = {
    "Bmc": "rackwright:redfish:Bmc",
    "Account": "rackwright:redfish:Account",
    "Reservation": "rackwright:dhcp:Reservation",
    "Zone": "rackwright:dns:Zone",
    "RecordSet": "rackwright:dns:RecordSet",
    "SwitchConfig": "rackwright:switch:Config",
}
GroupKind = Literal["Site", "Rack", "AccessPair", "Host", "Server"]


@dataclass(frozen=True, slots=True)
class Group:
    """A component that resources hang under; `Server` is one that serves others (DHCP, DNS)."""

    kind: GroupKind
    name: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """One resource: its class, its name within the stack, the arguments of the class, the components it hangs under
    (outermost first), and the resources of the same stack it comes after. `within` names the resource it is a part of,
    its parent in place of the innermost component. `identity`: what an import knows it by; empty: it cannot be imported."""

    kind: Kind
    name: str
    arguments: Mapping[str, Any]
    under: tuple[Group, ...] = ()
    after: tuple[str, ...] = ()
    within: str = ""
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Declaration:
    """Everything one stack declares, in the order it is registered, and what it does not, with reasons."""

    wanted: tuple[Wanted, ...]
    not_declared: tuple[NotDeclared, ...] = field(default_factory=tuple)


def reasons(found: tuple[NotDeclared, ...]) -> dict[str, list[str]]:
    """Subjects by reason, both sorted: what a stack says of what it does not declare."""
    out: dict[str, list[str]] = {}
    for one in found:
        out.setdefault(one.reason.en, []).append(one.subject)
    return {reason: sorted(set(out[reason])) for reason in sorted(out)}


def kept_elsewhere(inventory: Inventory, *items: str) -> list[NotDeclared]:
    """Items of the ownership list that the playbooks keep."""
    why = Text("kept by the playbooks (`owners` of the project)", "由 Ansible 负责（项目的 `owners`）")
    return [NotDeclared(ITEMS[i].en, why) for i in items if inventory.project.owners.of(i) != "pulumi"]


def served_by(inventory: Inventory, kind: m.ServerKind, site: str) -> tuple[m.ManagementServer, ...]:
    """Servers of a kind that the stack of a site keeps: those of the site, and with the first site those of all
    sites, so that none is kept twice."""
    first = min(inventory.sites)
    return tuple(
        s for s in inventory.servers(kind, site) if s.site == site or (s.site is None and site == first)
    )


def label(server: m.ManagementServer) -> str:
    """What an import is told of a server beside its address."""
    return f"#server={server.name}" + (f"&secret={server.secret}" if server.secret else "")


def places(plan: Plan, site: str) -> dict[str, tuple[Group, ...]]:
    """Components a host hangs under, by device: its site, its rack once it has one, itself."""
    return {placed.name: _place(placed, site) for placed in plan.devices if placed.site == site}


def _place(placed: PlacedDevice, site: str) -> tuple[Group, ...]:
    racks = (Group("Rack", placed.rack),) if placed.rack else ()
    return (Group("Site", site), *racks, Group("Host", placed.name))
