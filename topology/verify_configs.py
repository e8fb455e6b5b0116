"""Intended against observed: what a switch runs, and what it would start with."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.findings import Text
from topology.facts import DeviceFacts
from topology.model_diff import compared
from topology.platforms.render import parse
from topology.switch_config import SwitchConfig
from topology.verify import Result
from topology.verify_devices import result, unread

AS_RENDERED, AS_RUNNING = "as rendered from the plan", "what runs"
MOST_SHOWN = 3


def verify_configuration(config: SwitchConfig, seen: DeviceFacts) -> Iterator[Result]:
    """What runs is what is intended; and if so, what the switch would start with is what runs.

    Where what runs differs, the finding says whether a restart would mend it or keep it: one cause, one finding.
    """
    if seen.configuration is None:
        yield unread("configuration", seen, AS_RENDERED)
        return
    running = parse(config.platform, seen.configuration)
    saved = None if seen.saved is None else parse(config.platform, seen.saved)
    if rest := compared(config, running):
        yield _differs(config, seen, rest, running, saved)
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
        yield result("saved", seen, "different", AS_RUNNING, f"{len(lost)} differences", text, fix=fix)
    else:
        text = Text("what runs is saved", "运行配置已保存")
        yield result("saved", seen, "pass", AS_RUNNING, AS_RUNNING, text)


def _differs(
    config: SwitchConfig, seen: DeviceFacts, rest: list[Text], running: SwitchConfig, saved: SwitchConfig | None
) -> Result:  # fmt: skip
    """The finding of a switch that runs something else."""
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
        f"`rackwright push --host {seen.name} --dry-run` shows every line; push, or change the plan if what runs is wanted",
        f"执行 `rackwright push --host {seen.name} --dry-run` 查看全部差异；确认后推送，若现状即所需则修改规划",
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
