"""Findings: what a stage or a check has to say, where, why, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How much a finding weighs: error blocks issue, warning needs a decision, info is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Status(StrEnum):
    """Whether a rule was broken, or could not be judged because data is missing (never a pass)."""

    FAILED = "failed"
    NOT_EVALUATED = "not-evaluated"


@dataclass(frozen=True, slots=True)
class Text:
    """One statement in English and in Chinese."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.en


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a YAML file: path as shown to the user, 1-based line and column (0: whole file)."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}" if self.line else self.path


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that takes part in a finding, and what stands there."""

    position: Position | None
    note: str


@dataclass(frozen=True, slots=True)
class Waived:
    """The waiver that covers a finding: reason, who signed (a role or a name), last valid day (ISO date)."""

    reason: str
    by: str
    until: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a check or of the loader.

    `arithmetic` is the sum between value and limit, language neutral; `clause` names the source of
    the rule (standard with section, tender line with its mark, or engineering estimate).
    """

    code: str
    severity: Severity
    subject: str
    message: Text
    source: Position | None = None
    fix: Text | None = None
    arithmetic: str = ""
    clause: str = ""
    related: tuple[Related, ...] = field(default=())
    status: Status = Status.FAILED
    waived: Waived | None = None

    @property
    def blocks(self) -> bool:
        """True when it must be mended before drawings or configurations are issued."""
        return self.severity is Severity.ERROR and self.status is Status.FAILED and self.waived is None

    def sort_key(self) -> tuple[str, int, int, str, str, str]:
        """Path, line, column, code, subject, message: the same input gives the same order."""
        p = self.source or Position("")
        return (p.path, p.line, p.column, self.code, self.subject, self.message.en)

    def with_waiver(self, waived: Waived) -> Finding:
        """The same finding, marked as waived; it stays visible."""
        return replace(self, waived=waived)

    def to_dict(self) -> dict[str, Any]:
        """JSON form; keys are stable."""
        out: dict[str, Any] = {
            "code": self.code,
            "severity": str(self.severity),
            "status": str(self.status),
            "subject": self.subject,
            "message": self.message.en,
            "message_zh": self.message.zh,
        }
        if self.source:
            out["source"] = {"path": self.source.path, "line": self.source.line, "column": self.source.column}
        if self.arithmetic:
            out["arithmetic"] = self.arithmetic
        if self.fix:
            out["fix"], out["fix_zh"] = self.fix.en, self.fix.zh
        if self.clause:
            out["clause"] = self.clause
        if self.related:
            out["related"] = [
                {"source": str(r.position) if r.position else None, "note": r.note} for r in self.related
            ]
        if self.waived:
            out["waived"] = {"reason": self.waived.reason, "by": self.waived.by, "until": self.waived.until}
        return out

    def to_line(self) -> str:
        """The finding in one line: place, severity, code, subject, message."""
        where = f"{self.source}: " if self.source else ""
        word = "not evaluated" if self.status is Status.NOT_EVALUATED else str(self.severity)
        mark = " (waived)" if self.waived else ""
        return visible(f"{where}{word}{mark} {self.code} {self.subject}: {self.message.en}")

    def to_text(self) -> str:
        """The form printed in a terminal: one line, then indented details."""
        lines = [self.to_line()]
        if self.arithmetic:
            lines.append(f"  limit    {self.arithmetic}")
        if self.clause:
            lines.append(f"  clause   {self.clause}")
        for r in self.related:
            lines.append(f"  related  {f'{r.position}: ' if r.position else ''}{r.note}")
        if self.fix:
            lines.append(f"  fix      {self.fix.en}")
        if self.waived:
            lines.append(f"  waived   {self.waived.reason} ({self.waived.by}, until {self.waived.until})")
        return "\n".join(map(visible, lines))


def visible(line: str) -> str:
    """The line with what does not print (control characters, odd spaces) as escapes: what a file holds must not
    reach the terminal as a command, nor break the line."""
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in line)


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Findings sorted by place and code, exact duplicates dropped; what follows from a value that YAML itself
    misreads (INV002, INV003 at the same place) is dropped too."""
    items = list(dict.fromkeys(findings))
    misread = {f.source for f in items if f.code in ("INV002", "INV003")}
    return sorted(
        (f for f in items if f.code in ("INV002", "INV003") or f.source not in misread), key=Finding.sort_key
    )


def names_text(names: Sequence[str], shown: int = 6) -> str:
    """Names in a row, cut after `shown`: `a, b +4`; the same in every language."""
    first = ", ".join(names[:shown])
    return first if len(names) <= shown else f"{first} +{len(names) - shown}"
