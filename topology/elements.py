"""What can fail, and what fails together: elements with the facts known of each, and groups of shared risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inventory.findings import Text

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, slots=True)
class Element:
    """One thing that can fail by itself. `key` is `<kind>/<name>`, e.g. `device/A-ASW-01A`.

    `facts` are what groups of shared risk are formed by: kind of fact -> its values, e.g.
    `{"site": ("A",), "rack": ("A01-A04",), "tray": ("A01-A/1--A01-A/2", …)}`. A fact that this element must have
    and nobody knows stands in `unknown` instead: it is never taken as "shares nothing".
    """

    key: str
    kind: str
    facts: Mapping[str, tuple[str, ...]]
    unknown: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The key without its kind."""
        return self.key.partition("/")[2]


@dataclass(frozen=True, slots=True)
class SharedRisk:
    """Elements that fail together. `key` is `<kind>:<name>`, e.g. `rack:A01-A04`; `members` are element keys, sorted."""

    key: str
    kind: str
    title: Text
    members: tuple[str, ...]

    @property
    def name(self) -> str:
        """The key without its kind."""
        return self.key.partition(":")[2]


@dataclass(frozen=True)
class Layers:
    """A planned platform as four graphs over the same elements. Node keys are element keys; cables are edges whose
    key is their element key, so that parallel cables stay apart.

    physical: MultiGraph. Nodes `device/…`; every data cable is an edge (`plane`: data or oob; `speed_gbps`;
      `kind`: access, uplink, peer-link, keepalive, oob, oob-uplink, console, existing, site-link).
    power: DiGraph from source to load: utility, generator -> ups -> panel -> phase -> feed -> pdu -> bank ->
      outlet -> psu -> device; an sts has two outlets or feeds before it and the inlet of its load behind it. A
      node works when it has not failed and, unless it has no predecessors, any predecessor works. A device
      works when at least `needs_psus` (node attribute) of its psu predecessors do. Devices without a node here
      have no known supply: taken as powered, and said in `assumed`. Attributes: `limit_w` (what may be carried
      for long; None unknown), `trip_w` (above which it opens; None unknown), `prefer` on an sts (its first
      source), `sharing` on a device (active or cold).
    logical: MultiGraph of what forwards: switches, the hub of each site (`hub/A`: never fails; joins the core of
      a site), and servers as leaves. Node attributes: `forwards` (bool), `site`, `edge` (bool: users come in
      here), `pair` and `member` (A or B) for pair members. Edges are the same cables as in `physical`; those
      from a core switch to its hub have no element (`element` None) and never fail.
    service: DiGraph. `service/S` -> `instance/S@A` for every site; `instance/S@A` -> `device/…` (attribute
      `weight`: how much of the demand's measure it carries); `service/S` -> `service/D` for a dependency
      (attribute `depends` True).

    `assumed` and `unknown` say, per subject, what was taken for granted and what nobody knows.
    """

    elements: Mapping[str, Element]
    physical: nx.MultiGraph[str]
    power: nx.DiGraph[str]
    logical: nx.MultiGraph[str]
    service: nx.DiGraph[str]
    assumed: tuple[tuple[str, str], ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()
