"""Intended against observed: is what stands there what was drawn, cable by cable and device by device.

Verdicts: pass; missing (planned, not there); extra (there, not planned); different (another thing than planned);
swapped (two or more cables have changed places); not run (nobody could look: never a pass).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from inventory.findings import Text
from inventory.plan_model import Cable, End, Plan
from topology.facts import DeviceFacts, Evidence

Verdict = Literal["pass", "missing", "extra", "different", "swapped", "not run"]
Seen = tuple[str, str]
"""Device and port, as seen from the other side."""


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


def verify_cables(
    plan: Plan, facts: Mapping[str, DeviceFacts], theirs: frozenset[str] = frozenset()
) -> list[Result]:
    """Every planned data cable against LLDP from both ends, and every neighbour that no cable explains.

    `theirs` are devices that stand already and are not ours to read: their end counts as told by ours. Ports
    nobody has surveyed (null in the plan) are taken as found. Results are in cable order, extras last.
    """
    seen = {(d, n.port): (n.system, n.remote_port) for d, f in facts.items() for n in f.neighbours or ()}
    planned: dict[Seen, Cable] = {}
    for cable in plan.cables:
        for end in (cable.a, cable.b):
            if end.port is not None:
                planned[end.device, end.port] = cable
    results: list[Result] = []
    moved: dict[str, tuple[Cable, Seen, Seen]] = {}
    for cable in plan.cables:
        looks = [
            (near, far, seen.get((near.device, near.port or "")))
            for near, far in ((cable.a, cable.b), (cable.b, cable.a))
            if near.port is not None and near.device in facts and facts[near.device].neighbours is not None
        ]
        wrong = [
            (near, far, found) for near, far, found in looks if found is not None and not _is(far, found)
        ]
        absent = [near for near, _, found in looks if found is None]
        if wrong:
            _near, far, found = wrong[0]
            moved[cable.id] = (cable, (far.device, far.port or "?"), found)
        elif absent:
            results.append(_missing(cable, absent, facts))
        elif not looks or len(looks) < sum(
            e.device not in theirs and e.port is not None for e in (cable.a, cable.b)
        ):
            results.append(_not_run(cable, looks, facts))
        else:
            results.append(
                Result("cable", cable.id, "pass", _ends(cable), _ends(cable), Text("as planned", "与规划一致"),
                       (cable.label_a, cable.label_b), _evidence(facts, cable))
            )  # fmt: skip
    results += _moved(moved, planned, facts)
    order = {cable.id: n for n, cable in enumerate(plan.cables)}
    results.sort(key=lambda r: order.get(r.subject.split(" ")[0], len(order)))
    return [*results, *_extras(seen, planned, facts)]


def _is(end: End, found: Seen) -> bool:
    return found[0] == end.device and (end.port is None or found[1] == end.port)


def _ends(cable: Cable) -> str:
    return f"{cable.a.device}:{cable.a.port or '?'} - {cable.b.device}:{cable.b.port or '?'}"


def _missing(cable: Cable, absent: list[End], facts: Mapping[str, DeviceFacts]) -> Result:
    where = ", ".join(f"{e.device}:{e.port}" for e in absent)
    states = []
    for end in absent:
        port = next((p for p in facts[end.device].ports or () if p.name == end.port), None)
        if port is not None:
            states.append("up" if port.up else "down" if port.enabled else "shut")
    hint = f"; link {'/'.join(states)}" if states else ""
    return Result(
        "cable", cable.id, "missing", _ends(cable), f"no neighbour at {where}{hint}",
        Text(f"no neighbour at {where}{hint}", f"{where} 未发现邻居{hint}"), (cable.label_a, cable.label_b),
        _evidence(facts, cable),
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


def _moved(
    moved: Mapping[str, tuple[Cable, Seen, Seen]], planned: Mapping[Seen, Cable], facts: Mapping[str, DeviceFacts]
) -> Iterator[Result]:  # fmt: skip
    """Cables whose far end is another than planned. Those that took each other's places are told together."""
    after = {}
    for name, (_, _, found) in moved.items():
        owner = planned.get(found)
        after[name] = owner.id if owner is not None and owner.id in moved and owner.id != name else None
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
            ends = "; ".join(f"{moved[n][0].id} ends at {moved[n][2][0]}:{moved[n][2][1]}" for n in ring)
            names = " and ".join(ring) if len(ring) == 2 else ", ".join(ring)
            labels = tuple(label for c in cables for label in (c.label_a, c.label_b))
            yield Result(
                "cable", " ".join(ring), "swapped", "; ".join(_ends(c) for c in cables), ends,
                Text(f"{names} are swapped: {ends}", f"{'、'.join(ring)} 接反：{ends}"), labels,
                tuple(e for c in cables for e in _evidence(facts, c)),
            )  # fmt: skip
    for name, (cable, expected, found) in moved.items():
        if name in done:
            continue
        text = f"{found[0]}:{found[1]}"
        yield Result(
            "cable", name, "different", f"{expected[0]}:{expected[1]}", text,
            Text(f"expected {expected[0]}:{expected[1]}, found {text}", f"应为 {expected[0]}:{expected[1]}，实为 {text}"),
            (cable.label_a, cable.label_b), _evidence(facts, cable),
        )  # fmt: skip


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
    return tuple(
        e
        for end in (cable.a, cable.b)
        if end.device in facts
        for e in facts[end.device].evidence
        if "lldp" in e.command
    )
