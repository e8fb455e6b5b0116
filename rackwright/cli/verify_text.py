"""What `rackwright verify` tells: for people, for programs, for CI, and as lines of an acceptance."""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections import Counter, defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rackwright.cli.verify_lab import Rehearsal
    from topology.verify import Result

MOST_SHOWN = 20
"""Devices without an answer that are listed one by one."""
WORST = ("missing", "swapped", "different", "extra", "not run", "not shown")
NOBODY_LOOKED = ("not run", "not shown")
NAMES = {
    "cable": ("cables", "线缆"), "answer": ("devices answer", "设备可达"), "name": ("device names", "设备名称"), "serial": ("serial numbers", "序列号"),
    "model": ("models", "型号"), "version": ("versions of pairs", "成对设备版本"), "mtu": ("MTU", "MTU"),
    "bond": ("bonds", "bond 聚合"), "time": ("clocks", "时钟"), "port": ("ports up", "端口状态"),
    "configuration": ("configurations", "配置一致性"), "saved": ("configurations saved", "配置保存"), "security": ("ways in closed", "登录途径已关闭"), "session": ("BGP sessions", "BGP 会话"), "light": ("received light", "收光功率"),
    "controller": ("controllers answer", "BMC 可达"), "bios": ("BIOS versions", "BIOS 版本"),
    "power": ("power supplies", "电源模块"), "drive": ("drives", "硬盘"), "mac": ("MAC addresses", "MAC 地址"),
}  # fmt: skip
VERDICTS_ZH = {
    "pass": "通过", "missing": "缺失", "swapped": "接反", "different": "不符", "extra": "多余", "not run": "未执行",
    "not shown": "演练环境无法呈现",
}  # fmt: skip


def report(results: list[Result], folder: Path, rehearsal: Rehearsal | None = None) -> str:
    """What is wrong, each with what to do; what was not run by reason; the counts in both languages."""
    from topology.verify_codes import FIXES, code_of

    width = min(shutil.get_terminal_size((100, 24)).columns, 120)
    rows: list[str] = []
    for verdict in WORST:
        if verdict in NOBODY_LOOKED:
            continue
        for result in results:
            if result.verdict != verdict:
                continue
            code = code_of(result.test, verdict)
            rows.append(f"{code} {verdict.upper():<9} {result.test} {result.subject}")
            rows += wrapped("found", result.message.en, width)
            rows += wrapped("", result.message.zh, width)
            if result.test == "cable" and verdict != "extra":
                rows += wrapped("planned", result.expected, width)
            if result.labels:
                rows += wrapped("labels", ", ".join(dict.fromkeys(result.labels)), width)
            fix = result.fix or FIXES[code]
            rows += wrapped("to do", fix.en, width) + wrapped("", fix.zh, width)
            seen = dict.fromkeys(f"{e.at} {e.command} ({e.file})" for e in result.evidence)
            rows += [f"  {'seen':<8} {text}" for text in list(seen)[:2]]
            rows.append("")
    rows += not_run(results, width)
    return "\n".join([*rows, *acceptance(results, rehearsal)])


def not_run(results: list[Result], width: int) -> list[str]:
    """What nobody could look at: devices that did not answer, what hangs on them, and the rest by reason."""
    from rackwright.documents.acceptance_run import in_chinese
    from topology.verify_codes import FIXES, NOT_RUN

    dead = {r.subject: r.found for r in results if r.test == "answer" and r.verdict == "not run"}
    reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
    because: Counter[str] = Counter()
    for result in results:
        if result.verdict != "not run" or result.test == "answer":
            continue
        if any(
            name in result.subject or name in result.message.en or name in result.expected for name in dead
        ):
            because[result.test] += 1
        else:
            en, zh = result.message.en.removeprefix("not run: "), result.message.zh.removeprefix("未执行：")
            reasons[en, in_chinese(zh) if en == zh else zh].append(f"{result.test} {result.subject}")
    rows = []
    if dead:
        rows.append(
            f"VER013 NOT RUN   {len(dead)} {'device' if len(dead) == 1 else 'devices'} did not answer fully"
        )
        rows += wrapped("", f"未执行：{len(dead)} 台设备未完整应答", width)
        for name in list(dead)[:MOST_SHOWN]:
            rows += wrapped("", f"{name}: {dead[name]}", width)
            if (zh := in_chinese(dead[name])) != dead[name]:
                rows += wrapped("", zh, width)
        if len(dead) > MOST_SHOWN:
            rows += wrapped("", f"and {len(dead) - MOST_SHOWN} more", width)
        if because:
            rows += wrapped("so also", ", ".join(f"{n} x {test}" for test, n in because.items()), width)
            zh = "、".join(f"{NAMES[test][1]} {n} 项" for test, n in because.items())
            rows += wrapped("", f"相关的 {zh}均未执行", width)
    for (en, zh), subjects in reasons.items():
        rows.append(f"VER013 NOT RUN   {len(subjects)} x {en}")
        rows += wrapped("", f"未执行 {len(subjects)} 项：{zh}", width)
        more = f" and {len(subjects) - 4} more" if len(subjects) > 4 else ""
        rows += wrapped("", ", ".join(subjects[:4]) + more, width)
    if not rows:
        return []
    fix = FIXES[NOT_RUN]
    return [*rows, *wrapped("to do", fix.en, width), *wrapped("", fix.zh, width), ""]


