"""Default limits (policy.yml) and what a project changes: one place for every parameter, its unit and source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Strict

from inventory.findings import Finding, Position, Related, Severity, Text
from inventory.model import Project
from inventory.nearest import near
from inventory.quantities import plain_number
from inventory.source import Document
from inventory.validation import validate

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
        if isinstance(value, (str, tuple)):
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
        """Where the parameter comes from, for a finding: `feed.max_util = 0.8 ratio of breaker (EE; …)`."""
        p = self.parameters[name]
        return f"{name} = {p.value} {p.unit} ({p.overridden or p.source}; {p.position})".replace("  ", " ")


class _Entry(BaseModel):
    """One parameter as policy.yml writes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: str = ""
    value: Annotated[float, Strict()] | str | tuple[Annotated[float, Strict()], ...]
    unit: str = ""
    source: str


def policy_faults(document: Document | None) -> list[Finding]:
    """What keeps policy.yml from being read: group -> name -> {value, unit, source}."""
    if document is None:
        return []
    if not isinstance(document.data, dict):
        return [
            _fault(document.path, "expected groups of parameters", "应为参数分组", document.where(), None)
        ]
    out: list[Finding] = []
    for group, entries in document.data.items():
        if not isinstance(entries, dict):
            out.append(
                _fault(
                    group, "expected parameters by name", "应为按名称列出的参数", document.where(group), None
                )
            )
            continue
        for name, entry in entries.items():
            out.extend(validate(_Entry, entry, "", document, (group, name))[1])
    return out


def read_policy(document: Document) -> Policy:
    """Policy from a policy.yml without faults (`policy_faults`)."""
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
    """Policy with the project's changes; an unknown name or a value of another shape is INV004, a parameter
    changed twice INV009."""
    parameters, findings = dict(policy.parameters), []
    first: dict[str, int] = {}
    for i, override in enumerate(project.policy):
        name, path = override.name, ("project", "policy", i)
        old = policy.parameters.get(name)
        if old is None:
            guess = near(name, policy.parameters)
            hint = Text(f"did you mean {guess}?", f"是否为 {guess}？") if guess else None
            findings.append(_fault(name, f"no parameter of this name: {name}", f"没有此参数：{name}",
                                   document.where(*path, "name"), hint))  # fmt: skip
        elif first.setdefault(name, i) != i:
            before = Related(document.where("project", "policy", first[name], "name"), "first change")
            findings.append(
                Finding("INV009", Severity.ERROR, name, Text(f"{name} is changed twice", f"{name} 被更改两次"),
                        document.where(*path, "name"), Text("keep one of the two", "保留其中一个"), related=(before,))
            )  # fmt: skip
        elif wrong := _misfit(old, override.value, document.data["project"]["policy"][i]["value"]):
            message, fix = wrong
            findings.append(_fault(name, message.en, message.zh, document.where(*path, "value"), fix))
        else:
            parameters[name] = Parameter(
                name,
                override.value,
                old.unit,
                old.source,
                document,
                (*path, "name"),
                f"project: {override.reason}",
            )
    return Policy(parameters), findings


def _misfit(old: Parameter, value: Value, written: Any) -> tuple[Text, Text] | None:
    """What is wrong with a new value for a parameter, and what to write; None when it fits."""
    like = f"{list(old.value)}" if isinstance(old.value, tuple) else f"{old.value}"
    fix = Text(f"write a value like {like} ({old.unit})", f"按 {like} 的形式书写（{old.unit}）")
    both_numbers = isinstance(old.value, int | float) and isinstance(value, int | float)
    if isinstance(written, bool) or not (both_numbers or type(old.value) is type(value)):
        shown = str(written).lower() if isinstance(written, bool) else written
        return Text(
            f"expected a value like {like}, found {shown}", f"应为类似 {like} 的值，实际为 {shown}"
        ), fix
    if isinstance(old.value, tuple) and isinstance(value, tuple):
        if len(value) != len(old.value):
            return Text(f"expected {len(old.value)} numbers, found {len(value)}",
                        f"应为 {len(old.value)} 个数，实际 {len(value)} 个"), fix  # fmt: skip
        if list(value) != sorted(value):
            return Text(f"{list(value)} does not ascend", f"{list(value)} 不是升序"), Text(
                "swap them", "对调"
            )
        return None
    if not isinstance(value, int | float) or not isinstance(old.value, int | float):
        return None
    if value < 0:
        return Text(f"expected a value >= 0, found {value}", f"应为 >= 0 的值，实际为 {value}"), fix
    if old.unit.startswith("ratio") and old.value <= 1 < value:
        share = plain_number(value / 100)
        return (Text(f"expected a ratio of at most 1, found {value}", f"应为不大于 1 的比值，实际为 {value}"),
                Text(f"write {share} if {plain_number(value)} % is meant", f"若指 {plain_number(value)} %，请写 {share}"))  # fmt: skip
    return None


def _fault(subject: str, en: str, zh: str, at: Position, fix: Text | None) -> Finding:
    return Finding("INV004", Severity.ERROR, subject, Text(en, zh), at, fix)
