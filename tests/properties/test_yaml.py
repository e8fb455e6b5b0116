"""The YAML reader agrees with the plain one where there is no trap, and never falls over."""

from __future__ import annotations

import json
import os
import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from inventory import source
from inventory.findings import Finding
from inventory.flow_yaml import flow
from inventory.load import load
from inventory.source import Document, parse, read

SMALL = Path(__file__).parents[1] / "data" / "small-project"
QUICK = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
WORDS = st.one_of(
    TEXT,
    st.sampled_from(
        ["yes", "no", "on", "off", "y", "n", "true", "null", "~", "=", "<<", "1:2", "0100", "0x1", "1e3", ".5", "5.", "1_0",
         "089", "0o7", "2026-01-31", "-", "?", ":", "#", "[", "{", "&", "*", "!", "|", ">", "%", "@", "`", ",", "", "a#b",
         "a:", ":a", "-a", "é", "中", "："]
    ),
    st.from_regex(r"[-+]?[0-9_]{0,3}[.:eExob]?[0-9:_]{0,4}", fullmatch=True),
)  # fmt: skip
SCALARS = st.one_of(
    WORDS, st.integers(-(10**12), 10**12), st.booleans(), st.none(),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
)  # fmt: skip
KEYS = st.from_regex(r"[a-z][a-z0-9_-]{0,6}", fullmatch=True)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


def checked(found: Document | None, findings: list[Finding]) -> None:
    """What holds for every text: a document or a fault, and places inside the text."""
    assert (found is None) <= bool(findings)
    for finding in findings:
        assert finding.code in ("INV001", "INV002", "INV003")
        assert finding.source is not None and finding.fix is not None and finding.message.zh
        assert finding.source.line >= 1 and finding.source.column >= 1
    if found is not None:
        walk(found, found.data, ())


def walk(found: Document, data: Any, path: tuple[str | int, ...]) -> None:
    lines = len(found.text.splitlines()) + 1
    for place in (
        found.where(*path),
        found.where(*path, "none"),
        *([found.where_key(*path)] if path else []),
    ):
        assert 1 <= place.line <= lines and place.column >= 1
    below = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in below:
        walk(found, value, (*path, step))


@QUICK
@given(DATA, st.sampled_from([None, True, False]))
def test_reads_what_the_plain_reader_reads(data: Any, style: bool | None) -> None:
    text = yaml.dump(
        data, Dumper=yaml.CSafeDumper, allow_unicode=True, default_flow_style=style, sort_keys=False
    )
    found, findings = parse(text, "x.yml")
    assert found is not None
    expected = yaml.load(text, Loader=yaml.CSafeLoader)
    assert expected == data
    if findings:  # only text that newer readers take for a number, which the dumper leaves plain
        assert {f.code for f in findings} == {"INV003"}
    assert found.data == expected
    checked(found, findings)


@QUICK
@given(DATA)
def test_what_the_plan_store_writes_is_read_back(data: Any) -> None:
    found, findings = parse(f"- {flow(data)}\n", "x.yml")
    assert found is not None and findings == []
    assert found.data == [data]


@QUICK
@given(DATA, st.randoms(use_true_random=False))
def test_positions_do_not_depend_on_how_they_are_found(data: Any, chance: random.Random) -> None:
    """A few lines composed again, or the whole file: the same places."""
    data = {"rows": data, "racks": [data, {"name": data}, 1]}
    text = yaml.dump(
        data, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, indent=chance.choice([2, 4]),
        default_flow_style=chance.choice([None, False]),
    )  # fmt: skip
    found, _ = parse(text, "x.yml")
    assert found is not None
    whole = Document("x.yml", text, found.data, yaml.compose(text, Loader=yaml.CSafeLoader))

    def same(value: Any, path: tuple[str | int, ...]) -> None:
        assert found is not None
        assert found.where(*path) == whole.where(*path)
        assert found.written(*path) == whole.written(*path)
        below = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for step, inner in below:
            assert found.where_key(*path, step) == whole.where_key(*path, step)
            same(inner, (*path, step))

    same(found.data, ())


@QUICK
@given(st.text(max_size=200))
@example("&a [*a]")
@example("a: &a {b: *a}")
@example('["]",' * 2000)
@example("{" * 300)
@example("a: \ud800")
@example("\ufeff")
@example("a: \x85b\u2028c: d")
@example("? - ? - a")
@example("!!int a: !!float b")
@example("<<: {a: 1}")
@example("- <<\n- =\n- !!merge x\n- !!value y\n- !!null z\n- !!bool maybe\n- !!int x\n- !!timestamp t\n")
def test_no_text_is_too_odd(text: str) -> None:
    checked(*parse(text, "x.yml"))
    checked(*parse(text, "x.yml", outside=True))


FRAGMENTS = st.lists(
    st.sampled_from(
        ["a", "b:", "- ", "? ", ": ", "\n", "\n  ", "\n    ", "\t", "[", "]", "{", "}", ", ", "&x ", "*x ", "!t ", "!!str ",
         '"', "'", "|\n", ">-\n", "#", " # c", "---\n", "...\n", "%YAML 1.1\n", "<<: ", "1:2", "no", "0x1", "\\", "中", "\r\n",
         "\u00a0", "\ufeff", "~"]
    ),
    max_size=30,
).map("".join)  # fmt: skip


