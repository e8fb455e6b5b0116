"""`rackwright push` and `verify`: options and help of the verbs that talk to devices."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rackwright.cli.common import Format
from rackwright.cli.options import FormatOption, ProjectOption

SiteOption = Annotated[str | None, typer.Option("--site", help="Only devices of this site.")]
PairOption = Annotated[list[str] | None, typer.Option("--pair", help="Only this pair; may be repeated.")]
HostOption = Annotated[list[str] | None, typer.Option("--host", help="Only this device; may be repeated.")]
UserOption = Annotated[str | None, typer.Option("--user", help="Who logs in. Default: RACKWRIGHT_USER.")]
SecretOption = Annotated[
    str | None,
    typer.Option("--secret", help="Secret of the inventory with the password. Default: RACKWRIGHT_PASSWORD."),
]
VaultOption = Annotated[
    Path | None, typer.Option("--vault", help="ansible-vault file for secrets whose source is `vault`.")
]
KnownHostsOption = Annotated[
    Path | None,
    typer.Option("--known-hosts", help="Host keys. Default: RACKWRIGHT_KNOWN_HOSTS, or the user's own."),
]
PortOption = Annotated[int, typer.Option("--port", help="TCP port of SSH.")]
LabOption = Annotated[
    Path | None,
    typer.Option(
        "--lab",
        envvar="RACKWRIGHT_LAB_FOLDER",
        metavar="FOLDER",
        help="Only what stands in the lab of this folder; what the lab cannot show is told as such.",
    ),
]


class Report(StrEnum):
    """How `verify` answers."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


class Kinds(StrEnum):
    """Devices `verify` asks."""

    SWITCHES = "switches"
    SERVERS = "servers"
    CONTROLLERS = "controllers"


WorkersOption = Annotated[int, typer.Option("--workers", min=1, help="Devices at once.")]


def push(
    project: ProjectOption = None,
    output: FormatOption = Format.TEXT,
    site: SiteOption = None,
    pair: PairOption = None,
    host: HostOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change; send nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    revert_in: Annotated[
        int,
        typer.Option("--revert-in", min=1, help="Seconds after which a switch goes back unless confirmed."),
    ] = 600,
    without_timer: Annotated[
        bool,
        typer.Option(
            "--without-timer", help="Push also where nothing goes back by itself (RGOS): the risk is told."
        ),
    ] = False,
    undo: Annotated[
        str | None, typer.Option("--undo", help="Put back what this earlier run changed: its folder or name.")
    ] = None,
    settle: Annotated[float, typer.Option("--settle", help="Seconds links may take to come back.")] = 60,
    timeout: Annotated[
        float,
        typer.Option("--timeout", help="Seconds a switch may take to answer; four times that for a commit."),
    ] = 30,
    hold_by: Annotated[
        str | None, typer.Option("--hold-by", help="Who passes the hold points where nobody can be asked.")
    ] = None,
    override_by: Annotated[
        str | None, typer.Option("--override-by", help="Who lets a change be made outside its window.")
    ] = None,
    override_ticket: Annotated[
        str | None, typer.Option("--override-ticket", help="The ticket that is decided in.")
    ] = None,
    user: UserOption = None,
    secret: SecretOption = None,
    vault: VaultOption = None,
    known_hosts: KnownHostsOption = None,
    port: PortOption = 22,
    workers: WorkersOption = 20,
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Folder for the logs. Default: build/<project>.")
    ] = None,
    lab: LabOption = None,
) -> None:
    """Bring switches to the configuration the plan intends: difference, commit on trial, health check, confirm or roll back.

    One switch first, then its twin, then a share, then the rest; a person looks after each of the first. Never both
    members of a pair at once; the second only when the first is well.
    """
    from rackwright.cli.push import Asked, run

    run(
        project, output,
        Asked(
            site, pair or [], host or [], dry_run, yes, revert_in, without_timer, settle, timeout, user, secret, vault, known_hosts,
            port, workers, out_folder, undo, hold_by, override_by, override_ticket, lab,
        ),
    )  # fmt: skip


def verify(
    project: ProjectOption = None,
    output: Annotated[
        Report, typer.Option("--format", help="text for people, json for programs, junit for CI.")
    ] = Report.TEXT,
    site: SiteOption = None,
    pair: PairOption = None,
    host: HostOption = None,
    only: Annotated[
        Kinds | None,
        typer.Option(
            "--only",
            help="Ask only switches, servers or management controllers; the other ends are taken from them.",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with the latest run: devices read whole are not asked again."),
    ] = False,
    user: UserOption = None,
    secret: SecretOption = None,
    server_user: Annotated[str, typer.Option("--server-user", help="Who logs in to servers.")] = "root",
    server_key: Annotated[
        Path | None,
        typer.Option(
            "--server-key",
            envvar="RACKWRIGHT_SERVER_KEY",
            help="Private key for servers. Default: the agent's.",
        ),
    ] = None,
    bmc_user: Annotated[
        str | None,
        typer.Option(
            "--bmc-user", help="Who logs in to management controllers. Default: RACKWRIGHT_BMC_USER."
        ),
    ] = None,
    bmc_secret: Annotated[
        str | None,
        typer.Option(
            "--bmc-secret",
            help="Secret of the inventory with their password. Default: RACKWRIGHT_BMC_PASSWORD.",
        ),
    ] = None,
    bmc_ca: Annotated[
        Path | None,
        typer.Option("--bmc-ca", help="Authority that signs their certificates. Default: RACKWRIGHT_BMC_CA."),
    ] = None,
    vault: VaultOption = None,
    known_hosts: KnownHostsOption = None,
    port: PortOption = 22,
    workers: WorkersOption = 20,
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Folder for what was read. Default: build/<project>.")
    ] = None,
    lab: LabOption = None,
) -> None:
    """Read what stands there and hold it against the plan: cables, ports, light, configurations, serials, time, and
    what management controllers tell.

    Exit 0 only when everything was looked at and is as planned; what was not run is never a pass.
    """
    from rackwright.cli.verify import Options, run

    options = Options(
        site, tuple(pair or ()), tuple(host or ()), only.value if only else None, resume, user, secret, server_user,
        server_key, bmc_user, bmc_secret, bmc_ca, vault, known_hosts, port, workers, out_folder, lab,
    )  # fmt: skip
    run(project, output.value, options)
