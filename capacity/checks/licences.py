"""Stated = listed = licensed: licence lines against the hardware they cover (CAP010-CAP014)."""

from __future__ import annotations

from collections.abc import Iterator

from capacity.measures import COMPONENT_MEASURES, WORDS, Tally, tally
from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text
from inventory.model import Fleet, Licence, Metric
from inventory.quantities import plain_number

RULE = "core licence = physical cores, TB licence = raw HDD capacity, node licence >= managed hosts, GPU licence = cards"


def _licences(ctx: Context) -> list[Licence]:
    return list(ctx.inventory.licences.values())


def _counted(ctx: Context) -> list[Licence]:
    """Licences that can be held against listed hardware: a metric with a measure, and fleets."""
    return [
        x
        for x in ctx.inventory.licences.values()
        if x.fleets and any(m.measure is not None for m in x.metrics)
    ]


def _metrics(licence: Licence, ctx: Context) -> Iterator[tuple[int, Metric, float, Tally]]:
    """Metrics with a measure: index, metric, licensed amount, what is listed."""
    for i, metric in enumerate(licence.metrics):
        if metric.measure is not None:
            yield (
                i,
                metric,
                metric.amount * licence.quantity,
                tally(ctx.inventory, metric.measure, licence.fleets),
            )


def _words(metric: Metric) -> tuple[str, str]:
    """The unit counted, in English and in Chinese."""
    words = WORDS[metric.measure] if metric.measure else Text(metric.unit, metric.unit)
    return words.en, words.zh


def _licensed(licence: Licence, metric: Metric) -> str:
    total = plain_number(metric.amount * licence.quantity)
    return total if licence.quantity == 1 else f"{licence.quantity} x {plain_number(metric.amount)} = {total}"


def _fleet_counts(licence: Licence, ctx: Context) -> list[Related]:
    fleets = [ctx.inventory.fleets[name] for name in licence.fleets]
    return [
        Related(ctx.where(f, "count"), f"{f.name}: {f.count} x {f.device_type}") for f in fleets[:6]
    ]  # fmt: skip


@check(
    "CAP010", severity=Severity.ERROR, title=Text("Licence short of the hardware", "授权少于硬件"),
    clause=RULE, over=_counted, needs="inventory",
)  # fmt: skip
def licence_covers_hardware(licence: Licence, ctx: Context) -> Iterator[Finding]:
    """What is licensed is not less than what the covered fleets hold.

    Why it matters: cores or terabytes without a licence may not be switched on; the shortfall surfaces at acceptance.
    How to fix: raise the licensed amount, or correct the fleets and counts it covers.
    Source: core licence = physical cores of the class, TB licence = raw HDD capacity (decimal TB, SSD and NVMe
    not counted), node licence >= managed hosts, GPU licence = cards.
    Failing: `licences: [{name: rds, metrics: [{amount: 1856, unit: core, measure: cores}], fleets: [rds]}]`, 30 x 64 cores
    Passing: `licences: [{name: rds, metrics: [{amount: 1920, unit: core, measure: cores}], fleets: [rds]}]`
    """
    for i, metric, licensed, listed in _metrics(licence, ctx):
        word, zh_word = _words(metric)
        if listed.low > licensed:
            missing = plain_number(listed.low - licensed)
            yield finding(
                "CAP010", licence.name,
                Text(f"{_licensed(licence, metric)} {metric.unit} licensed, {plain_number(listed.low)} {word} listed: {missing} short",
                     f"授权 {_licensed(licence, metric)} {metric.unit}，清单为 {plain_number(listed.low)} {zh_word}，缺 {missing}"),
                ctx.where(licence, "metrics", i, "amount"),
                fix=Text(f"license {plain_number(listed.low)} {metric.unit}, or correct the fleets it covers",
                         f"授权改为 {plain_number(listed.low)} {metric.unit}，或更正所覆盖的设备组"),
                arithmetic=f"{listed.sum_text()} = {plain_number(listed.low)}; {plain_number(listed.low)} - {plain_number(licensed)} = {missing}",
                related=_fleet_counts(licence, ctx), clause=ctx.inventory.clause(licence),
            )  # fmt: skip
        elif listed.high is None:
            yield lacking(
                "CAP010", licence.name,
                Text(f"{word} of {', '.join(listed.unknown)} are unknown: the device type does not say",
                     f"{', '.join(listed.unknown)} 的{zh_word}未知：设备型号未写明"),
                ctx.where(licence, "metrics", i, "amount"),
                Text("list the components of the device type", "在设备型号中列出部件"),
            )  # fmt: skip


