"""Intended against observed: ways into a switch that nobody intends. Telnet, SNMP v1 and v2c, HTTP, FTP are off on every
switch of ours, and its accounts are those of the policy and the one that reads it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from inventory.findings import Text
from topology.facts import DeviceFacts
from topology.observe.secrets import mask
from topology.platforms.sections import Section, cut_at, sections
from topology.switch_config import SwitchConfig
from topology.verify import Result
from topology.verify_devices import result, unread

CLOSED = "telnet, SNMP v1/v2c, HTTP and FTP off, no other accounts"
TELNET, SNMP = Text("telnet", "Telnet"), Text("SNMP v1/v2c", "SNMP v1/v2c")
WEB, FTP = Text("HTTP", "HTTP"), Text("FTP", "FTP")


@dataclass(frozen=True)
class Ways:
    """How a platform opens ways in. `doors`: whole lines, what they open, and whether a push takes them back.
    `account`: a line that makes an account (group 1 its name), in the section `above` (empty: in none); `goes`: how it
    is taken away. `enter` and `leave` are typed before and after what changes."""

    doors: tuple[tuple[re.Pattern[str], Text, bool], ...]
    account: re.Pattern[str]
    above: str
    goes: str
    enter: str
    leave: str
    negation: str = "undo"


WAYS = {
    "huawei_vrp": Ways(
        (
            (re.compile(r"telnet (?:ipv6 )?server enable"), TELNET, True),
            (re.compile(r"snmp-agent community .*|snmp-agent sys-info version (?!v3$).*"), SNMP, True),
            (re.compile(r"http server enable"), WEB, False), (re.compile(r"ftp (?:ipv6 )?server enable"), FTP, False),
        ),
        re.compile(r"local-user (\S+) .*"), "aaa", "undo local-user {}", "system-view", "commit; return; save",
    ),
    "h3c_comware": Ways(
        (
            (re.compile(r"telnet server enable"), TELNET, True),
            (re.compile(r"snmp-agent community .*|snmp-agent sys-info version (?!v3$).*"), SNMP, True),
            (re.compile(r"ip http enable"), WEB, False), (re.compile(r"ftp server enable"), FTP, False),
        ),
        re.compile(r"local-user (\S+)(?: class manage)?"), "", "undo local-user {} class manage", "system-view",
        "return; save force",
    ),
    "ruijie_rgos": Ways(
        (
            (re.compile(r"enable service telnet-server"), TELNET, True),
            (re.compile(r"snmp-server community .*"), SNMP, True),
            (re.compile(r"enable service web-server(?: (?:http|all))?"), WEB, False),
            (re.compile(r"ftp-server enable"), FTP, False),
        ),
        re.compile(r"username (\S+) .*"), "", "no username {}", "configure terminal", "end; write", "no",
    ),
}  # fmt: skip
"""Words of each platform."""


def verify_security(config: SwitchConfig, seen: DeviceFacts, accounts: Collection[str]) -> Iterator[Result]:
    """One result: nothing opens a way into the switch that nobody intends. `accounts`: those it may have besides the
    one it was read with."""
    if seen.configuration is None or cut_at(config.platform, seen.configuration):
        yield without_configuration("security", config, seen, CLOSED)
        return
    ways, tree = WAYS[config.platform], sections(seen.configuration)
    said: dict[str, Text] = {}
    typed: list[str] = []
    pushed = False
    for line, what, by_push in open_doors(config.platform, tree):
        shown = mask(line)
        said[shown] = Text(f"{what.en}: `{shown}`", f"{what.zh}：`{shown}`")
        pushed |= by_push
        typed += [] if by_push else [f"{ways.negation} {line}"]
    for name in strangers(ways, tree, {*accounts, seen.user}):
        said[f"account {name}"] = Text(f"account {name}", f"账号 {name}")
        back = ways.goes.format(name)
        typed.append(f"{ways.above}; {back}; quit" if ways.above else back)
    if not said:
        yield result("security", seen, "pass", CLOSED, CLOSED, Text("closed", "已关闭"))
        return
    number = len(said)
    text = Text(
        f"{number} {'way' if number == 1 else 'ways'} in that nobody intends: {'; '.join(t.en for t in said.values())}",
        f"存在 {number} 处未规划的登录途径：{'；'.join(t.zh for t in said.values())}",
    )
    yield result(
        "security",
        seen,
        "different",
        CLOSED,
        text.en.partition(": ")[2],
        text,
        fix=_fix(seen.name, ways, typed, pushed),
    )


def without_configuration(test: str, config: SwitchConfig, seen: DeviceFacts, want: str) -> Result:
    """Not run, because there is no configuration or because the answer was cut: what it lacks is not known."""
    cut = cut_at(config.platform, seen.configuration or "")
    if cut is None:
        return unread(test, seen, want)
    rows, line = cut[0], mask(cut[1])
    why = Text(
        f"not run: the running configuration ends in the middle, after {rows} lines, at `{line}`: the answer of the "
        "switch was cut; read it again",
        f"未执行：运行配置在第 {rows} 行“{line}”处中断：设备应答不完整，请重新读取",
    )
    return result(test, seen, "not run", want, "not read", why)


def open_doors(platform: str, tree: Section) -> Iterator[tuple[str, Text, bool]]:
    """Lines that open a service, what it is, and whether a push takes them back."""
    for child in tree.children:
        for pattern, what, pushed in WAYS[platform].doors:
            if pattern.fullmatch(child.line):
                yield child.line, what, pushed


def strangers(ways: Ways, tree: Section, known: Collection[str]) -> list[str]:
    """Accounts nobody knows, in the order they stand."""
    rows = [c for s in tree.all(f"{ways.above}$") for c in s.children] if ways.above else tree.children
    names = (found[1] for row in rows if (found := ways.account.fullmatch(row.line)))
    return [name for name in dict.fromkeys(names) if name not in known]


def without_doors(platform: str, text: str) -> str:
    """The configuration without these lines, which have a finding of their own."""
    doors = {line for line, *_ in open_doors(platform, sections(text))}
    return "".join(row for row in text.splitlines(keepends=True) if row.strip() not in doors)


def _fix(name: str, ways: Ways, typed: list[str], pushed: bool) -> Text:
    en, zh = [], []
    if pushed:
        order = f"`rackwright push --host {name}`"
        en.append(f"{order} closes the services it knows")
        zh.append(f"执行 {order} 关闭相应服务")
    if typed:
        line = f"`{'; '.join([ways.enter, *typed, ways.leave])}`"
        en.append(
            f"find out who opened it; then type {line}, or name the account in the policy (verify.switch_accounts)"
        )
        zh.append(f"查明来源后执行 {line}；若账号确需保留，写入策略 verify.switch_accounts")
    return Text("; ".join(en), "；".join(zh))
