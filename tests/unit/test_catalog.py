"""The shipped catalogue holds together, outside files load unchanged, and faults are findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory.catalog_model import Capacity, Catalog, DeviceType
from inventory.device_types import load_catalog
from inventory.findings import Finding

ROOT = Path(__file__).parents[2]
SHIPPED = (ROOT / "inventory" / "catalog", "inventory/catalog")
OUTSIDE = (ROOT / "tests" / "data", "tests/data")
SERVERS = {
    # class: cores, memory GB, HDD TB, NVMe TB, SATA SSD TB, weight kg
    "hygon-c86-rds-2u": (64, 1024, 0, 15.36, 0.48, 26),
    "hygon-c86-drds-2u": (48, 512, 0, 7.68, 0.48, 25),
    "hygon-c86-control-nvme-2u": (48, 512, 0, 46.08, 0.96, 27),
    "hygon-c86-realtime-2u": (64, 1024, 0, 30.72, 0.48, 27),
    "hygon-c86-offline-2u": (48, 512, 144, 7.68, 0.96, 33),
    "hygon-c86-ecs-2u": (64, 1024, 0, 1.92, 0.48, 25),
    "hygon-c86-block-2u": (48, 256, 144, 7.68, 0.96, 33),
    "hygon-c86-object-2u": (48, 384, 144, 7.68, 0.96, 33),
    "hygon-c86-integration-2u": (64, 512, 0, 1.92, 0.48, 25),
    "hygon-c86-ops-2u": (48, 512, 96, 11.52, 0.48, 33),
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    catalog, findings = load_catalog([SHIPPED, OUTSIDE])
    assert findings == []
    return catalog


def load(folder: Path, *shipped: tuple[Path, str]) -> tuple[Catalog, list[Finding]]:
    return load_catalog([*shipped, (folder, "mine")])


def write_type(folder: Path, text: str, name: str = "x.yaml") -> None:
    path = folder / "device-types" / "Example" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


HEAD = "manufacturer: Example\nmodel: X\nslug: example-x\nu_height: 1\nis_full_depth: true\n"


def raw_tb(catalog: Catalog, server: DeviceType, media: str) -> float:
    """Raw decimal TB on the disks of one kind."""
    uses = [(catalog.components[use.part], use.count) for use in server.rackwright.components]
    return round(sum((part.tb or 0) * count for part, count in uses if part.media == media), 6)


@pytest.mark.parametrize(("slug", "expected"), SERVERS.items())
def test_server_class(catalog: Catalog, slug: str, expected: tuple[float, ...]) -> None:
    server = catalog.device_types[slug]
    cores, memory, hdd, nvme, ssd, weight = expected
    assert server.capacity(catalog.components) == Capacity(int(cores), int(2 * cores), memory, hdd, 0)
    assert (raw_tb(catalog, server, "nvme"), raw_tb(catalog, server, "ssd")) == (nvme, ssd)
    assert (server.u_height, server.weight_kg, server.kind) == (2, weight, "server")
    names = [i.name for i in server.interfaces]
    assert names == (
        ["p1", "p2", "lan1", "lan2", "BMC"] if slug == "hygon-c86-ops-2u" else ["p1", "p2", "BMC"]
    )
    assert server.rackwright.psu.redundancy == "1+1"


def test_every_server_class_is_covered(catalog: Catalog) -> None:
    assert {s for s, d in catalog.device_types.items() if d.kind == "server"} == set(SERVERS)


@pytest.mark.parametrize(
    ("slug", "counts"),
    [
        ("access-10g-48s6q", {10.0: 48, 100.0: 6, 1.0: 1}),
        ("access-25g-48s8q", {25.0: 48, 100.0: 8, 1.0: 1}),
        ("oob-1g-48t6s", {1.0: 49, 10.0: 6}),
    ],
)
def test_switch_ports(catalog: Catalog, slug: str, counts: dict[float, int]) -> None:
    switch = catalog.device_types[slug]
    found: dict[float | None, int] = {}
    for interface in switch.interfaces:
        found[interface.speed_gbps] = found.get(interface.speed_gbps, 0) + 1
    assert found == counts
    assert [i.name for i in switch.interfaces if i.mgmt_only] == ["MEth0/0/0"]
    assert (len(switch.power_ports), len(switch.console_ports), switch.airflow) == (2, 1, "rear-to-front")


def test_port_behaviour_of_the_25g_switch(catalog: Catalog) -> None:
    switch = catalog.device_types["access-25g-48s8q"]
    assert switch.speed_group_by_port["25GE1/0/6"] == tuple(f"25GE1/0/{n}" for n in (5, 6, 7, 8))
    assert switch.cages_by_port["100GE1/0/1"] == ("qsfp28", "qsfp+")
    assert switch.cages_by_port["25GE1/0/1"] == ("sfp28", "sfp+")
    assert switch.breakout_by_port == {}


def test_console_server_and_pdu(catalog: Catalog) -> None:
    assert len(catalog.device_types["console-server-32"].console_server_ports) == 32
    pdu = catalog.device_types["pdu-32a-2bank"]
    assert len(pdu.power_outlets) == len(pdu.bank_by_outlet) == 48
    assert pdu.bank_by_outlet["B2-C19-04"].name == "B2"
    assert {bank.breaker_a for bank in pdu.rackwright.banks} == {16}


def test_unstated_port_speeds_stay_unknown(catalog: Catalog) -> None:
    hsm = catalog.device_types["cloud-hsm-2u"]
    assert [(i.name, i.speed_gbps) for i in hsm.interfaces if not i.mgmt_only] == [
        ("eth1", None),
        ("eth2", None),
    ]
    assert hsm.rackwright.bypass is None


def test_rack_type(catalog: Catalog) -> None:
    rack = catalog.rack_types["rack-42u-1200-5kw"]
    hints = rack.rackwright
    assert (rack.u_height, hints.usable_u, hints.rated_kw, rack.own_weight_kg) == (42, 40, 5, 130)
    assert (rack.outer_depth_mm, rack.max_weight, hints.layout.server_from_u) == (1200, 1000, 5)
    assert hints.layout.switch_u == (41, 40, 38, 37)
    assert hints.pdus is not None
    assert catalog.device_types[hints.pdus.a].kind == "pdu"


def test_every_figure_of_our_own_types_has_an_origin(catalog: Catalog) -> None:
    """What neither the tender nor a datasheet gives must be marked as assumed."""
    wanted = ("u_height", "weight", "psu.count", "power-ports")
    missing = []
    for slug, entry in catalog.device_types.items():
        if entry.manufacturer != "Generic":
            continue
        cited = {**entry.rackwright.sources, **entry.rackwright.assumed}
        fields = [f for f in wanted if entry.kind != "pdu" or f in ("weight", "power-ports")]
        fields += ["depth_mm"] if entry.depth_mm else []
        fields += ["power.typical_w", "power.peak_w"] if entry.rackwright.power.peak_w else []
        missing += [f"{slug}: {f}" for f in fields if f not in cited]
    for name, part in catalog.components.items():
        cited = {**part.sources, **part.assumed}
        missing += [
            f"{name}: {f}" for f in ("idle_w", "peak_w") if getattr(part, f) is not None and f not in cited
        ]
    for name, optic in catalog.optics.items():
        cited = {**optic.sources, **optic.assumed}
        missing += [
            f"{name}: {f}"
            for f in ("reach_m", "budget_db", "rx_min_dbm", "power_w")
            if getattr(optic, f) and f not in cited
        ]
    assert missing == []


OPTICS = {
    # slug: reach by grade, receive window in dBm, budget by grade
    "sfpp-10g-sr": ({"om3": 300, "om4": 400}, (-9.9, -1.0), {"om3": 2.6, "om4": 2.6}),
    "sfpp-10g-lr": ({"os2": 10000}, (-14.4, 0.5), {"os2": 6.2}),
    "sfp28-25g-sr": ({"om3": 70, "om4": 100}, (-10.3, 2.4), {"om3": 1.8, "om4": 1.9}),
    "qsfpp-40g-sr4": ({"om3": 100, "om4": 150}, (-9.5, 2.4), {"om3": 1.9, "om4": 1.5}),
    "qsfpp-40g-isr4": ({"om3": 100, "om4": 150}, (-9.5, 2.4), {"om3": 1.9, "om4": 1.5}),
    "qsfpp-40g-lr4": ({"os2": 10000}, (-13.7, 2.3), {"os2": 6.7}),
    "qsfp28-100g-sr4": ({"om3": 70, "om4": 100}, (-10.3, 2.4), {"om3": 1.8, "om4": 1.9}),
    "qsfp28-100g-lr4": ({"os2": 10000}, (-10.6, 4.5), {"os2": 6.3}),
}


@pytest.mark.parametrize(("slug", "expected"), OPTICS.items())
def test_optic_levels(
    catalog: Catalog, slug: str, expected: tuple[dict[str, float], tuple[float, float], dict[str, float]]
) -> None:
    optic = catalog.optics[slug]
    assert (optic.reach_m, (optic.rx_min_dbm, optic.rx_max_dbm), optic.budget_db) == expected
    assert optic.tx_min_dbm is not None
    assert optic.rx_min_dbm is not None
    assert optic.tx_min_dbm - optic.rx_min_dbm == pytest.approx(max(optic.budget_db.values()))


def test_which_optics_join(catalog: Catalog) -> None:
    optics = catalog.optics
    assert optics["qsfpp-40g-sr4"].joins(optics["qsfpp-40g-isr4"])
    assert optics["qsfpp-40g-isr4"].joins(optics["qsfpp-40g-sr4"])
    assert optics["sfpp-10g-sr"].joins(optics["sfpp-10g-sr"])
    assert not optics["sfpp-10g-sr"].joins(optics["sfpp-10g-lr"])
    assert not optics["qsfpp-40g-sr4"].joins(optics["qsfp28-100g-sr4"])
    split = optics["qsfpp-40g-sr4"].breaks_into[0]
    assert (split.optic, split.count) == ("sfpp-10g-sr", 4)


def test_cables(catalog: Catalog) -> None:
    dac = catalog.cables["dac-qsfpp-40g"]
    assert dac.fixed_ends
    assert (dac.stock_length_m(3.2), dac.stock_length_m(5.0), dac.stock_length_m(5.1)) == (5, 5, None)
    assert catalog.cables["fibre-om4-mpo"].stock_m == (5, 10, 15, 20, 30, 50, 75, 100, 150)
    assert {c: catalog.cables[f"fibre-{c}-lc"].colour for c in ("om3", "om4", "os2")} == {
        "om3": "aqua",
        "om4": "violet",
        "os2": "yellow",
    }
    assert catalog.colours["oob"] == "green"
    assert (catalog.colours["power-a"], catalog.colours["power-b"]) == ("red", "blue")


def test_both_generations_of_pass_through_ports_are_read(catalog: Catalog) -> None:
    older = catalog.device_types["example-odf-12lc-older"]
    newer = catalog.device_types["example-odf-12lc-newer"]
    leads = [(port.name, port.rear_port, port.rear_port_position or 1) for port in older.front_ports]
    assert leads == [(m.front_port, m.rear_port, m.rear_port_position) for m in newer.port_mappings]
    assert len(leads) == 4
    assert older.weight_kg == pytest.approx(1.542, abs=0.001)
    assert older.module_bays[0].position == "1"


def test_positions_lead_to_the_file(catalog: Catalog) -> None:
    entry = catalog.optics["sfpp-10g-sr"]
    shown, _, inner = entry.at.partition("#")
    document = catalog.documents[shown]
    assert shown == "inventory/catalog/optics.yml"
    assert document.data["optics"][int(inner.split("/")[1])]["slug"] == "sfpp-10g-sr"


FAULTS: dict[str, tuple[str, str, str, str]] = {
    # name: (text after the head, code, part of the message, part of the fix)
    "unknown-field": ("power_ports: []\n", "INV005", "power_ports", "did you mean power-ports?"),
    "typo-in-list": (
        "module-bays: [{name: a, positon: '1'}]\n",
        "INV005",
        "positon",
        "did you mean position?",
    ),
    "typo-in-own-key": ("rackwright: {depth: 1}\n", "INV005", "depth", "did you mean depth_mm?"),
    "interface-type": (
        "interfaces: [{name: p1, type: 10gbase-x-sfp}]\n",
        "INV007",
        "interface type",
        "did you mean 10gbase-x-sfpp?",
    ),
    "wrong-word": ("airflow: front-to-back\n", "INV007", "airflow", "did you mean front-to-rear?"),
    "weight-without-unit": ("weight: 3\n", "INV007", "weight_unit", ""),
    "zero-draw": (
        "power-ports: [{name: a, type: iec-60320-c14, maximum_draw: 0}]\n",
        "INV007",
        "maximum_draw",
        "",
    ),
    "no-such-coupler": ("power-ports: [{name: a, type: iec-60320-c31}]\n", "INV007", "coupler", ""),
    "backward-range": (
        "interfaces: [{name: p1, type: 1000base-t}]\nrackwright: {ports: {breakouts: [{ports: 'p[2-1]', modes: [4x10g]}]}}\n",
        "INV007",
        "backwards",
        "",
    ),
    "range-leads-nowhere": (
        "interfaces: [{name: p1, type: 1000base-t}]\nrackwright: {ports: {cages: [{ports: 'p[1-2]', accepts: [sfp]}]}}\n",
        "INV008",
        "no interface p2",
        "did you mean p1?",
    ),
    "no-such-component": (
        "rackwright: {components: [{part: dimm-ddr4-65g, count: 1}]}\n",
        "INV008",
        "no component dimm-ddr4-65g",
        "did you mean dimm-ddr4-64g?",
    ),
    "no-such-rear-port": (
        "front-ports: [{name: f, type: lc, rear_port: R2}]\nrear-ports: [{name: R1, type: mpo}]\n",
        "INV008",
        "no rear port R2",
        "did you mean R1?",
    ),
    "mapping-leads-nowhere": (
        "front-ports: [{name: f, type: lc}]\nport-mappings: [{front_port: f, rear_port: r}]\n",
        "INV008",
        "no rear port r",
        "",
    ),
    "no-such-inlet": (
        "power-outlets: [{name: o, type: iec-60320-c13, power_port: In}]\n",
        "INV008",
        "no power port In",
        "",
    ),
    "outlet-in-two-banks": (
        "power-outlets: [{name: o1, type: iec-60320-c13}]\n"
        "rackwright: {banks: [{name: B1, breaker_a: 16, outlets: [o1]}, {name: B2, breaker_a: 16, outlets: [o1]}]}\n",
        "INV009",
        "o1 stands 2 times",
        "",
    ),
    "name-twice": (
        "interfaces: [{name: p1, type: 1000base-t}, {name: p1, type: 1000base-t}]\n",
        "INV009",
        "p1 stands 2 times",
        "",
    ),
    "assumed-no-field": ("rackwright: {assumed: {dept_mm: EE}}\n", "INV010", "dept_mm", ""),
    "assumed-no-value": ("rackwright: {assumed: {depth_mm: EE}}\n", "INV010", "no value", ""),
    "powers-fall": ("rackwright: {power: {typical_w: 300, peak_w: 200}}\n", "INV007", "must not fall", ""),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_one_finding(name: str, tmp_path: Path) -> None:
    text, code, message, fix = FAULTS[name]
    write_type(tmp_path, HEAD + text)
    _, findings = load(tmp_path, SHIPPED)
    assert [f.code for f in findings] == [code], [f.to_text() for f in findings]
    finding = findings[0]
    assert message in finding.message.en
    assert fix in (finding.fix.en if finding.fix else "")
    assert finding.source is not None
    assert finding.source.path == "mine/device-types/Example/x.yaml"
    assert finding.source.line >= 6 or name in ("weight-without-unit",)


def test_unknown_field_does_not_lose_the_type(tmp_path: Path) -> None:
    write_type(tmp_path, HEAD + "colour: red\ninterfaces: [{name: p1, type: 1000base-t, speed: 1}]\n")
    catalog, findings = load(tmp_path)
    assert [f.code for f in findings] == ["INV005", "INV005"]
    assert catalog.device_types["example-x"].interface_by_name["p1"].speed_gbps == 1


def test_missing_field_and_wrong_value_are_both_reported(tmp_path: Path) -> None:
    write_type(tmp_path, "manufacturer: Example\nmodel: X\nu_height: tall\n")
    catalog, findings = load(tmp_path)
    assert [f.code for f in findings] == ["INV006", "INV007"]
    assert "example-x" not in catalog.device_types


@pytest.mark.parametrize("height", ["1.3", "-1", "true", "two"])
def test_height_is_in_half_units(height: str, tmp_path: Path) -> None:
    write_type(tmp_path, HEAD.replace("u_height: 1", f"u_height: {height}"))
    assert [f.code for f in load(tmp_path)[1]] == ["INV007"]


@pytest.mark.parametrize("text", ["- a\n", "just text\n", ""])
def test_file_of_another_shape(text: str, tmp_path: Path) -> None:
    write_type(tmp_path, text)
    assert [f.code for f in load(tmp_path)[1]] == ["INV007"]


def test_broken_yaml_is_a_finding(tmp_path: Path) -> None:
    write_type(tmp_path, "manufacturer: [\n")
    assert [f.code for f in load(tmp_path)[1]] == ["INV001"]


def test_later_folder_may_not_redefine(tmp_path: Path) -> None:
    write_type(tmp_path, HEAD.replace("example-x", "pdu-32a-2bank"))
    catalog, findings = load(tmp_path, SHIPPED)
    assert [(f.code, f.subject) for f in findings] == [("INV009", "pdu-32a-2bank")]
    related = findings[0].related[0].position
    assert related is not None
    assert related.path == "inventory/catalog/device-types/Generic/pdu-32a-2bank.yaml"
    assert catalog.device_types["pdu-32a-2bank"].manufacturer == "Generic"


def test_later_folder_may_add(tmp_path: Path) -> None:
    write_type(tmp_path, HEAD + "rackwright: {kind: other, components: [{part: hdd-16t, count: 2}]}\n")
    (tmp_path / "components.yml").write_text(
        "components:\n  - {part: hdd-16t, kind: disk, media: hdd, tb: 16}\n", encoding="utf-8"
    )
    catalog, findings = load(tmp_path, SHIPPED)
    assert findings == []
    capacity = catalog.device_types["example-x"].capacity(catalog.components)
    assert capacity is not None
    assert capacity.raw_hdd_tb == 32


def test_list_files_of_another_shape(tmp_path: Path) -> None:
    (tmp_path / "optics.yml").write_text("optic: []\n", encoding="utf-8")
    (tmp_path / "cables.yml").write_text("cables: 3\n", encoding="utf-8")
    (tmp_path / "components.yml").write_text("components: [3]\n", encoding="utf-8")
    assert sorted(f.code for f in load(tmp_path)[1]) == ["INV005", "INV007", "INV007"]


def test_unknown_capacity_stays_unknown(tmp_path: Path) -> None:
    (tmp_path / "components.yml").write_text(
        "components:\n  - {part: cpu-q, kind: cpu}\n  - {part: drive-q, kind: disk, tb: 1}\n",
        encoding="utf-8",
    )
    write_type(
        tmp_path, HEAD + "rackwright: {components: [{part: cpu-q, count: 2}, {part: drive-q, count: 1}]}\n"
    )
    catalog, findings = load(tmp_path)
    assert findings == []
    assert catalog.device_types["example-x"].capacity(catalog.components) == Capacity(None, None, 0, None, 0)


def test_absent_folders_are_an_empty_catalogue(tmp_path: Path) -> None:
    assert load_catalog([(tmp_path / "nothing", "nothing")]) == (Catalog(), [])


def test_order_of_folders_never_changes_the_order_of_entries(catalog: Catalog) -> None:
    other, findings = load_catalog([OUTSIDE, SHIPPED])
    assert findings == []
    assert list(other.device_types) == list(catalog.device_types) == sorted(catalog.device_types)
