"""The private network of the cloud platform: one VPC over all sites, and a vswitch for each site and plane."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inventory import model as m
from inventory.findings import Text
from inventory.inventory import Inventory
from stacks.programs.cloud_settings import CloudSettings
from stacks.programs.declared import Declared, NotDeclared, Output

PLANES = ("vm", "container")
"""Planes whose addresses the platform gives out; the others belong to servers and switches."""
VPC = "vpc"
SECONDARY_MAX = 5
"""Further address blocks a VPC takes."""


@dataclass(frozen=True)
class Place:
    """A pool of the cloud with its site's zone."""

    pool: m.Pool
    zone: str

    @property
    def switch(self) -> str:
        """Name of its vswitch."""
        return f"vswitch-{self.pool.name}"


def cloud_pools(inventory: Inventory) -> list[m.Pool]:
    """Pools of the platform's planes, by site and plane."""
    pools = [p for p in inventory.pools.values() if p.plane in PLANES]
    return sorted(pools, key=lambda p: (p.site, PLANES.index(p.plane), p.name))


def places(inventory: Inventory, settings: CloudSettings) -> tuple[list[Place], list[NotDeclared]]:
    """Pools whose site has a zone, and those that cannot be declared."""
    found, lacking = [], []
    for pool in cloud_pools(inventory):
        zone = settings.zones.get(pool.site)
        if zone is None:
            lacking.append(
                NotDeclared(
                    f"pool {pool.name}",
                    Text(f"the zone of site {pool.site} is not configured (rackwright-cloud:zones)", f"未配置中心 {pool.site} 的可用区（rackwright-cloud:zones）"),
                    inventory.where(pool, "prefix"),
                )
            )  # fmt: skip
        else:
            found.append(Place(pool, zone))
    return found, lacking


def network(inventory: Inventory, found: list[Place], tags: Mapping[str, str]) -> Iterator[Declared]:
    """The VPC, its further address blocks, and the vswitches. The VPC takes the prefix of the first pool and the
    others as further blocks: no prefix is made up to hold them all."""
    if not found:
        return
    project = inventory.project.name
    first, *others = found
    yield Declared(
        "alicloud:vpc/network:Network",
        VPC,
        {"vpcName": project, "cidrBlock": first.pool.prefix, "description": project, "tags": dict(tags)},
    )
    for place in others:
        yield Declared(
            "alicloud:vpc/ipv4CidrBlock:Ipv4CidrBlock",
            f"block-{place.pool.name}",
            {"vpcId": Output(VPC), "secondaryCidrBlock": place.pool.prefix},
        )
    for place in found:
        yield Declared(
            "alicloud:vpc/switch:Switch",
            place.switch,
            {
                "vpcId": Output(VPC),
                "cidrBlock": place.pool.prefix,
                "zoneId": place.zone,
                "vswitchName": f"{project}-{place.pool.name}",
                "description": f"{place.pool.plane} of site {place.pool.site}",
                "tags": {**tags, "site": place.pool.site, "plane": place.pool.plane},
            },
            () if place is first else (f"block-{place.pool.name}",),
        )
