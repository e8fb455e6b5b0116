"""Addressing checks: one good project, and the same with one thing broken, gives one finding at that line."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

import topology.checks.addressing
import topology.checks.addressing_asns
import topology.checks.addressing_coverage
import topology.checks.addressing_pools
import topology.checks.addressing_prefixes
import topology.checks.addressing_rows  # noqa: F401  (registers the checks)
from inventory.checks import Context, Report
from inventory.findings import Finding, Severity, Status
from inventory.inventory import Inventory
from inventory.load import load
from inventory.plan_model import Cable, End, PlacedDevice, Plan, PlannedAddress
from inventory.plan_store import load_plan, write_plan
from tests.check_runs import run_of
from topology.addresses import plan_addresses

ADDRESSING = ("NET00", "NET01", "NET02")
"""Codes of addressing; those of the fabric, from NET030, may be registered by other tests of the run."""

TODAY = date(2026, 6, 1)
MODULES = {
    "topology.checks.addressing",
    "topology.checks.addressing_asns",
    "topology.checks.addressing_coverage",
    "topology.checks.addressing_pools",
    "topology.checks.addressing_prefixes",
    "topology.checks.addressing_rows",
}


PROJECT = """\
project: {name: small, title: {en: Small, zh: 小}}
sites:
  - {name: A, role: production, title: {en: A, zh: A}}
  - {name: B, role: dr, title: {en: B, zh: B}}
zones:
  - {name: core, title: {en: Core, zh: 核心}, kind: core}
  - {name: oob, title: {en: Out of band, zh: 带外}, kind: oob}
  - {name: exit, title: {en: Exit, zh: 出口}, kind: exit}
port_plans:
  - name: access
    device_type: access-10g-48s6q
    ranges: {server: "10GE1/0/[1-40]", uplink: "100GE1/0/[1-4]"}
pairs:
  - name: A-P1
    title: {en: Pair, zh: 对}
    device_type: access-10g-48s6q
    site: A
    port_plan: access
    downlink: {cable: fibre-om4-lc, optic: sfpp-10g-sr}
    uplinks: {to: [A-D1, A-D2], per_member: 2, cable: fibre-om4-mpo, optic: qsfpp-40g-sr4}
  - name: A-P2
    title: {en: Pair, zh: 对}
    device_type: access-10g-48s6q
    site: A
    port_plan: access
    downlink: {cable: fibre-om4-lc, optic: sfpp-10g-sr}
    uplinks: {to: [A-D1, A-D2], per_member: 2, cable: fibre-om4-mpo, optic: qsfpp-40g-sr4}
  - name: B-P1
    title: {en: Pair, zh: 对}
    device_type: access-10g-48s6q
    site: B
    port_plan: access
    downlink: {cable: fibre-om4-lc, optic: sfpp-10g-sr}
    keepalive: port
existing_switches:
  - {name: A-D1, title: {en: Core, zh: 核心}, site: A, role: core, asn: 65100}
  - {name: A-D2, title: {en: Core, zh: 核心}, site: A, role: core, asn: 65100}
  - {name: A-D3, title: {en: Core, zh: 核心}, site: A, role: core, asn: 65100}
existing_hosts:
  - name: platform
    stated: 2
    hosts:
      - {name: cn-01, addresses: ["10.9.0.11"], serial: S1, mac: "00:1b:21:00:00:01"}
      - {name: cn-02, addresses: ["10.9.0.12"], serial: S2, mac: "00:1b:21:00:00:02"}
reserved_prefixes:
  - {prefix: 10.9.0.0/16, reason: existing platform}
fleets:
  - name: a-ecs
    title: {en: ECS, zh: ECS}
    role: server
    device_type: hygon-c86-ecs-2u
    count: 6
    site: A
    zone: core
    attach: {pairs: [A-P1, A-P2]}
  - name: b-ecs
    title: {en: ECS, zh: ECS}
    role: server
    device_type: hygon-c86-ecs-2u
    count: 4
    site: B
    zone: core
    attach: {pairs: [B-P1]}
