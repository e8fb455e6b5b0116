"""Which profile of management controllers counts for a server, and what the playbooks are told of it."""

import dataclasses

import pytest

from inventory import model as m
from inventory.ansible_hosts import ansible_inventory
from inventory.controller_profiles import bios_attributes, profiles_of
from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from inventory.plan_store import load_plan

PROFILES = (
    {"name": "one-fleet", "fleets": ["a-ecs"], "bios": {"Smt": "Disabled"}},
    {"name": "everywhere", "bios": {"Smt": "Enabled", "Iommu": "Enabled"}},
    {"name": "one-type", "device_types": ["hygon-c86-ecs-2u"], "bios": {"Smt": "Auto", "SrIov": "Enabled"}},
)


@pytest.fixture(scope="module")
def known() -> Inventory:
    inventory = load(PROJECTS / "guangxi").inventory
    assert inventory is not None
    profiles = {str(p["name"]): m.BmcProfile.model_validate(p) for p in PROFILES}
    return dataclasses.replace(inventory, bmc_profiles=profiles)


def test_the_fleet_counts_before_the_type_and_that_before_all(known: Inventory) -> None:
    fleet = known.fleets["a-ecs"]
    assert fleet.device_type == "hygon-c86-ecs-2u"
    assert [p.name for p in profiles_of(known, fleet)] == ["everywhere", "one-type", "one-fleet"]
    assert bios_attributes(known, fleet) == {"Iommu": "Enabled", "Smt": "Disabled", "SrIov": "Enabled"}
    other = next(
        f for f in known.fleets.values() if f.role == "server" and f.device_type != fleet.device_type
    )
    assert bios_attributes(known, other) == {"Iommu": "Enabled", "Smt": "Enabled"}
    appliance = next(f for f in known.fleets.values() if f.role != "server")
    assert bios_attributes(known, appliance) == {}


def test_playbooks_know_the_attributes_and_who_keeps_them(known: Inventory) -> None:
    plan = load_plan(PROJECTS / "guangxi").plan
    assert plan is not None
    hosts = ansible_inventory(known, plan)
    assert hosts["_meta"]["hostvars"]["a-ecs-001"]["rackwright_bios"]["Smt"] == "Disabled"
    assert hosts["all"]["vars"]["rackwright_owners"] == known.project.owners.as_dict()
    assert "rackwright_dns_domain" not in hosts["all"]["vars"]
