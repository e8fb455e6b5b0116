"""Redundancy checks: one good project, and the same with one thing broken, gives one finding at that line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

import topology.checks.redundancy
import topology.checks.redundancy_links
import topology.checks.redundancy_quorum
import topology.checks.redundancy_sites
import topology.checks.redundancy_spread  # noqa: F401  (registers the checks)
from inventory.checks import Context, Report
from inventory.findings import Finding, Severity, Status
from inventory.load import load
from inventory.plan_model import Cable, CableKind, Cord, End, PlacedDevice, Plan
from inventory.plan_store import load_plan, write_plan
from tests.check_runs import run_of

TODAY = date(2026, 6, 1)
MODULES = {
    "topology.checks.redundancy",
    "topology.checks.redundancy_links",
    "topology.checks.redundancy_quorum",
    "topology.checks.redundancy_sites",
    "topology.checks.redundancy_spread",
}


TYPE = """\
manufacturer: Generic
model: Two cards
slug: two-cards
u_height: 2
interfaces:
  - {name: p1, type: 10gbase-x-sfpp}
  - {name: p2, type: 10gbase-x-sfpp}
  - {name: BMC, type: 1000base-t, mgmt_only: true}
power-ports:
  - {name: PSU1, type: iec-60320-c14}
  - {name: PSU2, type: iec-60320-c14}
rackwright:
  kind: server
  components:
    - {part: nic-2x10g-sr, count: 2}
  sources: {components: sample, interfaces: sample}
  assumed: {u_height: sample, is_full_depth: sample, power-ports: sample}
"""
PAIR = """\
  - name: {name}
    title: {{en: Pair, zh: 对}}
    device_type: access-10g-48s6q
    site: {site}
    port_plan: access
    downlink: {{cable: fibre-om4-lc, optic: sfpp-10g-sr}}
    uplinks: {{to: [{site}-D1, {site}-D2], per_member: 2, cable: fibre-om4-mpo, optic: qsfpp-40g-sr4}}
"""
PROJECT = (
    """\
project: {name: small, title: {en: Small, zh: 小}}
sites:
  - {name: A, role: production, title: {en: A, zh: A}}
  - {name: B, role: dr, title: {en: B, zh: B}}
  - {name: W, role: witness, title: {en: W, zh: W}}
rooms:
  - {name: A01, site: A}
  - {name: B01, site: B}
panels:
  - {name: A01-PA, room: A01, side: a, ups: A-UPS-A, voltage_v: 220}
  - {name: A01-PB, room: A01, side: b, ups: A-UPS-B, voltage_v: 220}
ups:
  - {name: A-UPS-A, site: A, side: a}
  - {name: A-UPS-B, site: A, side: b}
rows:
  - name: A01-A
    room: A01
    y_m: 2.0
    rack_type: rack-42u-1200-5kw
    feeds: {a: {panel: A01-PA, breaker_a: 32}, b: {panel: A01-PB, breaker_a: 32}}
    racks: [{name: A01-A01}, {name: A01-A02}, {name: A01-A03}, {name: A01-A04}, {name: A01-A05}]
  - name: B01-A
    room: B01
    y_m: 2.0
    rack_type: rack-42u-1200-5kw
    feeds: {a: {panel: A01-PA, breaker_a: 32}, b: {panel: A01-PB, breaker_a: 32}}
    racks: [{name: B01-A01}, {name: B01-A02}, {name: B01-A03}]
sts:
  - {name: STS-1, rack: A01-A01, rating_a: 16}
  - {name: STS-2, rack: A01-A02, rating_a: 16}
port_plans:
  - name: access
    device_type: access-10g-48s6q
    ranges: {server: "10GE1/0/[1-40]", uplink: "100GE1/0/[1-4]"}
  - name: oob
    device_type: oob-1g-48t6s
    ranges: {oob: "GE1/0/[1-48]", uplink: "XGE1/0/[1-2]"}
pairs:
"""
    + "".join(
        PAIR.format(name=f"{site}-P{n}", site=site) for site, n in (("A", 1), ("A", 2), ("A", 3), ("B", 1))
    )
    + """\
oob_switches:
  - name: A-O1
    title: {en: Out of band, zh: 带外}
    device_type: oob-1g-48t6s
    site: A
    rows: [A01-A]
    port_plan: oob
    downlink: {cable: copper-cat6}
    uplinks: {to: [A-M1, A-M2], per_member: 2, cable: copper-cat6}
