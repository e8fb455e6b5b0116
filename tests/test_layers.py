"""Who may import whom: inventory <- topology <- capacity <- stacks <- rackwright, and heavy libraries in their place."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ORDER = ["inventory", "topology", "capacity", "stacks", "rackwright"]
MODULES = sorted(p for package in ORDER for p in (ROOT / package).rglob("*.py"))
HEAVY = ("networkx", "ortools", "numpy", "pandas", "jinja2", "xlsxwriter", "pulumi", "grpc")


def imports(path: Path) -> set[str]:
    """Top-level packages a module imports anywhere."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_nothing_imports_leftwards(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    allowed = set(ORDER[: ORDER.index(package) + 1])
    assert imports(path) & set(ORDER) <= allowed


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_networkx_stays_in_topology_and_capacity(path: Path) -> None:
    if path.relative_to(ROOT).parts[0] not in ("topology", "capacity"):
        assert "networkx" not in imports(path)


def loaded_after(code: str) -> set[str]:
    """Heavy modules present in a fresh interpreter after running `code`."""
    script = f"{code}\nimport sys\nprint([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(ast.literal_eval(done.stdout.strip().splitlines()[-1]))


def test_help_pulls_in_nothing_heavy() -> None:
    assert loaded_after("import rackwright.cli.app") == set()


def test_registering_the_checks_pulls_in_nothing_heavy() -> None:
    assert loaded_after("from rackwright.checklist import register_all; register_all()") == set()
