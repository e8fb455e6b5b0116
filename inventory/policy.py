"""Default limits (policy.yml) and what a project changes: one place for every parameter, its unit and source."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from inventory.findings import Finding, Position, Severity, Text
from inventory.model import Project
from inventory.source import Document

Value = float | int | str | tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One limit: value, unit, where the figure comes from, and where it is written."""

    name: str
    value: Value
    unit: str
    source: str
    document: Document
    path: tuple[str | int, ...]
    overridden: str = ""

    @property
    def position(self) -> Position:
        """Where the value is written."""
        return self.document.where(*self.path)


@dataclass(frozen=True)
class Policy:
    """All parameters by dotted name, e.g. rack.alloc_util_max."""

    parameters: dict[str, Parameter]

    def number(self, name: str) -> float:
        """The value of a scalar parameter."""
        value = self.parameters[name].value
        if isinstance(value, str | tuple):
            raise TypeError(f"{name} is not a number")
        return float(value)

    def numbers(self, name: str) -> tuple[float, ...]:
        """The values of a list parameter."""
        value = self.parameters[name].value
        if not isinstance(value, tuple):
            raise TypeError(f"{name} is not a list of numbers")
        return value

    def text(self, name: str) -> str:
        """The value of a text parameter."""
        return str(self.parameters[name].value)

    def cite(self, name: str) -> str:
        """Where the parameter comes from, for a finding: `rack.kw = 5 kW (tender …)`."""
        p = self.parameters[name]
        return f"{name} = {p.value} {p.unit} ({p.overridden or p.source}; {p.position})".replace("  ", " ")


def read_policy(document: Document) -> Policy:
    """Policy from the parsed policy.yml: group -> name -> {value, unit, source}."""
    parameters: dict[str, Parameter] = {}
    for group, entries in document.data.items():
        for name, entry in entries.items():
            value = entry["value"]
            key = f"{group}.{name}"
            parameters[key] = Parameter(
                key,
                tuple(float(v) for v in value) if isinstance(value, list) else value,
                entry.get("unit", ""),
                entry["source"],
                document,
                (group, name),
            )
    return Policy(parameters)


def apply_overrides(policy: Policy, project: Project, document: Document) -> tuple[Policy, list[Finding]]:
    """Policy with the project's changes; an unknown name or a value of another shape is INV004."""
    parameters, findings = dict(policy.parameters), []
    for i, override in enumerate(project.policy):
        old = parameters.get(override.name)
        path = ("project", "policy", i, "name")
        if old is None:
            at = document.where(*path)
            near = difflib.get_close_matches(override.name, parameters, 1)
            hint = Text(f"did you mean {near[0]}?", f"是否为 {near[0]}？") if near else None
            findings.append(
                Finding(
                    "INV004",
                    Severity.ERROR,
                    override.name,
                    Text(f"no parameter of this name: {override.name}", f"没有此参数：{override.name}"),
                    at,
                    hint,
                )
            )
            continue
        if type(old.value) is not type(override.value) and not (
            isinstance(old.value, int | float) and isinstance(override.value, int | float)
        ):
            findings.append(
                Finding(
                    "INV004",
                    Severity.ERROR,
                    override.name,
                    Text(
                        f"expected a value like {old.value}, found {override.value}",
                        f"应为类似 {old.value} 的值，实际为 {override.value}",
                    ),
                    document.where("project", "policy", i, "value"),
                )
            )
            continue
        parameters[override.name] = Parameter(
            old.name, override.value, old.unit, old.source, document, path, f"project: {override.reason}"
        )
    return Policy(parameters), findings