existing_switches:
  - {name: A-D1, title: {en: Core, zh: 核心}, site: A, role: core}
  - {name: A-D2, title: {en: Core, zh: 核心}, site: A, role: core}
  - {name: A-M1, title: {en: Core, zh: 核心}, site: A, role: oob-core}
  - {name: A-M2, title: {en: Core, zh: 核心}, site: A, role: oob-core}
  - {name: B-D1, title: {en: Core, zh: 核心}, site: B, role: core}
  - {name: B-D2, title: {en: Core, zh: 核心}, site: B, role: core}
fleets:
  - name: a-control
    title: {en: Control, zh: 管控}
    role: server
    device_type: two-cards
    count: 5
    site: A
    service: control
    attach: {pairs: [A-P1, A-P2, A-P3]}
    spread: {racks_min: 3, max_per_rack: 2}
  - name: a-store
    title: {en: Store, zh: 存储}
    role: server
    device_type: two-cards
    count: 6
    site: A
    service: store
    attach: {pairs: [A-P1, A-P2, A-P3]}
  - name: b-store
    title: {en: Store, zh: 存储}
    role: server
    device_type: two-cards
    count: 3
    site: B
    service: store
    attach: {pairs: [B-P1]}
  - name: b-control
    title: {en: Control, zh: 管控}
    role: server
    device_type: two-cards
    count: 1
    site: B
    service: control
    attach: {pairs: [B-P1]}
  - name: a-fw-1
    title: {en: Firewall, zh: 防火墙}
    role: appliance
    device_type: cloud-hsm-2u
    count: 1
    site: A
    ha_group: firewall
    sts: STS-1
    attach: {pairs: [A-P1], interfaces: [eth1]}
  - name: a-fw-2
    title: {en: Firewall, zh: 防火墙}
    role: appliance
    device_type: cloud-hsm-2u
    count: 1
    site: A
    ha_group: firewall
    sts: STS-2
    attach: {pairs: [A-P1], interfaces: [eth1]}
  - {name: a-console, title: {en: Console, zh: 串口}, role: console-server, device_type: console-server-32, count: 1, site: A}
  - {name: b-console, title: {en: Console, zh: 串口}, role: console-server, device_type: console-server-32, count: 1, site: B}
services:
  - name: store
    title: {en: Store, zh: 存储}
    mode: active-active
    sites: [A, B]
    rpo_s: 0
  - name: control
    title: {en: Control, zh: 管控}
    mode: primary-standby
    sites: [A, B]
    depends_on: [store]
  - name: report
    title: {en: Report, zh: 报表}
    mode: single
    sites: [A]
    protected: false
    depends_on: [control]
replica_groups:
  - {name: a-store, fleets: [a-store], copies: 3, racks_min: 3, pairs_min: 3}
  - {name: b-store, fleets: [b-store], scheme: erasure, data_shards: 2, parity_shards: 1}
quorums:
  - name: control
    title: {en: Control, zh: 管控}
    scope: rack
    votes:
      - {site: A, votes: 5, fleet: a-control}
  - name: platform
    title: {en: Platform, zh: 平台}
    scope: site
    votes:
      - {site: A, votes: 2}
      - {site: B, votes: 2}
      - {site: W, votes: 1}
site_links:
  - name: dci-1
    a: A
    b: B
    carrier: one
    conduit: north
    entry_a: a-north
    entry_b: b-north
    equipment: dci-switch-1
    power_side: a
    route_km: 30
    bandwidth_gbps: 40
    peak_gbps: 20
    encrypted: true
  - name: dci-2
    a: B
    b: A
    carrier: two
    conduit: south
    entry_a: b-south
    entry_b: a-south
    equipment: dci-switch-2
    power_side: b
    route_km: 60
    bandwidth_gbps: 40
    peak_gbps: 25
    encrypted: true
  - {name: a-w, a: A, b: W, encrypted: true}
  - {name: b-w, a: B, b: W, encrypted: true}
