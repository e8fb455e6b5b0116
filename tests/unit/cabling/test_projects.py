"""Projects that are planned and still at fault: what the checks say about a fresh plan."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import inventory
from inventory.checks import REGISTRY, Check, Context, run
from inventory.findings import Status

SURVEY_D1 = (
    'free_ports: [{card: "1", ports: "40GE1/0/[1-4]"}, {card: "2", ports: "40GE2/0/[1-4]"}]\n  - name: D2'
)

CASES: dict[str, tuple[list[tuple[str, str]], list[tuple[str, str, bool]]]] = {
    # name: (changes of the project text, new findings as (code, subject, failed))
    "peer-link-missing": (
        [("    peer_link: {count: 2, cable: dac-qsfpp-40g, length_m: 5}\n", "")], [("NET030", "P1", True)],
    ),
    "peer-link-too-small": (
        [("dac-qsfpp-40g, length_m: 5", "dac-qsfpp-40g, length_m: 5"), ("per_member: 2, cable: fibre-om4-mpo", "per_member: 3, cable: fibre-om4-mpo"),
         ("{count: 2, cable: dac-qsfpp-40g", "{count: 2, cable: dac-sfpp-10g")],
        [("NET032", "P1", True), ("PRT052", "P1:peer-link", True)],
    ),
    "not-surveyed": (
        [(SURVEY_D1, "free_ports: null\n  - name: D2")], [("PRT019", "D1", False)],
    ),
    "survey-short": (
        [(SURVEY_D1, 'free_ports: [{card: "1", ports: "40GE1/0/1"}]\n  - name: D2')], [("PRT020", "D1", True)],
    ),
    "cards-shared": (
        [("to: [D1, D2], per_member: 2", "to: [D1], per_member: 2"),
         (SURVEY_D1, 'free_ports: [{card: "1", ports: "40GE1/0/[1-4]"}]\n  - name: D2')],
        [("NET036", "P1", True), ("PRT069", "P1:uplink", True)],
    ),
    "place-unknown": (
        [("    x_m: 2\n    y_m: 8", "    x_m: null\n    y_m: 8")],
        [("PRT060", "D1", False), ("PRT069", "P1:uplink", False)],
    ),
    "row-not-served": (
        [("rows: [A01-A, A01-B]\n    port_plan: oob\n    downlink: {cable: copper-cat6}\n    uplinks: {to: [M1, M2], per_member: 2, cable: copper-cat6, optic: sfp-1g-t}\n  - name: O2",
          "rows: [A01-A]\n    port_plan: oob\n    downlink: {cable: copper-cat6}\n    uplinks: {to: [M1, M2], per_member: 2, cable: copper-cat6, optic: sfp-1g-t}\n  - name: O2"),
         ("    rows: [A01-A, A01-B]\n    port_plan: oob\n    downlink: {cable: copper-cat6}\n    uplinks: {to: [M1, M2], per_member: 2, cable: copper-cat6, optic: sfp-1g-t}\nexisting",
          "    rows: [A01-A]\n    port_plan: oob\n    downlink: {cable: copper-cat6}\n    uplinks: {to: [M1, M2], per_member: 2, cable: copper-cat6, optic: sfp-1g-t}\nexisting")],
        [("PRT016", "A01-B", True)],
    ),
    "oob-full": (
        [('oob: "GE1/0/[1-48]"', 'oob: "GE1/0/[1-7]"')], [("NET037", "O1", True), ("NET037", "O2", True)],
    ),
    "one-oob-uplink": (
        [("uplinks: {to: [M1, M2], per_member: 2, cable: copper-cat6, optic: sfp-1g-t}\n  - name: O2",
          "uplinks: {to: [M1], per_member: 2, cable: copper-cat6, optic: sfp-1g-t}\n  - name: O2")],
        [("NET039", "O1", True)],
    ),
    "no-console-server": ([("    count: 1\n    site: A\n    attach_open", "    count: 0\n    site: A\n    attach_open")], [("PRT017", "A", True)]),
    "server-ports-short": (
        [('server: "10GE1/0/[1-40]"', 'server: "10GE1/0/[1-5]"')], [("PRT015", "srv-006", True)],
    ),
    "uplink-ports-short": (
        [('uplink: "100GE1/0/[1-3]"', 'uplink: "100GE1/0/1"')], [("PRT018", "P1:uplink", True)],
    ),
    "oversubscribed": (
        [("per_member: 2, cable: fibre-om4-mpo, optic: qsfpp-40g-sr4, far_optic: qsfpp-40g-isr4", "per_member: 2, cable: fibre-om4-lc, optic: sfpp-10g-sr"),
         ('uplink: "100GE1/0/[1-3]"', 'uplink: "10GE1/0/[45-46]"'), ("port_type: 40gbase-x-qsfpp\n    free_ports: [{card: \"1\", ports: \"40GE1/0/[1-4]\"}, {card: \"2\", ports: \"40GE2/0/[1-4]\"}]\n  - name: D2", "port_type: 10gbase-x-sfpp\n    free_ports: [{card: \"1\", ports: \"40GE1/0/[1-4]\"}, {card: \"2\", ports: \"40GE2/0/[1-4]\"}]\n  - name: D2"),
         ("port_type: 40gbase-x-qsfpp\n    free_ports: [{card: \"1\", ports: \"40GE1/0/[1-4]\"}, {card: \"2\", ports: \"40GE2/0/[1-4]\"}]\n  - &core", "port_type: 10gbase-x-sfpp\n    free_ports: [{card: \"1\", ports: \"40GE1/0/[1-4]\"}, {card: \"2\", ports: \"40GE2/0/[1-4]\"}]\n  - &core"),
         ("project: {name: small, title: {en: Small, zh: 小}}", "project: {name: small, title: {en: Small, zh: 小}, policy: [{name: net.os_general, value: 2.5, reason: a tighter limit for the test}]}")],
        [("NET034", "P1", True)],
    ),
    "degraded": (
        [("project: {name: small, title: {en: Small, zh: 小}}", "project: {name: small, title: {en: Small, zh: 小}, policy: [{name: net.os_degraded, value: 1.0, reason: a tighter limit for the test}]}")],
        [("NET035", "P1", True)],
    ),
    "reserve-down": (
        [("project: {name: small, title: {en: Small, zh: 小}}", "project: {name: small, title: {en: Small, zh: 小}, policy: [{name: net.port_reserve_down, value: 0.95, reason: a tighter limit for the test}]}")],
        [("PRT022", "P1", True)],
    ),
    "reserve-up": (
        [("project: {name: small, title: {en: Small, zh: 小}}", "project: {name: small, title: {en: Small, zh: 小}, policy: [{name: net.port_reserve_up, value: 3, reason: a tighter limit for the test}]}")],
        [("PRT023", "P1", True)],
    ),
    "copper-too-long": (
        [("project: {name: small, title: {en: Small, zh: 小}}", "project: {name: small, title: {en: Small, zh: 小}, policy: [{name: cable.copper_m_max, value: 14, reason: a tighter limit for the test}]}")],
        [("PRT058", "A-C-000015", True)],
    ),
    "serial-too-long": (
        [("project: {name: small, title: {en: Small, zh: 小}}", "project: {name: small, title: {en: Small, zh: 小}, policy: [{name: cable.serial_m_max, value: 4.1, reason: a tighter limit for the test}]}")],
        [("PRT059", "A-S-000001", True), ("PRT059", "A-S-000003", True)],
    ),
    "loss-over-budget": (
        [("project: {name: small, title: {en: Small, zh: 小}}", "project: {name: small, title: {en: Small, zh: 小}, policy: [{name: cable.db_margin, value: 0.47, reason: a tighter limit for the test}]}"),
         ],
        [("PRT061", "P1:uplink", True)],
    ),
    "optic-does-not-talk": (
        [("far_optic: qsfpp-40g-isr4", "far_optic: qsfpp-40g-lr4")], [("PRT053", "P1:uplink", True)],
    ),
    "lc-on-mpo": (
        [("cable: fibre-om4-mpo", "cable: fibre-om4-lc")], [("PRT054", "P1:uplink", True)],
    ),
    "optic-too-fast": (
        [("optic: sfpp-10g-sr}\n    uplinks", "optic: sfp28-25g-sr}\n    uplinks")], [("PRT052", "P1:access", True)],
    ),
    "no-optic-known": (
        [("attach: {pairs: [L1]}\n    supplied: [{item: sfpp-10g-sr, per_unit: 2}]", "attach: {pairs: [L1]}")], [("PRT015", "ops-001", True)],
    ),
    "members-far-apart": ([("length_m: 5}", "length_m: 2}")], [("PRT057", "P1A-P1B", True)]),
    "keepalive-port": ([("keepalive: mgmt", "keepalive: port")], [("PRT018", "P1:keepalive", True)]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_planned_project(bench: Any, name: str) -> None:
    changes, expected = CASES[name]
    known = {(f.code, f.subject) for f in bench.findings()}
    text = bench.text
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
        text = text.replace(old, new)
    bench.text = text
    bench.write()
    found = [f for f in bench.findings() if (f.code, f.subject) not in known]
    assert [(f.code, f.subject, f.status is Status.FAILED) for f in sorted(found, key=lambda f: (f.code, f.subject))] == expected, [
        f.to_text() for f in found
    ]  # fmt: skip


def test_sound_project_says_only_what_servers_share(bench: Any) -> None:
    assert [(f.code, f.subject) for f in bench.findings()] == [("PRT069", "A01-A:access"), ("PRT069", "A01-B:access")]  # fmt: skip


def test_bundle_of_twenty_five(bench: Any) -> None:
    bench.text = bench.text.replace("count: 6", "count: 30")
    bench.devices = [d for d in bench.devices if not d[0].startswith("srv")]
    bench.devices += [(f"srv-{n:03d}", "A01-A06", n, "P1") for n in range(1, 31)]
    cables = bench.plan()
    assert {c.bundle for c in cables if c.kind == "access" and c.b.device == "P1A"} == {
        "A01-A06/P1A/1",
        "A01-A06/P1A/2",
    }
    bench.write(c.model_copy(update={"bundle": c.bundle.replace("P1A/2", "P1A/1")}) for c in cables)
    found = [f for f in bench.findings() if f.code == "PRT068"]
    assert [(f.subject, f.arithmetic) for f in found] == [("A01-A06/P1A/1", "30 > 24")]


def with_fast_servers(bench: Any) -> None:
    """The pair becomes a 25GE pair, and three servers with 25GE ports join the six with 10GE ports."""
    shipped = (
        Path(inventory.__file__).parent / "catalog" / "device-types" / "Generic" / "hygon-c86-rds-2u.yaml"
    )
    fast = (
        shipped.read_text(encoding="utf-8")
        .replace("hygon-c86-rds-2u", "server-25g")
        .replace("C86 RDS 2U", "C86 25G")
    )
    own = bench.folder / "catalog" / "device-types" / "Generic" / "server-25g.yaml"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text(fast.replace("10gbase-x-sfpp", "25gbase-x-sfp28"), encoding="utf-8")
    text = bench.text.replace("device_type: access-10g-48s6q", "device_type: access-25g-48s8q")
    for ports in ("[1-40]", "[41-44]", "[47-48]"):
        text = text.replace(f"10GE1/0/{ports}", f"25GE1/0/{ports}")
    text = text.replace("optic: sfpp-10g-sr}\n    uplinks", "optic: sfp28-25g-sr}\n    uplinks")
    text = text.replace("attach: {pairs: [P1]}", "attach: {pairs: [P1], optic: sfpp-10g-sr}")
    bench.text = text + FAST_FLEET
    bench.devices += [(f"fast-{n:03d}", "A01-A02", 6 + 2 * n, "P1") for n in (1, 2, 3)]


FAST_FLEET = """\
  - name: fast
    title: {en: Fast servers, zh: 高速服务器}
    role: server
    device_type: server-25g
    count: 3
    site: A
    attach: {pairs: [P1]}
