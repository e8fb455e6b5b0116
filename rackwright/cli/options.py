"""Options that several verbs share."""

from __future__ import annotations

from typing import Annotated

import typer

from rackwright.cli.common import Format

ProjectOption = Annotated[
    str | None,
    typer.Option(
        "-p", "--project", help="Project folder, or the name of a shipped project. Default: this folder."
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="text for people, json for programs.")]
DayOption = Annotated[
    str | None,
    typer.Option("--date", metavar="YYYY-MM-DD", help="The day waivers are held against. Default: today."),
]
VerboseOption = Annotated[
    bool, typer.Option("-v", "--verbose", help="Every finding in full, also what was not evaluated.")
]