"""
)
RACKS = {
    "a-control": [1, 1, 2, 2, 3], "a-store": [1, 1, 2, 2, 3, 3], "b-store": [1, 2, 3], "b-control": [1],
    "a-fw-1": [1], "a-fw-2": [2], "a-console": [3], "b-console": [3],
}  # fmt: skip


def small_plan() -> Plan:
    """Devices in racks, dual-corded but for the firewalls, each server cabled to both members of its pair."""
    devices: list[PlacedDevice] = []
    cables: list[Cable] = []
    cords: list[Cord] = []

    def place(name: str, owner: str, kind: str, site: str, rack: int, pair: str | None = None) -> None:
        at = f"{site}01-A{rack:02d}"
        devices.append(
            PlacedDevice(name=name, owner=owner, device_type=kind, site=site, rack=at, position=1, pair=pair)
        )
        single = owner.startswith("a-fw")
        for side in "a" if single else "ab":
            pdu = f"STS-{owner[-1]}" if single else f"{at}/pdu-{side}"
            cords.append(
                Cord(id=f"P-{len(cords):03d}", device=name, inlet=f"PSU{'ab'.index(side) + 1}", rack=at,
                     side="a" if side == "a" else "b", pdu=pdu, bank="B1", outlet=str(len(cords)))
            )  # fmt: skip

    def cable(kind: CableKind, a: str, a_port: str, b: str) -> None:
        cables.append(
            Cable(id=f"F-{len(cables):03d}", kind=kind, type="fibre", speed_gbps=10.0, a=End(device=a, port=a_port),
                  b=End(device=b, port=None), length_m=None, stock_m=None, label_a="", label_b="")
        )  # fmt: skip

    for site, n in (("A", 1), ("A", 2), ("A", 3), ("B", 1)):
        for i, side in enumerate("AB"):
            place(f"{site}-P{n}{side}", f"{site}-P{n}", "access-10g-48s6q", site, n + i)
            for core in (1, 2):
                cable("uplink", f"{site}-P{n}{side}", f"100GE1/0/{core}", f"{site}-D{core}")
    place("A-O1", "A-O1", "oob-1g-48t6s", "A", 5)
    cable("oob-uplink", "A-O1", "XGE1/0/1", "A-M1")
    cable("oob-uplink", "A-O1", "XGE1/0/2", "A-M2")
    for fleet, racks in RACKS.items():
        site = fleet[0].upper()
        for n, rack in enumerate(racks, 1):
            pair = None if "console" in fleet else f"A-P{(n - 1) % 3 + 1}" if site == "A" else "B-P1"
            place(f"{fleet}-{n:03d}", fleet, "two-cards", site, rack, pair)
            sides = fleet[-1].replace("1", "A").replace("2", "B") if "fw" in fleet else "AB"
            for port, side in enumerate(sides if pair else "", 1):
                cable("access", f"{fleet}-{n:03d}", f"p{port}", f"{pair}{side}")
    return Plan(
        devices=tuple(sorted(devices, key=lambda d: d.name)), cables=tuple(cables), cords=tuple(cords)
    )


def report(folder: Path) -> Report:
    loaded, plan = load(folder), load_plan(folder)
    assert loaded.inventory is not None, [f.to_text() for f in loaded.findings]
    assert plan.plan is not None, [f.to_text() for f in plan.findings]
    return run_of(MODULES, Context(loaded.inventory, plan.plan, TODAY))


def red(folder: Path) -> list[Finding]:
    return [f for f in report(folder).findings if f.code.startswith("RED")]


def build(folder: Path, text: str = PROJECT, plan: Plan | None = None) -> Path:
    (folder / "catalog" / "device-types" / "Generic").mkdir(parents=True)
    (folder / "catalog" / "device-types" / "Generic" / "two-cards.yaml").write_text(TYPE, encoding="utf-8")
    (folder / "project.yml").write_text(text, encoding="utf-8")
    write_plan(folder, plan or small_plan())
    return folder


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return build(tmp_path / "small")


def edit(path: Path, old: str, new: str) -> int:
    """Replace the only place where `old` stands; returns the line of the first difference, 1-based."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    path.write_text(text.replace(old, new), encoding="utf-8")
    at = text.index(old)
    at += next((i for i, (x, y) in enumerate(zip(old, new, strict=False)) if x != y), 0)
    return text[:at].count("\n") + 1


def test_good_project_has_no_finding(good: Path) -> None:
    result = report(good)
    assert [f.to_text() for f in result.findings if f.code.startswith("RED")] == []
    verdicts = {o.code: o.verdict for o in result.outcomes if o.code.startswith("RED")}
    assert {code for code, verdict in verdicts.items() if verdict != "passed"} == set()


INVENTORY, DEVICES, NIC = "project.yml", "plan/devices.yml", "two-cards.yaml"


