"""Import without an engine: what is there comes in, what is not there is told, what could not be read is an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pulumi.automation._cmd import CommandResult
from pulumi.automation.errors import CommandError

from stacks.programs import entry
from stacks.programs.wanted import Declaration, Group, Kind, Wanted
from stacks.runner.adopt import adopt
from stacks.runner.automation import Target
from stacks.runner.engine import Engine, Home
from stacks.runner.results import StackResult

SAID = {
    "lost": "resource 'lost' does not exist",
    "shut": "NAMES (http://127.0.0.1:1): looking at zone shut.: 401, who asks is not let in. Put the right key in place",
}


class Stack:
    """A stack whose engine finds everything but what is in SAID."""

    def up(self, **_: Any) -> None:
        """The components."""

    def import_resources(self, *, resources: list[dict[str, Any]], **_: Any) -> None:
        """All or nothing, in the words of the engine."""
        for row in resources:
            if said := SAID.get(row["name"]):
                shown = (
                    f" =  {row['type']} {row['name']} importing\nerror: {said}\nerror: update failed: {said}"
                )
                raise CommandError(CommandResult(shown, "", 255))


def wanted(kind: Kind, name: str, within: str = "") -> Wanted:
    """A resource of site A."""
    return Wanted(kind, name, {}, (Group("Site", "A"),), within=within, identity=f"id of {name}")


def adopted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *rows: Wanted) -> StackResult:
    """What an import of these says."""
    monkeypatch.setattr(entry, "project", lambda _: (None, None))
    monkeypatch.setattr(entry, "declaration", lambda *_: Declaration(rows))
    monkeypatch.setattr(Target, "open", lambda _: Stack())
    home = Home(tmp_path, tmp_path / "project", f"file://{tmp_path / 'state'}")
    return adopt(Target("dns", "A", home, Engine(None, tmp_path)), lambda *_: None)


def test_what_is_not_there_is_told_and_keeps_no_other_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = [
        wanted("Zone", "z"),
        wanted("Zone", "lost"),
        *(wanted("RecordSet", f"r{n}", "z") for n in range(3)),
    ]
    found = adopted(monkeypatch, tmp_path, *rows, wanted("RecordSet", "r9", "lost"))
    assert [c.name for c in found.changes] == ["r0", "r1", "r2", "z"]
    assert found.warnings == [
        "lost: is not there, so it is not imported: `up` makes it",
        "r9: not imported, its zone lost is not in the state",
    ]
    assert (found.outcome, found.errors, found.good) == ("changed", [], True)


def test_what_could_not_be_read_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = adopted(monkeypatch, tmp_path, wanted("Zone", "z"), wanted("Zone", "shut"))
    assert [c.name for c in found.changes] == ["z"]
    assert found.errors == [f"shut: not imported: {SAID['shut']}"]
    assert not found.good
