"""Positions found in an excerpt are those of the whole file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from inventory.load import PROJECTS, SHIPPED_CATALOG
from inventory.source import DataPath, Document, parse

FILES = sorted(
    [
        *(PROJECTS / "guangxi").rglob("*.yml"),
        *SHIPPED_CATALOG.rglob("*.yaml"),
        *SHIPPED_CATALOG.rglob("*.yml"),
        PROJECTS.parent / "policy.yml",
    ]
)
ODD = {
    "list at the margin": "racks:\n- {name: a}\n- name: b\n  feeds: [1, 2]\nrows: []\n",
    "comments and blank lines": "# one\nracks:   # two\n\n  # three\n  - name: a\n\n  - name: b # four\n\nrows:\n  - {x: 1}\n",
    "alias in another item": "racks:\n  - name: a\n    feeds: &f {a: 1}\n  - name: b\n    feeds: *f\n",
    "alias in another section": "racks:\n  - {name: a, feeds: &f {a: 1}}\nrows:\n  - {feeds: *f}\n",
    "dash inside quotes": 'racks:\n  - name: "a\n  - b"\n  - name: c\n',
    "dash inside a block text": "racks:\n  - notes: |\n      - no item\n    name: a\n  - name: b\n",
    "quoted keys": '"racks":\n  - {name: a}\n',
    "flow style": "{racks: [{name: a}, {name: b}]}\n",
    "flow list over lines": "racks: [\n  {name: a},\n  {name: b}]\n",
    "carriage returns": "racks:\r\n  - {name: a}\r\n  - {name: b}\r\n",
    "other line breaks": 'racks:\n  - {name: "a\u2028b"}\n  - {name: b}\n',
    "document mark": "---\nracks:\n  - {name: a}\n",
    "lists in lists": "racks:\n  - - a\n    - b\n  - - c\n",
    "dash alone": "racks:\n  -\n    name: a\n  - name: b\n",
    "no end of line": "racks:\n  - name: a\n  - name: b",
    "a list alone": "- {name: a}\n- {name: b}\n",
    "nothing": "# nothing\n",
}


def paths(value: Any, path: DataPath = ()) -> Iterator[DataPath]:
    yield path
    yield (*path, "absent")
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, below in pairs:
        yield from paths(below, (*path, step))


def same_positions(text: str, every: int = 1) -> None:
    found, _ = parse(text, "x.yml")
    assert found is not None
    whole = Document("x.yml", text, found.data, yaml.compose(text, Loader=yaml.CSafeLoader))
    for path in list(paths(found.data))[::every]:
        assert found.where(*path) == whole.where(*path), path
        assert found.where_key(*path, "absent") == whole.where_key(*path, "absent"), path
        if path:
            assert found.where_key(*path) == whole.where_key(*path), path
        assert found.written(*path) == whole.written(*path), path


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PROJECTS.parent).as_posix())
def test_positions_of_shipped_files(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    same_positions(text, 1 + len(text) // 20_000)


@pytest.mark.parametrize("name", ODD)
def test_positions_of_odd_files(name: str) -> None:
    same_positions(ODD[name])


def test_a_plan_line_is_composed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "".join(f"  - {{name: d-{n:03d}, rack: A01-A01}}\n" for n in range(500))
    document, _ = parse(f"devices:\n{lines}", "devices.yml")
    assert document is not None
    composed: list[int] = []
    real = yaml.compose

    def counted(text: str, **options: Any) -> Any:
        composed.append(len(text))
        return real(text, **options)

    monkeypatch.setattr(yaml, "compose", counted)
    assert document.where("devices", 321, "rack").line == 323
    assert sum(composed) < 100