def rack_of(name: str, owner: str, rack: str, kind: str = "two-cards", site: str = "A") -> str:
    return f"{{name: {name}, owner: {owner}, device_type: {kind}, site: {site}, rack: {rack}"


def edited(old: str, new: str, *names: str) -> tuple[str, str, str]:
    """An edit of one device's rack."""
    name, owner, *kind = names
    line = rack_of(name, owner, old, *kind)
    return DEVICES, line, line.replace(f"rack: {old}", f"rack: {new}")


BROKEN = {
    "ha-in-one-rack": (*edited("A01-A02", "A01-A01", "a-fw-2-001", "a-fw-2"), "RED001"),
    "ha-in-one-rack-first": (*edited("A01-A01", "A01-A02", "a-fw-1-001", "a-fw-1"), "RED001"),
    "ha-alone": (INVENTORY, "    ha_group: firewall\n    sts: STS-2", "    ha_group: other\n    sts: STS-2", None),
    "pair-in-one-rack": (*edited("A01-A03", "A01-A02", "A-P2B", "A-P2", "access-10g-48s6q"), "RED005"),
    "pair-in-one-rack-first": (*edited("A01-A02", "A01-A03", "A-P2A", "A-P2", "access-10g-48s6q"), "RED005"),
    "more-copies-than-racks": (INVENTORY, "copies: 3, racks_min: 3", "copies: 4, racks_min: 3", "RED007"),
    "shards-too-dense": (INVENTORY, "data_shards: 2, parity_shards: 1", "data_shards: 3, parity_shards: 1", "RED008"),
    "store-heaped": (*edited("A01-A03", "A01-A01", "a-store-005", "a-store"), "RED009"),
    "fleet-heaped": (INVENTORY, "spread: {racks_min: 3, max_per_rack: 2}", "spread: {racks_min: 4, max_per_rack: 2}", "RED010"),
    "voters-heaped": (*edited("A01-A03", "A01-A01", "a-control-005", "a-control"), "RED011"),
    "votes-even": (INVENTORY, "{site: W, votes: 1}", "{site: W, votes: 2}", "RED013"),
    "votes-even-at-a-site": (INVENTORY, "{site: A, votes: 2}", "{site: A, votes: 3}", "RED013"),
    "votes-at-two-sites": (INVENTORY, "{site: B, votes: 2}", "{site: B, votes: 0}", "RED014"),
    "votes-majority": (INVENTORY, "{site: A, votes: 2}", "{site: A, votes: 4}", "RED015"),
    "witness-behind-a": (INVENTORY, "a: B, b: W, encrypted", "a: B, b: W, via: A, encrypted", "RED016"),
    "votes-of-nobody": (INVENTORY, "votes: 5, fleet: a-control", "votes: 7, fleet: a-control", "RED018"),
    "votes-of-another-site": (INVENTORY, "{site: A, votes: 5, fleet", "{site: B, votes: 5, fleet", "RED018"),
    "same-carrier": (INVENTORY, "carrier: two", "carrier: one", "RED021"),
    "same-conduit": (INVENTORY, "conduit: south", "conduit: north", "RED021"),
    "same-entry": (INVENTORY, "entry_b: a-south", "entry_b: a-north", "RED021"),
    "same-equipment": (INVENTORY, "equipment: dci-switch-2", "equipment: dci-switch-1", "RED021"),
    "same-power-side": (INVENTORY, "power_side: b\n", "power_side: a\n", "RED021"),
    "link-too-long": (INVENTORY, "route_km: 60", "route_km: 190", "RED023"),
    "not-encrypted": (INVENTORY, "{name: a-w, a: A, b: W, encrypted: true}", "{name: a-w, a: A, b: W, encrypted: false}", "RED024"),
    "service-at-one-site": (INVENTORY, "    sites: [A, B]\n    rpo_s", "    sites: [A]\n    rpo_s", "RED030"),
    "service-without-devices": (INVENTORY, "    service: control\n    attach: {pairs: [B-P1]}", "    attach: {pairs: [B-P1]}", None),
    "cycle": (INVENTORY, "    depends_on: [control]", "    depends_on: [report]", "RED031"),
}  # fmt: skip


