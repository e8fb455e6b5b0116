"""`rackwright verify`: what stands there against the plan."""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections import Counter, defaultdict
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rackwright.cli.common import CLEAN, FINDINGS, UNUSABLE, Project, leave, load_project, out, say
from rackwright.cli.common import Format as TextOrJson
from rackwright.cli.reach import Chosen, choose, counting, run_folder

if TYPE_CHECKING:
    from topology.facts import DeviceFacts
    from topology.verify import Result

SERIAL_LINES = ("console",)
"""Kinds of cables that carry no frames: nothing on them tells its other end, so they are looked at by hand."""
MOST_SHOWN = 20
"""Devices without an answer that are listed one by one."""
WORST = ("missing", "swapped", "different", "extra", "not run")
NAMES = {
    "cable": ("cables", "线缆"), "answer": ("devices answer", "设备可达"), "serial": ("serial numbers", "序列号"),
    "model": ("models", "型号"), "version": ("versions of pairs", "成对设备版本"), "mtu": ("MTU", "MTU"),
    "bond": ("bonds", "bond 聚合"), "time": ("clocks", "时钟"), "port": ("ports up", "端口状态"),
    "configuration": ("configurations", "配置一致性"),
}  # fmt: skip
VERDICTS_ZH = {
    "pass": "通过", "missing": "缺失", "swapped": "接反", "different": "不符", "extra": "多余", "not run": "未执行",
}  # fmt: skip


def run(
    name: str | None, output: str, *, site: str | None, pair: list[str], host: list[str], only: str | None,
    resume: bool, user: str | None, secret: str | None, server_user: str | None, server_key: Path | None,
    vault_file: Path | None, known_hosts: Path | None, port: int, workers: int, out_folder: Path | None,
) -> None:  # fmt: skip
    """Read every device, compare, tell. Exit 0 only when everything was looked at and is as planned."""
    from topology.observe.collect import Access, Target, collect
    from topology.observe.record import Record
    from topology.observe.secrets import SecretError, Vault
    from topology.observe.session import known_hosts_file

    project = load_project(name, TextOrJson.TEXT if output != "json" else TextOrJson.JSON)
    chosen = with_servers(project, choose(project, site, pair, host), pair)
    names = [
        h
        for h, v in chosen.hosts.items()
        if only is None or (only == "switches") == ("rackwright_platform" in v)
    ]
    names = [n for n in names if is_asked(chosen, n)]
    if not names:
        say("none of these devices can be asked: neither switches with a platform nor servers")
        leave(UNUSABLE)
    vault = Vault(project.inventory.secrets, vault_file)
    try:
        switches, servers = logins(chosen, names, user, secret, server_user, server_key, vault)
    except SecretError as error:
        say(str(error))
        leave(UNUSABLE)
    folder = last_folder(out_folder, project) if resume else None
    if resume and folder is None:
        say("no earlier run to resume: beginning a new one")
    folder = folder or run_folder(out_folder, project, "verify")
    access = Access(switches, servers, known_hosts_file(known_hosts), server_key, vault=vault)
    targets = [Target(n, chosen.address(n), chosen.hosts[n].get("rackwright_platform"), port) for n in names]
    with counting(len(targets), "verify") as tell:
        facts = collect(
            targets, access, Record(folder, vault.seen), workers=workers, resume=resume,
            done=lambda f, now: tell(f"{f.name}: {f.error or ('read' if now else 'read before')}", True),
        )  # fmt: skip
    results = compare(project, facts)
    fine = bool(results) and all(r.verdict == "pass" for r in results)
    text = {"json": json_text, "junit": junit_text}.get(output, report)(results, folder)
    (folder / "acceptance.txt").write_text("\n".join(acceptance(results)) + "\n", encoding="utf-8")
    out(text)
    if output == "text":
        by_hand = sum(
            c.kind in SERIAL_LINES and (c.a.device in facts or c.b.device in facts)
            for c in (project.plan.cables if project.plan else ())
        )
        if by_hand:
            say(
                f"not among these: {by_hand} serial console cables, which tell nobody their other end; look at them by hand"
            )
        say(f"raw answers: {folder}")
    leave(CLEAN if fine else FINDINGS)


