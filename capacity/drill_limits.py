"""Conditions of a drill about the power path and the network: proved on one state, arithmetic shown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from capacity.drill_conditions import Proof, say
from capacity.drill_model import Condition
from capacity.drill_world import Ground, World
from inventory import model as m
from inventory.findings import Position, names_text
from inventory.model_drills import ConditionName, Must


def _names(keys: Sequence[str], shown: int = 4) -> str:
    return names_text([k.partition("/")[2] for k in keys], shown)


# ---------------------------------------------------------------- power


def power(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """No device goes dark that has not failed itself."""
    found = ground.flow(world.case.failed)
    subject = world.case.name or "devices"
    powered = [n for n in ground.layers.power if n.startswith("device/")]
    if found.dark:
        single = [k for k in found.dark if _supplies(ground, k) < 2]
        why = f"; {len(single)} with one supply only" if single else ""
        why_zh = f"；其中 {len(single)} 台仅一路电源" if single else ""
        yield say("power", subject, "violated", f"{len(found.dark)} of {len(powered)} devices go dark: {_names(found.dark)}{why}",
                  f"{len(powered)} 台中 {len(found.dark)} 台断电：{_names(found.dark)}{why_zh}",
                  fix=("cord them to both sides, or put them behind a transfer switch", "接入双路，或经静态切换开关"))  # fmt: skip
    elif not powered:
        yield say("power", subject, "not evaluated", "no power cord is planned", "没有规划电源线")
    else:
        yield say(
            "power",
            subject,
            "holds",
            f"{len(powered)} devices keep a live supply",
            f"{len(powered)} 台设备均有供电",
        )


def _supplies(ground: Ground, device: str) -> int:
    return ground.layers.power.in_degree(device) if device in ground.layers.power else 0


RATED = ("outlet", "bank", "sts", "feed", "phase", "panel", "ups", "generator")
"""Kinds of power elements that have a rating; the draw of what hangs on the others is counted here."""


def _rating_at(ground: Ground, key: str) -> Position | None:
    kind, name = key.split("/", 1)
    section = {
        "panel": ground.inventory.panels,
        "phase": ground.inventory.panels,
        "ups": ground.inventory.ups,
    }.get(kind, {})
    record = section.get(name.partition("/")[0])
    return ground.inventory.where(record) if record is not None else None


def loads(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """No breaker opens and nothing that still works is above its limit, at peak draw."""
    found = ground.flow(world.case.failed)
    subject = world.case.name or "power path"
    for one in found.opened[:5]:
        text = f"{one.load_w:.0f} W > {one.trip_w:.0f} W"
        yield say(
            "loads",
            one.element,
            "violated",
            f"opens in round {one.round}",
            f"第 {one.round} 轮断开",
            arithmetic=text,
        )
    over = found.overloaded()
    for key in over[:5]:
        limit = found.limits[key].limit_w or 0.0
        text = f"{found.load_w[key]:.0f} W > {limit:.0f} W ({100 * found.load_w[key] / limit:.0f} %)"
        yield say("loads", key, "violated", "above its limit at peak draw", "峰值功耗下超限", arithmetic=text)
    rest = len(over) + len(found.opened) - 10
    if rest > 0:
        yield say("loads", subject, "violated", f"and {rest} elements more", f"另有 {rest} 个要素")
    open_ = [k for k in found.not_evaluated() if k not in over and k.partition("/")[0] in RATED]
    if open_:
        kinds = sorted({k.partition("/")[0] for k in open_})
        yield say("loads", ", ".join(kinds), "not evaluated", f"limit or draw not known of {_names(open_)}", f"容量或负载未知：{_names(open_)}",
                  at=_rating_at(ground, open_[0]), fix=("write its breaker_a or rated_kva", "填写 breaker_a 或 rated_kva"))  # fmt: skip
    used = sorted(((found.utilisation(k) or 0.0, k) for k in found.load_w), reverse=True)
    if not over and not found.opened and used:
        share, key = used[0]
        most_w = found.limits[key].limit_w if key in found.limits else None
        text = f"{found.load_w[key]:.0f} W / {most_w:.0f} W = {100 * share:.0f} %" if most_w else ""
        yield say("loads", subject, "holds", f"fullest is {key}", f"负载率最高为 {key}", arithmetic=text)


# ---------------------------------------------------------------- network


def oversubscription(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """No access pair is oversubscribed beyond the limit for a degraded fabric."""
    limit = must.limit or ground.inventory.policy.number("net.os_degraded")
    live = {p: r for p, r in world.state.oversubscription.items() if _living(world, p)}
    worse = {p: r for p, r in live.items() if r is not None and limit + 1e-9 < r < math.inf}
    subject = world.case.name or "pairs"
    for pair, high in sorted(worse.items()):
        before = ground.normal.state.oversubscription.get(pair)
        text = f"{high:.2f} > {limit:g}" + (f" (without failure {before:.2f})" if before is not None else "")
        yield say("oversubscription", f"pairs/{pair}", "violated", "oversubscribed beyond the limit for a degraded fabric",
                  "降级收敛比超限", arithmetic=text, at=_pair_at(ground, pair))  # fmt: skip
    unknown = sorted(
        p for p, r in live.items() if r is None and ground.normal.state.oversubscription.get(p) is None
    )
    if unknown:
        yield say("oversubscription", f"pairs {names_text(unknown)}", "not evaluated", "speed of access or uplink cables not known", "下联或上联速率未知",
                  at=_pair_at(ground, unknown[0]))  # fmt: skip
    known = {p: r for p, r in live.items() if r is not None and math.isfinite(r)}
    if not worse and known:
        pair, ratio = max(known.items(), key=lambda x: (x[1], x[0]))
        yield say(
            "oversubscription",
            subject,
            "holds",
            f"worst is {pair}",
            f"最差为 {pair}",
            arithmetic=f"{ratio:.2f} <= {limit:g}",
        )


def _living(world: World, pair: str) -> bool:
    return any(f"device/{pair}{member}" in world.up for member in "AB")


def _pair_at(ground: Ground, pair: str) -> Position | None:
    record = ground.inventory.pairs.get(pair)
    return ground.inventory.where(record) if record else None


def paths(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """Each access pair with a live member is reached, and each two data centres that were joined still are."""
    stranded = [
        p for p in ground.inventory.pairs
        if _living(world, p) and not any(f"device/{p}{x}" in world.reached for x in "AB")
    ]  # fmt: skip
    for pair in stranded:
        yield say(
            "paths",
            f"pairs/{pair}",
            "violated",
            "runs, but no working uplink leads to an edge",
            "在运行，但没有可用上联到出口",
            at=_pair_at(ground, pair),
        )
    before = {frozenset((a, b)) for g in ground.normal.who.groups for a in g for b in g if a != b}
    now = {frozenset((a, b)) for g in world.who.groups for a in g for b in g if a != b}
    broken = [sorted(p) for p in before - now if all(s in world.state.alive for s in p)]
    for a, b in sorted(broken):
        yield say(
            "paths",
            f"{a}-{b}",
            "violated",
            f"no link is left between {a} and {b}",
            f"{a} 与 {b} 之间没有可用链路",
        )
    if not stranded and not broken and (ground.inventory.pairs or before):
        pairs = sum(_living(world, p) for p in ground.inventory.pairs)
        yield say("paths", world.case.name or "pairs", "holds", f"{pairs} pairs and {len(now)} site connections keep a path",
                  f"{pairs} 组交换机、{len(now)} 对站点均有通路")  # fmt: skip


def latency(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """Every live link between the struck site and the others keeps the round trip of its class:
    2 x km x ms/km + equipment."""
    policy = ground.inventory.policy
    limit = must.limit or policy.number("dr.rtt_ms_max")
    per_km, fixed = policy.number("dr.ms_per_km"), policy.number("dr.equipment_ms")
    links = [
        k for k in ground.inventory.site_links.values()
        if set(world.case.struck) & {k.a, k.b} and f"site-link/{k.name}" not in world.case.failed
        and all(ground.inventory.sites[s].role != "witness" for s in (k.a, k.b))
    ]  # fmt: skip
    if not links:
        yield say(
            "latency",
            "site_links",
            "not evaluated",
            "no link to another data centre is listed",
            "未列出到其他中心的链路",
        )
    for link in links:
        subject = f"site_links/{link.name}"
        if link.route_km is None:
            yield say("latency", subject, "not evaluated", "route_km is not stated", "未填写 route_km", at=ground.inventory.where(link),
                      fix=("write site_links[].route_km from the carrier's offer", "按运营商方案填写 route_km"))  # fmt: skip
            continue
        rtt = 2 * link.route_km * per_km + fixed
        text = f"2 x {link.route_km:g} km x {per_km:g} + {fixed:g} = {rtt:.2f} ms {'<=' if rtt <= limit else '>'} {limit:g} ms"
        if rtt <= limit:
            yield say(
                "latency", subject, "holds", "round trip within its class", "往返时延达标", arithmetic=text
            )
        else:
            yield say(
                "latency",
                subject,
                "violated",
                "round trip too long",
                "往返时延超限",
                arithmetic=text,
                at=ground.inventory.where(link, "route_km"),
            )


PROOFS: dict[ConditionName, Proof] = {
    "power": power,
    "loads": loads,
    "oversubscription": oversubscription,
    "paths": paths,
    "latency": latency,
}
"""Conditions of this module by name."""