@pytest.mark.parametrize("name", [n for n, case in BROKEN.items() if case[3]])
def test_one_broken_value_one_finding_at_its_line(good: Path, name: str) -> None:
    file, old, new, code = BROKEN[name]
    line = edit(good / file, old, new)
    found = [f for f in red(good) if f.status is Status.FAILED]
    assert [f.code for f in found] == [code], [f.to_text() for f in found]
    source = found[0].source
    assert source is not None
    assert (source.path.endswith(file), source.line) == (True, line), found[0].to_text()
    assert found[0].fix is not None
    assert found[0].clause


@pytest.mark.parametrize(
    ("name", "findings"),
    [
        ("ha-alone", [("RED003", "ha_groups/firewall"), ("RED003", "ha_groups/other")]),
        ("service-without-devices", [("RED030", "services/control")]),
    ],
)
def test_what_shows_elsewhere_than_at_the_edit(
    good: Path, name: str, findings: list[tuple[str, str]]
) -> None:
    file, old, new, _ = BROKEN[name]
    edit(good / file, old, new)
    assert sorted((f.code, f.subject) for f in red(good) if f.status is Status.FAILED) == findings


def changed(text: str, *edits: tuple[str, str]) -> str:
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return text


def test_automatic_failover_needs_a_witness(tmp_path: Path) -> None:
    without = changed(PROJECT, ("      - {site: W, votes: 1}\n", ""))
    found = red(build(tmp_path / "auto", without))
    assert [f.code for f in found] == ["RED017"]
    by_hand = changed(
        without, ("{site: B, votes: 2}\n", "{site: B, votes: 2}\n    automatic_failover: false\n")
    )
    assert red(build(tmp_path / "hand", by_hand)) == []


def test_headroom_shows_its_sum(tmp_path: Path) -> None:
    found = red(build(tmp_path / "p", changed(PROJECT, ("peak_gbps: 25", "peak_gbps: 31"))))
    assert [(f.code, f.subject) for f in found] == [("RED022", "dci-2")]
    assert "1.3 x 31 = 40.3 > 40 Gbit/s" in found[0].arithmetic


def test_one_link_between_the_sites(tmp_path: Path) -> None:
    start, end = PROJECT.index("  - name: dci-2"), PROJECT.index("  - {name: a-w")
    found = red(build(tmp_path / "p", PROJECT[:start] + PROJECT[end:]))
    assert [(f.code, f.subject) for f in found] == [("RED020", "A-B")]


def test_third_link_may_share_what_two_others_do_not(tmp_path: Path) -> None:
    third = "  - {name: dci-3, a: A, b: B, carrier: one, bandwidth_gbps: 40, peak_gbps: 20, route_km: 30, encrypted: true}\n"
    assert red(build(tmp_path / "p", changed(PROJECT, ("  - {name: a-w", third + "  - {name: a-w")))) == []


def test_unknown_is_not_evaluated(tmp_path: Path) -> None:
    text = changed(
        PROJECT, ("    carrier: one\n", ""), ("    conduit: north\n", ""), ("    peak_gbps: 20\n", ""),
        ("    route_km: 30\n", ""), ("a: A, b: W, encrypted: true", "a: A, b: W"), (", data_shards: 2", ""),
    )  # fmt: skip
    found = red(build(tmp_path / "p", text))
    assert {f.status for f in found} == {Status.NOT_EVALUATED}
    assert sorted((f.code, f.subject) for f in found) == [
        ("RED008", "replica_groups/b-store/B"),
        ("RED021", "dci-1+dci-2"),
        ("RED022", "dci-1"),
        ("RED023", "dci-1"),
        ("RED024", "a-w"),
    ]


def test_copies_that_may_not_share_a_pair_need_as_many_pairs(tmp_path: Path) -> None:
    text = changed(PROJECT, ("copies: 3, racks_min: 3", "copies: 3, domain: pair, racks_min: 3"))
    plan = small_plan()
    moved = tuple(
        d.model_copy(update={"pair": "A-P1"}) if d.owner == "a-store" and d.pair == "A-P3" else d
        for d in plan.devices
    )
    on_three, on_two = (
        [
            f
            for f in red(build(tmp_path / name, text, plan=replace(plan, devices=devices)))
            if f.code == "RED007"
        ]
        for name, devices in (("three", plan.devices), ("two", moved))
    )
    assert on_three == []
    assert [(f.subject, f.arithmetic) for f in on_two] == [("replica_groups/a-store/A", "2 pairs < 3 copies")]


