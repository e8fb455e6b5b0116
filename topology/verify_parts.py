"""Intended against observed, part by part: light, and what management controllers tell: BIOS, power supplies, drives, MACs."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from inventory.device_types import DeviceType
from inventory.findings import Text
from inventory.inventory import Device, Inventory
from inventory.plan_model import Plan
from topology.facts import ControllerFacts, DeviceFacts, SeenDrive, SeenSession
from topology.switch_config import Neighbour, SwitchConfig
from topology.verify import Result
from topology.verify_devices import result, unread

WELL = Text("as intended", "与规划一致")
SIZE_TOLERANCE = 0.02
"""Share by which a drive may differ from its nominal size (engineering estimate: makers round)."""


def verify_light(inventory: Inventory, plan: Plan, facts: Mapping[str, DeviceFacts]) -> Iterator[Result]:
    """Received light of every port of a switch that is up and has a planned optic, against the optic's own limits."""
    optics = inventory.catalog.optics
    ends = [(e, label) for c in plan.cables for e, label in ((c.a, c.label_a), (c.b, c.label_b))]
    for end, label in sorted(ends, key=lambda e: (e[0].device, e[0].port or "")):
        seen, optic = facts.get(end.device), optics.get(end.optic or "")
        device = inventory.devices.get(end.device)
        if (
            seen is None
            or optic is None
            or device is None
            or device.kind != "switch"
            or optic.rx_min_dbm is None
        ):
            continue
        state = next((p for p in seen.ports or () if p.name == end.port), None)
        if state is None or not state.up:
            continue  # told by the test of the port
        low, high = optic.rx_min_dbm, optic.rx_max_dbm
        want = f"{low:g} to {high:g} dBm" if high is not None else f"{low:g} dBm or more"
        subject = f"{end.device}:{end.port}"
        if state.rx_dbm is None:
            yield unread("light", seen, want, subject, (label,))
            continue
        found = f"{state.rx_dbm:g} dBm"
        if low <= state.rx_dbm and (high is None or state.rx_dbm <= high):
            yield result("light", seen, "pass", want, found, WELL, subject, (label,))
        else:
            text = Text(
                f"receives {found}, {optic.slug} allows {want}", f"收光 {found}，{optic.slug} 允许 {want}"
            )
            yield result("light", seen, "different", want, found, text, subject, (label,))


def verify_sessions(configs: Iterable[SwitchConfig], facts: Mapping[str, DeviceFacts]) -> Iterator[Result]:
    """Every BGP neighbour the plan gives a switch: the session is established. Links may be up and carry nothing."""
    for config in sorted(configs, key=lambda c: c.host):
        seen = facts.get(config.host)
        if seen is None or config.bgp is None:
            continue
        states = {s.address: s for s in seen.sessions or ()}
        for peer in config.bgp.neighbours:
            subject, want = f"{config.host}:{peer.address}", f"established with AS {peer.asn}"
            state = states.get(peer.address)
            if seen.sessions is None:
                yield unread("session", seen, want, subject)
            elif state is not None and state.up and state.asn == peer.asn:
                yield result("session", seen, "pass", want, want, WELL, subject)
            elif state is None and _has_neighbour(seen, peer.address):
                why = Text(
                    f"not run: {peer.address} is configured and not among the neighbours shown: the answer was cut, or is "
                    "not understood; read it again",
                    f"未执行：{peer.address} 已配置，但未出现在邻居列表中：设备应答不完整或无法识别，请重新读取",
                )
                yield result("session", seen, "not run", want, "not shown", why, subject)
            else:
                yield _no_session(seen, peer, state, want, subject)


def _has_neighbour(seen: DeviceFacts, address: str) -> bool:
    """True when the running configuration has a BGP neighbour."""
    return (
        re.search(
            rf"(?m)^ +(?:peer|neighbor) {re.escape(address)} (?:as-number|remote-as) ",
            seen.configuration or "",
        )
        is not None
    )


