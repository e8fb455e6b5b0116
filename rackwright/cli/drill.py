"""`rackwright drill`: what must hold in each declared scenario, what does, and the papers for the real drill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rackwright.cli.common import (
    CLEAN,
    FINDINGS,
    UNUSABLE,
    Format,
    Project,
    leave,
    load_project,
    out,
    out_json,
    parse_day,
    say,
)

if TYPE_CHECKING:
    from capacity.drill_model import Ballot, Condition, Drill, Recovery
    from capacity.drill_world import Ground
    from inventory.findings import Finding

EXPECTED = "expected: proved on the model of the plan; only the drill itself observes"


def run(
    name: str | None, project_name: str | None, output: Format, day: str | None, *, everything: bool, out_folder: Path | None
) -> None:  # fmt: skip
    """Prove one scenario, or all; print; write the papers when a folder is named; exit 1 when a condition is
    violated and nobody waived it."""
    today = parse_day(day)
    project = load_project(project_name, output)
    on, drills = prove(project, _chosen(project, name))
    findings = _findings(project, drills, today.isoformat())
    if output is Format.JSON:
        out_json(
            {
                "project": project.inventory.project.name,
                "date": today.isoformat(),
                "basis": "expected",
                "scenarios": [_as_dict(d, detail=name is not None) for d in drills],
                "findings": [f.to_dict() for f in findings],
            }
        )
    elif name is None and not everything:
        _list(drills)
    else:
        for n, drill in enumerate(drills):
            if n:
                out("")
            _show(drill, [f for f in findings if f.subject.startswith(f"{drill.scenario.name}/")])
    if out_folder is not None:
        _write(on, drills, out_folder, day)
    leave(FINDINGS if any(f.blocks for f in findings) else CLEAN)


def _chosen(project: Project, name: str | None) -> list[str]:
    """The scenarios asked for; leaves with 2 when there is none."""
    scenarios = project.inventory.scenarios
    if not scenarios:
        say(
            "no scenario is declared: write a section scenarios: (kinds and fields: docs/inventory-reference.md)"
        )
        leave(UNUSABLE)
    if name is None:
        return list(scenarios)
    if name not in scenarios:
        from inventory.validation import near

        guess = near(name, scenarios)
        say(
            f"no scenario {name}"
            + (f"; did you mean {guess}?" if guess else f"; declared: {', '.join(scenarios)}")
        )
        leave(UNUSABLE)
    return [name]


def prove(project: Project, names: Sequence[str]) -> tuple[Ground, list[Drill]]:
    """The named scenarios proved on the plan of a project, and what they stand on. Leaves with 2 without a plan."""
    from capacity.drills import drill, ground
    from topology.graph import layers
    from topology.risk import shared_risks

    inventory, plan = project.inventory, project.plan
    if plan is None:
        say("no plan yet: run `rackwright plan` first")
        leave(UNUSABLE)
    graphs = layers(inventory, plan)
    on = ground(inventory, plan, graphs, shared_risks(inventory, graphs))
    return on, [drill(on, inventory.scenarios[n]) for n in names]


def _findings(project: Project, drills: Sequence[Drill], today: str) -> list[Finding]:
    """Findings of all drills, waivers applied."""
    from capacity.drill_codes import drill_findings
    from inventory.findings import Waived, ordered

    waivers = [w for w in project.inventory.waivers.values() if w.until >= today]
    found = []
    for one in ordered(f for d in drills for f in drill_findings(project.inventory, d)):
        waiver = next((w for w in waivers if w.code == one.code and _covers(w.subject, one.subject)), None)
        found.append(one.with_waiver(Waived(waiver.reason, waiver.by, waiver.until)) if waiver else one)
    return found


def _covers(pattern: str, subject: str) -> bool:
    return subject.startswith(pattern[:-1]) if pattern.endswith("*") else subject == pattern


# ---------------------------------------------------------------- text


def _list(drills: Sequence[Drill]) -> None:
    width = max(len(d.scenario.name) for d in drills)
    out(f"{EXPECTED}\n")
    for d in drills:
        worst = next((c for c in d.conditions if c.verdict == "violated"), None)
        first = worst or next((c for c in d.conditions if c.verdict == "not evaluated"), None)
        said = f"{d.count('violated')} violated, {d.count('not evaluated')} not evaluated, {d.count('holds')} hold"
        out(f"{d.scenario.name:{width}}  {d.verdict.upper() if worst else d.verdict:13}  {said}")
        out(f"{'':{width}}  {d.scenario.title.en} | {d.scenario.title.zh}")
        for stranger in d.strangers:
            out(f"{'':{width}}  names something that is not there: {stranger.message.en}; {stranger.fix.en}")
        if first is not None:
            out(f"{'':{width}}  {_line(first)}")
    out(
        "\n`rackwright drill NAME` shows one in full, --all every one; --out FOLDER writes run-sheets and record forms"
    )


def _line(c: Condition) -> str:
    case = f" [{c.case}]" if c.case else ""
    return f"{c.name} {c.subject}{case}: {c.message.en}" + (f" ({c.arithmetic})" if c.arithmetic else "")


def _show(drill: Drill, findings: Sequence[Finding]) -> None:
    from capacity.drill_model import CONDITION_TITLES, KIND_TITLES

    scenario = drill.scenario
    kind = KIND_TITLES[scenario.kind]
    out(f"{scenario.name}: {scenario.title.en} | {scenario.title.zh}")
    out(f"  kind      {kind.en} | {kind.zh}{f', {scenario.clause}' if scenario.clause else ''}")
    out(f"  fails     {_struck(drill)}")
    said = f"{drill.count('violated')} violated, {drill.count('not evaluated')} not evaluated, {drill.count('holds')} hold"
    out(f"  verdict   {drill.verdict}: {said}")
    out(f"            {EXPECTED}")
    out("\n  must hold                                                     holds  violated  not evaluated")
    counts = Counter((c.name, c.verdict) for c in drill.conditions)
    for name in dict.fromkeys(sorted((c.name for c in drill.conditions), key=list(CONDITION_TITLES).index)):
        row = [counts[name, v] for v in ("holds", "violated", "not evaluated")]
        out(f"  {name:16} {CONDITION_TITLES[name].en:58.58} {row[0]:4} {row[1]:8} {row[2]:8}")
    failed = [f for f in findings if f.status == "failed"]
    if failed:
        out("\n  violated: counter-examples")
        for f in failed:
            for line in f.to_text().splitlines():
                out(f"    {line}")
    _unknown([c for c in drill.conditions if c.verdict == "not evaluated"])
    held = [c for c in drill.conditions if c.verdict == "holds"]
    if held and len(drill.cases) == 1:
        out("\n  holds")
        for c in held:
            out(f"    {_line(c)}")
    if drill.ballots:
        out("\n  votes and fencing")
        for ballot in drill.ballots:
            out(f"    {votes_text(ballot)}")
    if drill.recoveries:
        out("\n  recovery time, expected")
        for r in drill.recoveries:
            out(f"    {recovery_text(r)}")


def _unknown(conditions: Sequence[Condition]) -> None:
    """What is not evaluated: one line for each missing fact, with all its subjects and the places to write it."""
    groups: dict[tuple[str, str, str], list[Condition]] = {}
    for c in conditions:
        said = c.message.en if c.name != "rto" else c.message.en.partition("; ")[2] or c.message.en
        groups.setdefault((c.name, said, c.fix.en if c.fix else ""), []).append(c)
    if groups:
        out("\n  not evaluated: what is missing, and where to write it")
    for (name, said, fix), group in groups.items():
        places = ", ".join(dict.fromkeys(str(c.at) for c in group if c.at))
        out(f"    {name}: {said}: {', '.join(dict.fromkeys(c.subject for c in group))}")
        for word, text in (("fix", fix), ("place", places)):
            if text:
                out(f"      {word:7}{text}")


def _struck(drill: Drill) -> str:
    if not drill.cases:
        return "nothing: no case could be built"
    if len(drill.cases) > 1:
        return (
            f"{len(drill.cases)} cases, one after the other: {', '.join(c.name or 'links only' for c in drill.cases[:6])}"
            + (f" +{len(drill.cases) - 6}" if len(drill.cases) > 6 else "")
        )
    case = drill.cases[0]
    if not case.failed:
        return "nothing" + (f"; {', '.join(case.cut_off)} cut off from its users" if case.cut_off else "")
    kinds = Counter(k.partition("/")[0] for k in case.failed)
    parts = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items(), key=lambda x: (-x[1], x[0]))[:6])
    cut = f"; {', '.join(case.cut_off)} cut off from its users" if case.cut_off else ""
    return f"{len(case.failed)} element{'s' * (len(case.failed) > 1)} ({parts}{' …' if len(kinds) > 6 else ''}){cut}"


def votes_text(ballot: Ballot) -> str:
    """Votes of every side of one quorum, who cannot vote any more, and what fences the rest."""
    sides = "; ".join(
        f"{'+'.join(p.sites)} {p.votes} of {p.total}{' (majority)' if p.majority else ''}"
        for p in ballot.parties
    )
    dark = f"; dark: {', '.join(ballot.dark)}" if ballot.dark else ""
    how = "automatic" if ballot.automatic else "by hand"
    fencing = ballot.fencing or "not stated"
    case = f" [{ballot.case}]" if ballot.case else ""
    return f"{ballot.quorum}{case}: {sides or 'nobody'}{dark}; switch-over {how}; fencing {fencing}"


def recovery_text(recovery: Recovery) -> str:
    """Predicted time, target, and the chain of stages that makes it."""
    if recovery.total_s is None:
        return f"{recovery.service}: not evaluated: {recovery.unknown[0][0].en}; so far {recovery.arithmetic}"
    target = "no target stated" if recovery.target_s is None else f"target {recovery.target_s:g} s"
    return f"{recovery.service}: {recovery.total_s:g} s, {target}: {recovery.arithmetic}"


# ---------------------------------------------------------------- data


def _as_dict(drill: Drill, *, detail: bool) -> dict[str, Any]:
    """JSON form of one drill; `detail` adds the elements that fail."""
    scenario = drill.scenario
    return {
        "name": scenario.name,
        "kind": scenario.kind,
        "title": scenario.title.en,
        "title_zh": scenario.title.zh,
        "verdict": drill.verdict,
        "violated": drill.count("violated"),
        "not_evaluated": drill.count("not evaluated"),
        "holds": drill.count("holds"),
        "cases": [
            {"name": c.name, "failed": len(c.failed), "cut_off": list(c.cut_off)} | ({"elements": sorted(c.failed)} if detail else {})
            for c in drill.cases
        ],
        "conditions": [
            {
                "condition": c.name,
                "subject": c.subject,
                "case": c.case,
                "verdict": c.verdict,
                "message": c.message.en,
                "message_zh": c.message.zh,
                "arithmetic": c.arithmetic,
                "source": str(c.at) if c.at else None,
            }
            for c in drill.conditions
        ],
        "votes": [
            {
                "quorum": b.quorum,
                "case": b.case,
                "sides": [{"sites": list(p.sites), "votes": p.votes, "of": p.total, "majority": p.majority} for p in b.parties],
                "dark": list(b.dark),
                "automatic": b.automatic,
                "fencing": b.fencing,
            }
            for b in drill.ballots
        ],
        "recovery": [
            {
                "service": r.service,
                "predicted_s": r.total_s,
                "target_s": r.target_s,
                "detect_s": r.detect_s,
                "decide_s": r.decide_s,
                "stages": [{"service": leg.service, "stage": leg.stage, "start_s": leg.start_s, "end_s": leg.end_s} for leg in r.legs],
                "unknown": [text.en for text, _ in r.unknown],
            }
            for r in drill.recoveries
        ],
        "not_there": [{"path": list(s.path), "message": s.message.en, "fix": s.fix.en} for s in drill.strangers],
    }  # fmt: skip


def _write(on: Ground, drills: Sequence[Drill], folder: Path, day: str | None) -> None:
    """Run-sheets and record forms in both languages."""
    from rackwright.cli.plan import writing
    from rackwright.documents.drill_papers import write_papers

    with writing("what was written before stands"):
        paths = list(write_papers(on, drills, folder, day))
    say(f"wrote {len(paths)} files to {folder}: run-sheets and record forms, Chinese and English")
    for drill in drills:
        if not drill.cases:
            say(f"{drill.scenario.name}: no case could be built, so no papers")
