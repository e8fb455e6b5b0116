"""What a plan comes to, in figures that the terminal, the report and the workbook all show alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from inventory.checks import Report
from inventory.findings import Finding, Severity, Status, Text
from inventory.inventory import Inventory
from inventory.plan_model import BomLine, LoadLine, PlacementProof, Plan
from rackwright.documents.port_use import PortFamily, families, switch_ports


@dataclass(frozen=True, slots=True)
class SiteRacks:
    """Racks of one site: in use, of those not reserved, and the draw of what stands in them.
    `lower_bound` None: no proof in the plan; `alloc_w` None: no load lines; `unknown`: devices left out of it."""

    site: str
    title: Text
    used: int
    available: int
    reserved: int
    status: str
    lower_bound: int | None
    proof: str
    alloc_w: float | None
    peak_w: float | None
    unknown: int


@dataclass(frozen=True, slots=True)
class Load:
    """One element of the power path at its worst. `dead` is the side that is dead ("" in the normal state);
    `limit_w` None and a non-empty `unknown` (devices without a known draw) leave it not evaluated."""

    element: str
    dead: str
    alloc_w: float
    peak_w: float
    limit_w: float | None
    unknown: tuple[str, ...]

    @property
    def share(self) -> float | None:
        """Peak over limit; None when the limit is unknown."""
        return self.peak_w / self.limit_w if self.limit_w else None


@dataclass(frozen=True, slots=True)
class Supply:
    """Pieces of one class of goods, needed against supplied, with the lines that are short."""

    lines: int
    needed: int
    supplied: int
    short_lines: int
    short_pieces: int
    shorts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """Findings by severity that stand, those waived, those not evaluated; outcomes of the checks."""

    errors: int
    warnings: int
    infos: int
    waived: int
    not_evaluated: int
    checks_passed: int
    checks_failed: int
    checks_not_evaluated: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything worth saying about a plan; `to_dict` is the JSON form."""

    project: str
    title: Text
    devices: int
    placed: int
    unplaced: tuple[str, ...]
    racks: tuple[SiteRacks, ...]
    tightest_rack: Load | None
    tightest_feed: Load | None
    tightest_bank: Load | None
    loads_not_evaluated: int
    ports: tuple[PortFamily, ...]
    optics: Supply
    fixed_cables: Supply
    cables: int
    cables_of_unknown_length: int
    stock_m: float
    cords: int
    addresses: int
    tombstones: int
    addresses_by_plane: tuple[tuple[str, int], ...]
    assumptions: int
    counts: Counts

    def to_dict(self) -> dict[str, Any]:
        """JSON form; keys are stable."""
        return asdict(self)


def summarise(inventory: Inventory, plan: Plan, report: Report) -> Summary:
    """The summary of a plan and of what the checks said about it. Counts come from the state of the plan
    (devices, cables, addresses), loads and supply from its derived lists."""
    standing = {device.name: device for device in plan.devices}
    unplaced = sorted(
        name
        for name in {*inventory.devices, *standing}
        if name not in standing or standing[name].rack is None
    )
    lines = {kind: [line for line in plan.power if line.kind == kind] for kind in ("rack", "feed", "bank")}
    planes = Counter(address.plane for address in plan.addresses if address.released is None)
    optics = [line for line in plan.bom if line.item in inventory.catalog.optics]
    fixed = [line for line in plan.bom if line.item not in inventory.catalog.optics]
    title = inventory.project.title
    return Summary(
        project=inventory.project.name,
        title=Text(title.en, title.zh),
        devices=len({*inventory.devices, *standing}),
        placed=len({*inventory.devices, *standing}) - len(unplaced),
        unplaced=tuple(unplaced),
        racks=tuple(_site_racks(inventory, plan)),
        tightest_rack=tightest(lines["rack"]),
        tightest_feed=tightest(lines["feed"], one_side_dead=True),
        tightest_bank=tightest(lines["bank"], one_side_dead=True),
        loads_not_evaluated=sum(line.limit_w is None or bool(line.unknown) for line in plan.power),
        ports=families(switch_ports(inventory, plan)),
        optics=_supply(optics),
        fixed_cables=_supply(fixed),
        cables=len(plan.cables),
        cables_of_unknown_length=sum(cable.stock_m is None for cable in plan.cables),
        stock_m=round(sum(cable.stock_m or 0.0 for cable in plan.cables), 1),
        cords=len(plan.cords),
        addresses=sum(planes.values()),
        tombstones=sum(address.released is not None for address in plan.addresses),
        addresses_by_plane=tuple(sorted(planes.items())),
        assumptions=len(inventory.assumptions),
        counts=_counts(report),
    )


