"""Zone checks: a platform with everything in order has no finding; broken in one place, it has exactly one."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import topology.checks.addressing
import topology.checks.redundancy
import topology.checks.zones
import topology.checks.zones_between
import topology.checks.zones_ha
import topology.checks.zones_members
import topology.checks.zones_policy
import topology.checks.zones_table  # noqa: F401  (registers the checks)
from inventory.checks import REGISTRY, Check, Context, run
from inventory.findings import Finding, Status
from inventory.load import PROJECTS, load
from inventory.plan_store import load_plan
from tests.platforms import Data, planned, platform, record, title

TODAY = date(2026, 6, 1)

RULE = {
    "proto": "tcp", "port": "443", "application": "https", "log": True, "owner": "platform team",
    "expiry": "2027-03-31", "ticket": "CHG-1",
}  # fmt: skip
APPLIANCE = """\
manufacturer: Generic
model: {slug}
slug: {slug}
u_height: 1
interfaces:
  - {{name: p1, type: 10gbase-x-sfpp}}
  - {{name: p2, type: 10gbase-x-sfpp}}
  - {{name: mgmt, type: 1000base-t, mgmt_only: true}}
power-ports: [{{name: PSU1, type: iec-60320-c14}}, {{name: PSU2, type: iec-60320-c14}}]
rackwright:
  kind: appliance
  psu: {{count: 2, redundancy: 1+1, sharing: active}}
  power: {{typical_w: 200, peak_w: 300}}
  throughput_gbps: {gbps}
  features: [{feature}]
  sources: {{interfaces: sample, power: sample, throughput_gbps: sample, features: sample}}
  assumed: {{u_height: sample, is_full_depth: sample, power-ports: sample, psu.count: sample, psu.redundancy: sample,
    psu.sharing: sample}}
