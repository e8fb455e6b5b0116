"""Components that resources of a stack hang under: the places and things of the plan, in its own words.

They manage nothing themselves; they make a preview and a state readable (site, rack, host), and a change of many
resources one line.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

PREFIX = "rackwright:components:"


class Component(pulumi.ComponentResource):
    """One of the kinds below, named as in the plan."""

    def __init__(self, name: str, parent: pulumi.Resource | None = None) -> None:
        super().__init__(f"{PREFIX}{type(self).__name__}", name, None, pulumi.ResourceOptions(parent=parent))
        self.register_outputs({})


class Site(Component):
    """A data centre."""


class Rack(Component):
    """A rack of a site."""


class AccessPair(Component):
    """Two switches that serve hosts together."""


class Host(Component):
    """A server or another device in a rack."""


class Server(Component):
    """A server that others ask: DHCP, names."""


COMPONENTS: Mapping[str, type[Component]] = {
    kind.__name__: kind for kind in (Site, Rack, AccessPair, Host, Server)
}
