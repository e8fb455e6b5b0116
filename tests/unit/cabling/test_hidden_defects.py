"""One value broken in the plan or in the inventory gives one finding, of the right code, at that line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from inventory.findings import Finding, Status

CASES: dict[str, tuple[str, str, str, str, str]] = {
    # name: (file, anchor: the change is made in or after it, old, new, code expected)
    "port-beyond-type": ("cables.yml", "id: A-F-000001,", "port: 10GE1/0/1,", "port: 10GE1/0/49,", "PRT010"),
    "server-port-beyond-type": ("cables.yml", "id: A-F-000001,", "port: p1,", "port: p3,", "PRT010"),
    "cable-to-pair": ("cables.yml", "id: A-F-000001,", "device: P1A", "device: P1", "PRT010"),
    "port-twice": ("cables.yml", "id: A-F-000001,", "port: 10GE1/0/1,", "port: 10GE1/0/4,", "PRT011"),
    "interface-twice": ("cables.yml", "id: A-F-000001,", "port: p1,", "port: p2,", "PRT011"),
    "oob-port-twice": ("cables.yml", "id: A-C-000003,", "port: GE1/0/2}", "port: GE1/0/1}", "PRT011"),
    "console-port-twice": ("cables.yml", "id: A-S-000002,", "port: ttyS2}", "port: ttyS3}", "PRT011"),
    "existing-port-twice": ("cables.yml", "id: A-F-000017,", "port: 40GE2/0/1,", "port: 40GE1/0/1,", "PRT011"),
    "server-on-spare-port": ("cables.yml", "id: A-F-000001,", "port: 10GE1/0/1,", "port: 10GE1/0/47,", "PRT012"),
    "uplink-on-peer-port": ("cables.yml", "id: A-F-000015,", "port: 100GE1/0/1,", "port: 100GE1/0/4,", "PRT012"),
    "both-links-on-one-switch": ("cables.yml", "id: A-F-000002,", "device: P1B", "device: P1A", "PRT013"),
    "server-on-foreign-pair": ("cables.yml", "id: A-F-000002,", "device: P1B", "device: L1B", "PRT013"),
    "pair-of-device-changed": ("devices.yml", "name: srv-001,", "pair: P1", "pair: L1", "PRT013"),
    "port-numbers-differ": ("cables.yml", "id: A-F-000002,", "port: 10GE1/0/1,", "port: 10GE1/0/9,", "PRT014"),
    "uplink-to-other-core": ("cables.yml", "id: A-F-000016,", "device: D2", "device: D1", "PRT018"),
    "uplink-not-in-survey": ("cables.yml", "id: A-F-000016,", "port: 40GE1/0/1,", "port: 40GE3/0/1,", "PRT021"),
    "oob-to-fabric": ("cables.yml", "id: A-C-000003,", "device: O1", "device: P1A", "PRT010"),
    "oob-to-core-switch": ("cables.yml", "id: A-C-000003,", "device: O1", "device: D1", "NET038"),
    "oob-uplink-to-fabric": ("cables.yml", "id: A-C-000015,", "device: M1", "device: D1", "NET038"),
    "keepalive-on-one-switch": ("cables.yml", "id: A-C-000013,", "device: O2", "device: O1", "PRT011"),
    "uplink-port-order": ("cables.yml", "id: A-F-000015,", "port: 100GE1/0/1,", "port: 100GE1/0/3,", "NET036"),
    "id-letter": ("cables.yml", "id: A-C-000001,", "id: A-C-000001", "id: A-F-000301", "PRT050"),
    "id-form": ("cables.yml", "id: A-C-000001,", "id: A-C-000001", "id: cable-7", "PRT050"),
    "cable-unknown": ("cables.yml", "id: A-F-000001,", "type: fibre-om4-lc", "type: fibre-om4-lcx", "PRT051"),
    "optic-unknown": ("cables.yml", "id: A-F-000001,", "port: p1, optic: sfpp-10g-sr", "port: p1, optic: sfpp-10g-sx", "PRT051"),
    "optic-too-big": ("cables.yml", "id: A-F-000001,", "port: p1, optic: sfpp-10g-sr", "port: p1, optic: qsfpp-40g-sr4", "PRT052"),
    "optic-missing": ("cables.yml", "id: A-F-000001,", "port: p1, optic: sfpp-10g-sr", "port: p1", "PRT052"),
    "optic-on-copper": ("cables.yml", "id: A-C-000001,", "port: BMC", "port: BMC, optic: sfp-1g-t", "PRT052"),
    "optic-on-dac": ("cables.yml", "id: A-D-000001,", "{device: P1A, port: 100GE1/0/5}", "{device: P1A, port: 100GE1/0/5, optic: qsfpp-40g-sr4}", "PRT052"),
    "sfp-dac-in-qsfp": ("cables.yml", "id: A-D-000001,", "type: dac-qsfpp-40g", "type: dac-sfpp-10g", "PRT052"),
    "lr-against-sr": ("cables.yml", "id: A-F-000001,", "port: p1, optic: sfpp-10g-sr", "port: p1, optic: sfpp-10g-lr", "PRT053"),
    "single-mode-fibre": ("cables.yml", "id: A-F-000001,", "type: fibre-om4-lc", "type: fibre-os2-lc", "PRT054"),
    "mpo-on-lc": ("cables.yml", "id: A-F-000001,", "type: fibre-om4-lc", "type: fibre-om4-mpo", "PRT054"),
    "speed-stated-wrong": ("cables.yml", "id: A-F-000015,", "speed_gbps: 40", "speed_gbps: 100", "PRT055"),
    "om3-instead-of-om4": ("cables.yml", "id: A-F-000001,", "type: fibre-om4-lc", "type: fibre-om3-lc", "PRT070"),
    "sr4-instead-of-isr4": ("cables.yml", "id: A-F-000015,", "optic: qsfpp-40g-isr4", "optic: qsfpp-40g-sr4", "PRT070"),
    "far-device-unknown": ("cables.yml", "id: A-F-000002,", "device: P1B", "device: P9B", "PRT010"),
    "length-beyond-reach": ("cables.yml", "id: A-F-000013,", "length_m: 9.41", "length_m: 500", "PRT056"),
    "length-beyond-loss-budget": ("cables.yml", "id: A-F-000015,", "length_m: 12.59", "length_m: 100", "PRT061"),
    "copper-beyond-channel": ("cables.yml", "id: A-C-000001,", "length_m: 5.77", "length_m: 112", "PRT058"),
    "serial-beyond-limit": ("cables.yml", "id: A-S-000001,", "length_m: 4.23", "length_m: 18", "PRT059"),
    "length-too-large": ("cables.yml", "id: A-F-000013,", "length_m: 9.41", "length_m: 60", "PRT062"),
    "dac-declared-too-short": ("project.yml", "peer_link: {count", "length_m: 5", "length_m: 3", "PRT057"),
    "dac-declared-not-sold": ("project.yml", "peer_link: {count", "length_m: 5", "length_m: 4", "PRT057"),
    "core-switch-far-away": ("project.yml", "- name: D1", "x_m: 2", "x_m: 190", "PRT056"),
    "core-switch-further": ("project.yml", "- name: D1", "x_m: 2", "x_m: 20", "PRT062"),
    "fewer-uplinks": ("project.yml", "    uplinks: {to: [D1, D2]", "per_member: 2", "per_member: 1", "PRT018"),
    "server-range-cut": ("project.yml", "      server: ", "[1-40]", "[1-5]", "PRT012"),
    "optic-declared-otherwise": ("project.yml", "    downlink: {cable: fibre-om4-lc", "fibre-om4-lc", "fibre-om3-lc", "PRT070"),
    "length-too-small": ("cables.yml", "id: A-F-000013,", "length_m: 9.41", "length_m: 4", "PRT062"),
    "route-through-the-air": ("cables.yml", "id: A-F-000013,", "A01-B/1, A01-B/L, A01-A/L", "A01-B/1, A01-A/L", "PRT062"),
    "stock-too-short": ("cables.yml", "id: A-F-000013,", "stock_m: 10", "stock_m: 7", "PRT063"),
    "stock-not-sold": ("cables.yml", "id: A-F-000013,", "stock_m: 10", "stock_m: 12", "PRT063"),
    "stock-far-too-long": ("cables.yml", "id: A-F-000013,", "stock_m: 10", "stock_m: 30", "PRT064"),
    "dac-too-short": ("cables.yml", "id: A-D-000001,", "stock_m: 5", "stock_m: 3", "PRT057"),
    "label-stale": ("cables.yml", "id: A-F-000001,", "label_a: 'A01-A01-U05:p1", "label_a: 'A01-A01-U06:p1", "PRT066"),
    "label-ends-swapped": ("cables.yml", "id: A-F-000001,", "label_b: 'A01-A02-U41:10GE1/0/1/A01-A01-U05:p1'", "label_b: 'A01-A01-U05:p1/A01-A02-U41:10GE1/0/1'", "PRT066"),
    "device-moved": ("devices.yml", "name: srv-006,", "rack: A01-B01", "rack: A01-B02", "PRT066"),
    "colour-wrong": ("cables.yml", "id: A-C-000001,", "colour: green", "colour: blue", "PRT067"),
    "fibre-colour-wrong": ("cables.yml", "id: A-F-000001,", "colour: violet", "colour: aqua", "PRT067"),
    "peer-link-single": ("project.yml", "peer_link: {count", "count: 2", "count: 1", "NET031"),
    "no-keepalive": ("project.yml", "keepalive: mgmt", "keepalive: mgmt", "keepalive: null", "NET033"),
    "oob-uplink-to-core": ("project.yml", "    uplinks: {to: [M1, M2], per_member: 2, cable: copper-cat6, optic: sfp-1g-t}\n  - name: O2", "to: [M1, M2]", "to: [D1, M2]", "NET038"),
    "range-unreadable": ("project.yml", 'spare: "10GE1/0', "[47-48]", "[48-47]", "PRT001"),
    "range-beyond-type": ("project.yml", 'spare: "10GE1/0', "[47-48]", "[47-49]", "PRT001"),
    "ranges-overlap": ("project.yml", 'growth: "10GE1/0', "[41-44]", "[40-44]", "PRT002"),
    "plan-of-another-type": ("project.yml", "    port_plan: access", "port_plan: access", "port_plan: oob", "PRT003"),
    "survey-twice": ("project.yml", "    port_type: 40gbase-x-qsfpp\n    free_ports: [{card: \"1\", ports: \"40GE1/0/[1-4]\"}, {card: \"2\", ports: \"40GE2/0/[1-4]\"}]\n  - name: D2", "40GE2/0/[1-4]", "40GE[1-2]/0/1", "PRT004"),
}  # fmt: skip


def new_findings(bench: Any, before: tuple[Finding, ...]) -> list[Finding]:
    """What is found now and was not found before."""
    known = {(f.code, f.subject, f.status) for f in before}
    return [f for f in bench.findings() if (f.code, f.subject, f.status) not in known]


@pytest.mark.parametrize("name", CASES)
def test_one_change_one_finding(bench: Any, name: str) -> None:
    file, anchor, old, new, code = CASES[name]
    before = bench.findings()
    path: Path = bench.folder / (file if file == "project.yml" else f"plan/{file}")
    text = path.read_text(encoding="utf-8")
    start = text.index(anchor)
    where = text.rindex(old, 0, start + len(anchor)) if old in anchor else text.index(old, start)
    changed = text[:where] + new + text[where + len(old) :]
    path.write_text(changed, encoding="utf-8")
    found = new_findings(bench, before)
    assert [(f.code, f.status) for f in found] == [(code, Status.FAILED)], [f.to_text() for f in found]
    position = found[0].source
    assert position is not None and position.path.endswith(file)
    assert position.line == changed[: where + 1].count("\n") + 1, found[0].to_text()
    assert found[0].fix is not None and found[0].message.zh
