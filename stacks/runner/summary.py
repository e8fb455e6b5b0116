"""What became of a run, for people: one line a stack, what changes in it, and what is not declared with its reasons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stacks.runner.results import Change, StackResult

SHOWN = 12
"""Names shown of resources that were not looked at for one reason."""
MOST, FEW = 40, 8
"""Changes shown of one stack, the rest is counted and in JSON; from how many of one kind names are left out."""


def lines(results: Sequence[StackResult], *, verbose: bool = False) -> list[str]:
    """The summary of a run."""
    out: list[str] = []
    width = max((len(r.name) for r in results), default=0)
    for result in results:
        out += details(result, verbose=verbose)
    if out:
        out.append("")
    for result in results:
        out.append(f"{result.name:<{width}}  {result.outcome:<12}  {count_text(result)}")
    return out


def details(result: StackResult, *, verbose: bool = False) -> list[str]:
    """Changes, errors, warnings and gaps of one stack; nothing when there are none."""
    body: list[str] = []
    told = [c.line() for c in result.changes] if verbose else in_short(result.changes)
    body += [f"  {line}" for line in told[: len(told) if verbose else MOST]]
    if not verbose and len(told) > MOST:
        body.append(f"  and {len(told) - MOST} more (all of them: --verbose)")
    unseen = [f"{one.name}: {one.reason}" for one in result.not_looked_at]
    body += [f"  not looked at: {text}" for text in together(unseen, len(unseen) if verbose else SHOWN)]
    body += [f"  error: {text}" for text in together(other_errors(result))]
    body += [f"  warning: {text}" for text in together(x for x in result.warnings if x not in unseen)]
    for reason, names in result.not_declared.items():
        body.append(f"  not declared: {reason}: {', '.join(map(str, names))}")
    if result.hint:
        body.append(f"  {result.hint}")
    return ["", f"=== {result.name}", *body] if body else []


def in_short(changes: Sequence[Change]) -> list[str]:
    """A line a change; many of one kind without anything to tell of each are one line."""
    plain: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        if not change.details:
            plain.setdefault((change.sign, change.kind), []).append(change.name)
    out, joined = [], set()
    for change in changes:
        own = (change.sign, change.kind)
        names = plain.get(own, [])
        if change.details or len(names) <= FEW:
            out.append(change.line())
        elif own not in joined:
            joined.add(own)
            out.append(f"{change.sign} {len(names)} {change.kind}: {names[0]}, {names[1]} … {names[-1]}")
    return out


def count_text(result: StackResult) -> str:
    """How much changed and how long it took."""
    signs = {"+": "new", "~": "changed", "±": "replaced", "-": "gone", "=": "imported",
             "!": "found changed and not put right"}  # fmt: skip
    counts = result.counts()
    parts = [f"{counts[sign]} {word}" for sign, word in signs.items() if counts.get(sign)]
    if result.left:
        parts.append(f"{result.left} as they are")
    if result.not_looked_at:
        parts.append(f"{len(result.not_looked_at)} not looked at")
    if errors := other_errors(result):
        parts.append(f"{len(errors)} errors")
    if result.seconds:
        parts.append(f"{result.seconds:.0f} s")
    return ", ".join(parts)


def other_errors(result: StackResult) -> list[str]:
    """Errors but those that are the reason why something was not looked at."""
    unseen = {f"{one.name}: {one.reason}" for one in result.not_looked_at}
    return [
        text for text in result.errors if text not in unseen and not (unseen and text == "preview failed")
    ]


def together(texts: Iterable[str], most: int = 3) -> list[str]:
    """Texts that say the same of several resources (`name: text`), joined: the first names and how many more."""
    by_text: dict[str, list[str]] = {}
    for text in texts:
        name, colon, rest = text.partition(": ")
        own = colon and " " not in name
        by_text.setdefault(rest if own else text, []).append(name if own else "")
    out = []
    for text, names in by_text.items():
        known = [n for n in names if n]
        more = f" and {len(known) - most} more" if len(known) > most else ""
        out.append(f"{', '.join(known[:most])}{more}: {text}" if known else text)
    return out