def _no_session(
    seen: DeviceFacts, peer: Neighbour, state: SeenSession | None, want: str, subject: str
) -> Result:
    """A planned session that is not up, or with another AS; whether this switch's own configuration is the cause."""
    found, zh, fix = "not established", "未建立", None
    if state is None:
        found, zh = "not configured on this switch", "本机未配置"
    elif state.up:
        found, zh = f"established with AS {state.asn}", f"与 AS {state.asn} 建立"
    elif state.asn != peer.asn:
        found, zh = (
            f"not established: this switch has AS {state.asn} for it",
            f"未建立：本机将其配置为 AS {state.asn}",
        )
    if state is None or state.asn != peer.asn:
        fix = Text(
            f"mend the configuration of {seen.name} first: `rackwright push --host {seen.name} --dry-run` shows it",
            f"先修正 {seen.name} 的配置：执行 `rackwright push --host {seen.name} --dry-run` 查看差异",
        )
    text = Text(
        f"BGP with {peer.address} (AS {peer.asn}, {peer.description or 'no description'}) is {found}",
        f"与 {peer.address}（AS {peer.asn}，{peer.description or '无描述'}）的 BGP 会话{zh}",
    )
    return result("session", seen, "different", want, found, text, subject, fix=fix)


def verify_controllers(
    inventory: Inventory, asked: Collection[str], controllers: Mapping[str, ControllerFacts]
) -> Iterator[Result]:
    """Every server with a controller in the plan: it answers, and its parts are those of its type and delivery."""
    for name in sorted(asked):
        seen = controllers.get(name) or ControllerFacts(name, "not asked")
        if seen.error:
            text = Text(f"not run: {seen.error}", f"未执行：{seen.error}")
            yield result("controller", seen, "not run", "answers", seen.error, text)
        else:
            yield _answers(inventory, seen)
        device = inventory.devices[name]
        yield _supplies(device.type, seen)
        yield from _drives(inventory, device.type, seen)
        yield from _macs(inventory, device, seen)
    yield from _bios(inventory, controllers)


def _answers(inventory: Inventory, seen: ControllerFacts) -> Result:
    most = inventory.policy.number("verify.controller_answer_s")
    if seen.answer_s is None or seen.answer_s <= most:
        return result("controller", seen, "pass", "answers", "answers", Text("answers", "可达"))
    want, found = f"answers within {most:g} s", f"{seen.answer_s:.1f} s"
    text = Text(
        f"half of its answers took {found} or longer, limit {most:g} s",
        f"半数应答耗时 {found} 以上，限值 {most:g} s",
    )
    return result("controller", seen, "different", want, found, text)


def _supplies(kind: DeviceType, seen: ControllerFacts) -> Result:
    count, watts = len(kind.power_ports), kind.rackwright.psu.rating_w
    want = f"{count} well" if watts is None else f"{count} x {watts:g} W, all well"
    if seen.supplies is None:
        return unread("power", seen, want)
    number = len(seen.supplies)
    told = f"{number} power supplies" if number != 1 else "1 power supply"
    wrong = []
    if number != count:
        wrong.append(Text(f"{told}, {count} intended", f"电源模块 {number} 个，应为 {count} 个"))
    wrong += [
        Text(f"{s.name}: {s.state}", f"{s.name} 状态 {s.state}") for s in seen.supplies if s.state != "OK"
    ]
    wrong += [
        Text(
            f"{s.name} is rated {s.rated_w:g} W, {watts:g} W intended",
            f"{s.name} 额定 {s.rated_w:g} W，应为 {watts:g} W",
        )
        for s in seen.supplies
        if watts is not None and s.rated_w is not None and s.rated_w != watts
    ]
    return _judged("power", seen, want, told, wrong)