@check(
    "CAP011", severity=Severity.WARNING, title=Text("Licence beyond the hardware", "授权多于硬件"),
    clause=RULE, over=lambda ctx: [x for x in _counted(ctx) if x.compare == "exact"], needs="inventory",
)  # fmt: skip
def licence_not_beyond_hardware(licence: Licence, ctx: Context) -> Iterator[Finding]:
    """A licence that has to equal its hardware is not larger than it.

    Why it matters: the difference is either money for nothing or hardware somebody forgot to list.
    How to fix: find the missing hardware, correct the amount, or set `compare: at_least` where the clause says so.
    Source: core licence = physical cores of the class, TB licence = raw HDD capacity, GPU licence = cards.
    Failing: `{amount: 1248, unit: core, measure: cores}` for 12 servers of 64 cores
    Passing: `{amount: 768, unit: core, measure: cores}` for 12 servers of 64 cores
    """
    for i, metric, licensed, listed in _metrics(licence, ctx):
        if listed.high is None or listed.high >= licensed or not listed.high:
            continue
        extra = plain_number(licensed - listed.high)
        yield finding(
            "CAP011", licence.name,
            Text(f"{_licensed(licence, metric)} {metric.unit} licensed, {plain_number(listed.high)} {_words(metric)[0]} listed: {extra} too many",
                 f"授权 {_licensed(licence, metric)} {metric.unit}，清单为 {plain_number(listed.high)} {_words(metric)[1]}，多 {extra}"),
            ctx.where(licence, "metrics", i, "amount"),
            fix=Text(f"name the hardware of the other {extra} {metric.unit}, or ask the buyer what they are for",
                     f"补列其余 {extra} {metric.unit} 的硬件，或向采购人核实用途"),
            arithmetic=f"{plain_number(licensed)} licensed - ({listed.sum_text()}) listed = {extra}",
            related=_fleet_counts(licence, ctx), clause=ctx.inventory.clause(licence),
        )  # fmt: skip


@check(
    "CAP012", severity=Severity.WARNING, title=Text("Licence without hardware", "有授权无硬件"),
    clause=RULE, needs="inventory",
    over=lambda ctx: [x for x in _licences(ctx) if any(m.measure is not None for m in x.metrics)],
)  # fmt: skip
def licence_has_hardware(licence: Licence, ctx: Context) -> Iterator[Finding]:
    """A licence that is counted on hardware has listed hardware to be counted on.

    Why it matters: the product cannot run; its servers need racks, power and ports that nobody has planned.
    How to fix: list the fleet it is for and name it in `fleets`, or take the licence out.
    Source: the licence lines against the hardware lines of the order.
    Failing: `{name: gpu, metrics: [{amount: 24, unit: GPU, measure: gpus}]}`
    Passing: `{name: gpu, metrics: [{amount: 24, unit: GPU, measure: gpus}], fleets: [gpu-hosts]}`
    """
    bare: list[tuple[int, Metric]] = []
    for i, metric, licensed, listed in _metrics(licence, ctx):
        if licensed and (not licence.fleets or listed.high == 0):
            bare.append((i, metric))
    if not bare:
        return
    amounts = " + ".join(f"{_licensed(licence, m)} {m.unit}" for _, m in bare)
    why = f" ({licence.no_measure})" if licence.no_measure else ""
    if licence.fleets:
        listed_en, listed_zh = (
            f"{', '.join(licence.fleets)} hold none",
            f"{', '.join(licence.fleets)} 中没有",
        )
    else:
        listed_en, listed_zh = "no listed device is meant for it", "清单中无对应设备"
    yield finding(
        "CAP012", licence.name,
        Text(f"{amounts} licensed, {listed_en}{why}", f"授权 {amounts}，{listed_zh}{why}"),
        ctx.where(licence, "metrics", bare[0][0], "amount"),
        fix=Text("list the servers it runs on and name them in `fleets`, or have the line withdrawn",
                 "补列所运行的服务器并写入 fleets，或取消该授权"),
        arithmetic=f"{amounts} licensed - 0 listed", clause=ctx.inventory.clause(licence),
    )  # fmt: skip


