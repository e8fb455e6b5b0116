"""A copy of the Guangxi project in which everything about the cloud is known."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from inventory.plan_model import Plan
from inventory.plan_store import load_plan
from stacks.programs.cloud_settings import CloudSettings

PRODUCTS = ("ecs", "oss", "rds", "slb", "vpc")
SETTINGS = CloudSettings(
    region="cn-gx-d01",
    zones={"A": "cn-gx-d01-a", "B": "cn-gx-d01-b"},
    endpoints={product: f"{product}.gx.internal" for product in PRODUCTS},
    granularities=frozenset({"host", "rack", "switch"}),
)
FACTS = {
    "engine": "MySQL",
    "engine_version": "8.0",
    "instance_class": "rds.mysql.s3.large",
    "storage_gb": 500,
}


def whole(folder: Path) -> Path:
    """The copy, at `folder`."""
    copy = Path(shutil.copytree(PROJECTS / "guangxi", folder))
    edit(copy, lambda products: products["central-db"].update(FACTS))
    _swap(copy / "addressing.yml", "plane: vm, site", "plane: vm, zone: core, site")
    _swap(copy / "addressing.yml", "plane: container, site", "plane: container, zone: core, site")
    _swap(copy / "security.yml", "src: [a-honeypot, b-honeypot]", "src: [10.99.0.0/24]")
    return copy


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the products of a project, by name."""
    file = folder / "cloud.yml"
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    products = {p["name"]: p for p in data["cloud_products"]}
    change(products)
    text = yaml.safe_dump({"cloud_products": list(products.values())}, allow_unicode=True)
    file.write_text(text, encoding="utf-8")


def read(folder: Path) -> tuple[Inventory, Plan]:
    """Inventory and plan of a folder."""
    inventory, plan = load(folder), load_plan(folder).plan
    assert inventory.inventory is not None, [f.to_text() for f in inventory.findings]
    assert plan is not None
    return inventory.inventory, plan


def _swap(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
