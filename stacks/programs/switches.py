"""Switch configurations of one site, for projects that want them in the state of a stack.

Declared only where `owners` gives `switch_configuration` to pulumi; by default the playbooks push them. The second
member of a pair comes after the first, so both are never changed at once.
"""

from __future__ import annotations

from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.plan_model import Plan
from stacks.programs.declared import NotDeclared
from stacks.programs.wanted import Declaration, Group, Wanted, kept_elsewhere
from topology.platforms.render import render
from topology.switch_intent import switch_configs

ITEM = "switch_configuration"
NO_TIMER = Text(
    "Ruijie RGOS has no timer that takes a change back; `rackwright push --without-timer` pushes it under watch",
    "锐捷 RGOS 没有自动回退定时器；请在有人值守时用 `rackwright push --without-timer` 下发",
)
NO_ADDRESS = Text("no management address planned", "未规划管理地址")


def declaration(inventory: Inventory, plan: Plan, site: str, *, port: int = 22) -> Declaration:
    """One configuration a planned switch that has a platform, sorted by name."""
    missing = kept_elsewhere(inventory, ITEM)
    if missing:
        return Declaration((), tuple(missing))
    address = {a.device: a.address for a in plan.addresses if a.plane == "mgmt" and a.released is None}
    out: list[Wanted] = []
    before: dict[str, str] = {}
    for config in sorted(switch_configs(inventory, plan), key=lambda c: c.host):
        device = inventory.devices[config.host]
        if device.site != site:
            continue
        if config.host not in address:
            missing.append(NotDeclared(config.host, NO_ADDRESS))
            continue
        if config.platform == "ruijie_rgos":
            missing.append(NotDeclared(config.host, NO_TIMER))
            continue
        pair = (Group("AccessPair", device.owner),) if device.member else ()
        arguments = {
            "device": config.host, "address": address[config.host], "platform": config.platform,
            "text": render(config), "port": port,
        }  # fmt: skip
        after = (before[device.owner],) if device.member and device.owner in before else ()
        before[device.owner] = config.host
        identity = f"{config.host}/{config.platform}@{address[config.host]}" + (
            f"+{port}" if port != 22 else ""
        )
        out.append(
            Wanted(
                "SwitchConfig", config.host, arguments, (Group("Site", site), *pair), after, identity=identity
            )
        )
    return Declaration(tuple(out), tuple(missing))