@check(
    "CAP013", severity=Severity.INFO, title=Text("Licence that cannot be counted here", "授权无法计量核对"),
    clause=RULE, over=_licences, needs="inventory",
)  # fmt: skip
def licence_is_measurable(licence: Licence, ctx: Context) -> Iterator[Finding]:
    """A licence states an amount that can be counted on the listed hardware.

    Why it matters: what cannot be counted is not proved; it stays on the list of open points until somebody counts it.
    How to fix: give the metric a `measure` and `fleets`, or say in `no_measure` why nothing here can be counted.
    Source: the licence lines of the order.
    Failing (never failed, only not evaluated): `{amount: 200, unit: vCPU}` with `no_measure: vCPU of applications`
    Passing: `{amount: 768, unit: core, measure: cores}`
    """
    loose = [(i, m) for i, m in enumerate(licence.metrics) if m.measure is None]
    if licence.metrics and not loose:
        return
    what = ", ".join(f"{_licensed(licence, m)} {m.unit}" for _, m in loose) or "no amount"
    zh_what = ", ".join(f"{_licensed(licence, m)} {m.unit}" for _, m in loose) or "无数量"
    reason = licence.no_measure or "nobody says how to count it"
    yield lacking(
        "CAP013", licence.name,
        Text(f"{what}: {reason}", f"{zh_what}：{licence.no_measure or '未说明如何计量'}"),
        ctx.where(licence, "metrics", loose[0][0], "amount") if loose else ctx.where(licence, "name"),
        Text("ask the supplier of the product for the count, or give the metric a measure", "向产品供应商核实，或补充 measure"),
    )  # fmt: skip


