"""Verifying a lab instead of a site: what of the plan stands there, how to get in, and what it cannot show."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from inventory.findings import Text
from inventory.plan_model import Plan
from rackwright.cli.common import UNUSABLE, leave, say
from rackwright.cli.reach import Chosen

if TYPE_CHECKING:
    from topology.verify import Result


def standing(chosen: Chosen, lab: Path | None) -> Chosen:
    """The devices that stand in the lab of a folder; all of them without a lab."""
    if lab is None:
        return chosen
    there = Rehearsal.read(lab).devices
    return Chosen({host: values for host, values in chosen.hosts.items() if host in there})


@dataclass(frozen=True)
class Rehearsal:
    """A lab as `lab.json` in its folder declares it. `not_shown`: why it cannot show what a test looks for."""

    name: str
    folder: Path
    devices: frozenset[str]
    cables: frozenset[str]
    not_shown: dict[str, Text]

    @classmethod
    def read(cls, folder: Path) -> Rehearsal:
        """The lab in this folder. Leaves with 2 when there is none."""
        try:
            data = json.loads((folder / "lab.json").read_text(encoding="utf-8"))
            why = {test: Text(row["en"], row["zh"]) for test, row in data["not_shown"].items()}
            return cls(data["lab"], folder, frozenset(data["devices"]), frozenset(data["cables"]), why)
        except (OSError, ValueError, KeyError, TypeError) as error:
            say(f"--lab {folder}: no lab.json of a lab there ({type(error).__name__}: {error})")
            leave(UNUSABLE)

    def slice_of(self, plan: Plan) -> Plan:
        """The plan with only the cables that stand in the lab."""
        return replace(plan, cables=tuple(c for c in plan.cables if c.id in self.cables))

    def judged(self, results: list[Result], silent: frozenset[str]) -> list[Result]:
        """Results of tests the lab cannot show become "not shown" where nobody could look although the device
        answered. `silent`: devices that did not."""
        return [
            replace(r, verdict="not shown", found="not shown by the lab", message=self._why(r.test))
            if r.verdict == "not run" and r.test in self.not_shown and not set(r.subject.split()) & silent
            else r
            for r in results
        ]

    def _why(self, test: str) -> Text:
        why = self.not_shown[test]
        return Text(f"not shown by the lab: {why.en}", f"演练环境无法呈现：{why.zh}")

    def told(self, results: list[Result]) -> list[str]:
        """What the lab did not show, one line a test in both languages, outside all that passed."""
        counts = Counter(r.test for r in results if r.verdict == "not shown")
        rows = []
        for test, count in sorted(counts.items()):
            why = self.not_shown[test]
            rows += [
                f"not shown by the lab: {count} x {test}: {why.en}",
                f"  演练环境无法呈现：{test} {count} 项：{why.zh}",
            ]
        return rows