@QUICK
@given(FRAGMENTS)
def test_no_piece_of_yaml_is_too_odd(text: str) -> None:
    found, findings = parse(text, "x.yml")
    checked(found, findings)
    if found is not None and not findings:
        try:
            expected = yaml.load(text, Loader=yaml.CSafeLoader)
        except (yaml.YAMLError, TypeError, ValueError):
            return  # a key it cannot hash, a date that is none
        assert as_text(found.data) == as_text(expected)


def as_text(value: Any) -> Any:
    """Data with keys as text, which is what ours are."""
    if isinstance(value, dict):
        return {str(k): as_text(v) for k, v in value.items()}
    return [as_text(v) for v in value] if isinstance(value, list) else value


LINES = st.lists(
    st.one_of(
        st.dictionaries(KEYS, DATA, min_size=1, max_size=3).map(lambda data: f"- {flow(data)}"),
        st.sampled_from(
            ["- &x {a: 1}", "- *x", "- |", "  text", "- >-", "- 'a", "  - b'", '- "', "# c", "", "- a: 1", "  b: 2", "-", "- - a",
             "  - b", "---", "...", "- {a: 1,", "  b: 2}", "a: 1", "- NO", "- {a: 1, a: 2}", "- {a: &y 1}", "- {a: *y}", "- {b: NO}", "- !t x", "\t- a", "- \u2028", "- a #"]
        ),
    ),
    max_size=12,
)  # fmt: skip


@settings(QUICK, max_examples=100)
@given(LINES, st.sampled_from(["  ", ""]), st.integers(1, 60))
def test_large_files_are_read_in_pieces_alike(lines: list[str], indent: str, size: int) -> None:
    """Reading piece by piece gives what reading at once gives: data, faults and places."""
    text = "rows:\n" + "".join(f"{indent}{line}\n" for line in lines)
    whole, faults = parse(text, "x.yml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "PIECE", size)
        parts, same = parse(text, "x.yml")
    assert same == faults
    assert (parts and parts.data) == (whole and whole.data)
    if parts is not None and whole is not None:
        checked(parts, same)


@pytest.fixture(scope="module")
def folder() -> Path:
    return Path(tempfile.mkdtemp())


@QUICK
@given(st.binary(max_size=120))
@example(b"\xff\xfea\x00")
@example(b"a: \xed\xa0\x80")
@example(b"\xef\xbb\xbf\xef\xbb\xbfa: 1")
def test_no_bytes_are_too_odd(folder: Path, raw: bytes) -> None:
    path = folder / "f.yml"
    path.write_bytes(raw)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RACKWRIGHT_CACHE", "off")
        checked(*read(path, "f.yml"))


# ---------------------------------------------------------------- order


def shuffled(value: Any, chance: random.Random, path: tuple[str, ...] = ()) -> Any:
    """The same project with records, keys and files in another order; order inside a record's lists means something."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {k: shuffled(value[k], chance, (*path, k)) for k in keys}
    if isinstance(value, list):
        items = [shuffled(v, chance, (*path, "[]")) for v in value]
        if len(path) == 1:
            chance.shuffle(items)
        return items
    return value


def without_places(value: Any) -> Any:
    """Record data without `at`."""
    if isinstance(value, dict):
        return {k: without_places(v) for k, v in value.items() if k != "at"}
    return [without_places(v) for v in value] if isinstance(value, list | tuple) else value


def facts(folder: Path) -> dict[str, Any]:
    """What an inventory says, whatever the order it says it in."""
    loaded = load(folder)
    assert loaded.findings == () and loaded.inventory is not None
    inventory = loaded.inventory
    fields = [
        f
        for f in type(inventory).__dataclass_fields__
        if f not in ("folder", "documents", "catalog", "policy")
    ]
    out: dict[str, Any] = {}
    for name in fields:
        value = getattr(inventory, name)
        records = value.values() if isinstance(value, dict) else [value]
        out[name] = sorted(json.dumps(without_places(r.model_dump()), sort_keys=True) for r in records)
    out["derived"] = (sorted(inventory.racks), sorted(inventory.devices), sorted(inventory.existing_pairs))
    return out


AS_WRITTEN = facts(SMALL)


@settings(QUICK, max_examples=20, phases=[Phase.generate])
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_order_means_nothing(chance: random.Random, files: int) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RACKWRIGHT_CACHE", os.devnull)
        everything: dict[str, Any] = {}
        for path in SMALL.rglob("*.yml"):
            for section, records in yaml.load(
                path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
            ).items():
                known = everything.setdefault(section, records)
                if known is not records:
                    known.extend(records)
        everything = shuffled(everything, chance)
        parts: list[dict[str, Any]] = [{} for _ in range(files)]
        for section, records in everything.items():
            for record in records if isinstance(records, list) else ():
                parts[chance.randrange(files)].setdefault(section, []).append(record)
            if isinstance(records, dict):
                parts[chance.randrange(files)][section] = records
        for i, part in enumerate(parts):
            text = yaml.dump(part, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
            (Path(name) / f"{i}.yml").write_text(text, encoding="utf-8")
        assert facts(Path(name)) == AS_WRITTEN
