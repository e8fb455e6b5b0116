"""The tables of the acceptance record: findings, what was not run, devices, cables, evidence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from inventory.findings import Text
from rackwright.cli.verify_text import NOBODY_LOOKED, WORST
from rackwright.documents.acceptance_run import (
    BY_HAND,
    FLAGS,
    NOTHING,
    Verified,
    both,
    by_verdict,
    is_cable,
    joined,
    lined,
    local,
    named,
    places,
    reason,
    supply_count,
    tallied,
    test_title,
    tests_of,
    title,
    told,
    values,
    verdict,
    way_out,
    witnesses,
    zone,
)
from rackwright.documents.sheet_model import Cell, Column, Marked, Sheet
from topology.verify import Result
from topology.verify_codes import FIXES, NOT_RUN, code_of


@dataclass(frozen=True)
class Table:
    """A sheet, how many pages it is wide, and the rows that head a group."""

    sheet: Sheet
    pages_wide: int = 1
    groups: frozenset[int] = frozenset()


def tables(run: Verified) -> tuple[Table, ...]:
    """Every table of the record, in order."""
    return findings(run), not_run(run), devices(run), cables(run), evidence(run)


def findings(run: Verified) -> Table:
    """Every result that was looked at and is not as planned, worst first, and a row for what was not looked at."""
    columns = (
        Column("序号", "no.", "count"), Column("代码", "code"), Column("测试", "test"), Column("对象", "subject"),
        Column("判定", "verdict"), Column("位置", "place"), Column("应有", "expected"), Column("实有", "found"),
        Column("问题", "message", "long"), Column("线缆标签", "labels", "long"), Column("处理建议", "what to do", "long"),
        Column("证据文件", "evidence file", "long"), Column("SHA-256", "SHA-256", "long"),
        Column(f"时间（{zone(run.utc_offset_h)}）", "time, site local"), *pen_columns("整改人", "mended by", "整改日期", "mended on", "复验", "verified again"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for result in by_verdict(run.results):
        code = code_of(result.test, result.verdict)
        seen = witnesses(result)
        more = len(result.evidence) - len(seen)
        files = [e.file for e in seen] + (
            [f"+ {more}：见“证据” see sheet Evidence"] if more and not is_cable(result) else []
        )
        rows.append((
            len(rows) + 1, code, both(test_title(result.test)), lined(result.subject.split()), verdict(result.verdict),
            places(run, result), values(result.expected), values(result.found),
            lined([both(result.message), *mute(run, result)]), lined(dict.fromkeys(result.labels)), both(result.fix or FIXES[code]), lined(files),
            lined(e.sha256 for e in seen), lined(dict.fromkeys(local(e.at, run.utc_offset_h) for e in seen)), "", "", "",
        ))  # fmt: skip
    unseen = Counter(r.verdict for r in run.results if r.verdict in NOBODY_LOOKED)
    for word, count in sorted(unseen.items()):
        rows.append((
            "", NOT_RUN if word == "not run" else "", Marked("全部 all", FLAGS[word]), Marked(f"{count} 项 items", FLAGS[word]),
            verdict(word), "", "", "", Marked("未执行的项目不在此表，见“未执行”表\nnobody looked at these: see sheet Not run", FLAGS[word]),
            *[""] * 8,
        ))  # fmt: skip
    return Table(Sheet("问题清单 Findings", columns, tuple(rows), 4), 2)


def not_run(run: Verified) -> Table:
    """What nobody looked at, by reason: a row for the reason, then one for each result. Last what is not among the
    results at all: devices and cables that `verify` cannot ask."""
    columns = (
        Column("组", "group", "count"), Column("判定", "verdict"), Column("原因", "reason", "long"), Column("测试", "test"),
        Column("对象", "subject"), Column("位置", "place"), Column("应有", "expected"), Column("线缆标签", "labels", "long"),
        Column("处理建议", "what to do"), *pen_columns("核验人", "looked at by", "日期", "date", "结果", "result"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    heads: set[int] = set()

    def head(word: Cell, why: Text, count: int, names: Iterable[str], fix: Text) -> int:
        heads.add(len(rows))
        rows.append((
            len(heads), word, both(why), f"{count} 项 items", named(names), "", "", "", both(fix), "", "", "",
        ))  # fmt: skip
        return len(heads)

    grouped: dict[tuple[str, Text], list[Result]] = defaultdict(list)
    for result in run.results:
        if result.verdict in NOBODY_LOOKED:
            grouped[result.verdict, reason(run, result)].append(result)
    order = sorted(grouped.items(), key=lambda g: (WORST.index(g[0][0]), -len(g[1]), g[0][1].en))
    for (word, why), some in order:
        names = dict.fromkeys(name for r in some for name in run.culprits(r))
        number = head(verdict(word), why, len(some), names, way_out(word, why))
        for r in some:
            rows.append((
                number, verdict(word), why.zh, both(test_title(r.test)), lined(r.subject.split()), places(run, r), values(r.expected),
                lined(r.labels), "", "", "", "",
            ))  # fmt: skip
    unseen = verdict("not run")
    if run.untested:
        why = Text(
            "serial console cables carry no frames: nothing on them tells its other end",
            "串口线缆不传送以太网帧，两端无法自动识别",
        )
        number = head(unseen, why, len(run.untested), (), BY_HAND)
        for c in run.untested:
            spots = lined(dict.fromkeys(run.place(e.device) for e in (c.a, c.b)))
            rows.append((
                number, unseen, why.zh, both(test_title("cable")), c.id, spots, joined(c), lined((c.label_a, c.label_b)),
                "", "", "", "",
            ))  # fmt: skip
    if run.beside:
        why = Text("verify has no way to ask these devices", "本工具无法询问这些设备")
        number = head(unseen, why, len(run.beside), (), BY_HAND)
        order_of = {name: n for n, name in enumerate(run.lines)}
        for name in sorted(run.beside, key=lambda n: (order_of.get(n, len(order_of)), n)):
            rows.append((
                number, unseen, why.zh, "设备\ndevice", name, run.place(name), title(run, name), "", "", "", "", "",
            ))  # fmt: skip
    return Table(Sheet("未执行 Not run", columns, tuple(rows), 2), groups=frozenset(heads))


def devices(run: Verified) -> Table:
    """Every device asked, rack by rack from the top down: what was ordered beside what it told, then a verdict a test."""
    first = (
        Column("机柜", "rack"), Column("U 位", "units"), Column("设备", "device"), Column("站点", "site"), Column("判定", "verdict"),
        Column("型号（规划）", "model, planned"), Column("型号（实测）", "model, told"), Column("序列号（到货）", "serial, ordered"),
        Column("序列号（实测）", "serial, told"), Column("软件版本", "version, told"), Column("BIOS 版本", "BIOS, told"),
        Column("电源（规划）", "power supplies, planned"), Column("电源（实测）", "power supplies, told"),
        Column("硬盘（规划）", "drives, planned"), Column("硬盘（实测）", "drives, told"),
    )  # fmt: skip
    used = tests_of(run.results)
    columns = (
        *first,
        *(Column(name.zh, name.en) for name in map(test_title, used)),
        *pen_columns("核验人", "looked at by", "日期", "date"),
    )
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    planned: dict[tuple[str, str], str] = {}
    for result in run.results:
        names = [e.device for e in run.ends(result)] or run.devices(result)
        for name in names:
            counts[name, result.test][result.verdict] += 1
            planned[name, result.test] = result.expected
    rows: list[tuple[Cell, ...]] = []
    for name in [*(n for n in run.lines if n in run.asked), *sorted(run.asked - set(run.lines))]:
        line = run.lines.get(name)
        device = run.inventory.devices.get(name)
        delivery = run.inventory.delivered.get(name)
        own, bmc = run.facts.get(name), run.controllers.get(name)
        psu = (
            (len(line.type.power_ports), line.type.rackwright.psu.rating_w)
            if line and line.type and bmc
            else None
        )
        rows.append((
            line.rack.name if line and line.rack else None, line.units if line else None, name, device.site if device else None,
            tallied(sum((counts[name, t] for t in used), Counter())), line.type.model if line and line.type else None,
            told(own, bmc, "model"), delivery.serial if delivery and delivery.serial else Marked("无到货记录\nno delivery note", "unknown"),
            told(own, bmc, "serial"), told(own, None, "version"), told(None, bmc, "bios"),
            supply_count(*psu) if psu else NOTHING, told(None, bmc, "supplies"),
            planned.get((name, "drive"), NOTHING), told(None, bmc, "drives"),
            *(tallied(counts[name, test]) for test in used), "", "",
        ))  # fmt: skip
    return Table(Sheet("设备 Devices", columns, tuple(rows), 3), 2)


def cables(run: Verified) -> Table:
    """Every planned cable at a device asked. Those no test looks at are not run."""

    def end_columns(letter: str) -> Iterator[Column]:
        yield Column(f"{letter} 端位置", f"place of {letter}")
        yield Column(f"{letter} 端设备", f"device {letter}")
        yield Column(f"{letter} 端端口", f"port {letter}")

    columns = (
        Column("线缆编号", "cable id"), *end_columns("A"), *end_columns("B"), Column("A 端标签", "label A", "long"),
        Column("B 端标签", "label B", "long"), Column("判定", "verdict"), Column("说明", "what was found", "long"), Column("证据文件", "evidence file", "long"),
        Column(f"时间（{zone(run.utc_offset_h)}）", "time, site local"), *pen_columns("核验人", "looked at by", "日期", "date"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for cable in run.cables.values():
        result = run.by_cable.get(cable.id)
        seen = witnesses(result) if result else ()
        word: Cell = verdict(result.verdict) if result else verdict("not run")
        said = (
            BY_HAND
            if result is None
            else result.message
            if result.verdict not in NOBODY_LOOKED
            else reason(run, result)
        )
        ends = [(run.place(e.device), e.device, e.port) for e in (cable.a, cable.b)]
        rows.append((
            cable.id, *ends[0], *ends[1], cable.label_a, cable.label_b, word, both(said) if word != verdict("pass") else "",
            lined(e.file for e in seen), lined(dict.fromkeys(local(e.at, run.utc_offset_h) for e in seen)), "", "",
        ))  # fmt: skip
    return Table(Sheet("线缆 Cables", columns, tuple(rows), 1), 2)


def evidence(run: Verified) -> Table:
    """Every raw answer, by device."""
    columns = (
        Column("设备", "device"), Column("来源", "told by"), Column("命令", "command", "long"), Column("时间（UTC）", "time, UTC"),
        Column(f"时间（{zone(run.utc_offset_h)}）", "time, site local"), Column("文件", "file", "long"), Column("SHA-256", "SHA-256", "long"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for name in sorted(run.asked):
        for source, facts in (("系统 system", run.facts.get(name)), ("BMC", run.controllers.get(name))):
            for e in facts.evidence if facts else ():
                rows.append((name, source, e.command, e.at, local(e.at, run.utc_offset_h), e.file, e.sha256))
    return Table(Sheet("证据 Evidence", columns, tuple(rows), 1))


def mute(run: Verified, result: Result) -> Iterator[str]:
    """A line for every end of a cable that did not answer: it may have no power, and its cables be well."""
    for name in sorted({e.device for e in run.ends(result)} & run.silent):
        yield f"{name} 未完整应答，见“未执行” {name} did not answer fully, see Not run"


def pen_columns(*heads: str) -> Iterator[Column]:
    """Columns that are filled in with a pen: Chinese and English heads in turn."""
    for zh, en in zip(heads[::2], heads[1::2], strict=True):
        yield Column(zh, en, "blank")
