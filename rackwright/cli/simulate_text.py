"""What `rackwright simulate` prints for people: at most 100 columns, bounded, and nothing left unsaid."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from inventory.findings import names_text

if TYPE_CHECKING:
    from capacity.cut_classes import CutClass, Item
    from capacity.cut_sets import CutSets
    from capacity.power_worst import Worst
    from capacity.survives import Survival
    from capacity.sweep import NewLoss, ServiceState, SweepResult
    from capacity.sweep_details import Outcome
    from inventory.findings import Text

WIDTH = 100
LEGEND = "(shared risks on one line have the same effect: any one of them)"
NO_SERVICE = "no service with a listed device is declared (`services`): nothing is said about services"
_CLASSES = 8
"""Classes shown of a list unless all are asked for."""
_ITEMS = 4
_COLUMNS = 16
"""Services side by side in the matrix."""


def sweep_page(result: SweepResult, every: bool) -> list[str]:
    """Summary, services, matrix of kinds, new losses, extremes."""
    lines = [headline(result), ""]
    lines += service_table(result.services, result.order)
    if not any(s.up is not None for s in result.services):
        lines = [*lines[:2], NO_SERVICE]
    elif result.order == 1:
        lines += ["", *matrix(result)]
    else:
        lines += ["", *new_losses(result, every)]
    lines += ["", *extremes(result), *highest_loads(result.loads)]
    return lines


def headline(result: SweepResult) -> str:
    tried = "" if result.failures == result.groups or result.order == 2 else f"{result.failures:,} of "
    what = {1: "each alone", 2: f"{result.failures:,} pairs"}[result.order]
    opens = (
        f"{len(result.trips)} breakers may open and are followed"
        if result.trips
        else "no breaker of known rating and load can open"
    )
    return f"{result.project}: {tried}{result.groups:,} shared risks, {what} (draw at {result.at}: {opens})"


def service_table(services: Sequence[ServiceState], order: int) -> list[str]:
    """One line a service: numbered as the matrix columns are."""
    rows = [["#", "service", "protected", "now", "alone down by", *(["new pairs"] if order > 1 else [])]]
    for n, s in enumerate(services, 1):
        now = {True: "up", False: "DOWN", None: "not evaluated"}[s.up]
        single = f"{s.single_points:,}" if s.up else "-"
        pairs = ["-" if not s.up else f"{s.new_pairs or 0:,}"] if order > 1 else []
        rows.append([str(n), s.name, "yes" if s.protected else "no", now, single, *pairs])
    lines = table(rows, right={0, 4, 5})
    for s in services:
        if s.why_down:
            lines += wrapped(
                f"{s.name} is down although nothing has failed: " + "; ".join(t.en for t in s.why_down), ""
            )
    return lines


def matrix(result: SweepResult) -> list[str]:
    """Groups that alone take a service down: kinds by services (numbers as in the table above)."""
    counts: dict[str, dict[str, int]] = {}
    for outcome in result.single_points():
        kind = outcome.groups[0].partition(":")[0]
        for service in set(outcome.down) - set(result.intact.down):
            row = counts.setdefault(kind, {})
            row[service] = row.get(service, 0) + 1
    names = [s.name for s in result.services]
    quiet = [f"{kind} {n}" for kind, n in result.kinds.items() if kind not in counts]
    lines = []
    for start in range(0, len(names), _COLUMNS) if counts else ():
        shown = names[start : start + _COLUMNS]
        rows = [["alone down", "of", *(f"#{start + n}" for n in range(1, len(shown) + 1))]]
        rows += [
            [kind, str(result.kinds[kind]), *(str(counts[kind].get(name, ".")) for name in shown)]
            for kind in sorted(counts)
        ]
        lines += table(rows, right=set(range(1, len(shown) + 2)))
    if quiet:
        lines += wrapped("nothing goes down with any one of: " + ", ".join(quiet), "  ")
    return lines


def new_losses(result: SweepResult, every: bool) -> list[str]:
    """Pairs that take a service down although neither half does, class by class."""
    losses = result.new_losses
    if not losses:
        return ["no pair takes a service down that neither of its halves takes down alone"]
    total = sum(loss.pairs.sets for loss in losses)
    shown = losses if every else losses[:_CLASSES]
    lines = [f"new losses: {total:,} pairs in {len(losses)} classes take down what neither half does alone"]
    for n, loss in enumerate(shown, 1):
        lines += _loss(n, loss, every)
    lines += _rest([loss.pairs for loss in losses[len(shown) :]])
    return lines


def _loss(n: int, loss: NewLoss, every: bool) -> list[str]:
    head = f"{n}. {loss.pairs.sets:,} pair{'s' if loss.pairs.sets > 1 else ''}: {', '.join(loss.services)}"
    e = loss.example
    left = [f"{e.dark} devices dark, {e.cut_off} cut off", oversubscription(e)]
    left += [
        f"{c.service} has {c.left:g} of {c.needed:.4g}"
        for c in e.capacity
        if c.left < c.needed and c.service in loss.services
    ]
    return [
        *wrapped(head, "", "   "),
        *class_lines(loss.pairs, every),
        *wrapped(f"e.g. {' + '.join(e.groups)}: {'; '.join(filter(None, left))}", "    ", "         "),
    ]


def class_lines(found: CutClass, every: bool) -> list[str]:
    """The parts of a class: what has to fail together."""
    lines: list[str] = []
    for count, items in found.parts:
        if count == len(items):
            for item in items:
                lines += _part("and" if lines else "lose", item, every)
            continue
        head = f"and {count} of {len(items)}" if lines else f"any {count} of {len(items)}"
        shown = items if every else items[:_ITEMS]
        for n, item in enumerate(shown):
            lines += _part("" if n else head, item, every)
        if len(items) > len(shown):
            lines.append(f"{'':17}… and {len(items) - len(shown)} more like these")
    return lines


def _part(head: str, item: Item, every: bool) -> list[str]:
    return wrapped(f"{head:<13}{item_text(item, every)}", "    ", " " * 17)


def item_text(item: Item, every: bool = False) -> str:
    """Groups with one effect, kind by kind: `pair A-ASW-01 | tray x15 (A01-A/4--A01-A/5 …)`."""
    kinds: dict[str, list[str]] = {}
    for key in item:
        kind, _, name = key.partition(":")
        kinds.setdefault(kind, []).append(name)
    parts = []
    for kind, names in sorted(kinds.items(), key=lambda k: (len(k[1]), k[0])):
        if len(names) > 2 and not every:
            parts.append(f"{kind} x{len(names)} ({names[0]} …)")
        else:
            parts.append(f"{kind} {', '.join(names)}")
    return " | ".join(parts)


def _rest(left: Sequence[CutClass]) -> list[str]:
    if not left:
        return []
    return [
        f"… and {len(left)} classes more ({sum(c.sets for c in left):,} sets): --all shows them, --format json has them"
    ]


def extremes(result: SweepResult) -> list[str]:
    """What goes worst in the failures listed, beside services."""
    outcomes = [*result.outcomes, *(loss.example for loss in result.new_losses)]
    intact = result.intact
    lines = [
        f"with nothing failed: {intact.dark} devices dark, {intact.cut_off} cut off; {oversubscription(intact) or 'bandwidth not evaluated'}; "
        + ", ".join(f"{site} {_gbps(gbps)}" for site, gbps in intact.site_gbps)
    ]
    if not outcomes:
        return wrapped(lines[0], "")
    pick: list[tuple[str, Callable[[Outcome], float], Callable[[Outcome], str]]] = [
        ("most devices dark", lambda o: o.dark - intact.dark, lambda o: str(o.dark)),
        ("most devices cut off", lambda o: o.cut_off - intact.cut_off, lambda o: str(o.cut_off)),
        ("highest oversubscription", lambda o: (o.oversubscription or 0) - (intact.oversubscription or 0), oversubscription),
    ]  # fmt: skip
    rows = []
    for name, measure, show in pick:
        worst = max(outcomes, key=measure)
        if measure(worst) > 0:
            more = sum(measure(o) == measure(worst) for o in outcomes) - 1
            rows.append(
                [
                    name,
                    show(worst),
                    " + ".join(worst.groups)
                    + (f" and {more} other{'s' if more > 1 else ''}" if more else ""),
                ]
            )
    for n, carried in enumerate(intact.capacity):
        worst = min(outcomes, key=lambda o: o.capacity[n].share)
        c = worst.capacity[n]
        if c.left < carried.left:
            rows.append(
                [
                    f"least capacity {c.service}",
                    f"{c.left:g} of {c.needed:.4g} needed",
                    " + ".join(worst.groups),
                ]
            )
    which = "worst single failures" if result.order == 1 else "worst of the failures above"
    return [*wrapped(lines[0], ""), *([which + ":", *table(rows, indent="  ")] if rows else [])]


def highest_loads(loads: Sequence[Worst]) -> list[str]:
    """Per kind of element on the power path, the one nearest to its limit in its worst state."""
    rows = []
    for w in loads:
        if w.utilisation is not None and w.limit_w is not None:
            least = "at least " if w.at_least else ""
            when = " + ".join(w.failure) or "normal state"
            rows.append(
                [
                    w.element,
                    f"{least}{w.utilisation:.1%}",
                    f"{w.load_w / 1000:.2f} of {w.limit_w / 1000:.2f} kW",
                    when,
                ]
            )
    return ["highest loads, each in its worst state:", *table(rows, indent="  ")] if rows else []


def oversubscription(outcome: Outcome) -> str:
    """The worst oversubscription of an outcome, or nothing when it is not known."""
    ratio = outcome.oversubscription
    if ratio is None:
        return ""
    text = "no uplink left" if math.isinf(ratio) else f"oversubscription {ratio:.3g}"
    return f"{text} at {outcome.worst_pair}"


def failure_page(key: str, survival: Survival, opened: Sequence[str]) -> list[str]:
    """Everything one failure does."""
    down = [s for s, up in survival.services.items() if not up]
    lines = [
        f"{key}: {len(survival.failed)} element{'s' if len(survival.failed) > 1 else ''} fail{'' if len(survival.failed) > 1 else 's'}"
        + (f", then open: {names_text(opened)}" if opened else "")
    ]
    lines += [f"  down       {', '.join(down) or 'no service'}"]
    for name in down:
        lines += wrapped(f"{name}: " + "; ".join(t.en for t in survival.reasons[name]), " " * 14)
    for word, devices in (("dark", survival.dark), ("cut off", survival.cut_off)):
        names = [d.partition("/")[2] for d in devices]
        lines += wrapped(
            f"{word:<12}{len(names)}" + (f": {', '.join(names)}" if names else ""), "  ", " " * 14
        )
    for pair, how in survival.shut.items():
        lines.append(f"  {'shut':<12}{pair}: {how}")
    pairs = [f"{p} {_ratio(r)}" for p, r in survival.oversubscription.items()]
    lines += wrapped(f"{'oversubscr.':<12}{', '.join(pairs) or 'no access pair'}", "  ", " " * 14)
    sites = [f"{site} {_gbps(g)}" for site, g in survival.uplink_gbps.items()]
    lines += wrapped(f"{'uplinks':<12}{', '.join(sites) or '-'}", "  ", " " * 14)
    return lines


def cuts_page(found: Sequence[CutSets], protected: Mapping[str, bool], every: bool) -> list[str]:
    """Minimal cut sets, service by service."""
    lines: list[str] = []
    for cuts in found:
        mark = "protected" if protected[cuts.output] else "not protected"
        if cuts.down_already:
            lines += [
                f"{cuts.output} ({mark}): DOWN although nothing has failed, so nothing can take it down",
                "",
            ]
            continue
        words = {1: "alone", 2: "pairs", 3: "triples"}
        counts = ", ".join(f"{cuts.of_order(n):,} {words[n]}" for n in range(1, cuts.order_max + 1))
        lines.append(f"{cuts.output} ({mark}): minimal cut sets: {counts}")
        lines.append(f"  {LEGEND}")
        lines.append(f"  {cuts.without_effect:,} of {cuts.groups:,} shared risks have no part in it")
        for order in range(1, cuts.order_max + 1):
            classes = sorted((c for c in cuts.classes if c.order == order), key=lambda c: (-c.sets, c.parts))
            shown = classes if every else classes[:_CLASSES]
            for c in shown:
                lines.append(f"  {c.sets:,} of order {order}:")
                lines += class_lines(c, every)
            lines += [f"  {line}" for line in _rest(classes[len(shown) :])]
        lines.append("")
    return lines[:-1] or [NO_SERVICE]


def open_points(assumed: Iterable[tuple[str, Text]], not_evaluated: Iterable[tuple[str, Text]]) -> list[str]:
    """What was taken for granted and what was not evaluated, subjects of one text together."""
    lines = []
    for word, points in (("not evaluated", not_evaluated), ("assumed", assumed)):
        same: dict[str, list[str]] = {}
        for subject, text in points:
            same.setdefault(text.en, []).append(subject)
        lines.append(f"{word}: {len(same) or 'nothing'}")
        for statement, subjects in same.items():
            lines += wrapped(f"{names_text(sorted(set(subjects)), 4)}: {statement}", "  ", "    ")
    return lines


def table(rows: Sequence[Sequence[str]], right: Iterable[int] = (), indent: str = "") -> list[str]:
    """Columns aligned by spaces, those of `right` to the right; the last one goes on below itself when too long."""
    if not rows:
        return []
    flush = set(right)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    below = " " * (len(indent) + sum(widths[:-1]) + 2 * (len(widths) - 1))
    lines = []
    for row in rows:
        cells = [
            c.rjust(w) if i in flush else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines += wrapped("  ".join(cells).rstrip(), indent, below)
    return lines


def wrapped(text: str, first: str, rest: str | None = None) -> list[str]:
    """Lines of at most 100 columns."""
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=first + "  " if rest is None else rest,
        break_on_hyphens=False, break_long_words=False,
    )  # fmt: skip


def _gbps(value: float | None) -> str:
    return "not evaluated" if value is None else f"{value:g} Gb/s to the core"


def _ratio(value: float | None) -> str:
    if value is None:
        return "not evaluated"
    return "no uplink" if math.isinf(value) else f"{value:.3g}"
