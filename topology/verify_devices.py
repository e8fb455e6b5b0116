"""Intended against observed, device by device: answer, model, serial number, version, ports, MTU, bond, time, configuration."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from inventory import model as m
from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.plan_model import Plan
from topology.facts import DeviceFacts
from topology.platforms.render import parse
from topology.switch_config import SwitchConfig
from topology.verify import Result

GENERIC = "Generic"
"""Maker of types that stand for any maker's: no model is intended."""
DATA = ("access",)
"""Kinds of cables that end in a server's bond."""


def verify_devices(
    inventory: Inventory, plan: Plan, facts: Mapping[str, DeviceFacts], configs: Iterable[SwitchConfig] = ()
) -> list[Result]:
    """What is known of every device asked against what is intended, in name order. What nobody intends (a serial
    number not delivered yet) is not tested; what is intended and could not be read is not run, never a pass."""
    wanted = {c.host: c for c in configs}
    serials = {d.device: d.serial for d in inventory.deliveries.values() if d.device and d.serial}
    ports: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    bonds: Counter[str] = Counter()
    for cable in plan.cables:
        for end, label in ((cable.a, cable.label_a), (cable.b, cable.label_b)):
            if end.port:
                ports[end.device].append((end.port, cable.id, label))
            bonds[end.device] += cable.kind in DATA
    out: list[Result] = []
    for name in sorted(facts):
        seen, device = facts[name], inventory.devices.get(name)
        out.append(_answer(seen))
        if device is None:
            continue
        if device.type.manufacturer != GENERIC:
            out.append(_equal("model", seen, device.type.model, seen.model, same=_same_model))
        if name in serials:
            out.append(_equal("serial", seen, serials[name], seen.serial))
        out += _ports(seen, ports[name])
        if isinstance(device.record, m.Fleet) and device.record.role == "server":
            out += _server(inventory, seen, bonds[name])
        out.append(_time(inventory, seen, "clock" if device.kind == "switch" else "time"))
        if name in wanted:
            out.append(_configuration(wanted[name], seen))
    return [*out, *_versions(inventory, facts)]


def _result(
    test: str, seen: DeviceFacts, verdict: str, expected: str, found: str, text: Text, subject: str = "",
    labels: tuple[str, ...] = (),
) -> Result:  # fmt: skip
    evidence = tuple(e for e in seen.evidence if any(w in e.command for w in WORDS[test]))
    return Result(test, subject or seen.name, verdict, expected, found, text, labels, evidence)  # type: ignore[arg-type]


WORDS = {
    "answer": ("",), "model": ("version", "product-name"), "serial": ("esn", "serial"), "version": ("version", "os-release"),
    "port": ("interface brief", "link show"), "mtu": ("link show",), "bond": ("link show",),
    "time": ("clock", "tracking"), "configuration": ("current-configuration",),
}  # fmt: skip
"""Words in the commands whose answers bear witness to a test."""


def _answer(seen: DeviceFacts) -> Result:
    if seen.error:
        return _result("answer", seen, "not run", "answers", seen.error,
                       Text(f"not run: {seen.error}", f"未执行：{seen.error}"))  # fmt: skip
    return _result("answer", seen, "pass", "answers", "answers", Text("answers", "可达"))


def _equal(test: str, seen: DeviceFacts, want: str | None, found: str | None, same: object = None) -> Result:
    if found is None:
        return _unread(test, seen, str(want))
    alike = same(str(want), found) if callable(same) else want == found
    if alike:
        return _result(test, seen, "pass", str(want), found, Text("as intended", "与规划一致"))
    text = Text(f"expected {want}, found {found}", f"应为 {want}，实为 {found}")
    return _result(test, seen, "different", str(want), found, text)


def _unread(
    test: str, seen: DeviceFacts, want: str, subject: str = "", labels: tuple[str, ...] = ()
) -> Result:
    why = seen.error or "the device does not tell"
    why_zh = seen.error or "设备未提供"
    return _result(
        test, seen, "not run", want, "not read", Text(f"not run: {why}", f"未执行：{why_zh}"), subject, labels
    )


def _same_model(want: str, found: str) -> bool:
    """True when one name contains the other: datasheets and displays differ in makers' names and dashes."""
    first, second = (re.sub(r"[^a-z0-9]", "", t.lower()) for t in (want, found))
    return bool(first and second) and (first in second or second in first)


