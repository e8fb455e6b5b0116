"""The @check decorator, the list of codes, and the runner that every package's checks go through.

A check is a generator over one subject: it yields findings, or `lacking(...)` when data it needs is
unknown. The runner counts subjects, so that a check that met none is "not evaluated", never passed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Literal

from inventory.catalog_parts import Placed
from inventory.findings import Finding, Position, Related, Severity, Status, Text, Waived, ordered
from inventory.inventory import Inventory, locate
from inventory.model import Record
from inventory.plan_model import Cable, PlacedDevice, Plan, PlanRecord
from inventory.source import place


@dataclass(frozen=True)
class Context:
    """What checks read: the inventory, the plan (None before the first `rackwright plan`), and the day it is."""

    inventory: Inventory
    plan: Plan | None
    today: date
    cache: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def placed(self) -> dict[str, PlacedDevice]:
        """Planned devices by name (first of duplicates; duplicates are PLN findings)."""
        out: dict[str, PlacedDevice] = {}
        for device in self.plan.devices if self.plan else ():
            out.setdefault(device.name, device)
        return out

    @cached_property
    def cables_of(self) -> dict[str, list[Cable]]:
        """Cables by device name, in cable order."""
        out: dict[str, list[Cable]] = {}
        for cable in self.plan.cables if self.plan else ():
            out.setdefault(cable.a.device, []).append(cable)
            if cable.b.device != cable.a.device:
                out.setdefault(cable.b.device, []).append(cable)
        return out

    def where(self, record: Record | PlanRecord | Placed, *path: str | int) -> Position:
        """Position of a record of the inventory, catalogue or plan, or of a value inside it."""
        shown, _ = place(record.at)
        if self.plan and self.plan.documents and shown in self.plan.documents:
            return locate(self.plan.documents, record.at, *path)
        return self.inventory.where(record, *path)

    def memo(self, key: str, make: Callable[[], Any]) -> Any:
        """A derived value several checks share, computed once per run."""
        if key not in self.cache:
            self.cache[key] = make()
        return self.cache[key]


CheckFunction = Callable[[Any, Context], Iterator[Finding]]
Subjects = Callable[[Context], Iterable[Any]]


@dataclass(frozen=True)
class Check:
    """A registered rule. `needs`: "plan" when it reads the plan. `unless`: codes that, when they failed for the
    same subject or at the same value, make this one moot (the root cause is reported once)."""

    code: str
    severity: Severity
    title: Text
    clause: str
    over: Subjects
    function: CheckFunction
    needs: Literal["inventory", "plan"]
    unless: tuple[str, ...]

    @property
    def doc(self) -> str:
        """The manual page: the check function's docstring."""
        return inspect.cleandoc(self.function.__doc__ or "")


@dataclass(frozen=True)
class LoaderCode:
    """A code raised while reading, listed with the checks."""

    code: str
    severity: Severity
    title: Text
    clause: str
    doc: str


REGISTRY: dict[str, Check | LoaderCode] = {}


def loader_code(code: str, title: Text, doc: str, severity: Severity = Severity.ERROR) -> None:
    """List a code that no check function raises (loader, planner)."""
    if code in REGISTRY:
        raise ValueError(f"code {code} used twice")
    REGISTRY[code] = LoaderCode(code, severity, title, "", inspect.cleandoc(doc))


def check(
    code: str,
    *,
    severity: Severity,
    title: Text,
    over: Subjects,
    clause: str = "",
    needs: Literal["inventory", "plan"] = "plan",
    unless: Sequence[str] = (),
) -> Callable[[CheckFunction], CheckFunction]:
    """Register a check; a code used twice fails at import."""

    def register(function: CheckFunction) -> CheckFunction:
        if code in REGISTRY:
            raise ValueError(f"code {code} used twice")
        REGISTRY[code] = Check(code, severity, title, clause, over, function, needs, tuple(unless))
        return function

    return register


def finding(
    code: str,
    subject: str,
    message: Text,
    source: Position | None,
    *,
    fix: Text | None = None,
    arithmetic: str = "",
    related: Sequence[Related] = (),
    severity: Severity | None = None,
    clause: str = "",
) -> Finding:
    """A finding of a registered code; severity and clause default to the code's own."""
    rule = REGISTRY[code]
    return Finding(
        code, severity or rule.severity, subject, message, source, fix, arithmetic, clause or rule.clause, tuple(related)
    )  # fmt: skip


def lacking(
    code: str, subject: str, message: Text, source: Position | None, fix: Text | None = None
) -> Finding:
    """ "Not evaluated": what is unknown, where it would be written, who can say it."""
    rule = REGISTRY[code]
    return Finding(
        code, rule.severity, subject, message, source, fix, "", rule.clause, (), Status.NOT_EVALUATED
    )


@dataclass(frozen=True)
class Outcome:
    """What one check did: subjects met, subjects that failed, subjects not evaluated, and why if none was met."""

    code: str
    subjects: int
    failed: int
    not_evaluated: int
    reason: str = ""

    @property
    def verdict(self) -> Literal["passed", "failed", "not evaluated"]:
        """Failed wins; a check with any subject not evaluated, or none met, is not a pass."""
        if self.failed:
            return "failed"
        return "not evaluated" if self.not_evaluated or not self.subjects else "passed"


