"""Codes the loader raises, with their manual pages (the checks carry their own)."""

from __future__ import annotations

from inventory.checks import loader_code
from inventory.findings import Text

loader_code(
    "INV001",
    Text("File cannot be read", "文件无法读取"),
    """A file is missing, too large, not UTF-8, not YAML, or nested beyond reason.

    Why it matters: a file read in part would be a plan made in part; nothing is loaded.
    How to fix: mend the syntax at the line shown; the cause is often a missing space, quote or indent above it.
    Source: YAML 1.1/1.2; limits of 64 MiB, 64 levels and 5,000,000 values guard against damaged or hostile files.
    Failing: `racks: [A01-A01`
    Passing: `racks: [A01-A01]`
    """,
)
loader_code(
    "INV002",
    Text("Duplicate key or forbidden YAML feature", "键重复或使用了禁用的 YAML 特性"),
    """A key stands twice in one mapping, or a merge key, a tag or a key that is not text is used.

    Why it matters: most readers keep the last of two keys without a word; the other value is lost.
    How to fix: keep one; write merged fields out.
    Failing: `{count: 30, count: 31}`
    Passing: `{count: 30}`
    """,
)
loader_code(
    "INV003",
    Text("Plain text that YAML reads as something else", "未加引号的文本会被 YAML 误读"),
    """A value without quotes that YAML 1.1 turns into another type: `NO`, `1:2`, `0100`, a MAC of digits, `1e3`.

    Why it matters: port 1:2 becomes 62, site NO becomes false, 0100 becomes 64, and no tool says so.
    How to fix: put text in quotes; write numbers in plain decimal.
    Source: YAML 1.1 type repository (bool, int base 60 and base 8).
    Failing: `port: 1:2`
    Passing: `port: "1:2"`
    """,
)
loader_code(
    "INV004",
    Text("Unknown or misshapen policy parameter", "未知或类型不符的参数"),
    """A project changes a default limit that does not exist, or gives it a value of another shape: text for a
    number, a percentage for a ratio, a range that runs backwards.

    Why it matters: the limit one believes to have set stays at its default.
    How to fix: take the name from inventory/policy.yml.
    Failing: `policy: [{name: rack.alloc_max, value: 0.9, reason: …}]`
    Passing: `policy: [{name: rack.alloc_util_max, value: 0.9, reason: …}]`
    """,
)
loader_code(
    "INV005",
    Text("Unknown key", "未知的键"),
    """A section or field that no record has.

    Why it matters: a misspelt field would silently fall back to its default.
    How to fix: take the suggestion, or the list of known fields.
    Failing: `{name: A01-A01, rated_w: 5000}`
    Passing: `{name: A01-A01, rated_kw: 5}`
    """,
)
loader_code(
    "INV006",
    Text("Missing field", "缺少字段"),
    """A record lacks a field it cannot do without.

    Why it matters: nothing is assumed silently; what is unknown is written as null where the field allows it.
    How to fix: add the field shown.
    """,
)
loader_code(
    "INV007",
    Text("Wrong value, type, unit or range", "值、类型、单位或范围错误"),
    """A value of the wrong type, outside its range, in another unit, or not one of the allowed words.

    Why it matters: 5000 in a field of kilowatts would let any rack pass.
    How to fix: the finding says what was expected, what was found and, for units, the converted value.
    Failing: `rated_kw: 5 kW`
    Passing: `rated_kw: 5`
    """,
)
loader_code(
    "INV008",
    Text("Reference to something that does not exist", "引用了不存在的对象"),
    """A field names a site, rack, pair, device type, optic or other record that is not defined. A name that is
    missing is told once, at the first place that gives it; the other places are listed as related.

    Why it matters: a fleet tied to a pair that does not exist would never be cabled.
    How to fix: take the suggestion, or define the record.
    """,
)
loader_code(
    "INV009",
    Text("Name used twice", "名称重复"),
    """Two records of one section have the same name.

    Why it matters: one of them would be lost.
    How to fix: rename or remove one; the finding names both places.
    """,
)
loader_code(
    "INV010",
    Text("Assumption about a field that is not there", "assumed 指向不存在的字段"),
    """`assumed` gives a reason for a field the record does not have.

    Why it matters: assumptions are listed in every report; one that names nothing hides the figure it meant.
    How to fix: name the field exactly as written in the record.
    """,
)
loader_code(
    "INV012",
    Text("Not a usable project folder", "项目文件夹不可用"),
    """The folder does not exist, holds no YAML, or holds a YAML file that would not be read: a link that leads
    outside or to a file read anyway, a linked folder, a catalogue file that stands where nothing looks for it.

    Why it matters: paths are kept inside the project folder, so that a project can be handed over whole; what is
    not read would be missing from the plan without a word.
    How to fix: name the folder that holds project.yml with -p; copy linked files in, move stray ones.
    """,
)
