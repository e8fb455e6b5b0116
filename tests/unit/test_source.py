"""The YAML reader: plain data, exact positions, and every value YAML would change told once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from inventory import source
from inventory.findings import Finding, Position
from inventory.source import Document, parse, path_text, place, read

Found = tuple[str, int, int, str]
"""(code, line, column, data path)"""


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RACKWRIGHT_CACHE", "off")


def said(findings: list[Finding]) -> list[Found]:
    return [(f.code, f.source.line, f.source.column, f.subject) for f in findings if f.source]


def document(text: str) -> Document:
    found, findings = parse(text, "x.yml")
    assert found is not None and findings == []
    return found


VALUES: dict[str, Any] = {
    "text": "text", "'1:2'": "1:2", '"NO"': "NO", "'0100'": "0100", "5": 5, "-3": -3, "+5": 5, "0": 0, "-0": 0,
    "5.0": 5.0, "-0.25": -0.25, "1.5e+3": 1500.0, "true": True, "False": False, "TRUE": True, "null": None,
    "~": None, "": None, "2026-01-31": "2026-01-31", "2026-01-31 10:00:00": "2026-01-31 10:00:00",
    "y": "y", "Y": "Y", "n": "n", "10GE1/0/1": "10GE1/0/1", "00:1a:2b:3c:4d:5e": "00:1a:2b:3c:4d:5e",
    "11-22-33-44-55-66": "11-22-33-44-55-66", "10.0.0.1": "10.0.0.1", "10.0.0.0/8": "10.0.0.0/8", "1.2.3": "1.2.3",
    "fd00::1": "fd00::1", "5 kW": "5 kW", "!!str 5": "5", "! x": "x", "'5'": "5", "|\n   a\n   b": "a\nb\n",
    "中文": "中文", "[a, 1]": ["a", 1], "{b: {c: 1}}": {"b": {"c": 1}}, "[]": [], "{}": {},
    "9" * 40: int("9" * 40), "-": None, "7e": "7e", "e5": "e5", "1-2": "1-2", "0x": "0x", ".": ".",
}  # fmt: skip


@pytest.mark.parametrize("written", VALUES, ids=repr)
def test_value(written: str) -> None:
    found, findings = parse(f"a: {written}\n", "x.yml") if written != "-" else parse("a: null\n", "x.yml")
    assert findings == [] and found is not None
    assert found.data == {"a": VALUES[written]}
    assert type(found.data["a"]) is type(VALUES[written])


TRAPS: dict[str, tuple[str, str]] = {
    # what is written: (what it would become, what to write instead)
    "1:2": ("is read as 62, a base-60 number", 'write "1:2"'),
    "190:20:30": ("is read as 685230, a base-60 number", 'write "190:20:30"'),
    "1:30.5": ("is read as a base-60 number", 'write "1:30.5"'),
    "10:22:33:44:55:56": ("a MAC address of digits only", 'write "10:22:33:44:55:56"'),
    "NO": ("is read as false", 'write "NO" if it is text, false if not'),
    "off": ("is read as false", 'write "off" if it is text, false if not'),
    "Yes": ("is read as true", 'write "Yes" if it is text, true if not'),
    "on": ("is read as true", 'write "on" if it is text, true if not'),
    "0100": ("is read as 64, an octal number", 'write "0100" if it is text, 100 if not'),
    "00": ("is read as 0, an octal number", 'write "00" if it is text, 0 if not'),
    "089": ("is text to some readers and a number to others", 'write "089" if it is text, 89 if not'),
    "0o17": ("is text to some readers and a number to others", 'write "0o17"'),
    "0x10": ("is read as 16", 'write "0x10" if it is text, 16 if not'),
    "0b11": ("is read as 3", 'write "0b11" if it is text, 3 if not'),
    "1_000": ("is read as 1000", 'write "1_000" if it is text, 1000 if not'),
    "1_0.5": ("is a number readers disagree on", 'write "1_0.5" if it is text, 10.5 if not'),
    ".5": ("is a number readers disagree on", 'write ".5" if it is text, 0.5 if not'),
    "5.": ("is a number readers disagree on", 'write "5." if it is text, 5 if not'),
    "1e3": ("is text to some readers and a number to others", 'write "1e3" if it is text, 1000 if not'),
    "12E03": ("is text to some readers and a number to others", 'write "12E03" if it is text, 12000 if not'),
    "1.5e3": ("is text to some readers and a number to others", 'write "1.5e3" if it is text, 1500 if not'),
    ".5e1": ("is text to some readers and a number to others", 'write ".5e1" if it is text, 5 if not'),
    ".inf": ("is a number readers disagree on", 'write ".inf" if it is text, a finite number if not'),
    "-.INF": ("is a number readers disagree on", 'write "-.INF" if it is text, a finite number if not'),
    ".nan": ("is a number readers disagree on", 'write ".nan" if it is text, a finite number if not'),
    "1.0e+999": ("is a number readers disagree on", 'write "1.0e+999" if it is text, a finite number if not'),
    "=": ("is refused by some readers", 'write "="'),
    "8" * 41: ("is a number of 41 digits", f'write "{"8" * 40}…"'),
}


@pytest.mark.parametrize("written", TRAPS, ids=repr)
def test_trap(written: str) -> None:
    found, findings = parse(f"rows:\n  - name: x\n    y_m: {written}\n", "x.yml")
    assert said(findings) == [("INV003", 3, 10, "rows[0].y_m")]
    why, fix = TRAPS[written]
    assert why in findings[0].message.en
    assert findings[0].fix is not None and findings[0].fix.en == fix
    assert findings[0].message.zh != findings[0].message.en
    assert found is not None and found.data["rows"][0]["y_m"] == written  # later stages see what was written


@pytest.mark.parametrize("written", ["089", "1e3", "0o17", "1.5e3"])
def test_files_from_outside_are_read_as_yaml_1_1(written: str) -> None:
    found, findings = parse(f"a: {written}\n", "x.yml", outside=True)
    assert findings == [] and found is not None and found.data == {"a": written}


FORBIDDEN: dict[str, tuple[str, list[Found], Any]] = {
    "duplicate key": ("a: 1\nb: 2\na: 3\n", [("INV002", 3, 1, "a")], {"a": 1, "b": 2}),
    "duplicate key deep in flow": (
        "a: [{b: {c: 1, d: 2, c: 3}}]\n", [("INV002", 1, 22, "a[0].b.c")], {"a": [{"b": {"c": 1, "d": 2}}]},
    ),
    "fault inside the second of two": (
        "a: 1\na: {b: NO}\n", [("INV002", 2, 1, "a"), ("INV003", 2, 8, "a.b")], {"a": 1},
    ),
    "quoted and plain are one key": ("a: 1\n'a': 2\n", [("INV002", 2, 1, "a")], {"a": 1}),
    "merge key": (
        "a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\n", [("INV002", 2, 5, "b.<<")],
        {"a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 3}},
    ),
    "merge of several": (
        "a: &x {p: 1}\nb: &y {p: 2, q: 3}\nc: {<<: [*x, *y]}\n", [("INV002", 3, 5, "c.<<")],
        {"a": {"p": 1}, "b": {"p": 2, "q": 3}, "c": {"p": 1, "q": 3}},
    ),
    "merge of nothing": ("c: {<<: 1, q: 3}\n", [("INV002", 1, 5, "c.<<")], {"c": {"q": 3}}),
    "list as a key": ("? [a, b]\n: c\nd: 1\n", [("INV002", 1, 3, "x.yml")], {"d": 1}),
    "mapping as a key": ("a: {? {b: 1} : c, d: 2}\n", [("INV002", 1, 7, "a")], {"a": {"d": 2}}),
    "truth value as a key": ("a:\n  no: 1\n", [("INV003", 2, 3, "a.no")], {"a": {"no": 1}}),
    "null as a key": ("~: 1\n", [("INV003", 1, 1, "~")], {"~": 1}),
    "number as a key": ("1: a\n850: b\n1.5: c\n4-post: d\n", [], {"1": "a", "850": "b", "1.5": "c", "4-post": "d"}),
    "key that is misread": (
        "0100: b\n1:2: c\na: {1e3: d}\n", [("INV003", 1, 1, "0100"), ("INV003", 2, 1, "1:2"), ("INV003", 3, 5, "a.1e3")],
        {"0100": "b", "1:2": "c", "a": {"1e3": "d"}},
    ),
    "own tag": ("a: !num 30\n", [("INV002", 1, 4, "a")], {"a": "30"}),
    "python tag": ("a: !!python/name:os.system x\n", [("INV002", 1, 4, "a")], {"a": "x"}),
    "binary": ("a: !!binary aGk=\n", [("INV002", 1, 4, "a")], {"a": "aGk="}),
    "set": ("a: !!set {b, c}\n", [("INV002", 1, 4, "a")], {"a": {"b": None, "c": None}}),
    "tag on a list": ("a: !l [1]\n", [("INV002", 1, 4, "a")], {"a": [1]}),
    "text called null": ("a: !!null x\n", [("INV002", 1, 4, "a")], {"a": "x"}),
    "all at once": (
        "a: NO\nb: [1:2, ok, 0x1]\nb: 3\n",
        [("INV003", 1, 4, "a"), ("INV003", 2, 5, "b[0]"), ("INV003", 2, 14, "b[2]"), ("INV002", 3, 1, "b")],
        {"a": "NO", "b": ["1:2", "ok", "0x1"]},
    ),
    "trap behind an alias is told where it stands": (
        "a: &x NO\nb: {c: &y [on], d: *y}\n", [("INV003", 1, 4, "a"), ("INV003", 2, 12, "b.c[0]")],
        {"a": "NO", "b": {"c": ["on"], "d": ["on"]}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORBIDDEN)
def test_forbidden(name: str) -> None:
    text, expected, data = FORBIDDEN[name]
    found, findings = parse(text, "x.yml")
    assert said(findings) == expected
    assert found is not None and found.data == data


SYNTAX: dict[str, tuple[str, int, int, str]] = {
    # text: line and column, and a part of the fix
    "tab": ("a:\n\tb: 1\n", 2, 1, "line 2 is indented with a tab"),
    "tab after text": ("a:\n  b: 1\n\tc: 2\n", 3, 1, "line 3 is indented with a tab"),
    "no space after the colon": ("a:\n  - name:A\n    role: x\n", 3, 9, "line 2 lacks a space after its colon"),
    "full-width colon": ("a:\n  b：1\n  c: 2\n", 3, 4, "line 2 has a full-width colon"),
    "full-width colon last": ("a:\n  b: 1\n  c：2\n", 3, 3, "line 3 has a full-width colon"),
    "no-break space": ("a:\n  b: 1\n  c:\u00a02\n", 3, 3, "line 3 has a no-break space"),
    "open bracket": ("a: [b, c\nd: 1\n", 2, 2, "close the bracket"),
    "open quote": ("a: 1\nb: \"c\nd: 1\n", 2, 4, "close the quote that opens here"),
    "at sign": ("a: @b\n", 1, 4, "put the value in quotes"),
    "backtick": ("a: `b\n", 1, 4, "put the value in quotes"),
    "two documents": ("a: 1\n---\nb: 2\n", 2, 1, "one document in a file"),
    "alias of nothing": ("a: 1\nb: *c\n", 2, 4, "a plain * begins an alias"),
    "anchor twice": ("a: &x 1\nb: &x 2\n", 2, 4, "another name"),
    "control character": ("a: 1\nb: x\x07y\n", 2, 5, "remove the character"),
    "NUL": ("a: \x00\n", 1, 4, "remove the character"),
    "lone surrogate": ("a: \ud800\n", 1, 4, "remove the character"),
    "unknown escape": ('a: "\\q"\n', 1, 5, "mend the syntax"),
    "list after mapping": ("a: 1\n- b\n", 2, 1, "mend the syntax"),
    "indent": ("a:\n  - b: 1\n     c: 2\n", 3, 7, "mend the syntax"),
    "alias of itself": ("a: &x [1, *x]\n", 1, 4, "remove the alias"),
    "alias of itself in a mapping": ("a: 1\nb: &x {c: {d: *x}}\n", 2, 4, "remove the alias"),
}  # fmt: skip


@pytest.mark.parametrize("name", SYNTAX)
def test_syntax(name: str) -> None:
    text, line, column, fix = SYNTAX[name]
    found, findings = parse(text, "x.yml")
    assert found is None
    assert said(findings) == [("INV001", line, column, "x.yml")]
    assert findings[0].fix is not None and fix in findings[0].fix.en


DEEP: dict[str, tuple[str, int, int]] = {
    "flow": ("a: " + "[" * 5000 + "]" * 5000, 1, 67),
    "flow with brackets in quotes": ('["]",' * 100_000, 1, 321),
    "flow mappings": ("{a: " * 20_000, 1, 257),
    "block": ("".join(" " * i + "a:\n" for i in range(300)), 65, 65),
    "dashes": ("- " * 5000 + "a\n", 1, 129),
    "complex keys": ("? " * 5000 + "a\n", 1, 129),
}


@pytest.mark.parametrize("name", DEEP)
def test_nesting_stops_before_the_stack_does(name: str) -> None:
    text, line, column = DEEP[name]
    found, findings = parse(text, "x.yml")
    assert found is None and said(findings) == [("INV001", line, column, "x.yml")]
    assert findings[0].message.en == f"nested deeper than {source.MAX_DEPTH} levels"


def test_nesting_up_to_the_limit() -> None:
    levels = source.MAX_DEPTH
    found, findings = parse("[" * levels + "1" + "]" * levels, "x.yml")
    assert findings == [] and found is not None
    assert said(parse("[" * (levels + 1) + "1" + "]" * (levels + 1), "x.yml")[1]) == [
        ("INV001", 1, levels + 1, "x.yml")
    ]


def test_alias_bomb() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{c}: &{c} [{', '.join(['*' + p] * 10)}]" for p, c in zip("abcdefghi", "bcdefghij", strict=True)
    ]
    found, findings = parse("\n".join(lines), "x.yml")
    assert found is None and said(findings) == [("INV001", 7, 4, "x.yml")]


def test_alias_bomb_of_long_text() -> None:
    found, findings = parse(f"a: [&a {'x' * 200_000}, {', '.join(['*a'] * 20_000)}]", "x.yml")
    assert found is None and said(findings) == [("INV001", 1, 4, "x.yml")]


def test_aliases_within_reason() -> None:
    assert document("a: &x {p: [1, 2]}\nb: *x\nc: [*x, *x]\n").data["c"] == [{"p": [1, 2]}, {"p": [1, 2]}]


def test_the_c_parser_is_used() -> None:
    assert issubclass(source._Loader, yaml.CSafeLoader)


@pytest.mark.parametrize(
    "text", ["", "\n", "# only a comment\n", "---\n", "---\n# c\n...\n", "%YAML 1.2\n---\n"]
)
def test_nothing_in_the_file(text: str) -> None:
    found, findings = parse(text, "x.yml")
    assert found is not None and found.data is None and findings == []
    assert found.where("a", 0) == found.where_key("a") == found.where()
    assert found.written("a") is None


# ---------------------------------------------------------------- bytes


def write(folder: Path, content: bytes) -> Path:
    path = folder / "f.yml"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content",
    [b"a: 1\nb: \xe4\xb8\xad\n", b"\xef\xbb\xbfa: 1\nb: \xe4\xb8\xad\n", b"a: 1\r\nb: \xe4\xb8\xad\r\n", b"a: 1\rb: \xe4\xb8\xad"],
    ids=["plain", "byte-order mark", "CRLF", "CR"],
)  # fmt: skip
def test_bytes_that_read_alike(tmp_path: Path, content: bytes) -> None:
    found, findings = read(write(tmp_path, content), "f.yml")
    assert findings == [] and found is not None and found.data == {"a": 1, "b": "中"}
    assert found.where("b") == Position("f.yml", 2, 4)
    assert found.where_key("a") == Position("f.yml", 1, 1)


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        (b"a: 1\nb: x\xff\n", 2, 5),
        ("a: 1\nb: 中".encode() + b"\xff\n", 2, 5),
        ("a: 中\n".encode("gb18030"), 1, 4),
        ("a: 1\n".encode("utf-16"), 1, 1),
        (b"\xef\xbb\xbfa: \x80", 1, 4),
    ],
    ids=["stray byte", "after a wide character", "GB 18030", "UTF-16", "after a byte-order mark"],
)
def test_not_utf8(tmp_path: Path, content: bytes, line: int, column: int) -> None:
    found, findings = read(write(tmp_path, content), "f.yml")
    assert found is None and said(findings) == [("INV001", line, column, "f.yml")]


def test_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [f.message.en for f in read(tmp_path / "none.yml", "n")[1]] == [
        "cannot be read: No such file or directory"
    ]
    assert [f.message.en for f in read(tmp_path, "d")[1]] == ["cannot be read: Is a directory"]
    path = write(tmp_path, b"a: 1\n")

    def denied(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    assert [(f.code, str(f.source), f.message.en) for f in read(path, "f.yml")[1]] == [
        ("INV001", "f.yml", "cannot be read: Permission denied")
    ]


def test_file_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_BYTES", 4)
    found, findings = read(write(tmp_path, b"a: 12\n"), "f.yml")
    assert found is None and [f.message.en for f in findings] == ["file is larger than 4 bytes"]


# ---------------------------------------------------------------- positions

PLACES = """\
a: 1
b:
  c: [x, y]
  d:
    - e: 1
      f: {g: 2}
    -
      e: 3
  h: |
    text
