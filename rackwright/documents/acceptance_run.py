"""A verify run as its acceptance record needs it: looked up once, in the words of the record."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.plan_model import Cable, End, Plan
from rackwright.cli.verify_text import NAMES, NOBODY_LOOKED, VERDICTS_ZH, WORST
from rackwright.documents.device_list import DeviceLine, device_lines
from rackwright.documents.sheet_model import Cell, Flag, Marked
from topology.facts import ControllerFacts, DeviceFacts, Evidence
from topology.verify import Result
from topology.verify_codes import FIXES, NOT_RUN

if TYPE_CHECKING:
    from rackwright.cli.verify_lab import Rehearsal

MOST_FILES = 4
"""Raw answers named beside one result; all of them stand on the sheet of evidence."""
NOTHING = "—"
FLAGS: dict[str, Flag] = {v: "unknown" if v in NOBODY_LOOKED else "bad" for v in WORST}
SHORT_ZH = {**VERDICTS_ZH, "not shown": "无法呈现"}
BY_HAND = Text("look at it by hand, and note who did and when", "现场人工核验，并记录核验人与日期")
QUIET = Text(
    "have the other end send something (open its page) and verify again with --resume, or follow the label by hand",
    "使对端发送数据（如打开其管理页面）后用 --resume 继续核验，或按标签人工核对",
)
LEFT_OUT = Text(
    "it was not part of this run: verify again and ask it, too", "不在本次核验范围内：扩大范围后重新核验"
)
REASONS_ZH = (
    (r"no address planned", "规划中没有其地址"),
    (r"no login for (switches|servers|management controllers)\b.*", "未提供登录信息"),
    (r"no driver for platform (\S+)", r"没有平台 \1 的驱动"),
    (r"its management controller was not asked", "未询问其 BMC"),
    (r"not asked", "未询问"),
    (r"no LLDP read", "未读到 LLDP"),
    (r"out of service \(503\)", "BMC 停止服务 (503)"),
    (r"refuses user (\S+) \((\d+)\)", r"BMC 拒绝用户 \1 (\2)"),
    (r"login of (\S+) refused|login refused", "登录被拒绝"),
    (r"no (?:answer|end of its answer).*?within ([\d.]+) s", r"\1 秒内无应答"),
    (r"no session within ([\d.]+) s", r"\1 秒内未建立会话"),
    (r"Error reading SSH protocol banner", "端口可达，但无 SSH 应答"),
    (r"does not speak SSH within ([\d.]+) s", r"端口可达，但 \1 秒内无 SSH 应答"),
    (r"its host key is another than", "主机密钥与已知密钥不符"),
    (r"its host key is not in", "主机密钥未登记"),
    (r"the controller of (\S+) answers at its address", r"其地址上应答的是 \1 的 BMC"),
    (r"(\S+) answers at its address", r"其地址上应答的是 \1"),
    (r"timed out", "连接超时"),
    (r"Connection refused", "连接被拒绝"),
    (r"No route to host|Network is unreachable|Unable to connect", "网络不可达"),
)
"""Why a device did not answer, for readers of Chinese; the words of the system stand beside it."""
VALUES_ZH = (
    (r"nothing", "无"), (r"answers", "应答"), (r"up", "连通"), (r"down", "未连通"), (r"shut down", "被关闭"), (r"not read", "未读到"),
    (r"as rendered from the plan", "与规划生成的配置一致"), (r"what runs", "与运行配置一致"), (r"one version on both", "两台版本一致"),
    (r"one version on all (\S+)", r"\1 版本一致"), (r"(\d+) (?:members )?up", r"\1 个成员在线"), (r"within (.+)", r"\1 以内"),
    (r"established with AS (\d+)", r"已与 AS \1 建立"), (r"not established", "未建立"), (r"not configured on this switch", "本机未配置"),
    (r"not established: this switch has AS (\d+) for it", r"未建立：本机将其配置为 AS \1"), (r"not shown", "未显示"),
    (r"telnet, SNMP v1/v2c, HTTP and FTP off, no other accounts", "Telnet、SNMP v1/v2c、HTTP、FTP 关闭，无其他账号"),
    (r"answers within (.+)", r"\1 内应答"), (r"(.+), all well", r"\1，全部正常"), (r"(\d+) differences?", r"\1 处差异"),
    (r"no neighbour at ([^;]+)", r"\1 未发现邻居"), (r"(\S+) ends at (\S+)", r"\1 实接 \2"), (r"(\d+) power suppl(?:y|ies)", r"\1 个电源"),
    (r"(\d+) drives", r"\1 块硬盘"), (r"(\d+) bytes", r"\1 字节"), (r"(\S+) to (\S+) dBm", r"\1 至 \2 dBm"), (r"(\S+ dBm) or more", r"不低于 \1"),
)  # fmt: skip
"""Values that are words, for readers of Chinese."""


@dataclass(frozen=True)
class Verified:
    """A verify run as its record needs it. `plan` is what was compared (in a lab the cables that stand there);
    `beside` are devices meant that `verify` has no way to ask; `plan_sha256` is the identity of the whole plan."""

    inventory: Inventory
    plan: Plan
    results: Sequence[Result]
    facts: Mapping[str, DeviceFacts]
    controllers: Mapping[str, ControllerFacts]
    folder: Path
    scope: Text
    plan_sha256: str
    beside: tuple[str, ...] = ()
    rehearsal: Rehearsal | None = None

    @property
    def asked(self) -> set[str]:
        """Devices asked, themselves or their controllers."""
        return {*self.facts, *self.controllers}

    @property
    def told(self) -> Iterator[DeviceFacts | ControllerFacts]:
        """All that was read, systems before controllers."""
        yield from self.facts.values()
        yield from self.controllers.values()

    @cached_property
    def silent(self) -> set[str]:
        """Devices that did not answer fully, or whose controllers did not."""
        return {f.name for f in self.told if f.error}

    @property
    def utc_offset_h(self) -> float:
        """Hours local time is ahead of UTC."""
        return self.inventory.policy.number("change.utc_offset_h")

    @cached_property
    def lines(self) -> dict[str, DeviceLine]:
        """Every device with its place, in walking order."""
        return {line.name: line for line in device_lines(self.inventory, self.plan)}

    @cached_property
    def cables(self) -> dict[str, Cable]:
        """Planned cables that end at a device asked."""
        return {c.id: c for c in self.plan.cables if c.a.device in self.facts or c.b.device in self.facts}

    @cached_property
    def by_cable(self) -> dict[str, Result]:
        """The verdict on every planned cable that has one."""
        told = [r for r in self.results if r.test == "cable" and r.verdict != "extra"]
        return {name: r for r in told for name in r.subject.split()}

    @property
    def untested(self) -> list[Cable]:
        """Planned cables at devices asked that no test looks at: serial console cables carry no frames."""
        return [c for c in self.cables.values() if c.id not in self.by_cable]

    def place(self, device: str) -> str:
        """Rack and units."""
        line = self.lines.get(device)
        return f"{line.rack.name} {line.units}" if line and line.rack else "未知 unknown"

    def ends(self, result: Result) -> list[End]:
        """Ends of the cables a result is of; none for other tests."""
        cables = [self.cables[n] for n in result.subject.split() if n in self.cables]
        return [end for c in cables for end in (c.a, c.b)] if result.test == "cable" else []

    def devices(self, result: Result) -> list[str]:
        """The devices a result is of."""
        names = [e.device for e in self.ends(result)] or [w.partition(":")[0] for w in result.subject.split()]
        return list(dict.fromkeys(names))

    def culprits(self, result: Result) -> list[str]:
        """The devices for whose silence nobody looked; all of the result's where every one of them answered."""
        names = self.devices(result)
        return [n for n in names if n in self.silent] or names