def test_devices_without_rack_cord_or_cable_are_not_evaluated(tmp_path: Path) -> None:
    plan = small_plan()
    bare = tuple(d.model_copy(update={"rack": None, "position": None}) for d in plan.devices)
    folder = build(tmp_path / "p", plan=Plan(devices=bare))
    found = red(folder)
    assert {f.status for f in found} == {Status.NOT_EVALUATED}
    assert {"RED001", "RED002", "RED005", "RED006", "RED007", "RED010", "RED011"} <= {f.code for f in found}


def test_before_the_first_plan(tmp_path: Path) -> None:
    folder = build(tmp_path / "p")
    inventory = load(folder).inventory
    assert inventory is not None
    outcomes = {o.code: o for o in run_of(MODULES, Context(inventory, None, TODAY)).outcomes}
    assert outcomes["RED005"].verdict == "not evaluated"
    assert outcomes["RED018"].verdict == "passed"


def test_partners_on_one_switch_and_on_one_side(good: Path) -> None:
    path = good / "plan" / "cables.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("a: {device: a-fw-2-001, port: p1}, b: {device: A-P1B, port: null}", "a: {device: a-fw-2-001, port: p1}, b: {device: A-P1A, port: null}"), encoding="utf-8")  # fmt: skip
    assert [(f.code, f.subject) for f in red(good)] == [("RED002", "ha_groups/firewall")]
    path = good / "plan" / "cords.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("pdu: STS-1", "pdu: A01-A01/pdu-a").replace("pdu: STS-2", "pdu: A01-A02/pdu-a"),
        encoding="utf-8",
    )
    assert [f.code for f in red(good)] == ["RED006", "RED002"] or {f.code for f in red(good)} == {
        "RED002",
        "RED006",
    }


def test_single_switch_above(good: Path) -> None:
    path = good / "plan" / "cables.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("b: {device: B-D2, port: null}", "b: {device: B-D1, port: null}"), encoding="utf-8"
    )
    found = sorted((f.code, f.subject, f.severity) for f in red(good))
    assert found == [("RED026", "B-P1", Severity.ERROR)]


def test_one_card_for_both_links(good: Path) -> None:
    path = good / "catalog" / "device-types" / "Generic" / NIC
    path.write_text(TYPE.replace("count: 2}", "count: 1}"), encoding="utf-8")
    found = red(good)
    assert [(f.code, f.subject) for f in found] == [
        ("RED025", "device_types/two-cards"),
    ]
    assert found[0].message.en.startswith("11 at A, ")


def test_two_pairs_cannot_hold_four_voters(tmp_path: Path) -> None:
    plan = small_plan()
    moved = tuple(
        d.model_copy(update={"pair": "A-P1"}) if d.owner == "a-control" and d.pair == "A-P3" else d
        for d in plan.devices
    )
    found = red(build(tmp_path / "p", plan=Plan(devices=moved, cables=plan.cables, cords=plan.cords)))
    assert [(f.code, f.severity) for f in found] == [("RED012", Severity.WARNING)]
    assert found[0].arithmetic == "at most 5 - (5 // 2 + 1) = 2 per pair; pairs: A-P1 3, A-P2 2"


def test_two_voters_bear_no_loss(tmp_path: Path) -> None:
    text = changed(
        PROJECT,
        ("votes: 5, fleet: a-control", "votes: 1, fleet: b-control"),
        ("- {site: A, votes: 1, fleet", "- {site: B, votes: 1, fleet"),
    )
    assert [f.code for f in red(build(tmp_path / "p", text))] == ["RED011"]


def test_dependency_missing_where_the_service_must_survive(tmp_path: Path) -> None:
    """An unprotected link in the chain is walked through; a protected one answers for itself."""
    text = changed(
        PROJECT,
        ("    depends_on: [store]\n", "    depends_on: [store, report]\n"),
        ("    depends_on: [control]\n", ""),
    )
    found = red(build(tmp_path / "p", text))
    assert [(f.code, f.subject) for f in found] == [("RED032", "services/control")]
    assert found[0].arithmetic == "control: A, B; report: A"


def test_service_nobody_carries_is_not_evaluated(tmp_path: Path) -> None:
    extra = (
        "  - {name: dns, title: {en: DNS, zh: 域名}, mode: active-active, sites: [A, B]}\nreplica_groups:\n"
    )
    found = red(build(tmp_path / "p", changed(PROJECT, ("replica_groups:\n", extra))))
    assert [(f.code, f.status) for f in found] == [("RED030", Status.NOT_EVALUATED)]
