"""`rackwright explain`."""

from __future__ import annotations

from inventory.checks import REGISTRY, Check, LoaderCode
from inventory.validation import near
from rackwright.checklist import register_all
from rackwright.cli.common import UNUSABLE, Format, leave, out, out_json, say


def run(code: str | None, output: Format) -> None:
    """Print one code's manual page, or the list of all codes."""
    register_all()
    if code is None:
        rules = [REGISTRY[c] for c in sorted(REGISTRY)]
        if output is Format.JSON:
            out_json([_data(rule) for rule in rules])
        else:
            for rule in rules:
                out(f"{rule.code}  {rule.severity:<8} {rule.title.en} | {rule.title.zh}")
        return
    found = REGISTRY.get(code.upper())
    if found is None:
        guess = near(code.upper(), REGISTRY)
        say(f"no code {code}" + (f"; did you mean {guess}?" if guess else "; `rackwright explain` lists all"))
        leave(UNUSABLE)
    if output is Format.JSON:
        out_json(_data(found))
        return
    out(f"{found.code} ({found.severity}): {found.title.en} | {found.title.zh}")
    if found.clause:
        out(f"source: {found.clause}")
    out("")
    out(found.doc)


def _data(rule: Check | LoaderCode) -> dict[str, str]:
    return {
        "code": rule.code, "severity": str(rule.severity), "title": rule.title.en, "title_zh": rule.title.zh,
        "clause": rule.clause, "text": rule.doc,
    }  # fmt: skip
