"""Intended against observed, device by device: answer, model, serial number, version, ports, MTU, bond, time."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from inventory import model as m
from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.plan_model import Plan
from topology.facts import ControllerFacts, DeviceFacts, SeenPort
from topology.verify import Result, Seen

GENERIC = "Generic"
"""Maker of types that stand for any maker's: no model is intended."""
DATA = ("access",)
"""Kinds of cables that end in a server's bond."""


def verify_devices(
    inventory: Inventory, plan: Plan, facts: Mapping[str, DeviceFacts],
    controllers: Mapping[str, ControllerFacts] | None = None, blind: frozenset[Seen] = frozenset(),
) -> list[Result]:  # fmt: skip
    """What is known of every device asked against what is intended, in name order. What nobody intends (a serial
    number not delivered yet) is not tested; what is intended and could not be read is not run, never a pass.

    Serial number and model are what the system or its management controller tells, and both where both do. Ports in
    `blind` belong to the controller; the system says nothing of them.
    """
    bmcs = controllers or {}
    serials = {d.device: d.serial for d in inventory.deliveries.values() if d.device and d.serial}
    ports: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    data: dict[str, list[str]] = defaultdict(list)
    for cable in plan.cables:
        for end, label in ((cable.a, cable.label_a), (cable.b, cable.label_b)):
            if end.port:
                ports[end.device].append((end.port, cable.id, label))
            if cable.kind in DATA:
                data[end.device].append(end.port or "")
    out: list[Result] = []
    for name in sorted(facts):
        seen, device = facts[name], inventory.devices.get(name)
        out.append(_answer(seen))
        if device is None:
            continue
        bmc = bmcs.get(name)
        if device.type.manufacturer != GENERIC:
            out.append(_equal("model", seen, bmc, device.type.model, _same_model))
        if name in serials:
            out.append(_equal("serial", seen, bmc, serials[name], str.__eq__))
        out += _ports(seen, bmc, ports[name], blind)
        if isinstance(device.record, m.Fleet) and device.record.role == "server":
            out += _server(inventory, seen, data[name])
        out.append(_time(inventory, seen, "clock" if device.kind == "switch" else "time"))
    return [*out, *_versions(inventory, facts)]


def result(
    test: str, seen: DeviceFacts | ControllerFacts, verdict: str, expected: str, found: str, text: Text, subject: str = "",
    labels: tuple[str, ...] = (), fix: Text | None = None,
) -> Result:  # fmt: skip
    """A result with the answers that bear witness to it."""
    evidence = tuple(e for e in seen.evidence if any(w in e.command for w in WORDS[test]))
    return Result(test, subject or seen.name, verdict, expected, found, text, labels, evidence, fix)  # type: ignore[arg-type]


WORDS = {
    "answer": ("",), "model": ("version", "product-name", "Systems"), "serial": ("esn", "serial", "manuinfo", "show version", "Systems"), "version": ("version", "os-release"),
    "port": ("interface brief", "interfaces description", "link show", "Managers"), "mtu": ("link show",), "bond": ("link show",),
    "time": ("clock", "tracking"), "configuration": ("current-configuration", "running-config"),
    "saved": ("saved-configuration", "startup-config"), "light": ("optical", "transceiver"),
    "controller": ("",), "bios": ("Systems",), "power": ("Power",), "drive": ("Storage", "Drives"),
    "mac": ("EthernetInterfaces",), "session": ("bgp",),
    "security": ("current-configuration", "running-config"), "name": ("hostname", "current-configuration", "running-config", "Systems"),
}  # fmt: skip
"""Words in the commands whose answers bear witness to a test."""


def _answer(seen: DeviceFacts) -> Result:
    if seen.error:
        return result("answer", seen, "not run", "answers", seen.error,
                       Text(f"not run: {seen.error}", f"未执行：{seen.error}"))  # fmt: skip
    return result("answer", seen, "pass", "answers", "answers", Text("answers", "可达"))


def _equal(
    test: str, seen: DeviceFacts, bmc: ControllerFacts | None, want: str, same: Callable[[str, str], bool]
) -> Result:
    told = [(who, getattr(facts, test)) for who, facts in (("", seen), ("BMC", bmc)) if facts is not None]
    told = [(who, value) for who, value in told if value is not None]
    if not told:
        return unread(test, seen, want)
    witness = replace(seen, evidence=(*seen.evidence, *(bmc.evidence if bmc else ())))
    wrong = [(who, value) for who, value in told if not same(want, value)]
    if not wrong:
        return result(test, witness, "pass", want, told[0][1], Text("as intended", "与规划一致"))
    found = ", ".join(f"{value} ({who})" if who else value for who, value in wrong)
    text = Text(f"expected {want}, found {found}", f"应为 {want}，实为 {found}")
    return result(test, witness, "different", want, found, text)


def unread(
    test: str, seen: DeviceFacts | ControllerFacts, want: str, subject: str = "", labels: tuple[str, ...] = ()
) -> Result:
    """Not run, with the reason."""
    why = seen.error or "the device does not tell"
    why_zh = seen.error or "设备未提供"
    told = result(
        test, seen, "not run", want, "not read", Text(f"not run: {why}", f"未执行：{why_zh}"), subject, labels
    )
    asked = " and ".join(f"`{c}`" for c in dict.fromkeys(e.command for e in told.evidence) if WORDS[test][0])
    if seen.error or not asked or len(asked) > 80:
        return told
    text = Text(
        f"not run: the answer of {seen.name} to {asked} does not tell",
        f"未执行：{seen.name} 对 {asked} 的应答未包含该信息",
    )
    return replace(told, message=text)


