"""What a Ruijie RGOS switch shows, as rows: public template collections have nothing for it.

The layouts follow what public documents and other readers of RGOS output expect of releases 11 and 12.
"""

from __future__ import annotations

import io
import re
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "textfsm"


def rows(command: str, text: str) -> list[dict[str, str]]:
    """The rows of an answer, keys in lower case. Raises ValueError for a command without a template and for an
    answer the template does not fit."""
    import textfsm  # type: ignore[import-untyped]

    name = re.sub(r"[^a-z]+", "_", command.lower())
    try:
        template = textfsm.TextFSM(io.StringIO(_template(name)))
    except FileNotFoundError as error:
        raise ValueError(f"no template for `{command}`") from error
    try:
        found: list[list[Any]] = template.ParseText(text)
    except textfsm.TextFSMError as error:
        raise ValueError(f"`{command}`: an answer of another layout: {error}") from error
    keys = [key.lower() for key in template.header]
    return [dict(zip(keys, map(str, row), strict=True)) for row in found]


@cache
def _template(name: str) -> str:
    return (FOLDER / f"ruijie_os_{name}.textfsm").read_text(encoding="utf-8")
