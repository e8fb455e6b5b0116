"""Who answers: the device that is planned at an address, another one, or the right one under a wrong name.

A device is known by what it calls itself and by what it hears on its ports. When both say that it is another, its address
stands on the wrong machine, and what was read belongs to that other: no cable is wrong for it. When its ports hear what
is planned for them, only its name is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from inventory.findings import Text
from inventory.plan_model import Plan
from topology.facts import ControllerFacts, DeviceFacts
from topology.verify import Result, Seen
from topology.verify_devices import result, unread

Planned = Mapping[str, Mapping[str, tuple[str, str | None]]]
"""What is planned to be heard: by device and port, the other device and its port (None: nobody surveyed it)."""


def identified(
    plan: Plan, facts: Mapping[str, DeviceFacts], known: Collection[str]
) -> tuple[dict[str, DeviceFacts], list[Result]]:
    """Facts under the names of the devices they were read from, and a result for every name. `known`: names of all
    devices; the keys of what comes back are those of `facts`.

    Where another device answers, what is planned there was not read. A wrong name is taken for the right one where
    neighbours hear it on the port that is planned.
    """
    planned: dict[str, dict[str, tuple[str, str | None]]] = {}
    for cable in plan.cables:
        for near, far in ((cable.a, cable.b), (cable.b, cable.a)):
            if near.port is not None:
                planned.setdefault(near.device, {})[near.port] = (far.device, far.port)
    by_name = {n.lower(): n for n in known}
    elsewhere: dict[str, str] = {}
    misnamed: dict[str, str] = {}
    rows: list[Result] = []
    for name in sorted(facts):
        seen = facts[name]
        if not seen.hostname:
            rows.append(unread("name", seen, name))
            continue
        told = by_name.get(seen.hostname.partition(".")[0].lower(), seen.hostname)
        if told == name:
            rows.append(result("name", seen, "pass", name, seen.hostname, Text("as planned", "与规划一致")))
        elif told in by_name.values() and _heard(planned, told, seen) > _heard(planned, name, seen):
            elsewhere[name] = told
            rows.append(_other(seen, told))
        else:
            misnamed[name] = seen.hostname
            rows.append(_misnamed(seen, _heard(planned, name, seen)))
    theirs = {told: facts[name] for name, told in sorted(elsewhere.items(), reverse=True)}
    out: dict[str, DeviceFacts] = {}
    for name, seen in facts.items():
        own = seen if name not in elsewhere and not (seen.error and name in theirs) else theirs.get(name)
        if own is None:
            own = DeviceFacts(name, f"{elsewhere[name]} answers at its address", hostname=seen.hostname)
        out[name] = _renamed(replace(own, name=name), planned.get(name, {}), misnamed)
    return out, rows


def controllers_identified(
    controllers: Mapping[str, ControllerFacts], serials: Mapping[str, str]
) -> tuple[dict[str, ControllerFacts], list[Result]]:
    """Facts of controllers under the names of the devices they belong to, and a result for each that answers at the
    address of another. `serials`: serial numbers by device, as delivered or as the systems tell; without them nothing
    is known of who answers."""
    owner = {serial: name for name, serial in sorted(serials.items(), reverse=True)}
    elsewhere = {
        name: owner[seen.serial]
        for name, seen in controllers.items()
        if seen.serial in owner and owner[seen.serial] != name and serials.get(name) != seen.serial
    }
    theirs = {told: controllers[name] for name, told in sorted(elsewhere.items(), reverse=True)}
    out = {}
    for name, seen in controllers.items():
        own = seen if name not in elsewhere and not (seen.error and name in theirs) else theirs.get(name)
        out[name] = (
            ControllerFacts(name, f"the controller of {elsewhere[name]} answers at its address")
            if own is None
            else replace(own, name=name)
        )
    return out, [_other_controller(controllers[n], told) for n, told in sorted(elsewhere.items())]


def _other_controller(seen: ControllerFacts, told: str) -> Result:
    text = Text(
        f"the controller of {told} (serial number {seen.serial}) answers at the BMC address of {seen.name}",
        f"{seen.name} 的 BMC 地址上应答的是 {told} 的 BMC（序列号 {seen.serial}）",
    )
    fix = Text(
        f"no cable has to be moved: correct the address on the controller of {told}, see which controller has the address "
        f"planned for {told}, and verify again",
        f"无需移动线缆：更正 {told} 的 BMC 地址，并查明其规划地址被何 BMC 占用，然后重新核验",
    )
    return result("name", seen, "different", seen.name, told, text, f"{seen.name}:BMC", fix=fix)


def _heard(planned: Planned, name: str, seen: DeviceFacts) -> int:
    """How many neighbours are those planned for a device."""
    ends = planned.get(name, {})
    return sum(_fits(ends.get(n.port), (n.system, n.remote_port)) for n in seen.neighbours or ())


def _fits(end: tuple[str, str | None] | None, found: Seen) -> bool:
    return end is not None and end[0] == found[0] and end[1] in (None, found[1])


def _renamed(
    seen: DeviceFacts, ends: Mapping[str, tuple[str, str | None]], misnamed: Mapping[str, str]
) -> DeviceFacts:
    """Facts in which a neighbour with a wrong name has the right one."""

    def rows() -> Iterator[object]:
        for n in seen.neighbours or ():
            far = ends.get(n.port)
            wrong = far is not None and misnamed.get(far[0]) == n.system and far[1] in (None, n.remote_port)
            yield replace(n, system=far[0]) if wrong and far is not None else n

    return seen if seen.neighbours is None else replace(seen, neighbours=tuple(rows()))  # type: ignore[arg-type]


def _other(seen: DeviceFacts, told: str) -> Result:
    text = Text(
        f"{told} answers at the address of {seen.name}: its name and what its ports hear say so",
        f"{seen.name} 的地址上应答的是 {told}：其主机名与各端口邻居均表明如此",
    )
    fix = Text(
        f"no cable has to be moved: correct the address on {told}, see what has the address planned for {told}, and "
        "verify again",
        f"无需移动线缆：更正 {told} 上的地址，并查明何设备占用了 {told} 的规划地址，然后重新核验",
    )
    return result("name", seen, "different", seen.name, told, text, fix=fix)


def _misnamed(seen: DeviceFacts, heard: int) -> Result:
    here = "; its ports hear what is planned for it, so only the name is wrong" if heard else ""
    here_zh = "；其端口邻居与规划一致，仅主机名有误" if heard else ""
    text = Text(
        f"calls itself {seen.hostname}, planned is {seen.name}{here}",
        f"自称 {seen.hostname}，规划为 {seen.name}{here_zh}",
    )
    order = _order(seen)
    fix = Text(
        f"set its name: `{order}`" if heard else
        f"make sure which device this is (serial number, label), then set its name: `{order}`",
        f"修改主机名：执行 `{order}`" if heard else f"先确认是哪台设备（序列号、标签），再修改主机名：`{order}`",
    )  # fmt: skip
    return result("name", seen, "different", seen.name, str(seen.hostname), text, fix=fix)


def _order(seen: DeviceFacts) -> str:
    """What to type so that a device bears its planned name."""
    if seen.configuration is None:
        return f"hostnamectl set-hostname {seen.name}"
    if re.search(r"(?m)^ ?hostname ", seen.configuration):
        return f"configure terminal; hostname {seen.name}; end; write"
    return f"system-view; sysname {seen.name}; (VRP: commit;) return; save"
