"""Groups of shared risk as a project writes them, and what is unknown of them (RED040-RED042)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from inventory import model as m
from inventory.checks import Context, check, finding, lacking
from inventory.fields import Exposed
from inventory.findings import Finding, Related, Severity, Text, names_text
from inventory.model import Record
from inventory.nearest import near
from inventory.plan_model import Plan, PlanRecord
from topology.elements import Element
from topology.graph import elements
from topology.risk import selected, unknown_facts
from topology.risk_kinds import EXPOSED, Kind, kinds, shipped_kinds


def _elements(ctx: Context) -> Mapping[str, Element]:
    return ctx.memo("risk.elements", lambda: elements(ctx.inventory, ctx.plan or Plan()))  # type: ignore[no-any-return]


def _written(ctx: Context) -> list[m.RiskGroup | m.RiskKind]:
    return [*ctx.inventory.risk_groups.values(), *ctx.inventory.risk_kinds.values()]


@check(
    "RED040", severity=Severity.ERROR, over=_written,
    title=Text("Risk group without members", "共享风险组无成员"), clause="engineering estimate: shared-risk groups",
)  # fmt: skip
def group_has_members(record: m.RiskGroup | m.RiskKind, ctx: Context) -> Iterator[Finding]:
    """Every selector of a risk group stands for an element of the plan, and every kind of risk forms a group.

    Why it matters: a group that matches nothing is removed in vain: the failure it was written for is never
    tried, and the report looks clean.
    How to fix: write the key of an element (`device/A-ASW-01A`, `cable/A-F-000247`), with * at the end for any
    ending; a kind needs element kinds that exist and a fact that at least one of them has.
    Source: engineering estimate (shared-risk groups).
    Failing: `members: [cable/A-F-9*]` where no cable of the plan is named so
    Passing: `members: [cable/A-F-000247, device/A-DSW-*]`
    """
    if isinstance(record, m.RiskGroup):
        yield from _selectors(record, ctx)
    else:
        yield from _kind(record, ctx)


def _selectors(group: m.RiskGroup, ctx: Context) -> Iterator[Finding]:
    keys: list[str] = ctx.memo("risk.keys", lambda: sorted(_elements(ctx)))
    for i, selector in enumerate(group.members):
        if selected(keys, selector):
            continue
        guess = near(selector.removesuffix("*"), _alike(keys, selector))
        yield finding(
            "RED040", f"risk_groups/{group.name}",
            Text(f"{selector} matches no element", f"{selector} 未匹配任何元素"), ctx.where(group, "members", i),
            fix=Text(f"did you mean {guess}?", f"是否为 {guess}？") if guess
            else Text("write the key of an element: kind/name", "填写元素键：种类/名称"),
        )  # fmt: skip


def _alike(keys: list[str], selector: str) -> list[str]:
    """Keys worth comparing with: those of the same kind, at most a few thousand."""
    stem = selector.partition("/")[0] + "/"
    return list(selected(keys, stem + "*"))[:3000] or sorted({key.partition("/")[0] + "/*" for key in keys})


def _kind(kind: m.RiskKind, ctx: Context) -> Iterator[Finding]:
    subject = f"risk_kinds/{kind.name}"
    known = sorted({of for shipped in shipped_kinds().values() for of in shipped.of})
    strangers = [(i, of) for i, of in enumerate(kind.of) if of not in known]
    for i, of in strangers:
        guess = near(of, known)
        yield finding(
            "RED040", subject, Text(f"there are no elements of kind {of}", f"没有 {of} 类元素"), ctx.where(kind, "of", i),
            fix=Text(f"did you mean {guess}?", f"是否为 {guess}？") if guess
            else Text(f"kinds: {', '.join(known)}", f"可用种类：{', '.join(known)}"),
        )  # fmt: skip
    mine = [element for element in _elements(ctx).values() if element.kind in kind.of]
    if strangers or any(kind.by in e.facts or kind.by in e.unknown for e in mine):
        return
    facts = sorted({fact for element in mine for fact in element.facts})
    guess = near(kind.by, facts)
    yield finding(
        "RED040", subject,
        Text(f"no {' or '.join(kind.of)} has a fact {kind.by}", f"没有带 {kind.by} 的 {'、'.join(kind.of)}"),
        ctx.where(kind, "by"),
        fix=Text(f"did you mean {guess}?", f"是否为 {guess}？") if guess
        else Text(f"state it under `risks` of a record; facts known: {', '.join(facts)}",
                  f"在记录的 `risks` 中填写；已有：{', '.join(facts)}"),
    )  # fmt: skip


@check(
    "RED041", severity=Severity.WARNING, over=lambda ctx: sorted(ctx.inventory.sites),
    title=Text("What fails together is not known", "共同失效关系未知"), clause="engineering estimate: shared-risk groups",
)  # fmt: skip
def shared_facts_are_known(site: str, ctx: Context) -> Iterator[Finding]:
    """What the elements of a site share is known for every kind of risk they must have: the line card behind a
    port, the rack of a switch that stands already, the software version, the cooling zone. Planned devices that
    stand in no rack are left to PLN004 and PLN006.

    Why it matters: an element of which nobody knows what it shares stands in no group; a sweep over all groups
    then proves less than it seems to. Links between two sites are RED021's business.
    How to fix: survey it, and state it under `risks` of the record (for line cards: `free_ports` with their cards).
    Source: engineering estimate (shared-risk groups).
    Failing: `{name: A-DSW-1, free_ports: null}`: not evaluated
    Passing: `{name: A-DSW-1, free_ports: [{card: "3", ports: "40GE3/0/[1-24]"}], risks: {rack: [R12], software: [V2R5]}}`
    """
    missing = ctx.memo("risk.unknown", lambda: unknown_facts(ctx.inventory, _elements(ctx)))
    known: Mapping[str, Kind] = ctx.memo("risk.kinds", lambda: kinds(ctx.inventory))
    elsewhere: frozenset[str] = ctx.memo("risk.unplaced", lambda: _unplaced(ctx))
    for (name, sites), found in missing.items():
        keys = [key for key in found if key not in elsewhere]
        if sites != site or not keys:
            continue
        kind = known[name]
        names = [key.partition("/")[2] for key in keys]
        yield lacking(
            "RED041", f"{name} {site}",
            Text(f"{kind.title.en} of {len(keys)} elements is unknown: {names_text(names)}",
                 f"{len(keys)} 个元素的{kind.title.zh}未知：{names_text(names)}"),
            ctx.where(_record(ctx, keys[0])),
            Text(kind.say.en, kind.say.zh) if kind.say
            else Text(f"state `risks: {{{kind.by}: [...]}}` on their records", f"在其记录中填写 `risks: {{{kind.by}: [...]}}`"),
        )  # fmt: skip


def _unplaced(ctx: Context) -> frozenset[str]:
    """Planned devices that stand in no rack, and their cables: PLN004 and PLN006 report them."""
    names = {d.name for d in ctx.placed.values() if d.rack not in ctx.inventory.racks}
    cables = [cable.id for name in names for cable in ctx.cables_of.get(name, ())]
    return frozenset((*(f"device/{name}" for name in names), *(f"cable/{id}" for id in cables)))


def _record(ctx: Context, key: str) -> Record | PlanRecord:
    """The record that an element comes from: where its facts would be written."""
    kind, _, name = key.partition("/")
    inventory = ctx.inventory
    if kind == "existing-link":
        return inventory.existing_links[name.rpartition("/")[0]]
    if kind == "cable" and ctx.plan:
        cable = next((c for c in ctx.plan.cables if c.id == name), None)
        if cable is not None:
            return inventory.existing_switches.get(cable.b.device) or cable
    device = inventory.devices.get(name)
    return device.record if device else inventory.existing_switches.get(name, inventory.project)


def _stated_without_kind(ctx: Context) -> list[str]:
    formed = {kind.by for kind in (*shipped_kinds().values(), *ctx.inventory.risk_kinds.values())}
    stated = {fact for _, record in _exposed(ctx) for fact in record.risks}
    return sorted(stated - formed)


def _exposed(ctx: Context) -> Iterator[tuple[str, Exposed]]:
    for section in EXPOSED:
        for name, record in getattr(ctx.inventory, section).items():
            yield f"{section}/{name}", record


@check(
    "RED042", severity=Severity.WARNING, needs="inventory", over=_stated_without_kind,
    title=Text("Stated risk of no kind", "所填风险无对应种类"), clause="engineering estimate: shared-risk groups",
)  # fmt: skip
def stated_risk_has_a_kind(fact: str, ctx: Context) -> Iterator[Finding]:
    """What records state under `risks` is a fact that some kind of risk is formed by.

    Why it matters: a misspelt word makes two groups of one, and neither fails as the whole does. Until it is
    mended, everything that states the word is one group by itself.
    How to fix: spell it as the kind does, or define the kind under `risk_kinds` with its title.
    Source: engineering estimate (shared-risk groups).
    Failing: `risks: {sofware: [V2R5]}`
    Passing: `risks: {software: [V2R5]}`
    """
    formed = {kind.by for kind in (*shipped_kinds().values(), *ctx.inventory.risk_kinds.values())}
    places = [(subject, record) for subject, record in _exposed(ctx) if fact in record.risks]
    at = sorted((ctx.where(record, "risks", fact), subject) for subject, record in places)
    guess = near(fact, formed)
    yield finding(
        "RED042", f"risks/{fact}",
        Text(f"no kind of risk is formed by {fact}, stated by {names_text([s for _, s in at])}",
             f"没有以 {fact} 划分的风险种类，填写者：{names_text([s for _, s in at])}"),
        at[0][0],
        fix=Text(f"did you mean {guess}?", f"是否为 {guess}？") if guess
        else Text(f"define it under `risk_kinds` with `by: {fact}`", f"在 `risk_kinds` 中以 `by: {fact}` 定义"),
        related=[Related(position, subject) for position, subject in at[1:4]],
    )  # fmt: skip
