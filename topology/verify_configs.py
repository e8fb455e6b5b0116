"""Intended against observed: what a switch runs, and what it would start with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from inventory.findings import Text
from topology.facts import DeviceFacts
from topology.model_diff import compared
from topology.observe import comware_rules, rgos_rules, vrp_rules
from topology.observe.remediation import remedy
from topology.platforms.render import parse, render
from topology.platforms.sections import cut_at
from topology.switch_config import SwitchConfig
from topology.verify import Result
from topology.verify_devices import result, unread
from topology.verify_security import without_configuration, without_doors

AS_RENDERED, AS_RUNNING = "as rendered from the plan", "what runs"
MOST_SHOWN = 3
RULES = {
    "huawei_vrp": vrp_rules.RULES, "h3c_comware": comware_rules.RULES, "ruijie_rgos": rgos_rules.RULES,
}  # fmt: skip
"""The rules by which a push changes a platform."""


def verify_configuration(config: SwitchConfig, seen: DeviceFacts) -> Iterator[Result]:
    """What runs is what is intended; and if so, what the switch would start with is what runs.

    Where what runs differs, the finding says whether a restart would mend it or keep it: one cause, one finding.
    """
    if seen.configuration is None or cut_at(config.platform, seen.configuration):
        yield without_configuration("configuration", config, seen, AS_RENDERED)
        yield without_configuration("saved", config, seen, AS_RUNNING)
        return
    running = parse(config.platform, seen.configuration)
    config = replace(config, host=running.host)  # a wrong name has a finding of its own
    saved = None if seen.saved is None else replace(parse(config.platform, seen.saved), host=running.host)
    lines = lines_to_send(config, seen.configuration)
    if rest := compared(config, running) or lines:
        yield _differs(config, seen, rest, running, saved, len(lines))
        return
    text = Text("as intended", "与规划一致")
    yield result("configuration", seen, "pass", AS_RENDERED, AS_RENDERED, text)
    if saved is None:
        yield unread("saved", seen, AS_RUNNING)
    elif lost := compared(running, saved):
        text = Text(
            f"a restart, or the end of a commit on trial, would undo {len(lost)} {things(len(lost))}: "
            f"{_shown([w.en.partition(': ')[0] for w in lost], '; ')}",
            f"重启或试运行到期后将丢失 {len(lost)} 处：{_shown([w.zh.partition('：')[0] for w in lost], '；')}",
        )
        fix = Text(
            f"`rackwright push --host {seen.name}` keeps what runs and saves it; is a push waiting for its health check, let it end",
            f"执行 `rackwright push --host {seen.name}` 保留并保存当前配置；若有推送正在等待健康检查，待其结束",
        )
        yield result(
            "saved", seen, "different", AS_RUNNING, f"{len(lost)} {things(len(lost))}", text, fix=fix
        )
    else:
        text = Text("what runs is saved", "运行配置已保存")
        yield result("saved", seen, "pass", AS_RUNNING, AS_RUNNING, text)


def lines_to_send(config: SwitchConfig, text: str) -> list[Text]:
    """Every line by which a push would change what runs, one sentence each. The record has no word for some of them:
    LACP mode of an aggregate, VLAN 1 on a trunk. What opens ways in is left out: it has a finding of its own."""
    try:
        intended = render(config)
    except ValueError:  # what its platform cannot express is refused by `render`
        return []
    diff = remedy(RULES[config.platform], without_doors(config.platform, text), intended).diff
    out, above = [], [""] * 8
    for row in diff.splitlines():
        found = re.match(r"(.) ( *)(.*)", row)
        if found is None:
            continue
        depth = len(found[2]) // 2
        above[depth:] = [found[3]] + [""] * (7 - depth)
        line = " / ".join(above[: depth + 1])
        if found[1] == "+":
            out.append(Text(f"`{line}`: intended, not running", f"`{line}`：规划有，实际无"))
        elif found[1] == "-":
            out.append(Text(f"`{line}`: running, not intended", f"`{line}`：实际有，规划无"))
    return out


def _differs(
    config: SwitchConfig, seen: DeviceFacts, rest: list[Text], running: SwitchConfig, saved: SwitchConfig | None,
    lines: int,
) -> Result:  # fmt: skip
    """The finding of a switch that runs something else; `lines` is how many lines a push would change."""
    then = Text("", "")
    if saved is not None and not compared(config, saved):
        then = Text("; what is saved is as intended", "；已保存的配置与规划一致")
    elif saved is not None and compared(running, saved):
        then = Text("; it is not saved", "；且未保存")
    text = Text(
        f"{len(rest)} {things(len(rest))}: {_shown([w.en for w in rest], '; ')}{then.en}",
        f"{len(rest)} 处差异：{_shown([w.zh for w in rest], '；')}{then.zh}",
    )
    fix = Text(
        f"`rackwright push --host {seen.name} --dry-run` shows every line ({lines}); push, or change the plan if what runs "
        "is wanted",
        f"执行 `rackwright push --host {seen.name} --dry-run` 查看全部差异（{lines} 行）；确认后推送，若现状即所需则修改规划",
    )
    return result(
        "configuration", seen, "different", AS_RENDERED, f"{len(rest)} {things(len(rest))}", text, fix=fix
    )


def things(count: int) -> str:
    """The word for so many of them."""
    return "difference" if count == 1 else "differences"


def _shown(rows: list[str], between: str) -> str:
    more = f"{between}… +{len(rows) - MOST_SHOWN}" if len(rows) > MOST_SHOWN else ""
    return between.join(rows[:MOST_SHOWN]) + more