"""


def test_new_links_keep_out_of_groups_of_another_speed(bench: Any) -> None:
    with_fast_servers(bench)
    speeds: dict[int, set[float]] = {}
    for cable in bench.plan():
        if cable.kind == "access" and cable.b.device == "P1A":
            speeds.setdefault((int(cable.b.port.rpartition("/")[2]) - 1) // 4, set()).add(cable.speed_gbps)
    assert sorted(map(tuple, speeds.values())) == [(10.0,), (10.0,), (25.0,)]


def test_speeds_mixed_in_a_port_group(bench: Any) -> None:
    with_fast_servers(bench)
    cables = bench.plan()
    bench.write(cables)
    assert not [f.to_text() for f in bench.findings() if f.code not in ("PRT069", "NET037")]
    moved = []
    for cable in cables:
        if cable.a.device == "fast-001" and cable.kind == "access":
            number = next(c.b.port for c in cables if c.a.device == "srv-006" and c.kind == "access")
            port = f"25GE1/0/{int(number.rpartition('/')[2]) + 1}"
            label = cable.label_a.replace(cable.b.port, port), cable.label_b.replace(cable.b.port, port)
            cable = cable.model_copy(
                update={
                    "b": cable.b.model_copy(update={"port": port}),
                    "label_a": label[0],
                    "label_b": label[1],
                }
            )
        moved.append(cable)
    bench.write(moved)
    found = [f for f in bench.findings() if f.code not in ("PRT069", "NET037")]
    assert [(f.code, f.subject.partition(":")[0]) for f in found] == [("PRT025", "P1A"), ("PRT025", "P1B")]


def test_management_of_partners_on_one_switch(bench: Any) -> None:
    cables = bench.plan()
    moved = []
    for cable in cables:
        if cable.a.device == "P1B" and cable.kind == "oob":
            b = cable.b.model_copy(update={"device": "O1", "port": "GE1/0/40"})
            cable = cable.model_copy(update={"b": b})
        moved.append(cable)
    bench.write(moved)
    found = [f for f in bench.findings() if f.code not in ("PRT069",)]
    assert [(f.code, f.subject) for f in found] == [("NET040", "P1")]


def test_harness_needs_a_declared_breakout(bench: Any) -> None:
    cables = bench.plan()
    uplink = next(c for c in cables if c.kind == "uplink")
    bench.write([c.model_copy(update={"type": "fibre-om4-mpo-4lc"}) if c is uplink else c for c in cables])
    found = {f.code for f in bench.findings()}
    assert "PRT024" in found


def test_every_check_has_a_manual_page() -> None:
    for code, rule in REGISTRY.items():
        if isinstance(rule, Check) and rule.function.__module__.startswith("topology.checks"):
            for part in ("Why it matters:", "How to fix:", "Source:", "Failing", "Passing:"):
                assert part in rule.doc, f"{code} lacks {part}"


def test_nothing_is_passed_without_a_plan(bench: Any) -> None:
    report = run(Context(bench.inventory(), None, date(2026, 6, 1)))
    verdicts = {o.code: o.verdict for o in report.outcomes}
    assert verdicts["PRT011"] == "not evaluated" and verdicts["PRT001"] == "passed"


def test_existing_pair_not_surveyed_keeps_ports_open(bench_of: Callable[[str], Any], bench: Any) -> None:
    text = bench.text.replace('[{card: "0", ports: "10GE1/0/[5-8]"}]', "null")
    other = bench_of(text)
    ends = [c.b for c in other.plan() if c.kind == "access" and c.b.device.startswith("L1")]
    assert [(e.device, e.port) for e in ends] == [("L1A", None), ("L1B", None)]
