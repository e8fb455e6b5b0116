"""Loading a project: one mistake gives one finding at its place; nothing is half loaded or left out unsaid."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from inventory import model as m
from inventory.findings import Finding, Severity
from inventory.load import PROJECTS, Loaded, load
from inventory.references import references
from tests.platforms import Data, planned, platform, record

ROOT = Path(__file__).parents[2]
SMALL = ROOT / "tests" / "data" / "small-project"
CASES = ROOT / "tests" / "cases" / "loader"


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RACKWRIGHT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the small project in the working directory, so that findings show short paths."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(SMALL, Path("p")))


def change(file: Path, old: str, new: str) -> tuple[int, int]:
    """Replace the only `old` in a file; the place where `new` begins (1-based)."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, (file, old, text.count(old))
    at = text.index(old)
    file.write_text(text.replace(old, new), encoding="utf-8")
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def said(loaded: Loaded) -> list[tuple[str, str]]:
    return [(f.code, str(f.source)) for f in loaded.findings]


def only(loaded: Loaded) -> Finding:
    assert len(loaded.findings) == 1, [f.to_text() for f in loaded.findings]
    assert loaded.inventory is None and loaded.findings[0].severity is Severity.ERROR
    return loaded.findings[0]


def test_small_project_is_clean_and_uses_every_section() -> None:
    loaded = load(SMALL)
    assert loaded.findings == () and loaded.inventory is not None
    assert [s for s in m.SECTIONS if not getattr(loaded.inventory, s)] == []


def test_guangxi_is_clean() -> None:
    assert load(PROJECTS / "guangxi").findings == ()


# ---------------------------------------------------------------- one change, one finding

Change = tuple[str, str, str, str, int | None, str]
"""(file, old, new, code, columns from the start of `new` to the place named or None: elsewhere, part of the fix)"""

