"""Every parameter of the shipped policy is read somewhere: a limit that nothing reads would be a promise broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory.policy import read_policy
from inventory.source import read

ROOT = Path(__file__).parents[2]
DOCUMENT, _ = read(ROOT / "inventory" / "policy.yml", "inventory/policy.yml")
assert DOCUMENT is not None
NAMES = sorted(read_policy(DOCUMENT).parameters)
CODE = "\n".join(
    path.read_text(encoding="utf-8")
    for package in ("inventory", "topology", "capacity", "rackwright")
    for path in sorted((ROOT / package).rglob("*.py"))
)


def test_there_are_parameters() -> None:
    assert len(NAMES) > 50


@pytest.mark.parametrize("name", NAMES)
def test_parameter_is_read(name: str) -> None:
    """By its name, or by its group where the name is put together."""
    assert f'"{name}"' in CODE or f'f"{name.partition(".")[0]}.{{' in CODE