@check(
    "CAP014", severity=Severity.INFO, title=Text("Hardware of a licensed product without a licence", "同产品硬件未被授权覆盖"),
    clause=RULE, needs="inventory",
    over=lambda ctx: [f for f in ctx.inventory.fleets.values() if f.role == "server" and f.service and f.count],
)  # fmt: skip
def fleet_is_licensed(fleet: Fleet, ctx: Context) -> Iterator[Finding]:
    """A fleet whose service is licensed by cores, threads, TB or GPUs elsewhere is covered by such a licence too, and
    by every product that is licensed for its service at another site.

    Why it matters: the service is licensed by hardware on one fleet; the same product on another fleet may need it too.
    How to fix: add the fleet to the licence, or have the vendor confirm that it needs none.
    Source: the licence lines against the services of the fleets.
    Failing: service `realtime` on fleets `rt` and `rt-diag`, licence `fleets: [rt]`
    Passing: licence `fleets: [rt, rt-diag]` with the amount of both
    """
    covered: dict[str, str] = ctx.memo("licensed fleets", lambda: _licensed_fleets(ctx))
    if fleet.name in covered:
        yield from _licensed_elsewhere_only(fleet, ctx)
        return
    peers: dict[str, Fleet] = ctx.memo("licensed services", lambda: _licensed_services(ctx, covered))
    peer = peers.get(fleet.service or "")
    if peer is None:
        return
    licence = ctx.inventory.licences[covered[peer.name]]
    kind = next(m.measure for m in licence.metrics if m.measure in COMPONENT_MEASURES)
    amount = tally(ctx.inventory, kind, [fleet.name]).amount if kind else None
    if amount is not None and any(
        x.site in (None, fleet.site)
        and any(m.measure == kind and m.amount * x.quantity == amount for m in x.metrics)
        for x in ctx.memo("licences of no fleet", lambda: [x for x in _licences(ctx) if not x.fleets])
    ):
        return  # a licence of just this amount names no fleet, which CAP012 reports
    figure = f"{plain_number(amount)} {WORDS[kind].en}" if kind and amount is not None else "hardware"
    zh_figure = f"{plain_number(amount)} {WORDS[kind].zh}" if kind and amount is not None else "硬件"
    yield finding(
        "CAP014", fleet.name,
        Text(f"{figure} of service {fleet.service} in no licence, while {peer.name} is licensed by {licence.name}",
             f"业务 {fleet.service} 的 {zh_figure} 未被授权覆盖，而 {peer.name} 由 {licence.name} 授权"),
        ctx.where(fleet, "service"),
        fix=Text(f"have the vendor confirm that {fleet.name} needs no licence, or add it to {licence.name}",
                 f"请厂商确认 {fleet.name} 无需授权，或并入 {licence.name}"),
        related=[Related(ctx.where(licence, "fleets"), f"{licence.name} covers {', '.join(licence.fleets)}")],
    )  # fmt: skip


def _licensed_elsewhere_only(fleet: Fleet, ctx: Context) -> Iterator[Finding]:
    """Products licensed by hardware for just this service at another site, but nowhere for this site."""
    products: dict[str, list[Licence]] = ctx.memo("licences of one service", lambda: _by_service(ctx))
    for licence in products.get(fleet.service or "", ()):
        alike = [x for x in _licences(ctx) if x.title.en == licence.title.en]
        if licence.site in (None, fleet.site) or any(x.site in (None, fleet.site) for x in alike):
            continue
        yield finding(
            "CAP014", fleet.name,
            Text(f"{licence.title.en} is licensed at {licence.site} ({licence.name}), not at {fleet.site}",
                 f"{licence.title.zh} 在 {licence.site} 有授权（{licence.name}），在 {fleet.site} 没有"),
            ctx.where(fleet, "service"), severity=Severity.WARNING,
            fix=Text(f"add the licence line of {fleet.site}, or have the vendor confirm that none is needed",
                     f"补充 {fleet.site} 的授权，或请厂商确认无需授权"),
            related=[Related(ctx.where(licence, "title"), f"{licence.name} covers {', '.join(licence.fleets)}")],
        )  # fmt: skip
        return


def _by_service(ctx: Context) -> dict[str, list[Licence]]:
    """Licences that count components on fleets of one service and one site, by that service."""
    out: dict[str, list[Licence]] = {}
    for licence in _licences(ctx):
        services = {ctx.inventory.fleets[name].service for name in licence.fleets}
        if len(services) == 1 and any(m.measure in COMPONENT_MEASURES for m in licence.metrics):
            out.setdefault(services.pop() or "", []).append(licence)
    return out


def _licensed_services(ctx: Context, covered: dict[str, str]) -> dict[str, Fleet]:
    """Service -> the first of its fleets that a licence counts."""
    out: dict[str, Fleet] = {}
    for fleet in ctx.inventory.fleets.values():
        if fleet.service and fleet.name in covered:
            out.setdefault(fleet.service, fleet)
    return out


def _licensed_fleets(ctx: Context) -> dict[str, str]:
    """Fleet -> the first licence that counts components on it."""
    out: dict[str, str] = {}
    for licence in ctx.inventory.licences.values():
        if any(m.measure in COMPONENT_MEASURES for m in licence.metrics):
            for name in licence.fleets:
                out.setdefault(name, licence.name)
    return out