pools:
  - {name: a-loopback, plane: loopback, site: A, prefix: 10.10.255.0/24}
  - {name: a-p2p, plane: p2p, site: A, prefix: 10.10.254.0/24}
  - {name: a-business, plane: business, site: A, prefix: 10.10.0.0/20, per_pair_length: 26}
  - {name: a-storage, plane: storage, site: A, prefix: 10.10.16.0/22}
  - {name: a-bmc, plane: bmc, site: A, prefix: 10.10.240.0/24}
  - {name: a-mgmt, plane: mgmt, site: A, prefix: 10.10.241.0/24}
  - {name: b-loopback, plane: loopback, site: B, prefix: 10.20.255.0/24}
  - {name: b-interconnect, plane: interconnect, site: B, prefix: 10.20.253.0/24}
  - {name: b-business, plane: business, site: B, prefix: 10.20.0.0/20}
  - {name: b-storage, plane: storage, site: B, prefix: 10.20.16.0/22}
  - {name: b-bmc, plane: bmc, site: B, prefix: 10.20.240.0/24}
  - {name: b-mgmt, plane: mgmt, site: B, prefix: 10.20.241.0/24}
vlans:
  - {vid: 101, name: business-1, site: A, plane: business, zone: core, pair: A-P1}
  - {vid: 102, name: business-2, site: A, plane: business, zone: core, pair: A-P2}
  - {vid: 1001, name: storage, site: A, plane: storage, zone: core}
  - {vid: 3001, name: bmc, site: A, plane: bmc, zone: oob}
  - {vid: 101, name: business-1, site: B, plane: business, zone: core, pair: B-P1}
asn_pools:
  - {name: a-core, site: A, role: core, first: 65100, last: 65100}
  - {name: a-access, site: A, role: access, first: 65101, last: 65199}
  - {name: b-access, site: B, role: access, first: 65201, last: 65299}
"""
STONE = PlannedAddress(
    address="10.10.0.40", prefix="10.10.0.0/26", plane="business", device="a-old-001", interface="bond0",
    released="2026-05-20",
)  # fmt: skip


def uplinks(inventory: Inventory) -> tuple[Cable, ...]:
    """One uplink of each member of A to each core switch its pair names."""
    ends = [
        (f"{pair.name}{side}", port, core)
        for pair in inventory.pairs.values()
        if pair.uplinks
        for side in "AB"
        for port, core in enumerate(pair.uplinks.to, 1)
    ]
    return tuple(
        Cable(
            id=f"A-F-{n:06d}", kind="uplink", type="fibre-om4-mpo", speed_gbps=40.0,
            a=End(device=member, port=f"100GE1/0/{port}"), b=End(device=core, port=None),
            length_m=None, stock_m=None, label_a="", label_b="",
        )
        for n, (member, port, core) in enumerate(ends, 1)
    )  # fmt: skip


def devices(inventory: Inventory) -> tuple[PlacedDevice, ...]:
    """All devices of the project, servers dealt over the pairs of their fleet, none in a rack."""
    out = []
    for device in inventory.devices.values():
        attach = getattr(device.record, "attach", None)
        pair = attach.pairs[device.index % len(attach.pairs)] if attach else None
        out.append(
            PlacedDevice(name=device.name, owner=device.owner, device_type=device.type.slug, site=device.site, pair=pair)
        )  # fmt: skip
    return tuple(sorted(out, key=lambda d: d.name))


def project(folder: Path, text: str = PROJECT) -> Inventory:
    """The inventory written into `folder` and read back."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "project.yml").write_text(text, encoding="utf-8")
    loaded = load(folder)
    assert loaded.inventory is not None, [f.to_text() for f in loaded.findings]
    return loaded.inventory