def by_verdict(results: Iterable[Result]) -> list[Result]:
    """What was looked at and is not as planned: worst first, then as it came."""
    bad = [r for r in results if r.verdict not in ("pass", *NOBODY_LOOKED)]
    return sorted(bad, key=lambda r: WORST.index(r.verdict))


def reason(run: Verified, result: Result) -> Text:
    """Why nobody looked, without the names, addresses and ports of the result, so that the same reasons meet."""
    en, zh = result.message.en.removeprefix("not run: "), result.message.zh.removeprefix("未执行：")
    for end in run.ends(result):
        for name in (f"{end.device}:{end.port} ", f"{end.device}: "):
            en, zh = en.replace(name, ""), zh.replace(name, "")
    parts = list(dict.fromkeys(re.sub(r"^\S+:\d+: ", "", part) for part in en.split("; ")))
    if en == zh:
        zh = "；".join(dict.fromkeys(in_chinese(part) for part in parts))
    return Text("; ".join(parts), zh)


def way_out(verdict: str, why: Text) -> Text:
    """What to do about what nobody looked at for this reason."""
    if verdict != "not run":
        return BY_HAND
    if "not asked" in why.en:
        return LEFT_OUT
    return QUIET if "does not speak LLDP" in why.en else FIXES[NOT_RUN]


def in_chinese(error: str) -> str:
    """An error in Chinese where it is a known one, else as it is."""
    for pattern, zh in REASONS_ZH:
        if found := re.search(pattern, error, re.IGNORECASE):
            return found.expand(zh)
    return error


def values(text: str) -> str:
    """An expected or found value, a line a part; the Chinese of known words above them."""
    rows = []
    for part in text.split("; "):
        known = (found.expand(zh) for pattern, zh in VALUES_ZH if (found := re.fullmatch(pattern, part)))
        rows += [zh, part] if (zh := next(known, None)) else [part]
    return lined(rows)


