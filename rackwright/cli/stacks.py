"""`rackwright stacks`: options and help of its verbs; the work is in `stacks_verbs`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rackwright.cli.common import Format
from rackwright.cli.options import FormatOption, ProjectOption

stacks = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="What has an API and a lifetime, kept by Pulumi from the plan: management controllers, DHCP reservations, DNS, "
    "and switch configurations where a project wants that.\n\n"
    "One stack a site and layer, in the order of what they need. The state lies below build/<project>/stacks; "
    "PULUMI_CONFIG_PASSPHRASE encrypts it. docs/stacks.md tells the rest.\n\n"
    "Exit codes: 0 all is well, 1 a stack failed or something has drifted, 2 nothing could be run, 130 interrupted.",
)

SiteOption = Annotated[list[str] | None, typer.Option("--site", help="Only this site; may be repeated.")]
LayerOption = Annotated[
    list[str] | None,
    typer.Option("--layer", help="Only this layer; may be repeated. `switches` runs only when named."),
]
StateOption = Annotated[
    Path | None,
    typer.Option("--state", help="Folder of state and work files. Default: build/<project>/stacks."),
]
VerboseOption = Annotated[bool, typer.Option("-v", "--verbose", help="Every change, not only the first 40.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
ParallelOption = Annotated[
    int | None, typer.Option("--parallel", min=1, help="Resources at once. Default: PULUMI_PARALLEL, or 32.")
]


@stacks.command()
def preview(
    project: ProjectOption = None,
    site: SiteOption = None,
    layer: LayerOption = None,
    output: FormatOption = Format.TEXT,
    state: StateOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Show what `up` would do; change nothing."""
    from rackwright.cli.stacks_verbs import Asked, run_preview

    run_preview(Asked(project, site or [], layer or [], output, state, verbose))


@stacks.command()
def up(
    project: ProjectOption = None,
    site: SiteOption = None,
    layer: LayerOption = None,
    output: FormatOption = Format.TEXT,
    state: StateOption = None,
    verbose: VerboseOption = False,
    yes: YesOption = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Look at what stands first, so that drift is put right too.")
    ] = False,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="After a killed run: release its lock, look what it had begun, go on."),
    ] = False,
    parallel: ParallelOption = None,
) -> None:
    """Bring what stands to what the plan declares. Without --yes the changes are shown first and you are asked."""
    from rackwright.cli.stacks_verbs import Asked, run_up

    asked = Asked(project, site or [], layer or [], output, state, verbose)
    run_up(asked, yes=yes, refresh=refresh, resume=resume, parallel=parallel)


@stacks.command()
def drift(
    project: ProjectOption = None,
    site: SiteOption = None,
    layer: LayerOption = None,
    output: FormatOption = Format.TEXT,
    state: StateOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Look at everything that was applied and say what has changed behind its back; change nothing. Exit 1 on drift,
    and when anything declared could not be looked at."""
    from rackwright.cli.stacks_verbs import Asked, run_drift

    run_drift(Asked(project, site or [], layer or [], output, state, verbose))


@stacks.command()
def destroy(
    project: ProjectOption = None,
    site: SiteOption = None,
    layer: LayerOption = None,
    output: FormatOption = Format.TEXT,
    state: StateOption = None,
    verbose: VerboseOption = False,
    yes: YesOption = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="After a killed run: release its lock, look what it had begun, take that away too.",
        ),
    ] = False,
    parallel: ParallelOption = None,
) -> None:
    """Take everything away that was applied, last layer first. Controllers get back what they had before."""
    from rackwright.cli.stacks_verbs import Asked, run_destroy

    asked = Asked(project, site or [], layer or [], output, state, verbose)
    run_destroy(asked, yes=yes, resume=resume, parallel=parallel)


@stacks.command("import")
def import_(
    project: ProjectOption = None,
    site: SiteOption = None,
    layer: LayerOption = None,
    output: FormatOption = Format.TEXT,
    state: StateOption = None,
    verbose: VerboseOption = False,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="Only this resource; may be repeated. Default: all declared."),
    ] = None,
) -> None:
    """Take into the state what stands already and is declared; change nothing out there. For a state that was lost,
    or for what was set up by hand."""
    from rackwright.cli.stacks_verbs import Asked, run_import

    run_import(Asked(project, site or [], layer or [], output, state, verbose), names=name or [])


@stacks.command()
def status(
    project: ProjectOption = None,
    site: SiteOption = None,
    layer: LayerOption = None,
    output: FormatOption = Format.TEXT,
    state: StateOption = None,
) -> None:
    """Say of every stack how much it holds, when it was last applied, from which plan, and what was left half done."""
    from rackwright.cli.stacks_verbs import Asked, run_status

    run_status(Asked(project, site or [], layer or [], output, state, False))


@stacks.command()
def env(
    project: ProjectOption = None,
    state: StateOption = None,
) -> None:
    """Print what plain `pulumi` in a stack folder needs, as lines for a shell: eval "$(rackwright stacks env)"."""
    from rackwright.cli.stacks_verbs import run_env

    run_env(project, state)