"中": {'i': j}
"""
WHERE: dict[tuple[str | int, ...], tuple[int, int, int, int, str | None]] = {
    # path: line and column of the value, of the key, and the scalar as written
    (): (1, 1, 1, 1, None),
    ("a",): (1, 4, 1, 1, "1"),
    ("b",): (2, 1, 2, 1, None),
    ("b", "c"): (3, 3, 3, 3, None),
    ("b", "c", 1): (3, 10, 3, 10, "y"),
    ("b", "d"): (4, 3, 4, 3, None),
    ("b", "d", 0): (5, 7, 5, 7, None),
    ("b", "d", 0, "e"): (5, 10, 5, 7, "1"),
    ("b", "d", 0, "f"): (6, 7, 6, 7, None),
    ("b", "d", 0, "f", "g"): (6, 14, 6, 11, "2"),
    ("b", "d", 1): (8, 7, 8, 7, None),
    ("b", "h"): (9, 6, 9, 3, "text\n"),
    ("中", "i"): (11, 12, 11, 7, "j"),
    ("b", "d", 7): (4, 3, 4, 3, None),  # what is not there: the nearest thing around it
    ("b", "d", 0, "q"): (5, 7, 5, 7, None),
    ("b", "q", "r"): (2, 1, 2, 1, None),
    ("a", "q"): (1, 4, 1, 4, None),
    ("q",): (1, 1, 1, 1, None),
}


@pytest.mark.parametrize("path", WHERE, ids=path_text)
def test_where(path: tuple[str | int, ...]) -> None:
    found = document(PLACES)
    line, column, key_line, key_column, written = WHERE[path]
    assert found.where(*path) == Position("x.yml", line, column)
    if path:
        assert found.where_key(*path) == Position("x.yml", key_line, key_column)
    assert found.written(*path) == written


@pytest.mark.parametrize(
    ("at", "shown", "path"),
    [
        ("f.yml#rows/3/racks/0", "f.yml", ("rows", 3, "racks", 0)),
        ("a#b/f.yml#project", "a#b/f.yml", ("project",)),
        ("f.yml#", "f.yml", ()),
        ("", "", ()),
    ],
)
def test_place(at: str, shown: str, path: tuple[str | int, ...]) -> None:
    assert place(at) == (shown, path)
