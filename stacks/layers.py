"""The layers of the stacks: what each is for, and which come before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """A folder below `stacks/` with a program; a stack of it for each site. `needs`: layers that come before.
    `opt_in`: only run when asked for by name. `plugin`: the plugin it needs beside our own, which `make engine`
    does not bring. `stack`: the name of its only stack, when it is one over all sites."""

    name: str
    title: str
    needs: tuple[str, ...] = ()
    opt_in: bool = False
    plugin: str = ""
    stack: str = ""


LAYERS: Mapping[str, Layer] = {
    layer.name: layer
    for layer in (
        Layer("dhcp", "DHCP reservations"),
        Layer("dns", "zones and records"),
        Layer("bmc", "management controllers", needs=("dhcp",)),
        Layer("switches", "switch configurations", needs=("dns",), opt_in=True),
        Layer("cloud", "cloud platform", opt_in=True, plugin="alicloud", stack="region"),
    )
}
"""By name: controllers are found at the addresses their reservations give; switches name the name servers."""


def project_name(layer: str) -> str:
    """Name of a layer's Pulumi project."""
    return f"rackwright-{layer}"
