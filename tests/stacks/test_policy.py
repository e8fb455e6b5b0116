"""The policy: each rule broken once is found by exactly that rule, before the engine and as a pack."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import grpc
import pulumi
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import rpc
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi.runtime.proto import analyzer_pb2_grpc

from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from inventory.model_ownership import Owners
from inventory.plan_model import Plan
from inventory.plan_store import load_plan
from stacks.policy import analyzer
from stacks.policy.gate import SHORTEST, PolicyError, known_of, refuse_violations, violations
from stacks.policy.rules import RESOURCES_MAX, RULES, SECRET, UNKNOWN, Known, of_resource
from stacks.policy.rules import violations as broken
from stacks.programs import bmc, dhcp, dns, entry, switches
from stacks.programs.declared import Declared
from stacks.programs.wanted import Declaration, Wanted
from stacks.runner.order import stacks_in_order

TAGS = {"project": "p", "layer": "cloud", "managed-by": "rackwright"}
PRIVATE = {
    "region": "r",
    "endpoints": [
        {"vpc": "vpc.x", "ecs": "ecs.x", "rds": "rds.x", "slb": "slb.x", "oss": "oss.x", "kvstore": "kv.x"}
    ],
}
PROVIDER = Declared("pulumi:providers:alicloud", "platform", PRIVATE)
DATABASE = Declared(
    "alicloud:rds/instance:Instance",
    "db",
    {
        "zoneId": "a",
        "zoneIdSlaveA": "b",
        "vswitchId": "vsw-a,vsw-b",
        "category": "HighAvailability",
        "tags": TAGS,
    },
)
SET = Declared(
    "alicloud:ecs/ecsDeploymentSet:EcsDeploymentSet",
    "set-host",
    {"strategy": "Availability", "onUnableToRedeployFailedInstance": "KeepStopped"},
)
BALANCER = Declared(
    "alicloud:slb/applicationLoadBalancer:ApplicationLoadBalancer",
    "lb",
    {"addressType": "intranet", "masterZoneId": "a", "slaveZoneId": "b", "tags": TAGS},
)
BUCKET = Declared("alicloud:oss/bucket:Bucket", "files", {"tags": TAGS})
BLOCK = Declared(
    "alicloud:oss/bucketPublicAccessBlock:BucketPublicAccessBlock", "b", {"blockPublicAccess": True}
)
VPC = Declared("alicloud:vpc/network:Network", "vpc", {"cidrBlock": "10.0.0.0/16", "tags": TAGS})
LINE = Declared(
    "alicloud:ecs/securityGroupRule:SecurityGroupRule", "in", {"policy": "accept", "cidrIp": "10.0.0.0/8"}
)
BMC = Declared(
    "rackwright:redfish:Bmc", "srv", {"device": "srv", "address": "10.1.0.1", "bios": {"Smt": "Enabled"}}
)
SOURCES = Declared(
    "pulumi:providers:rackwright", "p", {"secrets": '{"bmc-key": "env:BMC_KEY", "snmp-key": "vault:snmp"}'}
)
ACCOUNT = Declared(
    "rackwright:redfish:Account", "acc", {"device": "srv", "address": "10.1.0.1", "secret": "bmc-key"}
)
SWITCH = Declared("rackwright:switch:Config", "sw", {"text": "snmp-agent key simple %secret:snmp-key%\n"})
GOOD = (PROVIDER, DATABASE, SET, BALANCER, BUCKET, BLOCK, VPC, LINE, BMC, ACCOUNT, SOURCES)
KNOWN = Known(Owners(), frozenset({"bmc-key", "snmp-key"}), frozenset({"Hush-4711"}))


def with_(declared: Declared, **inputs: Any) -> Declared:
    """The resource with inputs changed; None takes one away."""
    given = {k: v for k, v in {**declared.inputs, **inputs}.items() if v is not None}
    return replace(declared, inputs=given)


def endpoints(**hosts: str) -> Declared:
    return with_(PROVIDER, endpoints=[{**PRIVATE["endpoints"][0], **hosts}])  # type: ignore[dict-item]


BROKEN: dict[str, tuple[str, Declared]] = {
    "address of the internet": ("no-public-address", Declared("alicloud:ecs/eipAddress:EipAddress", "ip", {"tags": TAGS})),
    "gateway to the internet": ("no-public-address", Declared("alicloud:vpc/natGateway:NatGateway", "nat", {"tags": TAGS})),
    "public name of a database": ("no-public-address", Declared("alicloud:rds/connection:Connection", "c", {"tags": TAGS})),
    "balancer towards the internet": ("no-public-address", with_(BALANCER, addressType="internet")),
    "bucket that all may read": ("no-public-address", with_(BUCKET, acl="public-read")),
    "public access not blocked": ("no-public-address", with_(BLOCK, blockPublicAccess=False)),
    "line open to all": ("no-public-address", with_(LINE, cidrIp="0.0.0.0/0")),
    "line open to all of IPv6": ("no-public-address", with_(LINE, ipv6CidrIp="::/0")),
    "database open to all": ("no-public-address", with_(DATABASE, securityIps=["10.0.0.0/8", "0.0.0.0/0"])),
    "public prefix": ("no-public-address", with_(VPC, cidrBlock="8.8.0.0/16")),
    "controller with a public address": ("no-public-address", with_(BMC, address="8.8.8.8")),
    "public address deep inside": ("no-public-address", with_(BMC, network={"address": "8.8.8.8"})),
    "name of a public address": (
        "no-public-address",
        Declared("rackwright:dns:RecordSet", "r", {"type": "A", "records": ["10.0.0.1", "8.8.8.8"], "secret": "snmp-key"}),
    ),
    "reservation in a public subnet": (
        "no-public-address", Declared("rackwright:dhcp:Reservation", "r", {"subnet": "8.8.8.0/24"}),
    ),
    "no standby": ("no-single-site-database", with_(DATABASE, zoneIdSlaveA=None)),
    "standby beside the primary": ("no-single-site-database", with_(DATABASE, zoneIdSlaveA="a")),
    "category without a standby": ("no-single-site-database", with_(DATABASE, category="Basic")),
    "one vswitch": ("no-single-site-database", with_(DATABASE, vswitchId="vsw-a")),
    "the same vswitch twice": ("no-single-site-database", with_(DATABASE, vswitchId="vsw-a,vsw-a")),
    "cache at one site": (
        "no-single-site-database", Declared("alicloud:kvstore/instance:Instance", "kv", {"zoneId": "a", "tags": TAGS}),
    ),
    "set that does not spread": ("spread", with_(SET, strategy="LowLatency")),
    "set that may be left": ("spread", with_(SET, onUnableToRedeployFailedInstance="CancelMembershipAndStart")),
    "set that does not say": ("spread", with_(SET, onUnableToRedeployFailedInstance=None)),
    "set of racks over hosts": ("spread", replace(SET, name="set-rack")),
    "set of switches over racks": ("spread", with_(replace(SET, name="set-switch"), granularity="Rack")),
    "instance in no set": ("spread", Declared("alicloud:ecs/instance:Instance", "vm", {"tags": TAGS})),
    "balancer in one zone": ("spread", with_(BALANCER, slaveZoneId="a")),
    "no tags": ("tags", with_(VPC, tags=None)),
    "a tag missing": ("tags", with_(VPC, tags={"project": "p", "layer": "cloud"})),
    "an empty tag": ("tags", with_(VPC, tags={**TAGS, "layer": ""})),
    "password": ("no-plain-secret", with_(DATABASE, tdePassword="x1")),
    "access key of the provider": ("no-plain-secret", with_(PROVIDER, secretKey="x1")),
    "a key by its look": ("no-plain-secret", with_(VPC, description="LTAI5tAbCdEfGhIjKlMn")),
    "private key": ("no-plain-secret", with_(DATABASE, note="-----BEGIN RSA PRIVATE KEY-----\nMII")),
    "login in a URL": (
        "no-plain-secret", Declared("rackwright:dns:Zone", "z", {"apiUrl": "http://u:p@10.0.0.1/", "secret": "bmc-key"}),
    ),
    "value in place of a name": ("no-plain-secret", with_(ACCOUNT, **{"secret": "Sommer2026!"})),
    "value that is known": ("no-plain-secret", with_(BMC, bios={"Note": "see Hush-4711"})),
    "value among the sources": (
        "no-plain-secret", Declared("pulumi:providers:rackwright", "p", {"secrets": '{"bmc-key": "Sommer2026!"}'}),
    ),
    "secret of a client": ("no-plain-secret", with_(DATABASE, clientSecret="x1")),
    "key of a switch": ("no-plain-secret", with_(SWITCH, text="tacacs-server\n key simple abc123\n")),
    "community of a switch": ("no-plain-secret", with_(SWITCH, text="snmp-agent community simple public\n")),
    "endpoint of the public cloud": ("private-endpoints", endpoints(ecs="ecs.cn-hangzhou.aliyuncs.com")),
    "endpoint with a scheme": ("private-endpoints", endpoints(oss="https://oss.aliyuncs.com/x")),
    "no endpoint at all": ("private-endpoints", with_(PROVIDER, endpoints=None)),
    "no region": ("private-endpoints", with_(PROVIDER, region=None)),
    "type nobody knows": ("ownership", Declared("random:index:Pet", "pet", {})),
}  # fmt: skip


def test_what_is_good_breaks_nothing() -> None:
    assert broken(GOOD, KNOWN) == []


@pytest.mark.parametrize("name", BROKEN)
def test_one_defect_one_rule(name: str) -> None:
    rule, defect = BROKEN[name]
    owners = Owners(switch_configuration="pulumi") if defect.type == SWITCH.type else Owners()
    found = of_resource(defect, replace(KNOWN, owners=owners))
    assert [(v.rule, v.name) for v in found] == [(rule, defect.name)], found
    assert found[0].message.zh
    assert "Hush-4711" not in found[0].line()
    assert "Sommer2026" not in found[0].line()
    whole = [d for d in GOOD if d.name != defect.name]
    assert {v.rule for v in broken([*whole, defect], replace(KNOWN, owners=owners))} == {rule}


def test_every_rule_is_broken_by_some_case() -> None:
    assert {rule for rule, _ in BROKEN.values()} | {"stack-size"} == set(RULES)


@pytest.mark.parametrize("item", ["bios_attributes", "asset_tag"])
def test_what_ansible_owns_is_not_declared(item: str) -> None:
    owners = Owners(**{item: "ansible"})
    both = with_(BMC, assetTag="A-1")
    (found,) = of_resource(both, replace(KNOWN, owners=owners))
    assert found.rule == "ownership"
    assert item in found.message.en


def test_switch_in_a_stack_only_when_pulumi_owns_it() -> None:
    assert [v.rule for v in of_resource(SWITCH, KNOWN)] == ["ownership"]
    assert of_resource(SWITCH, replace(KNOWN, owners=Owners(switch_configuration="pulumi"))) == []


def test_product_without_an_endpoint_in_the_stack() -> None:
    short = with_(PROVIDER, endpoints=[{"vpc": "vpc.x"}])
    (found,) = broken([short, VPC, BUCKET], KNOWN)
    assert (found.rule, found.name) == ("private-endpoints", "")
    assert "oss" in found.message.en


def test_stack_that_is_too_large() -> None:
    hosts = [replace(BMC, name=f"srv-{n}") for n in range(RESOURCES_MAX)]
    parts = [Declared("rackwright:components:Rack", f"r{n}") for n in range(40)]
    assert broken([*hosts, *parts], KNOWN) == []
    (found,) = broken([*hosts, BMC], KNOWN)
    assert (found.rule, found.message.en.split()[0]) == ("stack-size", str(RESOURCES_MAX + 1))


def test_deny_for_all_is_no_opening() -> None:
    assert of_resource(with_(LINE, policy="drop", cidrIp="0.0.0.0/0"), KNOWN) == []


def test_what_is_not_known_yet_or_secret_is_not_judged() -> None:
    later = with_(DATABASE, vswitchId=UNKNOWN, tags=UNKNOWN, securityIps=UNKNOWN, tdePassword=SECRET)
    assert of_resource(later, KNOWN) == []
    assert of_resource(with_(PROVIDER, endpoints=UNKNOWN), KNOWN) == []


# ---------------------------------------------------------------- before the engine


@pytest.fixture(scope="module")
def guangxi() -> tuple[Inventory, Plan]:
    inventory, plan = load(PROJECTS / "guangxi").inventory, load_plan(PROJECTS / "guangxi").plan
    assert inventory is not None
    assert plan is not None
    return inventory, plan


@pytest.mark.parametrize("program", [bmc, dhcp, dns, switches], ids=lambda p: p.__name__.rpartition(".")[2])
@pytest.mark.parametrize("site", ["A", "B"])
def test_programs_keep_every_rule(guangxi: tuple[Inventory, Plan], program: Any, site: str) -> None:
    inventory, plan = guangxi
    assert violations(program.declaration(inventory, plan, site).wanted, inventory) == []


def test_gate_reads_arguments_as_the_engine_will(guangxi: tuple[Inventory, Plan]) -> None:
    inventory, _ = guangxi
    bad = [
        Wanted(
            "Bmc",
            "one",
            {"device": "one", "address": "10.0.0.1", "network": {"host_name": "x", "address": "8.8.8.8"}},
        ),
        Wanted(
            "Account",
            "two",
            {"device": "two", "address": "10.0.0.1", "user_name": "u", "secret": "Sommer2026!"},
        ),
    ]
    found = violations(bad, inventory)
    assert [(v.rule, v.name) for v in found] == [("no-public-address", "one"), ("no-plain-secret", "two")]
    with pytest.raises(PolicyError) as caught:
        refuse_violations(bad, inventory)
    assert "one: public address 8.8.8.8" in str(caught.value)
    assert "Sommer" not in str(caught.value)
    refuse_violations([], inventory)


def test_values_of_secrets_are_looked_for_but_not_shown(guangxi: tuple[Inventory, Plan]) -> None:
    inventory, _ = guangxi
    key = next(s.key for s in inventory.secrets.values() if s.source == "env")
    known = known_of(inventory, {key: "Whisper-4711"})
    assert known.values == {"Whisper-4711"}
    assert "4711" not in repr(known)
    assert known_of(inventory, {key: "x" * (SHORTEST - 1)}).values == frozenset()
    (found,) = of_resource(with_(BMC, bios={"Note": "a Whisper-4711 b"}), known)
    assert found.rule == "no-plain-secret"


# ---------------------------------------------------------------- as a pack, without the engine


@contextmanager
def pack() -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    """The pack in a process of its own, as the engine starts it."""
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "stacks.policy.analyzer", "127.0.0.1:1", "."],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield analyzer_pb2_grpc.AnalyzerStub(channel)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def served() -> Iterator[Any]:
    with pack() as stub:
        config = {"rackwright-bmc:project": "guangxi"}
        stub.ConfigureStack(
            proto.AnalyzerStackConfigureRequest(project="rackwright-bmc", stack="A", config=config)
        )
        yield stub


def request(declared: Declared) -> Any:
    properties = Struct()
    properties.update(wire(declared.inputs))
    urn = f"urn:pulumi:A::p::{declared.type}::{declared.name}"
    return proto.AnalyzeRequest(type=declared.type, name=declared.name, urn=urn, properties=properties)


def wire(inputs: Mapping[str, Any]) -> dict[str, Any]:
    secret = {analyzer.SIGNATURE: analyzer.SECRET_SIGNATURE, "value": "hidden"}
    return {k: secret if v is SECRET else rpc.UNKNOWN if v is UNKNOWN else v for k, v in inputs.items()}


def test_pack_names_its_rules(served: Any) -> None:
    info = served.GetAnalyzerInfo(Empty())
    assert {p.name for p in info.policies} == set(RULES)
    assert {p.enforcementLevel for p in info.policies} == {proto.MANDATORY}


@pytest.mark.parametrize(
    "name", [n for n, (_, d) in BROKEN.items() if d.type != SWITCH.type and n != "value that is known"]
)
def test_pack_finds_the_same(served: Any, name: str) -> None:
    rule, defect = BROKEN[name]
    answer = served.Analyze(request(defect))
    assert {d.policyName for d in answer.diagnostics} == {rule}
    assert all("Sommer2026" not in d.message for d in answer.diagnostics)


def test_pack_passes_what_is_good_unknown_or_secret(served: Any) -> None:
    later = with_(DATABASE, vswitchId=UNKNOWN, tdePassword=SECRET)
    for declared in (*(d for d in GOOD if d is not ACCOUNT), later, Declared("pulumi:pulumi:Stack", "s")):
        assert not served.Analyze(request(declared)).diagnostics


def test_pack_looks_at_the_stack_as_a_whole(served: Any) -> None:
    def row(declared: Declared) -> Any:
        asked = request(declared)
        return proto.AnalyzerResource(
            type=asked.type, name=asked.name, urn=asked.urn, properties=asked.properties
        )

    short = with_(PROVIDER, endpoints=[{"vpc": "vpc.x"}])
    answer = served.AnalyzeStack(proto.AnalyzeStackRequest(resources=[row(short), row(VPC), row(BUCKET)]))
    assert [d.policyName for d in answer.diagnostics] == ["private-endpoints"]
    assert not served.AnalyzeStack(proto.AnalyzeStackRequest(resources=[row(PROVIDER), row(VPC)])).diagnostics


def test_pack_without_a_project_says_what_it_did_not_look_at() -> None:
    with pack() as stub:
        stub.ConfigureStack(proto.AnalyzerStackConfigureRequest(project="p", stack="s"))
        answer = stub.Analyze(request(Declared("random:index:Pet", "pet")))
        assert not answer.diagnostics
        (skipped,) = answer.not_applicable
        assert skipped.policy_name == "ownership"
        assert skipped.reason.startswith("not evaluated")


def test_every_program_is_stopped_before_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Mocks(pulumi.runtime.Mocks):
        def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
            seen.append(args.typ)
            return args.name, dict(args.inputs)

        def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], None]:
            return {}, None

    bad = Wanted("Bmc", "one", {"device": "one", "address": "8.8.8.8"})
    monkeypatch.setattr(entry, "declaration", lambda *_: Declaration((bad,)))
    monkeypatch.setattr(entry, "reference", lambda *_: None)
    pulumi.runtime.set_mocks(Mocks(), project="rackwright-bmc", stack="A")
    pulumi.runtime.set_all_config({"rackwright-bmc:project": "guangxi"})
    with pytest.raises(entry.ProgramError, match=r"no-public-address: one: public address 8\.8\.8\.8"):
        entry.run("bmc")
    pulumi.runtime.set_all_config({})
    assert "rackwright:redfish:Bmc" not in seen


def test_cloud_has_one_stack_and_runs_only_when_named() -> None:
    assert not [layer for layer, _ in stacks_in_order(["A", "B"]) if layer == "cloud"]
    assert stacks_in_order(["A", "B"], ["cloud"]) == [("cloud", "region")]
    assert stacks_in_order(["A", "B"], ["dns", "cloud"], only_sites=["B"]) == [
        ("cloud", "region"),
        ("dns", "B"),
    ]
