"""The cloud layer: what is declared from pools, access table and products, and what is named as not declared."""

from __future__ import annotations

import ipaddress
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from inventory.plan_model import Plan
from inventory.plan_store import load_plan
from stacks.policy.gate import PolicyError, violations
from stacks.programs import cloud
from stacks.programs.cloud import CLASSES, PROVIDER, CloudDeclaration, declaration, product_of
from stacks.programs.cloud_settings import CloudSettings, SettingsError, settings_from
from stacks.programs.declared import Declared, Output
from tests.stacks.cloud_project import FACTS, PRODUCTS, SETTINGS, edit, read, whole

TYPES = {kind.rpartition(":")[2]: kind for kind in CLASSES}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the Guangxi project in which everything about the cloud is known."""
    return whole(tmp_path / "guangxi")


def rules(folder: Path, *policies: dict[str, Any]) -> None:
    """Put rules at the end of the access table (files are read in the order of their names)."""
    (folder / "zz-rules.yml").write_text(yaml.safe_dump({"policies": list(policies)}), encoding="utf-8")


def made(folder: Path, settings: CloudSettings = SETTINGS) -> CloudDeclaration:
    return declaration(*read(folder), settings)


def named(found: CloudDeclaration, name: str) -> Declared:
    (one,) = [r for r in found.resources if r.name == name]
    return one


def of(found: CloudDeclaration, kind: str) -> list[Declared]:
    return [r for r in found.resources if r.type == TYPES[kind]]


def reasons(found: CloudDeclaration) -> dict[str, str]:
    return {n.subject: n.reason.en for n in found.not_declared}


# ---------------------------------------------------------------- everything is known


def test_everything_is_declared(folder: Path) -> None:
    found = made(folder)
    counts = Counter(r.type for r in found.resources)
    assert set(counts) == {*CLASSES, "pulumi:providers:alicloud"}
    assert counts[TYPES["Switch"]] == 4
    assert counts[TYPES["SecurityGroup"]] == 4
    assert counts[TYPES["EcsDeploymentSet"]] == 6
    assert len(found.resources) < 1000
    assert set(reasons(found)) == {
        "accounts of central-db", "who may connect to central-db", "listeners of compute-entry",
    }  # fmt: skip


def test_each_resource_comes_after_what_it_needs(folder: Path) -> None:
    seen: set[str] = set()
    for resource in made(folder).resources:
        assert set(resource.needs()) <= seen, resource
        assert resource.name not in seen
        seen.add(resource.name)


def test_prefixes_are_those_of_the_pools(folder: Path) -> None:
    inventory, plan = read(folder)
    found = declaration(inventory, plan, SETTINGS)
    switches = {s.name: s.inputs for s in of(found, "Switch")}
    blocks = [of(found, "Network")[0].inputs["cidrBlock"]]
    blocks += [b.inputs["secondaryCidrBlock"] for b in of(found, "Ipv4CidrBlock")]
    for pool in inventory.pools.values():
        name = f"vswitch-{pool.name}"
        assert (name in switches) == (pool.plane in ("vm", "container"))
        if name in switches:
            assert switches[name]["cidrBlock"] == pool.prefix
            assert switches[name]["zoneId"] == SETTINGS.zones[pool.site]
            assert any(
                ipaddress.IPv4Network(pool.prefix).subnet_of(ipaddress.IPv4Network(block)) for block in blocks
            )
    assert sorted(blocks) == sorted(s["cidrBlock"] for s in switches.values()), "no prefix is made up"


def test_names_and_tags(folder: Path) -> None:
    for resource in made(folder).resources:
        for key in (
            "vpcName",
            "vswitchName",
            "securityGroupName",
            "deploymentSetName",
            "instanceName",
            "bucket",
        ):
            value = resource.inputs.get(key)
            assert value is None or isinstance(value, Output) or value.startswith("guangxi")
        if "tags" in resource.inputs:
            assert {"project": "guangxi", "layer": "cloud", "managed-by": "rackwright"}.items() <= dict(
                resource.inputs["tags"]
            ).items()


def test_database_stands_at_both_sites(folder: Path) -> None:
    found = made(folder)
    inputs = named(found, "central-db").inputs
    assert (inputs["zoneId"], inputs["zoneIdSlaveA"]) == ("cn-gx-d01-a", "cn-gx-d01-b")
    assert inputs["vswitchId"] == [Output("vswitch-a-vm"), Output("vswitch-b-vm")]
    assert {k: inputs[k] for k in ("engine", "engineVersion", "instanceType", "instanceStorage")} == {
        "engine": "MySQL", "engineVersion": "8.0", "instanceType": "rds.mysql.s3.large", "instanceStorage": 500,
    }  # fmt: skip
    assert inputs["securityIps"] == ["127.0.0.1"]


def test_spread_is_strict_and_counted_from_the_plan(folder: Path) -> None:
    inventory, plan = read(folder)
    found = declaration(inventory, plan, SETTINGS)
    hosts = [d for d in plan.devices if d.name.startswith("a-ecs-")]
    assert f"at most {len(hosts)} instances" in named(found, "compute-spread-a-host").inputs["description"]
    assert (
        f"at most {len({d.rack for d in hosts})} instances"
        in named(found, "compute-spread-a-rack").inputs["description"]
    )
    assert named(found, "compute-spread-a-switch").inputs["granularity"] == "Switch"
    for one in of(found, "EcsDeploymentSet"):
        assert one.inputs["strategy"] == "Availability"
        assert one.inputs["onUnableToRedeployFailedInstance"] == "KeepStopped"


def test_balancer_and_bucket_are_private(folder: Path) -> None:
    found = made(folder)
    balancer = named(found, "compute-entry").inputs
    assert balancer["addressType"] == "intranet"
    assert (balancer["masterZoneId"], balancer["slaveZoneId"]) == ("cn-gx-d01-a", "cn-gx-d01-b")
    assert named(found, "objects").inputs["redundancyType"] == "ZRS"
    assert named(found, "objects-acl").inputs["acl"] == "private"
    assert named(found, "objects-block").inputs["blockPublicAccess"] is True


def test_nothing_breaks_a_rule(folder: Path) -> None:
    inventory, plan = read(folder)
    assert violations(declaration(inventory, plan, SETTINGS).resources, inventory) == []


def test_same_input_same_declaration(folder: Path) -> None:
    assert repr(made(folder)) == repr(made(folder))


# ---------------------------------------------------------------- something is not known


@pytest.mark.parametrize("fact", FACTS)
def test_database_of_which_one_fact_is_unknown(folder: Path, fact: str) -> None:
    edit(folder, lambda products: products["central-db"].update({fact: None}))
    found = made(folder)
    assert not of(found, "Instance")
    (gone,) = [n for n in found.not_declared if n.subject == "database central-db"]
    assert gone.reason.en == f"nobody has said its {fact}"
    assert gone.position is not None
    assert gone.position.path.endswith("cloud.yml")


def test_guangxi_as_it_stands_declares_no_database() -> None:
    inventory, plan = load(PROJECTS / "guangxi").inventory, load_plan(PROJECTS / "guangxi").plan
    assert inventory is not None
    assert plan is not None
    found = declaration(inventory, plan, SETTINGS)
    assert not of(found, "Instance")
    assert reasons(found)["database central-db"].endswith(
        "engine, engine_version, instance_class, storage_gb"
    )
    assert of(found, "Network")


def test_without_a_region_nothing(folder: Path) -> None:
    found = made(folder, CloudSettings())
    assert found.resources == ()
    assert "rackwright-cloud:region" in found.not_declared[0].reason.en


def test_site_without_a_zone(folder: Path) -> None:
    found = made(folder, CloudSettings("r", {"A": "z"}, SETTINGS.endpoints))
    assert not [r for r in found.resources if "-b-vm" in r.name]
    assert not of(found, "Instance")
    assert not of(found, "ApplicationLoadBalancer")
    assert {"pool b-vm", "pool b-container", "database central-db", "balancer compute-entry"} <= set(
        reasons(found)
    )


def test_both_sites_in_one_zone(folder: Path) -> None:
    found = made(folder, CloudSettings("r", {"A": "z", "B": "z"}, SETTINGS.endpoints))
    assert not of(found, "Instance")
    assert "beside its primary" in reasons(found)["database central-db"]


@pytest.mark.parametrize("product", PRODUCTS)
def test_product_without_an_endpoint_is_left_out_with_all_that_needs_it(folder: Path, product: str) -> None:
    endpoints = {k: v for k, v in SETTINGS.endpoints.items() if k != product}
    inventory, plan = read(folder)
    found = declaration(inventory, plan, CloudSettings(SETTINGS.region, SETTINGS.zones, endpoints))
    names = {r.name for r in found.resources}
    assert not [
        r for r in found.resources if product_of(r.type) == product and r.type.startswith("alicloud:")
    ]
    assert all(set(r.needs()) <= names for r in found.resources)
    assert any(f"endpoints: {product}" in n.reason.en for n in found.not_declared)
    assert violations(found.resources, inventory) == []


def test_platform_that_spreads_over_hosts_alone(folder: Path) -> None:
    found = made(folder, CloudSettings(SETTINGS.region, SETTINGS.zones, SETTINGS.endpoints))
    assert {s.name for s in of(found, "EcsDeploymentSet")} == {
        "compute-spread-a-host",
        "compute-spread-b-host",
    }
    assert {n.subject for n in found.not_declared if "not known to spread" in n.reason.en} == {
        f"compute-spread over {level} at site {site}" for level in ("rack", "switch") for site in "AB"
    }


def test_service_at_one_site_gets_no_database(folder: Path) -> None:
    edit(folder, lambda products: products["central-db"].update(service="datazone"))
    assert "a database needs two" in reasons(made(folder))["database central-db"]


def test_hosts_in_one_rack_cannot_be_spread_over_racks(folder: Path) -> None:
    inventory, plan = read(folder)
    rack = next(d.rack for d in plan.devices if d.name.startswith("a-ecs-"))
    devices = tuple(
        d.model_copy(update={"rack": rack}) if d.name.startswith("a-ecs-") else d for d in plan.devices
    )
    found = declaration(inventory, replace(plan, devices=devices), SETTINGS)
    assert "compute-spread-a-rack" not in {r.name for r in found.resources}
    assert "stand on 1 rack" in reasons(found)["compute-spread over rack at site A"]


def test_cloud_that_the_playbooks_keep(folder: Path) -> None:
    with (folder / "project.yml").open("a", encoding="utf-8") as stream:
        stream.write("  owners: {cloud: ansible}\n")
    found = made(folder)
    assert found.resources == ()
    assert "playbooks" in found.not_declared[0].reason.en


# ---------------------------------------------------------------- the access table

RULE: dict[str, Any] = {
    "name": "r", "src_zone": "core", "src": ["10.30.0.0/24"], "dst_zone": "core", "dst": ["a-vm"], "proto": "tcp", "port": "443",
}  # fmt: skip
IN, OUT = "ingress", "egress"
CASES: dict[str, tuple[dict[str, Any], list[tuple[str, str, str, str]]]] = {
    "one port": ({}, [(IN, "10.30.0.0/24", "tcp", "443/443")]),
    "ports and ranges": (
        {"port": "22,8000-8099"},
        [(IN, "10.30.0.0/24", "tcp", "22/22"), (IN, "10.30.0.0/24", "tcp", "8000/8099")],
    ),
    "any port": ({"port": "any"}, [(IN, "10.30.0.0/24", "tcp", "1/65535")]),
    "any protocol": ({"proto": "any", "port": "any"}, [(IN, "10.30.0.0/24", "all", "-1/-1")]),
    "any protocol, one port": (
        {"proto": "any"}, [(IN, "10.30.0.0/24", "tcp", "443/443"), (IN, "10.30.0.0/24", "udp", "443/443")],
    ),
    "icmp": ({"proto": "icmp", "port": None}, [(IN, "10.30.0.0/24", "icmp", "-1/-1")]),
    "from the pool": ({"src": ["a-vm"], "dst": ["10.30.0.0/24"]}, [(OUT, "10.30.0.0/24", "tcp", "443/443")]),
    "both ways": (
        {"direction": "both-ways"},
        [(IN, "10.30.0.0/24", "tcp", "443/443"), (OUT, "10.30.0.0/24", "tcp", "443/443")],
    ),
    "another pool": ({"dst": ["b-mgmt"]}, []),
    "a pool as source": ({"src": ["b-vm"]}, [(IN, "10.20.32.0/20", "tcp", "443/443")]),
    "the prefix around the pool": ({"dst": ["10.10.32.0/19"]}, [(IN, "10.30.0.0/24", "tcp", "443/443")]),
}  # fmt: skip


def lines(found: CloudDeclaration, group: str) -> list[tuple[str, str, str, str]]:
    """Lines of a group that let something in or out."""
    return [
        (r.inputs["type"], r.inputs["cidrIp"], r.inputs["ipProtocol"], r.inputs["portRange"])
        for r in of(found, "SecurityGroupRule")
        if r.inputs["securityGroupId"] == Output(group) and r.inputs["policy"] == "accept"
    ]


@pytest.mark.parametrize("name", CASES)
def test_rule_becomes_lines(folder: Path, name: str) -> None:
    change, wanted = CASES[name]
    rules(folder, {**RULE, **change})
    assert lines(made(folder), "group-a-vm") == wanted


UNCLEAR: dict[str, tuple[dict[str, Any], str]] = {
    "part of the pool": ({"dst": ["10.10.32.5"]}, "only part of a-vm"),
    "unknown address": ({"src": ["bastion"]}, "addresses of bastion"),
    "any of a zone": ({"src": ["any"], "src_zone": "management"}, "any of zone management"),
    "no port": ({"port": None}, "ports are not stated"),
    "esp": ({"proto": "esp", "port": None}, "esp"),
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_unclear_rule_lets_nothing_through(folder: Path, name: str) -> None:
    change, why = UNCLEAR[name]
    rules(folder, {**RULE, **change}, {**RULE, "name": "later"})
    found = made(folder)
    assert why in reasons(found)["rule r for a-vm"]
    assert lines(found, "group-a-vm") == [(IN, "10.30.0.0/24", "tcp", "443/443")], "the later line alone"


@pytest.mark.parametrize("name", UNCLEAR)
def test_unclear_deny_ends_the_group(folder: Path, name: str) -> None:
    change, _ = UNCLEAR[name]
    rules(
        folder,
        {**RULE, "name": "before"},
        {**RULE, **change, "action": "deny"},
        {**RULE, "name": "later", "port": "80"},
    )
    assert lines(made(folder), "group-a-vm") == [(IN, "10.30.0.0/24", "tcp", "443/443")], (
        "what stood before it"
    )


def test_order_of_the_table_is_the_priority(folder: Path) -> None:
    rules(folder, {**RULE, "action": "deny"}, {**RULE, "name": "s", "port": "any"})
    found = made(folder)
    deny, allow = named(found, "group-a-vm-r-1").inputs, named(found, "group-a-vm-s-1").inputs
    assert (deny["policy"], allow["policy"]) == ("drop", "accept")
    assert deny["priority"] < allow["priority"] < 100
    last = [r.inputs for r in of(found, "SecurityGroupRule") if "deny-" in r.name]
    assert {(r["policy"], r["priority"]) for r in last} == {("drop", 100)}


def test_pool_without_a_zone_lets_nothing_in() -> None:
    inventory, plan = load(PROJECTS / "guangxi").inventory, load_plan(PROJECTS / "guangxi").plan
    assert inventory is not None
    assert plan is not None
    found = declaration(inventory, plan, SETTINGS)
    assert lines(found, "group-a-vm") == []
    assert "no zone in the inventory" in reasons(found)["rules of group-a-vm"]


def test_more_rules_than_a_group_takes(folder: Path) -> None:
    rules(folder, *({**RULE, "name": f"r{n}", "port": str(1000 + n)} for n in range(120)))
    found = made(folder)
    assert len(lines(found, "group-a-vm")) <= 99
    assert any("a group takes 99 lines" in n.reason.en for n in found.not_declared)


# ---------------------------------------------------------------- under mocks


def test_deny_of_unknown_addresses_ends_the_group(folder: Path) -> None:
    deny = {
        **RULE,
        "name": "honeypots",
        "src": ["a-honeypot"],
        "action": "deny",
        "proto": "any",
        "port": "any",
    }
    rules(folder, deny, RULE)
    found = made(folder)
    assert lines(found, "group-a-vm") == []
    assert reasons(found)["rule honeypots for a-vm"].endswith("; no later line either")


class Mocks(pulumi.runtime.Mocks):
    def __init__(self) -> None:
        self.seen: list[pulumi.runtime.MockResourceArgs] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.seen.append(args)
        return f"{args.name}-id", {**args.inputs, "address": "10.10.32.9", "connectionString": "db.internal"}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], None]:
        return {}, None


def registered(
    inventory: Inventory, plan: Plan, settings: CloudSettings = SETTINGS
) -> dict[str, pulumi.runtime.MockResourceArgs]:
    """What the program registers, by name."""
    mocks = Mocks()
    pulumi.runtime.set_mocks(mocks, project="rackwright-cloud", stack="region")

    def run() -> pulumi.Output[Any]:
        found = cloud.program(inventory, plan, settings)
        return pulumi.Output.all(*(r.urn for r in found.values()))

    under_mocks: Callable[[Callable[[], object]], Callable[[], None]] = pulumi.runtime.test
    under_mocks(run)()
    return {args.name: args for args in mocks.seen if args.typ != "pulumi:pulumi:Stack"}


def test_program_registers_what_is_declared(folder: Path) -> None:
    inventory, plan = read(folder)
    found, seen = declaration(inventory, plan, SETTINGS), registered(inventory, plan)
    assert {r.name: r.type for r in found.resources} == {name: args.typ for name, args in seen.items()}
    for resource in found.resources:
        for key, value in resource.inputs.items():
            if key == "vswitchId" and isinstance(value, list):
                value = ",".join(f"{v.resource}-id" for v in value)
            if isinstance(value, Output):
                value = f"{value.resource}-id"
            if resource.name != PROVIDER:
                assert seen[resource.name].inputs[key] == value, (resource.name, key)


def test_provider_speaks_to_private_endpoints_alone(folder: Path) -> None:
    seen = registered(*read(folder))
    provider = seen[PROVIDER]
    endpoints = provider.inputs["endpoints"]
    given = json.loads(endpoints) if isinstance(endpoints, str) else endpoints
    assert {k: v for part in given for k, v in part.items() if v} == dict(SETTINGS.endpoints)
    assert provider.inputs["skipRegionValidation"] in (True, "true")
    assert not {"accessKey", "secretKey", "securityToken"} & set(provider.inputs)
    assert all(PROVIDER in (args.provider or "") for name, args in seen.items() if name != PROVIDER)


def test_no_secret_reaches_the_engine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALICLOUD_SECRET_KEY", "Hush-Hush-4711")
    monkeypatch.setenv("RACKWRIGHT_SNMP_KEY", "Whisper-4711")
    text = repr([dict(args.inputs) for args in registered(*read(folder)).values()])
    assert "4711" not in text


def test_program_refuses_what_breaks_a_rule(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inventory, plan = read(folder)
    whole = cloud.declaration(inventory, plan, SETTINGS)
    bad = Declared("alicloud:ecs/eipAddress:EipAddress", "ip", {})
    monkeypatch.setattr(cloud, "declaration", lambda *_: CloudDeclaration((*whole.resources, bad), ()))
    with pytest.raises(PolicyError, match="no-public-address: ip"):
        registered(inventory, plan)


# ---------------------------------------------------------------- the stack's configuration


def settings(values: dict[str, Any]) -> CloudSettings:
    return settings_from(lambda key: values.get(key), lambda key: values.get(key))


def test_settings() -> None:
    assert settings({}) == CloudSettings()
    full = {
        "region": "r",
        "zones": {"A": "z"},
        "endpoints": {"ecs": "ecs.x:8443"},
        "protocol": "HTTP",
        "granularities": ["rack"],
    }
    assert settings(full) == CloudSettings(
        "r", {"A": "z"}, {"ecs": "ecs.x:8443"}, "HTTP", frozenset({"host", "rack"})
    )


@pytest.mark.parametrize(
    "values",
    [
        {"endpoints": {"ecs": "https://ecs.x"}},
        {"endpoints": {"ecs": "ecs.aliyuncs.com"}},
        {"endpoints": {"ecs": "aliyuncs.com:443"}},
        {"endpoints": ["ecs.x"]},
        {"endpoints": {"ecs": ""}},
        {"zones": {"A": 1}},
        {"protocol": "FTP"},
        {"granularities": ["room"]},
        {"granularities": "rack"},
    ],
    ids=str,
)
def test_settings_that_cannot_be(values: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=f"rackwright-cloud:{next(iter(values))}"):
        settings(values)