@dataclass(frozen=True)
class Report:
    """All findings, sorted, and one outcome per check, by code."""

    findings: tuple[Finding, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def blocked(self) -> bool:
        """True when a finding at error level stands unwaived."""
        return any(f.blocks for f in self.findings)


def run(context: Context, progress: Callable[[str, int, int], None] | None = None) -> Report:
    """Run every registered check; waivers are applied to what comes out, and expired or unused ones reported."""
    findings: list[Finding] = []
    outcomes: list[Outcome] = []
    failed: dict[str, set[str | Position | None]] = {}
    """Subjects that failed, and the values blamed, by code."""
    checks = in_order([c for c in REGISTRY.values() if isinstance(c, Check)])
    for n, rule in enumerate(checks):
        if progress:
            progress(rule.code, n, len(checks))
        if rule.needs == "plan" and context.plan is None:
            outcomes.append(Outcome(rule.code, 0, 0, 0, "no plan yet: run `rackwright plan`"))
            continue
        subjects = broken = unknown = 0
        moot = set[str | Position | None]().union(*(failed.get(c, ()) for c in rule.unless)) - {None}
        for subject in rule.over(context):
            subjects += 1
            mine = list(rule.function(subject, context))
            if moot:
                mine = [f for f in mine if f.subject not in moot and f.source not in moot]
            if not mine:
                continue
            bad = [f for f in mine if f.status is Status.FAILED]
            broken += bool(bad)
            unknown += len(bad) < len(mine)
            if bad:
                failed.setdefault(rule.code, set()).update(x for f in bad for x in (f.subject, f.source))
            findings.extend(mine)
        outcomes.append(
            Outcome(
                rule.code,
                subjects,
                broken,
                unknown,
                "" if subjects else "nothing of this kind in the project",
            )
        )
    findings = apply_waivers(ordered(findings), context)
    return Report(tuple(ordered(findings)), tuple(sorted(outcomes, key=lambda o: o.code)))


def in_order(checks: Iterable[Check]) -> list[Check]:
    """Checks by code, each behind those its `unless` names. Raises ValueError when they wait for each other."""
    waiting = {c.code: c for c in sorted(checks, key=lambda c: (bool(c.unless), c.code))}
    out: list[Check] = []
    while waiting:
        ready = [c for c in waiting.values() if not any(code in waiting for code in c.unless)]
        if not ready:
            raise ValueError(f"checks wait for each other: {', '.join(sorted(waiting))}")
        for rule in ready:
            out.append(waiting.pop(rule.code))
    return out


def apply_waivers(findings: list[Finding], context: Context) -> list[Finding]:
    """Mark waived findings; add WVR001 for an expired waiver that still has something to cover, WVR002 for one
    that covers nothing."""
    out = list(findings)
    for waiver in context.inventory.waivers.values():
        hits = [i for i, f in enumerate(out) if f.code == waiver.code and _matches(waiver.subject, f.subject)]
        expired = waiver.until < context.today.isoformat()
        if hits and not expired:
            for i in hits:
                out[i] = out[i].with_waiver(Waived(waiver.reason, waiver.by, waiver.until))
        elif hits:
            out.append(
                finding(
                    "WVR001", f"{waiver.code} {waiver.subject}",
                    Text(f"waiver ended on {waiver.until}; the finding stands again", f"豁免已于 {waiver.until} 到期，问题重新生效"),
                    context.inventory.where(waiver, "until"),
                    fix=Text("mend the finding, or renew the waiver with a new reason", "整改，或以新理由续期"),
                )
            )  # fmt: skip
        elif not isinstance(
            REGISTRY.get(waiver.code), LoaderCode
        ):  # those are raised elsewhere, e.g. by a drill
            known = waiver.code in REGISTRY
            out.append(
                finding(
                    "WVR002", f"{waiver.code} {waiver.subject}",
                    Text("waiver covers no finding", "豁免未对应任何问题") if known
                    else Text(f"there is no code {waiver.code}", f"没有代码 {waiver.code}"),
                    context.inventory.where(waiver, "subject" if known else "code"),
                    fix=Text("remove it, or correct code and subject", "删除，或改正代码与对象"),
                )
            )  # fmt: skip
    return out


def _matches(pattern: str, subject: str) -> bool:
    return subject.startswith(pattern[:-1]) if pattern.endswith("*") else subject == pattern


loader_code(
    "WVR001", Text("Expired waiver", "豁免已到期"),
    """A waiver's last day has passed and the finding it covered is still there.

    Why it matters: a decision to live with a risk has an end; after it the finding counts again.
    How to fix: mend the finding, or renew the waiver with a reason that holds today.
    """, Severity.WARNING,
)  # fmt: skip
loader_code(
    "WVR002", Text("Waiver without a finding", "豁免未对应问题"),
    """A waiver names a code and a subject for which nothing is reported.

    Why it matters: it would silently cover a later finding that nobody looked at.
    How to fix: remove it, or correct code and subject.
    """, Severity.WARNING,
)  # fmt: skip
