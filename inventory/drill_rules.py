"""Rules between the fields of a scenario: what each kind of drill needs, and what it has no use for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from inventory.findings import Finding, Severity, Text
from inventory.model_drills import Fail, Scenario
from inventory.source import DataPath, Document, place

NEEDS: dict[str, tuple[str, ...]] = {
    "power-loss": ("site",), "island": ("site",), "split-brain": ("sites",), "single-product": ("site",),
    "power-side": ("site", "side"), "shared-risk": ("each",), "failback": ("of",), "exercise": ("of",), "custom": (),
}  # fmt: skip
"""Fields a kind of scenario cannot do without."""
USES: dict[str, tuple[str, ...]] = {**NEEDS, "single-product": ("site", "service"), "power-side": ("site", "side", "room"),
                                    "custom": ("each",)}  # fmt: skip
"""Fields a kind of scenario reads, of those that not every kind reads."""
PARTICULAR = ("site", "sites", "room", "service", "side", "of", "each")
REAL = ("power-loss", "island", "split-brain", "single-product", "power-side", "shared-risk", "custom")
"""Kinds that take something away."""


def broken_scenarios(
    sections: Mapping[str, Mapping[str, Any]], documents: Mapping[str, Document]
) -> Iterator[Finding]:
    """INV006 for a field the kind needs, INV007 for one it does not read or that contradicts another."""
    scenarios: Mapping[str, Scenario] = sections["scenarios"]
    for name, scenario in scenarios.items():
        shown, inner = place(scenario.at)
        document, subject = documents[shown], f"scenarios/{name}"

        def wrong(
            code: str, path: DataPath, en: str, zh: str, fix_en: str, fix_zh: str,
            *, document: Document = document, inner: DataPath = inner, subject: str = subject,
        ) -> Finding:  # fmt: skip
            return Finding(
                code,
                Severity.ERROR,
                subject,
                Text(en, zh),
                document.where(*inner, *path),
                Text(fix_en, fix_zh),
            )

        kind = scenario.kind
        for field in NEEDS[kind]:
            if not getattr(scenario, field):
                yield wrong("INV006", (), f"field {field} is missing, a {kind} scenario needs it",
                            f"缺少字段 {field}，{kind} 场景必填", f"add {field}", f"补充 {field}")  # fmt: skip
        for field in PARTICULAR:
            if getattr(scenario, field) and field not in USES[kind]:
                yield wrong("INV007", (field,), f"{field}: a {kind} scenario does not read it",
                            f"{field}：{kind} 场景不读取此字段", "remove it, or write it under fail: of a custom scenario",
                            "删除，或写入 custom 场景的 fail")  # fmt: skip
        if kind == "split-brain" and scenario.sites and len(set(scenario.sites)) != 2:
            yield wrong("INV007", ("sites",), f"sites: expected two sites, found {len(set(scenario.sites))}",
                        f"sites：应为两个站点，实际为 {len(set(scenario.sites))} 个", "name the two sites that lose each other",
                        "写出失去联系的两个站点")  # fmt: skip
        if kind == "custom" and not scenario.fail and not scenario.each:
            yield wrong("INV006", (), "fail is missing: nothing is taken away", "缺少 fail：没有故障对象",
                        "add fail: or each:", "补充 fail 或 each")  # fmt: skip
        if kind == "custom" and not scenario.must:
            yield wrong("INV006", (), "must is missing: nothing would be proved", "缺少 must：没有要证明的条件",
                        "add must: with at least one condition", "补充 must，至少一个条件")  # fmt: skip
        of = scenarios.get(scenario.of) if scenario.of else None
        if of is not None and of.kind not in REAL:
            yield wrong("INV007", ("of",), f"of: {of.name} is a {of.kind} itself", f"of：{of.name} 本身是 {of.kind}",
                        "name a scenario in which something fails", "写一个有故障对象的场景")  # fmt: skip
        if scenario.approval is not None:
            try:
                date.fromisoformat(scenario.approval.date)
            except ValueError as exc:
                yield wrong("INV007", ("approval", "date"), f"date: {scenario.approval.date} is no day: {exc}",
                            f"date：{scenario.approval.date} 不是有效日期", "write a day of the calendar", "填写真实日期")  # fmt: skip
        for i, fail in enumerate(scenario.fail):
            yield from (
                wrong("INV007", ("fail", i, *path), en, zh, *fix) for path, en, zh, *fix in _faults(fail)
            )


def _faults(fail: Fail) -> Iterator[tuple[DataPath, str, str, str, str]]:
    """(path, message in both languages, fix in both languages) for every contradiction in one `fail` entry."""
    if not any(
        getattr(fail, f) for f in ("elements", "risks", "site", "cut_off", "between", "service", "power_side")
    ):
        yield (
            (),
            "takes nothing away",
            "没有故障对象",
            "name elements, risks, a site …",
            "写明 elements、risks、site 等",
        )
    if fail.between and len(set(fail.between)) != 2:
        yield ("between",), f"between: expected two sites, found {len(set(fail.between))}", "between：应为两个站点", \
              "name two sites", "写两个站点"  # fmt: skip
    if fail.power_side and not (fail.at_site or fail.room):
        yield (
            ("power_side",),
            "power_side: of which site is missing",
            "power_side：缺少站点",
            "add at_site: or room:",
            "补充 at_site 或 room",
        )
    if fail.service and not fail.at_site:
        yield (
            ("service",),
            "service: at which site is missing",
            "service：缺少站点",
            "add at_site:",
            "补充 at_site",
        )
    if fail.at_site and not (fail.service or fail.power_side):
        yield ("at_site",), "at_site: goes with service or power_side", "at_site：须与 service 或 power_side 同用", \
              "remove it, or write site:", "删除，或改写为 site"  # fmt: skip
    if fail.room and not fail.power_side:
        yield ("room",), "room: goes with power_side", "room：须与 power_side 同用", "write risks: [room:NAME]", \
              "改写为 risks: [room:名称]"  # fmt: skip