def planned(inventory: Inventory) -> Plan:
    """A plan with addresses, and one tombstone still in quarantine."""
    placed, cables = devices(inventory), uplinks(inventory)
    prefixes, asns, addresses = plan_addresses(inventory, placed, cables, None, TODAY)
    rows = sorted((*addresses, STONE), key=lambda r: tuple(int(n) for n in r.address.split(".")))
    return Plan(devices=placed, cables=cables, prefixes=prefixes, asns=asns, addresses=tuple(rows))


def report(folder: Path) -> Report:
    """What the checks say about the project and the plan in `folder`."""
    loaded, plan = load(folder), load_plan(folder)
    assert loaded.inventory is not None, [f.to_text() for f in loaded.findings]
    assert plan.plan is not None, [f.to_text() for f in plan.findings]
    return run_of(MODULES, Context(loaded.inventory, plan.plan, TODAY))


def net_findings(folder: Path) -> list[Finding]:
    return [f for f in report(folder).findings if f.code.startswith(ADDRESSING)]


@pytest.fixture
def good(tmp_path: Path) -> Path:
    folder = tmp_path / "small"
    write_plan(folder, planned(project(folder)))
    return folder


def edit(path: Path, old: str, new: str) -> int:
    """Replace the only place where `old` stands; returns its line, 1-based."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_good_project_has_no_finding(good: Path) -> None:
    result = report(good)
    assert [f.to_text() for f in result.findings if f.code.startswith(ADDRESSING)] == []
    verdicts = {o.code: o.verdict for o in result.outcomes if o.code.startswith(ADDRESSING)}
    unmet = {code for code, verdict in verdicts.items() if verdict != "passed"}
    assert unmet == {"NET009"}  # no server stands on an existing pair


INVENTORY, PREFIXES, ADDRESSES, ASNS = (
    "project.yml",
    "plan/prefixes.yml",
    "plan/addresses.yml",
    "plan/asns.yml",
)
A1 = "{prefix: 10.10.0.0/26, pool: a-business, plane: business, site: A, used_by: A-P1, gateway: 10.10.0.1, vid: 101}"
A2 = "{prefix: 10.10.0.64/26, pool: a-business, plane: business, site: A, used_by: A-P2, gateway: 10.10.0.65, vid: 102}"
BMC = (
    "{prefix: 10.10.240.0/24, pool: a-bmc, plane: bmc, site: A, used_by: A, gateway: 10.10.240.1, vid: 3001}"
)
HOST4 = "{address: 10.10.0.4, prefix: 10.10.0.0/26, plane: business, device: a-ecs-002, interface: bond0, vid: 101}"
HOST5 = "{address: 10.10.0.5, prefix: 10.10.0.0/26, plane: business, device: a-ecs-004, interface: bond0, vid: 101}"
BMC4 = (
    "{address: 10.10.240.4, prefix: 10.10.240.0/24, plane: bmc, device: a-ecs-002, interface: BMC, vid: 3001}"
)
BROKEN = {
    # what stands in the inventory
    "pool-of-other-site": (INVENTORY, "prefix: 10.20.16.0/22", "prefix: 10.10.16.0/22", "NET001"),
    "pool-in-use-moved-onto-another": (INVENTORY, "prefix: 10.10.240.0/24", "prefix: 10.20.240.0/24", "NET001"),
    "pool-reserved": (INVENTORY, "prefix: 10.10.16.0/22", "prefix: 10.9.16.0/22", "NET002"),
    "vlan-reserved": (INVENTORY, "vid: 102", "vid: 4050", "NET003"),
    "vlan-one": (INVENTORY, "vid: 3001", "vid: 1", "NET003"),
    "vlan-of-another-plane": (INVENTORY, "vid: 1001", "vid: 201", "NET003"),
    "bmc-in-core-zone": (INVENTORY, "plane: bmc, zone: oob", "plane: bmc, zone: core", "NET008"),
    "storage-at-exit": (INVENTORY, "plane: storage, zone: core", "plane: storage, zone: exit", "NET008"),
    "serial-twice": (INVENTORY, "serial: S2", "serial: S1", "NET005"),
    "mac-twice": (INVENTORY, "00:1b:21:00:00:02", "00-1B-21-00-00-01", "NET005"),
    "existing-address-twice": (INVENTORY, '"10.9.0.12"', '"10.9.0.11"', "NET005"),
    "host-named-like-a-new-device": (INVENTORY, "name: cn-02", "name: a-ecs-003", "NET005"),
    "existing-address-unreadable": (INVENTORY, '"10.9.0.12"', '"10.9.0.312"', "NET006"),
    "existing-host-has-our-address": (INVENTORY, '"10.9.0.12"', '"10.10.0.5"', "NET018"),
    "reserved-over-our-prefix": (INVENTORY, "prefix: 10.9.0.0/16", "prefix: 10.10.0.64/26", "NET018"),
    "asn-pool-public": (INVENTORY, "first: 65101, last: 65199", "first: 64000, last: 64099", "NET007"),
    "asn-pool-shared": (INVENTORY, "first: 65201, last: 65299", "first: 65150, last: 65180", "NET007"),
    "asn-pool-moved": (INVENTORY, "first: 65101, last: 65199", "first: 65301, last: 65399", "NET024"),
    "core-asns-differ": (INVENTORY, "A-D2, title: {en: Core, zh: 核心}, site: A, role: core, asn: 65100",
                         "A-D2, title: {en: Core, zh: 核心}, site: A, role: core, asn: 65101", "NET023"),
    "pool-moved": (INVENTORY, "prefix: 10.10.241.0/24", "prefix: 10.10.250.0/24", "NET011"),
    "pool-shrunk": (INVENTORY, "prefix: 10.10.0.0/20", "prefix: 10.10.0.0/26", "NET011"),
    "site-pool-shrunk": (INVENTORY, "prefix: 10.10.240.0/24", "prefix: 10.10.240.0/29", "NET011"),
    "vlan-zone-of-others": (INVENTORY, "plane: business, zone: core, pair: A-P1", "plane: business, zone: exit, pair: A-P1", "NET027"),
    # what stands in the plan
    "prefix-overlaps": (PREFIXES, A2, A2.replace("10.10.0.64/26", "10.10.0.0/26"), "NET010"),
    "prefix-swallows": (PREFIXES, A1, A1.replace("10.10.0.0/26", "10.10.0.0/25"), "NET010"),
    "prefix-outside-pool": (PREFIXES, A2, A2.replace("10.10.0.64/26", "10.11.0.64/26"), "NET011"),
    "prefix-names-no-pool": (PREFIXES, A1, A1.replace("pool: a-business", "pool: a-busines"), "NET011"),
    "prefix-of-another-site": (PREFIXES, A1, A1.replace("site: A", "site: B"), "NET011"),
    "prefix-unreadable": (PREFIXES, A1, A1.replace("10.10.0.0/26", "10.10.0.1/26"), "NET011"),
    "mask-changed": (PREFIXES, A1, A1.replace("10.10.0.0/26", "10.10.0.0/27"), "NET012"),
    "site-mask-changed": (PREFIXES, BMC, BMC.replace("/24", "/25"), "NET012"),
    "prefix-of-nobody": (PREFIXES, A1, A1.replace("used_by: A-P1", "used_by: A-P9"), "NET012"),
    "prefix-of-another-pair": (PREFIXES, A1, A1.replace("used_by: A-P1", "used_by: A-P2"), "NET012"),
    "prefix-of-another-plane": (PREFIXES, A1, A1.replace("plane: business", "plane: bmc"), "NET011"),
    "prefix-from-another-pool": (PREFIXES, A1, A1.replace("pool: a-business", "pool: b-business"), "NET011"),
    "gateway-last": (PREFIXES, A1, A1.replace("gateway: 10.10.0.1", "gateway: 10.10.0.62"), "NET013"),
    "gateway-elsewhere": (PREFIXES, BMC, BMC.replace("gateway: 10.10.240.1", "gateway: 10.10.0.1"), "NET013"),
    "gateway-missing": (PREFIXES, A1, A1.replace("gateway: 10.10.0.1, ", ""), "NET013"),
    "vlan-of-another-pair": (PREFIXES, A2, A2.replace("vid: 102", "vid: 101"), "NET014"),
    "vlan-missing": (PREFIXES, BMC, BMC.replace(", vid: 3001", ""), "NET014"),
    "address-in-other-vlan": (ADDRESSES, HOST4, HOST4.replace("vid: 101", "vid: 102"), "NET014"),
    "address-twice-next": (ADDRESSES, HOST4, HOST4.replace("10.10.0.4", "10.10.0.5"), "NET015"),
    "address-twice-before": (ADDRESSES, HOST5, HOST5.replace("10.10.0.5", "10.10.0.4"), "NET015"),
    "address-twice-far": (ADDRESSES, HOST4, HOST4.replace("10.10.0.4", "10.10.0.68"), "NET015"),
    "address-of-the-gateway": (ADDRESSES, HOST4, HOST4.replace("10.10.0.4", "10.10.0.1"), "NET015"),
    "address-of-a-member": (ADDRESSES, HOST4, HOST4.replace("10.10.0.4", "10.10.0.3"), "NET015"),
    "address-outside": (ADDRESSES, HOST4, HOST4.replace("10.10.0.4", "10.10.9.4"), "NET016"),
    "address-unreadable": (ADDRESSES, HOST4, HOST4.replace("10.10.0.4", "10.10.0.444"), "NET016"),
    "address-names-no-prefix": (ADDRESSES, HOST4, HOST4.replace("prefix: 10.10.0.0/26", "prefix: 10.10.0.0/25"), "NET016"),
    "network-address": (ADDRESSES, HOST4, HOST4.replace("10.10.0.4", "10.10.0.0"), "NET017"),
    "broadcast-address": (ADDRESSES, HOST4, HOST4.replace("10.10.0.4", "10.10.0.63"), "NET017"),
    "address-reserved": (ADDRESSES, HOST4, HOST4.replace("10.10.0.4, prefix: 10.10.0.0/26", "10.9.4.4, prefix: 10.10.0.0/26"), "NET016"),
    "bmc-in-business-plane": (ADDRESSES, BMC4, BMC4.replace("plane: bmc", "plane: business"), "NET019"),
    "host-in-bmc-plane": (ADDRESSES, HOST4, HOST4.replace("plane: business", "plane: bmc"), "NET019"),
    "bmc-in-business-prefix": (ADDRESSES, BMC4, BMC4.replace("10.10.240.4, prefix: 10.10.240.0/24", "10.10.0.20, prefix: 10.10.0.0/26"), "NET019"),
    "device-mistyped": (ADDRESSES, HOST4, HOST4.replace("a-ecs-002", "a-ecs-020"), "NET028"),
    "device-of-another-line": (ADDRESSES, HOST4, HOST4.replace("a-ecs-002", "a-ecs-004"), "NET028"),
    "interface-mistyped": (ADDRESSES, HOST4, HOST4.replace("bond0", "bond1"), "NET028"),
    "tombstone-reissued": (ADDRESSES, HOST5, HOST5.replace("10.10.0.5", "10.10.0.40"), "NET026"),
    "asn-of-another-pair": (ASNS, "asn: 65102", "asn: 65101", "NET023"),
    "asn-of-the-core": (ASNS, "asn: 65102", "asn: 65100", "NET023"),
    "asn-of-another-site": (ASNS, "asn: 65201", "asn: 65101", "NET023"),
    "asn-of-nobody": (ASNS, "site: A, used_by: A-P1", "site: A, used_by: A-P9", "NET029"),
    "asn-at-the-other-site": (ASNS, "site: A, used_by: A-P1", "site: B, used_by: A-P1", "NET029"),
    "asn-second-of-a-pair": (ASNS, "site: A, used_by: A-P1", "site: A, used_by: A-P2", "NET029"),
    "asn-public": (ASNS, "asn: 65102", "asn: 64102", "NET024"),
    "asn-outside-pool": (ASNS, "asn: 65102", "asn: 65302", "NET024"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_one_broken_value_one_finding_at_its_line(good: Path, name: str) -> None:
    file, old, new, code = BROKEN[name]
    line = edit(good / file, old, new)
    found = [f for f in net_findings(good) if f.status is Status.FAILED]
    assert [f.code for f in found] == [code], [f.to_text() for f in found]
    source = found[0].source
    assert source is not None
    assert (source.path.endswith(file), source.line) == (True, line), found[0].to_text()
    assert found[0].fix is not None


def test_lower_address_on_the_access_side(good: Path) -> None:
    """Swapping takes two edits, so it stands outside the table."""
    path = good / ADDRESSES
    text = path.read_text(encoding="utf-8")
    swapped = text.replace("{address: 10.10.254.0,", "{address: x,")
    swapped = swapped.replace("{address: 10.10.254.1,", "{address: 10.10.254.0,").replace(
        "{address: x,", "{address: 10.10.254.1,"
    )
    path.write_text(swapped, encoding="utf-8")
    assert [(f.code, f.severity) for f in net_findings(good)] == [("NET025", Severity.WARNING)]


def test_missing_line_is_a_missing_address(good: Path) -> None:
    path = good / ADDRESSES
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(f"  - {BMC4}\n", ""), encoding="utf-8")
    found = net_findings(good)
    assert [(f.code, f.subject) for f in found] == [("NET022", "a-ecs-002")]
    assert "bmc (BMC)" in found[0].message.en


def test_empty_list_of_existing_hosts_blocks(good: Path) -> None:
    text = PROJECT.replace("    stated: 2\n", "    stated: 274\n    clause: T1703 ▲\n")
    lines = [line for line in text.splitlines() if "name: cn-0" not in line]
    at = lines.index("    hosts:")
    lines[at] = "    hosts: []"
    (good / INVENTORY).write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = net_findings(good)
    assert [(f.code, f.severity) for f in found] == [("NET004", Severity.ERROR)]
    assert found[0].message.en.startswith("274 hosts stated at tender")
    assert found[0].source is not None
    assert found[0].source.line == at + 1


def test_partly_listed_hosts_warn(good: Path) -> None:
    edit(good / INVENTORY, "stated: 2", "stated: 274")
    found = net_findings(good)
    assert [(f.code, f.severity) for f in found] == [("NET004", Severity.WARNING)]
    assert found[0].arithmetic == "274 stated - 2 listed = 272"


@pytest.mark.parametrize(
    ("old", "new", "subject", "words"),
    [
        ("  - {name: a-bmc, plane: bmc, site: A, prefix: 10.10.240.0/24}\n", "", "bmc/A", "0 of 6 served"),
        ("prefix: 10.10.240.0/24", "prefix: 10.10.240.0/29", "pools/a-bmc", "3 of 6 served"),
        ("prefix: 10.10.0.0/20", "prefix: 10.10.0.0/26", "pools/a-business", "1 per"),
        ("first: 65101, last: 65199", "first: 65101, last: 65101", "pools/a-access", "1 of 2 served"),
    ],
)
def test_pool_missing_or_exhausted(tmp_path: Path, old: str, new: str, subject: str, words: str) -> None:
    folder = tmp_path / "tight"
    write_plan(folder, planned(project(folder, PROJECT.replace(old, new))))
    found = [f for f in net_findings(folder) if f.code == "NET020"]
    assert [f.subject for f in found] == [subject]
    if words != "1 per":
        assert words in found[0].arithmetic
    assert not [f for f in net_findings(folder) if f.code in ("NET022", "NET028")]


def test_shares_are_kept_free(tmp_path: Path) -> None:
    folder = tmp_path / "full"
    text = PROJECT.replace("prefix: 10.20.240.0/24", "prefix: 10.20.240.0/28").replace("count: 4", "count: 8")
    text = text.replace("prefix: 10.20.0.0/20}", "prefix: 10.20.0.0/20, per_pair_length: 28}")
    write_plan(folder, planned(project(folder, text)))
    found = [f for f in net_findings(folder) if f.code == "NET021"]
    assert [f.subject for f in found] == ["pools/b-bmc"]
    assert "14 usable - 3 gateways - 8 issued" in found[0].arithmetic
    text = text.replace("count: 8", "count: 10")
    write_plan(folder, planned(project(folder, text)))
    assert {f.subject for f in net_findings(folder) if f.code == "NET021"} == {
        "pools/b-bmc",
        "prefixes/b-business/B-P1",
    }


def test_gateway_that_is_taken_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "taken"
    text = PROJECT.replace('"10.9.0.12"', '"10.10.240.1"')
    write_plan(folder, planned(project(folder, text)))
    found = net_findings(folder)
    assert [f.code for f in found] == ["NET013"]
    assert "belongs to an existing host" in found[0].message.en


def test_servers_on_an_existing_pair_are_not_evaluated(tmp_path: Path) -> None:
    folder = tmp_path / "existing"
    text = PROJECT.replace("asn: 65100}\n  - {name: A-D2", "asn: 65100, pair: A-OLD}\n  - {name: A-D2")
    text = text.replace("attach: {pairs: [B-P1]}", "attach: {pairs: [A-OLD]}")
    write_plan(folder, planned(project(folder, text)))
    found = [f for f in net_findings(folder) if f.status is Status.NOT_EVALUATED]
    assert [(f.code, f.subject) for f in found] == [("NET009", "A-OLD")]


def test_zone_not_stated_is_not_evaluated(tmp_path: Path) -> None:
    folder = tmp_path / "zone"
    text = PROJECT.replace("    zone: core\n    attach: {pairs: [B-P1]}", "    attach: {pairs: [B-P1]}")
    write_plan(folder, planned(project(folder, text)))
    found = net_findings(folder)
    assert [(f.code, f.status) for f in found] == [("NET027", Status.NOT_EVALUATED)]


def test_keepalive_on_a_port_has_addresses(good: Path) -> None:
    rows = (good / ADDRESSES).read_text(encoding="utf-8")
    assert (
        "{address: 10.20.253.0, prefix: 10.20.253.0/31, plane: interconnect, device: B-P1A, interface: keepalive}"
        in rows
    )


QUIET = {
    # edits other checks own: the addresses say nothing about them
    "device-missing": ("plan/devices.yml", r"  - \{name: a-ecs-002, .*\n", ""),
    "member-missing": ("plan/devices.yml", r"  - \{name: A-P1A, .*\n", ""),
    "device-renamed": ("plan/devices.yml", r"name: a-ecs-002,", "name: a-ecs-002x,"),
    "device-at-another-site": ("plan/devices.yml", r"(name: a-ecs-002, .*)site: A", r"\1site: B"),
    "uplink-missing": ("plan/cables.yml", r"  - \{id: A-F-000003, .*\n", ""),
    "uplink-renamed": ("plan/cables.yml", "id: A-F-000003", "id: A-F-000903"),
    "uplink-of-another-kind": ("plan/cables.yml", "(id: A-F-000003, kind: )uplink", r"\1access"),
    "uplink-on-a-taken-port": ("plan/cables.yml", "(id: A-F-000003, .*)100GE1/0/1", r"\g<1>100GE1/0/2"),
    "uplink-of-another-member": ("plan/cables.yml", "(id: A-F-000003, .*)A-P1B", r"\1A-P2B"),
}  # fmt: skip


@pytest.mark.parametrize("name", QUIET)
def test_faults_of_devices_and_cables_are_left_to_their_checks(good: Path, name: str) -> None:
    file, pattern, new = QUIET[name]
    path = good / file
    text, hits = re.subn(pattern, new, path.read_text(encoding="utf-8"))
    assert hits == 1
    path.write_text(text, encoding="utf-8")
    assert [f.to_text() for f in net_findings(good)] == []