def witnesses(result: Result) -> tuple[Evidence, ...]:
    """The raw answers to name beside a result: for cables what tells of neighbours."""
    seen = tuple(dict.fromkeys(result.evidence))
    if is_cable(result):
        seen = tuple(e for e in seen if "lldp" in e.command or "mac-address" in e.command) or seen
        return seen if result.verdict == "swapped" else seen[:MOST_FILES]
    return seen[:MOST_FILES]


def is_cable(result: Result) -> bool:
    """True for results of cables."""
    return result.test == "cable"


def verdict(word: str) -> Cell:
    """A verdict in both languages; all but a pass stands out."""
    text = f"{SHORT_ZH[word]}\n{word}"
    return Marked(text, FLAGS[word]) if word in FLAGS else text


def tallied(counts: Counter[str]) -> Cell:
    """The verdicts of a test on one device: the worst first, how many of how many; a dash where nothing was tested."""
    total = counts.total()
    if not total:
        return NOTHING
    worst = [v for v in WORST if counts[v]]
    if not worst:
        return f"通过 {total}" if total > 1 else "通过"
    words = "，".join(f"{SHORT_ZH[v]} {counts[v]}" if total > 1 else SHORT_ZH[v] for v in worst)
    return Marked(f"{words} / {total}" if total > 1 else words, FLAGS[worst[0]])


def told(own: DeviceFacts | None, bmc: ControllerFacts | None, what: str) -> Cell:
    """What a device and its controller tell of themselves; both where they do not agree."""
    sources = [(who, facts) for who, facts in (("", own), ("BMC: ", bmc)) if facts is not None]
    if not sources:
        return NOTHING
    said = {who: shown(value) for who, f in sources if (value := getattr(f, what)) is not None}
    if said:
        return (
            lined(dict.fromkeys(said.values()))
            if len({*said.values()}) == 1
            else lined(w + v for w, v in said.items())
        )
    return Marked("未执行\nnot run" if any(f.error for _, f in sources) else "未提供\nnot told", "unknown")


def shown(value: Any) -> str:
    """A fact in words; power supplies and drives are counted by rating and size, and those not well named."""
    if isinstance(value, str):
        return value
    sizes = Counter(getattr(part, "rated_w", None) or getattr(part, "size_bytes", None) for part in value)
    watts = any(hasattr(part, "rated_w") for part in value)
    rows = [
        supply_count(n, size) if watts else f"{n} x {size / 1e12:.3g} TB" if size else f"{n}"
        for size, n in sorted(sizes.items(), key=lambda s: s[0] or 0)
    ]
    bad = [f"{part.name}: {part.state}" for part in value if part.state != "OK"]
    return "\n".join([*(rows or ["0"]), *bad])


def supply_count(count: int, rated_w: float | None) -> str:
    """So many power supplies of a rating in W."""
    return f"{count}" if rated_w is None else f"{count} x {rated_w:g} W"


def title(run: Verified, name: str) -> str:
    """What a device is for, in both languages."""
    return both(run.lines[name].title)


def tests_of(results: Iterable[Result]) -> list[str]:
    """The tests among results, in the order of the report."""
    there = dict.fromkeys(r.test for r in results)
    return [*(t for t in NAMES if t in there), *(t for t in there if t not in NAMES)]


def test_title(test: str) -> Text:
    """What a test is called."""
    return Text(*NAMES.get(test, (test, test)))


def both(text: Text) -> str:
    """Chinese, English beneath."""
    return f"{text.zh}\n{text.en}" if text.zh != text.en else text.zh


def lined(parts: Iterable[str]) -> str:
    """One a line."""
    return "\n".join(parts)


def named(names: Iterable[str]) -> str:
    """Devices by name, the first of many."""
    known = list(names)
    more = [f"… +{len(known) - 20}"] if len(known) > 20 else []
    return ", ".join([*known[:20], *more])


def joined(cable: Cable) -> str:
    """Both ends of a cable."""
    return lined(f"{e.device}:{e.port or '?'}" for e in (cable.a, cable.b))


def places(run: Verified, result: Result) -> str:
    """Where to walk for a result."""
    return lined(dict.fromkeys(run.place(name) for name in run.devices(result)))


def instant(at: str) -> datetime | None:
    """A time as evidence has it; None when it is none."""
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def local(at: str, utc_offset_h: float) -> str:
    """A time of the evidence as clocks at the site show it; as it is when it cannot be read."""
    found = instant(at)
    return f"{found.astimezone(UTC) + timedelta(hours=utc_offset_h):%Y-%m-%d %H:%M:%S}" if found else at


def zone(utc_offset_h: float) -> str:
    """The site's clock: `UTC+8`."""
    return f"UTC{utc_offset_h:+g}"
