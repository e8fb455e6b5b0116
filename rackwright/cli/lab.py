"""`rackwright lab`: options and help of its verbs; the work is in `lab_verbs`."""

from __future__ import annotations

from typing import Annotated

import typer

from rackwright.cli.common import Format
from rackwright.cli.options import FormatOption, ProjectOption

lab = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Rehearse on one machine: the plan's devices as network namespaces, wired exactly as its cables say.\n\n"
    "Servers with a real sshd and lldpd, switches with an emulated command line over live links, FRR for the "
    "underlay. Needs root; never touches the machine's own network. docs/lab.md says what is real and what is not.\n\n"
    "Start with `rackwright lab up -p guangxi`, then `lab status`, `lab fault`, `lab heal`, `lab down`.",
)

NameOption = Annotated[
    str | None,
    typer.Option("--name", help="Which lab. Default: the only one of this folder (up: the project's name)."),
]


@lab.command()
def up(
    project: ProjectOption = None,
    site: Annotated[str | None, typer.Option("--site", help="One site only.")] = None,
    pair: Annotated[list[str] | None, typer.Option("--pair", help="These access pairs and what hangs on them.")] = None,
    rack: Annotated[
        list[str] | None, typer.Option("--rack", "--racks", help="Only servers of these racks; all of them.")
    ] = None,
    servers_per_pair: Annotated[
        int | None, typer.Option("--servers-per-pair", min=0, help="So many servers a pair; 0: all. Default: 4.")
    ] = None,
    name: NameOption = None,
    configured: Annotated[
        bool,
        typer.Option(
            "--configured",
            help="Switches start with their planned configuration, servers with their planned MTU, not as delivered.",
        ),
    ] = False,
    lldp_interval: Annotated[
        int, typer.Option("--lldp-interval", min=1, max=60, help="Seconds between LLDP frames; 5 for up to 60 nodes.")
    ] = 5,
) -> None:  # fmt: skip
    """Build a lab from the plan on disk. Without a slice: two pairs of every site, four servers each.

    When it fails or is interrupted, what was made is removed again; after a crash, `lab down` does it.
    """
    from rackwright.cli.lab_verbs import run_up

    run_up(
        project, site, pair or [], rack or [], servers_per_pair, name, configured=configured, lldp_interval_s=lldp_interval
    )  # fmt: skip


@lab.command()
def status(
    name: NameOption = None,
    output: FormatOption = Format.TEXT,
    wait: Annotated[
        int,
        typer.Option("--wait", metavar="SECONDS", help="Come back when all is as planned, or after so long."),
    ] = 0,
) -> None:
    """Show nodes, LLDP and BGP against the plan, and the faults in force. Exit 1 when something is not as planned."""
    from rackwright.cli.lab_verbs import run_status

    run_status(name, output, wait)


