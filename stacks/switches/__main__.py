"""Switch configurations of a site, where the project wants them in a stack."""

from stacks.programs.entry import run

run("switches")
