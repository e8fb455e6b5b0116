"""Limits: every one with unit and source, changed by a project only in a way that can be meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from inventory.findings import Finding
from inventory.load import HERE
from inventory.model import PolicyOverride, Project, Title
from inventory.policy import Policy, apply_overrides, policy_faults, read_policy
from inventory.source import Document, parse, read
from inventory.validation import validate

ROOT = Path(__file__).parents[2]
POLICY = """\
rack:
  kw: {value: 5.0, unit: kW, source: tender line 3810}
  alloc_util_max: {value: 0.90, unit: ratio, source: EE}
feed:
  current_a: {value: 32, unit: A, source: tender line 3810}
net:
  os_general: {value: 3.0, unit: ratio, source: EE}
vlan:
  business: {value: [100, 999], unit: VLAN id, source: EE}
plan:
  order: {value: by name, source: EE}
"""


def document(text: str, name: str = "policy.yml") -> Document:
    found, findings = parse(text, name)
    assert found is not None and findings == []
    return found


@pytest.fixture
def policy() -> Policy:
    return read_policy(document(POLICY))


# ---------------------------------------------------------------- the shipped file


@pytest.fixture(scope="module")
def shipped() -> Policy:
    found, findings = read(HERE / "policy.yml", "inventory/policy.yml")
    assert found is not None and findings == [] and policy_faults(found) == []
    return read_policy(found)


def test_shipped_limits_have_unit_and_source(shipped: Policy) -> None:
    assert shipped.parameters
    for name, parameter in shipped.parameters.items():
        assert parameter.unit and parameter.source, name
        assert re.match(r"[a-z]+\.[a-z0-9_]+\Z", name)


def test_every_limit_the_code_asks_for_is_there(shipped: Policy) -> None:
    asked: set[str] = set()
    for package in ("inventory", "topology", "capacity", "rackwright"):
        for file in (ROOT / package).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            asked |= set(re.findall(r"policy\.(?:number|numbers|text|cite)\(\s*\"([a-z0-9_.]+)\"", text))
    assert asked and asked <= shipped.parameters.keys()


# ---------------------------------------------------------------- reading


def test_values(policy: Policy) -> None:
    assert policy.number("rack.kw") == 5.0
    assert policy.number("feed.current_a") == 32.0
    assert policy.numbers("vlan.business") == (100.0, 999.0)
    assert policy.text("plan.order") == "by name"
    assert str(policy.parameters["feed.current_a"].position) == "policy.yml:5:3"
    assert policy.cite("rack.kw") == "rack.kw = 5.0 kW (tender line 3810; policy.yml:2:3)"


@pytest.mark.parametrize(
    ("name", "reader"), [("vlan.business", "number"), ("rack.kw", "numbers"), ("plan.order", "number")]
)
def test_value_of_another_shape_is_a_mistake_of_ours(policy: Policy, name: str, reader: str) -> None:
    with pytest.raises(TypeError, match=name):
        getattr(policy, reader)(name)


FAULTS: dict[str, list[tuple[str, str]]] = {
    "rack: {kw: {value: 5, unit: kW, source: EE}}": [],
    "rack: {kw: {vlaue: 5, unit: kW, source: EE}}": [("INV005", "1:13")],
    "rack: {kw: {unit: kW, source: EE}}": [("INV006", "1:8")],
    "rack: {kw: {value: 5}}": [("INV006", "1:8")],
    "rack: {kw: {value: true, source: EE}}": [("INV007", "1:20")],
    "rack: {kw: {value: [1, x], source: EE}}": [("INV007", "1:24")],
    "rack: {kw: {value: 5, at: x, source: EE}}": [("INV005", "1:23")],
    "rack: {kw: 5}": [("INV007", "1:12")],
    "rack: 5": [("INV004", "1:7")],
    "- 5": [("INV004", "1:1")],
    "": [("INV004", "1:1")],
}


@pytest.mark.parametrize("text", FAULTS, ids=repr)
def test_faults_of_the_file(text: str) -> None:
    found = [(f.code, str(f.source).partition(":")[2]) for f in policy_faults(document(text))]
    assert found == FAULTS[text]


# ---------------------------------------------------------------- changes

HEAD = "project:\n  name: p\n  title: {en: P, zh: 项目}\n  policy:\n    - {reason: r, "
CHANGES: dict[str, list[tuple[str, int, str]]] = {
    # the rest of the mapping -> code, column, part of the fix
    "name: rack.kw, value: 4}": [],
    "name: rack.kw, value: 4.5}": [],
    "name: rack.kw, value: 0}": [],
    "name: feed.current_a, value: 16.0}": [],
    "name: vlan.business, value: [200, 300]}": [],
    "name: plan.order, value: by size}": [],
    "name: net.os_general, value: 4}": [],  # a ratio above one by nature
    "name: rack.kv, value: 4}": [("INV004", 25, "did you mean rack.kw?")],
    "name: Rack.KW, value: 4}": [("INV004", 25, "did you mean rack.kw?")],
    "name: rack.kw, value: true}": [("INV004", 41, "write a value like 5.0 (kW)")],
    "name: rack.kw, value: '4'}": [("INV004", 41, "write a value like 5.0 (kW)")],
    "name: rack.kw, value: [4]}": [("INV004", 34, "write a value like 5.0 (kW)")],
    "name: rack.kw, value: -4}": [("INV004", 41, "write a value like 5.0 (kW)")],
    "name: rack.alloc_util_max, value: 90}": [("INV004", 53, "write 0.9 if 90 % is meant")],
    "name: vlan.business, value: 200}": [("INV004", 47, "write a value like [100.0, 999.0] (VLAN id)")],
    "name: vlan.business, value: [200]}": [("INV004", 40, "write a value like [100.0, 999.0] (VLAN id)")],
    "name: vlan.business, value: [300, 200]}": [("INV004", 40, "swap them")],
    "name: plan.order, value: 3}": [("INV004", 44, "write a value like by name")],
    "name: rack.kw, value: 4}\n    - {reason: r, name: rack.kw, value: 3}": [("INV009", 25, "keep one of the two")],
}  # fmt: skip


def changed(policy: Policy, text: str) -> tuple[Policy, list[Finding]]:
    found = document(HEAD + text + "\n", "project.yml")
    project, faults = validate(Project, found.data["project"], "project.yml#project", found, ("project",))
    assert project is not None and faults == []
    return apply_overrides(policy, project, found)


@pytest.mark.parametrize("text", CHANGES, ids=repr)
def test_change(policy: Policy, text: str) -> None:
    line = 5 + text.count("\n")
    after, findings = changed(policy, text)
    assert [(f.code, str(f.source)) for f in findings] == [
        (code, f"project.yml:{line}:{column}") for code, column, _ in CHANGES[text]
    ]
    for finding, (_, _, fix) in zip(findings, CHANGES[text], strict=True):
        assert finding.fix is not None and fix in finding.fix.en
    if findings and not text.count("\n"):
        assert after.parameters == policy.parameters


def test_what_a_change_leaves_behind(policy: Policy) -> None:
    after, _ = changed(policy, "name: rack.kw, value: 4}")
    assert (after.number("rack.kw"), policy.number("rack.kw")) == (4.0, 5.0)
    assert after.cite("rack.kw") == "rack.kw = 4 kW (project: r; project.yml:5:25)"
    assert after.parameters.keys() == policy.parameters.keys()
    assert after.parameters["feed.current_a"] == policy.parameters["feed.current_a"]


def test_no_change(policy: Policy) -> None:
    project = Project(name="p", title=Title(en="P", zh="P"))
    assert apply_overrides(policy, project, document("project: {}", "p")) == (policy, [])
    assert PolicyOverride(name="a", value=1, reason="r").value == 1