def _drives(inventory: Inventory, kind: DeviceType, seen: ControllerFacts) -> Iterator[Result]:
    parts = [(inventory.catalog.components[use.part], use.count) for use in kind.rackwright.components]
    disks = [(part, count) for part, count in parts if part.kind == "disk"]
    if not disks:
        return
    total = sum(count for _, count in disks)
    want = " + ".join(f"{count} x {f'{part.tb:g} TB' if part.tb else part.part}" for part, count in disks)
    if seen.drives is None:
        yield unread("drive", seen, want)
        return
    number, wrong = len(seen.drives), []
    if number != total:
        wrong.append(Text(f"{number} drives, {total} intended", f"硬盘 {number} 块，应为 {total} 块"))
    wrong += [
        Text(f"{d.name}: {d.state}", f"{d.name} 状态 {d.state}") for d in seen.drives if d.state != "OK"
    ]
    if all(part.tb for part, _ in disks):
        left = Counter({round(float(part.tb or 0) * 1e12): 0 for part, _ in disks})
        for part, count in disks:
            left[round(float(part.tb or 0) * 1e12)] += count
        wrong += _sizes(left, seen.drives)
    yield _judged("drive", seen, want, f"{len(seen.drives)} drives", wrong)


def _sizes(left: Counter[int], drives: tuple[SeenDrive, ...]) -> Iterator[Text]:
    """Drives that are none of the sizes still wanted."""
    for drive in drives:
        if drive.size_bytes is None:
            continue
        size = drive.size_bytes
        fit = next((s for s in sorted(left) if left[s] and abs(size - s) <= SIZE_TOLERANCE * s), None)
        if fit is None:
            has = f"{size / 1e12:.3g} TB"
            yield Text(
                f"{drive.name} has {has}, which is not intended", f"{drive.name} 容量 {has}，与规划不符"
            )
        else:
            left[fit] -= 1


def _macs(inventory: Inventory, device: Device, seen: ControllerFacts) -> Iterator[Result]:
    delivery = inventory.delivered.get(device.name)
    own = {i.name for i in device.type.interfaces if i.mgmt_only}
    noted = {port: mac for port, mac in sorted((delivery.macs if delivery else {}).items()) if mac}
    if not noted:
        return
    want = ", ".join(f"{port} {mac}" for port, mac in noted.items())
    cards = {n.mac for n in seen.nics or ()}
    by_name = {n.port: n.mac for n in seen.nics or ()}
    wrong, unseen = [], False
    for port, mac in noted.items():
        if port in own:
            told = seen.mac
            fits = told in (mac, None)
            unseen |= told is None
        else:
            told = by_name.get(port)
            fits = told == mac or (told is None and mac in cards) or seen.nics is None
            unseen |= seen.nics is None
        if not fits:
            text = f"{port} has {told or 'none of the addresses told'}, the delivery note says {mac}"
            wrong.append(Text(text, f"{port} 实为 {told or '未见该地址'}，到货记录为 {mac}"))
    if unseen and not wrong:
        yield unread("mac", seen, want)
    else:
        yield _judged("mac", seen, want, ", ".join(sorted(cards)), wrong)


def _bios(inventory: Inventory, controllers: Mapping[str, ControllerFacts]) -> Iterator[Result]:
    """One BIOS version a device type; which one is not planned, so the one most of them tell."""
    kinds: dict[str, list[ControllerFacts]] = defaultdict(list)
    for name in sorted(controllers):
        kinds[inventory.devices[name].type.slug].append(controllers[name])
    for slug, members in sorted(kinds.items()):
        told = Counter(f.bios for f in members if f.bios)
        usual = min(told, key=lambda version: (-told[version], version), default=None)
        for seen in members:
            if usual is None or seen.bios is None:
                yield unread("bios", seen, f"one version on all {slug}")
                continue
            wrong = []
            if seen.bios != usual:
                text = f"{seen.bios}, {told[usual]} of {len(members)} {slug} have {usual}"
                zh = f"{seen.bios}，{slug} 共 {len(members)} 台，其中 {told[usual]} 台为 {usual}"
                wrong.append(Text(text, zh))
            yield _judged("bios", seen, usual, seen.bios, wrong)


def _judged(test: str, seen: ControllerFacts, want: str, found: str, wrong: list[Text]) -> Result:
    if not wrong:
        return result(test, seen, "pass", want, found, WELL)
    text = Text("; ".join(w.en for w in wrong), "；".join(w.zh for w in wrong))
    return result(test, seen, "different", want, text.en, text)
