"""Rendering: the configurations of 1,000 switches, against a template compiled anew for every file."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

from inventory.load import load
from inventory.plan_store import load_plan
from tests.bench.figures import Bench, Equality, Figure, least_seconds
from topology.platforms.render import PLATFORMS, environment, parse, render
from topology.switch_config import SwitchConfig
from topology.switch_intent import switch_configs

COUNT, QUICK = 1000, 12


def run(project: Path, rounds: int, quick: bool) -> Bench:
    """All platforms in turn; both sides give the same bytes, and reading back gives the same records."""
    inventory, plan = load(project).inventory, load_plan(project).plan
    assert inventory is not None and plan is not None
    planned = list(switch_configs(inventory, plan))
    many = [
        _on(config, platform, f"{config.host}-{k}")
        for k, (config, platform) in enumerate(
            islice(zip(cycle(planned), cycle(PLATFORMS), strict=False), QUICK if quick else COUNT)
        )
    ]
    ours = [render(config) for config in many]
    plain = [_compiled_each_time(config) for config in many[: 3 * QUICK]]
    again = [parse(config.platform, text) for config, text in zip(many, ours, strict=True)]
    few = many[: QUICK if quick else 100]
    seconds = least_seconds(
        {
            f"render all {len(many)}": lambda: [render(config) for config in many],
            f"render {len(few)}": lambda: [render(config) for config in few],
            f"template compiled for each of {len(few)}": lambda: [
                _compiled_each_time(config) for config in few
            ],
            f"read back {len(few)}": lambda: [parse(c.platform, t) for c, t in zip(few, ours, strict=False)],
        },
        min(rounds, 3),
    )
    all_s, few_s, each_s, read_s = seconds.values()
    return Bench(
        f"rendering {len(many)} switch configurations, {sum(map(len, ours)) // 1000} kB",
        (
            Figure("against a template compiled for every file", few_s / each_s, "x", 0.5),
            Figure("a configuration, all of them", all_s / len(many) * 1000, "ms"),
            Figure("reading back against rendering", read_s / few_s, "x"),
        ),
        (
            Equality("the same bytes as from a template compiled for each file", ours[: len(plain)] == plain),
            Equality("every configuration reads back as the record it came from", again == many),
        ),
        seconds,
    )


def _on(config: SwitchConfig, platform: str, host: str) -> SwitchConfig:
    """The configuration of a switch of another platform and name."""
    mlag = replace(config.mlag, domain=1) if config.mlag else None
    return replace(config, host=host, platform=platform, mlag=mlag)


def _compiled_each_time(config: SwitchConfig) -> str:
    """As a program that makes its environment for every file."""
    environment.cache_clear()
    try:
        return render(config)
    finally:
        environment.cache_clear()
