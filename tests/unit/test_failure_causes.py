"""Causes of failure of Guangxi: every figure from the policy, common causes, spares, and the command that prints them."""

from __future__ import annotations

import json
import shutil
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from capacity.failure_causes import FailureCauses, failure_causes
from capacity.reliability import Cause, failures_per_year, unavailability
from capacity.spares import spares
from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from inventory.plan_model import Plan
from inventory.plan_store import load_plan
from rackwright.cli.availability import run, tier
from rackwright.cli.common import CLEAN, UNUSABLE, Format
from topology.graph import layers
from topology.risk import shared_risks


def read(folder: Path) -> tuple[Inventory, Plan]:
    inventory, plan = load(folder).inventory, load_plan(folder).plan
    assert inventory is not None and plan is not None
    return inventory, plan


def found_in(folder: Path) -> FailureCauses:
    inventory, plan = read(folder)
    graphs = layers(inventory, plan)
    return failure_causes(inventory, plan, graphs, shared_risks(inventory, graphs))


@lru_cache(maxsize=1)
def guangxi() -> FailureCauses:
    return found_in(PROJECTS / "guangxi")


def cause(key: str) -> Cause:
    return next(c for c in guangxi().causes if c.key == key)


def with_policy(tmp_path: Path, **changes: float) -> FailureCauses:
    folder = tmp_path / "guangxi"
    shutil.copytree(PROJECTS / "guangxi", folder)
    file = folder / "project.yml"
    lines = "".join(f"    - {{name: avail.{n}, value: {v}, reason: test}}\n" for n, v in changes.items())
    text = file.read_text(encoding="utf-8")
    assert "\n  policy:" not in text
    file.write_text(text.rstrip("\n") + "\n  policy:\n" + lines, encoding="utf-8")
    return found_in(folder)


# ---------------------------------------------------------------- causes


def test_servers_have_the_figures_of_the_tender() -> None:
    servers = [c for c in guangxi().causes if c.kind == "server" and not c.key.startswith("common:")]
    assert len(servers) == 191
    assert failures_per_year(len(servers), 150_000) == pytest.approx(11.2, abs=0.05)
    assert servers[0].mttr_h == 24 and servers[0].sigma == 0.6
    used = {f.name: f for f in guangxi().figures}
    assert not used["avail.mtbf_server"].assumed
    assert used["avail.mttr_server"].assumed


def test_keys_are_sorted_and_single() -> None:
    keys = [c.key for c in guangxi().causes]
    assert keys == sorted(set(keys))


def test_beta_takes_a_share_of_both_members_away() -> None:
    q = unavailability(200_000, 4)
    assert cause("device/A-ASW-01A").unavailability == pytest.approx(0.97 * q, rel=1e-12)
    common = cause("common:pair:A-ASW-01")
    assert common.unavailability == pytest.approx(0.03 * q, rel=1e-12)
    assert common.leaves == ("device/A-ASW-01A", "device/A-ASW-01B")
    ups = unavailability(200_000, 8)
    assert cause("common:ups:A").unavailability == pytest.approx(0.05 * ups, rel=1e-12)


def test_generators_fail_on_demand_of_their_utility() -> None:
    one, common = cause("generator/A-GEN-1"), cause("common:generator:A")
    assert (one.on_demand_of, common.on_demand_of) == ("utility/A", "utility/A")
    assert one.p_demand + common.p_demand == pytest.approx(0.01)


def test_a_site_can_be_lost_as_a_whole() -> None:
    site = cause("site:A")
    assert site.mttr_h == 720
    assert {"device/A-ASW-01A", "ups/A-UPS-A", "utility/A"} <= set(site.leaves)
    assert not any("B-ASW" in leaf for leaf in site.leaves)


def test_what_nobody_states_is_assumed_or_not_evaluated_never_zero() -> None:
    assumed, lacking = dict(guangxi().assumed), dict(guangxi().not_evaluated)
    assert "10 km" in assumed["site-link/dci-1"].en
    assert cause("site-link/dci-1").mtbf_h == 40_000
    assert "nobody says how often" in lacking["group rack"].en
    assert "PDU" in lacking["outlet"].en
    every = {c.kind for c in guangxi().causes}
    assert {"server", "switch", "core", "appliance", "psu", "optic", "cord", "pdu", "breaker", "panel", "ups",
            "utility", "generator", "fibre", "site"} <= every  # fmt: skip


def test_a_project_changes_figures(tmp_path: Path) -> None:
    found = with_policy(tmp_path, mtbf_server=75_000, no_spare=0.5, spare_wait=100)
    server = next(c for c in found.causes if c.key == "device/a-ecs-001")
    assert server.mtbf_h < 80_000
    assert server.down_h == 24 + 50
    used = {f.name: f for f in found.figures}
    assert used["avail.mtbf_server"].source == "project: test"
    utility = next(c for c in found.causes if c.kind == "utility")
    assert utility.no_spare == 0


def test_a_figure_of_another_tender_is_assumed(tmp_path: Path) -> None:
    folder = tmp_path / "guangxi"
    shutil.copytree(PROJECTS / "guangxi", folder)
    file = folder / "project.yml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("GXZC2026-G1-000252-CGZX", "X-1"), encoding="utf-8"
    )
    used = {f.name: f for f in found_in(folder).figures}
    assert used["avail.mtbf_server"].assumed


