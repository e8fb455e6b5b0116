"""Device types from outside: files in the shapes of the device type library load unchanged and can be used."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from capacity.plan import make_plan
from inventory.catalog_model import DeviceType
from inventory.device_types import load_catalog
from inventory.inventory import Inventory
from inventory.load import load
from inventory.plan_model import Plan

DATA = Path(__file__).parents[1] / "data"
OUTSIDE = DATA / "outside"
FILES = sorted(p for p in OUTSIDE.rglob("*.yaml"))
FLEET = """\
fleets:
  - {{name: outside, title: {{en: Outside, zh: 外来}}, role: appliance, device_type: {slug}, count: 1, site: A,
     attach_open: not decided}}
"""


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RACKWRIGHT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def types() -> dict[str, DeviceType]:
    catalog, findings = load_catalog([(OUTSIDE, "outside")])
    assert findings == []
    return {t.at.partition("#")[0].rpartition("/")[2]: t for t in catalog.device_types.values()}


def test_there_are_files_and_each_is_read(types: dict[str, DeviceType]) -> None:
    assert len(FILES) >= 12 and sorted(types) == sorted(p.name for p in FILES)


def listed(value: Any) -> Any:
    """Lists for tuples, and text for the numbers that stand where names do."""
    if isinstance(value, dict):
        texts = {"name", "label", "part_number", "part_id", "position"}
        return {k: str(v) if k in texts and not isinstance(v, str) else listed(v) for k, v in value.items()}
    return [listed(v) for v in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("file", FILES, ids=lambda p: p.stem)
def test_loads_unchanged(types: dict[str, DeviceType], file: Path) -> None:
    written = yaml.load(file.read_text(encoding="utf-8-sig"), Loader=yaml.CSafeLoader)
    read = types[file.name].model_dump(by_alias=True, exclude_unset=True)
    assert listed(read) == listed(written)


def planned(folder: Path, slug: str) -> tuple[Inventory, Plan]:
    """The small project with its own catalogue and one device of the type, planned."""
    shutil.copytree(DATA / "small-project", folder)
    shutil.copytree(OUTSIDE, folder / "catalog")
    (folder / "outside.yml").write_text(FLEET.format(slug=slug), encoding="utf-8")
    loaded = load(folder)
    assert loaded.findings == () and loaded.inventory is not None
    return loaded.inventory, make_plan(loaded.inventory, None, date(2026, 1, 1))


@pytest.mark.parametrize("file", FILES, ids=lambda p: p.stem)
def test_used_in_a_fleet(tmp_path: Path, types: dict[str, DeviceType], file: Path) -> None:
    """Placed where its draw is known; where nobody states it, not placed and not counted as nothing."""
    device_type = types[file.name]
    inventory, plan = planned(tmp_path / "p", device_type.slug)
    assert "outside-001" in inventory.devices
    device = next(d for d in plan.devices if d.name == "outside-001")
    unplaced = {name for proof in plan.proofs for name in proof.unplaced}
    states_draw = any(port.maximum_draw or port.allocated_draw for port in device_type.power_ports)
    if states_draw or not device_type.is_powered:
        assert device.rack is not None and "outside-001" not in unplaced
    else:
        assert device.rack is None and "outside-001" in unplaced


TAKEN: dict[str, dict[str, Any]] = {
    "enclosure-4n.yaml": {"is_full_depth": False, "weight_kg": pytest.approx(38.33, abs=0.01), "subdevice_role": "parent"},
    "sled-s1.yaml": {"u_height": 0.0, "subdevice_role": "child"},
    "access-point.yaml": {"u_height": 0.0, "front_image": True, "weight_kg": pytest.approx(0.64)},
    "poe-switch.yaml": {"part_number": "16703", "is_full_depth": False, "is_powered": True},
    "converter-half-u.yaml": {"u_height": 0.5},
    "surge-arrester.yaml": {"weight_kg": pytest.approx(0.078, abs=0.001), "is_powered": False},
    "chassis-10u.yaml": {"part_number": "089123", "power_ports": (), "u_height": 10.0},
    "dc-router.yaml": {"part_number": "3E20"},
    "tower.yaml": {"part_number": "12.50", "u_height": 2.0, "weight_kg": pytest.approx(3.68)},
    "pdu-0u.yaml": {"is_full_depth": True, "u_height": 0.0},
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken_from_it(types: dict[str, DeviceType], name: str) -> None:
    assert {field: getattr(types[name], field) for field in TAKEN[name]} == TAKEN[name]
