"""The documentation cannot fall behind: generated pages, verbs and targets are what the code has."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from inventory.checks import REGISTRY, Check
from rackwright.checklist import register_all
from rackwright.cli.app import app
from rackwright.documents.findings_page import FAMILIES, findings_page
from rackwright.documents.inventory_page import inventory_page

ROOT = Path(__file__).resolve().parent.parent
register_all()
CHECKS = sorted(code for code, rule in REGISTRY.items() if isinstance(rule, Check))


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_findings_page_is_what_the_checks_say() -> None:
    assert read("docs/findings.md") == findings_page(), "run `make docs`"


def test_inventory_reference_is_what_the_models_say() -> None:
    assert read("docs/inventory-reference.md") == inventory_page(), "run `make docs`"


def test_every_code_belongs_to_a_family() -> None:
    assert {code[:3] for code in REGISTRY} <= set(FAMILIES)


@pytest.mark.parametrize("code", CHECKS)
def test_every_check_is_its_own_manual_page(code: str) -> None:
    rule = REGISTRY[code]
    assert isinstance(rule, Check)
    assert rule.clause, "a rule names its source"
    for part in ("Why it matters:", "How to fix:"):
        assert part in rule.doc, part
    assert rule.title.en and rule.title.zh


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_readme_names_only_verbs_and_targets_that_exist(name: str) -> None:
    text = read(name)
    verbs = {c.name or c.callback.__name__ for c in app.registered_commands if c.callback}
    assert (
        set(
            re.findall(
                r"rackwright (plan|check|show|explain|report|simulate|power|drill|availability|render|push|verify|hosts|schema|new)\b",
                text,
            )
        )
        == verbs
    )
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.M))
    assert set(re.findall(r"`?make ([a-z]+)`?", text)) <= targets
    for path in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / path).exists(), path
    assert "@DEMO@" not in text


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_readme_shows_the_summary_the_demo_prints(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rackwright", "show", "-p", "guangxi", "--date", "2026-11-22"], cwd=ROOT, check=True,
        capture_output=True, encoding="utf-8", env={**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    printed = [line.rstrip() for line in done.stdout.splitlines() if line.strip()]
    assert printed[0].startswith("Guangxi") and any("Assumptions" in line for line in printed)
    shown = [line.rstrip() for line in read(name).splitlines()]
    assert [line for line in printed if line not in shown] == [], "run `make demo` and show what it prints"


def test_every_target_explains_itself() -> None:
    for line in read("Makefile").splitlines():
        if re.match(r"[a-z]+:", line):
            assert " ## " in line, line
