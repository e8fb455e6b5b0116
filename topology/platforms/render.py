"""Configurations as text of a platform. Secrets stand as `%secret:name%` and are put in only while they are sent."""

from __future__ import annotations

import ipaddress
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from topology.platforms.limits import faults
from topology.platforms.ports import native
from topology.switch_config import SwitchConfig

if TYPE_CHECKING:
    import jinja2

PLATFORMS = ("huawei_vrp", "h3c_comware", "ruijie_rgos")


def render(config: SwitchConfig) -> str:
    """The whole configuration, ending in a line feed; the same bytes for the same record.

    Raises ValueError, naming every fault, for what the platform cannot express.
    """
    if wrong := faults(config):
        raise ValueError(f"{config.host}: {'; '.join(wrong)}")
    text: str = (
        environment()
        .get_template(f"{config.platform}.j2")
        .render(
            c=config,
            fast={g.number for g in config.lags if g.lacp_fast},
            lag_of={g.number: g for g in config.lags},
            fallback={g.number for g in config.lags if g.fallback},
        )
    )
    return text if text.endswith("\n") else text + "\n"


def parse(platform: str, text: str) -> SwitchConfig:
    """The model a platform's configuration says. Raises ValueError for a platform without a parser."""
    if platform not in PLATFORMS:
        raise ValueError(f"no parser for platform {platform}")
    found: SwitchConfig = import_module(f"topology.platforms.{platform}").parse(text)
    return found


@cache
def environment() -> jinja2.Environment:
    """The templates with their filters, compiled once a process."""
    import jinja2

    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - switch configurations, not HTML
    )
    found.filters.update(
        address=lambda text: str(ipaddress.ip_interface(text).ip),
        mask=lambda text: str(ipaddress.ip_interface(text).netmask),
        network=lambda text: str(ipaddress.ip_interface(text).network.network_address),
        dashed=dashed_mac,
        dotted=lambda mac: dashed_mac(mac).replace("-", "."),
        vids=vid_list,
        comma_vids=lambda vids: vid_list(vids).replace(" to ", "-").replace(" ", ","),
        comware_port=partial(native, "h3c_comware"),
        rgos_port=partial(native, "ruijie_rgos"),
        secret=lambda name: f"%secret:{name}%",
    )
    return found


def dashed_mac(mac: str) -> str:
    """A MAC as the switches write it: 0000-5e00-0166."""
    digits = mac.replace(":", "").lower()
    return "-".join(digits[i : i + 4] for i in range(0, 12, 4))


def vid_list(vids: tuple[int, ...]) -> str:
    """VLAN numbers with runs folded: 101 to 103 200."""
    out: list[str] = []
    start = previous = None
    for vid in [*sorted(vids), None]:
        if previous is not None and vid == previous + 1:
            previous = vid
            continue
        if start is not None:
            out.append(str(start) if start == previous else f"{start} to {previous}")
        start = previous = vid
    return " ".join(out)
