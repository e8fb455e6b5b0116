"""A large file read piece by piece says what it says when read at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory import source
from inventory.excerpt import record_lines
from inventory.load import PROJECTS
from inventory.source import parse

RECORD = "  - {name: d-1, at: [1, 2], note: 'a, b'}\n"
FILES = sorted((PROJECTS / "guangxi" / "plan").glob("*.yml"))
ODD = {
    "sound": f"# c\ndevices:\n{RECORD * 9}",
    "no end of line": f"devices:\n{RECORD * 9}"[:-1],
    "blank and comment lines": f"devices:\n{RECORD * 3}\n  # c\n{RECORD * 3}",
    "another key": f"devices:\n{RECORD * 3}cables: []\n",
    "an item at the margin": f"devices:\n{RECORD * 3}- {{a: 1}}\n",
    "a second document": f"devices:\n{RECORD * 3}---\n{RECORD * 3}",
    "a key read as a truth value": f"on:\n{RECORD * 9}",
    "an ambiguous value": f"devices:\n{RECORD * 3}  - {{name: 1:30}}\n{RECORD * 3}",
    "a key twice": f"devices:\n{RECORD * 3}  - {{name: a, name: b}}\n{RECORD * 3}",
    "not closed": f"devices:\n{RECORD * 3}  - {{name: a\n{RECORD * 3}",
    "quoted over lines": f"devices:\n{RECORD * 3}  - {{name: 'a\n  - {{b: c}}'}}\n{RECORD * 3}",
    "flow over lines": f"devices:\n{RECORD * 3}  - {{name: a,\n     b: c}}\n{RECORD * 3}",
    "alias into another piece": f"devices:\n  - {{a: &x 1}}\n{RECORD * 6}  - {{a: *x}}\n",
    "block records": "devices:\n  - name: a\n    b: c\n  - name: d\n",
    "carriage returns": f"devices:\n{RECORD * 3}".replace("\n", "\r\n"),
    "nothing below": "devices:\n",
}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "PIECE", 50)


def whole(text: str, monkeypatch: pytest.MonkeyPatch) -> object:
    with monkeypatch.context() as patched:
        patched.setattr(source, "PIECE", len(text))
        document, findings = parse(text, "x.yml")
    return document and document.data, findings


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_plan_files(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text(encoding="utf-8")
    assert record_lines(text, 50) is not None
    document, findings = parse(text, path.name)
    assert document is not None
    assert (document.data, findings) == whole(text, monkeypatch)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", ODD)
def test_odd_files(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    document, findings = parse(ODD[name], "x.yml")
    assert (document and document.data, findings) == whole(ODD[name], monkeypatch)


def test_pieces_join_to_the_text() -> None:
    text = f"# c\ndevices:\n{RECORD * 9}"
    lines = record_lines(text, 50)
    assert lines is not None
    assert lines[0] == "devices"
    assert len(lines[1]) > 3
    assert "".join(lines[1]) == RECORD * 9
