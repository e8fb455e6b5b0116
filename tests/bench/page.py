"""`python -m tests.bench.page`: docs/performance.md from build/bench.json, so that no figure is typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HEAD = """# Performance

Written by `python -m tests.bench.page` from the last `make bench` ({cores} shared cores, Python {python}). Every figure is
a ratio of least times taken in turn in one job, and each group comes with equalities that must hold (the same racks,
the same values, no rule broken). Absolute seconds move with the machine by a factor of ten; only compare ratios.
There is no timed assertion in the tests.
"""


def page(bench: dict[str, Any]) -> str:
    """The page as Markdown: one table a group, the equalities, the seconds behind the ratios."""
    lines = [HEAD.format(**bench).rstrip()]
    for group in bench["benches"]:
        lines += ["", f"## {group['title'][0].upper()}{group['title'][1:]}", "", "| figure | measured | aim | |",
                  "| --- | --- | --- | --- |"]  # fmt: skip
        for figure in group["figures"]:
            aim = "" if figure["aim"] is None else f"{'>=' if figure['at_least'] else '<='} {figure['aim']:g}"
            unit = "" if figure["unit"] == "x" else f" {figure['unit']}"
            note = "; ".join(t for t in (figure["verdict"], figure["detail"]) if t)
            lines.append(f"| {figure['name']} | {figure['value']:.3g}{unit} | {aim} | {note} |")
        held = [e["name"] for e in group["equalities"] if e["holds"]]
        broken = [e["name"] for e in group["equalities"] if not e["holds"]]
        lines += ["", f"Held: {'; '.join(held)}."]
        if broken:
            lines += ["", f"**Not held: {'; '.join(broken)}.**"]
        if group["seconds"]:
            lines += [
                "",
                "Seconds: " + ", ".join(f"{name} {s:.3g}" for name, s in group["seconds"].items()) + ".",
            ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    data = json.loads((ROOT / "build" / "bench.json").read_text(encoding="utf-8"))
    (ROOT / "docs" / "performance.md").write_text(page(data), encoding="utf-8")