def _same_model(want: str, found: str) -> bool:
    """True when one name contains the other: datasheets and displays differ in makers' names and dashes."""
    first, second = (re.sub(r"[^a-z0-9]", "", t.lower()) for t in (want, found))
    return bool(first and second) and (first in second or second in first)


def _ports(
    seen: DeviceFacts,
    bmc: ControllerFacts | None,
    planned: Iterable[tuple[str, str, str]],
    blind: frozenset[Seen],
) -> Iterator[Result]:
    states = {p.name: p for p in seen.ports or ()}
    for port, cable, label in planned:
        subject = f"{seen.name}:{port}"
        state, witness = states.get(port), seen
        if (seen.name, port) in blind:
            state, witness = _controller_port(seen.name, port, bmc)
        if state is None:
            yield unread("port", witness, "up", subject, (label,))
        elif state.up:
            yield result("port", witness, "pass", "up", "up", Text("up", "已连通"), subject, (label,))
        else:
            what, zh = ("down", "未连通") if state.enabled else ("shut down", "被关闭")
            text = Text(f"{what}, cable {cable} is planned there", f"端口{zh}，规划有线缆 {cable}")
            yield result("port", witness, "different", "up", what, text, subject, (label,))


def _controller_port(
    name: str, port: str, bmc: ControllerFacts | None
) -> tuple[SeenPort | None, DeviceFacts]:
    """State of a controller's port as the controller tells it; one that answers without telling is plugged in."""
    if bmc is None:
        return None, DeviceFacts(name, "its management controller was not asked")
    witness = DeviceFacts(name, bmc.error, evidence=bmc.evidence)
    if bmc.link_up is None and bmc.error:
        return None, witness
    return SeenPort(port, True, bmc.link_up is not False), witness


def _server(inventory: Inventory, seen: DeviceFacts, ports: list[str]) -> Iterator[Result]:
    members, want = len(ports), int(inventory.policy.number("net.mtu_host"))
    single = {p.name: p.mtu_bytes for p in seen.ports or () if p.name in ports and p.mtu_bytes is not None}
    found = seen.mtu_bytes if seen.mtu_bytes is not None else min(single.values(), default=None)
    if found is None:
        yield unread("mtu", seen, f"{want} bytes")
    elif found >= want:
        text = Text("as intended", "与规划一致")
        yield result("mtu", seen, "pass", f"{want} bytes", f"{found} bytes", text)
    else:
        small = [p for p, mtu in sorted(single.items()) if mtu < want] if seen.mtu_bytes is None else []
        where = f" on {', '.join(small)}" if small else ""
        text = Text(
            f"MTU {found} bytes{where}, {want} intended",
            f"{'、'.join(small)} MTU 为 {found} 字节，应为 {want} 字节",
        )
        yield result("mtu", seen, "different", f"{want} bytes", f"{found} bytes", text)
    if members < 2:
        return
    if seen.bond_members_up is None:
        yield unread("bond", seen, f"{members} members up")
    elif seen.bond_members_up == members:
        yield result(
            "bond", seen, "pass", f"{members} up", f"{members} up", Text("as intended", "与规划一致")
        )
    else:
        text = Text(
            f"{seen.bond_members_up} of {members} bond members up",
            f"bond 成员 {members} 个，仅 {seen.bond_members_up} 个在线",
        )
        yield result("bond", seen, "different", f"{members} up", f"{seen.bond_members_up} up", text)


def _time(inventory: Inventory, seen: DeviceFacts, limit: str) -> Result:
    most = inventory.policy.number(f"verify.{limit}_offset_ms")
    if seen.time_offset_ms is None:
        return unread("time", seen, f"within {most:g} ms")
    offset_ms = seen.time_offset_ms
    found = f"{offset_ms:+.3g} ms" if abs(offset_ms) < 1000 else f"{offset_ms / 1000:+,.1f} s"
    if abs(seen.time_offset_ms) <= most:
        return result("time", seen, "pass", f"within {most:g} ms", found, Text("in time", "时间同步"))
    way, way_zh = ("slow", "慢") if offset_ms < 0 else ("fast", "快")
    size = found.lstrip("+-")
    text = Text(f"clock is {size} {way}, limit {most:g} ms", f"时钟{way_zh} {size}，限值 {most:g} ms")
    return result("time", seen, "different", f"within {most:g} ms", found, text)


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
            yield unread(
                "version", first if first.version is None else second, "one version on both", subject
            )
        elif first.version == second.version:
            yield result(
                "version", first, "pass", first.version, second.version, Text("the same", "版本一致"), subject
            )
        else:
            text = Text(
                f"{first.name} runs {first.version}, {second.name} {second.version}",
                f"{first.name} 版本 {first.version}，{second.name} 版本 {second.version}",
            )
            yield result("version", first, "different", first.version, second.version, text, subject)