def with_servers(project: Project, chosen: Chosen, pair: list[str]) -> Chosen:
    """With --pair also the servers that hang on it."""
    if not pair or project.plan is None:
        return chosen
    from inventory.ansible_hosts import ansible_inventory

    known = ansible_inventory(project.inventory, project.plan)["_meta"]["hostvars"]
    more = {
        a.device
        for c in project.plan.cables
        for a, b in ((c.a, c.b), (c.b, c.a))
        if b.device in chosen.hosts and c.kind == "access" and a.device in known
    }
    return Chosen({h: v for h, v in known.items() if h in chosen.hosts or h in more})


def is_asked(chosen: Chosen, name: str) -> bool:
    """Switches with a platform, and servers."""
    values = chosen.hosts[name]
    return "rackwright_platform" in values or values["rackwright_role"] == "server"


def logins(
    chosen: Chosen, names: list[str], user: str | None, secret: str | None, server_user: str | None,
    server_key: Path | None, vault: Any,
) -> tuple[Any, Any]:  # fmt: skip
    """Logins for switches and for servers, None for a kind nobody asks. Raises SecretError."""
    from topology.observe.drivers import login
    from topology.observe.session import Credentials

    switches = any("rackwright_platform" in chosen.hosts[n] for n in names)
    servers = any("rackwright_platform" not in chosen.hosts[n] for n in names)
    return (
        login(user, secret, vault) if switches else None,
        Credentials(server_user or "root", "") if servers else None,
    )


def last_folder(build: Path | None, project: Project) -> Path | None:
    """The folder of the latest run."""
    base = (build or Path("build") / project.inventory.project.name) / "verify"
    found = sorted(p for p in base.iterdir() if p.is_dir()) if base.is_dir() else []
    return found[-1] if found else None


def compare(project: Project, facts: dict[str, DeviceFacts]) -> list[Result]:
    """Every verdict on what was asked: cables that end at a device asked, and the devices."""
    from topology.switch_intent import switch_configs
    from topology.verify import verify_cables
    from topology.verify_devices import verify_devices

    plan, inventory = project.plan, project.inventory
    assert plan is not None  # noqa: S101 - choose() leaves without one
    ours = replace(
        plan,
        cables=tuple(
            c
            for c in plan.cables
            if (c.a.device in facts or c.b.device in facts) and c.kind not in SERIAL_LINES
        ),
    )
    ends = {e.device for c in ours.cables for e in (c.a, c.b)}
    blind = frozenset(
        (d, i.name)
        for d in ends
        if d in inventory.devices and inventory.devices[d].kind != "switch"
        for i in inventory.devices[d].type.interfaces
        if i.mgmt_only
    )
    configs = [c for c in switch_configs(inventory, plan) if c.host in facts]
    cables = verify_cables(ours, facts, frozenset(ends - set(facts)), blind)
    return [*cables, *verify_devices(inventory, ours, facts, configs)]


# ---------------------------------------------------------------- telling


def report(results: list[Result], folder: Path) -> str:
    """What is wrong, each with what to do; what was not run by reason; the counts in both languages."""
    from topology.verify_codes import code_of

    width = min(shutil.get_terminal_size((100, 24)).columns, 120)
    rows: list[str] = []
    for verdict in WORST[:-1]:
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
            if result.fix:
                rows += wrapped("to do", result.fix.en, width) + wrapped("", result.fix.zh, width)
            seen = dict.fromkeys(f"{e.at} {e.command} ({e.file})" for e in result.evidence)
            rows += [f"  {'seen':<8} {text}" for text in list(seen)[:2]]
            rows.append("")
    rows += not_run(results, width)
    return "\n".join([*rows, *acceptance(results)])


