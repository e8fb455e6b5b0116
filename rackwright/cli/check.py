"""`rackwright check`."""

from __future__ import annotations

from rackwright.cli.common import (
    CLEAN,
    FINDINGS,
    Format,
    leave,
    load_project,
    out,
    out_json,
    parse_day,
    print_findings,
    run_checks,
    tally,
)


def run(name: str | None, output: Format, day: str | None, *, verbose: bool, codes: list[str]) -> None:
    """Load, check, print; exit 1 when a finding at error level stands unwaived."""
    today = parse_day(day)
    project = load_project(name, output)
    report = run_checks(project, today)
    prefixes = tuple(c.upper() for c in codes)
    findings = [f for f in report.findings if not prefixes or f.code.startswith(prefixes)]
    if output is Format.JSON:
        out_json(
            {
                "project": project.inventory.project.name,
                "date": today.isoformat(),
                "planned": project.plan is not None,
                "findings": [f.to_dict() for f in findings],
                "checks": [
                    {
                        "code": o.code,
                        "verdict": o.verdict,
                        "subjects": o.subjects,
                        "failed": o.failed,
                        "not_evaluated": o.not_evaluated,
                        "reason": o.reason,
                    }
                    for o in report.outcomes
                    if not prefixes or o.code.startswith(prefixes)
                ],
            }
        )
    else:
        print_findings(findings, output, verbose=verbose)
        out("")
        if project.plan is None:
            out("no plan yet: rules about places, ports and cables were not evaluated; run `rackwright plan`")
        out(tally(report))
    leave(FINDINGS if any(f.blocks for f in findings) else CLEAN)