def _ports(seen: DeviceFacts, planned: Iterable[tuple[str, str, str]]) -> Iterator[Result]:
    states = {p.name: p for p in seen.ports or ()}
    for port, cable, label in planned:
        subject = f"{seen.name}:{port}"
        state = states.get(port)
        if state is None:
            yield _unread("port", seen, "up", subject, (label,))
        elif state.up:
            yield _result("port", seen, "pass", "up", "up", Text("up", "已连通"), subject, (label,))
        else:
            what, zh = ("down", "未连通") if state.enabled else ("shut down", "被关闭")
            text = Text(f"{what}, cable {cable} is planned there", f"端口{zh}，规划有线缆 {cable}")
            yield _result("port", seen, "different", "up", what, text, subject, (label,))


def _server(inventory: Inventory, seen: DeviceFacts, members: int) -> Iterator[Result]:
    want = int(inventory.policy.number("net.mtu_host"))
    if seen.mtu_bytes is None:
        yield _unread("mtu", seen, f"{want} bytes")
    elif seen.mtu_bytes >= want:
        yield _result(
            "mtu", seen, "pass", f"{want} bytes", f"{seen.mtu_bytes} bytes", Text("as intended", "与规划一致")
        )
    else:
        text = Text(
            f"MTU {seen.mtu_bytes} bytes, {want} intended", f"MTU 为 {seen.mtu_bytes} 字节，应为 {want} 字节"
        )
        yield _result("mtu", seen, "different", f"{want} bytes", f"{seen.mtu_bytes} bytes", text)
    if members < 2:
        return
    if seen.bond_members_up is None:
        yield _unread("bond", seen, f"{members} members up")
    elif seen.bond_members_up == members:
        yield _result(
            "bond", seen, "pass", f"{members} up", f"{members} up", Text("as intended", "与规划一致")
        )
    else:
        text = Text(
            f"{seen.bond_members_up} of {members} bond members up",
            f"bond 成员 {members} 个，仅 {seen.bond_members_up} 个在线",
        )
        yield _result("bond", seen, "different", f"{members} up", f"{seen.bond_members_up} up", text)


def _time(inventory: Inventory, seen: DeviceFacts, limit: str) -> Result:
    most = inventory.policy.number(f"verify.{limit}_offset_ms")
    if seen.time_offset_ms is None:
        return _unread("time", seen, f"within {most:g} ms")
    found = f"{seen.time_offset_ms:+.3g} ms"
    if abs(seen.time_offset_ms) <= most:
        return _result("time", seen, "pass", f"within {most:g} ms", found, Text("in time", "时间同步"))
    text = Text(f"clock is off by {found}, limit {most:g} ms", f"时钟偏差 {found}，限值 {most:g} ms")
    return _result("time", seen, "different", f"within {most:g} ms", found, text)


def _configuration(config: SwitchConfig, seen: DeviceFacts) -> Result:
    from topology.model_diff import differences

    if seen.configuration is None:
        return _unread("configuration", seen, "as rendered from the plan")
    rest = differences(config, parse(config.platform, seen.configuration))
    if not rest:
        return _result(
            "configuration", seen, "pass", "as rendered", "as rendered", Text("as intended", "与规划一致")
        )
    shown = "; ".join(rest[:3]) + (f"; and {len(rest) - 3} more" if len(rest) > 3 else "")
    text = Text(f"{len(rest)} differences: {shown}", f"{len(rest)} 处差异：{shown}")
    return _result("configuration", seen, "different", "as rendered", f"{len(rest)} differences", text)


def _versions(inventory: Inventory, facts: Mapping[str, DeviceFacts]) -> Iterator[Result]:
    """Members of a pair must run the same version; which one is nobody's plan."""
    members: dict[str, list[str]] = defaultdict(list)
    for name in sorted(facts):
        device = inventory.devices.get(name)
        if device is not None and device.member:
            members[device.owner].append(name)
    for names in members.values():
        if len(names) < 2:
            continue
        first, second = (facts[n] for n in names[:2])
        subject = " ".join(names)
        if first.version is None or second.version is None:
            yield _unread(
                "version", first if first.version is None else second, "one version on both", subject
            )
        elif first.version == second.version:
            yield _result(
                "version", first, "pass", first.version, second.version, Text("the same", "版本一致"), subject
            )
        else:
            text = Text(
                f"{first.name} runs {first.version}, {second.name} {second.version}",
                f"{first.name} 版本 {first.version}，{second.name} 版本 {second.version}",
            )
            yield _result("version", first, "different", first.version, second.version, text, subject)