def not_run(results: list[Result], width: int) -> list[str]:
    """What nobody could look at: devices that did not answer, what hangs on them, and the rest by reason."""
    dead = {r.subject: r.found for r in results if r.test == "answer" and r.verdict == "not run"}
    reasons: dict[str, list[str]] = defaultdict(list)
    because: Counter[str] = Counter()
    for result in results:
        if result.verdict != "not run" or result.test == "answer":
            continue
        if any(
            name in result.subject or name in result.message.en or name in result.expected for name in dead
        ):
            because[result.test] += 1
        else:
            reasons[result.message.en].append(f"{result.test} {result.subject}")
    rows = []
    if dead:
        rows.append(f"VER013 NOT RUN   {len(dead)} devices did not answer fully")
        for name in list(dead)[:MOST_SHOWN]:
            rows += wrapped("", f"{name}: {dead[name]}", width)
        if len(dead) > MOST_SHOWN:
            rows += wrapped("", f"and {len(dead) - MOST_SHOWN} more", width)
        if because:
            rows += wrapped("so also", ", ".join(f"{n} x {test}" for test, n in because.items()), width)
    for text, subjects in reasons.items():
        rows.append(f"VER013 NOT RUN   {len(subjects)} x {text.removeprefix('not run: ')}")
        more = f" and {len(subjects) - 4} more" if len(subjects) > 4 else ""
        rows += wrapped("", ", ".join(subjects[:4]) + more, width)
    return [*rows, ""] if rows else []


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


def acceptance(results: list[Result]) -> list[str]:
    """One line a test and one for all, in both languages: how much was looked at, and how much of that passed."""
    rows = []
    tests = [t for t in NAMES if any(r.test == t for r in results)]
    for test in [*tests, None]:
        some = [r for r in results if test in (None, r.test)]
        counts: Counter[str] = Counter()
        for result in some:
            counts[result.verdict] += len(result.subject.split()) if result.verdict == "swapped" else 1
        total = counts.total()
        ran = total - counts["not run"]
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
    fine = bool(results) and all(r.verdict == "pass" for r in results)
    rows.append("verdict: accepted | 结论：合格" if fine else "verdict: not accepted | 结论：不合格")
    return rows


def share(part: int, whole: int) -> str:
    """A share in per cent that is 100 % only when nothing lacks and 0 % only when nothing is there."""
    if not whole:
        return "0 %"
    value = 100 * part / whole
    return f"{value:.0f} %" if part in (0, whole) else f"{min(max(value, 0.1), 99.9):.1f} %"


def as_data(results: list[Result], folder: Path) -> dict[str, Any]:
    """Everything for programs."""
    from topology.verify_codes import code_of

    rows = [{"code": code_of(r.test, r.verdict), **asdict(r)} for r in results]
    return {"folder": str(folder), "counts": dict(Counter(r.verdict for r in results)), "results": rows}


def json_text(results: list[Result], folder: Path) -> str:
    """The results as JSON."""
    import json

    return json.dumps(as_data(results, folder), ensure_ascii=False, indent=2)


def junit_text(results: list[Result], folder: Path) -> str:
    """The results as JUnit XML: a case each, not run is skipped."""
    import xml.etree.ElementTree as ET

    root = ET.Element("testsuites")
    for test in [t for t in NAMES if any(r.test == t for r in results)]:
        some = [r for r in results if r.test == test]
        failed = sum(r.verdict not in ("pass", "not run") for r in some)
        suite = ET.SubElement(
            root, "testsuite", name=test, tests=str(len(some)), failures=str(failed),
            skipped=str(sum(r.verdict == "not run" for r in some)),
        )  # fmt: skip
        for result in some:
            case = ET.SubElement(suite, "testcase", classname=test, name=result.subject)
            if result.verdict == "not run":
                ET.SubElement(case, "skipped", message=result.message.en)
            elif result.verdict != "pass":
                bad = ET.SubElement(case, "failure", type=result.verdict, message=result.message.en)
                bad.text = f"expected: {result.expected}\nfound: {result.found}\n{result.message.zh}"
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")