CHANGES: dict[str, Change] = {
    # names and sections
    "section misspelt": ("network.yml", "fleets:", "fleet:", "INV005", 0, "did you mean fleets?"),
    "section under another word": ("network.yml", "port_plans:", "wiring:", "INV005", 0, "known sections: project, sites"),
    "section in singular": ("sites/a.yml", "rooms:", "room:", "INV005", 0, "did you mean rooms?"),
    "project misspelt": ("project.yml", "project:", "projct:", "INV005", 0, "did you mean project?"),
    "name misspelt": ("network.yml", "- name: compute", "- nmae: compute", "INV005", 2, "did you mean name?"),
    "name of a site misspelt": ("sites/a.yml", "- name: A\n", "- Name: A\n", "INV005", 2, "did you mean name?"),
    "name with a space": ("project.yml", "- name: core\n", '- name: "core "\n', "INV007", 8, "did you mean core?"),
    "name in wrong letters": ("project.yml", "- name: core\n", "- name: соrе\n", "INV007", 8, "did you mean core?"),
    "name a number": ("network.yml", "- name: compute", "- name: 12", "INV007", 8, 'write "12" in quotes'),
    "name octal": ("network.yml", "- name: compute", "- name: 0100", "INV003", 8, 'write "0100"'),
    "name null": ("network.yml", "- name: compute", "- name: ~", "INV007", 8, "write text"),
    "name too long": ("network.yml", "- name: compute", "- name: " + "c" * 101, "INV007", 8, "at most 100"),
    "definition renamed": ("project.yml", "- name: core\n", "- name: kern\n", "INV008", None, "define it, or use one of: kern"),
    "two of a name": ("project.yml", "- name: app\n", "- name: db\n", "INV009", 8, "rename or remove one"),
    # types
    "one record instead of a list": ("sites/a.yml", "rooms:\n  - name", "rooms:\n    name", "INV007", 0, "put '- ' before"),
    "text instead of a list": ("project.yml", "fleets: [compute]\n    copies", "fleets: compute\n    copies", "INV007", 8,
                               "write [compute]"),
    "text instead of a mapping": ("network.yml", "attach: {pairs: [A-ASW-01], optic: sfpp-10g-sr}", "attach: A-ASW-01",
                                  "INV007", 8, "write a mapping of fields"),
    "mapping instead of a list": ("network.yml", "existing_hosts:\n  - name: platform\n    site: A\n    stated: 1\n    hosts: [{name: old-01, addresses: [10.9.0.31], serial: \"0231\", mac: \"00:11:22:33:44:55\"}]",
                                  "existing_hosts: {name: platform}", "INV007", 0, "put '- ' before"),
    "number in quotes": ("network.yml", "count: 4\n", 'count: "4"\n', "INV007", 7, "write 4 without quotes"),
    "unit in a value": ("sites/a.yml", "rated_kw: 4.5", "rated_kw: 4.5 kW", "INV007", 10, "write 4.5 (the field is in kW)"),
    "watts for kilowatts": ("sites/a.yml", "rated_kw: 4.5", "rated_kw: 4500", "INV007", 10, "did you write W?"),
    "null where a value must stand": ("sites/a.yml", "voltage_v: 220}\n  - {name: A01-PB", "voltage_v: ~}\n  - {name: A01-PB",
                                      "INV007", 11, "write a number in V"),
    "word not allowed": ("sites/a.yml", "role: production", "role: prodction", "INV007", 6, "did you mean production?"),
    "unknown use of ports": ("network.yml", "      server: ", "      sever: ", "INV005", 6, "did you mean server?"),
    "key of the loader": ("network.yml", "    count: 4\n", "    at: x\n    count: 4\n", "INV005", 4, "remove it"),
    "key of the loader in a rack": ("sites/a.yml", "- name: A01-A02", "- at: x\n        name: A01-A02", "INV005", 2, "remove it"),
    "key of the loader in a change of limits": ("project.yml", "- {name: room.pue_max", "- {at: x, name: room.pue_max", "INV005", 3,
                                                "remove it"),
    # YAML's own
    "truth value": ("network.yml", "mlag: true", "mlag: yes", "INV003", 6, "true if not"),
    "site called NO": ("network.yml", "    site: A\n    zone: core", "    site: NO\n    zone: core", "INV003", 10, 'write "NO"'),
    "exponent": ("network.yml", "count: 4\n", "count: 1e1\n", "INV003", 7, "10 if not"),
    "base 60": ("sites/a.yml", "x_m: 1.5\n", "x_m: 1:30\n", "INV003", 5, 'write "1:30"'),
    "duplicate key": ("network.yml", "    count: 4\n", "    count: 4\n    count: 5\n", "INV002", 17, "keep one of the two"),
    "merge key": ("project.yml", "  - name: app\n    title: {en: Application, zh: 应用}\n    mode: single\n",
                  "  - <<: {title: {en: a, zh: b}, mode: single}\n    name: app\n", "INV002", 4, "write the fields out"),
    "tag": ("network.yml", "count: 4\n", "count: !n 4\n", "INV002", 7, "remove the tag"),
    # references
    "reference misspelt": ("network.yml", "sts: A-STS-1", "sts: A-STS-2", "INV008", 5, "did you mean A-STS-1?"),
    "reference in wrong letters": ("network.yml", "sts: A-STS-1", "sts: А-STS-1", "INV008", 5, "in plain letters"),
    "reference with a space": ("network.yml", "sts: A-STS-1", "sts: 'A-STS-1 '", "INV008", 5, "without spaces"),
    "reference deep inside": ("network.yml", "attach: {pairs: [A-ASW-01]", "attach: {pairs: [A-ASW-9]", "INV008", 17,
                              "did you mean A-ASW-01?"),
    "device type unknown": ("network.yml", "device_type: hygon-c86-ecs-2u", "device_type: hygon-ecs-2u", "INV008", 13,
                            "did you mean hygon-c86-ecs-2u?"),
    "rack type of one rack": ("sites/a.yml", "        rack_type: rack-42u-1200-5kw", "        rack_type: rack-42u", "INV008",
                              19, "did you mean rack-42u-1200-5kw?"),
    "panel of one rack": ("sites/a.yml", "{a: {panel: A01-PA}, b: {panel: A01-PB}}", "{a: {panel: A01-PX}, b: {panel: A01-PB}}", "INV008", 12, "did you mean A01-P"),
    # rules between fields
    "prefix with host bits": ("network.yml", "prefix: 10.10.0.0/20", "prefix: 10.10.0.1/20", "INV007", 8, "write 10.10.0.0/20"),
    "prefix out of range": ("network.yml", "prefix: 10.9.0.0/24", "prefix: 10.9.0.0/33", "INV007", 8, "write a network like"),
    "pool of ASNs backwards": ("network.yml", "last: 65199", "last: 65100", "INV007", 6, "swap them"),
    "day that does not exist": ("project.yml", "until: 2027-06-30", "until: 2027-06-31", "INV007", 7, "a day of the calendar"),
    "assumed field unknown": ("sites/a.yml", "      y_m: no", "      ym: no", "INV010", 6, "did you mean y_m?"),
    "assumed field of a rack unknown": ("sites/a.yml", "assumed: {phase:", "assumed: {phases:", "INV010", 10, "did you mean phase?"),
    "rack twice": ("sites/a.yml", "- name: A01-A02", "- name: A01-A01", "INV009", 8, "rename or remove one"),
    "VLAN twice": ("network.yml", "vlans:\n", "vlans:\n  - {name: x, site: A, plane: dci, vid: 101}\n", "INV009", None, "rename"),
    "parameter unknown": ("project.yml", "name: room.pue_max,", "name: room.pue_mix,", "INV004", 6, "did you mean room.pue_max?"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_one_change_one_finding(small: Path, name: str) -> None:
    file, old, new, code, columns, fix = CHANGES[name]
    line, column = change(small / file, old, new)
    finding = only(load(small))
    assert finding.code == code
    assert finding.fix is not None and fix in finding.fix.en and finding.fix.zh
    assert finding.source is not None and finding.subject
    if columns is None:  # shows elsewhere than at the change
        assert finding.source.line > 0 and finding.source.column > 0
        return
    before = new[:columns]
    line += before.count("\n")
    column = len(before) - before.rfind("\n") if "\n" in before else column + len(before)
    assert str(finding.source) == f"p/{file}:{line}:{column}"


# ---------------------------------------------------------------- every field of every record


def marks(
    node: yaml.Node, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], yaml.Node, yaml.Node]]:
    """(path, key, value) of every mapping entry; the key of a list item is the item."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, key.value), key, value
            yield from marks(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            yield (*path, i), item, item
            yield from marks(item, (*path, i))


def entries() -> list[tuple[str, tuple[str | int, ...], yaml.Node, yaml.Node]]:
    """Every entry of the small project: (file, path, key, value)."""
    out = []
    for file in sorted(SMALL.rglob("*.yml")):
        root = yaml.compose(file.read_text(encoding="utf-8"))
        assert root is not None
        name = file.relative_to(SMALL).as_posix()
        out += [(name, path, key, value) for path, key, value in marks(root)]
    return out


FREE = {"facility", "assumed", "ranges", "bios"}
"""Mappings whose keys are not fields."""
KEYS = [
    (file, path, key)
    for file, path, key, value in entries()
    if len(path) > 1 and key is not value and path[-2] not in FREE
]
VALUES = [
    (file, path, value)
    for file, path, key, value in entries()
    if isinstance(value, yaml.ScalarNode) and path[0] in {"project", *m.SECTIONS}
]


def replaced(folder: Path, file: str, node: yaml.Node, new: str) -> None:
    target = folder / file
    text = target.read_text(encoding="utf-8")
    target.write_text(text[: node.start_mark.index] + new + text[node.end_mark.index :], encoding="utf-8")


def tag(case: Any) -> str:
    file, path, _ = case
    return f"{file}:{'.'.join(map(str, path))}"


@pytest.mark.parametrize("case", KEYS, ids=tag)
def test_every_key_misspelt(small: Path, case: tuple[str, tuple[str | int, ...], yaml.ScalarNode]) -> None:
    file, _, key = case
    replaced(small, file, key, f"{key.value}q")
    finding = only(load(small))
    assert (finding.code, str(finding.source)) == (
        "INV005", f"p/{file}:{key.start_mark.line + 1}:{key.start_mark.column + 1}",
    )  # fmt: skip
    assert finding.fix is not None and finding.fix.en == f"did you mean {key.value}?"


@pytest.mark.parametrize("case", VALUES, ids=tag)
def test_every_value_of_another_type(
    small: Path, case: tuple[str, tuple[str | int, ...], yaml.ScalarNode]
) -> None:
    file, _, value = case
    replaced(small, file, value, "{x: [1]}")
    finding = only(load(small))
    assert finding.code == "INV007" and finding.source is not None
    assert finding.source.path == f"p/{file}" and finding.source.line == value.start_mark.line + 1
    assert "found a mapping" in finding.message.en


@pytest.mark.parametrize("case", VALUES[::4], ids=tag)
def test_values_that_are_traps(small: Path, case: tuple[str, tuple[str | int, ...], yaml.ScalarNode]) -> None:
    file, _, value = case
    replaced(small, file, value, "0x1F")
    finding = only(load(small))
    assert (finding.code, str(finding.source)) == (
        "INV003", f"p/{file}:{value.start_mark.line + 1}:{value.start_mark.column + 1}",
    )  # fmt: skip


# ---------------------------------------------------------------- every reference


def reference_fields(model: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    """Paths of the fields that hold references, by introspection of the model."""

    def inside(annotation: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if any(isinstance(x, m.Ref) for x in getattr(annotation, "__metadata__", ())):
            yield path
        elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
            for below in reference_fields(annotation):
                yield (*path, *below)
        else:
            for argument in get_args(annotation):
                yield from inside(argument, path)

    for name, info in model.model_fields.items():
        if any(isinstance(x, m.Ref) for x in info.metadata):
            yield (name,)
        else:
            yield from inside(info.annotation, (name,))


def test_small_project_uses_every_reference_field() -> None:
    inventory = load(SMALL).inventory
    assert inventory is not None
    used = {
        (section, *(step for step in path if isinstance(step, str)))
        for section in m.SECTIONS
        for record in getattr(inventory, section).values()
        for path, _, _ in references(record)
    }
    wanted = {(section, *path) for section, model in m.SECTIONS.items() for path in reference_fields(model)}
    assert used == wanted


REFERENCES = {
    (f.partition("#")[0], (*where.split("/"), *map(str, path)))
    for f, where, path in (
        (record.at, record.at.partition("#")[2], path)
        for section in m.SECTIONS
        for record in getattr(load(SMALL).inventory, section).values()
        for path, _, _ in references(record)
    )
}
REFERENCE_CASES = [
    (file, path, value)
    for file, path, value in VALUES
    if any(
        shown.endswith(f"small-project/{file}") and where == tuple(map(str, path))
        for shown, where in REFERENCES
    )
]


@pytest.mark.parametrize("case", REFERENCE_CASES, ids=tag)
def test_every_reference_broken(
    small: Path, case: tuple[str, tuple[str | int, ...], yaml.ScalarNode]
) -> None:
    file, _, value = case
    replaced(small, file, value, f"{value.value}-x" if len(value.value) > 2 else "QQQ")
    finding = only(load(small))
    assert (finding.code, str(finding.source)) == (
        "INV008", f"p/{file}:{value.start_mark.line + 1}:{value.start_mark.column + 1}",
    )  # fmt: skip


@pytest.mark.parametrize("section", sorted(m.SECTIONS))
def test_record_with_a_fault_is_still_what_references_mean(small: Path, section: str) -> None:
    """An unknown key in every record of a section: as many findings as records, no broken reference."""
    count = 0
    for file in sorted(small.rglob("*.yml")):
        data = yaml.compose(file.read_text(encoding="utf-8"))
        assert isinstance(data, yaml.MappingNode)
        items = [item for key, value in data.value if key.value == section for item in value.value]
        for item in reversed(items):
            replaced_at = item.value[0][0]
            replaced(small, file.relative_to(small).as_posix(), replaced_at, f"zzzzz: 1, {replaced_at.value}"
                     if item.flow_style else f"zzzzz: 1\n    {replaced_at.value}")  # fmt: skip
            count += 1
    assert count
    assert [f.code for f in load(small).findings] == ["INV005"] * count


# ---------------------------------------------------------------- several places


def test_missing_name_is_told_once_with_all_its_places(small: Path) -> None:
    change(
        small / "project.yml",
        "zones:\n  - name: core\n    title: {en: Core, zh: 核心区}\n    kind: core\n",
        "",
    )
    finding = only(load(small))
    assert (finding.code, str(finding.source)) == ("INV008", "p/network.yml:8:11")
    places = [str(r.position) for r in finding.related]
    assert (places[0], len(places)) == ("p/network.yml:71:67", 8)


def port_plans(folder: Path) -> str:
    """The text of the section of port plans, which both kinds of switches refer to."""
    text = (folder / "network.yml").read_text(encoding="utf-8")
    return text[text.index("port_plans:") : text.index("pairs:\n  - name")]


def test_nothing_of_a_kind_is_told_once(small: Path) -> None:
    change(small / "network.yml", port_plans(small), "")
    finding = only(load(small))
    assert finding.message.en == 'port_plan: no port_plans are defined; named are "access", "oob"'
    assert (finding.code, len(finding.related)) == ("INV008", 3)


@pytest.mark.parametrize("content", ["none", "{access: {}}", "5"])
def test_section_that_is_no_list_is_told_once(small: Path, content: str) -> None:
    change(small / "network.yml", port_plans(small), f"port_plans: {content}\n")
    finding = only(load(small))
    assert (finding.code, finding.subject) == ("INV007", "port_plans")


def test_many_places_are_counted(small: Path) -> None:
    racks = "".join(f"  - {{name: A{i:02}, site: Z}}\n" for i in range(10, 40))
    (small / "more.yml").write_text(f"rooms:\n{racks}", encoding="utf-8")
    finding = only(load(small))
    assert str(finding.source) == "p/more.yml:2:23"
    assert len(finding.related) == 11 and finding.related[-1].note == "and 19 places more"


def test_two_missing_names_are_two_findings(small: Path) -> None:
    change(small / "network.yml", "sts: A-STS-1", "sts: A-STS-2")
    change(small / "network.yml", "zone: core\n    workload", "zone: cor\n    workload")
    assert [f.code for f in load(small).findings] == ["INV008", "INV008"]


def test_name_changed_into_another_is_one_finding(small: Path) -> None:
    """The references to the lost name follow from the duplicate."""
    change(small / "sites/a.yml", "- {name: A01-PB", "- {name: A01-PA")
    finding = only(load(small))
    assert finding.code == "INV009"
    assert [(str(r.position), r.note) for r in finding.related] == [
        ("p/sites/a.yml:34:12", "first definition")
    ]


def test_faults_of_all_files_and_both_stages_at_once(small: Path) -> None:
    change(small / "project.yml", "mode: single", "mode: solo")
    change(small / "network.yml", "sts: A-STS-1", "sts: A-STS-2")
    change(small / "sites/a.yml", "tray_height_m: 2.6", "tray_height_m: 2.6 m")
    change(
        small / "sites/a.yml", "rack_type: rack-42u-1200-5kw\n        feeds", "rack_type: none\n        feeds"
    )
    loaded = load(small)
    assert loaded.inventory is None
    assert [(f.code, str(f.source).rpartition(":")[0]) for f in loaded.findings] == [
        ("INV008", "p/network.yml:14"), ("INV007", "p/project.yml:21"),
        ("INV007", "p/sites/a.yml:11"), ("INV008", "p/sites/a.yml:30"),
    ]  # fmt: skip


def test_references_wait_until_every_file_can_be_parsed(small: Path) -> None:
    (small / "sites" / "a.yml").write_text("sites: [\n", encoding="utf-8")
    assert [f.code for f in load(small).findings] == ["INV001"]


def test_second_project_section(small: Path) -> None:
    (small / "z.yml").write_text("project: {name: other, title: {en: a, zh: b}}\n", encoding="utf-8")
    finding = only(load(small))
    assert (finding.code, str(finding.source)) == ("INV009", "p/z.yml:1:1")
    assert str(finding.related[0].position) == "p/project.yml:2:1"


def test_whole_file_given_twice(small: Path) -> None:
    text = "zones:\n  - {name: z1, title: {en: a, zh: b}, kind: core}\n  - {name: z2, title: {en: a, zh: b}, kind: core}\n"
    for name in ("y.yml", "z.yml"):
        (small / name).write_text(text, encoding="utf-8")
    assert said(load(small)) == [("INV009", "p/z.yml:2:12"), ("INV009", "p/z.yml:3:12")]


# ---------------------------------------------------------------- files and folders

Prepare = Callable[[Path], object]
GOOD_ZONE = "zones: [{name: more, title: {en: a, zh: b}, kind: core}]\n"
BAD_ZONE = "zones: [1]\n"


def into(name: str, text: str) -> Prepare:
    def prepare(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")

    return prepare


def catalogue_outside(folder: Path) -> None:
    into("cat/optics.yml", "optics: []\n")(folder.parent)
    (folder / "catalog").symlink_to(folder.parent.resolve() / "cat")


def linked_folder(folder: Path) -> None:
    into("more/z.yml", BAD_ZONE)(folder.parent)
    (folder / "more").symlink_to(folder.parent.resolve() / "more")


def link(name: str, target: str) -> Prepare:
    return lambda folder: (folder / name).symlink_to(target)


FILES: dict[str, tuple[Prepare, list[tuple[str, str]]]] = {
    "another file": (into("z.yml", GOOD_ZONE), []),
    "another ending": (into("z.yaml", BAD_ZONE), [("INV007", "p/z.yaml:1:9")]),
    "ending in capitals": (into("Z.YML", BAD_ZONE), [("INV007", "p/Z.YML:1:9")]),
    "nested folder": (into("sites/b/z.yml", BAD_ZONE), [("INV007", "p/sites/b/z.yml:1:9")]),
    "folder called build inside": (into("sites/build/z.yml", BAD_ZONE), [("INV007", "p/sites/build/z.yml:1:9")]),
    "folder called plan inside": (into("sites/plan/z.yml", BAD_ZONE), [("INV007", "p/sites/plan/z.yml:1:9")]),
    "plan, build and hidden ones beside": (
        lambda f: [into(n, BAD_ZONE)(f) for n in ("plan/z.yml", "build/z.yml", ".git/z.yml", ".z.yml")], [],
    ),
    "other files": (lambda f: [into(n, "x")(f) for n in ("README.md", "z.yml.bak", "z.json")], []),
    "file name with a hash": (into("a#b.yml", "sites: [{name: Z}]\n"), [("INV006", "p/a#b.yml:1:9")] * 2),
    "empty file": (into("z.yml", ""), []),
    "only comments": (into("z.yml", "# later\n"), []),
    "empty section": (into("z.yml", "zones:\nrows: []\n"), []),
    "a list": (into("z.yml", "- a\n"), [("INV007", "p/z.yml:1:1")]),
    "a word": (into("z.yml", "a\n"), [("INV007", "p/z.yml:1:1")]),
    "empty item": (into("z.yml", "zones:\n  -\n"), [("INV007", "p/z.yml:2:4")]),
    "link out": (link("z.yml", "/etc/hostname"), [("INV012", "p/z.yml")]),
    "link to a file that is read": (link("z.yml", "network.yml"), [("INV012", "p/z.yml")]),
    "link to nothing": (link("z.yml", "none.yml"), [("INV012", "p/z.yml")]),
    "link to itself": (link("z.yml", "z.yml"), [("INV012", "p/z.yml")]),
    "linked folder": (linked_folder, [("INV012", "p/more")]),
    "folder with the name of a file": (lambda f: (f / "z.yml").mkdir(), [("INV012", "p/z.yml")]),
    "named pipe": (lambda f: os.mkfifo(f / "z.yml"), [("INV012", "p/z.yml")]),
    "catalogue file nobody reads": (into("catalog/optic.yml", "optics: []\n"), [("INV012", "p/catalog/optic.yml")]),
    "device type too high up": (into("catalog/device-types/x.yaml", "a: 1\n"), [("INV012", "p/catalog/device-types/x.yaml")]),
    "catalogue file with a fault": (into("catalog/optics.yml", "optics: 1\n"), [("INV007", "p/catalog/optics.yml:1:9")]),
    "catalogue outside": (catalogue_outside, [("INV012", "p/catalog")]),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_files(small: Path, name: str) -> None:
    prepare, expected = FILES[name]
    prepare(small)
    loaded = load(small)
    assert said(loaded) == expected
    assert (loaded.inventory is None) == bool(expected)
    assert all(f.fix is not None for f in loaded.findings)


def test_link_that_is_the_only_way_is_read(small: Path) -> None:
    (small / "network.yml").rename(small / "network.txt")
    (small / "network.yml").symlink_to("network.txt")
    assert load(small).findings == ()


def test_folder_that_cannot_be_listed(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.walk

    def walk(top: Path, onerror: Callable[[OSError], None]) -> Any:
        onerror(PermissionError(13, "Permission denied", str(small / "sites")))
        return real(top, onerror=onerror)

    monkeypatch.setattr(os, "walk", walk)
    finding = only(load(small))
    assert (finding.code, str(finding.source)) == ("INV012", "p/sites")
    assert finding.message.en == "cannot be read: Permission denied"


@pytest.mark.parametrize("prepare", ["absent", "file", "empty", "no-yaml"])
def test_not_a_project(tmp_path: Path, prepare: str) -> None:
    folder = tmp_path / "p"
    if prepare == "file":
        folder.write_text("x", encoding="utf-8")
    elif prepare != "absent":
        folder.mkdir()
        (folder / "README.md").write_text("x", encoding="utf-8") if prepare == "no-yaml" else None
    assert only(load(folder)).code == "INV012"


def test_project_section_missing(small: Path) -> None:
    text = (small / "project.yml").read_text(encoding="utf-8")
    head, _, rest = text.partition("zones:")
    assert "project:" in head
    (small / "project.yml").write_text("zones:" + rest, encoding="utf-8")
    finding = only(load(small))
    assert (finding.code, str(finding.source), finding.subject) == ("INV006", "p/project.yml", "project")


def test_path_with_a_hash(tmp_path: Path) -> None:
    folder = shutil.copytree(SMALL, tmp_path / "C#" / "p")
    loaded = load(folder)
    assert loaded.findings == () and loaded.inventory is not None
    rack = loaded.inventory.racks["A01-A02"].record
    assert loaded.inventory.where(rack, "phase").line == 29
    change(folder / "network.yml", "sts: A-STS-1", "sts: A-STS-2")
    assert only(load(folder)).source is not None


def test_order_of_findings_is_that_of_the_files(small: Path) -> None:
    into("z.yml", BAD_ZONE)(small)
    into("b.yml", BAD_ZONE)(small)
    into("b/c.yml", BAD_ZONE)(small)
    places = [str(f.source) for f in load(small).findings]
    assert places == sorted(places) and len(places) == 3


# ---------------------------------------------------------------- the catalogue of the project


def device_type(**fields: str) -> str:
    head = {
        "manufacturer": "Example",
        "model": "X",
        "slug": "example-x",
        "u_height": "1",
        "is_full_depth": "true",
    }
    return "".join(f"{k.replace('_ports', '-ports')}: {v}\n" for k, v in {**head, **fields}.items() if v)


TYPES: dict[str, tuple[str, list[tuple[str, int, int]]]] = {
    "as it should be": (device_type(), []),
    "value wrong": (device_type(u_height="2U"), [("INV007", 4, 11)]),
    "key misspelt": (device_type(model="", modle="X"), [("INV005", 5, 1)]),
    "key unknown": (device_type(colour="red"), [("INV005", 6, 1)]),
    "digits lost": (device_type(part_number="12.50"), [("INV003", 6, 14)]),
    "octal": (device_type(part_number="0100"), [("INV003", 6, 14)]),
    "text of digits": (device_type(part_number="089"), []),
    "number of digits": (device_type(part_number="16703"), []),
    "duplicate key": (device_type() + "model: Y\n", [("INV002", 6, 1)]),
    "draw with a unit": (
        device_type(power_ports="[{name: P, type: iec-60320-c14, maximum_draw: 500 W}]"), [("INV007", 6, 60)],
    ),
    "weight without its unit": (device_type(weight="20"), [("INV007", 6, 9)]),
    "no YAML": ("manufacturer: [Example\nslug: example-x\n", [("INV001", 2, 5)]),
    "nothing in it": ("", [("INV007", 1, 1)]),
    "a list": ("- example-x\n", [("INV007", 1, 1)]),
    "slug missing": (device_type(slug=""), [("INV006", 1, 1)]),
}  # fmt: skip


@pytest.mark.parametrize("name", TYPES)
def test_device_type_that_a_fleet_uses(small: Path, name: str) -> None:
    """What is wrong with the type is told; that the fleet cannot use it follows."""
    text, expected = TYPES[name]
    into("catalog/device-types/Example/x.yaml", text)(small)
    change(small / "network.yml", "device_type: hygon-c86-ecs-2u", "device_type: example-x")
    loaded = load(small)
    assert [(f.code, f.source.line, f.source.column) for f in loaded.findings if f.source] == expected
    assert {f.source.path for f in loaded.findings if f.source} <= {"p/catalog/device-types/Example/x.yaml"}


# ---------------------------------------------------------------- cases in files


def case_files() -> list[Path]:
    found = sorted(CASES.glob("*.yml"))
    assert found, "no case file"
    return found


@pytest.mark.parametrize("file", case_files(), ids=lambda p: p.stem)
def test_case(small: Path, file: Path) -> None:
    """A file of tests/cases/loader added to the small project gives the text written at its end."""
    text, marker, expected = file.read_text(encoding="utf-8").partition("# expected\n")
    assert marker
    (small / "case.yml").write_text(text, encoding="utf-8")
    wanted = re.sub(r"^# ?", "", expected, flags=re.M).strip()
    assert "\n".join(f.to_text() for f in load(small).findings) == wanted


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda d: record(d, "replica_groups", "a-store").update(write_quorum=4),
            "write_quorum: 4 of 3 copies",
        ),
        (lambda d: record(d, "site_links", "dci-1").update(b="A"), "b: the link ends where it begins, at A"),
        (lambda d: record(d, "site_links", "dci-1").update(via="B"), "via: B is an end of the link"),
        (
            lambda d: d.update(existing_links=[{"name": "ring", "a": "A-C1", "b": "A-C1"}]),
            "b: the link ends where it begins, at A-C1",
        ),
        (
            lambda d: d.update(
                risk_groups=[{"name": "g", "kind": "rack", "title": {"en": "g", "zh": "g"}, "members": []}]
            ),
            "members: 0 entries, at least 1 wanted",
        ),
    ],
)
def test_fields_that_contradict_each_other(tmp_path: Path, change: Callable[[Data], None], told: str) -> None:
    data = platform()
    change(data)
    with pytest.raises(ValueError, match=re.escape(told)):
        planned(tmp_path / "p", data)