@lab.command(context_settings={"ignore_unknown_options": True})
def fault(
    kind: Annotated[str, typer.Argument(help="What goes wrong; see the list above.")],
    words: Annotated[list[str] | None, typer.Argument(help="What it goes wrong with.")] = None,
    silent: Annotated[
        bool, typer.Option("--silent", help="cut: the ports stay up, nothing gets through.")
    ] = False,
    traffic: Annotated[
        bool, typer.Option("--traffic", help="cut: LLDP gets through, nothing else does.")
    ] = False,
    towards: Annotated[
        str | None, typer.Option("--towards", help="cut: only what is sent to this device.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="swap: the device where the plugs change places.")
    ] = None,
    command: Annotated[
        str | None, typer.Option("--command", help="hang, drop, lie: commands that begin so.")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="lie: the answer; \\n starts a line.")] = None,
    name: NameOption = None,
) -> None:
    """Put a fault in. A cable is named by its id or by DEVICE:PORT of either end.

    [bold]Cables[/bold]
    `lab fault cut A-F-000247`             it is out: no carrier at either end
    `lab fault cut A-F-000247 --silent`    the ports stay up, nothing gets through
    `lab fault cut A-F-000247 --traffic`   LLDP gets through, nothing else does
    `lab fault swap A-F-000037 A-F-000049` two plugs have changed places
    `lab fault dim A-F-000247 -18.5`       our switches receive so little light

    [bold]Power[/bold] (a device lives on while another cord of it has power)
    `lab fault kill A-ASW-01A`             a device, a pair, a rack or a site
    `lab fault kill A01-A05/a`             a feed of a rack, a panel or a UPS

    [bold]Devices[/bold]
    `lab fault hang A-ASW-01A --command "display lldp"`   never answers that
    `lab fault hang a-ecs-001`             a server stands still as a whole
    `lab fault drop A-ASW-01A`             cuts the session in mid-commit
    `lab fault forget-commit A-ASW-01A`    says it is done and keeps the old
    `lab fault lie A-ASW-01A --command "display version" --text "VRP V1"`
    `lab fault slow A-ASW-01A 3`           seconds for every answer
    `lab fault refuse-login A-ASW-01A`     takes no password
    `lab fault serial DEVICE 2102XYZ`      other than planned; so are
    `lab fault version DEVICE V200R021`
    `lab fault clock DEVICE -2.5`          seconds; negative is slow
    `lab fault bmc DEVICE 401`             its controller takes no password;
                                           503: out of service; 3: is slow

    Faults add up. `lab status` numbers them, `lab heal NUMBER` takes one out,
    `lab heal` all.
    """
    from rackwright.cli.lab_verbs import run_fault

    how = "silent" if silent else "traffic" if traffic else ""
    options = {
        "how": how,
        "towards": towards or "",
        "at": at or "",
        "command": command or "",
        "text": text or "",
    }
    run_fault(name, kind, words or [], options)


@lab.command()
def heal(
    numbers: Annotated[list[int] | None, typer.Argument(help="Numbers of faults, from `lab status`. None: all.")] = None,
    name: NameOption = None,
) -> None:  # fmt: skip
    """Take faults out again, one by one or all: cables back in, power on, devices behave.

    What died of itself meanwhile is started again, too.
    """
    from rackwright.cli.lab_verbs import run_heal

    run_heal(name, numbers or None)


@lab.command()
def down(
    name: NameOption = None,
    every: Annotated[bool, typer.Option("--all", help="Every lab on this machine.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also one that is being built just now.")] = False,
) -> None:
    """Remove everything of a lab: processes, namespaces, mounts. Works after a crash, and twice.

    The folder build/lab/NAME with its logs stays. Another lab is never touched.
    """
    from rackwright.cli.lab_verbs import run_down

    run_down(name, every=every, force=force)


@lab.command("list")
def list_labs(output: FormatOption = Format.TEXT) -> None:
    """List the labs of this machine, also crashed ones and those whose folder was deleted."""
    from rackwright.cli.lab_verbs import run_list

    run_list(output)


@lab.command("exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def execute(
    node: Annotated[str, typer.Argument(help="A device, or ctl: the place all management addresses are reached from.")],
    command: Annotated[list[str] | None, typer.Argument(help="Command and arguments. None: a shell, or its CLI.")] = None,
    name: NameOption = None,
) -> None:  # fmt: skip
    """Run a command inside a node: `lab exec a-ecs-001 -- hostname`, `lab exec ctl -- ansible-playbook …`.

    Without a command: a shell on servers, the switch's own command line (password lab) on switches.
    """
    from rackwright.cli.lab_verbs import run_exec

    run_exec(name, node, command or [])


@lab.command()
def rehearse(
    project: ProjectOption = None,
    name: Annotated[str, typer.Option("--name", help="Name of the lab.")] = "rehearsal",
    servers_per_pair: Annotated[int, typer.Option("--servers-per-pair", min=2, help="So many servers a pair.")] = 2,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the lab standing, also when a step fails.")] = False,
) -> None:  # fmt: skip
    """Rehearse the whole night: lab, playbooks, verify, eight faults found and named, repaired, verified, gone.

    Exit 0 only when every step went as it should. Everything written lies in build/lab/NAME.
    """
    from rackwright.cli.lab_verbs import run_rehearse

    run_rehearse(project, name, servers_per_pair, keep=keep)