def wrapped(head: str, text: str, width: int) -> list[str]:
    """A text below a head, broken behind spaces and Chinese commas; Chinese letters are two columns wide."""
    lines, line, used = [], "", 0
    for part in re.findall(r".*?(?:[ ；，、：]|$)", text):
        wide = sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in part.rstrip())
        if line and used + wide > width - 11:
            lines.append(line.rstrip())
            line, used = "", 0
        line += part
        used += wide + len(part) - len(part.rstrip())
    lines.append(line.rstrip())
    return [f"  {head if n == 0 else '':<8} {row}" for n, row in enumerate(lines)]


def acceptance(results: list[Result], rehearsal: Rehearsal | None = None) -> list[str]:
    """One line a test and one for all, in both languages: how much was looked at, and how much of that passed. In a
    rehearsal the last line is no acceptance, whatever came out."""
    rows = []
    tests = [t for t in NAMES if any(r.test == t for r in results)]
    for test in [*tests, None]:
        some = [r for r in results if test in (None, r.test)]
        counts = tally(some)
        total = counts.total()
        ran = total - sum(counts[v] for v in NOBODY_LOOKED)
        en, zh = NAMES[test] if test else ("all", "合计")
        bad = ", ".join(f"{counts[v]} {v}" for v in WORST if counts[v])
        bad_zh = "，".join(f"{VERDICTS_ZH[v]} {counts[v]}" for v in WORST if counts[v])
        passed = f"{share(counts['pass'], ran)} passed" if ran else "none run"
        passed_zh = f"通过率 {share(counts['pass'], ran)}" if ran else "均未执行"
        rows.append(
            f"{en}: {counts['pass']} of {total} pass; {share(ran, total)} run, {passed}"
            + (f"; {bad}" if bad else "")
        )
        rows.append(
            f"  {zh}：共 {total} 项，通过 {counts['pass']} 项；覆盖率 {share(ran, total)}，{passed_zh}"
            + (f"；{bad_zh}" if bad_zh else "")
        )
    if rehearsal is not None:
        return [*rows, *rehearsal.told(results), verdict_line(is_fine(results, rehearsal), rehearsal)]
    return [*rows, verdict_line(is_fine(results), None)]


def tally(results: Iterable[Result]) -> Counter[str]:
    """How many of each verdict; of a swap every cable in it counts."""
    counts: Counter[str] = Counter()
    for result in results:
        counts[result.verdict] += len(result.subject.split()) if result.verdict == "swapped" else 1
    return counts


def is_fine(results: list[Result], rehearsal: Rehearsal | None = None) -> bool:
    """True when everything was looked at and is as planned; in a rehearsal, everything the lab can show."""
    right = ("pass",) if rehearsal is None else ("pass", "not shown")
    return any(r.verdict == "pass" for r in results) and all(r.verdict in right for r in results)


def verdict_line(fine: bool, rehearsal: Rehearsal | None) -> str:
    """The last line."""
    if rehearsal is None:
        return "verdict: accepted | 结论：合格" if fine else "verdict: not accepted | 结论：不合格"
    if fine:
        return "verdict: rehearsal as planned, no acceptance | 结论：演练与规划一致（非验收结论）"
    return "verdict: rehearsal not as planned | 结论：演练与规划不一致"


def share(part: int, whole: int) -> str:
    """A share in per cent that is 100 % only when nothing lacks and 0 % only when nothing is there."""
    if not whole:
        return "0 %"
    value = 100 * part / whole
    return f"{value:.0f} %" if part in (0, whole) else f"{min(max(value, 0.1), 99.9):.1f} %"


def as_data(results: list[Result], folder: Path, rehearsal: Rehearsal | None = None) -> dict[str, Any]:
    """Everything for programs."""
    from topology.verify_codes import code_of

    rows = [{"code": code_of(r.test, r.verdict), **asdict(r)} for r in results]
    return {
        "folder": str(folder), "fine": is_fine(results, rehearsal), "rehearsal": rehearsal.name if rehearsal else None,
        "counts": dict(Counter(r.verdict for r in results)), "results": rows,
    }  # fmt: skip


def json_text(results: list[Result], folder: Path, rehearsal: Rehearsal | None = None) -> str:
    """The results as JSON."""
    import json

    return json.dumps(as_data(results, folder, rehearsal), ensure_ascii=False, indent=2)


def junit_text(results: list[Result], folder: Path, rehearsal: Rehearsal | None = None) -> str:
    """The results as JUnit XML: a case each, not run is skipped."""
    import xml.etree.ElementTree as ET

    root = ET.Element("testsuites")
    for test in [t for t in NAMES if any(r.test == t for r in results)]:
        some = [r for r in results if r.test == test]
        failed = sum(r.verdict not in ("pass", *NOBODY_LOOKED) for r in some)
        suite = ET.SubElement(
            root, "testsuite", name=test, tests=str(len(some)), failures=str(failed),
            skipped=str(sum(r.verdict in NOBODY_LOOKED for r in some)),
        )  # fmt: skip
        for result in some:
            case = ET.SubElement(suite, "testcase", classname=test, name=result.subject)
            if result.verdict in NOBODY_LOOKED:
                ET.SubElement(case, "skipped", message=result.message.en)
            elif result.verdict != "pass":
                bad = ET.SubElement(case, "failure", type=result.verdict, message=result.message.en)
                bad.text = f"expected: {result.expected}\nfound: {result.found}\n{result.message.zh}"
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")
