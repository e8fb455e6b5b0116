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
    key is their element key, so that parallel cables stay apart. Every edge of a cable has `element` (its key).

    physical: MultiGraph. Nodes `device/…` with the attributes of `logical`, and the hubs. Every cable is an edge:
      `plane` (data or oob), `speed_gbps` (None: unknown), `kind` (access, uplink, peer-link, keepalive, oob,
      oob-uplink, console, existing, site-link). A site-link joins two hubs; `via` names the site it passes.
    power: DiGraph from source to load: utility, generator -> ups -> panel -> phase -> feed -> pdu -> bank ->
      outlet -> psu -> device; an sts has the feeds of its rack before it and the psu of its load behind it. A
      node works when it has not failed and, unless it has no predecessors, any predecessor works. A device
      works when at least `needs_psus` of its psu predecessors do; with none at all it has no power. Devices
      without a node here have no known supply: taken as powered, and said in `unknown`. A supply without a
      cord, or whose strip has no feed, is no node. Attributes, besides `kind` and `site`, None where unknown:
        generator `rated_kw`; ups `rated_kva`, `power_factor`, `side`
        panel `voltage_v`, `phases`, `breaker_a`, `side`; phase the same and `phase` (L1, L2, L3)
        feed `breaker_a`, `phase`, `panel`, `side`, `voltage_v` and `panel_phases` of its panel; pdu the same
          without the breaker; bank the same with its own breaker (one phase each: a strip of several legs is
          one chain of feed, pdu and bank for each, `feed/A01-A01/a/L1`)
        outlet `type` (iec-60320-c13 …), `voltage_v`, `panel_phases`; sts `rating_a`, `prefer` (its first source)
        psu `rating_w`; device `needs_psus`, `sharing` (active or cold), `psus` (keys in the order of the inlets)
    logical: MultiGraph of what forwards data: all devices, the hub of each site (`hub/A`: never fails; joins the
      core switches of the site, unless each has a running link listed there). Node attributes: `kind`, `role`, `forwards` (bool; servers are leaves), `site`,
      `edge` (bool: users come in here), `pair` and `member` (A or B) for pair members. Edges are the data cables
      of `physical`; those from a core switch to its hub have `element` None and never fail.
    service: DiGraph. `service/S` -> `instance/S@A` for every site (`depends` False); `instance/S@A` -> `device/…`
      (`weight`: how much of the demand's measure it carries; 1 without a demand); `service/S` -> `service/D` for a
      dependency (`depends` True).

    `assumed` and `unknown` say, per subject, what was taken for granted and what nobody knows.
    """

    elements: Mapping[str, Element]
    physical: nx.MultiGraph[str]
    power: nx.DiGraph[str]
    logical: nx.MultiGraph[str]
    service: nx.DiGraph[str]
    assumed: tuple[tuple[str, Text], ...] = ()
    unknown: tuple[tuple[str, Text], ...] = ()
