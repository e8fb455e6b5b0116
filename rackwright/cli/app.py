"""The command line: options and help here, the work in one module a verb."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rackwright.cli.common import Format
from rackwright.cli.lab import lab
from rackwright.cli.options import DayOption, FormatOption, ProjectOption, VerboseOption
from rackwright.cli.site import push, verify
from rackwright.cli.stacks import stacks


class Draw(StrEnum):
    """Which draw of the devices loads are worked out at."""

    ALLOC = "alloc"
    PEAK = "peak"


class EngineName(StrEnum):
    """Where heavy work runs."""

    LOCAL = "local"
    DASK = "dask"


app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
    help="Plan and check a private-cloud expansion: YAML in, a plan that can be reviewed, committed and built out.\n\n"
    "Exit codes: 0 nothing at error level, 1 findings at error level, 2 unusable input.\n\n"
    "Start with `rackwright plan -p guangxi`, then read `rackwright show summary -p guangxi`.",
)
app.add_typer(lab, name="lab")
app.add_typer(stacks, name="stacks")


@app.command()
def plan(
    project: ProjectOption = None,
    output: FormatOption = Format.TEXT,
    day: DayOption = None,
    replan: Annotated[
        bool, typer.Option("--replan", help="Forget the plan on disk and plan anew: devices may move.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; write nothing.")] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Write the plan even when some devices cannot be placed.")
    ] = False,
    documents: Annotated[
        bool, typer.Option("--documents/--no-documents", help="Write report.html and plan.xlsx.")
    ] = True,
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Folder for the documents. Default: build/<project>.")
    ] = None,
) -> None:
    """Place, cable, address and power everything; write plan/*.yml beside the inventory; check it.

    Append-only: what the plan on disk already places, cables or addresses stays where it is.
    """
    from rackwright.cli.plan import run

    run(
        project,
        output,
        day,
        replan=replan,
        dry_run=dry_run,
        partial=partial,
        documents=documents,
        out_folder=out_folder,
    )


@app.command()
def check(
    project: ProjectOption = None,
    output: FormatOption = Format.TEXT,
    day: DayOption = None,
    verbose: VerboseOption = False,
    code: Annotated[
        list[str] | None, typer.Option("--code", help="Only findings whose code starts so; may be repeated.")
    ] = None,
) -> None:
    """Hold inventory and plan against every rule; print findings, each with place, arithmetic and fix."""
    from rackwright.cli.check import run

    run(project, output, day, verbose=verbose, codes=code or [])


@app.command()
def show(
    what: Annotated[
        str,
        typer.Argument(help="summary, sites, racks, devices, cables, bom, addresses, power, assumptions, or the "
                       "name of a rack, device, cable, fleet or pair."),
    ] = "summary",
    project: ProjectOption = None,
    output: FormatOption = Format.TEXT,
    day: DayOption = None,
) -> None:  # fmt: skip
    """Show the summary, a list, or everything known of one rack, device or cable."""
    from rackwright.cli.show import run

    run(what, project, output, day)


@app.command()
def explain(
    code: Annotated[str | None, typer.Argument(help="A finding code such as PWR003; none lists all.")] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Explain a finding code: what is checked, why it matters, how to fix it, where the rule comes from."""
    from rackwright.cli.explain import run

    run(code, output)


@app.command()
def report(
    project: ProjectOption = None,
    output: FormatOption = Format.TEXT,
    day: DayOption = None,
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Folder for the documents. Default: build/<project>.")
    ] = None,
) -> None:
    """Write report.html and plan.xlsx from the plan on disk."""
    from rackwright.cli.plan import run_report

    run_report(project, output, day, out_folder)


@app.command()
def availability(
    project: ProjectOption = None,
    output: FormatOption = Format.TEXT,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Ten contributors of each service, and every assumption.")
    ] = False,
    service: Annotated[
        list[str] | None, typer.Option("--service", help="Only this service; may be repeated.")
    ] = None,
    years: Annotated[float, typer.Option("--years", min=1, help="Years to simulate.")] = 100_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same figures.")] = 1,
    states: Annotated[
        int,
        typer.Option(
            "--states", min=0, help="Weighted states for what a timeline hardly ever sees; 0: none."
        ),
    ] = 100_000,
    engine: Annotated[
        EngineName, typer.Option("--engine", help="local: the cores of this machine; dask: a cluster.")
    ] = EngineName.LOCAL,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", metavar="tcp://HOST:PORT", help="Address of the Dask scheduler."),
    ] = None,
) -> None:
    """Simulate failures and repairs: availability of each service, what it is down for, spares of a year.

    Every figure comes with its 95 % interval; figures nobody states are listed as assumed.
    """
    from rackwright.cli.availability import run

    run(
        project,
        output,
        years=years,
        seed=seed,
        states=states,
        services=service or [],
        engine_name=engine.value,
        scheduler=scheduler,
        verbose=verbose,
    )


@app.command()
def drill(
    scenario: Annotated[
        str | None, typer.Argument(help="Name of a declared scenario; none lists all with their verdicts.")
    ] = None,
    project: ProjectOption = None,
    output: FormatOption = Format.TEXT,
    day: DayOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Every scenario in full.")] = False,
    out_folder: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for run-sheets and record forms (docx, Chinese and English)."),
    ] = None,
) -> None:
    """Prove disaster-recovery drills on the plan: what must hold, what does, votes, recovery times; write the papers.

    Exit 1 when a condition is violated. What lacks data is not evaluated, never passed.
    """
    from rackwright.cli.drill import run

    run(scenario, project, output, day, everything=everything, out_folder=out_folder)


@app.command()
def power(
    project: ProjectOption = None,
    order: Annotated[
        int,
        typer.Option("--order", min=1, max=2, help="Shared risks that fail together: 1 alone, 2 every pair."),
    ] = 1,
    fail: Annotated[
        list[str] | None,
        typer.Option(
            "--fail",
            metavar="KEY",
            help="An element (ups/A-UPS-A) or shared risk (rack:A01-A04) that fails; may be repeated.",
        ),
    ] = None,
    draw: Annotated[Draw, typer.Option("--draw", help="Allocated or peak draw.")] = Draw.PEAK,
    top: Annotated[
        int, typer.Option("--top", min=1, help="How many elements to show, the fullest first.")
    ] = 10,
    output: FormatOption = Format.TEXT,
) -> None:
    """Loads after failures: what can open at all, the worst load of every element, or what one failure does.

    Utilisation is load over limit once something has failed: a 2N rack at its limit reads 100 %, not 50 %. Exit
    code 1 when a breaker opens or an element is above its limit.
    """
    from rackwright.cli.power import run

    run(project, output, order=order, at=draw.value, fail=fail or [], top=top)


@app.command()
def simulate(
    project: ProjectOption = None,
    order: Annotated[
        int | None,
        typer.Option(
            "--order",
            min=1,
            max=3,
            help="How many shared risks fail together: 1 each alone (default), 2 every pair, 3 minimal cut sets of up to three.",
        ),
    ] = None,
    cuts: Annotated[
        bool, typer.Option("--cuts", help="Minimal cut sets instead of a sweep; up to --order, by default 3.")
    ] = False,
    cables: Annotated[
        bool,
        typer.Option(
            "--cables", help="Which cables, alone and in pairs, cut devices off from their users; no sweep."
        ),
    ] = False,
    service: Annotated[
        list[str] | None,
        typer.Option("--service", metavar="NAME", help="Only this service; may be repeated."),
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="Only shared risks of this kind (rack, ups, tray …); may be repeated.",
        ),
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(
            "--group",
            metavar="KIND:NAME",
            help="Only failures with this shared risk, a * at the end for any ending; may be repeated.",
        ),
    ] = None,
    draw: Annotated[
        Draw, typer.Option("--draw", help="Draws that the load on breakers is worked out at.")
    ] = Draw.PEAK,
    every: Annotated[
        bool,
        typer.Option("--all", help="Every class and every name, not only the first; in JSON every cut set."),
    ] = False,
    engine: Annotated[
        EngineName, typer.Option("--engine", help="local: the cores of this machine; dask: a cluster.")
    ] = EngineName.LOCAL,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", metavar="tcp://HOST:PORT", help="Address of the Dask scheduler."),
    ] = None,
    output: FormatOption = Format.TEXT,
    day: DayOption = None,
    out_folder: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for simulate-order1.json and the like. Default: build/<project>."),
    ] = None,
) -> None:
    """Fail every shared risk of the plan, alone or in pairs, and say which service loses what.

    A shared risk is whatever fails together: a device, a card, a rack, a tray segment, a UPS side, a site …
    A model proof says what to expect; it is no drill. Exit code 1 when a protected service has a single point of
    failure.

    Examples (with -p guangxi, or in a project folder):

    `rackwright simulate` — every shared risk alone: single points, bandwidth, capacity left

    `rackwright simulate --group ups:A-UPS-A` — everything that one failure does

    `rackwright simulate --order 2 --service ecs` — pairs that are worse than their halves

    `rackwright simulate --order 2 --kind rack --kind pair` — every two of racks and switch pairs

    `rackwright simulate --cuts --service ecs` — the smallest sets that take ecs down

    `rackwright simulate --cables` — cables and pairs of cables that cut devices off

    `rackwright simulate --cuts --engine dask --scheduler tcp://10.0.0.5:8786` — on a cluster
    """
    from rackwright.cli.simulate import Asked, run

    asked = Asked(
        order=order or (3 if cuts else 1),
        cuts=cuts,
        cables=cables,
        services=tuple(service or ()),
        kinds=tuple(kind or ()),
        groups=tuple(group or ()),
        at=draw.value,
        every=every,
    )
    run(project, output, day, asked, engine.value, scheduler, out_folder)


@app.command()
def render(
    project: ProjectOption = None,
    output: FormatOption = Format.TEXT,
    host: Annotated[
        list[str] | None, typer.Option("--host", help="Only this switch; may be repeated.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Write nothing: read the files back and say where they differ from the plan."
        ),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Every missing piece of every switch.")
    ] = False,
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Folder for the files. Default: build/<project>/configs.")
    ] = None,
    boot_folder: Annotated[
        Path | None,
        typer.Option(
            "--boot-out", help="Folder for DHCP, zone and installation files. Default: build/<project>/boot."
        ),
    ] = None,
) -> None:
    """Write the configuration of every planned switch, in the words of its platform, and what DHCP, name and boot servers
    need; say what is missing in it.

    Secrets stand by name only. Files that would be the same are not touched; files of no planned switch are left alone.
    """
    from rackwright.cli.render import run

    run(project, output, host or [], out_folder, boot_folder, check=check, verbose=verbose)


@app.command()
def hosts(
    project: ProjectOption = None,
    output: FormatOption = Format.TEXT,
    target: Annotated[
        Path | None, typer.Option("--out", help="File to write (YAML). Default: standard output.")
    ] = None,
) -> None:
    """Write the plan as an Ansible inventory, batches included, for a controller without this program."""
    from rackwright.cli.hosts import run

    run(project, output, target)


@app.command()
def schema(
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Folder for the schemas. Default: build/schema.")
    ] = None,
) -> None:
    """Write JSON Schemas of the inventory and the catalogue, for editors that complete and check YAML."""
    from rackwright.cli.schema import run

    run(out_folder)


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="Folder to create.")],
) -> None:
    """Start a project: a small, commented, working inventory to change into your own."""
    from rackwright.cli.new import run

    run(folder)


for _verb in (push, verify):
    app.command()(_verb)
