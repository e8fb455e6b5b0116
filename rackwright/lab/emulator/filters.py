"""What follows a | on a switch's command line."""

from __future__ import annotations

import re
from collections.abc import Callable


def piped(line: str, run: Callable[[str], str]) -> str:
    """The answer to a line with `| include X`, `| exclude X`, `| begin X` or `| no-more` behind it."""
    command, *filters = (part.strip() for part in line.split("|"))
    text = run(command)
    for entry in filters:
        word, _, pattern = entry.partition(" ")
        lines = text.splitlines()
        try:
            test = re.compile(pattern.strip().strip('"'))
        except re.error:
            return "Error: Wrong regular expression.\n"
        if word.startswith("inc"):
            lines = [x for x in lines if test.search(x)]
        elif word.startswith("exc"):
            lines = [x for x in lines if not test.search(x)]
        elif word.startswith("beg"):
            first = next((i for i, x in enumerate(lines) if test.search(x)), len(lines))
            lines = lines[first:]
        text = "".join(f"{x}\n" for x in lines)
    return text
