"""Steps of a drill that take something away, and what must be seen then, as the model expects it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from capacity.drill_model import Case, Drill
from capacity.drill_world import Ground, World
from inventory import model as m
from inventory.findings import Text, names_text
from rackwright.documents.drill_step import APPLICATION, NETWORK, PLATFORM, RECORDER, ROOM, Step, minutes


def inject(on: Ground, scenario: m.Scenario, case: Case, world: World) -> Iterator[Step]:
    each, inventory = minutes(on, "drill.step_min"), on.inventory
    abort = Text("Anything outside the scenario reacts.", "场景以外出现反应。")
    links = (
        ", ".join(sorted(k.removeprefix("site-link/") for k in case.failed if k.startswith("site-link/")))
        or "-"
    )
    if scenario.kind in ("power-loss", "power-side"):
        yield from _power(on, scenario, case)
    elif scenario.kind == "island":
        yield Step("inject", NETWORK, Text(f"Shut every link of {scenario.site} to other sites ({links}), then its exits to the users.",
                                           f"关闭 {scenario.site} 到其他站点的全部链路（{links}），再关闭其用户出口。"),
                   Text(f"{scenario.site} sees nobody and nobody sees it; all its devices stay powered.", f"{scenario.site} 与外界互不可见，设备均不断电。"), each, abort)  # fmt: skip
    elif scenario.kind == "split-brain":
        a, b = scenario.sites
        yield Step("inject", NETWORK, Text(f"Shut the links between {a} and {b} at the same time: {links}.", f"同时关闭 {a} 与 {b} 间链路：{links}。"),
                   Text(f"{a} and {b} no longer see each other; users reach both.", f"{a} 与 {b} 互不可见；用户均可到达。"), each, abort)  # fmt: skip
    elif scenario.kind == "single-product":
        service = inventory.services[case.name]
        count, names = _carriers(on, case.name, scenario.site or "")
        yield Step("inject", PLATFORM, Text(f"Stop {service.title.en} at {scenario.site}: {count} devices ({names}).", f"停止 {scenario.site} 的{service.title.zh}：{count} 台设备（{names}）。"),
                   Text(f"{service.name} no longer answers at {scenario.site}; other products do.", f"{service.name} 在 {scenario.site} 不再响应，其他产品正常。"), each, abort)  # fmt: skip
    else:
        keys = sorted(case.failed)
        what = f"{case.name}: " if case.name else ""
        listed = names_text(sorted(k for k in keys if k.startswith("device/")) or keys, 6)
        fed = len(world.state.dark)
        yield Step("inject", ROOM, Text(f"Take out of service {what}{len(keys)} elements ({listed}).", f"停用 {what}{len(keys)} 个要素（{listed}）。"),
                   Text(f"{fed} further devices lose power.", f"另有 {fed} 台设备断电。") if fed else Text("No other device loses power.", "其他设备均不断电。"), each, abort)  # fmt: skip


def _power(on: Ground, scenario: m.Scenario, case: Case) -> Iterator[Step]:
    """Side after side is opened; generators are locked so that they do not start."""
    inventory, each, site = on.inventory, minutes(on, "drill.step_min"), scenario.site or ""
    here = sum(1 for d in on.plan.devices if d.site == site)
    standing = sum(1 for s in inventory.existing_switches.values() if s.site == site)
    theirs = (Text(f" The {standing} switches that stood there before are not counted: nobody has said what feeds them.",
                   f"原有 {standing} 台交换机未计入：其供电来源未知。") if standing else Text("", ""))  # fmt: skip
    sides = [scenario.side] if scenario.kind == "power-side" and scenario.side else ["a", "b"]
    sets = [g.name for g in inventory.generators.values() if g.site == site]
    if sets and scenario.kind == "power-loss":
        yield Step("inject", ROOM, Text(f"Lock the generators {', '.join(sets)}: they must not start.", f"锁定柴发 {'、'.join(sets)}，防止自启动。"),
                   Text("Locked and tagged; control panel shows manual.", "已锁定挂牌，控制屏显示手动。"), each)  # fmt: skip
    opened: set[str] = set()
    for side in sides:
        ups = [u.name for u in inventory.ups.values() if u.site == site and u.side == side]
        panels = [
            p.name
            for p in inventory.panels.values()
            if p.side == side and inventory.rooms[p.room].site == site and scenario.room in (None, p.room)
        ]
        opened |= {f"panel/{p}" for p in panels} | ({f"ups/{u}" for u in ups} if not scenario.room else set())
        dark = [k for k in on.flow(opened).dark if on.layers.elements[k].facts.get("site") == (site,)]
        last = side == sides[-1] and scenario.kind == "power-loss"
        what = ", ".join(panels) + (f" (UPS {', '.join(ups)})" if ups else "")
        told = (Text(f"All {here} devices of {site} are dark; no breaker elsewhere opens.{theirs.en}", f"{site} 的 {here} 台设备全部断电，其他开关无跳闸。{theirs.zh}") if last
                else Text(f"{here - len(dark)} of {here} devices keep running on the other side; {_dark(dark).en}.{theirs.en}",
                          f"{here} 台中 {here - len(dark)} 台由另一路供电继续运行；{_dark(dark).zh}。{theirs.zh}"))  # fmt: skip
        yield Step("inject", ROOM, Text(f"Open side {side} of {site}: {what}.", f"断开 {site} 的 {side} 路：{what}。"), told, each,
                   Text("A device goes dark that should not, or a breaker opens.", "不应断电的设备断电，或开关跳闸。"))  # fmt: skip
        if scenario.kind == "power-loss" and not last:
            watch = minutes(on, "drill.observe_min")
            yield Step("inject", ROOM, Text("Watch the other side before it is opened.", "断开另一路前观察。"),
                       _fullest(on, opened), watch, Text("Load above the limit.", "负载超限。"), hold=True)  # fmt: skip


def _dark(keys: Sequence[str]) -> Text:
    names = names_text([k.partition("/")[2] for k in keys], 4)
    return (
        Text(f"{len(keys)} go dark: {names}", f"{len(keys)} 台断电：{names}")
        if keys
        else Text("none goes dark", "无断电")
    )


def _fullest(on: Ground, failed: set[str]) -> Text:
    found = on.flow(failed)
    used = max(((found.utilisation(k) or 0.0, k) for k in found.load_w), default=(0.0, "-"))
    return Text(
        f"Fullest is {used[1]} at {100 * used[0]:.0f} % of its limit (at peak draw).",
        f"负载率最高为 {used[1]}，达其限值的 {100 * used[0]:.0f} %（峰值）。",
    )


def _carriers(on: Ground, service: str, site: str) -> tuple[int, str]:
    keys = [k.partition("/")[2] for k in on.members(service, site)]
    return len(keys), f"{keys[0]} … {keys[-1]}" if len(keys) > 1 else ", ".join(keys)


def alarm(on: Ground, scenario: m.Scenario, case: Case, drill: Drill) -> Iterator[Step]:
    """First alarm, from which the recovery time runs, and who holds the votes: read before anybody promotes anything."""
    seconds = scenario.detect_s
    told = (
        Text(f"First alarm within {seconds:g} s.", f"{seconds:g} 秒内出现首条告警。")
        if seconds is not None
        else Text("The time of the first alarm is taken (detect_s is not stated).", "记录首条告警时间（未填写 detect_s）。")
    )  # fmt: skip
    planned = minutes(on, "drill.step_min") if seconds is None else seconds / 60
    span = None if seconds is None else (0.0, seconds)
    yield Step(
        "observe",
        RECORDER,
        Text("Take the time of the failure and of the first alarm.", "记录故障时刻与首条告警时刻。"),
        told,
        planned,
        span_s=span,
    )
    for ballot in [b for b in drill.ballots if b.case == case.name]:
        sides = "; ".join(f"{'+'.join(p.sites)} {p.votes}/{p.total}" for p in ballot.parties) or "-"
        end = Text("no side has a majority: a person decides", "无多数票：由人工决定")
        if ballot.winners:
            name = "+".join(ballot.winners[0].sites)
            end = Text(f"{name} goes on", f"{name} 继续")
        fence, fence_zh = (ballot.fencing, ballot.fencing) if ballot.fencing else ("not stated", "未填写")
        yield Step("observe", PLATFORM, Text(f"Read the state of the quorum {ballot.quorum}, and that the other side is fenced.", f"查看仲裁 {ballot.quorum} 状态，确认另一侧已隔离。"),
                   Text(f"Votes {sides}; {end.en}; fencing: {fence}.", f"票数 {sides}；{end.zh}；隔离手段：{fence_zh}。"), planned,
                   Text("Two sides write.", "出现两侧同时写入。"), hold=not ballot.winners, span_s=span)  # fmt: skip


def observe(on: Ground, world: World) -> Step:
    """What is up, against what the model expects."""
    up = [s.name for s in on.protected() if s.name in world.services]
    down = [s.name for s in on.protected() if s.name not in world.services]
    lost = f"; down: {', '.join(down)}" if down else ""
    lost_zh = f"；不可用：{'、'.join(down)}" if down else ""
    return Step(
        "observe", APPLICATION, Text("Probe every protected service.", "逐项探测受保护服务。"),
        Text(f"The model expects up, once switched over where needed: {', '.join(up) or 'none'}{lost}.", f"模型预期（必要时切换后）可用：{'、'.join(up) or '无'}{lost_zh}。"),
        minutes(on, "drill.observe_min"),
        Text("A service is down that the model expects up, and no switch-over brings it back.", "模型预期可用的服务不可用，且切换后仍未恢复。"),
    )  # fmt: skip
