"""A lab says what it cannot show: told as such, never a pass, and no cover for what is wrong or does not answer."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from inventory.model_operations import Delivery
from inventory.plan_model import Plan
from inventory.plan_store import load_plan
from rackwright.cli.verify_lab import Rehearsal
from rackwright.cli.verify_text import acceptance, as_data, is_fine, junit_text, report
from rackwright.lab.rehearsal_faults import Fault
from topology.facts import ControllerFacts, DeviceFacts, SeenPort
from topology.verify import Result
from topology.verify_codes import code_of
from topology.verify_devices import verify_devices
from topology.verify_parts import verify_light

WHY = {"bond": Text("no driver", "无驱动")}


def rehearsal() -> Rehearsal:
    return Rehearsal("lab", Path(), frozenset({"s1"}), frozenset({"C1"}), WHY)


def result(test: str, subject: str, verdict: str) -> Result:
    return Result(test, subject, verdict, "2 up", "1 up", Text("said", "说明"))  # type: ignore[arg-type]


def test_only_what_could_not_be_read_of_a_device_that_answered_is_put_aside() -> None:
    rows = [
        result("bond", "s1", "not run"), result("bond", "s2", "different"), result("bond", "dead", "not run"),
        result("mtu", "s1", "not run"), result("bond", "s3", "pass"),
    ]  # fmt: skip
    told = rehearsal().judged(rows, frozenset({"dead"}))
    assert [r.verdict for r in told] == ["not shown", "different", "not run", "not run", "pass"]
    assert told[0].message.en == "not shown by the lab: no driver"
    assert told[0].message.zh == "演练环境无法呈现：无驱动"


def test_not_shown_is_no_pass_and_the_last_line_no_acceptance() -> None:
    rows = rehearsal().judged([result("bond", "s1", "not run"), result("time", "s1", "pass")], frozenset())
    assert is_fine(rows, rehearsal())
    assert not is_fine(rows), "outside a lab nothing is put aside"
    assert not is_fine(rows[:1], rehearsal()), "a lab that shows nothing is not as planned"
    lines = acceptance(rows, rehearsal())
    assert lines[0] == "bonds: 0 of 1 pass; 0 % run, none run; 1 not shown"
    assert "not shown by the lab: 1 x bond: no driver" in lines
    assert lines[-1] == "verdict: rehearsal as planned, no acceptance | 结论：演练与规划一致（非验收结论）"
    wrong = [*rows, result("time", "s2", "different")]
    assert "rehearsal not as planned" in acceptance(wrong, rehearsal())[-1]
    assert acceptance(rows[1:])[-1].startswith("verdict: accepted")
    assert as_data(rows, Path(), rehearsal())["rehearsal"] == "lab"
    assert 'skipped="1"' in junit_text(rows, Path(), rehearsal())
    assert "not shown" in report(rows, Path(), rehearsal())
    assert code_of("bond", "not shown") == ""


@pytest.mark.parametrize("content", [None, "{", "[]", json.dumps({"lab": "x"})])
def test_a_folder_that_is_no_lab_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "lab.json").write_text(content, encoding="utf-8")
    with pytest.raises(SystemExit) as left:
        Rehearsal.read(tmp_path)
    assert left.value.code == 2


@cache
def project() -> tuple[Inventory, Plan]:
    folder = PROJECTS / "guangxi"
    inventory, plan = load(folder).inventory, load_plan(folder).plan
    assert inventory is not None
    assert plan is not None
    return inventory, plan


def test_light_is_held_against_the_limits_of_the_planned_optic() -> None:
    inventory, plan = project()
    ends = [
        (e.device, e.port, inventory.catalog.optics[e.optic])
        for c in plan.cables
        for e in (c.a, c.b)
        if e.optic
        and e.port
        and e.device in inventory.devices
        and inventory.devices[e.device].kind == "switch"
        and inventory.catalog.optics[e.optic].rx_min_dbm is not None
    ]
    name = ends[0][0]
    own = [(port, optic) for device, port, optic in ends if device == name][:4]
    assert len(own) >= 3
    low = [optic.rx_min_dbm for _, optic in own]

    def light(*values: float | None) -> dict[str, str]:
        told = tuple(SeenPort(str(p), True, True, v) for (p, _), v in zip(own, values, strict=False))
        found = verify_light(inventory, plan, {name: DeviceFacts(name, ports=told)})
        return {r.subject.partition(":")[2]: r.verdict for r in found}

    ports = [str(p) for p, _ in own]
    least = float(low[0] or 0)
    assert light(least, least - 0.1, None) == dict(zip(ports, ("pass", "different", "not run"), strict=False))
    dark = DeviceFacts(name, ports=(SeenPort(ports[0], True, False, -40.0),))
    assert list(verify_light(inventory, plan, {name: dark})) == [], (
        "a port that is down is told by its own test"
    )


def test_a_controllers_port_is_told_by_the_controller_not_by_the_system() -> None:
    inventory, plan = project()
    cable = next(c for c in plan.cables if c.a.port == "BMC" and c.a.device.startswith("a-block"))
    name = cable.a.device
    facts = {name: DeviceFacts(name, ports=(SeenPort("BMC", True, True),))}
    small = replace(plan, cables=(cable,))
    blind = frozenset({(name, "BMC")})

    def port(controller: ControllerFacts | None) -> str:
        told = {name: controller} if controller else {}
        rows = verify_devices(inventory, small, facts, told, blind)
        return next(r.verdict for r in rows if r.test == "port" and r.subject == f"{name}:BMC")

    assert port(ControllerFacts(name, link_up=True)) == "pass"
    assert port(ControllerFacts(name, link_up=False)) == "different"
    assert port(ControllerFacts(name)) == "pass", "it answered through this port"
    assert port(ControllerFacts(name, error="out of service (503)")) == "not run"
    assert port(None) == "not run"


def test_serial_is_what_all_that_tell_agree_on() -> None:
    inventory, plan = project()
    name = "a-block-001"
    known = replace(inventory, deliveries={"x": Delivery(name="x", device=name, serial="S1")})

    def serial(system: str | None, controller: str | None) -> tuple[str, str]:
        facts = {name: DeviceFacts(name, serial=system)}
        rows = verify_devices(
            known, replace(plan, cables=()), facts, {name: ControllerFacts(name, serial=controller)}
        )
        found = next(r for r in rows if r.test == "serial")
        return found.verdict, found.found

    assert serial("S1", "S1")[0] == "pass"
    assert serial(None, "S1")[0] == "pass"
    assert serial("S1", "S2") == ("different", "S2 (BMC)")
    assert serial(None, None)[0] == "not run"


def test_a_fault_of_the_rehearsal_is_told_only_by_its_own_code_and_subject() -> None:
    fault = Fault("C1 and C2 swapped", "VER002", ("C1", "C2"), ("s9",))
    row = {"code": "VER002", "subject": "C2 C1", "expected": "", "message": {"en": ""}}
    assert fault.tells(row)
    assert not fault.tells({**row, "subject": "C1"})
    assert not fault.tells({**row, "code": "VER003"})
    assert not fault.explains({**row, "subject": "C3"})
    assert fault.explains({**row, "code": "VER001", "subject": "C3", "expected": "s9:p1 - sw:1"})
