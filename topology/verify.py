"""Intended against observed: is what stands there what was drawn, cable by cable and device by device.

Verdicts: pass; missing (planned, not there); extra (there, not planned); different (another thing than planned);
swapped (two or more cables have changed places); not run (nobody could look: never a pass); not shown (a rehearsal
where the lab says beforehand that it cannot show this: never a pass either).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from inventory.findings import Text
from inventory.plan_model import Cable, End, Plan
from topology.facts import DeviceFacts, Evidence

Verdict = Literal["pass", "missing", "extra", "different", "swapped", "not run", "not shown"]
Seen = tuple[str, str]
"""Device and port, as seen from the other side."""
MANY = 3
"""From so many neighbours on, one side that hears nothing is a matter of the device and not of fibres."""
SERIAL_LINES = ("console",)
"""Kinds of cables that carry no frames: nothing on them tells its other end, so they are looked at by hand."""
STRANGER = "MAC"
"""Stands for the device where a MAC address is seen that nobody has written down."""


@dataclass(frozen=True, slots=True)
class Result:
    """One thing looked at. `subject` is a cable id, a device or `device:port`; `labels` are printed on the cables
    concerned."""

    test: str
    subject: str
    verdict: Verdict
    expected: str
    found: str
    message: Text
    labels: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    fix: Text | None = None
    """What to do, where it can be said exactly."""


def verify_cables(
    plan: Plan, facts: Mapping[str, DeviceFacts], theirs: frozenset[str] = frozenset(),
    blind: frozenset[Seen] = frozenset(), heard: Mapping[Seen, Seen] | None = None,
) -> list[Result]:  # fmt: skip
    """Every planned data cable against LLDP from both ends, and every neighbour that no cable explains.

    `heard` are neighbours known otherwise (`topology.silent_ends`), for ports that LLDP says nothing of.

    `theirs` are devices that stand already and are not ours to read: their end counts as told by ours. So do
    ports in `blind`, which the device itself cannot look through (a BMC's): a link there that is up and silent is
    not run. Ports
    nobody has surveyed (null in the plan) are taken as found. Results are in cable order, extras last.
    """
    seen = dict(heard or {})
    seen |= {(d, n.port): (n.system, n.remote_port) for d, f in facts.items() for n in f.neighbours or ()}
    planned: dict[Seen, Cable] = {}
    for cable in plan.cables:
        for end in (cable.a, cable.b):
            if end.port is not None:
                planned[end.device, end.port] = cable
    results: list[Result] = []
    moved: dict[str, tuple[Cable, Seen, Seen]] = {}
    one_way: dict[str, list[int]] = defaultdict(list)
    named = {e.device for c in plan.cables for e in (c.a, c.b)} | set(facts)
    for cable in plan.cables:
        looks = [
            (near, far, seen.get((near.device, near.port or "")))
            for near, far in ((cable.a, cable.b), (cable.b, cable.a))
            if near.port is not None
            and (
                (near.device, near.port) in seen
                if (near.device, near.port) in blind
                else near.device in facts and facts[near.device].neighbours is not None
            )
        ]
        right = sum(found is not None and _is(far, found) for _, far, found in looks)
        wrong = [
            (near, far, found)
            for near, far, found in looks
            if found is not None
            and not _is(far, found)
            and not (
                right and found[1] == far.port and found[0] not in named
            )  # it tells no name; the other end does
        ]
        absent = [near for near, _, found in looks if found is None]
        if wrong:
            _near, far, found = wrong[0]
            moved[cable.id] = (cable, (far.device, far.port or "?"), found)
        elif absent and all(_silent(cable, near, blind, facts) for near in absent):
            results.append(_quiet(cable, absent[0], facts))
        elif absent and all(_mute(cable, near, facts) for near in absent):
            results.append(_unheard(cable, absent[0], facts))
        elif absent:
            results.append(_missing(cable, absent, facts))
            if results[-1].fix is not None:
                one_way[absent[0].device].append(len(results) - 1)
        elif not looks or len(looks) < sum(
            e.device not in theirs and e.port is not None and (e.device, e.port) not in blind
            for e in (cable.a, cable.b)
        ):
            results.append(_not_run(cable, looks, facts))
        else:
            results.append(
                Result("cable", cable.id, "pass", _ends(cable), _ends(cable), Text("as planned", "与规划一致"),
                       (cable.label_a, cable.label_b), _evidence(facts, cable))
            )  # fmt: skip
    for device, places in one_way.items():
        if len(places) >= MANY:
            for n in places:
                results[n] = _cut_short(results[n], device, len(places))
    results += _moved(moved, planned, facts, blind)
    order = {cable.id: n for n, cable in enumerate(plan.cables)}
    results.sort(key=lambda r: order.get(r.subject.split(" ")[0], len(order)))
    return [*results, *_extras(seen, planned, facts)]


def _cut_short(told: Result, device: str, count: int) -> Result:
    """A missing neighbour of a device that misses many which hear it: fibres do not break together on one side."""
    why = f"{count} devices hear {device} and are not among the neighbours it shows: its answer was cut, or it does not listen"
    why_zh = f"{count} 台设备能收到 {device} 的 LLDP，但未出现在其邻居列表中：设备应答不完整，或其未接收 LLDP"
    return replace(
        told, verdict="not run", found=why, message=Text(f"not run: {why}", f"未执行：{why_zh}"), fix=None
    )  # fmt: skip


def _silent(cable: Cable, near: End, blind: frozenset[Seen], facts: Mapping[str, DeviceFacts]) -> bool:
    """True when the other end need not speak LLDP and the link is up."""
    far = _far(cable, near)
    port = next((p for p in facts[near.device].ports or () if p.name == near.port), None)
    return (far.device, far.port) in blind and port is not None and port.up


def _quiet(cable: Cable, near: End, facts: Mapping[str, DeviceFacts]) -> Result:
    here = f"{near.device}:{near.port}"
    learned = [m.mac for m in facts[near.device].macs or () if m.port == near.port]
    if facts[near.device].macs is None:
        why, why_zh = "its other end does not speak LLDP", "对端不发送 LLDP"
    elif learned:
        why = f"its other end does not speak LLDP, and whose MAC address {', '.join(learned)} is nobody has written down"
        why_zh = f"对端不发送 LLDP，且 MAC 地址 {'、'.join(learned)} 无记录"
    else:
        why = "its other end does not speak LLDP and has sent nothing the switch remembers"
        why_zh = "对端不发送 LLDP，交换机也未学到其 MAC 地址"
    return Result(
        "cable", cable.id, "not run", _ends(cable), f"{here} is up, {why}",
        Text(f"not run: {here} is up, {why}", f"未执行：{here} 已连通，但{why_zh}"),
        (cable.label_a, cable.label_b), _evidence(facts, cable),
    )  # fmt: skip


def _is(end: End, found: Seen) -> bool:
    return found[0] == end.device and (end.port is None or found[1] == end.port)


def _ends(cable: Cable) -> str:
    return f"{cable.a.device}:{cable.a.port or '?'} - {cable.b.device}:{cable.b.port or '?'}"


def _far(cable: Cable, near: End) -> End:
    return cable.b if near is cable.a else cable.a


def _mute(cable: Cable, near: End, facts: Mapping[str, DeviceFacts]) -> bool:
    """True when the link is up and the device at the other end answers, but not for its LLDP: it sends none."""
    far = facts.get(_far(cable, near).device)
    port = next((p for p in facts[near.device].ports or () if p.name == near.port), None)
    return far is not None and not far.error and far.neighbours is None and port is not None and port.up


def _unheard(cable: Cable, near: End, facts: Mapping[str, DeviceFacts]) -> Result:
    here, far = f"{near.device}:{near.port}", _far(cable, near).device
    why = f"{here} is up, but {far} sends no LLDP: start lldpd there (`systemctl start lldpd`)"
    why_zh = f"{here} 已连通，但 {far} 未发送 LLDP：请在其上启动 lldpd（`systemctl start lldpd`）"
    return Result(
        "cable", cable.id, "not run", _ends(cable), f"{here} is up, {far} sends no LLDP",
        Text(f"not run: {why}", f"未执行：{why_zh}"), (cable.label_a, cable.label_b), _evidence(facts, cable),
    )  # fmt: skip


def _missing(cable: Cable, absent: list[End], facts: Mapping[str, DeviceFacts]) -> Result:
    """A planned cable without a neighbour at one end or both. What one end still hears says that it is in its place and
    lets through one direction only."""
    where = ", ".join(f"{e.device}:{e.port}" for e in absent)
    states = []
    for end in absent:
        port = next((p for p in facts[end.device].ports or () if p.name == end.port), None)
        if port is not None:
            states.append("up" if port.up else "down" if port.enabled else "shut")
    hint = f"; link {'/'.join(states)}" if states else ""
    text = Text(f"no neighbour at {where}{hint}", f"{where} 未发现邻居{hint}")
    near, far, fix = absent[0], _far(cable, absent[0]), None
    heard = facts[far.device].neighbours if far.device in facts else None
    if states in ([], ["up"]) and len(absent) == 1 and any(
        n.port == far.port and _is(near, (n.system, n.remote_port)) for n in heard or ()
    ):  # fmt: skip
        there = f"{far.device}:{far.port}"
        text = Text(
            f"{text.en}; but {there} hears {where}: the cable is in its place, nothing arrives from {there}",
            f"{text.zh}；但 {there} 能收到 {where} 的 LLDP：线缆位置正确，{there} 发出的方向不通",
        )
        fix = Text(
            f"clean or exchange the fibre and the optic that carry from {there} to {where}, leave the plugs where they are; "
            f"if the link carries traffic, see whether {there} has LLDP switched off",
            f"清洁或更换 {there} 至 {where} 方向的光纤与光模块，插头不动；若业务正常，检查 {there} 是否关闭了 LLDP",
        )
    return Result(
        "cable", cable.id, "missing", _ends(cable), text.en, text, (cable.label_a, cable.label_b),
        _evidence(facts, cable), fix,
    )  # fmt: skip


def _not_run(
    cable: Cable, looks: list[tuple[End, End, Seen | None]], facts: Mapping[str, DeviceFacts]
) -> Result:
    looked = {near.device for near, _, _ in looks}
    reasons = []
    for end in (cable.a, cable.b):
        if end.device not in looked:
            error = facts[end.device].error if end.device in facts else "not asked"
            reasons.append(f"{end.device}: {error or 'no LLDP read'}")
    text = "; ".join(reasons)
    return Result(
        "cable", cable.id, "not run", _ends(cable), text, Text(f"not run: {text}", f"未执行：{text}"),
        (cable.label_a, cable.label_b), _evidence(facts, cable),
    )  # fmt: skip


def _partners(moved: Mapping[str, tuple[Cable, Seen, Seen]], planned: Mapping[Seen, Cable]) -> dict[str, str]:
    """Cables planned to unsurveyed ports (`?`) of two devices that each end at the other's, by each other's name; those
    from the same device first."""
    left = [n for n, (_, far, at) in moved.items() if far[1] == "?" and at not in planned]
    out: dict[str, str] = {}
    for name in left:
        if name in out:
            continue
        cable, far, at = moved[name]
        here = {cable.a.device, cable.b.device} - {far[0]}
        fits = [
            n for n in left
            if n != name and n not in out and (moved[n][1][0], moved[n][2][0]) == (at[0], far[0])
        ]  # fmt: skip
        if fits:
            other = min(fits, key=lambda n: not here & {moved[n][0].a.device, moved[n][0].b.device})
            out[name], out[other] = other, name
    return out


def _moved(
    moved: Mapping[str, tuple[Cable, Seen, Seen]], planned: Mapping[Seen, Cable], facts: Mapping[str, DeviceFacts],
    blind: frozenset[Seen],
) -> Iterator[Result]:  # fmt: skip
    """Cables whose far end is another than planned. Those that took each other's places are told together."""
    partner = _partners(moved, planned)
    moved = {n: (c, far, moved[partner[n]][1] if n in partner else at) for n, (c, far, at) in moved.items()}
    after = {}
    for name, (_, _, found) in moved.items():
        owner = planned.get(found)
        known = owner is not None and owner.id in moved and owner.id != name
        after[name] = owner.id if owner is not None and known else partner.get(name)
    done: set[str] = set()
    for name in moved:
        if name in done:
            continue
        ring, here = [name], after[name]
        while here is not None and here not in ring:
            ring.append(here)
            here = after[here]
        if here == name and len(ring) > 1:
            done.update(ring)
            cables = [moved[n][0] for n in ring]
            places = [(moved[n][0].id, f"{moved[n][2][0]}:{moved[n][2][1]}") for n in ring]
            ends = "; ".join(f"{cable} ends at {place}" for cable, place in places)
            ends_zh = "；".join(f"{cable} 实接 {place}" for cable, place in places)
            names = " and ".join(ring) if len(ring) == 2 else ", ".join(ring)
            labels = tuple(label for c in cables for label in (c.label_a, c.label_b))
            yield Result(
                "cable", " ".join(ring), "swapped", "; ".join(_ends(c) for c in cables), ends,
                Text(f"{names} are swapped: {ends}", f"{'、'.join(ring)} 接反：{ends_zh}"), labels,
                tuple(e for c in cables for e in _evidence(facts, c)),
                _exchange([moved[n] for n in ring], silent=all(_ends_in(c, blind) for c in cables)),
            )  # fmt: skip
    for name, (cable, expected, found) in moved.items():
        if name in done:
            continue
        stranger = found[0] == STRANGER
        text = f"a device with MAC address {found[1]}" if stranger else f"{found[0]}:{found[1]}"
        text_zh = f"MAC 地址为 {found[1]} 的未知设备" if stranger else text
        yield Result(
            "cable", name, "different", f"{expected[0]}:{expected[1]}", text,
            Text(f"expected {expected[0]}:{expected[1]}, found {text}", f"应为 {expected[0]}:{expected[1]}，实为 {text_zh}"),
            (cable.label_a, cable.label_b), _evidence(facts, cable),
            None if stranger else _exchange([(cable, expected, found)]),
        )  # fmt: skip


def _ends_in(cable: Cable, blind: frozenset[Seen]) -> bool:
    return any((e.device, e.port) in blind for e in (cable.a, cable.b))


def _exchange(moves: list[tuple[Cable, Seen, Seen]], *, silent: bool = False) -> Text:
    """Which plug goes where, each by the label it bears there. `silent`: controllers, known by the MAC address that
    answers at their address; the addresses may be exchanged instead of the cables. When all cables meet on one device they are most
    likely exchanged there: then the plugs are moved there, else at the far ends."""
    near = [cable.b if (cable.a.device, cable.a.port or "?") == far else cable.a for cable, far, _ in moves]
    rows = []
    if len(moves) > 1 and len({end.device for end in near}) == 1:
        place = {far: end for (_, far, _), end in zip(moves, near, strict=True)}
        for (_, _, found), end in zip(moves, near, strict=True):
            other = next(c for c, far, _ in moves if far == found)
            label = other.label_a if other.a == place[found] else other.label_b
            rows.append((label, f"{end.device}:{end.port}", f"{end.device}:{place[found].port}"))
    else:
        for cable, expected, found in moves:
            far_is_a = (cable.a.device, cable.a.port or "?") == expected
            label = cable.label_a if far_is_a else cable.label_b
            rows.append((label, ":".join(found), ":".join(expected)))
    first = Text("", "")
    if silent:
        first = Text(
            "first compare the serial number each controller tells with the label on its server: if those differ, the "
            "addresses are exchanged, correct them and move nothing; else ",
            "先核对各 BMC 所报序列号与服务器标签：若不一致则为地址互换，更正地址、不动线缆；若一致，",
        )
    return Text(
        first.en + "; ".join(f"move plug {label} from {here} to {there}" for label, here, there in rows),
        first.zh + "；".join(f"将插头 {label} 由 {here} 移至 {there}" for label, here, there in rows),
    )


def _extras(
    seen: Mapping[Seen, Seen], planned: Mapping[Seen, Cable], facts: Mapping[str, DeviceFacts]
) -> Iterator[Result]:  # fmt: skip
    for (device, port), (system, remote) in sorted(seen.items()):
        if (device, port) in planned or (system, remote) in planned:
            continue
        if any((c.a.device == system and c.b.device == device) or (c.b.device == system and c.a.device == device)
               for c in planned.values() if None in (c.a.port, c.b.port)):  # fmt: skip
            continue
        yield Result(
            "cable", f"{device}:{port}", "extra", "nothing", f"{system}:{remote}",
            Text(f"a cable to {system}:{remote} that nobody planned", f"存在未规划的线缆，对端 {system}:{remote}"),
            (), facts[device].evidence,
        )  # fmt: skip


def _evidence(facts: Mapping[str, DeviceFacts], cable: Cable) -> tuple[Evidence, ...]:
    """Answers that tell of the cable: neighbours, and first what a switch has learned where ends are silent."""
    words = ("mac-address", "lldp") if cable.kind == "oob" else ("lldp",)
    rows = [e for end in (cable.a, cable.b) if end.device in facts for e in facts[end.device].evidence]
    return tuple(e for word in words for e in rows if word in e.command)