def worst(line: LoadLine, *, one_side_dead: bool = False) -> Load:
    """A load line in its worst state: normal, or with either side dead."""
    states = [
        ("a", line.alloc_a_dead_w, line.peak_a_dead_w),
        ("b", line.alloc_b_dead_w, line.peak_b_dead_w),
    ]
    if not one_side_dead:
        states.insert(0, ("", line.alloc_w, line.peak_w))
    dead, alloc_w, peak_w = max(states, key=lambda state: state[2])
    return Load(line.element, dead, alloc_w, peak_w, line.limit_w, line.unknown)


def tightest(lines: Iterable[LoadLine], *, one_side_dead: bool = False) -> Load | None:
    """The load with the highest share of its limit; among lines without limits, none."""
    loads = [worst(line, one_side_dead=one_side_dead) for line in lines]
    known = [load for load in loads if load.share is not None]
    return max(known, key=lambda load: (load.share or 0.0, load.element), default=None)


def kilowatts(watts: float) -> str:
    """Watts as kilowatts with two decimals."""
    return f"{watts / 1000:.2f}"


def _site_racks(inventory: Inventory, plan: Plan) -> Iterable[SiteRacks]:
    proofs: dict[str, PlacementProof] = {proof.site: proof for proof in plan.proofs}
    used = {device.rack for device in plan.devices if device.rack is not None}
    loads = {line.element: line for line in plan.power if line.kind == "rack"}
    for name, site in inventory.sites.items():
        racks = inventory.site_racks.get(name, ())
        if not racks:
            continue
        proof = proofs.get(name)
        lines = [loads[rack.name] for rack in racks if rack.name in loads]
        yield SiteRacks(
            name,
            Text(site.title.en, site.title.zh),
            sum(rack.name in used for rack in racks),
            sum(not rack.reserved for rack in racks),
            sum(bool(rack.reserved) for rack in racks),
            proof.status if proof else "unknown",
            proof.lower_bound if proof else None,
            proof.proof if proof else "",
            round(sum(line.alloc_w for line in lines), 1) if lines else None,
            round(sum(line.peak_w for line in lines), 1) if lines else None,
            sum(len(line.unknown) for line in lines),
        )


def _supply(lines: list[BomLine]) -> Supply:
    short = [line for line in lines if line.result == "short"]
    return Supply(
        len(lines),
        sum(line.needed for line in lines),
        sum(line.supplied for line in lines),
        len(short),
        sum(line.quantity for line in short),
        tuple(f"{line.site} {line.item} × {line.quantity}" for line in short),
    )


def _counts(report: Report) -> Counts:
    def standing(severity: Severity) -> int:
        return sum(
            f.severity is severity and f.status is Status.FAILED and f.waived is None for f in report.findings
        )

    def open_questions(finding: Finding) -> bool:
        return finding.status is Status.NOT_EVALUATED and finding.waived is None

    verdicts = Counter(outcome.verdict for outcome in report.outcomes)
    return Counts(
        standing(Severity.ERROR),
        standing(Severity.WARNING),
        standing(Severity.INFO),
        sum(f.waived is not None for f in report.findings),
        sum(open_questions(f) for f in report.findings),
        verdicts["passed"],
        verdicts["failed"],
        verdicts["not evaluated"],
    )


def by_urgency(findings: Iterable[Finding]) -> list[Finding]:
    """Errors first, then warnings, notes, what could not be evaluated, and last what is waived."""
    order = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}

    def rank(finding: Finding) -> tuple[bool, bool, int]:
        unknown = finding.status is Status.NOT_EVALUATED
        return (finding.waived is not None, unknown, order[finding.severity])

    return sorted(findings, key=rank)
