"""Records of disaster-recovery drills: what is taken away, what must hold then, and the papers of a real one."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict, StringConstraints

from inventory.fields import IsoDate, Part, Record, Ref, Seconds, Side, Slug, Title

ScenarioKind = Literal[
    "power-loss", "island", "split-brain", "single-product", "power-side", "shared-risk", "failback", "exercise", "custom"
]  # fmt: skip

Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""A name, or its beginning with a * at the end."""


class Fail(Part):
    """What is taken away; every field that is written adds to it.

    `elements` are single elements (`device/A-DSW-1`, `cable/A-F-*`), `risks` groups of shared risk
    (`rack:A01-A04`, `carrier:*`). `site` takes all that stands at a site. `cut_off` takes the links of a site to
    other sites, and its way to the users; what stands there keeps running. `between` takes the links between two
    sites. `service` takes its instance at `at_site`. `power_side` takes the UPS of one side at `at_site`,
    with `room` only the panels of that side in the room.
    """

    elements: tuple[Pattern, ...] = ()
    risks: tuple[Pattern, ...] = ()
    site: Annotated[str, Ref("sites")] | None = None
    cut_off: Annotated[str, Ref("sites")] | None = None
    between: tuple[Annotated[str, Ref("sites")], ...] = ()
    service: Annotated[str, Ref("services")] | None = None
    at_site: Annotated[str, Ref("sites")] | None = None
    power_side: Side | None = None
    room: Annotated[str, Ref("rooms")] | None = None


class Each(Part):
    """One case after the other: every group of shared risk of this kind (`rack`, `pair`, `carrier`, `device` …),
    of which `only` some may be chosen by name."""

    risk: Slug
    only: tuple[Pattern, ...] = ()


ConditionName = Literal[
    "services", "instance", "dependencies", "votes", "fencing", "one-majority", "exit-withdrawn", "path", "capacity",
    "infrastructure", "others", "latency", "power", "loads", "oversubscription", "paths", "copies", "room-for-copies",
    "resync", "order", "rto", "approval", "devices",
]  # fmt: skip


class Must(Part):
    """One thing that must hold once the scenario has struck. `services` names whose (none: every protected one),
    `limit` replaces the limit of the policy."""

    holds: ConditionName
    services: tuple[Annotated[str, Ref("services")], ...] = ()
    limit: Annotated[float, Strict(), Field(gt=0)] | None = None


class Approval(Part):
    """The paper that allows the real drill: which one, signed by whom (a role), on what day."""

    document: str
    by: str
    date: IsoDate


class Scenario(Record):
    """A disaster-recovery drill. The kind says what fails and what must hold; `fail`, `each` and `must` add to it.

    power-loss: `site` loses all power. island: `site` is cut off but runs. split-brain: the links between the two
    `sites` are lost. single-product: `service` is lost at `site` (without `service`: each protected one in turn).
    power-side: UPS side `side` of `site` is off (with `room`: the panels of that side in the room). shared-risk:
    `each` group in turn. failback: back after the scenario `of`. exercise: the scenario `of` for real, with
    `approval` and checks before and after. custom: only what `fail`, `each` and `must` say.

    `detect_s` and `decide_s` are how long it takes to notice and to decide, `resync_tb` the data that has to be
    copied back before roles change, `window_min` the time the drill may take; null is not yet known.
    """

    name: Slug
    title: Title
    kind: ScenarioKind
    site: Annotated[str, Ref("sites")] | None = None
    sites: tuple[Annotated[str, Ref("sites")], ...] = ()
    room: Annotated[str, Ref("rooms")] | None = None
    service: Annotated[str, Ref("services")] | None = None
    side: Side | None = None
    of: Annotated[str, Ref("scenarios")] | None = None
    fail: tuple[Fail, ...] = ()
    each: Each | None = None
    must: tuple[Must, ...] = ()
    detect_s: Seconds | None = None
    decide_s: Seconds | None = None
    resync_tb: Annotated[float, Strict(), Field(ge=0, le=1_000_000)] | None = None
    window_min: Annotated[float, Strict(), Field(gt=0, le=10_080)] | None = None
    approval: Approval | None = None