def test_a_figure_of_zero_is_no_figure(tmp_path: Path) -> None:
    found = with_policy(tmp_path, mtbf_utility=0, mttr_site=0, mtbf_hdd=0)
    assert not {"utility", "generator", "site"} & {c.kind for c in found.causes}
    inventory, plan = read(tmp_path / "guangxi")
    disks = [s for s in spares(inventory, plan, layers(inventory, plan)) if s.figure == "avail.mtbf_hdd"]
    assert disks and all(s.failures_per_year is None and s.spares is None for s in disks)
    lacking = dict(found.not_evaluated)
    assert "without MTBF" in lacking["utility"].en and "without MTBF" in lacking["generator"].en
    assert "nobody says how often" in lacking["group site"].en


def test_maintenance_is_off_unless_asked_for(tmp_path: Path) -> None:
    assert not [c for c in guangxi().causes if c.kind == "maintenance"]
    found = with_policy(tmp_path, maintenance_per_year=2)
    windows = [c for c in found.causes if c.kind == "maintenance"]
    assert "maintenance:A-ASW-01A" in {c.key for c in windows}
    assert windows[0].failures_per_h * 8760 == pytest.approx(2)
    assert (windows[0].mttr_h, windows[0].sigma) == (2, 0)


# ---------------------------------------------------------------- spares


def test_spares_count_what_is_planned() -> None:
    inventory, plan = read(PROJECTS / "guangxi")
    found = {s.item: s for s in spares(inventory, plan, layers(inventory, plan))}
    servers = [s for s in found.values() if s.figure == "avail.mtbf_server"]
    assert sum(s.units for s in servers) == 191
    assert sum(s.failures_per_year or 0 for s in servers) == pytest.approx(11.15, abs=0.01)
    assert all(s.spares is not None and s.spares >= (s.failures_per_year or 0) for s in servers)
    assert found["hdd-12t"].failures_per_year == pytest.approx(found["hdd-12t"].units * 8760 / 560_000)
    assert found["PSU of hygon-c86-rds-2u"].units == 2 * found["hygon-c86-rds-2u"].units


# ---------------------------------------------------------------- the command


def ask(capsys: pytest.CaptureFixture[str], project: str = "guangxi", **asked: Any) -> tuple[int, str, str]:
    options: dict[str, Any] = {
        "years": 500.0, "seed": 1, "states": 0, "services": ["ecs"], "engine_name": "local", "scheduler": None,
        "verbose": False, **asked,
    }  # fmt: skip
    with pytest.raises(SystemExit) as left:
        run(project, options.pop("output", Format.TEXT), **options)
    said = capsys.readouterr()
    assert isinstance(left.value.code, int)
    return left.value.code, said.out, said.err


def test_text_says_figures_sources_and_what_is_open(capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = ask(capsys)
    assert code == CLEAN
    for part in ("500 years simulated, seed 1", "indicative", "avail.mtbf_server", "line 361", "assumed",
                 "not evaluated", "group rack", "10 km", "hygon-c86-rds-2u", "no certificate"):  # fmt: skip
        assert part in text, part


def test_nothing_seen_is_printed_as_a_bound(capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = ask(capsys, services=["cloud-control"], years=1.0)
    lines = [x for x in text.splitlines() if x.startswith("  cloud-control")]
    assert code == CLEAN
    assert ">= " in lines[0] and "<= " in lines[0]
    assert "<= " in lines[1] and " 0 " in lines[1]
    assert all(len(x) <= 100 for x in text.splitlines())


def test_json_holds_intervals_and_no_zero_for_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = ask(capsys, output=Format.JSON, services=["ecs", "cloud-control"], years=50.0)
    data = json.loads(text)
    assert code == CLEAN
    assert {s["service"] for s in data["services"]} == {"ecs", "cloud-control"}
    for service in data["services"]:
        for figure in ("unavailability", "downtime_min_per_year", "failures_per_year"):
            estimate = service[figure]
            assert estimate["high"] > 0
            assert estimate["value"] is None or estimate["low"] <= estimate["value"] <= estimate["high"]
            assert (estimate["value"] is None) == (service["seen"] == 0) or figure == "failures_per_year"
    assert all(f["unit"] and f["source"] for f in data["figures"])


def test_same_seed_same_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    first, again = (ask(capsys, output=Format.JSON)[1] for _ in range(2))
    assert first == again
    assert ask(capsys, output=Format.JSON, seed=2)[1] != first


def test_services_nobody_knows_and_engines_nobody_names(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, said = ask(capsys, services=["esc"])
    assert code == UNUSABLE and "did you mean ecs?" in said
    code, _, said = ask(capsys, engine_name="dask")
    assert code == UNUSABLE and "--scheduler" in said


def test_rare_outages_by_weight_with_bounds_beside(capsys: pytest.CaptureFixture[str]) -> None:
    _, text, _ = ask(capsys, output=Format.JSON, services=["cloud-control"], states=100_000)
    (service,) = json.loads(text)["services"]
    assert service["method"] == "weighted"
    held = service["cut_set_bounds"]
    exact = service["exact"]["unavailability"] if service["exact"] else held["low"]
    down = service["unavailability"]
    assert down["low"] <= exact <= down["high"] or down["low"] <= held["rare_event_sum"] <= down["high"]
    assert [c["cause"] for c in service["contributors"][:2]] in (["site:A", "site:B"], ["site:B", "site:A"])


def test_tier_is_the_one_the_lower_bound_reaches() -> None:
    from capacity.availability import Figures
    from capacity.confidence import Estimate

    inventory, _ = read(PROJECTS / "guangxi")
    for high, name in ((0.00004, "IV"), (0.0001, "III"), (0.002, "II"), (0.003, "I"), (0.01, "below I")):
        down = Estimate(high / 2, 0.0, high)
        assert tier(inventory, Figures(down, down, 10, ())) == name
