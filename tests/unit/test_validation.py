"""Records from data: each mistake is one finding with place, expectation, what was found, and a way out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator

from inventory import model as m
from inventory.nearest import near, nearest_fitting
from inventory.quantities import in_unit, unit_of
from inventory.source import parse
from inventory.validation import validate

HEAD = "racks:\n  - "
RACK = "name: A01-A01"


Watts = Annotated[float, Strict()]


class Inner(m.Record):
    """A record in a list of another."""

    size_mm: Annotated[int, Strict(), Field(ge=0, le=2000)] | None = None


class Sample(m.Record):
    """Every kind of field there is."""

    name: m.Name
    kind: Literal["core", "access"] = "core"
    face: Literal[1, 3] = 1
    rated_kw: m.RackKilowatts | None = None
    length_m: m.Metres | None = None
    count: m.Count = 0
    share: m.Ratio | None = None
    open: m.Flag = True
    until: m.IsoDate | None = None
    note: Annotated[str, Field(min_length=2, max_length=5)] = "ab"
    fact: m.FactValue = None
    value: float | int | str | tuple[float, ...] = 0
    rows: tuple[m.Name, ...] = ()
    ranges: dict[Literal["server", "uplink"], m.RangeText] = {}  # noqa: RUF012 (pydantic copies it)
    title: m.Title | None = None
    inner: tuple[Inner, ...] = ()
    low_w: Watts | None = None
    high_w: Watts | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Sample:
        if self.low_w is not None and self.high_w is not None and self.low_w > self.high_w:
            raise ValueError("low_w must not be above high_w")
        return self


CASES: dict[str, list[tuple[str, int, str, str, str]]] = {
    # fields of one record in flow style, written after `- {name: A, `; expected for each finding:
    # code, column (- {name: A, is 12 wide), data path, message, fix
    "": [],
    "rated_kw: 5": [],
    "rated_kw: null, title: null": [],
    # a key misspelt
    "raked_kw: 5": [("INV005", 15, "s[0].raked_kw", "unknown key raked_kw", "did you mean rated_kw?")],
    "Rated-KW: 5": [("INV005", 15, "s[0].Rated-KW", "unknown key Rated-KW", "did you mean rated_kw?")],
    "kw: 5": [("INV005", 15, "s[0].kw", "unknown key kw", "did you mean rated_kw?")],
    "зzz: 5": [("INV005", 15, "s[0].зzz", "unknown key зzz", "remove it; known fields: clause, assumed")],
    "title: {en: a, zh: b, fr: c}": [
        ("INV005", 37, "s[0].title.fr", "unknown key fr", "remove it; known fields: en, zh")],
    "title: {en: a, hz: b}": [("INV005", 30, "s[0].title.hz", "unknown key hz", "did you mean zh?")],
    "inner: [{size_m: 3}]": [
        ("INV005", 24, "s[0].inner[0].size_m", "unknown key size_m", "did you mean size_mm?")],
    # what only the loader writes
    "at: x": [("INV005", 15, "s[0].at", "unknown key at", "remove it; known fields: clause")],
    "inner: [{at: x}]": [("INV005", 24, "s[0].inner[0].at", "unknown key at", "remove it; known fields: clause")],
    # missing
    "title: {en: a}": [
        ("INV006", 15, "s[0].title.zh", "field zh is missing, expected text", "add zh: text")],
    # units
    "rated_kw: 5 kW": [("INV007", 25, "s[0].rated_kw", 'rated_kw: expected a number in kW, found text "5 kW"',
                        "write 5 (the field is in kW)")],
    "rated_kw: 5000 W": [("INV007", 25, "s[0].rated_kw", 'found text "5000 W"', "write 5 (the field is in kW)")],
    "rated_kw: 5KW": [("INV007", 25, "s[0].rated_kw", 'found text "5KW"', "write 5 (the field is in kW)")],
    "rated_kw: 5千瓦": [("INV007", 25, "s[0].rated_kw", 'found text "5千瓦"', "write 5 (the field is in kW)")],
    "rated_kw: 5 A": [("INV007", 25, "s[0].rated_kw", 'found text "5 A"', "write 5, a bare number")],
    "rated_kw: '5'": [("INV007", 25, "s[0].rated_kw", 'found text "5"', "write 5 (the field is in kW)")],
    "rated_kw: 5000": [("INV007", 25, "s[0].rated_kw", "expected a value <= 100 in kW, found number 5000",
                        "did you write W? the field is in kW: 5")],
    "rated_kw: 0": [("INV007", 25, "s[0].rated_kw", "expected a value > 0 in kW, found number 0",
                     "write a value > 0 in kW")],
    "length_m: 350 cm": [("INV007", 25, "s[0].length_m", 'found text "350 cm"', "write 3.5 (the field is in m)")],
    "length_m: 2.4 km": [("INV007", 25, "s[0].length_m", 'found text "2.4 km"', "write 2400 (the field is in m)")],
    "length_m: -1": [("INV007", 25, "s[0].length_m", "expected a value >= 0 in m, found number -1",
                      "write a value >= 0 in m")],
    "length_m: 1200000": [("INV007", 25, "s[0].length_m", "expected a value <= 10000 in m",
                           "did you write mm? the field is in m: 1200")],
    "inner: [{size_mm: 2 m}]": [
        ("INV007", 33, "s[0].inner[0].size_mm", 'found text "2 m"', "write 2000 (the field is in mm)")],
    "share: 80%": [("INV007", 22, "s[0].share", 'share: expected a number, found text "80%"',
                    "write 80, a bare number")],
    "share: 80": [("INV007", 22, "s[0].share", "expected a value <= 1, found number 80", "write a value <= 1")],
    # wrong types
    "count: many": [("INV007", 22, "s[0].count", 'expected a whole number, found text "many"', "write a whole number")],
    "count: 2.0": [("INV007", 22, "s[0].count", "expected a whole number, found number 2.0", "write 2")],
    "count: 2.5": [("INV007", 22, "s[0].count", "expected a whole number, found number 2.5", "write a whole number")],
    "count: true": [("INV007", 22, "s[0].count", "expected a whole number, found true", "write a whole number")],
    "count: ~": [("INV007", 22, "s[0].count", "expected a whole number, found nothing", "write a whole number")],
    "count: [2]": [("INV007", 15, "s[0].count", "expected a whole number, found a list of 1", "write 2 without brackets")],
    "count: {a: 2}": [("INV007", 15, "s[0].count", "expected a whole number, found a mapping", "write a whole number")],
    "open: 'true'": [("INV007", 21, "s[0].open", 'expected true or false, found text "true"', "write true without quotes")],
    "open: n": [("INV007", 21, "s[0].open", 'expected true or false, found text "n"', "write false without quotes")],
    "open: 1": [("INV007", 21, "s[0].open", "expected true or false, found number 1", "write true or false")],
    "title: text": [("INV007", 22, "s[0].title", 'expected a mapping of fields, found text "text"',
                     "write a mapping of fields")],
    "title: [a, b]": [("INV007", 15, "s[0].title", "expected a mapping of fields, found a list of 2",
                       "write a mapping of fields")],
    "rows: A": [("INV007", 21, "s[0].rows", 'expected a list, found text "A"', "write [A]")],
    "rows: {A: 1}": [("INV007", 15, "s[0].rows", "expected a list, found a mapping", "put '- ' before it")],
    "rows: [a, 1.50, b]": [("INV007", 25, "s[0].rows[1]", "rows[1]: expected text, found number 1.5",
                            'write "1.50" in quotes')],
    "rows: [a, null]": [("INV007", 25, "s[0].rows[1]", "rows[1]: expected text, found nothing", "write text")],
    "inner: [a]": [("INV007", 23, "s[0].inner[0]", 'inner[0]: expected a mapping of fields, found text "a"',
                    "write a mapping of fields")],
    # words and forms
    "kind: acces": [("INV007", 21, "s[0].kind", "expected one of 'core' or 'access', found text \"acces\"",
                     "did you mean access?")],
    "kind: Core": [("INV007", 21, "s[0].kind", 'found text "Core"', "did you mean core?")],
    "kind: 'core '": [("INV007", 21, "s[0].kind", 'found text "core "', "did you mean core?")],
    "kind: ｃｏｒｅ": [("INV007", 21, "s[0].kind", 'found text "ｃｏｒｅ"', "did you mean core?")],
    "kind: spine": [("INV007", 21, "s[0].kind", 'found text "spine"', "write one of 'core' or 'access'")],
    "face: '3'": [("INV007", 21, "s[0].face", 'expected one of 1 or 3, found text "3"', "did you mean 3?")],
    "until: 2026-1-5": [("INV007", 22, "s[0].until", "expected text of the form", "did you mean 2026-01-05?")],
    "rows: [a b]": [("INV007", 22, "s[0].rows[0]", "expected text of the form", "did you mean a-b?")],
    "rows: [А1]": [("INV007", 22, "s[0].rows[0]", "expected text of the form", "did you mean A1?")],
    "note: a": [("INV007", 21, "s[0].note", "expected text of at least 2 characters", "write text of at least 2")],
    "note: abcdef": [("INV007", 21, "s[0].note", "expected text of at most 5 characters", "write text of at most 5")],
    # several types, one mistake
    "fact: [1]": [("INV007", 15, "s[0].fact",
                   "fact: expected true or false or a whole number or a number or text, found a list of 1",
                   "write 1 without brackets")],
    "value: [1, a]": [("INV007", 26, "s[0].value[1]", 'value[1]: expected a number, found text "a"', "write a number")],
    "ranges: {sever: x}": [("INV005", 24, "s[0].ranges.sever", "unknown key sever", "did you mean server?")],
    "ranges: {server: 1}": [("INV007", 32, "s[0].ranges.server", "expected text, found number 1",
                             'write "1" in quotes')],
    # between fields
    "high_w: 3, low_w: 5": [("INV007", 33, "s[0]", "low_w must not be above high_w", "correct one of them")],
    # several mistakes, each told
    "count: x, kind: y, raked_kw: 1": [
        ("INV007", 22, "s[0].count", "count: expected", "write"),
        ("INV007", 31, "s[0].kind", "kind: expected", "write"),
        ("INV005", 34, "s[0].raked_kw", "unknown key raked_kw", "did you mean"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("fields", CASES, ids=repr)
def test_record(fields: str) -> None:
    text = f"s:\n  - {{name: A, {fields}}}\n"
    document, faults = parse(text, "x.yml")
    assert document is not None and faults == []
    record, findings = validate(Sample, document.data["s"][0], "x.yml#s/0", document, ("s", 0))
    assert (record is None) == bool(CASES[fields])
    found = sorted(findings, key=lambda f: f.sort_key())
    assert [(f.code, f.source.line, f.source.column, f.subject) for f in found if f.source] == [
        (code, 2, column, path) for code, column, path, _, _ in CASES[fields]
    ]
    for finding, (_, _, _, message, fix) in zip(found, CASES[fields], strict=True):
        assert message in finding.message.en
        assert finding.fix is not None and fix in finding.fix.en
        assert finding.message.zh


def test_places_of_the_record_and_of_records_inside() -> None:
    document, _ = parse("s:\n  - {name: A, inner: [{}, {size_mm: 3}]}\n", "x.yml")
    assert document is not None
    record, findings = validate(Sample, document.data["s"][0], "x.yml#s/0", document, ("s", 0))
    assert findings == [] and record is not None
    assert (record.at, [i.at for i in record.inner]) == (
        "x.yml#s/0",
        ["x.yml#s/0/inner/0", "x.yml#s/0/inner/1"],
    )


@pytest.mark.parametrize(
    ("written", "column", "found"),
    [("x", 5, 'text "x"'), ("[a]", 5, "a list of 1"), ("null", 5, "nothing"), ("1:2", 5, 'text "1:2"'), ("true", 5, "true")],
)  # fmt: skip
def test_no_mapping(written: str, column: int, found: str) -> None:
    document, _ = parse(f"s:\n  - {written}\n", "x.yml")
    assert document is not None
    record, findings = validate(Sample, document.data["s"][0], "", document, ("s", 0))
    assert record is None
    assert [(f.code, str(f.source), f.subject) for f in findings] == [("INV007", f"x.yml:2:{column}", "s[0]")]
    assert findings[0].message.en == f"expected a mapping of fields, found {found}"


MISSING: dict[type[BaseModel], dict[str, str]] = {
    m.Fleet: {
        "role": "one of server, appliance, console-server", "count": "a whole number",
        "title": "a mapping of en, zh", "site": "text",
    },
    m.Row: {"y_m": "a number in m", "racks": "a list"},
    m.Ups: {"side": "one of a, b"},
    m.Panel: {"voltage_v": "a number in V"},
}  # fmt: skip


@pytest.mark.parametrize(("model", "fields"), MISSING.items())
def test_missing_field_says_what_belongs_there(model: type[BaseModel], fields: dict[str, str]) -> None:
    document, _ = parse("s:\n  - {}\n", "x.yml")
    assert document is not None
    _, findings = validate(model, {}, "", document, ("s", 0))
    required = [n for n, f in model.model_fields.items() if f.is_required()]
    assert sorted(f.subject for f in findings) == sorted(f"s[0].{name}" for name in required)
    said = {f.subject.rpartition(".")[2]: f.message.en for f in findings}
    for name, wanted in fields.items():
        assert said[name] == f"field {name} is missing, expected {wanted}"
    assert {(f.code, str(f.source)) for f in findings} == {("INV006", "x.yml:2:5")}


def test_misspelt_required_field_is_one_finding() -> None:
    document, _ = parse("s:\n  - {nmae: A}\n", "x.yml")
    assert document is not None
    _, findings = validate(Sample, document.data["s"][0], "", document, ("s", 0))
    assert [(f.code, f.subject) for f in findings] == [("INV005", "s[0].nmae")]


class Aliased(BaseModel):
    """Fields written with a hyphen, as in the device type library."""

    model_config = ConfigDict(extra="forbid")

    u_height: float
    power_ports: tuple[m.Title, ...] = Field(default=(), alias="power-ports")


def test_aliases_are_what_is_suggested() -> None:
    document, _ = parse("{u_height: 1, power_port: []}", "x.yml")
    assert document is not None
    _, findings = validate(Aliased, {**document.data, "at": ""}, "", document, ())
    fixes = {f.subject: f.fix.en for f in findings if f.fix}
    assert fixes["power_port"] == "did you mean power-ports?"


NEAR: dict[tuple[str, tuple[str, ...]], str | None] = {
    ("A-ASW-2", ("A-ASW-01", "A-ASW-02")): "A-ASW-02",
    ("a-asw-02", ("A-ASW-01", "A-ASW-02")): "A-ASW-02",
    ("A_ASW_02", ("A-ASW-01", "A-ASW-02")): "A-ASW-02",
    ("А", ("A", "B")): "A",  # Cyrillic
    ("Ａ", ("A", "B")): "A",  # full width
    ("A ", ("A", "B")): "A",
    ("C", ("A", "B")): None,
    ("type", ("device_type", "name")): "device_type",
    ("type", ("component_type", "device_type")): None,
    ("fleet", ("fleets", "sites")): "fleets",
    ("", ("A",)): None,
    ("x", ()): None,
}


@pytest.mark.parametrize(("case", "expected"), NEAR.items())
def test_near(case: tuple[str, tuple[str, ...]], expected: str | None) -> None:
    word, known = case
    assert near(word, known) == near(word, reversed(known)) == expected


@pytest.mark.parametrize(
    ("word", "pattern", "expected"),
    [
        ("A Central", r"^[-a-z0-9_]+$", "a-central"),
        ("a01-a01", r"^[A-Z][0-9]{2}-[A-Z][0-9]{2}$", "A01-A01"),
        ("2026/1/5", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", None),
        ("T346–363", r"^T[0-9]+(-[0-9]+)?$", "T346-363"),
        ("中文", r"^[a-z]+$", None),
    ],
)
def test_nearest_fitting(word: str, pattern: str, expected: str | None) -> None:
    assert nearest_fitting(word, pattern) == expected


QUANTITIES: dict[tuple[str, str], tuple[Any, bool]] = {
    ("5 kW", "kW"): (5.0, True),
    ("5000 W", "kW"): (5.0, True),
    ("5", "kW"): (5.0, True),
    ("5 kVA", "kW"): (5.0, False),  # W and VA never mix
    ("90 s", "min"): (1.5, True),
    ("40 Gbps", "Gb/s"): (40.0, True),
    ("1.5小时", "min"): (90.0, True),
    ("five", "kW"): (None, False),
    ("", "kW"): (None, False),
    ("5 6", "kW"): (None, False),
}


@pytest.mark.parametrize(("case", "expected"), QUANTITIES.items())
def test_quantity(case: tuple[str, str], expected: tuple[Any, bool]) -> None:
    value, known = in_unit(*case)
    assert (value if value is None else pytest.approx(value), known) == expected


@pytest.mark.parametrize(
    ("field", "unit"), [("rated_kw", "kW"), ("kw", ""), ("length_m", "m"), ("per_pair_length", ""), ("draw_w", "W")]
)  # fmt: skip
def test_unit_of(field: str, unit: str) -> None:
    assert unit_of(field) == unit
