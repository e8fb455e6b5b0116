"""What became of a stack, gathered from the events of the engine."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Outcome = Literal[
    "no change", "changed", "would change", "drift", "not looked at", "failed", "locked", "not run", "interrupted",
    "destroyed", "nothing there",
]  # fmt: skip
"""drift: what stands differs from the state. not looked at: what was seen has not drifted, and not all was seen. locked: another run holds the stack, or did when it was killed.
not run: a stack it comes after failed. interrupted: by Ctrl-C, before it was begun or while it ran.
nothing there: never applied, or destroyed already."""
GOOD: tuple[Outcome, ...] = ("no change", "changed", "would change", "destroyed", "nothing there")
Progress = Callable[[str, bool], None]
"""Told what is done, and whether one more resource is finished."""
VERBS = {
    "create": "+", "update": "~", "delete": "-", "replace": "±", "create-replacement": "±", "delete-replaced": "±",
    "import": "=", "read": " ", "refresh": "~",
}  # fmt: skip
GONE = "is gone"
RESUME = "`rackwright stacks up --resume` looks what became of them and goes on, `destroy --resume` takes them away"
AWAY = "`rackwright stacks destroy --resume` looks and takes it away"
SENTENCES = "drift"
"""Output of a resource that says in sentences what differs."""
NOT_LOOKED = "not looked at"
"""In a warning of the provider: of this resource something was left out."""
TAKEN_OVER = "taken over"
"""In a remark of the provider: what it was to make stood there already."""
TRANSPORT = (
    "error reading from server",
    "transport: ",
    "the connection is draining",
    "the client connection is closing",
)
"""Words of the engine for a provider that does not answer; DIALING: it was gone before it was asked."""
DIALING, DIED = "Error while dialing", "exited prematurely"
QUIET = ("same", "read", "read-replacement", "read-discard")
STACK = "pulumi:pulumi:Stack"
GROUPING = ("pulumi:", "rackwright:components:")


@dataclass(frozen=True)
class Change:
    """What becomes of one resource: `sign` + ~ - ± (! found to differ by a run that failed before it put it right), and the inputs that differ, old and new value each."""

    sign: str
    kind: str
    name: str
    details: tuple[str, ...] = ()

    def line(self) -> str:
        """In one line."""
        shown = "; ".join(self.details)
        return f"{self.sign} {self.kind} {self.name}" + (f": {shown}" if shown else "")


@dataclass(frozen=True)
class Overlooked:
    """A resource of which nobody knows whether it has drifted, and why."""

    kind: str
    name: str
    reason: str


@dataclass
class StackResult:
    """One stack of a run. `left`: resources that it did not touch. `not_looked_at`: what a look for drift did not see.
    `stood`: resources it was to make and that stood there already; `stood_unknown`: what that means where the state
    did not know of any."""

    layer: str
    site: str
    outcome: Outcome = "failed"
    changes: list[Change] = field(default_factory=list)
    left: int = 0
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    not_declared: dict[str, list[str]] = field(default_factory=dict)
    not_looked_at: list[Overlooked] = field(default_factory=list)
    stood: list[str] = field(default_factory=list)
    seconds: float = 0.0
    hint: str = ""
    stood_unknown: str = ""

    @property
    def name(self) -> str:
        """`layer/site`."""
        return f"{self.layer}/{self.site}"

    @property
    def good(self) -> bool:
        """Nobody has to look at it."""
        return self.outcome in GOOD

    def counts(self) -> dict[str, int]:
        """How many of each sign."""
        out: dict[str, int] = {}
        for change in self.changes:
            out[change.sign] = out.get(change.sign, 0) + 1
        return out

    def to_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "stack": self.name, "outcome": self.outcome, "seconds": round(self.seconds, 1), "unchanged": self.left,
            "changes": [
                {"sign": c.sign, "type": c.kind, "name": c.name, "details": list(c.details)} for c in self.changes
            ],
            "errors": self.errors, "warnings": self.warnings, "not_declared": self.not_declared,
            "not_looked_at": [{"type": o.kind, "name": o.name, "reason": o.reason} for o in self.not_looked_at],
            "stood_already": self.stood, "hint": self.hint,
        }  # fmt: skip


@dataclass
class Gather:
    """Listens to the events of one run and fills a result."""

    result: StackResult
    tell: Progress
    same: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    replaced: set[str] = field(default_factory=set)
    found: set[tuple[str, str]] = field(default_factory=set)
    begun: dict[str, tuple[str, Any]] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    partly: dict[str, str] = field(default_factory=dict)
    died: bool = False
    """`done`: URNs that were read or done. `begun`: operation and metadata of those that were asked for and never answered.
    `faults`, `partly`: error, and what was left out, by URN. `died`: the provider process ended in the middle."""

    def event(self, event: Any) -> None:
        """One event of the engine."""
        if event.resource_pre_event:
            meta = event.resource_pre_event.metadata
            if not _groups(meta.type) and str(_op(meta)) not in QUIET:
                self.begun[meta.urn] = (_op(meta), meta)
                self.tell(f"{_op(meta)} {short(meta.type)} {name_of(meta.urn)}", False)
        elif event.res_outputs_event:
            self._done(event.res_outputs_event.metadata)
        elif event.res_op_failed_event:
            self.tell(f"failed: {name_of(event.res_op_failed_event.metadata.urn)}", True)
        elif event.diagnostic_event and not event.diagnostic_event.ephemeral:
            self._said(event.diagnostic_event)

    def finish(self) -> None:
        """Count what was not touched, once all has been told."""
        changed = {(c.kind, c.name) for c in self.result.changes}
        self.result.left = len({_own(urn) for urn in self.same} - changed)
        self.result.changes.sort(key=lambda c: (c.kind, c.name))

    def failed(self) -> None:
        """Finish a run that was to change things and failed: what it only found is not told as done."""
        self.result.changes = [
            replace(c, sign="!") if (c.kind, c.name) in self.found else c for c in self.result.changes
        ]
        self.finish()

    def _done(self, meta: Any) -> None:
        op = _op(meta)
        if meta.type == STACK:
            told = (meta.new.outputs if meta.new else None) or {}
            if isinstance(told.get("notDeclared"), dict):
                self.result.not_declared = told["notDeclared"]
            return
        if _groups(meta.type):
            return
        self.tell(f"{short(meta.type)} {name_of(meta.urn)}", meta.urn not in self.done)
        self.done.add(meta.urn)
        self.begun.pop(meta.urn, None)
        changed = _refreshed(meta) if op == "refresh" else None
        if op in QUIET or (op == "refresh" and changed is None):
            self.same.add(meta.urn)
            return
        self.same.discard(meta.urn)
        if changed is not None:
            self._keep(changed)
            self.found.add((changed.kind, changed.name))
            return
        self.found.discard(_own(meta.urn))
        if op in ("replace", "create-replacement", "delete-replaced"):
            if meta.urn in self.replaced:
                return
            self.replaced.add(meta.urn)
        self._keep(Change(VERBS.get(op, op), short(meta.type), name_of(meta.urn), tuple(_details(meta))))

    def _keep(self, change: Change) -> None:
        same = (change.kind, change.name)
        for number, known in enumerate(self.result.changes):
            if (known.kind, known.name) == same:
                if (known.sign, change.sign) == ("-", "+"):
                    change = Change("+", *same, ("was gone, made again",))
                self.result.changes[number] = change if change.details or not known.details else known
                return
        self.result.changes.append(change)

    def _said(self, said: Any) -> None:
        text = " ".join(said.message.split()).removeprefix("Preview failed: ")
        begun = re.findall(r"\S+::(\S+), interrupted while (\w+)", text)
        if begun:  # the engine's own words are long
            text = f"begun by a killed run and never ended: {', '.join(f'{verb} {name}' for name, verb in begun)}. {RESUME}"
        own = said.urn if said.urn and not _is_stack(said.urn) else ""
        line = (f"{name_of(own)}: " if own else "") + text
        if own and said.severity == "error":
            self.faults.setdefault(own, text)
            if DIALING in text or not any(words in text for words in TRANSPORT):
                self.begun.pop(own, None)  # it was answered, or never asked
        elif own and said.severity == "warning" and NOT_LOOKED in text:
            self.partly[own] = text
        elif own and TAKEN_OVER in text and name_of(own) not in self.result.stood:
            self.result.stood.append(name_of(own))
        self.died = self.died or (said.severity == "error" and DIED in text)
        if said.severity == "error" and line not in self.result.errors:
            self.result.errors.append(line)
        elif said.severity == "warning" and line not in self.result.warnings:
            self.result.warnings.append(line)


def name_of(urn: str) -> str:
    """Name of a resource."""
    return urn.split("::", 3)[-1]


def short(kind: str) -> str:
    """Type without package and module."""
    return kind.rpartition(":")[2]


def kind_of(urn: str) -> str:
    """Type of a resource, without package and module."""
    return short(urn.split("::")[2].rpartition("$")[2])


def _own(urn: str) -> tuple[str, str]:
    return kind_of(urn), name_of(urn)


def _op(meta: Any) -> str:
    return str(getattr(meta.op, "value", meta.op))


def _groups(kind: str) -> bool:
    return kind.startswith(GROUPING)


def _is_stack(urn: str) -> bool:
    return STACK in urn.split("::")[2]


def _details(meta: Any) -> list[str]:
    """Inputs that differ: `path old -> new`."""
    if _op(meta) in ("create", "delete", "import"):
        return []
    paths = sorted(meta.detailed_diff) if meta.detailed_diff else sorted(meta.diffs or [])
    old = (meta.old.inputs if meta.old else None) or {}
    new = (meta.new.inputs if meta.new else None) or {}
    plain = [path for path in paths if not re.match(rf"{SENTENCES}\b", path)]
    told = [f"{path} {shown(at(old, path))} -> {shown(at(new, path))}" for path in plain]
    return told if plain == paths else [*told, *_sentences(meta)]


def _sentences(meta: Any) -> list[str]:
    """What a resource that is looked at as a whole found to differ; of one that is put right, what that was."""
    for state, before in ((meta.new, ""), (meta.old, "puts right: ")):
        found = ((state.outputs if state else None) or {}).get(SENTENCES)
        if isinstance(found, list) and found:
            return [f"{before}{text}" for text in found]
    return []


def _refreshed(meta: Any) -> Change | None:
    """What a look at the thing itself found; None when it is as the state has it."""
    kind, name = short(meta.type), name_of(meta.urn)
    if meta.new is None:
        return Change("-", kind, name, (GONE,))
    old, new = meta.old.outputs or {}, meta.new.outputs or {}
    managed = set(meta.old.inputs or {})
    lines = [
        f"{path} {shown(before)} -> {shown(after)}"
        for key in sorted(managed)
        for path, before, after in differing(key, old.get(key), new.get(key))
        if not key.startswith("__")
    ]
    return Change("~", kind, name, tuple(lines)) if lines else None


def differing(path: str, old: Any, new: Any) -> list[tuple[str, Any, Any]]:
    """Values that differ, mappings entry by entry."""
    if old == new:
        return []
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            x for key in sorted({*old, *new}) for x in differing(f"{path}.{key}", old.get(key), new.get(key))
        ]
    return [(path, old, new)]


def at(values: Any, path: str) -> Any:
    """The value at a path such as `bios.Smt` or `records[0]`; None when there is none."""
    for step in path.replace("[", ".[").split("."):
        if step.startswith("[") and isinstance(values, list):
            number = step.strip("[]")
            values = values[int(number)] if number.isdigit() and int(number) < len(values) else None
        elif isinstance(values, dict):
            values = values.get(step.strip('[]"'))
        else:
            return None
    return values


def shown(value: Any) -> str:
    """A value in a summary: short, and without quotes where it reads without."""
    text = "nothing" if value is None else value if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