"""
TYPES = {"any-hsm": "hsm", "any-pot": "honeypot", "any-probe": "probe"}


def rule(name: str, src: str, dst: str, **more: Any) -> Data:
    """A rule `zone:object` to `zone:object`, complete unless `more` says otherwise."""
    (src_zone, _, source), (dst_zone, _, target) = src.partition(":"), dst.partition(":")
    return {
        "name": name, "src_zone": src_zone, "src": [source], "dst_zone": dst_zone, "dst": [target], **RULE, **more,
    }  # fmt: skip


def link(a: str, b: str) -> Data:
    return {"name": f"{a}--{b}", "a": a, "b": b, "count": 1, "speed_gbps": 40.0}


def secure() -> Data:
    """Two sites, each with two routers, two firewalls, two interconnect switches, crypto, honeypot and probe."""
    data = platform(routers=True, app=1, pairs=2)
    data["zones"] = [
        {"name": kind, "title": title(kind), "kind": kind}
        for kind in ("core", "public", "management", "exit", "dci", "oob", "crypto")
    ]
    data["existing_links"] = []
    for fleet in data["fleets"]:
        fleet["zone"] = "core"
    for site in ("A", "B"):
        low = site.lower()
        for n in (1, 2):
            for role, letter in (("firewall", "F"), ("dci", "D")):
                data["existing_switches"].append({
                    "name": f"{site}-{letter}{n}", "title": title(letter), "site": site, "role": role,
                    **({"pair": f"{site}-F"} if role == "firewall" else {"zone": "dci"}),
                    "risks": {"rack": [f"{site}01-X{n}"], "feed": [f"{site}01-X{n}/a", f"{site}01-X{n}/b"]},
                })  # fmt: skip
            for k in (1, 2):
                data["existing_links"] += [
                    link(f"{site}-R{n}", f"{site}-F{k}"), link(f"{site}-F{n}", f"{site}-C{k}"),
                    link(f"{site}-D{n}", f"{site}-C{k}"),
                ]  # fmt: skip
        for name, kind, zone in (
            ("hsm", "any-hsm", "crypto"),
            ("pot", "any-pot", "core"),
            ("probe", "any-probe", "management"),
        ):
            fleet = copy.deepcopy(record(data, "fleets", f"{low}-app"))
            fleet |= {
                "name": f"{low}-{name}",
                "title": title(name),
                "role": "appliance",
                "device_type": kind,
                "zone": zone,
            }
            fleet.pop("service")
            if name == "hsm":
                fleet |= {"count": 2, "ha_group": f"{low}-hsm", "spread": {"racks_min": 2}}
            data["fleets"].append(fleet)
        data.setdefault("mirrors", []).append(
            {"name": f"{low}-copies", "probe": f"{low}-probe", "of": [f"{site}-F1"], "gbps": 8.0}
        )
        for vid, (name, plane, zone, prefix) in enumerate(
            [("business", "business", "core", "10.{}.0.0/24"), ("bmc", "bmc", "oob", "10.{}.240.0/24"),
             ("mgmt", "mgmt", "oob", "10.{}.241.0/24")], 101 if site == "A" else 201,
        ):  # fmt: skip
            number = {"business": vid, "bmc": 3001, "mgmt": 3002}[name]
            data.setdefault("pools", []).append({
                "name": f"{low}-{name}", "plane": plane, "site": site, "zone": zone,
                "prefix": prefix.format(10 if site == "A" else 20), **({"per_pair_length": 26} if name == "business" else {}),
            })  # fmt: skip
            data.setdefault("vlans", []).append({
                "vid": number, "name": name, "site": site, "plane": plane, "zone": zone,
                **({"pair": f"{site}-P1"} if name == "business" else {}),
            })  # fmt: skip
    data["endpoints"] = [
        {"name": name, "title": title(name), "zone": zone, "addresses": [address]}
        for name, zone, address in (
            ("bastion", "management", "10.9.0.10"), ("ntp", "management", "10.9.0.20"), ("web", "public", "10.8.0.0/25"),
        )
    ]  # fmt: skip
    data["waypoints"] = [
        {"name": "A-GAP", "title": title("gap"), "kind": "gap", "devices": ["A-G1", "A-G2"], "in_line": False,
         "bypass": False, "mode": "active-standby"},
    ]  # fmt: skip
    for n in (1, 2):
        data["existing_switches"].append(
            {
                "name": f"A-G{n}",
                "title": title("gap"),
                "site": "A",
                "role": "security",
                "risks": {"rack": [f"A01-Y{n}"]},
            }
        )
    data["policies"] = [
        rule("silent-pot", "core:a-pot", "management:any", action="deny", proto="any", port="any"),
        rule("bastion-devices", "management:bastion", "oob:a-mgmt", port="22,443"),
        rule("time", "core:a-app", "management:ntp", proto="udp", port="123", application="ntp"),
        rule("web-core", "public:web", "core:a-app", port="8443", application="settlement-api", via="A-GAP"),
        rule("keys", "core:a-db", "crypto:a-hsm", port="8008"),
        rule("keys-b", "core:b-db", "crypto:b-hsm", port="8008"),
    ]
    return data


def found(folder: Path, data: Data) -> list[Finding]:
    """What the zone checks say of the platform, planned anew."""
    types = folder / "catalog" / "device-types" / "Generic"
    types.mkdir(parents=True, exist_ok=True)
    for slug, feature in TYPES.items():
        text = APPLIANCE.format(slug=slug, feature=feature, gbps=10 if feature == "probe" else "null")
        text = text.replace("  throughput_gbps: null\n", "").replace(
            "throughput_gbps: sample, ", "" if feature != "probe" else "throughput_gbps: sample, "
        )
        (types / f"{slug}.yaml").write_text(text, encoding="utf-8")
    inventory, plan = planned(folder, data)
    return checked(Context(inventory, plan, TODAY))


def checked(context: Context) -> list[Finding]:
    """What the zone checks (and RED003, NET008) say."""
    mine = {
        c: r
        for c, r in REGISTRY.items()
        if not isinstance(r, Check) or c[:3] == "SEC" or c in ("RED003", "NET008")
    }
    with mock.patch.dict(REGISTRY, mine, clear=True):
        return list(run(context).findings)


def said(findings: list[Finding]) -> list[tuple[str, str, bool]]:
    return [(f.code, f.subject, f.status is Status.FAILED) for f in findings]


def test_everything_in_order(tmp_path: Path) -> None:
    assert [f.to_text() for f in found(tmp_path, secure())] == []


Break = Callable[[Data], Any]


def edit(section: str, name: str, **fields: Any) -> Break:
    return lambda data: record(data, section, name).update(fields)


def add(section: str, *records: Data) -> Break:
    return lambda data: data[section].extend(records)


def drop(section: str, *names: str) -> Break:
    return lambda data: data.__setitem__(section, [r for r in data[section] if r["name"] not in names])


def vlan(site: str, vid: int, **fields: Any) -> Break:
    return lambda data: next(v for v in data["vlans"] if (v["site"], v["vid"]) == (site, vid)).update(fields)


def both(*breaks: Break) -> Break:
    return lambda data: [b(data) for b in breaks]


ONE_WAY_OUT = [f"A-R{n}--A-F2" for n in (1, 2)] + [f"A-F2--A-C{n}" for n in (1, 2)]
LINE = {"kind": "ips", "title": title("ips"), "devices": ["A-G3"], "in_line": True}
STANDING = {"name": "A-G3", "title": title("ips"), "site": "A", "role": "security"}

BROKEN: dict[str, tuple[Break, str, str]] = {
    # ways
    "link past the firewalls": (add("existing_links", link("A-R1", "A-C1")), "SEC001", "A/outside"),
    "link into out-of-band": (add("existing_links", link("B-R2", "B-M1")), "SEC001", "B/outside"),
    "past the firewalls of the other site": (add("existing_links", link("A-R1", "B-C2")), "SEC001", "A/outside"),
    "switch at the exit on the core": (
        both(add("existing_switches", {"name": "A-V1", "title": title("v"), "site": "A", "role": "general-access", "zone": "exit"}),
             add("existing_links", link("A-V1", "A-C1"))), "SEC001", "A/outside"),
    "planned switches at the exit on the core": (edit("pairs", "B-P2", zone="exit"), "SEC001", "B/outside"),
    "one firewall carries all": (drop("existing_links", *ONE_WAY_OUT), "SEC005", "A-F1"),
    "one interconnect switch": (drop("existing_links", "A-D2--A-C1", "A-D2--A-C2"), "SEC005", "A-D1"),
    "one load balancer": (
        both(add("existing_switches", {"name": "A-L1", "title": title("lb"), "site": "A", "role": "load-balancer"}),
             add("existing_links", link("A-L1", "A-C1"), link("A-L1", "A-C2"))), "SEC005", "A-L1"),
    "firewall nobody watches": (edit("mirrors", "b-copies", of=["A-F1"]), "SEC008", "waypoints/B-F"),
    "core joined to out-of-band": (add("existing_links", link("A-M1", "A-C2")), "SEC009", "A/out-of-band"),
    # members
    "vlan on another zone": (edit("pairs", "A-P1", zone="public"), "SEC003", "vlans/A/101"),
    "pool of another zone": (edit("pools", "a-business", zone="public"), "SEC004", "pools/a-business"),
    "bmc pool in core": (both(edit("pools", "a-bmc", zone="core")), "SEC007", "pools/a-bmc"),
    # partners
    "single in-line ips": (
        both(add("existing_switches", STANDING), add("waypoints", {"name": "A-IPS", **LINE, "bypass": False})), "SEC010", "waypoints/A-IPS"),
    "gap that opens": (edit("waypoints", "A-GAP", bypass=True), "SEC011", "waypoints/A-GAP"),
    "firewalls in one rack": (edit("existing_switches", "A-F2", risks={"rack": ["A01-X1"]}), "SEC012", "waypoints/A-F"),
    "firewalls on one feed": (
        both(edit("existing_switches", "A-F1", risks={"rack": ["X1"], "ups": ["A-UA"]}),
             edit("existing_switches", "A-F2", risks={"rack": ["X2"], "ups": ["A-UA"]})), "SEC012", "waypoints/A-F"),
    "too many copies": (add("mirrors", {"name": "more", "probe": "a-probe", "of": ["A-F2"], "gbps": 2.5}), "SEC013", "fleets/a-probe"),
    "crypto at one site": (both(drop("fleets", "b-hsm"), drop("policies", "keys-b"), add("policies", rule("keys-b", "core:b-db", "crypto:a-hsm"))),
                           "SEC015", "B/crypto"),
    "single in-line gateway of an ha group": (
        both(edit("fleets", "a-pot", ha_group="gate"), add("waypoints", {"name": "gate", "title": title("g"), "kind": "vpn", "fleets": ["a-pot"], "in_line": True})),
        "SEC010", "waypoints/gate"),
    # rules
    "name misspelt": (edit("policies", "time", dst=["npt"]), "SEC020", "policies/time"),
    "port too high": (edit("policies", "time", port="123,70000"), "SEC020", "policies/time"),
    "range backwards": (edit("policies", "time", port="130-123"), "SEC020", "policies/time"),
    "fleet of another zone": (edit("policies", "time", src=["a-probe"]), "SEC021", "policies/time"),
    "any to any": (edit("policies", "time", src=["any"], dst=["any"]), "SEC022", "policies/time"),
    "wide prefix": (edit("policies", "time", dst=["10.9.0.0/23"]), "SEC023", "policies/time"),
    "any destination": (edit("policies", "time", dst=["any"]), "SEC023", "policies/time"),
    "101 ports": (edit("policies", "time", port="1000-1100"), "SEC023", "policies/time"),
    "telnet by port": (edit("policies", "bastion-devices", port="22-23"), "SEC024", "policies/bastion-devices"),
    "http by port": (edit("policies", "keys", port="80", application="key-service"), "SEC024", "policies/keys"),
    "snmp v2": (edit("policies", "time", application="snmpv2c"), "SEC024", "policies/time"),
    "same rule again": (add("policies", rule("again", "management:bastion", "oob:10.10.241.7", port="22")), "SEC025", "policies/again"),
    "denied too late": (add("policies", rule("late", "core:a-app", "management:10.9.0.20", proto="udp", port="123", action="deny")),
                        "SEC025", "policies/late"),
    "core into out-of-band": (add("policies", rule("peek", "core:a-app", "oob:a-mgmt")), "SEC026", "policies/peek"),
    "management into crypto": (add("policies", rule("peek", "management:bastion", "crypto:a-hsm")), "SEC026", "policies/peek"),
    "outside into core": (add("policies", rule("peek", "exit:203.0.113.9", "core:a-app")), "SEC026", "policies/peek"),
    "public administers the bastion": (add("policies", rule("peek", "public:web", "management:bastion")), "SEC026", "policies/peek"),
    "out-of-band back into core": (edit("policies", "time", dst_zone="oob", dst=["a-mgmt"], direction="both-ways"), "SEC026", "policies/time"),
    "public past the gap": (edit("policies", "web-core", via=None), "SEC027", "policies/web-core"),
    "honeypot speaks": (add("policies", rule("call", "core:a-pot", "crypto:a-hsm")), "SEC028", "policies/call"),
    "rule for five years": (edit("policies", "time", expiry="2031-01-01"), "SEC029", "policies/time"),
    "rule has ended": (edit("policies", "time", expiry="2026-05-31"), "SEC029", "policies/time"),
    "not logged": (edit("policies", "time", log=False), "SEC030", "policies/time"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_one_defect_one_finding(tmp_path: Path, name: str) -> None:
    change, code, subject = BROKEN[name]
    data = secure()
    change(data)
    assert said(found(tmp_path, data)) == [(code, subject, True)]


UNKNOWN: dict[str, tuple[Break, str, str]] = {
    "no firewall anywhere": (
        both(drop("existing_links", *(f"{s}-F{n}--{s}-C{k}" for s in "AB" for n in (1, 2) for k in (1, 2)),
                  *(f"{s}-R{n}--{s}-F{k}" for s in "AB" for n in (1, 2) for k in (1, 2))),
             drop("existing_switches", "A-F1", "A-F2", "B-F1", "B-F2", "A-G1", "A-G2"), drop("waypoints", "A-GAP"),
             drop("mirrors", "a-copies", "b-copies"), drop("policies", "web-core"), drop("fleets", "a-probe", "b-probe")),
        "SEC001", "A/outside"),
    "firewalls by routing only": (
        both(add("waypoints", {"name": "A-FW", "title": title("fw"), "kind": "firewall", "devices": ["A-F1", "A-F2"], "in_line": False}),
             edit("mirrors", "a-copies", of=["A-F1", "A-FW"])), "SEC001", "A/outside"),
    "links unknown": (drop("existing_links", *(f"A-F{n}--A-C{k}" for n in (1, 2) for k in (1, 2))), "SEC001", "A/outside"),
    "rack of a firewall": (edit("existing_switches", "A-F2", risks={}), "SEC012", "waypoints/A-F"),
    "mirrored amount": (edit("mirrors", "a-copies", gbps=None), "SEC013", "fleets/a-probe"),
    "version of snmp": (edit("policies", "time", port="161", application=None), "SEC024", "policies/time"),
    "application of the gap": (edit("policies", "web-core", application=None), "SEC027", "policies/web-core"),
    "owner": (edit("policies", "time", owner=None), "SEC030", "policies"),
    "port": (edit("policies", "keys", port=None), "SEC030", "policies"),
    "address of an endpoint": (edit("endpoints", "ntp", addresses=None), "SEC030", "endpoints"),
    "crypto not cabled": (
        lambda data: [record(data, "fleets", f).update(attach=None, attach_open="ports not stated") for f in ("a-hsm", "b-hsm")],
        "SEC014", "crypto"),
    "zone of pools": (
        both(edit("pools", "a-mgmt", zone=None), vlan("A", 3002, zone=None)), "SEC004", "A/pools"),
    "whether the gap is in line": (
        both(edit("waypoints", "A-GAP", in_line=None, devices=["A-G1"])), "SEC010", "waypoints/A-GAP"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_nobody_knows_is_not_evaluated(tmp_path: Path, name: str) -> None:
    change, code, subject = UNKNOWN[name]
    data = secure()
    change(data)
    findings = found(tmp_path, data)
    assert (code, subject, False) in said(findings), said(findings)
    assert not [f for f in findings if f.status is Status.FAILED]


def test_the_way_past_is_named_with_every_link_to_cut(tmp_path: Path) -> None:
    data = secure()
    add("existing_links", link("A-R1", "A-C1"), link("A-R2", "A-C2"))(data)
    (finding,) = found(tmp_path, data)
    assert "A-R1 – A-C1 – A-P1A – a-" in finding.message.en
    assert finding.arithmetic.endswith("2 links still lead inside, 0 wanted")
    assert [r.note for r in finding.related[:1]] == ["also A-R2 – A-C2"]
    assert finding.source is not None and finding.source.line


def test_a_device_behind_one_switch_of_its_pair(tmp_path: Path) -> None:
    data = secure()
    hsm = record(data, "fleets", "a-hsm")
    hsm.update(count=1, ha_group=None, spread={"racks_min": 1})
    hsm["attach"]["interfaces"] = ["p1"]
    (finding,) = found(tmp_path, data)
    assert finding.code == "SEC014" and finding.subject in ("crypto/A-P1A", "crypto/A-P2A")


def test_a_server_with_a_leg_in_two_zones(tmp_path: Path) -> None:
    """Members of a standing pair that say different zones: a cable of each server leads into either."""
    data = secure()
    for n, zone in ((1, "core"), (2, "public")):
        data["existing_switches"].append({
            "name": f"A-S{n}", "title": title("s"), "site": "A", "role": "general-access", "pair": "A-S", "zone": zone,
            "room": "A01", "x_m": 3.0, "y_m": 5.0, "height_u": 20, "port_type": "10gbase-x-sfpp",
            "free_ports": [{"card": "1", "ports": "1/0/[1-8]"}],
        })  # fmt: skip
    record(data, "fleets", "a-app")["attach"]["pairs"] = ["A-S"]
    (finding,) = found(tmp_path, data)
    assert (finding.code, finding.subject) == ("SEC002", "fleets/a-app")
    assert "a-app-001:p2" in str(finding.fix) and "A-S1: zone core" in finding.related[0].note


def test_a_rule_from_any_does_not_wake_a_honeypot_denied_before(tmp_path: Path) -> None:
    data = secure()
    record(data, "policies", "time")["src"] = ["any"]
    record(data, "policies", "silent-pot")["src"] = ["a-pot", "b-pot"]
    assert said(found(tmp_path, data)) == [("SEC023", "policies/time", True)]
    data["policies"] = data["policies"][1:]
    assert sorted(said(found(tmp_path, data))) == [
        ("SEC023", "policies/time", True),
        ("SEC028", "policies/time", True),
    ]


def test_guangxi() -> None:
    """No firewall and no exit router is named there: nothing passes by silence, and nothing is an error."""
    inventory, plan = load(PROJECTS / "guangxi").inventory, load_plan(PROJECTS / "guangxi").plan
    assert inventory is not None and plan is not None
    findings = checked(Context(inventory, plan, TODAY))
    assert [f.subject for f in findings if f.status is Status.FAILED and f.code[:3] == "SEC"] == [
        "fleets/a-control-2", "fleets/b-control-1",
    ]  # fmt: skip
    open_codes = Counter(f.code for f in findings if f.status is Status.NOT_EVALUATED)
    assert open_codes == {"SEC001": 2, "SEC004": 2, "SEC013": 2, "SEC014": 1, "SEC030": 2}
