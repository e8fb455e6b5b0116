"""Breaks a copy of the Guangxi project in one place and says which findings are new, and which are gone.

A case names one edit; expected.json has the findings it must bring: place, code, subject. Anything else that is
new, "not evaluated" and information included, fails the case; so does a finding that vanishes without being
listed. `python -m tests.cases.rewrite` writes expected.json anew; read the diff as if it were code.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from capacity.plan import make_plan
from inventory import load as loading
from inventory.checks import Context, run
from inventory.findings import Finding, Status
from inventory.inventory import Inventory
from inventory.plan_model import Cable, Cord, PlacedDevice, Plan, PlannedAddress, PlanRecord
from inventory.plan_store import load_plan, write_plan
from inventory.source import place
from rackwright.checklist import register_all

ROOT = Path(__file__).parents[2]
PROJECT = "inventory/projects/guangxi"
CATALOG = "inventory/catalog"
TODAY = date(2026, 6, 1)
R = TypeVar("R", bound=PlanRecord)


@dataclass(frozen=True)
class Edit:
    """One change in one file, relative to the project (or a file of the shipped catalogue, `inventory/catalog/...`): the first
    `find` behind `after` becomes `replace`. Without `after`, `find` must stand once. `find` empty: a new file."""

    file: str
    find: str
    replace: str
    after: str = ""

    @property
    def path(self) -> str:
        """The file as findings show it."""
        return self.file if self.shipped else f"{PROJECT}/{self.file}"

    @property
    def shipped(self) -> bool:
        """Whether the shipped catalogue is changed, not the project."""
        return self.file.startswith(f"{CATALOG}/")

    def apply(self, text: str) -> str:
        """The changed text."""
        start = 0
        if self.after:
            assert text.count(self.after) == 1, f"{self.after!r} stands {text.count(self.after)} times"
            start = text.index(self.after)
        else:
            assert text.count(self.find) == 1, f"{self.find!r} stands {text.count(self.find)} times"
        at = text.index(self.find, start)
        return text[:at] + self.replace + text[at + len(self.find) :]


@dataclass(frozen=True)
class Case:
    """One defect. `replan`: the planner runs once more, on top of the plan on disk."""

    edit: Edit
    replan: bool = False


Key = tuple[str, Status, str, str]


@dataclass
class Bench:
    """A work folder with a copy of the project and of the catalogue; the good state for reference."""

    folder: Path
    good: tuple[Finding, ...] = ()
    inventory: Inventory = field(init=False)
    plan: Plan = field(init=False)

    @property
    def project(self) -> Path:
        """The project in the work folder."""
        return self.folder / PROJECT

    def fresh(self) -> None:
        """Put project and catalogue back as they are in the tree."""
        for name in (PROJECT, CATALOG):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            shutil.copytree(ROOT / name, self.folder / name)

    def state(self, *, replan: bool = False) -> tuple[Inventory | None, Plan | None, list[Finding]]:
        """Inventory, plan and all findings, as `rackwright check` would show them."""
        register_all()
        loaded = loading.load(self.project)
        if loaded.inventory is None:
            return None, None, list(loaded.findings)
        stored = load_plan(self.project)
        plan = stored.plan
        findings = [*loaded.findings, *stored.findings]
        if plan is None:
            return loaded.inventory, None, findings
        if replan:
            new = make_plan(loaded.inventory, plan, TODAY)
            write_plan(self.project, new)
            plan = load_plan(self.project).plan
        return loaded.inventory, plan, [*findings, *run(Context(loaded.inventory, plan, TODAY)).findings]

    def start(self) -> None:
        """Read the good project."""
        self.fresh()
        inventory, plan, findings = self.state()
        assert inventory is not None and plan is not None, findings
        self.inventory, self.plan, self.good = inventory, plan, tuple(findings)

    def broken(self, case: Case) -> tuple[list[Finding], list[Finding]]:
        """(new findings, findings gone) once the change is made."""
        self.fresh()
        path = self.folder / case.edit.path
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        new = case.edit.apply(old) if case.edit.find else case.edit.replace
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(new, encoding="utf-8", newline="")
        inventory, _, after = self.state(replan=case.replan)
        before = list(self.good) if inventory is not None else []
        return _beyond(after, before), _beyond(before, after)

    # ------------------------------------------------------------ records of the good plan

    @cached_property
    def device(self) -> dict[str, PlacedDevice]:
        """Planned devices by name."""
        return {d.name: d for d in self.plan.devices}

    def cables(self, kind: str, device: str) -> list[Cable]:
        """Cables of a kind at a device, in order."""
        return [c for c in self.plan.cables if c.kind == kind and device in (c.a.device, c.b.device)]

    def cords(self, device: str) -> list[Cord]:
        """Power cords of a device by inlet."""
        return sorted((c for c in self.plan.cords if c.device == device), key=lambda c: c.inlet)

    def address(self, device: str, plane: str) -> PlannedAddress:
        """The address of a device in a plane."""
        return next(a for a in self.plan.addresses if a.device == device and a.plane == plane)

    def in_rack(self, rack: str, *, owner: str = "", kind: str = "server") -> list[PlacedDevice]:
        """Devices of a rack from the bottom, of one kind (and owner)."""
        kinds = {d.name: d.kind for d in self.inventory.devices.values()}
        return sorted(
            (
                d
                for d in self.plan.devices
                if d.rack == rack and kinds[d.name] == kind and owner in ("", d.owner)
            ),
            key=lambda d: d.position or 0,
        )

    def line(self, record: PlanRecord) -> str:
        """The line of a plan file that holds the record, without its end."""
        shown, (section, index) = place(record.at)
        text = (self.project / "plan" / Path(shown).name).read_text(encoding="utf-8")
        return text.splitlines()[2 + int(index)] if section else ""

    def change(self, record: PlanRecord, *pairs: tuple[str, str]) -> Edit:
        """An edit of one plan record: text -> text, each standing once in its line."""
        old = new = self.line(record)
        for find, replace in pairs:
            assert new.count(find) == 1, f"{find!r} stands {new.count(find)} times in {new}"
            new = new.replace(find, replace)
        return Edit(f"plan/{Path(place(record.at)[0]).name}", old + "\n", new + "\n")

    def remove(self, record: PlanRecord) -> Edit:
        """An edit that takes a record out of the plan."""
        return Edit(f"plan/{Path(place(record.at)[0]).name}", self.line(record) + "\n", "")

    def add(self, record: PlanRecord, *pairs: tuple[str, str]) -> Edit:
        """An edit that adds a changed copy of a record behind it."""
        old = self.line(record)
        return Edit(
            f"plan/{Path(place(record.at)[0]).name}",
            old + "\n",
            f"{old}\n{self.change(record, *pairs).replace}",
        )


Make = Callable[[Bench], Case]
CASES: dict[str, Make] = {}


def case(make: Make) -> Make:
    """Enter a case under the name of its function."""
    name = make.__name__
    assert name not in CASES, f"case {name} stands twice"
    CASES[name] = make
    return make


def text_case(name: str, edit: Edit, replan: bool = False) -> None:
    """Enter a case whose edit is known beforehand."""
    assert name not in CASES, f"case {name} stands twice"
    CASES[name] = lambda bench: Case(edit, replan)


def _key(finding: Finding) -> Key:
    """What makes a finding the same as before. One about facts nobody states may name fewer records, and so
    another file, once one of them is stated."""
    stated = finding.status is Status.FAILED
    return (
        finding.code,
        finding.status,
        finding.subject,
        finding.source.path if finding.source and stated else "",
    )


def _beyond(these: list[Finding], those: list[Finding]) -> list[Finding]:
    """Findings of `these` that `those` do not hold, by code, status, subject and file."""
    left = Counter(map(_key, those))
    out = []
    for finding in these:
        if left[_key(finding)]:
            left[_key(finding)] -= 1
        else:
            out.append(finding)
    return out


def outcome(bench: Bench, one: Case) -> dict[str, list[str]]:
    """What one defect brings and what it ends, a line a finding: place, "not evaluated" or severity, code,
    subject; paths inside the project are shown without it."""
    new, gone = bench.broken(one)
    if any(f.code.startswith("INV") for f in new):
        gone = []  # nothing was loaded: the findings of the good project are not asked for
    return {"new": [_row(f) for f in new], "gone": [f"{f.code} {f.subject}" for f in gone]}


def _row(finding: Finding) -> str:
    place_ = finding.source
    where = "" if place_ is None else f"{place_.path.removeprefix(PROJECT + '/')}:{place_.line}"
    word = "not evaluated" if finding.status is Status.NOT_EVALUATED else str(finding.severity)
    return f"{where} {word} {finding.code} {finding.subject}"
