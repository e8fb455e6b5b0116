"""From a declared scenario to the elements that fail: one case, or one for each group of shared risk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from capacity.drill_model import Case, Stranger
from capacity.drill_votes import between, in_same_duct, leaving
from inventory import model as m
from inventory.findings import Position, Text
from inventory.inventory import Inventory
from inventory.model_drills import Fail
from inventory.nearest import near
from topology.elements import Layers, SharedRisk
from topology.risk_kinds import kinds


@dataclass(frozen=True, slots=True)
class Faults:
    """Cases of a scenario. `strangers` are names that nothing bears; `open` what could not be built for lack of
    facts, with the place of the fact."""

    cases: tuple[Case, ...]
    strangers: tuple[Stranger, ...] = ()
    open: tuple[tuple[Text, Position], ...] = ()


def faults(inventory: Inventory, layers: Layers, risks: Sequence[SharedRisk], scenario: m.Scenario) -> Faults:
    """The cases of a scenario in a fixed order. A failback has one in which nothing fails; an exercise those of
    the scenario it stands for."""
    if scenario.kind == "failback":
        return Faults((Case("", frozenset()),))
    if scenario.kind == "exercise":
        inner = inventory.scenarios[scenario.of or ""]
        return faults(inventory, layers, risks, inner)
    strangers: list[Stranger] = []
    base: set[str] = set()
    cut_off: list[str] = []
    entries: list[tuple[tuple[str | int, ...], Fail]] = [((), fail) for fail in _of_kind(scenario)]
    entries += [(("fail", i), fail) for i, fail in enumerate(scenario.fail)]
    for path, fail in entries:
        found, missing = _elements(inventory, layers, risks, fail)
        base |= found
        cut_off += [fail.cut_off] if fail.cut_off else []
        strangers += [Stranger((*path, *s.path) if path else ("side",), s.message, s.fix) for s in missing]
    struck = tuple(dict.fromkeys(s for s in (scenario.site, *scenario.sites) if s))
    struck = struck or tuple(
        dict.fromkeys(s for f in scenario.fail for s in (f.site, f.cut_off, f.at_site) if s)
    )
    frozen = frozenset(base)
    if scenario.each is not None:
        return _each(inventory, layers, risks, scenario, frozen, struck, strangers)
    if scenario.kind == "single-product" and scenario.service is None:
        cases = [
            Case(name, frozen | _instance(layers, name, scenario.site or ""), struck)
            for name, service in inventory.services.items()
            if service.protected and scenario.site in service.sites
        ]
        return Faults(tuple(cases), tuple(strangers))
    case = Case(scenario.service or "", frozen, struck, tuple(cut_off))
    if scenario.kind not in ("island", "split-brain"):
        return Faults((case,), tuple(strangers))
    more, unknown = in_same_duct(inventory, frozen)
    duct = [Case("with all in the same duct", frozen | set(more), struck, tuple(cut_off))] if more else []
    told = tuple(
        (Text(f"site link {name}: not known whether it shares carrier, conduit or equipment with the links that are lost",
              f"站点链路 {name}：尚不清楚是否与中断链路共用运营商、管道或设备"), inventory.where(inventory.site_links[name]))
        for name in unknown
    )  # fmt: skip
    return Faults((case, *duct), tuple(strangers), told)


def _of_kind(scenario: m.Scenario) -> tuple[Fail, ...]:
    """What the kind of a scenario takes away by itself."""
    if scenario.kind == "power-loss":
        return (Fail(site=scenario.site),)
    if scenario.kind == "island":
        return (Fail(cut_off=scenario.site),)
    if scenario.kind == "split-brain":
        return (Fail(between=scenario.sites),)
    if scenario.kind == "single-product" and scenario.service:
        return (Fail(service=scenario.service, at_site=scenario.site),)
    if scenario.kind == "power-side":
        return (Fail(power_side=scenario.side, at_site=scenario.site, room=scenario.room),)
    return ()


def _elements(
    inventory: Inventory, layers: Layers, risks: Sequence[SharedRisk], fail: Fail
) -> tuple[set[str], list[Stranger]]:
    """(keys that fail, names that nothing bears) of one entry."""
    out: set[str] = set()
    strangers: list[Stranger] = []
    for i, pattern in enumerate(fail.elements):
        hits = _matching(pattern, layers.elements)
        out.update(hits)
        if not hits:
            strangers.append(_stranger(("elements", i), pattern, "element", "要素", layers.elements))
    groups = {r.key: r.members for r in risks}
    for i, pattern in enumerate(fail.risks):
        names = _matching(pattern, groups)
        out.update(member for name in names for member in groups[name])
        if not names:
            strangers.append(_stranger(("risks", i), pattern, "group of shared risk", "共同风险组", groups))
    if fail.site:
        out |= standing_at(layers, fail.site)
    if fail.cut_off:
        out.update(k for k in leaving(inventory, fail.cut_off) if k in layers.elements)
    if len(fail.between) == 2:
        out.update(k for k in between(inventory, *fail.between) if k in layers.elements)
    if fail.service and fail.at_site:
        out |= _instance(layers, fail.service, fail.at_site)
    if fail.power_side:
        if fail.room:
            names = [
                f"panel/{p.name}"
                for p in inventory.panels.values()
                if p.room == fail.room and p.side == fail.power_side
            ]
        else:
            names = [
                f"ups/{u.name}"
                for u in inventory.ups.values()
                if u.site == fail.at_site and u.side == fail.power_side
            ]
        out.update(names)
        if not names:
            place = fail.room or fail.at_site
            strangers.append(Stranger(
                ("power_side",),
                Text(f"nothing feeds side {fail.power_side} of {place}", f"{place} 的 {fail.power_side} 侧没有供电设备"),
                Text("declare panels and ups of that side", "补充该侧的列头柜与 UPS"),
            ))  # fmt: skip
    return out, strangers


def standing_at(layers: Layers, site: str) -> set[str]:
    """Every element of a site, with the links that end there."""
    return {key for key, element in layers.elements.items() if site in element.facts.get("site", ())}


def _instance(layers: Layers, service: str, site: str) -> set[str]:
    """The devices that carry a service at a site."""
    node = f"instance/{service}@{site}"
    return set(layers.service.successors(node)) if node in layers.service else set()


def _each(
    inventory: Inventory, layers: Layers, risks: Sequence[SharedRisk], scenario: m.Scenario,
    base: frozenset[str], struck: tuple[str, ...], strangers: list[Stranger],
) -> Faults:  # fmt: skip
    """A case for each group of the kind asked for."""
    each = scenario.each
    if each is None:
        return Faults(())
    known = kinds(inventory)
    of_kind = [r for r in risks if r.kind == each.risk]
    if each.risk not in known and not of_kind:
        strangers.append(_stranger(("each", "risk"), each.risk, "kind of shared risk", "风险类别", known))
        return Faults((), tuple(strangers))
    for i, pattern in enumerate(each.only):
        if of_kind and not any(_fits(pattern, r.name) for r in of_kind):
            strangers.append(
                _stranger(("each", "only", i), pattern, each.risk, each.risk, [r.name for r in of_kind])
            )
    chosen = [r for r in of_kind if not each.only or any(_fits(p, r.name) for p in each.only)]
    cases = [Case(r.key, base | set(r.members), struck) for r in chosen]
    told: list[tuple[Text, Position]] = []
    if not of_kind:
        told.append((
            Text(f"no {each.risk} is known: nothing states which elements share one",
                 f"没有已知的 {each.risk}：尚未说明哪些要素共用"),
            _place_of(inventory, each.risk, scenario),
        ))  # fmt: skip
    else:
        bare = (
            sorted(e.key for e in layers.elements.values() if known[each.risk].by in e.unknown)
            if each.risk in known
            else []
        )
        if bare:
            told.append((
                Text(f"{each.risk} not known of {len(bare)} elements ({', '.join(bare[:4])}{' …' if len(bare) > 4 else ''}): they are in no case",
                     f"{len(bare)} 个要素的 {each.risk} 未知（{'、'.join(bare[:4])}{' …' if len(bare) > 4 else ''}），未计入任何情形"),
                _place_of(inventory, each.risk, scenario),
            ))  # fmt: skip
    return Faults(tuple(cases), tuple(strangers), tuple(told))


def _place_of(inventory: Inventory, kind: str, scenario: m.Scenario) -> Position:
    """Where the fact a kind of risk is formed by would be written."""
    for link in inventory.site_links.values():
        if kind in type(link).model_fields and getattr(link, kind) is None:
            return inventory.where(link)
    return inventory.where(scenario, "each")


def _fits(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _matching(pattern: str, names: Iterable[str]) -> list[str]:
    return [n for n in names if _fits(pattern, n)]


def _stranger(
    path: tuple[str | int, ...], name: str, what: str, what_zh: str, known: Iterable[str]
) -> Stranger:
    known = list(known)
    guess = near(name.rstrip("*"), known) if len(known) <= 20_000 else None
    fix = Text(f"did you mean {guess}?", f"是否为 {guess}？") if guess else Text(
        f"use one of: {', '.join(sorted(known)[:6])} …", f"可用：{'、'.join(sorted(known)[:6])} …")  # fmt: skip
    return Stranger(path, Text(f"no {what} named {name}", f"没有名为 {name} 的{what_zh}"), fix)
